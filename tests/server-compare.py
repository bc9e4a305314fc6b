"""Sends the same random requests to redis-server and to another, and compares the replies.

    server-compare.py leash|redis

leash: with leash-server, which LEASH_SERVER names.  redis: with a second redis-server, which must agree: for work on the
comparison itself.  SERVER_SECONDS: how long; SERVER_SEED: which requests.
"""

import os
import random
import socket
import sys
import threading
import time

from resp import Closed, Error, encode
from server_commands import Commands, named, same
from servers import Leash, Redis, seed
from tap import Tap

SECONDS = float(os.environ.get("SERVER_SECONDS", 8))
SEED = seed()
MINIMISING = 10


class Difference(Exception):
    def __init__(self, step, replies):
        self.step, self.replies = step, replies


class Pair:
    """A connection to each."""

    def __init__(self, servers):
        self.ends = [server.connect(20) for server in servers]

    def send(self, data, cuts=()):
        for end in self.ends:
            for first, last in zip([0, *cuts], [*cuts, len(data)]):
                end.send(data[first:last])

    def replies(self):
        return [attempt(end.raw) for end in self.ends]

    def scan(self, words):
        return [attempt(lambda: scanned(end, words)) for end in self.ends]

    def close(self):
        for end in self.ends:
            end.close()


def attempt(function):
    """Its reply, or in words why there is none."""
    try:
        return function()
    except Closed as closed:
        return b"(closed, having said %r)" % closed.args[0]
    except TimeoutError:
        return b"(no reply)"
    except (AssertionError, ValueError) as error:
        return b"(not understood: %s)" % repr(error).encode()


def scanned(end, words):
    """What SCAN finds, in order."""
    found, cursor = set(), words[1]
    for _ in range(100000):
        reply = end.ask(words[0], cursor, *words[2:])
        if isinstance(reply, Error):
            return reply
        cursor, names = reply
        found.update(names)
        if cursor == b"0":
            return b"%r" % named(found)
    return b"(does not come to an end)"


def play(pair, steps, cuts=()):
    """Sends them all and then compares; steps that wait or scan come alone."""
    if steps[0].wait:
        return time.sleep(steps[0].wait)
    if steps[0].scan:
        one, other = pair.scan(steps[0].scan)
        if one != other:
            raise Difference(steps[0], (one, other))
        return
    pair.send(b"".join(step.data for step in steps), cuts)
    for step in steps:
        one, other = pair.replies()
        if not same(step, one, other):
            raise Difference(step, (one, other))


def batches(chance, steps):
    """Cuts a stream into what is sent at once."""
    batch = []
    for step in steps:
        if step.data is None:
            if batch:
                yield batch
            yield [step]
            batch = []
            continue
        batch.append(step)
        if chance.random() < 0.15:
            yield batch
            batch = []
    if batch:
        yield batch


def places(chance, batch):
    """Where to cut its bytes."""
    length = sum(len(step.data or b"") for step in batch)
    if length < 200 and chance.random() < 0.05:
        return range(1, length)
    return sorted(chance.randint(0, length) for _ in range(chance.choice([0, 0, 1, 2, 5])))


def stream(seed, prefix, number):
    chance = random.Random(f"{seed} {prefix}")
    commands = Commands(chance, prefix)
    steps = []
    while len(steps) < number:
        steps += commands.steps()
    return chance, steps


def differs(servers, steps):
    """Plays them from the beginning, one by one: the first difference and its place, or None."""
    for server in servers:
        server.ask("FLUSHALL")
    pair = Pair(servers)
    try:
        for place, step in enumerate(steps):
            try:
                play(pair, [step])
            except Difference as difference:
                return place, difference
    finally:
        pair.close()
    return None


