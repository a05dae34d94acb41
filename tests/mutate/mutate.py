#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Changes the code one place at a time; the tests must see each change:

    mutate.py BUILD-DIR [FILE...] [--sample N] [--kind KIND]
              [--again] [--known] [--list]

A file is compiled with one change (a mutant), linked into the unit programs
that use it, and these run until one fails: the mutant is killed. BUILD-DIR
holds the objects and programs of the true code; `make mutate` makes it, and
says in its file `commands` how. Without FILE: all that read unverified
bytes, or metadata in the same jail, and what publishes.

What is read or written out of bounds, shifted too far or never freed changes
nothing that a test can ask for. So one that survives is tried once more, with
the address and undefined sanitizers: BUILD-DIR/sanitized is the same tree
with them.

Two classes are counted apart, and all of theirs must be killed: `check`, a
refusal that is taken away or loosened, and `sync`, a write to the disk that
is not waited for. One of these that the unit programs do not see is linked
into the program as well, and the suites of its file are run (SUITES).

A status is 0 or negative, and its callers ask `< 0`. So in a function that
returns only statuses `return 0` becomes -1 and `return -1` becomes 0, and
neither becomes another number: 1 is the same to them as 0, and -2 as -1. For
the same reason the -1 that a variable or a member is set to (no descriptor
yet, not yet good) becomes 0 or 1 but not -2. Each other number is tried.

