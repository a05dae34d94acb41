# SPDX-License-Identifier: GPL-2.0-or-later
#
# A dom0 and its update qube, for the tests of `sallyport update`: our real
# programs, a real web server, createrepo_c, dnf on an installroot, and
# stand-ins for the programs of Qubes OS (tests/fake/dom0.py).

# Once a file: what is installed, the repositories, the server.
make_world() {
    world=$BATS_FILE_TMPDIR
    "$SP_TOP/tests/edge.sh" "$world/edge" "$FIXTURES/secret"
    mkdir -p "$world/root"
    rpm --root "$world/root" -i --justdb --nodeps --noscripts --ignorearch \
        "$world"/edge/installed/*.rpm 2>/dev/null
    cp "$(find "$world/edge" -name '*comps*.xml' | head -n 1)" \
        "$world/comps.xml"
    start_nginx
}

start_nginx() {
    port=$(python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')
    mkdir -p "$world/nginx"
    cat >"$world/nginx/nginx.conf" <<END
daemon off;
pid $world/nginx/pid;
error_log $world/nginx/error.log;
worker_processes 1;
$([ "$(id -u)" != 0 ] || echo 'user root;')
events {}
http {
    access_log $world/nginx/access.log;
    client_body_temp_path $world/nginx/body;
    proxy_temp_path $world/nginx/proxy;
    fastcgi_temp_path $world/nginx/fastcgi;
    uwsgi_temp_path $world/nginx/uwsgi;
    scgi_temp_path $world/nginx/scgi;
    server { listen 127.0.0.1:$port; root $world/edge; }
}
END
    /usr/sbin/nginx -c "$world/nginx/nginx.conf" >/dev/null 2>&1 3>&- &
    echo $! >"$world/nginx.pid"
    echo "$port" >"$world/port"
    for _ in $(seq 100); do
        python3 -c "import socket
socket.create_connection(('127.0.0.1', $port))" 2>/dev/null && return 0
        sleep 0.1
    done
    return 1
}

end_world() {
    kill "$(cat "$BATS_FILE_TMPDIR/nginx.pid")" 2>/dev/null || true
}

# For each test: a dom0 of its own in $bin, with its state and repository.
new_dom0() {
    world=$BATS_FILE_TMPDIR
    new_state
    mkdir "$repo"
    printf '%s\n' 'updatevm = sys-update' "comps = $world/comps.xml" \
        >"$BATS_TEST_TMPDIR/policy.conf"
    bin=$BATS_TEST_TMPDIR/bin
    root=$BATS_TEST_TMPDIR/root
    repos=$BATS_TEST_TMPDIR/repos
    mkdir -p "$bin/vm" "$bin/services" "$bin/home" "$repos"
    cp -r "$world/root" "$root"
    echo "$root" >"$bin/ROOT"
    cp "$SP_BUILD/sallyport" "${SP_WORKERS[@]}" "$bin"
    ln -s sallyport "$bin/qubes-dom0-update"
    local name
    for name in qubes-prefs qvm-check qvm-ls qvm-features qvm-run qvm-template \
        dnf xl pkcon xterm sudo systemctl; do
        cp "$SP_TOP/tests/fake/dom0.py" "$bin/$name"
    done
    rm "$bin"/xl "$bin"/xterm # a test that needs them adds them
    serve_from main
    configure_dnf
    make_update_qube
}

add_tool() { # NAME...
    local name
    for name; do
        cp "$SP_TOP/tests/fake/dom0.py" "$bin/$name"
    done
}

serve_from() { # FOLDER: below the server's root
    cat >"$repos/edge.repo" <<END
[updates]
name=updates
baseurl=http://127.0.0.1:$(cat "$world/port")/$1
priority=10
excludepkgs=excl
END
}

configure_dnf() {
    mkdir -p "$BATS_TEST_TMPDIR/nothing"
    cat >"$bin/dnf.conf" <<END
[main]
gpgcheck=1
plugins=0
install_weak_deps=0
installonlypkgs=kernel
installonly_limit=0
reposdir=$BATS_TEST_TMPDIR/nothing
cachedir=$BATS_TEST_TMPDIR/dnf
logdir=$BATS_TEST_TMPDIR
persistdir=$BATS_TEST_TMPDIR/persist
tsflags=justdb
[qubes-dom0-cached]
name=Qubes OS Repository for Dom0
baseurl=file://$repo
gpgkey=file://$keys/key-rsa.asc
metadata_expire=0
END
}

# Its builder takes http from the loopback, and has a cache of its own.
make_update_qube() {
    cp "$SP_TOP/tests/fake/qrexec-client-vm" "$bin/vm"
    cat >"$bin/vm/sallyport-builder" <<END
#!/bin/bash
for word; do
    shift
    set -- "\$@" "\$word"
    case \$word in
    build | check) set -- "\$@" --allow-http --tries 1 \
        --cache-dir "$BATS_TEST_TMPDIR/cache" ;;
    esac
done
exec "$SP_BUILD/sallyport-builder" "\$@"
END
    cat >"$bin/services/qubes.ReceiveUpdates" <<END
#!/bin/sh
exec "$bin/sallyport" --quiet ${SP_OPTIONS[*]} ingest qrexec: \
    2>>"$BATS_TEST_TMPDIR/service.log"
END
    chmod +x "$bin/vm/sallyport-builder" "$bin/services/qubes.ReceiveUpdates"
}

database() {
    dirname "$(find "$root" -name rpmdb.sqlite)"
}


# up STATUS WORD...: sallyport update; sets output and stderr.
up() {
    local want=$1
    shift
    run_program "$want" "$bin/sallyport" "${SP_OPTIONS[@]}" update \
        --dbpath "$(database)" --reposdir "$repos" ${OWN:-} \
        --releasever=41 "$@"
}

# old STATUS WORD...: under the name of the stock command, in a dom0 whose
# standard places are ours; FSTAB is its table of file systems.
old() {
    local want=$1
    shift
    requires mounts
    run_program "$want" unshare -m bash -c '
set -e
state=$1 keys=$2 policy=$3 etc=$4
shift 4
mkdir -p "$etc"
cp -a /etc/. "$etc"
mkdir -p "$etc/sallyport"
rm -rf "$etc/sallyport/keys"
cp -r "$keys" "$etc/sallyport/keys"
cp "$policy" "$etc/sallyport/policy.conf"
printf "%s" "${FSTAB:-}" >"$etc/fstab"
mount --bind "$etc" /etc
mount -t tmpfs none /var/lib
mkdir /var/lib/sallyport
mount --bind "$state" /var/lib/sallyport
mount -t tmpfs none /run
mkdir /run/qubes
exec "$@"' in-dom0 "$state" "$keys" "$BATS_TEST_TMPDIR/policy.conf" \
        "$BATS_TEST_TMPDIR/etc" ${IN_DOM0:-} "$bin/qubes-dom0-update" \
        --dbpath "$(database)" --reposdir "$repos" --releasever=41 "$@"
}

installed() { # NAME: its versions
    rpm --root "$root" -q --qf '%{VERSION}-%{RELEASE}\n' "$1" | sort
}

feature() { # NAME: the last value
    sed -n "s/^$1=//p" "$bin/FEATURES" | tail -n 1
}

calls() { # PROGRAM: with which words it was called
    sed -n "s/^$1 //p" "$bin/CALLS"
}