def smallest(servers, steps, difference):
    """Fewer steps that differ, too, as far as one gets in the time."""
    limit = time.monotonic() + MINIMISING
    found = differs(servers, steps)
    if not found:
        return steps[-10:], difference, "the last ones; one by one they do not differ"
    steps, difference = steps[: found[0] + 1], found[1]
    size = len(steps) // 2
    while size and time.monotonic() < limit:
        first = 0
        while first < len(steps) - 1 and time.monotonic() < limit:
            fewer = steps[:first] + steps[min(first + size, len(steps) - 1) :]
            found = differs(servers, fewer)
            if found:
                steps, difference = fewer[: found[0] + 1], found[1]
            else:
                first += size
        size //= 2
    return steps, difference, "from an empty server"


def shown(reply):
    return repr(reply) if len(reply) <= 300 else f"{reply[:200]!r}... ({len(reply)} bytes)"


class Comparison:
    def __init__(self, servers):
        self.servers = servers
        self.sent = 0

    def explain(self, number, steps, difference):
        steps, difference, how = smallest(self.servers, steps, difference)
        text = [f"{len(steps)} commands, {how} (SERVER_SEED={SEED}, round {number}):", *("  " + step.shown()[:300] for step in steps)]
        return "\n".join([*text, f"  redis-server: {shown(difference.replies[0])}", f"  the other:    {shown(difference.replies[1])}"])

    def round(self, seed, prefix, number, found):
        """One client's stream."""
        pair = Pair(self.servers)
        chance, steps = stream(seed, prefix, number)
        played = 0
        try:
            for batch in batches(chance, steps):
                played += len(batch)
                play(pair, batch, places(chance, batch))
        except Difference as difference:
            found.append((steps[:played], difference))
        except Exception as error:
            found.append((steps[:played], Difference(None, (b"", repr(error).encode()))))
        finally:
            pair.close()
        self.sent += played

    def commands(self, seconds, clients):
        """Rounds, each from an empty server, until the time is over; a text for each difference."""
        limit, number, texts = time.monotonic() + seconds, 0, []
        while time.monotonic() < limit:
            number += 1
            found = []
            for server in self.servers:
                server.ask("FLUSHALL")
            prefixes = [b"c%d:" % one for one in range(clients)] if clients > 1 else [b""]
            threads = [threading.Thread(target=self.round, args=(f"{SEED} {number}", prefix, 300, found)) for prefix in prefixes]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            texts += [self.explain(number, *one) for one in found]
        return texts

    def everything(self, data):
        """What each says until it closes, our own side being closed."""
        said = []
        for server in self.servers:
            end = server.connect()
            end.send(data)
            try:
                end.socket.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            said.append(end.ended(10))
            end.close()
        return said

    def malformed(self, seconds):
        limit, chance, texts = time.monotonic() + seconds, random.Random(SEED), []
        queue = list(MALFORMED)
        while queue or time.monotonic() < limit:
            data = queue.pop(0) if queue else damaged(chance)
            self.sent += 1
            one, other = self.everything(data)
            if one != other:
                texts.append(f"the bytes {data[:200]!r}{'...' if len(data) > 200 else ''}, then our side closed:\n"
                             f"  redis-server: {one!r}\n  the other:    {other!r}")
                if len(texts) > 10:
                    break
        return texts