Mutants
that change nothing anyone can see stand in the file `equivalent`, with the
reason; a line there that fits no mutant is a fault. --sample N: all of the
two classes, and N of the others. Survivors are kept by name in
BUILD-DIR/survivors; --again: only those. --known: only those that stand in
`equivalent`, none of which may be killed. --list: what would be tried. For a
quick look, --own: only the programs that have a file's name.
"""
import argparse
import collections
import concurrent.futures
import hashlib
import json
import os
import random
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.realpath(os.path.join(HERE, "..", ".."))

# Beside those that tests/lint/size.sh calls `unverified`: what publishes.
PUBLISHING = ["src/base/path.c"] + ["src/ingest/%s.c" % name for name in (
    "index-check", "ledger", "generation", "quarantine", "publish")]

# Suites that see more of a file than its unit programs do.
SUITES = {path: ["30-publish"] for path in PUBLISHING}

# Tries jails; of the files here it only uses some.
LEFT_OUT = ["test-sandbox"]

LEAST = 95.0  # per cent killed of all; of the two classes: 100

COMPARE = {"<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="),
           ">=": (">", "<"), "==": ("!=",), "!=": ("==",)}
OTHER = {"+": "-", "-": "+", "*": "/", "/": "*", "%": "/", "&": "|",
         "|": "&", "^": "&", "<<": ">>", ">>": "<<", "+=": "-=", "-=": "+=",
         "*=": "/=", "|=": "&=", "&=": "|=", "<<=": ">>=", ">>=": "<<="}
SYNCS = {"fsync", "fdatasync", "syncfs", "sync_file_range",
         "sp_path_sync_dir"}
REFUSES = re.compile(r"\b(sp_fail\w*|sp_worker_fault|fault\w*|refuse\w*|"
                     r"SP_BUG|_exit|return (-1|false|0);)")

# What a status may come from, beside the numbers.
STATUS_CALL = re.compile(r"^sp_fail\w*\(|^\w+\(.*,\s+err\)$", re.S)

# What is replaced by what; `whole` is the expression or statement around it,
# None where only a constant may stand.
Mutant = collections.namedtuple(
    "Mutant", "file line start end new function kind whole form")

# The head of a file that holds several mutants: one of them is awake.
AWAKE = """
extern char *getenv(const char *);
extern int atoi(const char *);
static int sp_awake_;
static void __attribute__((constructor)) sp_wake_(void)
{ const char *n = getenv("SP_MUTANT"); sp_awake_ = n ? atoi(n) : 0; }
"""


def parts(node):
    """A node and all that is in it."""
    yield node
    for child in node.get("inner", []):
        yield from parts(child)


def returns(function):
    """What a function returns, as nodes; either arm of a choice."""
    values = [n["inner"][0] for n in parts(function)
              if n.get("kind") == "ReturnStmt" and n.get("inner")]
    while any(n["kind"] == "ConditionalOperator" for n in values):
        values = [arm for n in values for arm in (
            n["inner"][1:] if n["kind"] == "ConditionalOperator" else [n])]
    return values


def shown(text):
    return " ".join(text.split())


class Source:
    """One file, its syntax tree by clang, and its mutants."""

    def __init__(self, path, flags):
        self.path = path
        with open(os.path.join(TOP, path), encoding="utf-8") as code:
            self.text = code.read()
        out = subprocess.run(
            [clang(), *flags, "-fsyntax-only", "-Xclang", "-ast-dump=json",
             path], cwd=TOP, check=True, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL).stdout
        self.tree = json.loads(out)
        self.found = {}
        self.statuses = set()
        self.sentinels = set()
        self.function = "-"
        self.constant = False

    def mutants(self):
        for node in self.tree["inner"]:
            if "includedFrom" in node.get("loc", {}) or "loc" not in node \
                    or "offset" not in node["loc"]:
                continue
            if node["kind"] in ("FunctionDecl", "EnumDecl", "VarDecl"):
                self.function = node.get("name", "-")
                self.walk(node)
        return list(self.found.values())

    # ---- places ----

    def place(self, node):
        """(start, end) of what is written in this file, or None."""
        where = node.get("range", {})
        begin, end = where.get("begin", {}), where.get("end", {})
        begin = begin.get("expansionLoc", begin)
        end = end.get("expansionLoc", end)
        if "offset" not in begin or "offset" not in end or \
                "includedFrom" in begin:
            return None
        start, stop = begin["offset"], end["offset"] + end["tokLen"]
        if "expansionLoc" in where["end"] and \
                re.match(r"\s*\(", self.text[stop:]):
            stop = self.closing(self.text.index("(", stop))
        return (start, stop) if start < stop <= len(self.text) else None

    def closing(self, at):
        """Behind the parenthesis that closes the one at `at`."""
        depth, quoted = 0, None
        while at < len(self.text):
            c = self.text[at]
            if quoted:
                if c == "\\":
                    at += 1
                elif c == quoted:
                    quoted = None
            elif c in "\"'":
                quoted = c
            elif c == "(":
                depth += 1
            elif c == ")":
                depth -= 1
                if depth == 0:
                    return at + 1
            at += 1
        return len(self.text)

    def add(self, where, new, kind="code", whole=None, form="expression"):
        """`new` in the place of `where`, a piece of the expression `whole`."""
        start, end = where
        if self.text[start:end] == new:
            return
        line = self.text.count("\n", 0, start) + 1
        mutant = Mutant(self.path, line, start, end, new, self.function, kind,
                        None if self.constant else whole or where, form)
        key = (start, end, new)
        if key not in self.found or kind != "code":
            self.found[key] = mutant

    # ---- operators ----

    def walk(self, node):
        kind = node.get("kind", "")
        outside = self.constant
        if kind in ("EnumConstantDecl", "ConstantExpr") or (
                kind == "VarDecl" and (node.get("storageClass") == "static"
                                       or self.function == node.get("name"))):
            self.constant = True
        handler = getattr(self, "at_" + kind, None)
        if handler:
            handler(node)
        for child in node.get("inner", []):
            if child.get("kind"):
                self.walk(child)
        self.constant = outside

    def at_BinaryOperator(self, node):
        left, right = (self.place(n) for n in node["inner"])
        whole, op = self.place(node), node["opcode"]
        if op == "=":
            self.sentinel(node["inner"][1:])
        if not left or not right or left[1] > right[0]:
            return
        at = self.text[left[1]:right[0]].find(op)
        if at < 0:
            return
        here = (left[1] + at, left[1] + at + len(op))
        for new in COMPARE.get(op, ()):
            self.add(here, new, whole=whole)
        if op in OTHER:
            self.add(here, OTHER[op], whole=whole)
        if op in ("&&", "||"):
            kind = "check" if self.guards(node, op) else "code"
            self.add(here, "||" if op == "&&" else "&&", whole=whole)
            self.add(whole, self.text[left[0]:left[1]], kind)
            self.add(whole, self.text[right[0]:right[1]], kind)

    at_CompoundAssignOperator = at_BinaryOperator

    def guards(self, node, op):
        """Whether a term less lets more pass."""
        return id(node) in self.refusals.get(op, ())

    def at_IfStmt(self, node):
        condition, then = node["inner"][0], node["inner"][1]
        where, body = self.place(condition), self.place(then)
        if not where or not body:
            return
        refuses = REFUSES.search(self.text[body[0]:body[1] + 1])
        if refuses:
            self.mark(condition, "||")
        self.add(where, "0", "check" if refuses else "code")
        self.add(where, "1")

    refusals = None

    def mark(self, node, op):
        """Remembers each `op` in an expression: all its terms refuse."""
        if self.refusals is None:
            self.refusals = {"&&": set(), "||": set()}
        stack = [node]
        while stack:
            n = stack.pop()
            if n.get("kind") == "BinaryOperator":
                if n["opcode"] == op:
                    self.refusals[op].add(id(n))
                elif n["opcode"] in ("&&", "||"):
                    continue
            if n.get("kind") != "UnaryOperator":
                stack += n.get("inner", [])

    def at_FunctionDecl(self, node):
        self.refusals = {"&&": set(), "||": set()}
        kind = node["type"]["qualType"]
        self.returns_bool = kind.startswith(("bool", "_Bool"))
        returned = [(n, self.text[slice(*self.place(n) or (0, 0))])
                    for n in returns(node)]
        calls = [STATUS_CALL.search(text) for _, text in returned]
        if kind.startswith("int (") and \
                (any(calls) or any(text == "-1" for _, text in returned)) and \
                all(call or text in ("0", "-1")
                    for call, (_, text) in zip(calls, returned)):
            self.statuses.update(id(part) for n, text in returned
                                 if text in ("0", "-1") for part in parts(n))

    def at_VarDecl(self, node):
        self.sentinel(node.get("inner", []))

    def at_InitListExpr(self, node):
        self.sentinel(node.get("inner", []))

    def sentinel(self, values):
        """Remembers the 1 of each value that is -1."""
        for value in values:
            where = self.place(value)
            if where and self.text[where[0]:where[1]] == "-1":
                self.sentinels.update(id(part) for part in parts(value))

    def at_ReturnStmt(self, node):
        if not node.get("inner"):
            return
        where = self.place(node["inner"][0])
        if not where:
            return
        value = self.text[where[0]:where[1]]
        if self.returns_bool:
            self.mark(node["inner"][0], "&&")
            kind = "check" if value != "true" else "code"
            if value not in ("true", "false"):
                self.add(where, "true", kind)
                self.add(where, "false")
            else:
                self.add(where, "false" if value == "true" else "true", kind)
        elif value == "-1" or value.startswith("sp_fail"):
            self.add(where, "0", "check")
        elif value == "0":
            self.add(where, "-1")
        elif STATUS_CALL.search(value) or value.endswith(", err)"):
            self.add(where, "0", "check")

    def at_UnaryOperator(self, node):
        where, inner = self.place(node), self.place(node["inner"][0])
        if not where or not inner:
            return
        if id(node) in self.statuses:
            self.add(where, "0", "check")
            return
        op = node["opcode"]
        if op in ("!", "~", "-") and where[0] + 1 <= inner[0] and \
                self.text[where[0]] == op:
            self.add((where[0], where[0] + 1), "", whole=where)
        if op in ("++", "--"):
            at = where[0] if self.text.startswith(op, where[0]) else inner[1]
            if self.text.startswith(op, at):
                self.add((at, at + 2), "--" if op == "++" else "++",
                         whole=where)

    def at_IntegerLiteral(self, node):
        where = self.place(node)
        if id(node) in self.statuses:
            if where and self.text[where[0] - 1] != "-":
                self.add(where, "-1")
            return
        if where and re.fullmatch(r"(0[xX][0-9a-fA-F]+|\d+)[uUlL]*",
                                  self.text[where[0]:where[1]]):
            text = self.text[where[0]:where[1]]
            if id(node) not in self.sentinels:
                self.add(where, "(%s + 1)" % text)
            if not re.fullmatch("0[uUlL]*", text):
                self.add(where, "(%s - 1)" % text)

    def at_CharacterLiteral(self, node):
        where = self.place(node)
        if where and self.text[where[0]] == "'":
            self.add(where, "(%s + 1)" % self.text[where[0]:where[1]])

    def at_ConditionalOperator(self, node):
        where = self.place(node["inner"][0])
        if where:
            self.add(where, "0")
            self.add(where, "1")

    def at_CompoundStmt(self, node):
        for child in node.get("inner", []):
            self.statement(child)

    def at_WhileStmt(self, node):
        where = self.place(node["inner"][0])
        if where:
            self.add(where, "0")
        self.statement(node["inner"][-1])

    def at_ForStmt(self, node):
        self.statement(node["inner"][-1])

    def at_CallExpr(self, node):
        where = self.place(node)
        if where and re.split(r"\W", self.text[where[0]:], maxsplit=1)[0] \
                in SYNCS:
            self.add(where, "0", "sync")

    def statement(self, node):
        """Takes an expression statement, break or continue away."""
        if node["kind"] not in ("CallExpr", "BinaryOperator", "CStyleCastExpr",
                                "CompoundAssignOperator", "UnaryOperator",
                                "BreakStmt", "ContinueStmt"):
            return
        where = self.place(node)
        if not where or not re.match(r"\s*;", self.text[where[1]:]):
            return
        text = self.text[where[0]:where[1]]
        if re.fullmatch(r"\(void\)\s*\w+", text):
            return  # it does nothing
        refuses = re.match(r"(sp_worker_fault|fault\w*|refuse\w*|SP_BUG)\(",
                           text)
        self.add(where, "(void)0", "check" if refuses else "code",
                 form="statement")


def clang():
    for name in ("clang-19", "clang"):
        if shutil.which(name):
            return name
    sys.exit("mutate: there is no clang; run tests/deps.sh cover")


# ---- what the true code says ----------------------------------------------

def files_wanted():
    lines = subprocess.run([os.path.join(TOP, "tests/lint/size.sh")],
                           env=dict(os.environ, V="1"), cwd=TOP, check=True,
                           stdout=subprocess.PIPE, text=True).stdout
    return re.findall(r"^ +\d+ (?:unverified|signed) +(\S+\.c)$", lines,
                      re.M) + PUBLISHING


class Bench:
    """Where mutants are built and tried."""

    # What the address sanitizer reserves is more than any limit.
    def __init__(self, build, space=1 << 32):
        with open(os.path.join(build, "commands"), encoding="utf-8") as words:
            said = dict(line.rstrip("\n").split("=", 1) for line in words)
        self.build = build
        self.space = space
        self.compile = shlex.split(said["COMPILE"])
        self.link = shlex.split(said["LINK"])
        self.libs = said["LIBS"].split()
        self.archives = said["ARCHIVES"].split()
        self.sallyport = said["SALLYPORT"].split()
        self.users = collections.defaultdict(list)
        self.seconds = {}

    def flags(self):
        return [w for w in self.compile if w.startswith(("-I", "-D"))]

    def command(self, program, objects, out):
        return [*self.link, "-o", out,
                os.path.join(self.build, "tests/unit", program + ".o"),
                *objects, *self.archives, *self.libs]

    def measure(self, programs, files):
        """Which of the files a program holds, and how long it takes."""
        wanted = {self.member(path) for path in files}
        with tempfile.TemporaryDirectory() as scratch:
            os.chmod(scratch, 0o755)
            for program in programs:
                out = os.path.join(scratch, program)
                traced = subprocess.run(
                    [*self.command(program, [], out), "-Wl,--trace,--trace"],
                    cwd=TOP, check=True, stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT, text=True).stdout
                held = wanted & set(re.findall(r"(\w+)\.a\W+([\w-]+)\.o",
                                               traced))
                if not held:
                    continue
                self.seconds[program] = self.time([out], program, self.space)
                for member in held:
                    self.users[member].append(program)
        for (_, name), users in self.users.items():
            users.sort(key=lambda p: (not is_own(p, name), self.seconds[p]))
        for path in files:
            if not self.programs_of(path):
                print("  no unit program reaches %s" % path)

    def patience(self, program):
        """Seconds on a processor that a mutant may take."""
        if program not in self.seconds:
            true = os.path.join(self.build, "tests/unit", program)
            self.seconds[program] = self.time([true], program, self.space)
        return 2 + 3 * self.seconds[program]

    @staticmethod
    def time(command, name, space=1 << 32, **env):
        """Seconds on a processor that the true code takes."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        result, how = attempt(command, 600, space=space, **env)
        if result != "survived":
            sys.exit("mutate: %s fails on the true code: %s" % (name, how))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - \
            before.ru_stime

    def programs(self, folder, path=None, built=None):
        """A folder of programs; with `built` in sallyport, for `path`."""
        for name in os.listdir(self.build):
            if name.startswith("sallyport"):
                os.symlink(os.path.abspath(os.path.join(self.build, name)),
                           os.path.join(folder, name))
        # The suites lock it.
        subprocess.run(["cp", "-r", os.path.join(self.build, "fixtures"),
                        folder], check=True)
        subprocess.run(["chmod", "-R", "a+rwX", folder], check=True)
        if path:
            os.unlink(os.path.join(folder, "sallyport"))
            true = os.path.join(self.build, os.path.splitext(path)[0] + ".o")
            subprocess.run(
                [*self.link, "-o", os.path.join(folder, "sallyport"),
                 *(built if o == true else o for o in self.sallyport)],
                cwd=TOP, check=True)

    @staticmethod
    def member(path):
        """(archive, object) of a file."""
        return (os.path.basename(os.path.dirname(path)),
                os.path.splitext(os.path.basename(path))[0])

    def programs_of(self, path):
        """The likeliest to see a change, then the fastest."""
        return self.users.get(self.member(path), [])


