#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a Qubes machine relies on: the qfile format in both directions, the
# codes of the manual, the repository and its file `errors`, and the files of
# examples/qubes.

load helpers

FAKE=$SP_TOP/tests/fake
MANUAL=$SP_TOP/docs/man/sallyport-qrexec.7
QUBES=$SP_TOP/examples/qubes

setup() {
    new_state
    mkdir "$repo"
    echo 'updatevm = sys-update' >"$BATS_TEST_TMPDIR/policy.conf"
}

call() { # [OPTION]... [FILE]...: what the other qube heard, in $output
    run timeout 60 python3 "$FAKE/caller.py" "$@" -- "$SP_BUILD/sallyport" \
        ingest "${SP_OPTIONS[@]}" --any-request qrexec:
    [ "$status" = 0 ] || fail "$output"
}

heard() { # PATTERN
    grep -Eq "^$1$" <<<"$output" || fail "not heard: $1" "$output"
}

# ---- the qfile format -------------------------------------------------------

# One file "a.rpm" with the contents "hello\n", as the stock sender writes it.
VECTOR=06000000a48100000600000000000000267d93650065cd1d257d936515cd5b07
VECTOR+=612e72706d0068656c6c6f0a
VECTOR+=0000000000000000000000000000000000000000000000000000000000000000

@test "qfile: the stock stream, byte for byte, has the stock checksum" {
    python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.argv[1]))' \
        "$VECTOR" >"$BATS_TEST_TMPDIR/vector"
    QREXEC_REMOTE_DOMAIN=sys-update "$SP_BUILD/sallyport" ingest \
        "${SP_OPTIONS[@]}" --any-request qrexec: <"$BATS_TEST_TMPDIR/vector" \
        >"$BATS_TEST_TMPDIR/answer" 2>/dev/null || true
    # Six bytes are no package: refused, before the end was read or after it.
    answer=$(od -An -tx1 -N 16 "$BATS_TEST_TMPDIR/answer" | tr -d ' \n')
    [[ $answer == 16000000000000000000000000000000 ||
        $answer == 1600000000000000adcf97a100000000 ]] || fail "$answer"
}

