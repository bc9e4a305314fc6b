"""Clients that no server wishes for, and a server that must go on: LEASH_SERVER names the program."""

import os
import random
import resource
import signal
import socket
import struct
import sys
import threading
import time
import traceback

from resp import Closed, Connection, encode
from servers import Leash, soon
from tap import Tap

MIB = 1 << 20
SANITIZED = bool(os.environ.get("LEASH_SANITIZER"))
LIMIT = 4 * MIB  # of a request
NUMBER = 30 if SANITIZED else 150  # of what is done again and again
CLOCK = 0.02  # seconds by which the server's may be late: more than a tick of the kernel
tap = Tap()


def vanish(connection):
    """The connection is reset, as when a client dies."""
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def in_threads(*functions):
    """Runs them at the same time; what they raised."""
    raised = []

    def run(function):
        try:
            function()
        except Exception as error:
            raised.append(f"{function.__name__}: {error!r}")

    threads = [threading.Thread(target=run, args=(function,)) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def bounded(server, before, mebibytes, name):
    """A sanitizer keeps what has been freed: there the size says nothing."""
    grown = (server.resident() - before) / MIB
    if SANITIZED:
        return tap.skip(name, "sanitized")
    tap.diag(f"{name}: {grown:.1f} MiB more")
    tap.ok(grown < mebibytes, name, f"{grown:.1f} MiB more, {mebibytes} MiB allowed")


MALFORMED = {
    b"*x\r\n": b"-ERR Protocol error: invalid multibulk length\r\n",
    b"*99999999999\r\n": b"-ERR Protocol error: invalid multibulk length\r\n",
    b"*1\r\n+PING\r\n": b"-ERR Protocol error: expected '$', got '+'\r\n",
    b"*1\r\n$-1\r\n": b"-ERR Protocol error: invalid bulk length\r\n",
    b"*1\r\n$x\r\n": b"-ERR Protocol error: invalid bulk length\r\n",
    b"*1\r\n$99999999999\r\n": b"-ERR Protocol error: invalid bulk length\r\n",
    b'GET "a\r\n': b"-ERR Protocol error: unbalanced quotes in request\r\n",
    b"*" + b"1" * 70000: b"-ERR Protocol error: too big mbulk count string\r\n",
    b"*1\r\n$" + b"1" * 70000: b"-ERR Protocol error: too big bulk count string\r\n",
    b"x" * 70000: b"-ERR Protocol error: too big inline request\r\n",
}


def malformed(server):
    for data, error in MALFORMED.items():
        end = server.connect()
        end.send(encode("PING") + data + (encode("PING") if data.endswith(b"\n") else b""))
        tap.same(end.ended(), b"+PONG\r\n" + error, f"{data[:20]!r} is answered with an error, and closed")
        end.close()
    chance = random.Random(1)
    for _ in range(300):
        end = server.connect()
        end.send(chance.choice([b"", b"*2\r\n", b"*1\r\n$3\r\n"]) + chance.randbytes(chance.randint(1, 3000)))
        vanish(end)
    tap.same(server.ask("PING"), b"PONG", "after random bytes it goes on")


def too_large(server):
    end = server.connect()
    value = b"v" * (LIMIT - 1000)
    tap.same((end.ask("SET", "large", value), end.ask("GET", "large") == value), (b"OK", True), "a request within --maxrequest is run")
    for name, data in {
        "a bulk that says it is larger": b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$%d\r\n" % (LIMIT + 1),
        "a bulk that is": encode("SET", "a", b"v" * (LIMIT + 1)),
        "many words that are, together": encode("DEL", *["k" * 100] * (LIMIT // 100 + 1)),
    }.items():
        end = server.connect()
        end.send(data)
        said = end.ended()
        tap.ok(said and said.startswith(b"-ERR Protocol error"), f"over --maxrequest: {name}: an error, then closed", repr(said))
        end.close()
    end = server.connect()
    before = server.resident()
    end.send(b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$%d\r\n" % (LIMIT - 100))
    end.send(b"*1000000\r\n")
    others = [server.connect() for _ in range(200)]
    for other in others:
        other.send(b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$%d\r\n" % (LIMIT - 100))
    server.ask("PING")
    bounded(server, before, 64, "200 requests that only say they are large")
    for one in [end, *others]:
        vanish(one)


def half(server):
    """Clients that vanish within a request, at any byte."""
    data = encode("SET", "half", b"v" * 50) + encode("LPUSH", "halves", "a")[:-3]
    for cut in range(1, len(data), 1 if len(data) < 200 else 3):
        end = server.connect()
        end.send(data[:cut])
        vanish(end)
    tap.ok(soon(lambda: server.clients() == 0), "clients that vanish within a request are gone", f"{server.clients()} are left")
    tap.same(server.ask("EXISTS", "halves"), 0, "half a request is not run")
    replies = server.connect()
    replies.send(encode("GET", "large") * 20)
    replies.receive()
    vanish(replies)
    tap.ok(soon(lambda: server.clients() == 0), "one that vanishes within its reply is gone", f"{server.clients()} are left")


def publishing(server):
    """Subscribers come and vanish while there are messages for them."""
    stop = threading.Event()
    heard = []

    def publish():
        end = server.connect()
        while not stop.is_set():
            end.send(encode("PUBLISH", "news", b"m" * 1000) * 50)
            for _ in range(50):
                end.reply()
        end.close()

    def come_and_go():
        for number in range(NUMBER):
            end = server.connect()
            end.send(encode("SUBSCRIBE", "news", b"other%d" % number))
            while end.reply()[0] != b"message":
                pass
            vanish(end) if number % 2 else end.close()
            heard.append(number)

    def leave():
        raised.extend(in_threads(come_and_go, come_and_go))
        stop.set()

    raised = []
    raised += in_threads(publish, publish, leave)
    tap.same((raised, len(heard)), ([], 2 * NUMBER), "subscribers that come and vanish during PUBLISH hear it meanwhile")
    tap.ok(soon(lambda: server.ask("PUBLISH", "news", "x") == 0), "then nobody hears it", repr(server.ask("PUBLISH", "news", "x")))


def unsubscribing(server):
    """What is on its way when somebody unsubscribes."""
    stop, late = threading.Event(), []

    def publish():
        end = server.connect()
        while not stop.is_set():
            end.send(encode("PUBLISH", "news", "m") * 50)
            for _ in range(50):
                end.reply()
        end.close()

    def come_and_go():
        end = server.connect()
        for number in range(NUMBER):
            end.send(encode("SUBSCRIBE", "news"))
            while end.reply()[0] != b"message":
                pass
            end.send(encode("UNSUBSCRIBE", "news"))
            while end.reply()[0] != b"unsubscribe":
                pass
            time.sleep(0.001)
            if (said := end.ask("ECHO", number)) != b"%d" % number:
                late.append(said)
                break
        end.close()

    def leave():
        raised.extend(in_threads(*[come_and_go] * 4))
        stop.set()

    raised = []
    raised += in_threads(publish, publish, leave)
    tap.same((raised, late), ([], []), "who is told that it is unsubscribed hears nothing more")


def slow_subscriber(server):
    before = server.resident()
    slow, other = server.connect(), server.connect()
    for end in slow, other:
        end.ask("SUBSCRIBE", "stream")
    message, number = b"m" * 65536, 3000
    heard = []

    def listen():
        for _ in range(number):
            heard.append(other.reply()[2] == message)

    def publish():
        end = server.connect()
        for _ in range(number):
            end.ask("PUBLISH", "stream", message)
        end.close()

    raised = in_threads(listen, publish)
    tap.same((raised, heard == [True] * number), ([], True), "while one subscriber does not read, another gets everything")
    bounded(server, before, 80, "a subscriber that does not read")
    vanish(slow)
    other.close()


def slow_asker(server):
    before = server.resident()
    slow, other = server.connect(), server.connect()
    slow.socket.settimeout(0.2)
    value = b"v" * MIB
    try:
        for _ in range(500):
            slow.socket.sendall(encode("SET", "mine", value) + encode("GET", "mine"))
    except TimeoutError:
        pass
    start = time.monotonic()
    said = [other.ask("SET", "other", number) for number in range(200)]
    took = time.monotonic() - start
    tap.ok(said == [b"OK"] * 200 and took < 5, "while a client asks and does not read, others are answered", f"{took:.1f} s")
    bounded(server, before, 80, "one that asks for large values and does not read")
    vanish(slow)

    # Over and over the same value, which need not be held more than once.
    before = server.resident()
    slow = server.connect()
    slow.socket.settimeout(0.2)
    try:
        slow.socket.sendall(encode("GET", "mine") * 100000)
    except TimeoutError:
        pass
    tap.same(other.ask("PING"), b"PONG", "and when it asks for the same one 100000 times")
    bounded(server, before, 64, "one that asks for the same value")
    vanish(slow)
    other.close()


def overwritten(server):
    """Replies are of the value as it was."""
    slow, other = server.connect(), server.connect()
    values = [bytes([65 + number]) * (3 * MIB) for number in range(5)]
    for value in values:
        other.ask("SET", "changing", value)
        slow.send(encode("GET", "changing"))
        slow.receive()  # it has begun
        other.ask("APPEND", "changing", "more")
        other.ask("DEL", "changing")
        other.ask("SET", "changing", "z" * (3 * MIB))
        if slow.reply() != value:
            return tap.ok(False, "a reply is what the value was, though it is overwritten and deleted meanwhile")
    tap.ok(True, "a reply is what the value was, though it is overwritten and deleted meanwhile")
    slow.close()
    other.close()


def large(server):
    """Who does read gets all, however much one reply is."""
    end = server.connect()
    part = b"p" * (2 * MIB)
    for _ in range(40):
        length = end.ask("APPEND", "grown", part)
    tap.same((length, end.ask("GET", "grown") == part * 40), (80 * MIB, True), "80 MiB in one value, in one reply")
    end.ask("DEL", "grown")
    end.send(encode("SET", "part", part) + encode("MGET", *["part"] * 40))
    tap.same((end.reply(), end.reply() == [part] * 40), (b"OK", True), "and in 40 values, in one reply")
    end.close()


def idle(server, number):
    server.ask("PING")
    before = server.resident()
    ends = [server.connect() for _ in range(number)]
    for end in ends:
        end.send(encode("PING"))
    said = sum(end.reply() == b"PONG" for end in ends)
    tap.same(said, number, f"{number} connections are answered")
    each = (server.resident() - before) / number
    if SANITIZED:
        tap.skip("their memory", "sanitized")
    else:
        tap.diag(f"{each:.0f} bytes resident for each idle connection")
        tap.ok(each < 8192, "each has cost less than 8 KiB", f"{each:.0f} bytes")
    spent, start = server.seconds_of_cpu(), time.monotonic()
    time.sleep(1)
    load = (server.seconds_of_cpu() - spent) / (time.monotonic() - start)
    tap.ok(load < 0.2, "idle, they cost no time", f"{load:.2f} s of CPU a second")
    for end in ends[::2]:
        vanish(end)
    for end in ends[1::2]:
        end.close()
    tap.ok(soon(lambda: server.clients() == 0), "and all are gone", f"{server.clients()} are left")


def several(server):
    """MSETs of the same keys at the same time, in different orders."""
    chance, names = random.Random(1), [b"several%d" % number for number in range(1000)]
    ends, mixed = [server.connect() for _ in range(4)], 0
    for _ in range(NUMBER // 3):
        requests = [encode("MSET", *[word for name in chance.sample(names, len(names)) for word in (name, value)]) for value in "abcd"]
        for end, request in zip(ends, requests):
            end.send(request)
        said = [end.reply() for end in ends]
        mixed += said != [b"OK"] * 4 or len(set(ends[0].ask("MGET", *names))) != 1
    tap.same(mixed, 0, "of MSETs at the same time, all keys are one's")
    for end in ends:
        end.close()


def expiry(server):
    """Keys end while others are read and written, and so do they when nobody asks for them."""
    server.ask("FLUSHALL")
    before = server.settled()
    names = [b"short%d" % number for number in range(3000)]
    kept = [b"kept%d" % number for number in range(100)]
    ends = {}  # of values: a time at which each has expired for sure
    late, seen = [], []
    limit = time.monotonic() + 2

    def fill():
        end, chance = server.connect(), random.Random(threading.get_ident())
        while time.monotonic() < limit:
            some = [(chance.choice(names), b"%d %d" % (id(end), chance.getrandbits(60)), chance.randint(1, 400)) for _ in range(100)]
            end.send(b"".join(encode("SET", name, value, "PX", milliseconds) for name, value, milliseconds in some))
            for _ in some:
                end.reply()
            now = time.monotonic()
            ends.update((value, now + milliseconds / 1000) for _, value, milliseconds in some)
        end.close()

    def look():
        end, chance = server.connect(), random.Random(threading.get_ident())
        while time.monotonic() < limit:
            some = chance.sample(names, 100)
            now = time.monotonic()
            for value in end.ask("MGET", *some):
                if value in ends:
                    seen.append(value)
                    if now > ends[value] + CLOCK:
                        late.append(now - ends[value])
        end.close()

    server.ask("MSET", *[word for name in kept for word in (name, "v")])
    for name in kept:
        server.ask("EXPIRE", name, 1000)
    raised = in_threads(fill, fill, look, look)
    tap.same(raised, [], "keys are read and overwritten while they expire")
    tap.ok(len(seen) > 1000 and not late, "no value is answered after its time", f"{len(seen)} are seen, {late[:5]} seconds late")
    tap.ok(soon(lambda: server.ask("DBSIZE") == len(kept)), "keys that have expired are removed, though nobody asks for them",
           f"{server.ask('DBSIZE')} keys are left")
    tap.same(server.ask("EXISTS", *kept), len(kept), "the others are there")
    server.ask("DEL", *kept)
    tap.same((server.ask("DBSIZE"), server.settled() <= before), (0, True), "then there are no more objects than before")


def evicted():
    with Leash("--threads", 2, "--maxmemory", 48 * MIB) as server:
        end = server.connect()

        def store(name, first, last):
            for number in range(first, last, 100):
                end.send(b"".join(encode("SET", f"{name}{one}", "v" * 2000) for one in range(number, number + 100)))
                for _ in range(100):
                    end.reply()

        def there(name, number):
            end.send(b"".join(encode("EXISTS", f"{name}{one}") for one in range(number)))
            return sum(end.reply() == 1 for _ in range(number))

        store("hot", 0, 500)
        store("old", 0, 10000)
        time.sleep(2.1)
        end.send(b"".join(encode("GET", f"hot{one}") for one in range(500)))
        hot_before = sum(end.reply() is not None for one in range(500))
        store("new", 0, 15000)
        hot, old, new = there("hot", 500), there("old", 10000), there("new", 15000)
        tap.diag(f"hot {hot} of {hot_before}, old {old} of 10000, new {new} of 15000 are left")
        tap.ok(old + new < 25000 and new > 2000, "--maxmemory: values are evicted, not all of them", f"{hot} {old} {new}")
        tap.ok(hot >= 0.7 * hot_before and old / 10000 < hot / hot_before - 0.1, "those that were used lately are kept", f"{hot} of {hot_before}, {old} of 10000")
        bounded(server, 0, 48 + 40, "the memory with --maxmemory 48 MiB")
        tap.same((end.ask("SET", "a", "b"), end.ask("GET", "a")), (b"OK", b"b"), "it goes on")
        end.close()
        tap.same((server.stop(), server.said), (0, ""), "and stops with status 0")


def mixed(port, stop, seed):
    """Load until the server is gone."""
    chance = random.Random(seed)
    try:
        end = Connection(port)
        while not stop.is_set():
            some = [chance.choice([
                ["SET", f"k{chance.randrange(1000)}", "v" * chance.randrange(2000), "PX", chance.randrange(1, 5000)],
                ["GET", f"k{chance.randrange(1000)}"], ["LPUSH", "list", "a"], ["LRANGE", "list", 0, 50], ["RPOP", "list"],
                ["HSET", f"h{chance.randrange(50)}", f"f{chance.randrange(9)}", "v"], ["HGETALL", f"h{chance.randrange(50)}"],
                ["PUBLISH", "news", "m" * 100], ["DEL", f"h{chance.randrange(50)}"],
                ["LINK", f"h{chance.randrange(50)}", "link", f"h{chance.randrange(50)}"]]) for _ in range(32)]
            end.send(b"".join(encode(*words) for words in some))
            for _ in some:
                end.reply()
    except (Closed, OSError):
        pass


def stopped(name, how):
    """Ends in the midst of it all."""
    with Leash("--threads", 2, LEASH_OPTIONS="leak_report:true") as server:
        stop = threading.Event()
        listeners = [server.connect() for _ in range(10)]
        for end in listeners:
            end.ask("SUBSCRIBE", "news")
        half_request = server.connect()
        half_request.send(encode("SET", "a", "b")[:-3])
        slow = server.connect()
        slow.ask("SET", "large", "v" * (2 * MIB))
        slow.send(encode("GET", "large") * 10)
        threads = [threading.Thread(target=mixed, args=(server.port, stop, seed)) for seed in range(3)]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        status = how(server)
        stop.set()
        for thread in threads:
            thread.join()
        tap.same(status, 0, f"{name} in the midst of load: status 0")
        tap.ok(server.said == "", "nothing has leaked, and it has said nothing", server.said[:3000])


def shut_down(server):
    end = server.connect()
    end.send(encode("SHUTDOWN", "NOSAVE"))
    end.ended()
    return server.stop(0)


def part(scene, *arguments):
    """A scene that does not come to its end has failed."""
    try:
        scene(*arguments)
    except Exception as error:
        tap.ok(False, f"{scene.__name__} comes to its end", *traceback.format_tb(error.__traceback__), repr(error)[:300])


def main():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    number = min(500 if SANITIZED else 10000, hard - 500)
    if number < 10000:
        tap.diag(f"{number} idle connections: no more are allowed, or a sanitizer is at work")
    with Leash("--threads", 2, "--maxrequest", LIMIT, "--maxclients", number + 100, LEASH_OPTIONS="leak_report:true") as server:
        part(idle, server, number)  # first, while all memory is still to be had from the system
        for scene in malformed, too_large, half, publishing, unsubscribing, slow_subscriber, slow_asker, overwritten, large, several, expiry:
            part(scene, server)
        tap.same(server.stop(), 0, "after all that it stops at SIGTERM, with status 0")
        tap.ok(server.said == "", "nothing has leaked, and it has said nothing", server.said[:3000])
    part(evicted)
    part(stopped, "SIGTERM", Leash.stop)
    part(stopped, "SIGINT", lambda server: server.stop(signal.SIGINT))
    part(stopped, "SHUTDOWN", shut_down)
    return tap.finish()


sys.exit(main())