MALFORMED = [
    encode("PING"), b"PING\r\n", b"", b"\r\n", b"PING", b"*1\r\n$4\r\nPIN", encode("SET", "cut", "x")[:-1], encode("QUIT") + encode("PING"),
    encode("PING") + b"*x\r\n" + encode("PING"), b"*1x\r\n", b"*\r\n", b"*-2\r\n" + encode("PING"), b"*2147483648\r\n", b"*99999999999999999999\r\n",
    b"* 1\r\n", b"*+1\r\n", b"*01\r\n$4\r\nPING\r\n", b"*1\n$4\r\nPING\r\n", b"*1\r\nPING\r\n", b"*1\r\n+4\r\n", b"*1\r\n\r\n", b"*1\r\n$\r\n",
    b"*1\r\n$-1\r\n", b"*1\r\n$x\r\n", b"*1\r\n$4x\r\nPING\r\n", b"*1\r\n$ 4\r\nPING\r\n", b"*1\r\n$99999999999999999999\r\n", b"*1\r\n$536870913\r\n",
    b"*1\r\n$3\r\nPING\r\n" + encode("PING"), b"*1\r\n$4\r\nPINGxx" + encode("PING"), b"*2\r\n$4\r\nECHO\r\n$1\r\na\n\n", b'ECHO "a\r\n', b"ECHO 'a\r\n",
    b'ECHO "a"b\r\n', b"ECHO 'a'b\r\n", b'ECHO "\\x41\\n\\r\\t\\b\\a\\q\\""\r\n', b"ECHO 'a\\'b'\r\n", b"ECHO a\"b\r\n", b"ECHO \"\"\r\n", b"  ECHO\ta \r\n",
    b"*" + b"1" * 70000, b"*1\r\n$" + b"1" * 70000, b"E" * 70000, b"$4\r\nPING\r\n", b"+OK\r\n", b":1\r\n",
]


def damaged(chance):
    """Some requests with some bytes changed.  No length becomes so large that limits differ, and none is a zero: redis-server does
    not look for the end of a line behind it."""
    while True:
        data = bytearray(b"".join(encode(*chance.choice([["PING"], ["ECHO", "abc"], ["SET", "d", "v"], ["GET", "d"], ["MGET", "d", "e"]]))
                                  for _ in range(3)))
        for _ in range(chance.randint(1, 3)):
            place = chance.randrange(len(data))
            data[place : place + chance.randint(0, 2)] = chance.choice([b"", b"\r\n", b"$", b"*", b"-", b"0", b"7", b" ", b'"', b"x"])
        data = bytes(data)
        if not any(len(line.strip(b"$*\r")) > 5 for line in data.split(b"\n") if line[:1] in b"$*"):
            return data


class Audience:
    """Connections to one server, and what each has been told: replies, and messages, in their order."""

    def __init__(self, server, number):
        self.ends = [server.connect(20) for _ in range(number)]
        self.told = [[] for _ in self.ends]
        self.messages = [[] for _ in self.ends]

    def hear(self, which):
        reply = self.ends[which].reply()
        if isinstance(reply, list) and reply[:1] == [b"message"]:
            self.messages[which].append(reply)
        else:
            self.told[which].append(reply)

    def say(self, which, words, token):
        """The replies to the words."""
        before = len(self.told[which])
        self.ends[which].send(encode(*words) + encode("PING", token))
        while not self.told[which] or self.told[which][-1] not in (token, [b"pong", token]):
            self.hear(which)
        replies = self.told[which][before:-1]
        if words[0] == b"UNSUBSCRIBE" and len(words) == 1:  # in any order
            names = sorted(reply[1] or b"" for reply in replies)
            return names + [reply[2] for reply in replies]
        return replies

    def await_messages(self, numbers):
        for which, number in enumerate(numbers):
            while len(self.messages[which]) < number:
                self.hear(which)

    def close(self):
        for end in self.ends:
            end.close()


def channel_words(chance, audience):
    """What one of an audience says."""
    # Names of its own: a server of many threads may notice only a moment later that the audience before has gone.
    channels = [name + b"%d" % audience for name in (b"a", b"b", b"", b"\0\r\n", b"c" * 100)]
    some = [chance.choice(channels) for _ in range(chance.choice([1, 1, 2, 5]))]
    return chance.choice([
        [b"SUBSCRIBE", *some], [b"SUBSCRIBE", *some], [b"UNSUBSCRIBE", *some], [b"UNSUBSCRIBE"], [b"SUBSCRIBE"], [b"PING"], [b"GET", b"a"],
        chance.choice([[b"GET"], [b"NOPE"], [b"CLIENT"], [b"CLIENT", b"GETNAME"], [b"CLIENT", b"GETNAME", b"x"], [b"CLIENT", b"NOPE"],
                       [b"CONFIG", b"GET"], [b"COMMAND", b"COUNT", b"x"], [b"MSET", b"a", b"b", b"c"]]),
        [b"PUBLISH", chance.choice(channels), chance.choice([b"", b"hello", b"\r\n", b"m" * 20000])]] + 4 * [
        [b"PUBLISH", chance.choice(channels), b"%d" % chance.getrandbits(30)]])


