"""Starts servers for tests, on free ports of this machine, and ends them."""

import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from resp import Connection


def seed():
    """SERVER_SEED, a number or "random".  Without it the tests ask the same in every run, so that what fails is what was changed."""
    given = os.environ.get("SERVER_SEED", "1")
    return random.getrandbits(32) if given == "random" else int(given)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def soon(condition, seconds=20):
    """Whether it comes true within the time."""
    limit = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > limit:
            return False
        time.sleep(0.02)
    return True


class Server:
    """A running server; `said` is its stderr once it has ended."""

    def connect(self, timeout=60):
        return Connection(self.port, timeout)

    def ask(self, *words):
        connection = self.connect()
        try:
            return connection.ask(*words)
        finally:
            connection.close()

    def clients(self):
        """How many there are, besides the one that asks."""
        return self.ask("CLIENT", "LIST").count(b"\n") - 1

    def resident(self):
        """Bytes."""
        with open(f"/proc/{self.process.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")

    def seconds_of_cpu(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self, number=signal.SIGTERM, seconds=60):
        """Its exit status."""
        if self.process.poll() is None and number:
            self.process.send_signal(number)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.errors.seek(0)
        self.said = self.errors.read().decode(errors="replace")
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Redis(Server):
    """Debian's redis-server, which keeps nothing."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.errors = tempfile.TemporaryFile()
        for _ in range(10):
            self.port = free_port()
            self.process = subprocess.Popen(
                [shutil.which("redis-server"), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                 "--appendonly", "no", "--dir", self.folder.name],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.errors)
            if self.answers():
                return
        raise RuntimeError("redis-server does not start")

    def answers(self):
        while self.process.poll() is None:
            try:
                return self.ask("PING") == b"PONG"
            except ConnectionRefusedError:
                time.sleep(0.02)
        return False


class Leash(Server):
    """leash-server, with the options given; LEASH_SERVER names the program."""

    def __init__(self, *options, **environment):
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [os.environ["LEASH_SERVER"], "--port", "0", *map(str, options)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.errors, env=os.environ | environment)
        line = self.process.stdout.readline().decode()
        port = re.search(r":(\d+)", line)
        if not port:
            self.stop()
            raise RuntimeError(f"leash-server does not start: {line!r}, {self.said!r}")
        self.port = int(port[1])

    def alive(self):
        """Objects."""
        for line in self.ask("LEASH", "STATS").replace(b":", b" ").splitlines():
            if line.startswith(b"alive "):
                return int(line.split()[1])
        raise ValueError("LEASH STATS has no alive")

    def settled(self):
        """How many objects are alive after rounds of the collector, as soon as there are no fewer after another."""
        least, again = None, 0
        while again < 3:
            self.ask("LEASH", "COLLECT")
            time.sleep(0.1)
            now = self.alive()
            again = again + 1 if least is not None and now >= least else 0
            least = now if least is None else min(now, least)
        return least