def is_own(program, name):
    """test-check is there for check-package.c as well."""
    return name.startswith(program[len("test-"):])


def limits(seconds, space):
    """Of time on a processor: others that run here change nothing."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 28, 1 << 28))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (space, space))


def spent(session):
    """(time on a processor, whether all sleep) of the processes of one."""
    ticks, asleep = 0, True
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % pid, encoding="latin-1") as stat:
                words = stat.read().rpartition(")")[2].split()
        except OSError:
            continue
        if int(words[3]) == session:
            ticks += int(words[11]) + int(words[12])
            asleep = asleep and words[0] not in "RD"
    return ticks, asleep


def watch(run, done, late):
    """Ends what sleeps and does nothing for half a minute."""
    last, quiet = None, 0
    while quiet < 6 and not done.wait(5):
        now = spent(run.pid)
        quiet = quiet + 1 if now == last and now[1] else 0
        last = now
    if quiet >= 6:
        late.append(1)
        end(run)


def attempt(command, seconds, number=0, space=1 << 32, **env):
    """('killed' | 'timeout' | 'survived', by what) of a program or suite."""
    # A mutant may do anything: as nobody, in a folder of its own.
    owner = {"user": 65534, "group": 65534, "extra_groups": []} \
        if os.getuid() == 0 else {}
    with tempfile.TemporaryDirectory() as home:
        os.chmod(home, 0o777)
        run = subprocess.Popen(
            command, cwd=TOP, **owner, stdin=subprocess.DEVNULL,
            env=dict(os.environ, TMPDIR=home, SP_MUTANT=str(number), **env),
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            start_new_session=True, text=True, errors="replace",
            preexec_fn=lambda: limits(int(seconds), space))
        done, late = threading.Event(), []
        watching = threading.Thread(target=watch, args=(run, done, late))
        watching.start()
        said = next((line.strip() for line in run.stdout
                     if line.startswith("not ok")), None)
        end(run)
        status = run.wait()
        done.set()
        watching.join()
        run.stdout.close()
    if late or status == -signal.SIGXCPU:
        return "timeout", "%g s" % seconds
    if said or status != 0:
        return "killed", said or "status %d" % status
    return "survived", ""


def end(run):
    try:
        os.killpg(run.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def layers(mutants):
    """Groups whose places do not overlap; constants are alone."""
    groups = []
    for mutant in sorted(mutants, key=lambda m: m.whole or (m.start, m.end)):
        if mutant.whole:
            for group in groups:
                if group[-1].whole and group[-1].whole[1] <= mutant.whole[0]:
                    group.append(mutant)
                    break
            else:
                groups.append([mutant])
        else:
            groups.insert(0, [mutant])
    return groups


def with_mutants(text, group):
    """The text of a file in which the n-th mutant wakes by its number."""
    if len(group) == 1:
        m = group[0]
        return text[:m.start] + m.new + text[m.end:]
    out, at = [AWAKE, "#line 1\n"], 0
    for number, m in enumerate(group, 1):
        start, end = m.whole
        true = text[start:end]
        changed = text[start:m.start] + m.new + text[m.end:end]
        out.append(text[at:start])
        if m.form == "statement":
            out.append("if (sp_awake_ != %d) %s" % (number, true))
        else:
            out.append("(sp_awake_ == %d ? (%s) : (%s))" % (number, changed,
                                                            true))
        at = end
    out.append(text[at:])
    return "".join(out)


def try_group(bench, group, text):
    """(mutant, (verdict, by what)) of each."""
    with tempfile.TemporaryDirectory() as scratch:
        os.chmod(scratch, 0o755)
        built = os.path.join(scratch, "mutant.o")
        if subprocess.run([*bench.compile, "-w", "-x", "c", "-c", "-o", built,
                           "-"], cwd=TOP, input=with_mutants(text, group),
                          text=True, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode != 0:
            if len(group) == 1:
                return [(group[0], ("not compiled", ""))]
            return [r for m in group for r in try_group(bench, [m], text)]
        return [(m, try_one(bench, m, number, built))
                for number, m in enumerate(group, 1)]


def try_one(bench, mutant, number, built):
    """(verdict, by what) of one mutant of a compiled group."""
    for program in bench.programs_of(mutant.file):
        out = os.path.join(os.path.dirname(built), program)
        if not os.path.exists(out) and subprocess.run(
                bench.command(program, [built], out), cwd=TOP,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL).returncode != 0:
            return "not compiled", ""
        verdict, how = attempt([out], bench.patience(program), number,
                               bench.space)
        if verdict != "survived":
            return verdict, program + ": " + how
    return "survived", ""


def try_all(bench, mutants, texts, jobs):
    """(mutant, (verdict, by what)) of each, as they come."""
    groups, tried = [], 0
    for path, text in texts.items():
        groups += layers(m for m in mutants if m.file == path)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for found in pool.map(lambda group: try_group(
                bench, group, texts[group[0].file]), groups):
            tried += len(found)
            for m, (verdict, _) in found:
                if verdict == "survived":
                    print("\r" + line_of(m, texts), file=sys.stderr)
            print("\r  %d of %d" % (tried, len(mutants)), end="",
                  file=sys.stderr, flush=True)
            yield from found
    print(file=sys.stderr)


def try_sanitized(plain, results, texts, jobs):
    """The same results; the sanitizers have seen some that survived."""
    left = [m for m, (verdict, _) in results if verdict == "survived"]
    bench = Bench(os.path.join(plain.build, "sanitized"),
                  resource.RLIM_INFINITY)
    bench.users = plain.users
    print("  with the sanitizers:", file=sys.stderr)
    seen = {m: ("sanitizer" if verdict == "killed" else verdict, how)
            for m, (verdict, how) in try_all(bench, left, texts, jobs)}
    return [(m, seen.get(m, verdict)) for m, verdict in results]


def try_suites(bench, results, texts):
    """The same results; suites have seen those that only they can see."""
    left = [m for m, (verdict, _) in results if verdict == "survived" and
            m.kind != "code" and m.file in SUITES]
    seconds = {}
    for suite in sorted({s for m in left for s in SUITES[m.file]}):
        with tempfile.TemporaryDirectory() as folder:
            bench.programs(folder)
            seconds[suite] = bench.time(bats(suite), suite, SP_BUILD=folder)
    seen = {}
    for m in left:
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            built = os.path.join(folder, "mutant.o")
            subprocess.run([*bench.compile, "-w", "-x", "c", "-c", "-o",
                            built, "-"], cwd=TOP, check=True, text=True,
                           input=with_mutants(texts[m.file], [m]))
            bench.programs(folder, m.file, built)
            for suite in SUITES[m.file]:
                verdict, how = attempt(bats(suite), 60 + 3 * seconds[suite],
                                       SP_BUILD=folder)
                if verdict != "survived":
                    seen[m] = verdict, suite + ": " + how
                    break
    return [(m, seen.get(m, verdict)) for m, verdict in results]


def bats(suite):
    return ["bats", "--formatter", "tap", "tests/bats/%s.bats" % suite]


# ---- what is known --------------------------------------------------------

def change(mutant, text):
    old = shown(text[mutant.start:mutant.end])
    return "%s => %s" % (old, shown(mutant.new) or "(nothing)")


def name_of(mutant, text):
    """The same as long as the function has the same code at that place."""
    line_start = text.rfind("\n", 0, mutant.start) + 1
    line_end = text.find("\n", mutant.start)
    return "%s\t%s\t%s\t%s" % (mutant.file, mutant.function,
                               shown(text[line_start:line_end]),
                               change(mutant, text))


def equivalents():
    """Name -> reason. Lines of five fields, tabs between."""
    known = {}
    with open(os.path.join(HERE, "equivalent"), encoding="utf-8") as data:
        for line in data:
            if line.strip() and not line.startswith("#"):
                *name, reason = line.rstrip("\n").split("\t")
                known["\t".join(name)] = reason
    return known


def check_known(known, mutants, texts):
    """Each line of `equivalent` must still be about something."""
    names = {name_of(m, texts[m.file]) for m in mutants}
    stale = [name for name in known
             if name not in names and name.split("\t")[0] in texts]
    for name in stale:
        print("equivalent: no such mutant: %s" % name.replace("\t", " | "))
    if stale:
        sys.exit(1)


def none_seen(results, texts):
    """Whether of each name one survived; says of which none did, and why."""
    unseen = {name_of(m, texts[m.file]) for m, (verdict, _) in results
              if verdict == "survived"}
    seen = [(m, how) for m, (_, how) in results
            if name_of(m, texts[m.file]) not in unseen]
    for mutant, how in seen:
        print("equivalent: %s: seen by %s" % (line_of(mutant, texts), how))
    print("  %d of %d that stand in `equivalent` are seen" % (len(seen),
                                                            len(results)))
    return not seen


def tally(results):
    """kind -> Counter of verdicts."""
    counts = {kind: collections.Counter() for kind in
              ("check", "sync", "code")}
    for mutant, (verdict, _) in results:
        counts[mutant.kind][verdict] += 1
    return counts


def line_of(mutant, texts):
    return "%s:%d: %s (%s): %s" % (
        mutant.file, mutant.line, mutant.kind, mutant.function,
        change(mutant, texts[mutant.file]))


def report(results, texts, sampled):
    """Prints the survivors and the score. True when it is high enough."""
    for mutant, (verdict, _) in sorted(results,
                                       key=lambda result: result[0][:5]):
        if verdict == "survived":
            print(line_of(mutant, texts))
    good = True
    total = collections.Counter()
    print("  %-32s %7s %8s %9s %8s %9s %9s %7s" % (
        "", "mutants", "killed", "sanitizer", "timeout", "survived",
        "the same", "score"))
    counts = tally(results)
    for kind, counted in [*counts.items(), ("all", total)]:
        seen = counted["killed"] + counted["sanitizer"] + counted["timeout"]
        of = seen + counted["survived"]
        score = int(1000 * seen / of) / 10 if of else 100.0
        least = LEAST if kind in ("code", "all") else 100.0
        print("  %-32s %7d %8d %9d %8d %9d %9d %6.1f%%%s" % (
            {"check": "a check that is taken away", "all": "all",
             "sync": "a sync that is left out",
             "code": "any other change" + sampled}
            [kind], of + counted["the same"], counted["killed"],
            counted["sanitizer"], counted["timeout"], counted["survived"],
            counted["the same"], score,
            "" if score >= least else "   BELOW %g" % least))
        good = good and score >= least
        if kind != "all":
            total.update(counted)
    print("  %d more did not compile" % total["not compiled"])
    return good


def collect(args, bench, known):
    """The mutants to try, the text of each file, and what was left out."""
    texts, mutants = {}, []
    for path in args.files or files_wanted():
        source = Source(path, bench.flags())
        texts[path] = source.text
        mutants += source.mutants()
    check_known(known, mutants, texts)
    if args.again:
        with open(os.path.join(args.build, "survivors"),
                  encoding="utf-8") as kept:
            names = set(kept.read().split("\n"))
        mutants = [m for m in mutants if name_of(m, texts[m.file]) in names]
    if args.known:
        mutants = [m for m in mutants if name_of(m, texts[m.file]) in known]
        args.sample = 0
    if args.kind:
        mutants = [m for m in mutants if m.kind == args.kind]
    rest = [m for m in mutants if m.kind == "code"]
    if args.sample and args.sample < len(rest):
        random.seed(hashlib.sha256("".join(texts.values()).encode()).digest())
        mutants = [m for m in mutants if m.kind != "code"] + \
            random.sample(rest, args.sample)
        return mutants, texts, ", %d of %d" % (args.sample, len(rest))
    return mutants, texts, ""


def unit_programs(args, texts):
    folder = os.path.join(args.build, "tests/unit")
    names = [os.path.splitext(os.path.basename(path))[0] for path in texts]
    return sorted(
        program for program in os.listdir(folder)
        if os.access(os.path.join(folder, program), os.X_OK) and
        program not in LEFT_OUT and
        (not args.own or any(is_own(program, name) for name in names)))


def keep_survivors(build, results, texts):
    with open(os.path.join(build, "survivors"), "w",
              encoding="utf-8") as kept:
        kept.writelines(name_of(m, texts[m.file]) + "\n"
                        for m, (verdict, _) in sorted(
                            results, key=lambda result: result[0][:5])
                        if verdict == "survived")


def main():
    words = argparse.ArgumentParser(description="mutation tests")
    words.add_argument("build")
    words.add_argument("files", nargs="*")
    words.add_argument("--sample", type=int, default=0)
    words.add_argument("--kind", choices=("check", "sync", "code"))
    words.add_argument("--again", action="store_true")
    words.add_argument("--known", action="store_true")
    words.add_argument("--list", action="store_true")
    words.add_argument("--own", action="store_true")
    words.add_argument("--jobs", type=int, default=os.cpu_count())
    args = words.parse_args()
    bench = Bench(args.build)
    known = equivalents()
    mutants, texts, sampled = collect(args, bench, known)
    if args.list:
        for m in mutants:
            print("%s:%d: %s: %s" % (m.file, m.line, m.kind,
                                     change(m, texts[m.file])))
        return
    bench.measure(unit_programs(args, texts), texts)
    results = [(m, ("the same", "")) for m in mutants
               if name_of(m, texts[m.file]) in known and not args.known]
    done = {m for m, _ in results}
    results += try_all(bench, [m for m in mutants if m not in done], texts,
                       args.jobs)
    results = try_sanitized(bench, results, texts, args.jobs)
    if args.known:
        sys.exit(0 if none_seen(results, texts) else 1)
    keep_survivors(args.build, results, texts)
    if not args.own:
        results = try_suites(bench, results, texts)
    good = report(results, texts, sampled)
    keep_survivors(args.build, results, texts)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
