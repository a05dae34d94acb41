#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Stands in for the programs of a Qubes dom0, under the name it is called by.

Copies of this file lie beside sallyport. Each call is a line of CALLS there.
Files beside it say how the world is:

    HALTED      the update qube does not run
    RUNNING     names of running qubes, for qvm-ls
    XEN         version of the hypervisor, for xl
    FEATURES    what qvm-features was told, NAME=VALUE
    MODE        what goes wrong in a qvm-run
    STATUS.X    exit status of program X
    dnf.conf    configuration for the real dnf; ROOT is its installroot
    vm/         the programs of the update qube, before /usr/bin
"""

import os
import subprocess
import sys
import time

folder = os.path.dirname(os.path.abspath(sys.argv[0]))
name = os.path.basename(sys.argv[0])
words = sys.argv[1:]


def there(file):
    return os.path.exists(os.path.join(folder, file))


def text(file):
    if not there(file):
        return ""
    with open(os.path.join(folder, file), encoding="utf-8") as f:
        return f.read().strip()


def note():
    with open(os.path.join(folder, "CALLS"), "a", encoding="utf-8") as f:
        print(name, *words, file=f)


def qvm_features():
    if len(words) == 3:
        with open(os.path.join(folder, "FEATURES"), "a",
                  encoding="utf-8") as f:
            print("%s=%s" % (words[1], words[2]), file=f)
        return 0
    values = dict(line.split("=", 1) for line in text("FEATURES").split("\n")
                  if line)
    if words[1] not in values:
        return 1
    print(values[words[1]])
    return 0


def in_qube(command):
    env = {
        "PATH": folder + "/vm:/usr/bin:/bin", "HOME": folder + "/home",
        "LC_ALL": "C", "FAKE_SERVICES": folder + "/services",
        "FAKE_VM": folder + "/vm",
    }
    for here, there_ in (("/usr/lib/qubes/", folder + "/vm/"),
                         ("/var/lib/qubes/dom0-updates",
                          folder + "/dom0-updates"),
                         ("chown -R", "true")):
        command = command.replace(here, there_)
    return env, ["sh", "-c", command]


def qvm_run():
    options = []
    while words[len(options)].startswith("-"):
        options.append(words[len(options)])
        if options[-1] == "-u":
            options.append(words[len(options)])
    qube, rest = words[len(options)], words[len(options) + 1:]
    if rest[:1] != ["--"] or "--pass-io" not in options:
        sys.exit("qvm-run: bad arguments")
    if "--no-autostart" in options and there("HALTED"):
        return 1
    mode = text("MODE")
    if mode == "no-qube":
        print("qvm-run: error: no such domain: \x1b[2J" + qube,
              file=sys.stderr)
        return 1
    if mode == "silent":
        time.sleep(600)
    if mode == "flood":
        os.write(2, b"x" * 79 + b"\n")
        for _ in range(200):
            os.write(1, (b"y" * 79 + b"\n") * 200)
    command = " ".join(rest[1:])
    env, argv = in_qube(command)
    return subprocess.run(argv, env=env).returncode


def dnf():
    os.execv("/usr/bin/dnf", ["dnf", "-c", folder + "/dnf.conf",
                              "--installroot=" + text("ROOT"), *words])


def main():
    note()
    if there("STATUS." + name):
        return int(text("STATUS." + name))
    if name == "qubes-prefs":
        print("sys-update")
    elif name == "qvm-check":
        return 1 if there("HALTED") else 0
    elif name == "qvm-ls":
        print(text("RUNNING"))
    elif name == "xl":
        print(text("XEN") or "4.17.4")
    elif name == "qvm-features":
        return qvm_features()
    elif name == "qvm-run":
        return qvm_run()
    elif name == "dnf":
        dnf()
    return 0


sys.exit(main())