def subscriptions(servers, seconds):
    """As Comparison.commands, of audiences: each says something in turn; then all must have been told the same."""
    limit, number, texts = time.monotonic() + seconds, 0, []
    while time.monotonic() < limit and len(texts) < 5:
        number += 1
        chance = random.Random(f"{SEED} {number} audience")
        audiences = [Audience(server, 5) for server in servers]
        said = []
        try:
            for place in range(60):
                which, words, token = chance.randrange(5), channel_words(chance, number), b"%d" % place
                said.append(f"  client {which}: {b' '.join(words)[:100]!r}")
                one, other = (attempt(lambda: audience.say(which, words, token)) for audience in audiences)
                if one != other:
                    raise Difference(None, (one, other))
                counts = [len(messages) for messages in audiences[0].messages]
                failure = attempt(lambda: audiences[1].await_messages(counts))
                audiences[0].await_messages([len(messages) for messages in audiences[1].messages])
                if failure or audiences[0].messages != audiences[1].messages:
                    raise Difference(None, [[messages[-3:] for messages in audience.messages] for audience in audiences])
        except Difference as difference:
            texts.append("\n".join([f"SERVER_SEED={SEED}, audience {number}:", *said, f"  redis-server: {difference.replies[0]!r}",
                                    f"  the other:    {difference.replies[1]!r}"]))
        except TimeoutError:
            texts.append("\n".join([f"SERVER_SEED={SEED}, audience {number}: messages that redis-server does not send:", *said]))
        for audience in audiences:
            audience.close()
    return texts


class Altered(Redis):
    """A redis-server behind a proxy that alters one byte in twenty thousand of what it replies."""

    def __init__(self):
        super().__init__()
        self.chance = random.Random(SEED)
        self.behind = self.port
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client = self.listening.accept()[0]
            server = socket.create_connection(("127.0.0.1", self.behind))
            threading.Thread(target=self.copy, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self.copy, args=(server, client, True), daemon=True).start()

    def copy(self, source, target, alters):
        try:
            while data := bytearray(source.recv(1 << 16)):
                if alters and self.chance.random() < len(data) / 20000:
                    data[self.chance.randrange(len(data))] ^= 1
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            source.close()
            target.close()


def finds_altered():
    """The comparison's own test: what it says when nothing is found."""
    with Redis() as redis, Altered() as altered:
        comparison, found = Comparison([redis, altered]), []
        for number in range(50):
            comparison.round(f"{SEED} {number}", b"", 300, found)
            if found:
                return []
    return ["50 rounds with altered replies, and no difference"]


def check(tap, name, differences):
    """Each difference once."""
    tap.ok(not differences, name, *list(dict.fromkeys(differences))[:10])


def main(kind):
    Tap().diag(f"SERVER_SEED={SEED}")
    with Redis() as redis, {"leash": Leash, "redis": Redis}[kind]() as other:
        servers = [redis, other]
        tap, comparison = Tap(), Comparison(servers)
        check(tap, "one client: every command's replies are those of redis-server", comparison.commands(SECONDS * 0.4, 1))
        check(tap, "so are those of several at a time", comparison.commands(SECONDS * 0.3, 4))
        check(tap, "and those to malformed requests", comparison.malformed(SECONDS * 0.1))
        check(tap, "subscribers are told the same", subscriptions(servers, SECONDS * 0.2))
        tap.diag(f"{comparison.sent} requests")
        tap.same(other.stop(), 0, "the server stops at SIGTERM, with status 0")
        tap.same(other.said, "", "it has said nothing on stderr")
        check(tap, "a reply that is altered on its way is found", finds_altered())
        return tap.finish()


sys.exit(main(*sys.argv[1:]))
