"""redis-benchmark, and at the same time clients that link values into cycles, publish, ask what the library has done, and
are killed with -9 in the midst of a request or of a message: LEASH_SERVER names the program.

    SERVER_LOAD_SECONDS=60 tests/server-load.py

Nobody may be told an error but who is killed; then the server stops, and has said nothing.
"""

import os
import random
import subprocess
import sys
import threading
import time

from resp import Error, encode
from servers import Leash, soon
from tap import Tap

SECONDS = float(os.environ.get("SERVER_LOAD_SECONDS", 3))
REQUESTS = 500 if os.environ.get("LEASH_SANITIZER") else 5000  # of each kind, in one run of redis-benchmark
KINDS = "get,set,incr,lpush,rpush,lpop,lrange_100,hset,mset"
MESSAGE = b"m" * 100000
HALF = encode("SET", "half", b"v" * 2000000)[:1000000]


class Load:
    """Each method but run() is a client, or several one after the other, until the time is over."""

    def __init__(self, server):
        self.server = server
        self.stop = threading.Event()
        self.wrong, self.done = [], {}

    def count(self, what):
        self.done[what] = self.done.get(what, 0) + 1

    def ask(self, end, *requests):
        """All at once."""
        end.send(b"".join(encode(*words) for words in requests))
        for words in requests:
            reply = end.reply()
            if isinstance(reply, Error):
                self.wrong.append(f"{words[:3]}: {reply}")
        return reply

    def start(self, program, *arguments):
        return subprocess.Popen([program, "-p", str(self.server.port), *arguments], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def benchmark(self):
        process = self.start("redis-benchmark", "-t", KINDS, "-P", "16", "-c", "20", "-r", "1000", "-n", str(REQUESTS), "--csv")
        said = process.communicate()[0].decode(errors="replace")
        # A line of titles, then one for each kind; LRANGE has one more, of the list's making.
        if process.returncode != 0 or said.count("\n") != 1 + KINDS.count(",") + 2 or "rror" in said:
            self.wrong.append(f"redis-benchmark: {process.returncode}, {said[:500]}")
        self.count("benchmark")

    def benchmark_killed(self):
        process = self.start("redis-benchmark", "-t", KINDS, "-P", "16", "-c", "20", "-r", "1000", "-l", "-q")
        time.sleep(random.uniform(0.1, 0.5))
        process.kill()
        process.communicate()
        self.count("benchmark_killed")

    def request_killed(self):
        """What redis-cli --pipe is given it sends at once."""
        process = self.start("redis-cli", "--pipe")
        process.stdin.write(HALF)
        process.stdin.flush()
        time.sleep(random.uniform(0, 0.05))
        process.kill()
        process.communicate()
        self.count("request_killed")

    def subscriber_killed(self):
        process = self.start("redis-cli", "SUBSCRIBE", "news", "other")
        heard = process.stdout.read(len(MESSAGE) + random.randrange(len(MESSAGE)))
        process.kill()
        process.communicate()
        if MESSAGE[:1000] not in heard:
            self.wrong.append(f"redis-cli SUBSCRIBE: {heard[:500]!r}")
        self.count("subscriber_killed")

    def publisher(self):
        end = self.server.connect()
        for _ in range(20):
            self.ask(end, ["PUBLISH", "news", MESSAGE], ["PUBLISH", "other", "o"])
            time.sleep(0.005)
        end.close()
        self.count("publisher")

    def linker(self):
        """Rings of hashes, all of whose names are deleted."""
        end = self.server.connect()
        for _ in range(20):
            names = [f"ring:{one}" for one in range(random.randrange(1, 30))]
            self.ask(end, *[["HSET", name, "text", "t" * 100] for name in names],
                     *[["LINK", one, "next", other] for one, other in zip(names, names[1:] + names[:1])],
                     *[["HGET", name, "text"] for name in names], ["DEL", *names])
        end.close()
        self.count("linker")

    def asker(self):
        end = self.server.connect()
        self.ask(end, ["HSET", "seen", "a", "b"], ["LINK", "seen", "itself", "seen"])
        for what in ["COLLECT"], ["WHY", "seen"], ["STATS"], ["HEAP", "seen"], ["HEAP"], ["ADVICE"]:
            self.ask(end, ["LEASH", *what], ["CLIENT", "LIST"], ["INFO"])
        end.close()
        self.count("asker")

    def run(self):
        def repeated(client, stop):
            while not stop.is_set():
                try:
                    client()
                except Exception as error:
                    self.wrong.append(f"{client.__name__}: {error!r}")
                    return

        clients = [self.benchmark, self.benchmark_killed, self.request_killed, self.subscriber_killed, self.linker, self.asker]
        threads = [threading.Thread(target=repeated, args=(client, self.stop)) for client in clients]
        # Subscribers wait for messages to their end.
        unheard = threading.Event()
        publisher = threading.Thread(target=repeated, args=(self.publisher, unheard))
        for thread in [publisher, *threads]:
            thread.start()
        time.sleep(SECONDS)
        soon(lambda: len(self.done) == len(clients) + 1 or self.wrong, 120)
        self.stop.set()
        for thread in threads:
            thread.join()
        unheard.set()
        publisher.join()
        return len(clients) + 1


def main():
    tap = Tap()
    with Leash("--threads", 2, LEASH_OPTIONS="leak_report:true,track:true") as server:
        load = Load(server)
        clients = load.run()
        tap.diag(", ".join(f"{name} {number}" for name, number in sorted(load.done.items())))
        tap.ok(not load.wrong, "under redis-benchmark, all others are answered, too", *list(dict.fromkeys(load.wrong))[:10])
        tap.same(len(load.done), clients, "there were clients of all kinds, those that are killed included")
        tap.ok(soon(lambda: server.clients() == 0), "all are gone", f"{server.clients()} are left")
        tap.same(server.ask("EXISTS", "half"), 0, "half a request is not run")
        tap.same(server.stop(), 0, "it stops with status 0")
        tap.ok(server.said == "", "nothing has leaked, and it has said nothing", server.said[:5000])
    return tap.finish()


sys.exit(main())
