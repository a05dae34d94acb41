#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The builder's solver on the edge cases of tests/edge.sh: the same decisions
# as dnf on the same installed packages and repositories, and the traps.

load helpers

bats_require_minimum_version 1.8.0

setup_file() {
    local work=$BATS_FILE_TMPDIR
    [ -x "$SP_BUILD/sallyport-builder" ]
    "$SP_TOP/tests/edge.sh" "$work/edge" "$FIXTURES/secret"
    mkdir -p "$work/root" "$work/repos" "$work/nothing"
    rpm --root "$work/root" -i --justdb --nodeps --noscripts --ignorearch \
        "$work"/edge/installed/*.rpm 2>/dev/null
    start_server "$work"
    cat >"$work/repos/edge.repo" <<END
[updates]
name=updates
baseurl=http://127.0.0.1:$(cat "$work/port")/main
priority=10
excludepkgs=excl
[low]
name=low
baseurl=http://127.0.0.1:$(cat "$work/port")/low
priority=50
[off]
name=off
baseurl=http://127.0.0.1:$(cat "$work/port")/gone
enabled=0
END
}

start_server() { # DIR
    (cd "$1/edge" && exec python3 -u -m http.server --bind 127.0.0.1 0) \
        >"$1/server.log" 2>&1 3>&- &
    echo $! >"$1/server.pid"
    for _ in $(seq 100); do
        sed -n 's/.* port \([0-9]*\) .*/\1/p' "$1/server.log" >"$1/port"
        [ ! -s "$1/port" ] || return 0
        sleep 0.1
    done
    return 1
}

teardown_file() {
    kill "$(cat "$BATS_FILE_TMPDIR/server.pid")" 2>/dev/null || true
}

setup() {
    requires solver
    work=$BATS_FILE_TMPDIR
    new_state
    request=$BATS_TEST_TMPDIR/request
    out=$BATS_TEST_TMPDIR/out
    mkdir "$out"
    unset http_proxy https_proxy all_proxy no_proxy
    database=$(dirname "$(find "$work/root" -name rpmdb.sqlite)")
}

ask() { # ARGS...: the request of the installed set
    sp 0 request --dbpath "$database" --reposdir "${repos:-$work/repos}" \
        --releasever 41 -o "$request" "$@"
}

builder() { # STATUS COMMAND [ARGS...]
    local want=$1 command=$2
    shift 2
    spb "$want" "$command" --request "$request" --allow-http --tries 1 \
        --cache-dir "$BATS_TEST_TMPDIR/cache" "$@"
}

# Changes $request as somebody on the way could.
forge_request() { # SED-SCRIPT
    sed -i -e "$1" -e '/^end /d' "$request"
    echo "end $(sha256sum <"$request" | cut -d' ' -f1)" >>"$request"
}

# The packages of the last JSON, by name.
planned() {
    # shellcheck disable=SC2154 # run sets output
    python3 -c '
import json, sys
for plan in json.load(sys.stdin)["plans"]:
    for package in plan["packages"]:
        print(package["nevra"])' <<<"$output" | sort
}

notes() { # KEY
    python3 -c '
import json, sys
for plan in json.load(sys.stdin)["plans"]:
    for note in plan[sys.argv[1]]:
        print(note["subject"], note["reason"])' "$1" <<<"$output" | sort
}

check() { # STATUS ARGS...: asks and checks
    local expected=$1
    shift
    ask "$@"
    builder "$expected" check --json --progress none
}

# What dnf would download for the same machine.
dnf_plan() { # ARGS...
    cat >"$BATS_TEST_TMPDIR/dnf.conf" <<END
[main]
gpgcheck=0
plugins=0
installonlypkgs=kernel
installonly_limit=0
END
    dnf -c "$BATS_TEST_TMPDIR/dnf.conf" -y --downloadonly \
        --setopt=reposdir="$work/nothing" \
        --repofrompath=updates,"file://$work/edge/main" \
        --setopt=updates.priority=10 --setopt=updates.excludepkgs=excl \
        --repofrompath=low,"file://$work/edge/low" \
        --setopt=low.priority=50 --releasever=41 --forcearch=x86_64 \
        --setopt=cachedir="$work/dnf" --setopt=logdir="$work" \
        --setopt=persistdir="$BATS_TEST_TMPDIR/persist" \
        --destdir="$BATS_TEST_TMPDIR/dnf-rpms" \
        --installroot="$work/root" "$@" >"$BATS_TEST_TMPDIR/dnf.log" 2>&1 ||
        return 1
    find "$BATS_TEST_TMPDIR/dnf-rpms" -name '*.rpm' -print0 2>/dev/null |
        xargs -0r rpm -qp --nosignature --qf \
            '%{NAME}-%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}.%{ARCH}\n' |
        sort
}

# same_as_dnf REQUEST-ARGS -- DNF-ARGS
same_as_dnf() {
    local -a ours=()
    local want got
    requires root
    rm -rf "$BATS_TEST_TMPDIR/dnf-rpms"
    while [ "$1" != -- ]; do
        ours+=("$1")
        shift
    done
    shift
    want=$(dnf_plan "$@") || fail "dnf: $(cat "$BATS_TEST_TMPDIR/dnf.log")"
    [ -n "$want" ] || fail "dnf plans nothing: $(cat "$BATS_TEST_TMPDIR/dnf.log")"
    check 100 "${ours[@]}"
    got=$(planned)
    [ "$got" = "$want" ] || fail 'dnf < > ours' \
        "$(diff <(echo "$want") <(echo "$got"))"
}

@test "the edge set has at least 32 packages on both sides" {
    [ "$(ls "$work"/edge/installed/*.rpm | wc -l)" -ge 32 ]
    [ "$(ls "$work"/edge/main/*.rpm | wc -l)" -ge 32 ]
}

# ---- the same as dnf ----

@test "upgrade" {
    same_as_dnf -- --setopt=install_weak_deps=0 upgrade
    [ "$(planned | wc -l)" -ge 30 ]
    # A package that was split into two leaves both.
    planned | grep -q '^twin-a-'
    planned | grep -q '^twin-b-'
}

