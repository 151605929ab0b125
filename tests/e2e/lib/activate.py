#!/usr/bin/env python3
"""Opens listening sockets and hands them to a program as systemd does (socket activation).

usage: activate.py NAME=ADDRESS:PORT... -- PROGRAM ARGUMENT...

SIGUSR1 stops the program and starts it again on the same sockets: what connects meanwhile waits
in their queues. SIGTERM stops it and ends. What the program says to NOTIFY_SOCKET is printed.
"""

import os
import signal
import socket
import sys
import tempfile
import threading

FIRST = 3


def opened(text):
    name, _, place = text.partition("=")
    host, _, port = place.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    listener.bind((host, int(port)))
    listener.listen(1024)
    return name, listener


def started(sockets, command):
    pid = os.fork()
    if pid:
        print(f"activate: started {pid}", flush=True)
        return pid
    signal.pthread_sigmask(signal.SIG_SETMASK, set())
    kept = [os.dup2(s.fileno(), 100 + n, inheritable=True) for n, (_, s) in enumerate(sockets)]
    for number, fd in enumerate(kept):
        os.dup2(fd, FIRST + number, inheritable=True)
        os.close(fd)
    os.environ["LISTEN_PID"] = str(os.getpid())
    os.environ["LISTEN_FDS"] = str(len(sockets))
    os.environ["LISTEN_FDNAMES"] = ":".join(name for name, _ in sockets)
    os.execvp(command[0], command)


def stopped(pid):
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        pass
    _, status = os.waitpid(pid, 0)
    print(f"activate: ended {os.waitstatus_to_exitcode(status)}", flush=True)
    return os.waitstatus_to_exitcode(status)


def listen_for_words():
    path = os.path.join(tempfile.mkdtemp(prefix="gatewright-notify-"), "notify")
    words = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    words.bind(path)
    os.environ["NOTIFY_SOCKET"] = path

    def tell():
        while True:
            print(f"activate: told {words.recv(4096).decode()}", flush=True)

    threading.Thread(target=tell, daemon=True).start()


def main():
    split = sys.argv.index("--")
    sockets = [opened(text) for text in sys.argv[1:split]]
    wanted = {signal.SIGUSR1, signal.SIGTERM, signal.SIGHUP}
    signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
    listen_for_words()
    command = sys.argv[split + 1 :]
    pid = started(sockets, command)
    while True:
        told = signal.sigwait(wanted)
        if told == signal.SIGHUP:
            os.kill(pid, signal.SIGHUP)
            continue
        code = stopped(pid)
        if told == signal.SIGTERM:
            os._exit(code)
        pid = started(sockets, command)


main()
