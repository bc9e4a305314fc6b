"""Random commands for a server, right and wrong ones, and when two replies to one count as the same."""

import re

from resp import Error, encode, understand

ODD_NUMBERS = [b"", b" 1", b"1 ", b"+1", b"01", b"-0", b"00", b"0x10", b"1.5", b"1e3", b"--1", b"-", b"abc", b"1\0", b"\xff", b"nan",
               b"9223372036854775807", b"9223372036854775808", b"-9223372036854775808", b"-9223372036854775809",
               b"18446744073709551616", b"1" * 40]
ODD_TEXTS = [b"", b" ", b"\0", b"\r\n", b"\n", b"a\0b", b"\xff\xfe\x80", "\u00e4\u20ac".encode(), b"'", b'"', b"\\", b"*3\r\n$3\r\n",
             b"$-1\r\n", b"x" * 100, b"y" * 5000, b"z" * 70000]
ENDINGS = [b"", b"a", b"b", b"ab", b"\0", b"\r\n", b"\xff", b"a b", b"*", b"[a]", b"\\", b"k" * 300]
PATTERNS = [b"*", b"?", b"a*", b"*b", b"[ab]", b"[^a]", b"[a-c]*", b"[c-a]", b"\\*", b"\\[a]", b"[[]a]", b"[", b"[a", b"[^", b"\\", b"**",
            b"*?*", b"", b"a?", b"[]", b"[\\]]", b"\xff", b"\0"]


class Step:
    """Bytes to send, and the words that they are; or what is done instead."""

    def __init__(self, words=(), data=None, wait=0, scan=None):
        self.words, self.wait, self.scan = list(words), wait, scan
        self.data = encode(*words) if data is None and words else data

    @property
    def name(self):
        return self.words[0].upper() if self.words else b""

    def shown(self):
        if self.wait:
            return f"(wait {self.wait} s)"
        text = " ".join(map(quoted, self.scan or self.words))
        if self.scan:
            return f"{text} (until its cursor is 0)"
        return text if self.data == encode(*self.words) else f"{text} (sent as {self.data!r})"


def quoted(word):
    """As redis-cli takes it."""
    if re.fullmatch(rb"[\w:.+-]+", word):
        return word.decode()
    characters = (chr(one) if 32 <= one < 127 and one not in b'"\\' else f"\\x{one:02x}" for one in word)
    return '"' + "".join(characters) + '"'


