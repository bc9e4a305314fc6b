"""A mixed load for as long as one likes, after which the server must be as it was: LEASH_SERVER names the program.

    SERVER_SOAK_SECONDS=600 tests/server-soak.py

Clients store, link values into cycles and delete all their names, subscribe, leave in all ways, and ask what the
library has done.  Then the resident size of the second half must be that of the first, and after LEASH COLLECT as many
objects must be alive as at the start.
"""

import os
import random
import signal
import socket
import struct
import sys
import threading
import time

from resp import Error, encode
from servers import Leash, seed
from tap import Tap

SANITIZED = bool(os.environ.get("LEASH_SANITIZER"))
SECONDS = float(os.environ.get("SERVER_SOAK_SECONDS", 6 if SANITIZED else 60))
SEED = seed()
CLIENTS = 4
tap = Tap()


class Player(threading.Thread):
    """Plays its scenes by turns; all of them leave no name of theirs behind, except the keys of `store`, at most 500."""

    def __init__(self, server, number, stop):
        super().__init__()
        self.server, self.number, self.stop = server, number, stop
        self.chance = random.Random(f"{SEED} {number}")
        self.wrong, self.played = [], 0

    def run(self):
        try:
            self.end = self.server.connect()
            scenes = [self.store, self.cycles, self.ring, self.lists, self.audience, self.look]
            while not self.stop.is_set():
                self.chance.choice(scenes)()
                self.played += 1
                if self.chance.random() < 0.05:
                    self.leave(self.end)
                    self.end = self.server.connect()
            self.end.close()
        except Exception as error:
            self.wrong.append(f"client {self.number}: {error!r}")

    def leave(self, end):
        if self.chance.random() < 0.5:
            end.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif self.chance.random() < 0.5:
            end.ask("QUIT")
        end.close()

    def ask(self, *requests):
        """All at once; errors are wrong."""
        self.end.send(b"".join(encode(*words) for words in requests))
        for words in requests:
            reply = self.end.reply()
            if isinstance(reply, Error):
                self.wrong.append(f"{words[:4]}: {reply}")
        return reply

    def name(self, text):
        return f"{text}:{self.number}"

    def store(self):
        requests = []
        for _ in range(100):
            key = self.name(self.chance.randrange(500))
            requests.append(self.chance.choice([
                ["SET", key, "v" * self.chance.randrange(1000)], ["SET", key, "v", "PX", self.chance.randrange(1, 100)], ["GET", key],
                ["DEL", key], ["MGET", key, self.name(1), self.name(2)]]))
        self.ask(*requests)

    def cycles(self):
        """Pairs of hashes that know each other, and one that knows itself."""
        requests = []
        for one in range(50):
            first, second = self.name(f"first{one}"), self.name(f"second{one}")
            requests += [["HSET", first, "name", "a" * 50], ["HSET", second, "name", "b"], ["LINK", first, "other", second],
                         ["LINK", second, "other", first], ["LINK", first, "self", first], ["DEL", first, second]]
        self.ask(*requests)

    def ring(self):
        """Many in a circle, with shared texts and a list; some links are taken away, others overwritten."""
        number = self.chance.randrange(2, 200)
        names = [self.name(f"ring{one}") for one in range(number)]
        shared, queue = self.name("shared"), self.name("queue")
        requests = [["SET", shared, "s" * 100], ["RPUSH", queue, "a", "b"]]
        requests += [["HSET", name, "number", one] for one, name in enumerate(names)]
        for one, name in enumerate(names):
            requests += [["LINK", name, "next", names[(one + 1) % number]], ["LINK", name, "text", shared], ["LINK", name, "queue", queue]]
            if self.chance.random() < 0.1:
                requests.append(self.chance.choice([["HDEL", name, "next"], ["HSET", name, "next", "none"], ["HGET", name, "number"]]))
        self.ask(*requests, ["DEL", shared, queue, *names])

    def lists(self):
        key = self.name("list")
        self.ask(*[["LPUSH", key, "e" * self.chance.randrange(200)] for _ in range(100)], ["LRANGE", key, 0, -1],
                 *[["RPOP", key] for _ in range(self.chance.randrange(100))], ["DEL", key])

    def audience(self):
        """Subscribers that come, hear something or not, and leave or vanish."""
        ends = [self.server.connect() for _ in range(self.chance.randrange(1, 6))]
        for end in ends:
            end.send(encode("SUBSCRIBE", "all", self.name("channel")))
            end.raw(), end.raw()
        if (heard := self.ask(["PUBLISH", "all", "x" * 1000], ["PUBLISH", self.name("channel"), "y" * 1000])) != len(ends):
            self.wrong.append(f"{len(ends)} have subscribed to a channel of this client's, and {heard} hear it")
        for end in ends:
            if self.chance.random() < 0.5:
                while end.reply() != [b"message", self.name("channel").encode(), b"y" * 1000]:
                    pass
            if self.chance.random() < 0.3:
                end.send(encode("UNSUBSCRIBE"))
            self.leave(end)
        for _ in range(200):
            if self.ask(["PUBLISH", self.name("channel"), ""]) == 0:
                return
            time.sleep(0.02)
        self.wrong.append("after four seconds, subscribers that have left still count")

    def look(self):
        key = self.name("seen")
        self.ask(["HSET", key, "a", "b"], ["LINK", key, "self", key], ["LEASH", "WHY", key], ["LEASH", "STATS"], ["DEL", key])
        if self.chance.random() < 0.1:
            self.ask(["LEASH", "COLLECT"])


def play(server, seconds):
    """The resident size, in MiB, every quarter of a second."""
    stop, sizes = threading.Event(), []
    players = [Player(server, number, stop) for number in range(CLIENTS)]
    for player in players:
        player.start()
    limit = time.monotonic() + seconds
    while time.monotonic() < limit and server.process.poll() is None:
        time.sleep(0.25)
        sizes.append(server.resident() / (1 << 20))
    stop.set()
    for player in players:
        player.join()
    wrong = [text for player in players for text in player.wrong]
    tap.ok(not wrong, "all has been answered", *list(dict.fromkeys(wrong))[:20])
    tap.diag(f"{sum(player.played for player in players)} scenes; SERVER_SEED={SEED}")
    return sizes


def main():
    with Leash("--threads", 2, LEASH_OPTIONS="leak_report:true") as server:
        server.ask("FLUSHALL")
        before = server.settled()
        sizes = play(server, SECONDS)
        first, second = sizes[len(sizes) // 4 : len(sizes) // 2], sizes[len(sizes) // 2 :]
        if SANITIZED:
            tap.skip("the resident size is flat", "sanitized")
        else:
            text = f"largest in the second quarter {max(first):.1f} MiB, in the second half {max(second):.1f} MiB"
            tap.diag(text)
            tap.ok(max(second) < max(first) * 1.25 + 4, "the resident size is flat", text)
        server.ask("FLUSHALL")
        after = server.settled()
        tap.diag(f"{before} objects alive at the start, {after} at the end")
        tap.ok(after <= before + 4, "as many objects are alive as at the start", f"{after}, and {before} at the start",
               server.ask("LEASH", "HEAP").decode(errors="replace")[:3000] if after > before + 4 else "")
        tap.same(server.stop(signal.SIGTERM), 0, "it stops with status 0")
        tap.ok(server.said == "", "nothing has leaked", server.said[:3000])
    return tap.finish()


sys.exit(main())
