/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/want.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* What dnf installs beside the old version (dnf.conf(5), installonlypkgs). */
static const char *const installonly[] = {
    "kernel",
    "kernel-PAE",
    "installonlypkg(kernel)",
    "installonlypkg(kernel-module)",
    "installonlypkg(vm)",
    "multiversion(kernel)",
};

/* Never removed by a plan, whatever the request says. */
static const char *const protects[] = {
    "dnf", "dnf5", "rpm", "systemd", "xen", "qubes-core-dom0", "sallyport",
};

/* What a plan points out besides: a fault in it may keep a machine down. */
static const char *const watched[] = {
    "kernel",
    "kernel-core",
    "kernel-latest",
    "kernel-qubes-vm",
    "xen-*",
    "qubes-core-*",
    "qubes-db-dom0",
    "qubes-libvchan-xen",
    "qubes-mgmt-salt*",
    "linux-firmware",
    "glibc",
    "grub2*",
    "dracut",
};

static int
add(struct sp_repo_words *words, struct sp_view word, struct sp_error *err)
{
    void *grown = reallocarray(words->words, words->n + 1, sizeof(char *));

    if (!grown)
        return sp_fail(err, "no-memory", "no memory for the request");
    words->words = grown;
    words->words[words->n] = strndup(word.bytes, word.size);
    if (!words->words[words->n])
        return sp_fail(err, "no-memory", "no memory for the request");
    words->n++;
    return 0;
}

static int
add_specs(const struct sp_request *request, struct sp_want *want,
          struct sp_error *err)
{
    struct sp_request_field field;
    size_t cursor = 0;

    while (sp_request_next(request, SP_REQUEST_KEY_SPEC, &cursor, &field))
        if (add(&want->specs, field.value, err) < 0)
            return -1;
    return 0;
}

static int
add_named(const struct sp_request *request, const char *name,
          struct sp_repo_words *words, struct sp_error *err)
{
    struct sp_view value;
    size_t cursor = 0;

    while (sp_request_named(request, SP_REQUEST_KEY_OPT, name, &cursor, &value))
        if (add(words, value, err) < 0)
            return -1;
    return 0;
}

static int
add_defaults(const char *const *defaults, size_t n, struct sp_repo_words *words,
             struct sp_error *err)
{
    for (size_t i = 0; i < n; i++) {
        struct sp_view word = {defaults[i], strlen(defaults[i])};

        if (add(words, word, err) < 0)
            return -1;
    }
    return 0;
}

static void
read_limit(const struct sp_request *request, struct sp_want *want)
{
    struct sp_view value;
    size_t cursor = 0;

    want->installonly_limit = SP_WANT_INSTALLONLY_LIMIT;
    while (sp_request_named(request, SP_REQUEST_KEY_OPT, "installonly-limit",
                            &cursor, &value))
        (void)sp_text_u64_len(value.bytes, value.size, UINT32_MAX,
                              &want->installonly_limit);
}

int
sp_want_read(const struct sp_request *request, struct sp_want *ret,
             struct sp_error *err)
{
    memset(ret, 0, sizeof(*ret));
    ret->action = request->action;
    ret->weak_deps = sp_request_flag(request, "weakdeps", true);
    ret->best = sp_request_flag(request, "best", false);
    ret->allow_erasing = sp_request_flag(request, "allowerasing", false);
    ret->vendor_change = sp_request_flag(request, "vendorchange", true);
    read_limit(request, ret);
    if (add_specs(request, ret, err) < 0 ||
        add_defaults(installonly, sizeof(installonly) / sizeof(installonly[0]),
                     &ret->installonly, err) < 0 ||
        add_named(request, "installonly", &ret->installonly, err) < 0 ||
        add_defaults(protects, sizeof(protects) / sizeof(protects[0]),
                     &ret->protects, err) < 0 ||
        add_defaults(watched, sizeof(watched) / sizeof(watched[0]),
                     &ret->watched, err) < 0 ||
        add_named(request, "exclude", &ret->excludes, err) < 0)
        return -1;
    return add_named(request, "protect", &ret->protects, err);
}

static void
release_words(struct sp_repo_words *words)
{
    for (size_t i = 0; i < words->n; i++)
        free(words->words[i]);
    free(words->words);
}

void
sp_want_release(struct sp_want *want)
{
    release_words(&want->specs);
    release_words(&want->installonly);
    release_words(&want->excludes);
    release_words(&want->protects);
    release_words(&want->watched);
    memset(want, 0, sizeof(*want));
}
