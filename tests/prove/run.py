#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Frama-C Eva over what reads unverified bytes:

    run.py prove [UNIT...]    every unit: no alarm, every statement reached,
                              every precondition of a called function shown
    run.py teeth [UNIT...]    every fault of faults.py is seen

The units stand in units.py. The seconds are of processor time."""
import concurrent.futures
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from faults import FAULTS  # noqa: E402
from units import COMMON, CPP, OPTIONS, SLEVEL, UNITS  # noqa: E402


def command(name, script):
    unit = UNITS[name]
    slevel = ",".join(filter(None, [SLEVEL, unit.get("slevel")]))
    return (["frama-c", "-load-script", script, "-cpp-extra-args=" + CPP,
             "tests/prove/%s.c" % name] + COMMON + unit.get("proves", []) +
            unit.get("also", []) + OPTIONS + unit.get("options", []) +
            ["-eva-slevel-function", slevel])


def analyse(name, top, more=()):
    """The output, and the seconds that it took."""
    with tempfile.TemporaryDirectory() as tmp:
        script = os.path.join(tmp, "reach.ml") # compiled where it stands
        shutil.copy(os.path.join(TOP, "tests/prove/reach.ml"), script)
        # Frama-C looks for its sources in $PWD, not in its directory.
        child = subprocess.Popen(command(name, script) + list(more), cwd=top,
                                 env=dict(os.environ, PWD=top),
                                 stdout=subprocess.PIPE, text=True,
                                 stderr=subprocess.STDOUT)
        output = child.stdout.read()
        _, _, usage = os.wait4(child.pid, 0)
    return output, usage.ru_utime + usage.ru_stime


def number(pattern, output):
    found = re.search(pattern, output)
    return int(found.group(1)) if found else None


def statements(name, output):
    """{(file, line, function, text): reached} of the files under proof, and
    which of these files Frama-C has not seen. A function of a header stands in
    each file that includes it, with a number behind its name: reached in one
    of them is reached."""
    unit = UNITS[name]
    files = unit.get("proves", []) + unit.get("included", [])
    seen = {}
    # The kernel breaks long lines, with an indent.
    whole = re.sub(r"\n {2,}", " ", output)
    for reached, path, line, function, text in re.findall(
            r"^(?:\[kernel\] )?reach ([01]) (\S+) (\d+) (\S+) (.*)$", whole,
            re.M):
        if path in files:
            key = (path, line, re.sub(r"_\d+$", "", function), text)
            seen[key] = seen.get(key, False) or reached == "1"
    return seen, sorted(set(files) - {key[0] for key in seen})


def source_line(path, line):
    with open(os.path.join(TOP, path), encoding="utf-8") as source:
        return source.read().split("\n")[int(line) - 1].strip()


def unexplained(name, missing):
    """What is unreached without a listed reason; what is listed for nothing."""
    reasons = UNITS[name].get("unreached", {})
    places = {key: (key[2], source_line(key[0], key[1])) for key in missing}
    return ([key for key in missing if places[key] not in reasons],
            set(reasons) - set(places.values()))


def prove(name):
    output, seconds = analyse(name, TOP)
    alarms = number(r"(\d+) alarms? generated", output)
    valid = number(r"Preconditions +(\d+) valid", output)
    total = number(r"Preconditions .* (\d+) total", output)
    seen, unseen = statements(name, output)
    missing = [key for key, reached in seen.items() if not reached]
    left, stale = unexplained(name, missing)
    good = (alarms == 0 and valid is not None and valid == total and
            "No errors or warnings raised" in output and seen and
            not unseen and not left and not stale)
    row = "%-9s %6s %5d/%-5d %5s/%-5s %5.0f  %s" % (
        name, alarms, len(seen) - len(missing), len(seen), valid, total,
        seconds, UNITS[name]["about"])
    notes = ["    %s:%s %s: unreached: %s" % key for key in left]
    notes += ["    not analysed: " + path for path in unseen]
    notes += ["    listed, but reached: %s: %s" % key for key in sorted(stale)]
    if not good:
        notes += ["    " + line for line in re.findall(
            r"^\[eva:alarm\] .*\n.*|^.*User Error.*$", output, re.M)[:20]]
    reasons = ["    unreached, in %s: %s" % (key[0], why)
               for key, why in UNITS[name].get("unreached", {}).items()]
    return good, "\n".join([row] + reasons + notes)


def bite(fault):
    name, path, old, new = fault
    with tempfile.TemporaryDirectory() as top:
        for part in ("src", "tests/prove"):
            shutil.copytree(os.path.join(TOP, part), os.path.join(top, part))
        target = os.path.join(top, path)
        with open(target, encoding="utf-8") as source:
            text = source.read()
        if text.count(old) != 1:
            return False, "%s: '%s' stands there %d times" % (
                path, old, text.count(old))
        with open(target, "w", encoding="utf-8") as source:
            source.write(text.replace(old, new))
        output, _ = analyse(name, top, ["-eva-stop-at-nth-alarm", "1"])
    alarm = re.search(r"^\[eva:alarm\] (\S+): Warning: *\n? *(.*)$", output,
                      re.M)
    if not alarm:
        return False, "%-9s NOT SEEN  %s: %s" % (name, path, " ".join(
            old.split()))
    return True, "%-9s seen      %s: %s" % (name, path, " ".join(old.split()))


def report(results):
    failed = 0
    for good, text in results:
        print(text if good else "FAILED    " + text, flush=True)
        failed += not good
    return failed


def main():
    words = sys.argv[1:]
    if not words or words[0] not in ("prove", "teeth"):
        sys.exit(__doc__)
    names = words[1:] or list(UNITS)
    jobs = int(os.environ.get("JOBS", "1"))
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        if words[0] == "prove":
            print("unit      alarms statements  preconditions  seconds  input")
            failed = report(pool.map(prove, names))
            print("%d units, %d failed" % (len(names), failed))
        else:
            faults = [f for f in FAULTS if f[0] in names]
            failed = report(pool.map(bite, faults))
            print("%d faults seeded, %d not seen" % (len(faults), failed))
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