@test "qfile: what we send is what the description says" {
    local out=$BATS_TEST_TMPDIR/out
    make_bundle "$BATS_TEST_TMPDIR/bundle" "$FIXTURES"/rpms/*.rpm
    spb 0 send --framing=qfile "$BATS_TEST_TMPDIR/bundle" "$out"
    python3 - "$FAKE" "$out" "$FIXTURES"/rpms/*.rpm <<'END'
import io, os, sys
sys.path.insert(0, sys.argv[1])
import qfile
sent = open(sys.argv[2], "rb").read()
receiver = qfile.Receiver(io.BytesIO(sent))
files = {}
for (name_size, mode, size, _, ansec, _, mnsec), name, data in receiver:
    assert name.endswith(b"\0") and len(name) == name_size, name
    assert mode == 0o100644 and size == len(data), oct(mode)
    assert max(ansec, mnsec) <= 999999999
    files[name[:-1].decode()] = data
assert sent.endswith(qfile.END) and receiver.crc == qfile.crc(sent)
want = {os.path.basename(p): open(p, "rb").read() for p in sys.argv[3:]}
assert files == want, files.keys()
END
}

# Each row has a state of its own; four run at a time.
@test "qfile: the table of the manual, row by row" {
    local rows=$BATS_TEST_TMPDIR/rows file code row n=0
    mkdir "$rows"
    printf '%s\n' 'updatevm = sys-update' 'max-packages = 2' \
        >"$BATS_TEST_TMPDIR/policy.conf"
    python3 "$FAKE/qfile-rows.py" "$MANUAL" "$rows" \
        "$FIXTURES"/rpms/hello*.rpm "$FIXTURES"/rpms/sp-arch*.rpm \
        >"$rows/table"
    while read -r file _; do
        (
            exec 3>&-
            mkdir -p "$rows/$file.state"
            python3 "$FAKE/caller.py" --raw "$rows/$file" -- \
                "$SP_BUILD/sallyport" ingest --state-dir "$rows/$file.state" \
                "${SP_OPTIONS[@]:2}" --any-request qrexec: \
                >"$rows/$file.heard" 2>&1
        ) &
        n=$((n + 1))
        [ $((n % 4)) != 0 ] || wait
    done <"$rows/table"
    wait
    while read -r file code row; do
        output=$(cat "$rows/$file.heard")
        heard "result $code (ok|differs) .*" || fail "$row"
        heard "exit $((code != 0))" || fail "$row"
        [ "$code" = 0 ] || [ ! -e "$rows/$file.state/updates/current" ] ||
            fail "$row: published"
    done <"$rows/table"
    [ "$n" -ge 28 ] || fail "only $n rows"
}

@test "the error numbers of the manual are those of the program" {
    python3 - "$MANUAL" "$SP_TOP/src/bundle/qfile-result.c" \
        "$SP_TOP/src/base/reason.c" <<'END'
import errno, re, sys
manual, source, reasons = (open(p, encoding="ascii").read()
                           for p in sys.argv[1:])
told = {}
for words, name, number in re.findall(
        r"^\.It ([a-z, -]+) Ta (E[A-Z]+) (\d+)$", manual, re.M):
    assert getattr(errno, name) == int(number), name
    for word in words.split(", "):
        told[word] = name
real = dict(re.findall(r'\{"([a-z-]+)",\s+(E[A-Z]+)\}', source))
for code, name in re.findall(r"\{SP_E_([A-Z]+), (E[A-Z]+)\}", source):
    real[code.lower()] = name
assert told == real, set(told.items()) ^ set(real.items())
classes = {c.lower() for c in re.findall(r"SP_E_([A-Z]+)\}", reasons)}
assert classes and classes <= set(told), classes - set(told)
assert "EDQUOT" not in told.values()
END
}

# ---- the repository and its errors ------------------------------------------

@test "the repository is where dom0 looks, readable, not for its group" {
    call
    heard 'result 0 ok '
    [ ! -e "$repo/repodata/repomd.xml" ] || fail "an index of nothing"
    call "$FIXTURES"/rpms/*.rpm
    heard 'result 0 ok '
    [ -f "$repo/repodata/repomd.xml" ]
    assert_equal "$(cd "$repo/rpm" && ls)" "$(cd "$FIXTURES/rpms" && ls)"
    assert_equal "$(find "$repo/generations/1/" -printf '%y%m\n' | sort -u |
        tr '\n' ' ')" "d755 f644 "
    [ ! -e "$repo/errors" ]
    # The index of what is there stays; the stock service makes an empty one.
    call
    heard 'result 0 ok '
    assert_equal "$(readlink "$repo/current")" generations/1
}

@test "what --clean of the stock command removes comes again" {
    call "$FIXTURES"/rpms/*.rpm
    rm -f "$repo"/rpm/* "$repo"/repodata/*
    call "$FIXTURES"/rpms/*.rpm
    heard 'result 0 ok '
    [ -f "$repo/repodata/repomd.xml" ]
    assert_equal "$(cd "$repo/rpm" && ls)" "$(cd "$FIXTURES/rpms" && ls)"
}

@test "errors: one printable line after a refusal, gone after a success" {
    for fault in "$FIXTURES"/foreign/*.rpm "$FIXTURES"/unsigned/*.rpm; do
        call "$fault"
        heard 'exit 1'
        assert_equal "$(wc -l <"$repo/errors") $(stat -c %a "$repo/errors")" \
            '1 644'
        ! LC_ALL=C grep -q '[^ -~]' "$repo/errors" || fail "not printable"
    done
    # Read and removed before each round, as the stock command does.
    rm -f "$repo/errors"
    call "$FIXTURES"/rpms/*.rpm
    heard 'exit 0'
    [ ! -e "$repo/errors" ]
}

@test "the service reads and answers over pipes as well as sockets" {
    make_bundle "$BATS_TEST_TMPDIR/bundle" "$FIXTURES"/rpms/*.rpm
    # shellcheck disable=SC2002 # a pipe is wanted
    said=$(cat "$BATS_TEST_TMPDIR/bundle" |
        QREXEC_REMOTE_DOMAIN=sys-update "$SP_BUILD/sallyport" ingest \
            "${SP_OPTIONS[@]}" --any-request qrexec: 2>/dev/null | cat)
    assert_equal "$said" "sallyport 1 ok -"
}

# ---- examples/qubes ---------------------------------------------------------

# The words of its lines, without comments.
lines_of() { # FILE
    sed 's/#.*//' "$1" | awk 'NF { $1 = $1; print }'
}

