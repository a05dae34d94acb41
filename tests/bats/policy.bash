# SPDX-License-Identifier: GPL-2.0-or-later
#
# Signed metadata and clocks for the suites that use them. Load after helpers.

export PYTHONDONTWRITEBYTECODE=1

# A repository whose metadata is signed by a test key: $BATS_TEST_TMPDIR/NAME.
signed_repository() { # NAME REVISION RPM...
    local dir=$BATS_TEST_TMPDIR/$1 revision=$2
    shift 2
    rm -rf "$dir"
    mkdir "$dir"
    cp "$@" "$dir/"
    createrepo_c -q --no-database --revision "$revision" "$dir" >/dev/null
    sign_metadata "$dir"
}

sign_metadata() { # DIR [KEY [GPG-OPTION...]]
    local dir=$1 key=${2:-rsa} home
    shift $(($# > 1 ? 2 : 1))
    home=$(mktemp -d /tmp/sp-sign.XXXXXX)
    cp -r "$FIXTURES/secret/." "$home"
    rm -f "$dir/repodata/repomd.xml.sig"
    gpg --homedir "$home" --batch --yes --digest-algo SHA256 "$@" \
        -u "$key@example.invalid" -o "$dir/repodata/repomd.xml.sig" \
        --detach-sign "$dir/repodata/repomd.xml" 2>/dev/null
    GNUPGHOME=$home gpgconf --kill all
    rm -rf "$home"
}

# A bundle with evidence; WORD as tests/forge/evidence.py takes them.
pack() { # BUNDLE WORD...
    local dest=$BATS_TEST_TMPDIR/$1
    shift
    python3 "$SP_TOP/tests/forge/evidence.py" "$dest" "$@"
}

policy() { # LINE...
    printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/policy.conf"
}

# As sp, with a clock that is off by seconds ("+86400"), or stands ("@0").
sp_at() { # CLOCK STATUS COMMAND ARGS...
    local clock=$1 want=$2 command=$3
    shift 3
    [ -e "$BATS_FILE_TMPDIR/clock.so" ] ||
        gcc -shared -fPIC -o "$BATS_FILE_TMPDIR/clock.so" \
            "$SP_TOP/tests/fake/clock.c" || return 1
    case $clock in
    @*) clock=CLOCK_AT=${clock#@} ;;
    *) clock=CLOCK_OFFSET=$clock ;;
    esac
    run_program "$want" env LD_PRELOAD="$BATS_FILE_TMPDIR/clock.so" "$clock" \
        "$SP_BUILD/sallyport" "$command" "${SP_OPTIONS[@]}" "$@"
}

# One value of the JSON in $output, as Python sees it: json 'freshness.age'.
json() { # PATH
    python3 -c 'import functools, json, sys
def step(value, name):
    return value[int(name) if name.isdigit() else name]
value = functools.reduce(step, sys.argv[1].split("."), json.load(sys.stdin))
print(json.dumps(value) if not isinstance(value, str) else value)' \
        "$1" <<<"$output"
}
