"""RESP2 as a client speaks it: replies are read as the bytes that they are, and understood when one asks."""

import socket
import time


class Closed(Exception):
    """The server has closed the connection."""


def encode(*words):
    """A request of words, which are bytes, texts or numbers."""
    words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


class Error(bytes):
    """A reply that begins with a minus."""


def understand(raw):
    """The reply's value: bytes, Error, int, list or None."""

    def value(at):
        end = raw.index(b"\r\n", at)
        kind, line, at = raw[at : at + 1], raw[at + 1 : end], end + 2
        if kind == b"+":
            return line, at
        if kind == b"-":
            return Error(line), at
        number = int(line)
        if kind == b":":
            return number, at
        if number < 0:
            return None, at
        if kind == b"$":
            return raw[at : at + number], at + number + 2
        values = []
        for _ in range(number):
            one, at = value(at)
            values.append(one)
        return values, at

    return value(0)[0]


class Connection:
    """One connection to a port of this machine; it raises TimeoutError when an answer takes too long."""

    def __init__(self, port, timeout=20):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.input = bytearray()
        self.at = 0

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # what was said before can still be read

    def receive(self):
        if self.at > 1 << 16:
            del self.input[: self.at]
            self.at = 0
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionResetError:
            data = b""
        if not data:
            raise Closed(bytes(self.input[self.at :]))
        self.input += data

    def line(self, start):
        """Where the line ends that starts there, its CR and LF included; `start` counts from self.at."""
        while (end := self.input.find(b"\r\n", self.at + start)) < 0:
            self.receive()
        return end + 2 - self.at

    def extent(self, start=0):
        """Where the reply ends that starts there."""
        end = self.line(start)
        kind = self.input[self.at + start : self.at + start + 1]
        if kind not in (b"$", b"*"):
            assert kind in (b"+", b"-", b":"), f"no reply: {bytes(self.input[self.at + start :][:100])!r}"
            return end
        number = int(self.input[self.at + start + 1 : self.at + end - 2])
        if kind == b"*":
            for _ in range(number):
                end = self.extent(end)
        elif number >= 0:
            end += number + 2
            while len(self.input) < self.at + end:
                self.receive()
        return end

    def raw(self):
        """The next reply's bytes."""
        end = self.extent()
        reply = bytes(self.input[self.at : self.at + end])
        self.at += end
        return reply

    def reply(self):
        return understand(self.raw())

    def ask(self, *words):
        self.send(encode(*words))
        return self.reply()

    def ended(self, seconds=10):
        """Reads to the end: what came, or None if the server does not close within the time."""
        limit = time.monotonic() + seconds
        self.socket.settimeout(seconds)
        try:
            while time.monotonic() < limit:
                self.receive()
        except Closed as closed:
            return closed.args[0]
        except TimeoutError:
            pass
        return None

    def close(self):
        self.socket.close()
