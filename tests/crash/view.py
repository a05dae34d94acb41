# SPDX-License-Identifier: GPL-2.0-or-later
"""What there is of a repository in a state directory."""

import hashlib
import os
import re
import stat

# Tell of one run, or when it was: the process, its fault, the delivery.
RECORDS = ("/.lock", "/errors", "history/*", "/pubring.kbx")


def entry(path, with_time):
    info = os.lstat(path)
    words = [stat.filemode(info.st_mode)]
    if with_time:
        words.append(info.st_mtime_ns)
    if stat.S_ISLNK(info.st_mode):
        words.append(os.readlink(path))
    elif stat.S_ISREG(info.st_mode):
        with open(path, "rb") as file:
            words.append(hashlib.sha256(file.read()).hexdigest())
    return tuple(words)


def tree(root, with_time):
    """All below a folder: {name: what it is}."""
    found = {}
    for where, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(where, name)
            found[os.path.relpath(path, root)] = entry(path, with_time)
    return found


class View:
    """What there is of a repository in a state directory."""

    def __init__(self, state):
        self.state = state
        self.repo = os.path.join(state, "updates")

    def current(self):
        """The number, 0 without a repository."""
        try:
            target = os.readlink(self.repo + "/current")
        except FileNotFoundError:
            return 0
        return int(target.removeprefix("generations/"))

    def readers(self):
        """What a reader sees through the names that dnf opens."""
        number = self.current()
        if number == 0:
            return None
        return (number, os.readlink(self.repo + "/rpm"),
                os.readlink(self.repo + "/repodata"),
                self.generation("current/."))

    def generation(self, name):
        path = os.path.join(self.repo, name)
        return entry(path, True), tree(path, True)

    def published(self):
        """The generations that count as published, by number."""
        folder = self.repo + "/generations"
        names = os.listdir(folder) if os.path.isdir(folder) else []
        highest = self.current()
        try:
            with open(self.state + "/highest", encoding="ascii") as file:
                highest = max(highest, int(file.read() or 0))
        except FileNotFoundError:
            pass
        return {int(n): self.generation("generations/" + n) for n in names
                if n.isdigit() and int(n) <= highest}

    def rest(self):
        """What a finished state holds besides. The record of a delivery has
        a name of its own each time."""
        kept = {}
        for name, what in tree(self.state, False).items():
            parts = name.split("/")
            if parts[:2] == ["updates", "generations"] and len(parts) > 2 \
                    and parts[2].isdigit() or parts[-1] == ".lock":
                continue
            if parts[0] == "history" and not parts[-1].startswith("."):
                continue
            # gpg writes the time of the making into it.
            kept[name] = what[0] if parts[-1] == "pubring.kbx" else what
        return kept

    def everything(self):
        """What the next run finds, but for names and records that differ
        from run to run."""
        kept = []
        for name, what in tree(self.state, False).items():
            name = re.sub("[0-9a-f]{32}", "*", name)
            if name.startswith("history/") and "/." not in name:
                name = "history/*"
            if name.endswith(RECORDS):
                what = what[0]
            kept.append(repr((name, what)))
        return (repr(self.readers()), repr(sorted(self.published().items())),
                *sorted(set(kept)))