@test "upgrade with weak dependencies, without those that were declined" {
    same_as_dnf --weakdeps -- --setopt=install_weak_deps=1 upgrade
    planned | grep -q '^recnew-'
    planned | grep -q '^supnew-'
    ! planned | grep -qE '^(declined|supold)-' || fail "$(planned)"
}

@test "install, with a dependency and a weak one" {
    same_as_dnf --weakdeps newapp -- --setopt=install_weak_deps=1 \
        install newapp
}

@test "install of several names, of a glob, of a version, of a path" {
    same_as_dnf member-a rec -- --setopt=install_weak_deps=0 \
        install member-a rec
    same_as_dnf --best rec -- --setopt=best=1 \
        --setopt=install_weak_deps=0 install rec
    same_as_dnf 'member-*' -- install 'member-*'
    same_as_dnf newlib-1 -- install newlib-1
    same_as_dnf /usr/bin/edge-tool -- install /usr/bin/edge-tool
}

@test "install of a group: mandatory and default members" {
    same_as_dnf @tools -- install @tools
    for spec in '@Some Tools' '@some t*' @too?s; do
        check 100 "$spec"
        assert_equal "$(planned | xargs)" \
            'member-a-1-1.noarch member-b-1-1.noarch'
    done
    ask @nothing
    builder 15 check
    assert_detail no-match
}

@test "install of an environment: the groups that it needs" {
    same_as_dnf @workshop -- install @workshop
    assert_equal "$(planned | xargs)" \
        'lowonly-1-1.noarch member-a-1-1.noarch member-b-1-1.noarch '\
'member-c-1-1.noarch'
    check 100 '@^workshop'
    assert_equal "$(planned | wc -l)" 4
    ask @^tools
    builder 15 check
    assert_detail no-match
}

@test "the groups that a request names go along as lines" {
    ask @workshop
    builder 0 build -o "$out/bundle"
    assert_equal "$(tar xOf "$out/bundle" e0001)" "groups 1
group more-tools More Tools
mandatory member-c
conditional lowonly app
conditional newlib nothing-here
group tools Some Tools
mandatory member-a
mandatory member-missing
default member-b
optional member-c
environment workshop Full Workshop
needs more-tools
needs tools
end"
    [[ $(tar xOf "$out/bundle" MANIFEST) == *' comps groups'* ]]
    # Of two requests both, once; and who names none gets none.
    cp "$request" "$BATS_TEST_TMPDIR/first"
    ask @never-tools --allowerasing
    builder 0 build --request "$BATS_TEST_TMPDIR/first" -o "$out/two"
    assert_equal "$(tar xOf "$out/two" e0001 | grep -c ^group)" 4
    ask --action upgrade app
    builder 0 build -o "$out/none"
    ! tar tf "$out/none" | grep ^e || fail "$(tar tf "$out/none")"
}

@test "install of a package that obsoletes an installed one" {
    same_as_dnf heir -- install heir
    [[ $(notes removed) == "gone-1-1.noarch replaced by heir-1-1.noarch" ]] ||
        fail "$(notes removed)"
}

@test "reinstall and downgrade" {
    same_as_dnf --action reinstall reinst -- reinstall reinst
    same_as_dnf --action downgrade down -- downgrade down
}

@test "upgrade of one package takes what it needs along" {
    same_as_dnf --action upgrade app -- --setopt=install_weak_deps=0 \
        upgrade app
}

