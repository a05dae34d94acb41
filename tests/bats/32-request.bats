#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Requests: what is told about a machine, what is not, and that only what was
# asked for comes in.

load helpers

setup() {
    new_state
    repos=$BATS_TEST_TMPDIR/repos
    mkdir "$repos"
    make_database "$FIXTURES"/rpms/*.rpm
    request=$BATS_TEST_TMPDIR/request
}

# The database of a machine on which these are installed: $db.
make_database() { # RPM...
    db=$BATS_TEST_TMPDIR/db
    rm -rf "$db"
    cp -r "$FIXTURES/rpmdb" "$db" # with keys, which are no packages
    [ $# = 0 ] || add_to_database "$@"
}

add_to_database() { # RPM...
    rpm --dbpath "$db" --nosignature --justdb --nodeps --noscripts -i "$@" \
        2>/dev/null
}

# ask STATUS ARGS...: a request into $request.
# The package of a spec on standard input, in $BATS_TEST_TMPDIR/noarch.
make_package() { # RPMBUILD-OPTION...
    cat >"$BATS_TEST_TMPDIR/spec"
    rpmbuild -bb --quiet --define "_topdir $BATS_TEST_TMPDIR/top" "$@" \
        --define "_rpmdir $BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/spec" \
        >"$BATS_TEST_TMPDIR/log" 2>&1 || fail "$(cat "$BATS_TEST_TMPDIR/log")"
}

ask() {
    local want=$1
    shift
    sp "$want" request --dbpath "$db" --reposdir "$repos" --releasever 41 \
        -o "$request" "$@"
}

# A bundle of the packages that answers $request: $bundle.
answer() { # RPM...
    bundle=$BATS_TEST_TMPDIR/answer.bundle
    printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/list"
    spb 0 build --list "$BATS_TEST_TMPDIR/list" --request "$request" \
        -o "$bundle"
}

pending() {
    ls "$state/pending"
}

# What is behind the header of $request, without the end line.
installed() {
    sed -n '/^@/,/^count/p' "$request"
}

@test "a request tells packages, repositories and wishes, and no more" {
    printf '[one]\nname=One\nbaseurl=https://mirror.example/one/\n' \
        >"$repos/one.repo"
    ask 0 hello 'sp-*' --exclude 'x*' --best
    id=$(pending)
    run cat "$request"
    machine=$(uname -m)
    [[ $output == "request 1
id $id
created $(date -u +%F)
valid-days 30
action install
spec hello
spec sp-*
arch $machine
basearch $machine
releasever 41
"*"opt weakdeps no
opt best yes
opt allowerasing no
opt installonly "*"
opt exclude x*
limit bytes "*"
limit files 16384
repo-file one.repo
 [one]
 name=One
 baseurl=https://mirror.example/one/
pubkey key-rsa.asc
$(sed 's/^/ /' "$keys/key-rsa.asc")
@ hello 0 1.0 1.fc41 noarch
p hello = 1.0-1.fc41
@ sp-arch 0 2.0 1.fc41 x86_64
p sp-arch = 2.0-1.fc41
p sp-arch(x86-64) = 2.0-1.fc41
@ sp-c++ 0 3.1.4 2.fc41 x86_64
p sp-c++ = 3.1.4-2.fc41
p sp-c++(x86-64) = 3.1.4-2.fc41
@ sp-epoch 2 1.2 3.fc41 noarch
p sp-epoch = 2:1.2-3.fc41
@ sp-tilde 0 1.0~rc1 1.fc41 noarch
p sp-tilde = 1.0~rc1-1.fc41
count 5
end "* ]] || fail "$output"
    assert_equal "$(sed '$d' "$request" | sha256sum | cut -d' ' -f1)" \
        "$(sed -n '$s/^end //p' "$request")"
}

@test "the same machine gives the same request, apart from its id" {
    ask 0
    first=$(grep -vE '^(id|end) ' "$request")
    one=$(sed -n 's/^id //p' "$request")
    # The order in which packages came into the database does not show.
    make_database
    mapfile -t backwards < <(printf '%s\n' "$FIXTURES"/rpms/*.rpm | tac)
    for rpm in "${backwards[@]}"; do
        add_to_database "$rpm"
    done
    ask 0
    assert_equal "$(grep -vE '^(id|end) ' "$request")" "$first"
    [ "$(sed -n 's/^id //p' "$request")" != "$one" ]
    assert_equal "$(pending | wc -l)" 2
}

@test "dependencies are told, and of the files those that others may need" {
    make_package --define '__os_install_post %{nil}' <<'END'
Name: rich
Version: 1
Release: 1
Summary: A package with everything
License: none
Vendor: Example & Co
BuildArch: noarch
AutoReqProv: no
Requires: /usr/share/data/needed
Requires: (app >= 1 if /usr/share/data/rich)
Obsoletes: gone < 2
Conflicts: foe
Recommends: more
Suggests: some
Supplements: under
Enhances: extra
%description
It is not installed anywhere.
%install
mkdir -p %{buildroot}/etc %{buildroot}/usr/bin %{buildroot}/opt/x/sbin
mkdir -p %{buildroot}/usr/lib %{buildroot}/usr/share/data
cd %{buildroot}
touch etc/conf usr/bin/run opt/x/sbin/run usr/lib/sendmail usr/lib/other
touch usr/share/data/needed usr/share/data/rich usr/share/data/plain
%files
/etc/conf
/usr/bin/run
/opt/x/sbin/run
/usr/lib/sendmail
/usr/lib/other
/usr/share/data/*
END
    make_database "$BATS_TEST_TMPDIR"/noarch/rich-1-1.noarch.rpm
    ask 0
    assert_equal "$(installed)" "@ rich 0 1 1 noarch
| Example & Co
p rich = 1-1
r (app >= 1 if /usr/share/data/rich)
r /usr/share/data/needed
o gone < 2
c foe
m more
s some
u under
e extra
f /etc/conf
f /opt/x/sbin/run
f /usr/bin/run
f /usr/lib/sendmail
f /usr/share/data/needed
f /usr/share/data/rich
count 1"
}

@test "a hidden package is not told, but its update may come" {
    ask 0 --json --hide 'sp-c*' --hide sp-arch
    [[ $output == *'"packages":3,"hidden":2,'* ]] || fail "$output"
    run ! grep -E 'sp-(c|arch)' "$request"
    grep -q '^count 3$' "$request"
    answer "$FIXTURES"/newer/sp-{arch,c++}-*.rpm
    sp 0 ingest "$bundle"
}

@test "a request to standard output says on standard error what it is" {
    run --separate-stderr "$SP_BUILD/sallyport" request "${SP_OPTIONS[@]}" \
        --dbpath "$db" --reposdir "$repos" --releasever 41
    assert_equal "$status" 0
    [[ $output == 'request 1'* ]] || fail "$output"
    [[ $stderr == "done: request $(pending), 5 installed packages, "* ]] ||
        fail "$stderr"
    [[ $stderr == *'note: it names no repository'* ]] || fail "$stderr"
}

@test "a request that cannot be noted says so, and that it is written" {
    requires root
    rm -rf "$state/pending"
    touch "$state/pending"
    ask 3
    assert_detail io
    [[ $stderr == *'is written but cannot be noted'* ]] || fail "$stderr"
    [ -s "$request" ] || fail 'it is not written'
}

@test "the release is what the packages say, or must be told" {
    make_package <<'END'
Name: some-release
Version: 9
Release: 1
Summary: A release package
License: none
BuildArch: noarch
Provides: system-release(releasever) = 42
%description
It holds no file.
%files
END
    sp 2 request --dbpath "$db" --reposdir "$repos" -o "$request"
    sp 2 request --dbpath "$db" --reposdir "$repos" -o "$request" \
        --releasever 'a b'
    assert_detail usage
    add_to_database "$BATS_TEST_TMPDIR"/noarch/some-release-*.rpm
    sp 0 request --dbpath "$db" --reposdir "$repos" -o "$request"
    grep -qx 'releasever 42' "$request" || fail "$(head -n 9 "$request")"
}

@test "a package that no request can say is a fault, not left out" {
    local name
    name=$(printf 'n%.0s' {1..150})
    make_package <<END
Name: $name
Version: 1
Release: 1
Summary: A package with a long name
License: none
BuildArch: noarch
%description
It holds no file.
%files
END
    add_to_database "$BATS_TEST_TMPDIR/noarch/$name"-*.rpm
    ask 3
    assert_detail io
    [[ $stderr == *'rpm printed a line that is none'* ]] || fail "$stderr"
    [ ! -e "$request" ] || fail 'a request is there'
}

@test "secrets of the repository files stay here" {
    printf '%s\n' '# not this' '; nor this' '[one]' 'name = One' \
        'Password = geheim1' 'username=geheim2' 'proxy=http://geheim3/' \
        'proxy_password=geheim4' 'sslclientkey=geheim5' 'sslcacert =' \
        '  geheim6' 'baseurl = https://joe:geheim7@a.example/$releasever/' \
        '  http://geheim8@b.example/x@y' \
        'gpgcheck=1' >"$repos/one.repo"
    echo '[no] secret' >"$repos/one.repo.rpmsave"
    ask 0
    assert_equal "$(sed -n '/^repo-file/,/^pubkey/p' "$request" | grep -v ^pubkey)" \
        "repo-file one.repo
 [one]
 name = One
 baseurl = https://a.example/\$releasever/
   http://b.example/x@y
 gpgcheck=1"
}

@test "a key that cannot be read is a fault, and no request without keys" {
    ln -s /proc/self/mem "$keys/unread" # EIO
    ask 3
    assert_detail io
    [[ $stderr == *"cannot read the key 'unread'"* ]] || fail "$stderr"
    [ ! -e "$request" ] || fail "a request is there"
}

@test "keys are told all or not at all, and only the keys of key files" {
    pubkeys() { sed -n 's/^pubkey //p' "$request" | xargs; }
    ln -s "$FIXTURES/key-ed25519.asc" "$keys/second"
    printf 'secret\n%s\nafter\n' "$(cat "$keys/key-rsa.asc")" >"$keys/first"
    rm "$keys/key-rsa.asc"
    ask 0
    assert_equal "$(pubkeys)" 'first second'
    ! grep -E '^ (secret|after)$' "$request" || fail 'more than the key'
    # One that cannot be told would make its packages look forged.
    gpg --dearmor <"$FIXTURES/key-foreign.asc" >"$keys/third" 2>/dev/null
    ask 0
    assert_equal "$(pubkeys)" ''
    rm "$keys/third"
    yes "$(cat "$FIXTURES/key-rsa.asc")" | head -c 70000 >"$keys/large" || true
    ask 0
    assert_equal "$(pubkeys)" ''
    # A file instead of a directory, and none at all.
    SP_OPTIONS[3]=$FIXTURES/key-rsa.asc
    ask 0
    assert_equal "$(pubkeys)" key-rsa.asc
    SP_OPTIONS[3]=$BATS_TEST_TMPDIR/none
    ask 0
    assert_equal "$(pubkeys)" ''
}

@test "a missing or empty database is never a machine without updates" {
    make_database
    ask 5
    assert_detail request-empty
    db=$BATS_TEST_TMPDIR/none
    ask 3
    assert_detail not-found
    [ ! -e "$db" ] || fail "rpm made a database"
    [ ! -e "$request" ] || fail "a request was written"
    [ ! -e "$state/pending" ] || assert_equal "$(pending)" ""
}

@test "what cannot be written is not pending, and mistakes are named" {
    sp 3 request --dbpath "$db" --reposdir "$repos" --releasever 41 \
        -o "$BATS_TEST_TMPDIR/no/such/place"
    run_program 19 sh -c 'exec "$@" >/dev/full' sh "$SP_BUILD/sallyport" \
        request "${SP_OPTIONS[@]}" --dbpath "$db" --reposdir "$repos" \
        --releasever 41
    ask 2 --action install
    ask 2 --action dance
    ask 2 -- -y
    ask 2 $'a\nspec b'
    ask 2 --json -o -
    sp 3 request --dbpath "$db" --reposdir "$repos/no" --releasever 41 \
        -o "$request"
    assert_detail not-found
    sp 2 request --dbpath "$db" --reposdir "$repos" -o "$request"
    [[ $stderr == *--releasever* ]] || fail "$stderr"
    assert_equal "$(pending)" ""
    [ ! -e "$request" ] || fail "a request was written"
}

# A place that everybody can reach, for $state and what belongs to it.
open_place() {
    place=$(mktemp -d /tmp/sp-request.XXXXXX)
    chmod 755 "$place"
    cp -r "$db" "$repos" "$BATS_TEST_TMPDIR/policy.conf" "$place/"
    chmod -R a+rX "$place"
    state=$place/state
    db=$place/db
    repos=$place/repos
    SP_OPTIONS=(--state-dir "$state" --policy "$place/policy.conf")
    mkdir "$state"
    chown nobody "$state"
}

teardown() {
    rm -rf "${place:-}"
}

@test "root writes where only root may, and its request is the owner's" {
    requires root
    open_place
    mkdir -m 700 "$place/root"
    request=$place/root/request
    ask 0
    assert_equal "$(stat -c %U "$request" "$state/pending"/* | xargs)" \
        "root nobody"
    assert_equal "$(ls -A "$place/root")" request
}

@test "an ordinary user may ask, and what he cannot write is not pending" {
    requires root
    requires program setpriv
    open_place
    setpriv --reuid=nobody --clear-groups test -x "$SP_BUILD/sallyport" ||
        skip "nobody cannot reach the programs"
    as_nobody=(setpriv --reuid=nobody --clear-groups "$SP_BUILD/sallyport"
        request "${SP_OPTIONS[@]}" --dbpath "$db" --reposdir "$repos"
        --releasever 41)
    run_program 0 "${as_nobody[@]}" -o "$state/request"
    assert_equal "$(stat -c %U "$state/pending"/*)" nobody
    run_program 19 sh -c 'exec "$@" >/dev/full' sh "${as_nobody[@]}"
    assert_equal "$(pending | wc -l)" 1
    # What was proven here goes along, so that no builder takes older things.
    printf 'revision edge %040d 17 1700000000\n' 0 >"$state/ratchet"
    chown nobody "$state/ratchet"
    run_program 0 "${as_nobody[@]}" -o "$state/request"
    assert_equal "$(sed -n 's/^seen //p' "$state/request")" \
        'edge 17 1700000000 -'
    echo 'revision' >"$state/ratchet"
    run_program 3 "${as_nobody[@]}" -o "$state/request"
    assert_detail state
}

@test "the answer to a request comes in, once" {
    ask 0
    answer "$FIXTURES"/newer/*.rpm
    sp 0 inspect "$bundle"
    assert_equal "$(pending | wc -l)" 1
    sp 0 ingest --json "$bundle"
    [[ $output == *"\"requests\":[\"$(sed -n 's/^id //p' "$request")\"]"* ]]
    [[ $output == *'"published":true'* ]] || fail "$output"
    assert_equal "$(pending)" ""
    before=$(repository_snapshot "$repo")
    sp 0 ingest "$bundle"
    [[ $output == *'nothing to do'* ]] || fail "$output"
    # Other packages under the id that was answered are a replay.
    answer "$FIXTURES"/newer/hello-*.rpm
    sp 15 ingest "$bundle"
    assert_detail unsolicited
    assert_equal "$(repository_snapshot "$repo")" "$before"
}

@test "who does not answer a pending request is refused" {
    make_bundle "$BATS_TEST_TMPDIR/any" "$FIXTURES"/rpms/*.rpm
    for command in ingest inspect; do
        sp 15 "$command" "$BATS_TEST_TMPDIR/any"
        assert_detail unsolicited
    done
    ask 0
    answer "$FIXTURES"/newer/*.rpm
    rm "$state"/pending/*
    sp 15 ingest "$bundle"
    assert_detail unsolicited
    assert_no_leftovers
    sp 0 ingest --any-request "$bundle"
}

@test "one bundle may answer several machines" {
    ask 0
    mv "$request" "$request.here"
    here=$state
    state=$BATS_TEST_TMPDIR/there
    SP_OPTIONS[1]=$state
    ask 0
    for order in "$request $request.here" "$request.here $request"; do
        set -- $order
        printf '%s\n' "$FIXTURES"/newer/*.rpm >"$BATS_TEST_TMPDIR/list"
        spb 0 build --list "$BATS_TEST_TMPDIR/list" --request "$1" \
            --request "$2" -o "$BATS_TEST_TMPDIR/both-$((++n))"
    done
    cmp "$BATS_TEST_TMPDIR/both-1" "$BATS_TEST_TMPDIR/both-2"
    sp 0 ingest "$BATS_TEST_TMPDIR/both-1"
    SP_OPTIONS[1]=$here
    sp 0 ingest "$BATS_TEST_TMPDIR/both-1"
    spb 2 build --list "$BATS_TEST_TMPDIR/list" --request "$request" \
        --request "$request" -o "$BATS_TEST_TMPDIR/twice"
}

@test "a name that is neither installed nor requested needs a yes" {
    make_database "$FIXTURES"/rpms/hello-*.rpm
    ask 0
    answer "$FIXTURES"/newer/{hello,sp-arch,sp-tilde}-*.rpm
    for command in ingest inspect; do
        sp 15 "$command" --json "$bundle"
        assert_detail name-not-wanted
        [[ $output == *'--allow-new sp-arch'* ]] || fail "$output"
        [ "$(grep -o '"new":true' <<<"$output" | wc -l)" = 2 ]
        sp 15 "$command" --allow-new sp-arch "$bundle"
        [[ $stderr == *'--allow-new sp-tilde'* ]] || fail "$stderr"
    done
    assert_equal "$(repository_snapshot "$repo")" ""
    assert_equal "$(pending | wc -l)" 1
    sp 0 inspect --allow-new sp-arch --allow-new sp-tilde "$bundle"
    sp 0 ingest --allow-new sp-arch --allow-new sp-tilde "$bundle"
}

@test "--yes accepts new names" {
    make_database "$FIXTURES"/rpms/hello-*.rpm
    ask 0
    answer "$FIXTURES"/newer/{hello,sp-arch}-*.rpm
    sp 0 ingest --yes "$bundle"
}

@test "a spec admits what it names and nothing else" {
    make_database "$FIXTURES"/rpms/hello-*.rpm
    for spec in sp-arch sp-arch.x86_64 sp-arch-2.0 sp-arch-2.0-1.fc42 \
        sp-arch-2.0-1.fc42.x86_64 sp-arch-0:2.0-1.fc42.x86_64 'sp-a*' \
        'sp-[a]rch'; do
        ask 0 "$spec"
        answer "$FIXTURES"/newer/{hello,sp-arch}-*.rpm
        sp 0 inspect "$bundle"
    done
    for spec in sp sp-arch.noarch sp-arch-3 sp-arch-1:2.0-1.fc42 @core \
        hello; do
        ask 0 "$spec"
        answer "$FIXTURES"/newer/{hello,sp-arch}-*.rpm
        sp 15 inspect "$bundle"
        assert_detail name-not-wanted
    done
}

# Answers the question of `ingest $bundle` on a terminal of its own.
on_terminal() { # STATUS ANSWER
    local line
    line=$(printf '%q ' "$SP_BUILD/sallyport" ingest "${SP_OPTIONS[@]}" \
        --progress=bar "$bundle")
    run_program "$1" sh -c 'echo "$0" | script -qec "$1" /dev/null' "$2" "$line"
}

@test "on a terminal the person is asked" {
    requires program script
    make_database "$FIXTURES"/rpms/hello-*.rpm
    ask 0
    answer "$FIXTURES"/newer/{hello,sp-arch}-*.rpm
    for no in n '' yess; do
        on_terminal 15 "$no"
        [[ $output == *'take it in? [y/N]'* ]] || fail "$output"
        [[ $output == *"sp-arch-2.0-1.fc42.x86_64, signed by \
$(cat "$FIXTURES/fpr-rsa")"*'the builder says: listed'* ]] || fail "$output"
        [[ $output != *'hello-1.0-1.fc42.noarch, signed'* ]] || fail "$output"
    done
    assert_equal "$(repository_snapshot "$repo")" ""
    on_terminal 0 y
    assert_equal "$(readlink "$repo/current")" generations/1
    ask 0
    answer "$FIXTURES"/newer/{hello,sp-arch,sp-tilde,sp-epoch}-*.rpm
    on_terminal 0 YES
    [[ $output == *'take them in? [y/N]'* ]] || fail "$output"
    assert_equal "$(readlink "$repo/current")" generations/2
}

@test "a requested downgrade may be older than what was published" {
    make_bundle "$BATS_TEST_TMPDIR/new" "$FIXTURES"/newer/*.rpm
    sp 0 ingest --any-request "$BATS_TEST_TMPDIR/new"
    ask 0 --action install hello
    answer "$FIXTURES"/rpms/hello-*.rpm
    sp 15 ingest "$bundle"
    assert_detail downgrade
    ask 0 --action downgrade hello
    answer "$FIXTURES"/rpms/{hello,sp-arch}-*.rpm
    sp 15 ingest "$bundle"
    assert_detail downgrade
    answer "$FIXTURES"/rpms/hello-*.rpm
    sp 0 ingest "$bundle"
}

@test "a request waits for 30 days" {
    ask 0
    answer "$FIXTURES"/newer/*.rpm
    file=$state/pending/$(pending)
    sed -i "s/^created .*/created $(($(date +%s) - 86400 * 30 + 600))/" "$file"
    sp 0 inspect "$bundle"
    sed -i "s/^created .*/created $(($(date +%s) - 86400 * 30 - 600))/" "$file"
    sp 15 ingest "$bundle"
    assert_detail unsolicited
    assert_equal "$(pending)" ""
}