class Commands:
    """A stream of steps; with a prefix, all its keys begin so, and it looks at no others."""

    def __init__(self, random, prefix=b""):
        self.random, self.prefix = random, prefix
        self.makers = [getattr(self, name) for name in sorted(dir(self)) if name.startswith("make_")]
        if prefix:
            self.makers.remove(self.make_everything)

    def key(self):
        return self.prefix + self.random.choice(ENDINGS[:5] if self.random.random() < 0.8 else ENDINGS)

    def number(self):
        chance = self.random.random()
        if chance < 0.2:
            return self.random.choice(ODD_NUMBERS)
        return b"%d" % self.random.choice([0, 1, -1, 2, 10, -100, 1 << 31, -1 << 40, self.random.getrandbits(63)])

    def index(self):
        return b"%d" % self.random.randint(-6, 6) if self.random.random() < 0.8 else self.number()

    def text(self):
        chance = self.random.random()
        if chance < 0.3:
            return self.random.choice(ODD_TEXTS)
        if chance < 0.5:
            return self.number()
        return self.random.randbytes(self.random.randint(1, 12))

    def field(self):
        return self.random.choice([b"f", b"g", b"h", b"", b"\0", b"1"])

    def some(self, make, least=1):
        return [make() for _ in range(max(least, int(self.random.expovariate(0.6))))]

    def any_case(self, word):
        return bytes(self.random.choice([one, one ^ 32]) if 65 <= one & ~32 <= 90 else one for one in word)

    def seconds(self):
        """A time to live that does not run out meanwhile, or a wrong one."""
        if self.random.random() < 0.3:
            return self.random.choice(ODD_NUMBERS + [b"0", b"-1", b"9223372036854775", b"9223372036854775807"])
        return b"%d" % self.random.randint(1000, 1000000)

    def milliseconds(self):
        seconds = self.seconds()
        return seconds + b"000" if seconds.isdigit() and len(seconds) < 10 else seconds

    def make_set(self):
        options = []
        while self.random.random() < 0.5:
            options.append(self.random.choice([
                [b"EX", self.seconds()], [b"PX", self.milliseconds()], [b"EXAT", b"9999999999"], [b"PXAT", b"9999999999999"],
                [b"KEEPTTL"], [b"NX"], [b"XX"], [b"GET"], [b"EX"], [b"nope"], [b""]]))
        self.random.shuffle(options)
        options = [self.any_case(word) if word.isalpha() else word for option in options for word in option]
        return [b"SET", self.key(), self.text(), *options]

    def make_plain_set(self):
        return [b"SET", self.key(), self.text()]

    def make_get(self):
        return [self.random.choice([b"GET", b"STRLEN", b"TYPE", b"TTL"]), self.key()]

    def make_several(self):
        return [self.random.choice([b"MGET", b"EXISTS", b"DEL"]), *self.some(self.key)]

    def make_mset(self):
        return [b"MSET", *[word for _ in self.some(int) for word in (self.key(), self.text())]]

    def make_getset(self):
        return [self.random.choice([b"GETSET", b"APPEND"]), self.key(), self.text()]

    def make_expire(self):
        options = []
        while self.random.random() < 0.3:
            options.append(self.any_case(self.random.choice([b"NX", b"XX", b"GT", b"LT", b"nope"])))
        if self.random.random() < 0.5:
            return [b"EXPIRE", self.key(), self.seconds(), *options]
        return [b"PEXPIRE", self.key(), self.milliseconds(), *options]

    def make_expired(self):
        if self.random.random() < 0.5:
            return self.make_expire()
        key = self.key()
        soon = self.random.choice([[b"SET", key, self.text(), b"PX", b"5"], [b"PEXPIRE", key, b"5"]])
        return [Step(soon), Step(wait=0.02), Step([self.random.choice([b"GET", b"EXISTS", b"LLEN", b"TTL", b"TYPE"]), key])]

    def make_count(self):
        return [self.random.choice([b"INCR", b"DECR"]), self.key()]

    def make_number(self):
        return self.random.choice([[b"INCRBY", self.key(), self.number()], [b"SET", self.key(), self.number()]])

    def make_push(self):
        return [self.random.choice([b"LPUSH", b"RPUSH"]), self.key(), *self.some(self.text)]

    def make_pop(self):
        return [self.random.choice([b"LPOP", b"RPOP", b"LLEN"]), self.key()]

    def make_pop_some(self):
        return [self.random.choice([b"LPOP", b"RPOP"]), self.key(), self.index()]

    def make_range(self):
        return [b"LRANGE", self.key(), self.index(), self.index()]

    def make_hset(self):
        return [b"HSET", self.key(), *[word for _ in self.some(int) for word in (self.field(), self.text())]]

    def make_hget(self):
        return [self.random.choice([b"HGET", b"HDEL"]), self.key(), self.field()]

    def make_hdel(self):
        return [b"HDEL", self.key(), *self.some(self.field)]

    def make_hash(self):
        return [self.random.choice([b"HGETALL", b"HLEN"]), self.key()]

    def make_keys(self):
        return [b"KEYS", self.prefix + self.random.choice(PATTERNS)]

    def make_scan(self):
        options = [b"MATCH", self.prefix + self.random.choice(PATTERNS)] if self.prefix or self.random.random() < 0.5 else []
        if self.random.random() < 0.5:
            options += [b"COUNT", b"%d" % self.random.choice([1, 3, 100])]
        if self.random.random() < 0.1:
            options += [b"TYPE", self.random.choice([b"string", b"list", b"hash", b"none"])]
        return [Step(scan=[b"SCAN", b"0", *options])]

    def make_wrong_scan(self):
        return [b"SCAN", *self.random.choice([[b"x"], [b"0", b"COUNT"], [b"0", b"COUNT", b"0"], [b"0", b"COUNT", b"x"],
                                              [b"0", b"MATCH"], [b"0", b"nope", b"1"], [b"-"], [b"1.5"]])]

    def make_talk(self):
        return self.random.choice([[b"PING"], [b"PING", self.text()], [b"ECHO", self.text()], [b"PUBLISH", self.key(), self.text()]])

    def make_server(self):
        return self.random.choice([
            [b"CLIENT", b"ID"], [b"CLIENT", b"LIST"], [b"CLIENT", b"SETNAME", self.text()], [b"CLIENT"], [b"CLIENT", b"nope"],
            [b"CLIENT", b"SETNAME"], [b"CLIENT", b"ID", b"x"], [b"CONFIG"], [b"CONFIG", b"GET"], [b"CONFIG", b"GET", b"nope"],
            [b"CLIENT", b"LIST", b"x"], [b"CLIENT", b"HELP", b"x"], [b"COMMAND", b"COUNT", b"x"], [b"COMMAND", b"NOPE"],
            [b"COMMAND", b"DOCS", b"nope"], [b"CONFIG", b"HELP", b"x"], [b"CONFIG", b"GET", b"save"], [b"CONFIG", b"nope", b"x"], [b"COMMAND"], [b"INFO"], [b"INFO", b"server"],
            [b"SHUTDOWN", b"nope"]])

    def make_wrong(self):
        """Any command with any number of words, and some that do not exist."""
        name = self.random.choice([
            b"PING", b"ECHO", b"SET", b"GET", b"MGET", b"MSET", b"GETSET", b"DEL", b"EXISTS", b"EXPIRE", b"PEXPIRE", b"TTL", b"INCR",
            b"DECR", b"INCRBY", b"APPEND", b"STRLEN", b"TYPE", b"LPUSH", b"RPUSH", b"LPOP", b"RPOP", b"LLEN", b"LRANGE", b"HSET",
            b"HGET", b"HDEL", b"HGETALL", b"HLEN", b"PUBLISH", b"NOPE", b"", b"GE", b"GETT", b"g\0t", b"a b",
            b"\r\nOK", b"q" * 200])
        words = [self.key() if one % 2 == 0 or name in (b"DEL", b"EXISTS", b"MGET") else self.text()
                 for one in range(self.random.randint(0, 4))]
        return [b"SUBSCRIBE"] if self.random.random() < 0.02 else [name, *words]

    def make_everything(self):
        return self.random.choice([[b"DBSIZE"], [b"DBSIZE"], [b"FLUSHALL"], [b"DBSIZE", b"x"], [b"FLUSHALL", b"nope"]])

    def steps(self):
        made = self.random.choice(self.makers)()
        if isinstance(made[0], Step):
            return made
        if self.random.random() < 0.3:
            made[0] = self.any_case(made[0])
        return [Step(made, self.inline(made))]

    def inline(self, words):
        """Sometimes the same as a line; sometimes empty requests before it, which have no reply."""
        chance = self.random.random()
        if chance < 0.05 and sum(map(len, words)) < 1000 and not any(b"\n" in word for word in words):
            if all(re.fullmatch(rb"[\w:.+-]+", word) for word in words):
                return b" ".join(words) + self.random.choice([b"\r\n", b"\n", b"  \r\n"])
            if words[0]:
                return b" ".join(b'"%s"' % b"".join(b"\\x%02x" % one for one in word) for word in words) + b"\r\n"
        if chance > 0.97:
            return self.random.choice([b"*0\r\n", b"*-1\r\n", b"\r\n", b"\r\n\r\n"]) + encode(*words)
        return None


def pairs(values):
    return dict(zip(values[::2], values[1::2]))


def named(names):
    """Redis does not find the empty name by the pattern **."""
    return sorted(set(names) - {b""})


def sub_command(step, *names):
    return len(step.words) > 1 and step.words[1].upper() in names


def same(step, one, other):
    """Whether two replies say the same.  All that is excepted from equality stands here."""
    if one == other:
        return True
    try:
        one, other = understand(one), understand(other)
    except ValueError:
        return False
    if isinstance(one, Error) or isinstance(other, Error) or type(one) is not type(other):
        return False
    name = step.name
    if name == b"KEYS":
        return named(one) == named(other)
    if name == b"HGETALL":
        return len(one) == len(other) and pairs(one) == pairs(other)
    if name == b"TTL":
        return min(one, other) >= 0 and abs(one - other) <= 1
    if name == b"CLIENT":
        return sub_command(step, b"ID", b"LIST")
    if name == b"CONFIG":
        return sub_command(step, b"GET") and len(one) % 2 == 0
    return name in (b"INFO", b"COMMAND")