@test "distribution sync, where packages exclude what cannot be solved" {
    # The same version from another build is the same package to us: a
    # request does not tell the time of a build.
    local -a ours=()
    local left=needgone,toolold,conflicted,broken-2,reinst,same,selfprov
    for name in ${left//,/ }; do
        ours+=(--exclude "$name")
    done
    same_as_dnf --action distro-sync "${ours[@]}" -- \
        --setopt=install_weak_deps=0 --exclude="$left" distro-sync
    planned | grep -q '^down-1-1'
}

# ---- reasons ----

@test "every package says why it comes" {
    ask --weakdeps
    builder 100 check --json --progress none
    for pair in app:update heir:obsoletes tool:dependency recnew:weak \
        kernel:update; do
        python3 -c '
import json, sys
name, why = sys.argv[1].split(":")
plan = json.load(sys.stdin)["plans"][0]
got = [p["why"] for p in plan["packages"] if p["nevra"].startswith(name + "-")]
sys.exit(got != [why])' "$pair" <<<"$output" || fail "$pair" "$output"
    done
    check 100 newapp
    [[ $output == *'"why":"requested"'* ]]
}

@test "what is held back is listed with the solver's reason" {
    check 100
    held=$(notes held_back)
    assert_equal "$(cut -d' ' -f1 <<<"$held" | xargs)" \
        'broken-2-1.noarch conflicted-2-1.noarch needgone-2-1.noarch prio-3-1.noarch toolold-2-1.noarch'
    [[ $held == *'nothing provides nothing-provides-this'* ]]
    [[ $held == *'lower priority'* ]]
    [[ $held == *'client-1-1.noarch requires toolold = 1'* ]]
}

@test "what is held back is told to who asked for it by name, too" {
    same_as_dnf --action upgrade needfile -- --setopt=install_weak_deps=0 \
        upgrade needfile
    check 0 --action upgrade toolold same
    [[ $(notes held_back) == 'toolold-2-1.noarch '*'client-1-1.noarch requires toolold = 1'* ]] ||
        fail "$output"
    check 100 --action upgrade broken
    assert_equal "$(planned)" broken-1.5-1.noarch
    [[ $(notes held_back) == 'broken-2-1.noarch nothing provides nothing-provides-this'* ]] ||
        fail "$output"
    # Of what nobody asked for nothing is told.
    check 100 --action upgrade app
    assert_equal "$(notes held_back)" ''
}

@test "an excluded package stays away and is not held back" {
    check 100
    ! planned | grep -q '^excl-' || fail "$(planned)"
    check 100 --exclude 'rec*'
    ! planned | grep -q '^rec' || fail "$(planned)"
}

# Two repositories with the same packages.
twins() { # LINE-OF-A LINE-OF-B
    local url
    url=http://127.0.0.1:$(cat "$work/port")/main
    repos=$BATS_TEST_TMPDIR/twins
    mkdir -p "$repos"
    printf '%s\n' '[a]' "baseurl=$url" "$1" '[b]' "baseurl=$url" "$2" \
        >"$repos/twins.repo"
}

@test "of equal packages the one of the cheaper repository is taken" {
    local a b want
    while read -r a b want; do
        twins "cost=$a" "cost=$b"
        check 100
        assert_equal "$(grep -o '"repo":"[^"]*"' <<<"$output" | sort -u)" \
            "\"repo\":\"$want\""
    done <<<$'500 1500 a\n1500 500 b'
}

@test "includepkgs: nothing else of that repository" {
    twins 'includepkgs=kern* nothing-like-it' 'includepkgs=ker[m-o]el'
    check 100
    [[ $(planned) == kernel-* ]] || fail "$(planned)"
    [ "$(planned | grep -vc '^kernel-')" = 0 ] || fail "$(planned)"
}

@test "what a machine cannot live without is pointed out" {
    check 100
    assert_equal "$(notes watched)" 'kernel-4-1.x86_64 comes new'
    ask
    builder 100 check
    [[ $stderr == *'look twice: kernel-4-1.x86_64: comes new'* ]] ||
        fail "$stderr"
    check 100 newapp
    assert_equal "$(notes watched)" ''
}

@test "an old request is answered with a warning" {
    ask newapp
    builder 100 check
    [[ $stderr != *warning* ]] || fail "$stderr"
    forge_request "s/^created .*/created $(date -u -d '-30 days' +%F)/"
    builder 100 check
    [[ $stderr != *warning* ]] || fail "$stderr"
    forge_request "s/^created .*/created $(date -u -d '-32 days' +%F)/"
    builder 100 check
    [[ $stderr == *'make a new request'* ]] || fail "$stderr"
    builder 100 check --json --progress none
    [[ $output == *'"expired":true'* ]] || fail "$output"
}

@test "advisories are told as hints, for what is planned" {
    cat >"$BATS_TEST_TMPDIR/updateinfo.xml" <<END
<?xml version="1.0" encoding="UTF-8"?>
<updates><update from="a@example.invalid" status="stable" type="security">
<id>EDGE-2026-1</id><title>app</title><issued date="2026-10-11 12:13:14"/>
<severity>Critical</severity>
<description>$(yes 'It was bad.' | head -c 9000)</description>
<references><reference href="x" id="CVE-2026-1111" type="cve" title="x"/>
<reference href="x" id="123" type="bugzilla"/>
<reference href="x" id="CVE-2026-2222" type="cve"/></references>
<pkglist><collection><name>x</name>
<package name="app" version="2" release="1" epoch="0" arch="x86_64" src="x">
<filename>x</filename></package>
<package name="liba" version="2" release="1" arch="x86_64"/>
<package name="gone" version="9" release="1" epoch="0" arch="noarch"/>
</collection></pkglist></update>
<update type="bugfix"><id>EDGE 2 _31m</id><pkglist>
<collection><package name="app" version="2" release="1" arch="x86_64"/>
</collection></pkglist></update>
<update type="bugfix"><id>EDGE-3</id><pkglist><collection>
<package name="rec" version="2" release="1" epoch="0" arch="noarch"/>
</collection></pkglist></update></updates>
END
    rm -rf "$work/edge/advised"
    cp -r "$work/edge/main" "$work/edge/advised"
    modifyrepo_c --mdtype=updateinfo "$BATS_TEST_TMPDIR/updateinfo.xml" \
        "$work/edge/advised/repodata" >/dev/null
    cp -r "$work/repos" "$BATS_TEST_TMPDIR/repos"
    sed -i 's|/main$|/advised|' "$BATS_TEST_TMPDIR/repos/edge.repo"
    repos=$BATS_TEST_TMPDIR/repos
    check 100 --action upgrade app
    python3 -c '
import json, sys
a = json.load(sys.stdin)["plans"][0]["advisories"]
assert [x["id"] for x in a] == ["EDGE-2026-1", "EDGE_2__31m"], a
assert a[0] == {"id": "EDGE-2026-1", "type": "security",
    "severity": "Critical", "date": "2026-10-11",
    "fixes": "CVE-2026-1111 CVE-2026-2222",
    "packages": "app-2-1.x86_64 liba-2-1.x86_64"}, a
assert a[1]["severity"] == a[1]["date"] == "-", a' <<<"$output"
    builder 100 check
    [[ $stderr == *'nobody signs:'*'EDGE-2026-1 (security, Critical, '*\
'2026-10-11): app-2-1.x86_64 liba-2-1.x86_64 fixes CVE-2026-1111 CVE-2026'* ]] ||
        fail "$stderr"
    # What cannot be read is no reason to bring nothing.
    echo '<updates><upd' >"$BATS_TEST_TMPDIR/updateinfo.xml"
    modifyrepo_c --mdtype=updateinfo "$BATS_TEST_TMPDIR/updateinfo.xml" \
        "$work/edge/advised/repodata" >/dev/null
    check 100 --action upgrade app
    [[ $output == *'"advisories":[]'* ]] || fail "$output"
}

@test "unsolvable: the class is policy and the problem is named" {
    ask rival
    builder 15 check
    assert_detail unsolvable
    [[ $stderr == *'rival-1-1.noarch conflicts with prot'* ]] || fail "$stderr"
}

@test "allowerasing removes what is in the way and says so" {
    check 100 --allowerasing rival
    [[ $(notes removed) == 'prot-1-1.noarch '* ]]
}

@test "a protected package is never removed" {
    ask --allowerasing rival
    python3 - "$request" <<'END'
import hashlib, sys
text = open(sys.argv[1]).read()
text = text[:text.rindex("end ")]
text = text.replace("opt allowerasing yes\n",
                    "opt allowerasing yes\nopt protect prot\n")
text += "end " + hashlib.sha256(text.encode()).hexdigest() + "\n"
open(sys.argv[1], "w").write(text)
END
    builder 15 check
    assert_detail protected
    [[ $stderr == *"'prot-1-1.noarch'"* ]] || fail "$stderr"
}

@test "best: what cannot be the newest is a fault" {
    ask --best
    builder 15 check
    assert_detail unsolvable
}

@test "a package that is not there is named, with near names" {
    ask needbni
    builder 15 check
    assert_detail no-match
    [[ $stderr == *"'needbni'"*needbin* ]] || fail "$stderr"
    ask --action upgrade member-a
    builder 15 check
    assert_detail no-match
}

@test "nothing to do is status 0" {
    ask same
    builder 0 check
}

# ---- the traps ----

@test "trap: i686 beside x86_64 is updated, and does not come alone" {
    check 100
    planned | grep -qx 'mlib-2-1.i686'
    planned | grep -qx 'mlib-2-1.x86_64'
    ! planned | grep -qx 'mlibone-2-1.i686' || fail "$(planned)"
    # Both architectures of one name have one version.
    check 100 mlibone.i686
    assert_equal "$(planned | xargs)" 'mlibone-2-1.i686 mlibone-2-1.x86_64'
}

@test "trap: versions are compared as rpm does, with epoch, tilde and caret" {
    check 100
    for name in epoch-1:1.0-1 tilde-2-1 caret-1^git-1; do
        planned | grep -qF "$name" || fail "no $name" "$(planned)"
    done
    ! planned | grep -q '^down-' || fail "$(planned)"
}

@test "trap: a path outside the primary metadata is found in the file lists" {
    check 100
    planned | grep -qx 'filer-1-1.noarch'
    planned | grep -qx 'needfile-2-1.noarch'
    [[ $(notes unmet) == '/usr/share/nowhere '* ]]
    # Without file lists nobody can know, and the package is held back.
    cp -r "$work/repos" "$BATS_TEST_TMPDIR/repos"
    cp -r "$work/edge/main" "$work/edge/nofiles"
    python3 "$SP_TOP/tests/forge/metadata.py" "$work/edge/nofiles" \
        drop filelists
    sed -i 's|/main$|/nofiles|' "$BATS_TEST_TMPDIR/repos/edge.repo"
    repos=$BATS_TEST_TMPDIR/repos
    check 100
    ! planned | grep -q '^needfile-' || fail "$(planned)"
    notes held_back | grep -q '^needfile-2-1.noarch .*/usr/share/filer/data'
}

@test "trap: a database of the builder's own plays no part" {
    # A request that lost its packages is an error, never 'no updates'.
    ask
    python3 - "$request" <<'END'
import hashlib, sys
lines = open(sys.argv[1]).read().split("\n")
head = lines[:next(i for i, l in enumerate(lines) if l.startswith("@ "))]
text = "\n".join(head) + "\ncount 0\n"
text += "end " + hashlib.sha256(text.encode()).hexdigest() + "\n"
open(sys.argv[1], "w").write(text)
END
    builder 5 check
    assert_detail request-empty
}

@test "trap: kernels are installed beside the old ones" {
    check 100
    python3 -c '
import json, sys
plan = json.load(sys.stdin)["plans"][0]
kernel = [p for p in plan["packages"] if p["nevra"].startswith("kernel-")]
sys.exit(len(kernel) != 1 or kernel[0]["replaces"] != "")' <<<"$output"
    # dnf keeps three: the oldest goes.
    notes removed | grep '^kernel' >"$BATS_TEST_TMPDIR/kernels"
    assert_equal "$(cut -d' ' -f1 "$BATS_TEST_TMPDIR/kernels")" \
        kernel-1-1.x86_64
}

@test "an unreachable repository is an error, never 'no updates'" {
    ask --enablerepo off
    builder 4 check
    [[ $stderr == *"'off'"* ]] || fail "$stderr"
}

@test "one that may be unavailable is named, and the rest is solved" {
    cp -r "$work/repos" "$BATS_TEST_TMPDIR/repos"
    repos=$BATS_TEST_TMPDIR/repos
    sed -i 's/^\[off\]/&\nskip_if_unavailable=1/' "$repos/edge.repo"
    ask --enablerepo off --action upgrade app
    builder 100 check
    [[ $stderr == *"skipped: repository 'off': "*'http'* ]] || fail "$stderr"
    builder 0 build -o "$out/bundle"
    [[ $stderr == *"skipped: repository 'off': "* ]] || fail "$stderr"
    builder 100 check --json --progress none
    [[ $output == *'"skipped_repos":["off"]'* ]] || fail "$output"
    ask --enablerepo off same
    builder 0 check
    [[ $output == *'no updates in what could be read' ]] || fail "$output"
    # Alone it is no machine without updates.
    ask --enablerepo off --disablerepo updates --disablerepo low
    builder 4 check
    assert_detail http-status
    builder 4 build -o "$out/none"
}

@test "file lists are asked for when a path is, and not before" {
    local begin
    begin=$(wc -l <"$work/server.log")
    ask --action upgrade app
    builder 0 build -o "$out/bundle"
    tail -n +$((begin + 1)) "$work/server.log" >"$BATS_TEST_TMPDIR/log"
    grep -q 'primary' "$BATS_TEST_TMPDIR/log"
    ! grep filelists "$BATS_TEST_TMPDIR/log" || fail 'file lists'
    ask --action upgrade needfile
    builder 100 check
    tail -n +$((begin + 1)) "$work/server.log" | grep -q filelists ||
        fail 'no file lists'
}

@test "the proxy of a repository file is that repository's" {
    local dead=http://127.0.0.1:1
    mirrored() { # STATUS LINE
        printf '%s\n' '[edge]' \
            "baseurl=http://127.0.0.1:$(cat "$work/port")/low" "$2" \
            >"$BATS_TEST_TMPDIR/repos/edge.repo"
        spb "$1" build --mirror edge --repo-dir "$BATS_TEST_TMPDIR/repos" \
            --arch x86_64 --allow-http --tries 1 -o "$out/bundle" \
            --cache-dir "$BATS_TEST_TMPDIR/cache"
    }
    mkdir "$BATS_TEST_TMPDIR/repos"
    mirrored 4 "proxy=$dead"
    [[ $stderr == *'port 1 '* ]] || fail "$stderr"
    http_proxy=$dead mirrored 0 proxy=_none_
}

@test "what else lies in the cache is not packed" {
    local cache=$BATS_TEST_TMPDIR/cache other
    mkdir -m 700 "$cache"
    for rpm in "$work"/edge/main/{heir,member-a}-1-1.noarch.rpm; do
        other=$(sha256sum <"$rpm" | cut -d' ' -f1)
        cp "$rpm" "$cache/sha256-$other"
        head -c 1000 "$rpm" >"$cache/sha256-${other/[0-9]/x}.part"
        cp "$rpm" "$cache/"
    done
    ask --action upgrade app
    builder 0 build -o "$out/bundle"
    assert_equal "$(tar xOf "$out/bundle" MANIFEST |
        awk '$1 == "package" { print $6 }' | xargs)" 'app liba'
    assert_equal "$(tar tf "$out/bundle" | xargs)" \
        'MANIFEST p000001.rpm p000002.rpm'
}

@test "a plan tells new, old, size, repository and reason, for people and JSON" {
    local file=$work/edge/main/app-2-1.x86_64.rpm
    check 100 --action upgrade app
    python3 -c '
import json, os, sys
[plan] = json.load(sys.stdin)["plans"]
[app] = [p for p in plan["packages"] if p["nevra"] == "app-2-1.x86_64"]
del app["sha256"]
assert app == {"why": "update", "nevra": "app-2-1.x86_64", "repo": "updates",
    "size": os.stat(sys.argv[1]).st_size, "replaces": "app-1-1.x86_64"}, app
' "$file" <<<"$output"
    builder 100 check
    grep -qE '^app-2-1\.x86_64 +update +[0-9.]+ ?k?B +updates +app-1-1\.x86_64' \
        <<<"$stderr" || fail "$stderr"
    [[ $stderr == *'2 packages, '* ]] || fail "$stderr"
}

@test "an answer that cannot be written is a fault, not 'there are updates'" {
    ask --action upgrade app
    run bash -c 'exec "$@" >/dev/full' sh "$SP_BUILD/sallyport-builder" check \
        --request "$request" --allow-http --progress none \
        --cache-dir "$BATS_TEST_TMPDIR/cache"
    assert_equal "$status" 3 'exit status'
    [[ $output == *'cannot write to standard output'* ]] || fail "$output"
}

@test "the solver stays within 256 MiB of address space" {
    ask
    run bash -c 'ulimit -v 262144; exec "$@"' sh \
        "$SP_BUILD/sallyport-builder" check --request "$request" --allow-http \
        --cache-dir "$BATS_TEST_TMPDIR/cache" --progress none
    is_test_build || assert_equal "$status" 100 "$output"
}

@test "60,000 packages are solved in 200 MiB of address space" {
    requires program zstd
    ! is_test_build || skip "a sanitizer needs more memory"
    run python3 "$SP_TOP/tests/bench/solve.py" "$SP_BUILD" --memory 200
    assert_equal "$status" 0 "$output"
    [[ $output == *'1125 installed'* && $output != *MISS* ]] || fail "$output"
}

# ---- the bundle ----

@test "the bundle of a request holds the plan and nothing else" {
    check 100
    want=$(planned)
    ask
    builder 0 build -o "$out/bundle"
    got=$(tar xOf "$out/bundle" MANIFEST | awk '$1 == "package" {
        v = $7; sub(/^0:/, "", v); print $6 "-" v "." $8 }' | sort)
    assert_equal "$got" "$want" 'packages of the bundle'
    id=$(sed -n 's/^id //p' "$request")
    assert_equal "$(tar xOf "$out/bundle" MANIFEST | sed -n 's/^request //p')" \
        "$id"
}

@test "two requests give one bundle with both ids and every package once" {
    ask app
    cp "$request" "$BATS_TEST_TMPDIR/first"
    ask --action upgrade app liba
    builder 0 build --request "$BATS_TEST_TMPDIR/first" -o "$out/bundle"
    manifest=$(tar xOf "$out/bundle" MANIFEST)
    assert_equal "$(grep -c '^request ' <<<"$manifest")" 2
    assert_equal "$(awk '$1 == "package" { print $6 }' <<<"$manifest" | xargs)" \
        'app liba'
}

@test "a request that only asks is not built" {
    for action in check list; do
        ask --action "$action"
        builder 2 build -o "$out/bundle"
        assert_equal "$(ls -A "$out")" ''
    done
}

@test "of two requests the one that cannot be answered is named" {
    local id
    ask app
    cp "$request" "$BATS_TEST_TMPDIR/first"
    ask nothing-like-it
    id=$(sed -n 's/^id //p' "$request")
    builder 15 build --request "$BATS_TEST_TMPDIR/first" -o "$out/two"
    assert_detail no-match
    [[ $stderr == *"request $id"* ]] || fail "$stderr"
    assert_equal "$(ls -A "$out")" ''
}

@test "mirror: of a repository that is not there" {
    while read -r want word dir repository; do
        spb "$want" build --mirror "$repository" --repo-dir "$dir" \
            --arch x86_64 --allow-http --tries 1 \
            --cache-dir "$BATS_TEST_TMPDIR/cache" -o "$out/bundle"
        assert_detail "$word"
        assert_equal "$(ls -A "$out")" ''
    done <<END
3 not-found $work/none updates
15 no-match $work/repos none
15 no-match $work/nothing updates
END
}

@test "mirror: the newest of every package, without a request" {
    spb 0 build --mirror updates --repo-dir "$work/repos" --arch x86_64 \
        --allow-http --cache-dir "$BATS_TEST_TMPDIR/cache" -o "$out/bundle"
    manifest=$(tar xOf "$out/bundle" MANIFEST)
    ! grep -q '^request ' <<<"$manifest" || fail "$manifest"
    grep -q '^package .* broken 0:2-1 noarch mirror$' <<<"$manifest"
    ! grep -q ' broken 0:1.5-1 ' <<<"$manifest" || fail "$manifest"
    ! grep -q ' excl ' <<<"$manifest" || fail "$manifest"
    [ "$(grep -c '^package ' <<<"$manifest")" -ge 55 ]
}

@test "round trip: request, build, ingest, and dnf installs exactly the plan" {
    requires root
    requires landlock
    root=$BATS_TEST_TMPDIR/root
    cp -r "$work/root" "$root"
    ask
    builder 0 build -o "$out/bundle" --json --progress none
    want=$(planned)
    sp 0 ingest "$out/bundle" --yes
    cat >"$BATS_TEST_TMPDIR/dnf.conf" <<END
[main]
gpgcheck=1
plugins=0
install_weak_deps=0
installonlypkgs=kernel
installonly_limit=0
[sallyport]
name=sallyport
baseurl=file://$repo
gpgkey=file://$keys/key-rsa.asc
END
    before=$(rpm --root "$root" -qa | sort)
    dnf -y -c "$BATS_TEST_TMPDIR/dnf.conf" \
        --setopt=reposdir="$work/nothing" --releasever=41 \
        --forcearch=x86_64 --setopt=cachedir="$BATS_TEST_TMPDIR/dnf" \
        --setopt=logdir="$BATS_TEST_TMPDIR" --setopt=tsflags=justdb \
        --setopt=persistdir="$BATS_TEST_TMPDIR/persist" \
        --installroot="$root" upgrade >"$BATS_TEST_TMPDIR/log" 2>&1 ||
        fail "$(cat "$BATS_TEST_TMPDIR/log")"
    got=$(comm -13 <(echo "$before") <(rpm --root "$root" -qa \
        --qf '%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}\n' |
        grep -v '^gpg-pubkey-' | sort))
    # rpm -qa leaves epochs out.
    want=$(sed -E 's/-[0-9]+:/-/' <<<"$want" | sort)
    [ "$got" = "$want" ] || fail 'plan < > installed' \
        "$(diff <(echo "$want") <(echo "$got"))" "$(cat "$BATS_TEST_TMPDIR/log")"
    # And then there is nothing more to do.
    database=$(dirname "$(find "$root" -name rpmdb.sqlite)")
    check 0
    assert_equal "$(planned)" ''
}

# dnf on the machine, with the published repository alone.
dnf_there() { # ROOT ARGS...
    local root=$1
    shift
    printf '%s\n' '[main]' gpgcheck=1 plugins=0 install_weak_deps=0 \
        installonlypkgs=kernel installonly_limit=0 '[sallyport]' \
        name=sallyport "baseurl=file://$repo" \
        "gpgkey=file://$keys/key-rsa.asc" >"$BATS_TEST_TMPDIR/there.conf"
    dnf -y -c "$BATS_TEST_TMPDIR/there.conf" \
        --setopt=reposdir="$work/nothing" --releasever=41 \
        --forcearch=x86_64 --setopt=cachedir="$BATS_TEST_TMPDIR/dnf" \
        --setopt=logdir="$BATS_TEST_TMPDIR" --setopt=tsflags=justdb \
        --setopt=persistdir="$BATS_TEST_TMPDIR/persist" \
        --setopt=metadata_expire=0 --installroot="$root" "$@" \
        >"$BATS_TEST_TMPDIR/log" 2>&1 ||
        fail "$(cat "$BATS_TEST_TMPDIR/log")"
}

@test "round trip of an environment: dnf installs it from what is published" {
    requires root
    requires landlock
    root=$BATS_TEST_TMPDIR/root
    cp -r "$work/root" "$root"
    ask @workshop
    builder 0 build -o "$out/bundle"
    sp 0 ingest "$out/bundle" --yes
    [ -s "$repo/current/comps.xml" ]
    [ "$(stat -c %a "$repo/current/comps.xml")" = 644 ]
    dnf_there "$root" install @workshop
    [[ $(cat "$BATS_TEST_TMPDIR/log") == *'Full Workshop'* ]] ||
        fail "$(cat "$BATS_TEST_TMPDIR/log")"
    assert_equal "$(rpm --root "$root" -q --qf '%{NAME} ' member-a member-b \
        member-c lowonly)" 'member-a member-b member-c lowonly '
    # The same packages give the same repository, groups included.
    before=$(repository_snapshot "$repo")
    sp 0 ingest "$out/bundle" --yes --any-request
    [[ $output == *'nothing to do'* ]] || fail "$output"
    assert_equal "$(repository_snapshot "$repo")" "$before"
    # Without its groups it is another one.
    ask member-a member-b member-c lowonly
    builder 0 build -o "$out/plain"
    sp 0 ingest "$out/plain" --yes
    [ ! -e "$repo/current/comps.xml" ]
    assert_equal "$(readlink "$repo/current")" generations/2
}

# ---- signed metadata ----

# A copy of the main repository, changed and signed by our key: edge/NAME.
signed_copy() { # NAME [ARGS... of tests/forge/metadata.py]
    local home name=$1
    shift
    rm -rf "$work/edge/$name"
    cp -r "$work/edge/main" "$work/edge/$name"
    [ $# = 0 ] ||
        python3 "$SP_TOP/tests/forge/metadata.py" "$work/edge/$name" "$@"
    home=$(mktemp -d /tmp/sp-sign.XXXXXX)
    cp -r "$FIXTURES/secret/." "$home"
    gpg --homedir "$home" --batch --yes --digest-algo SHA256 --armor \
        -u rsa@example.invalid --detach-sign \
        "$work/edge/$name/repodata/repomd.xml" 2>/dev/null
    GNUPGHOME=$home gpgconf --kill all
    rm -rf "$home"
    rm -rf "$BATS_TEST_TMPDIR/repos"
    cp -r "$work/repos" "$BATS_TEST_TMPDIR/repos"
    sed -i "s|/main$|/$name|" "$BATS_TEST_TMPDIR/repos/edge.repo"
    repos=$BATS_TEST_TMPDIR/repos
}

@test "signed metadata goes along, byte for byte, in front of the packages" {
    signed_copy signed
    ask --action upgrade app
    builder 0 build -o "$out/bundle"
    assert_equal "$(tar tf "$out/bundle" | head -5 | xargs)" \
        'MANIFEST e0001 e0002 e0003 p000001.rpm'
    tar xf "$out/bundle" -C "$BATS_TEST_TMPDIR"
    cmp "$BATS_TEST_TMPDIR/e0001" "$work/edge/signed/repodata/repomd.xml"
    gpg --dearmor <"$work/edge/signed/repodata/repomd.xml.asc" 2>/dev/null |
        cmp - "$BATS_TEST_TMPDIR/e0002"
    gzip -dc "$work/edge/signed/repodata/"*-primary.xml.gz |
        cmp - "$BATS_TEST_TMPDIR/e0003"
    i=0
    while read -r word name size digest kind label; do
        assert_equal "$word $name $label" "evidence e000$((++i)) updates"
        assert_equal "$size $digest" "$(stat -c %s "$BATS_TEST_TMPDIR/$name") \
$(sha256sum <"$BATS_TEST_TMPDIR/$name" | cut -d' ' -f1)"
        kinds+=" $kind"
    done < <(grep ^evidence "$BATS_TEST_TMPDIR/MANIFEST")
    assert_equal "$kinds" ' repomd signature primary'
    # The same again, from the cache.
    builder 0 build -o "$out/again"
    cmp "$out/bundle" "$out/again"
    # The other framing has no place for it.
    spb 0 send --framing=qfile "$out/bundle" "$out/sent"
    builder 0 build --framing=qfile -o "$out/qfile"
    cmp "$out/sent" "$out/qfile"
}

@test "metadata that nobody signed, or signed otherwise, stays here" {
    ask --action upgrade app
    builder 0 build -o "$out/bundle"
    ! tar tf "$out/bundle" | grep ^e || fail "$(tar tf "$out/bundle")"
    # A signature over something else is no evidence.
    signed_copy forged
    echo >>"$work/edge/forged/repodata/repomd.xml"
    ask --action upgrade app
    builder 0 build -o "$out/forged"
    cmp "$out/bundle" "$out/forged" | grep -q 'differ.*line 2' # the id
    ! tar tf "$out/forged" | grep ^e || fail "$(tar tf "$out/forged")"
}

@test "metadata older than what the machine has proven is not taken" {
    local line='repo-file edge.repo' digest
    digest=$(printf '%064d' 0)
    signed_copy signed
    ask --action upgrade app
    revision=$(sed -n 's|.*<revision>\(.*\)</revision>.*|\1|p' \
        "$work/edge/signed/repodata/repomd.xml")
    for seen in "$revision 1 -" "$revision 1 $digest"; do
        forge_request "s|^$line|seen updates $seen\n&|"
        builder 100 check
    done
    forge_request "s|^$line|seen updates $((revision + 1)) 1 -\n&|"
    builder 16 check
    assert_detail metadata-rollback
    [[ $stderr == *"'updates'"* ]] || fail "$stderr"
}

@test "two requests carry one publication once, and two of them not at all" {
    signed_copy signed
    ask --action upgrade app
    cp "$request" "$BATS_TEST_TMPDIR/first"
    ask --action upgrade liba
    builder 0 build --request "$BATS_TEST_TMPDIR/first" -o "$out/one"
    assert_equal "$(tar tf "$out/one" | grep -c ^e)" 3
    signed_copy other drop filelists
    ask --action upgrade liba
    builder 0 build --request "$BATS_TEST_TMPDIR/first" -o "$out/two"
    ! tar tf "$out/two" | grep ^e || fail "$(tar tf "$out/two")"
}

# ---- keys ----

@test "a package that the machine would refuse is not shipped" {
    local dir=$BATS_TEST_TMPDIR/foreign
    rm -rf "$work/edge/foreign"
    mkdir "$work/edge/foreign"
    cp "$work"/edge/main/{app,liba}-2-1.x86_64.rpm "$work/edge/foreign/"
    sign_packages foreign "$work"/edge/foreign/liba-*.rpm
    createrepo_c -q --no-database "$work/edge/foreign" >/dev/null
    cp -r "$work/repos" "$BATS_TEST_TMPDIR/repos"
    sed -i 's|/main$|/foreign|' "$BATS_TEST_TMPDIR/repos/edge.repo"
    repos=$BATS_TEST_TMPDIR/repos
    ask --action upgrade app
    builder 14 build -o "$out/bundle"
    assert_detail no-key
    [[ $stderr == *"repository 'updates'"*liba-2-1* ]] || fail "$stderr"
    assert_equal "$(ls -A "$out")" ''
    # Who sends no keys asks for no look at them.
    SP_OPTIONS[3]=$BATS_TEST_TMPDIR/none
    ask --action upgrade app
    builder 0 build -o "$out/bundle"
}

# ---- requests and limits ----

@test "an answer above the limits of the request is not even downloaded" {
    ask
    forge_request 's/^limit files .*/limit files 3/'
    builder 6 check
    assert_detail too-many-files
    builder 6 build -o "$out/bundle"
    ask
    forge_request 's/^limit bytes .*/limit bytes 1000/'
    builder 6 build -o "$out/bundle"
    assert_detail too-many-bytes
    assert_equal "$(ls -A "$out")" ''
    # Packages have the names of their digests; none of them has come.
    for rpm in "$work"/edge/main/*.rpm; do
        [ ! -e "$BATS_TEST_TMPDIR/cache/sha256-$(sha256sum <"$rpm" |
            cut -d' ' -f1)" ] || fail "$rpm was downloaded"
    done
}

@test "a request that nobody understands is refused by its word" {
    ask app
    cp "$request" "$BATS_TEST_TMPDIR/good"
    while read -r status word script; do
        cp "$BATS_TEST_TMPDIR/good" "$request"
        forge_request "$script"
        builder "$status" check
        assert_detail "$word"
        [[ $stderr == *request* ]] || fail "$stderr"
    done <<'END'
5 request-version s/^request 1$/request 2/
5 request-version s/^arch /aarch /
5 request-count s/^count .*/count 7/
5 request-syntax s/^action .*/action dance/
END
    # What begins with x- is for others.
    cp "$BATS_TEST_TMPDIR/good" "$request"
    forge_request 's/^arch /x-more what\n&/'
    builder 0 check
}

# ---- metadata that lies ----

@test "a package whose location leaves the repository is refused" {
    local href
    for href in ../../../etc/passwd /etc/passwd //evil/x file:///etc/passwd \
        https://evil.invalid/x; do
        lie replace 'location href="app-2-1' "location href=\"$href#"
        ask --action upgrade app
        builder 5 build -o "$out/bundle"
        assert_detail metadata
        [[ $stderr == *'app-2-1.x86_64'*location* ]] || fail "$href" "$stderr"
    done
    # Another base is no way out either: the file is asked for here.
    lie replace 'location href="app-2-1' \
        'location xml:base="file:///etc/" href="app-2-1'
    ask --action upgrade app
    builder 0 build -o "$out/bundle"
}

lie() { # COMMAND ARGS...: of tests/forge/metadata.py
    rm -rf "$work/edge/lie"
    cp -r "$work/edge/main" "$work/edge/lie"
    python3 "$SP_TOP/tests/forge/metadata.py" "$work/edge/lie" "$@"
    cp -r "$work/repos" "$BATS_TEST_TMPDIR/repos"
    sed -i 's|/main$|/lie|' "$BATS_TEST_TMPDIR/repos/edge.repo"
    repos=$BATS_TEST_TMPDIR/repos
}

@test "a package that is not what its metadata says is refused" {
    lie replace 'ver="2" rel="1"/>\n  <checksum' 'ver="9" rel="1"/>\n  <checksum'
    ask --action upgrade rec
    builder 7 build -o "$out/bundle"
    assert_detail metadata-mismatch
    assert_equal "$(ls -A "$out")" ''
}

@test "metadata that hides a dependency is noticed before the bundle" {
    lie replace '<rpm:entry name="newlib"[^/]*/>' ''
    ask newapp
    builder 100 check --json --progress none
    assert_equal "$(planned)" 'newapp-1-1.noarch' 'the plan of the lie'
    builder 15 build -o "$out/bundle"
    assert_detail unsolvable
    [[ $stderr == *'proof of the downloads'* ]] || fail "$stderr"
    assert_equal "$(ls -A "$out")" ''
}

@test "metadata that hides what an update needs is noticed too" {
    # Without a named package the solver would only keep the old one.
    lie replace '<rpm:entry name="liba.so.2"/>' ''
    ask --action upgrade --exclude liba app
    builder 100 check --json --progress none
    builder 15 build -o "$out/bundle"
    assert_detail plan-differs
    assert_equal "$(ls -A "$out")" ''
}

@test "a package with a checksum that is too weak is refused by its type" {
    lie replace 'checksum type="sha256" pkgid="YES">[0-9a-f]*' \
        'checksum type="md5" pkgid="YES">d41d8cd98f00b204e9800998ecf8427e'
    ask member-a
    builder 5 check
    assert_detail metadata
    [[ $stderr == *"type 'md5', only sha256, sha384 and sha512"* ]] ||
        fail "$stderr"
    lie replace 'checksum type="sha256" pkgid="YES">[0-9a-f]*' \
        'checksum type="sha" pkgid="YES">da39a3ee5e6b4b0d3255bfef95601890afd80709'
    ask member-a
    builder 5 check
    [[ $stderr == *"type 'sha1'"* ]] || fail "$stderr"
}

# The same packages in a repository of its own, as createrepo_c makes it.
repository_of() { # ALGORITHM
    rm -rf "$work/edge/strong" "$BATS_TEST_TMPDIR/repos"
    cp -r "$work/edge/main" "$work/edge/strong"
    rm -rf "$work/edge/strong/repodata"
    createrepo_c -q --checksum "$1" --revision 1700000000 "$work/edge/strong"
    grep -q "<checksum type=\"$1\">" "$work/edge/strong/repodata/repomd.xml"
    cp -r "$work/repos" "$BATS_TEST_TMPDIR/repos"
    sed -i 's|/main$|/strong|' "$BATS_TEST_TMPDIR/repos/edge.repo"
    repos=$BATS_TEST_TMPDIR/repos
}

@test "SHA-384 and SHA-512 go the whole way, to the same bundle" {
    local algorithm cache=$BATS_TEST_TMPDIR/cache
    ask --action upgrade app liba
    builder 0 build -o "$out/sha256"
    cp "$request" "$BATS_TEST_TMPDIR/first"
    for algorithm in sha384 sha512; do
        repository_of $algorithm
        rm -rf "$cache"
        ask --action upgrade app liba
        builder 100 check --json --progress none
        want=$("${algorithm}sum" <"$work"/edge/strong/app-2-1.x86_64.rpm |
            cut -d' ' -f1)
        [[ $output == *"\"$algorithm\":\"$want\""* ||
            $output == *"\"$algorithm\": \"$want\""* ]] || fail "$output"
        builder 0 build -o "$out/$algorithm"
        cmp "$cache/$algorithm-$want" "$work/edge/strong/app-2-1.x86_64.rpm"
        # But for the id of its request.
        diff <(tar xOf "$out/sha256" MANIFEST | grep -v '^request\|^end') \
            <(tar xOf "$out/$algorithm" MANIFEST | grep -v '^request\|^end')
        spb 0 build --mirror updates --repo-dir "$repos" --arch x86_64 \
            --allow-http --cache-dir "$cache" -o "$out/mirror"
        tar xOf "$out/mirror" MANIFEST |
            grep -q '^package .* broken 0:2-1 noarch mirror$'
    done
}

@test "a package that does not have the SHA-512 of its metadata is refused" {
    local package got
    repository_of sha512
    package=$work/edge/strong/app-2-1.x86_64.rpm
    # As long as before, and still a package.
    python3 - "$package" <<'PY'
import sys
with open(sys.argv[1], "r+b") as f:
    f.seek(-1, 2)
    last = f.read(1)[0]
    f.seek(-1, 2)
    f.write(bytes([last ^ 1]))
PY
    ask --action upgrade app
    builder 8 build -o "$out/bundle"
    assert_detail list-digest
    got=$(sha512sum <"$package" | cut -c-64)
    [[ $stderr == *"has SHA-512 $got... instead of "* ]] || fail "$stderr"
    assert_equal "$(ls -A "$out")" ''
}

@test "metadata that is no XML is a fault of the repository" {
    lie replace '<package type' '<packa ge type'
    ask
    builder 5 check
    assert_detail metadata
    [[ $stderr == *updates* ]] || fail "$stderr"
}
