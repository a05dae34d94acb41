#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Types lines into an interactive shell on a terminal, a tab behind each.

    typist.py SHELL SCRIPT PROGRAM < LINES

SCRIPT is the completion of PROGRAM. Prints for each line the words that the
shell made of it, in angle brackets: what a person would have got.
"""
import os
import pty
import select
import sys
import time

PROMPT = b"typist> "
END = b"(typed)"

SETUP = {
    "bash": """PS1='typist'; PS1+='> '; bind 'set bell-style none'
bind 'set enable-bracketed-paste off'
source '%(script)s'
%(program)s() { printf '<%%s>' "$@"; echo '(ty''ped)'; }
""",
    "zsh": """PS1='typist'; PS1+='> '; unsetopt zle_bracketed_paste beep prompt_sp
unset zle_bracketed_paste; autoload -U compinit && compinit -u -D
source '%(script)s'
%(program)s() { printf '<%%s>' "$@"; echo '(ty''ped)'; }
""",
}
COMMANDS = {"bash": ["bash", "--norc", "--noprofile", "-i"],
            "zsh": ["zsh", "-f", "-i"]}


class Terminal:
    def __init__(self, fd):
        self.fd, self.seen = fd, b""

    def type(self, text):
        os.write(self.fd, text.encode())

    def until(self, what):
        """Everything up to `what`, which is taken away too."""
        end = time.monotonic() + 30
        while what not in self.seen:
            left = max(0, end - time.monotonic())
            if not select.select([self.fd], [], [], left)[0]:
                sys.exit("the shell is silent: %r" % self.seen)
            self.seen += os.read(self.fd, 65536)
        before, self.seen = self.seen.split(what, 1)
        return before


def main():
    shell, script, program = sys.argv[1:]
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(TERM="dumb", PS1="", HOME="/nonexistent",
                          COLUMNS="500", INPUTRC="/dev/null")
        os.execvp(COMMANDS[shell][0], COMMANDS[shell])
    terminal = Terminal(fd)
    setup = SETUP[shell] % {"script": script, "program": program}
    for line in setup.splitlines():
        terminal.type(line + "\n")
    terminal.type("echo '(rea''dy)'\n")
    terminal.until(b"(ready)")
    for line in sys.stdin:
        terminal.until(PROMPT)
        terminal.type(line.rstrip("\n") + "\t")
        time.sleep(0.03)  # a tab inside pasted text is not a tab
        terminal.type("\n")
        said = terminal.until(END).replace(b"\r", b"").split(b"\n")[-1]
        print(said.decode(errors="replace"), flush=True)
    os.close(fd)
    os.waitpid(pid, 0)


main()