@test "an empty answer leaves the request open" {
    ask 0
    bundle=$BATS_TEST_TMPDIR/empty
    : >"$BATS_TEST_TMPDIR/list"
    spb 0 build --allow-empty --list "$BATS_TEST_TMPDIR/list" \
        --request "$request" -o "$bundle"
    sp 0 ingest "$bundle"
    assert_equal "$(pending | wc -l)" 1
    answer "$FIXTURES"/newer/*.rpm
    sp 0 ingest "$bundle"
    sp 15 ingest "$BATS_TEST_TMPDIR/empty"
    assert_detail unsolicited
}

@test "a damaged need list admits nothing" {
    ask 0
    answer "$FIXTURES"/newer/*.rpm
    file=$state/pending/$(pending)
    echo 'nmae kernel' >>"$file"
    sp 3 ingest "$bundle"
    assert_detail state
    sed -i '$d' "$file"
    cp "$file" "$BATS_TEST_TMPDIR/good"
    sed '/^created/d' "$BATS_TEST_TMPDIR/good" >"$file"
    sp 3 ingest "$bundle"
    assert_detail state
    head -c -1 "$BATS_TEST_TMPDIR/good" >"$file"
    sp 3 ingest "$bundle"
    assert_detail state
    : >"$file"
    sp 3 ingest "$bundle"
    assert_detail state
    assert_equal "$(repository_snapshot "$repo")" ""
}

@test "the builder refuses a damaged request" {
    ask 0
    : >"$BATS_TEST_TMPDIR/list"
    build() {
        spb "$1" build --allow-empty --list "$BATS_TEST_TMPDIR/list" \
            --request "$2" -o "$BATS_TEST_TMPDIR/out"
    }
    head -c -1 "$request" >"$request.cut"
    build 9 "$request.cut"
    assert_detail request-truncated
    (cat "$request" && echo) >"$request.long"
    build 9 "$request.long"
    assert_detail request-truncated
    cp "$request" "$request.bad"
    flip_bit "$request.bad" 200
    build 9 "$request.bad"
    assert_detail request-digest
    build 5 "$FIXTURES/key-rsa.asc"
    assert_detail request-syntax
    [ ! -e "$BATS_TEST_TMPDIR/out" ]
    build 0 - <"$request"
}
