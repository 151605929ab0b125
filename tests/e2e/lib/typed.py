#!/usr/bin/env python3
"""Runs a program on a terminal, types a line whenever it asks, and prints all that the terminal showed.

usage: typed.py LINE... -- PROGRAM ARGUMENT...
"""

import os
import pty
import sys

split = sys.argv.index("--")
lines, command = sys.argv[1:split], sys.argv[split + 1 :]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)

shown = b""
while True:
    try:
        read = os.read(terminal, 4096)
    except OSError:
        read = b""
    if not read:
        break
    shown += read
    if lines and read.rstrip(b" ").endswith(b":"):
        os.write(terminal, lines.pop(0).encode() + b"\n")
_, status = os.waitpid(pid, 0)
sys.stdout.write(shown.decode(errors="replace"))
sys.exit(os.waitstatus_to_exitcode(status))