@test "the service is a script that answers" {
    local service=$BATS_TEST_TMPDIR/service
    sh -n "$QUBES/qubes.ReceiveUpdates"
    sed "s,^exec /usr/bin/sallyport .*,& --any-request,
        s,/usr/bin/sallyport,$SP_BUILD/sallyport ${SP_OPTIONS[*]}," \
        "$QUBES/qubes.ReceiveUpdates" >"$service"
    chmod +x "$service"
    run python3 "$FAKE/caller.py" "$FIXTURES"/rpms/*.rpm -- "$service"
    heard 'result 0 ok '
    run python3 "$FAKE/caller.py" --from=work "$FIXTURES"/rpms/*.rpm -- \
        "$service"
    heard 'result 1 .* policy foreign-qube'
    heard 'exit 1'
}

@test "the policies, of today and of old, are well formed and agree" {
    python3 - "$QUBES" <<'END'
import os, re, sys
qubes = sys.argv[1]
TOKEN = r"(\*|@anyvm|@adminvm|@default|dom0|[A-Za-z][A-Za-z0-9_.-]*)"
def words(path, comments):
    for line in open(path, encoding="ascii"):
        # The examples in the comments as well.
        line = line.lstrip("# ") if comments else line.partition("#")[0]
        if line.strip():
            yield line.split()
[name] = os.listdir(qubes + "/policy.d")
assert re.fullmatch(r"[a-z0-9_.-]+\.policy", name), name
now = list(words(f"{qubes}/policy.d/{name}", False))
told = [w for w in words(f"{qubes}/policy.d/{name}", True)
        if w[0] == "qubes.ReceiveUpdates"]
for service, argument, source, target, action in now + told:
    assert service == "qubes.ReceiveUpdates" and argument == "*"
    assert re.fullmatch(TOKEN, source) and target == "dom0", source
    assert action in ("allow", "deny")
old = list(words(qubes + "/policy.old/qubes.ReceiveUpdates", False))
for source, target, action in old:
    assert re.fullmatch(r"\$anyvm|[A-Za-z][A-Za-z0-9_.-]*", source), source
    assert target == "dom0" and action in ("allow", "deny")
assert [[w[2].replace("@", "$"), *w[3:]] for w in now] == old, (now, old)
# The strict lines that both show name the qube of policy.conf.
policy = open(qubes + "/policy.conf", encoding="ascii").read()
qube = re.search(r"^updatevm = (.*)$", policy, re.M).group(1)
assert [w[2] for w in told[:2]] == [qube, "@anyvm"], told
END
}

@test "the policy of dom0 is one that the program takes" {
    make_bundle "$BATS_TEST_TMPDIR/bundle" "$FIXTURES"/rpms/*.rpm
    SP_OPTIONS[5]=$QUBES/policy.conf
    sp 0 inspect --any-request "$BATS_TEST_TMPDIR/bundle"
}

@test "the configuration of the service has known keys" {
    local line
    [ "$(stat -c %s "$QUBES/rpc-config/qubes.ReceiveUpdates")" -le 4096 ]
    while read -r line; do
        [[ $line =~ ^(wait-for-session|skip-service-descriptor|exit-on-client-eof|exit-on-service-eof)=[01]$ ||
            $line =~ ^force-user=\'[a-z]+\'$ ]] || fail "$line"
    done < <(lines_of "$QUBES/rpc-config/qubes.ReceiveUpdates")
}

@test "the udev rule comes first, is well formed, and probes nothing" {
    python3 - "$QUBES/10-sallyport-noprobe.rules" <<'END'
import os, re, sys
assert os.path.basename(sys.argv[1]) < "60-persistent-storage.rules"
item = (r'[A-Z_]+(\{[A-Za-z0-9_]+\})?(==|!=|:=|\+=|=)"[^"]*"')
goto, label, forbidden = set(), set(), ("RUN", "IMPORT", "PROGRAM", "SYMLINK")
for line in open(sys.argv[1], encoding="ascii"):
    line = line.strip()
    if not line or line.startswith("#"):
        continue
    for part in re.split(r",\s*", line):
        assert re.fullmatch(item, part), part
        assert not part.startswith(forbidden), part
        key, value = re.match(r'([A-Z]+).*"(.*)"', part).groups()
        if key == "GOTO":
            assert value not in label, f"jumps back: {value}"
            goto.add(value)
        if key == "LABEL":
            label.add(value)
assert goto == label and goto, goto ^ label
END
    command -v udevadm >/dev/null || return 0
    # Versions from 254 on know it.
    ! udevadm --help | grep -q verify ||
        udevadm verify "$QUBES/10-sallyport-noprobe.rules"
}

@test "README.md names every file of examples/qubes and no other" {
    local file
    cd "$QUBES"
    while read -r file; do
        grep -qF "| \`$file\` |" README.md || fail "not named: $file"
    done < <(find . -type f ! -name README.md -printf '%P\n')
    while read -r file; do
        [ -f "$file" ] || fail "does not exist: $file"
    done < <(sed -n 's/^| `\([^`]*\)` |.*/\1/p' README.md)
}
