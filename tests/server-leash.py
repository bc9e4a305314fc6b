"""What only leash-server has, LINK and LEASH: that users' references keep values alive, and cycles of them do not: LEASH_SERVER
names the program."""

import json
import sys

from resp import Error
from servers import Leash
from tap import Tap

WRONG_TYPE = b"WRONGTYPE Operation against a key holding the wrong kind of value"
NO_KEY = b"ERR no such key"
tap = Tap()


def arity(name):
    return b"ERR wrong number of arguments for '%s' command" % name


class User:
    def __init__(self, server):
        self.server, self.end = server, server.connect()

    def check(self, command, want):
        """The command's words stand apart by spaces."""
        tap.same(self.end.ask(*command.split()), want, f"{command}: {str(want)[:70]}")

    def do(self, *commands):
        """What no check is for, and must be no error."""
        for command in commands:
            reply = self.end.ask(*command.split())
            if isinstance(reply, Error):
                tap.ok(False, command, reply)
        return reply


def refused(user):
    user.do("HSET hash field value", "SET text t", "RPUSH list a")
    for command, want in {
        "LINK": arity(b"link"), "LINK hash": arity(b"link"), "LINK hash field": arity(b"link"),
        "LINK hash field text more": arity(b"link"),
        "LINK hash field none": NO_KEY, "LINK none field none": NO_KEY, "EXISTS none": 0, "HLEN hash": 1,
        "LINK text field text": WRONG_TYPE, "LINK text field hash": WRONG_TYPE, "LINK list field text": WRONG_TYPE,
        "LINK text field none": NO_KEY,
        "LEASH": arity(b"leash"), "LEASH NOPE": b"ERR unknown subcommand 'NOPE'. Try LEASH HELP.",
        "LEASH STATS more": arity(b"leash|stats"), "LEASH COLLECT more": arity(b"leash|collect"),
        "LEASH ADVICE more": arity(b"leash|advice"), "LEASH HELP more": arity(b"leash|help"),
        "LEASH WHY": arity(b"leash|why"), "LEASH WHY hash field more": arity(b"leash|why"), "LEASH WHY none": NO_KEY,
        "LEASH WHY hash none": b"ERR no such field", "LEASH WHY text field": WRONG_TYPE, "LEASH WHY none field": NO_KEY,
        "LEASH HEAP none": NO_KEY, "LEASH HEAP hash more": arity(b"leash|heap"),
    }.items():
        user.check(command, want)
    user.do("DEL hash text list")


def linked(user):
    """Values, whatever they are, are in the field themselves."""
    user.do("SET text t", "RPUSH list a", "HSET other a b")
    user.check("LINK hash text text", 1)
    user.check("TYPE hash", b"hash")
    user.check("LINK hash text text", 0)
    user.check("LINK hash list list", 1)
    user.check("LINK hash other other", 1)
    user.check("LINK hash self hash", 1)
    user.check("HGET hash text", b"t")
    for field in "list", "other", "self":
        user.check(f"HGET hash {field}", WRONG_TYPE)
    user.check("HLEN hash", 4)
    user.do("APPEND text more")
    user.check("HGET hash text", b"t")
    user.do("DEL text")
    user.check("HGET hash text", b"t")
    user.check("LINK hash text list", 0)
    user.check("HGET hash text", WRONG_TYPE)
    user.do("HSET hash text again")
    user.check("HGET hash text", b"again")
    user.check("HDEL hash self list", 2)
    user.check("HGET hash self", None)
    user.check("HLEN hash", 2)
    user.do("DEL hash other list")


def shared(user):
    """A change of a list is one for all who hold it."""
    user.do("RPUSH list a", "LINK hash list list", "RPUSH list b", "LINK back hash hash", "HSET hash new field")
    user.do("DEL hash", "LINK hash list list")
    user.check("HLEN hash", 1)
    user.check("LRANGE list 0 -1", [b"a", b"b"])
    user.do("DEL list hash back")


def reclaimed(user):
    """A hash is two objects, itself and its map, and so is a list, with its ring; a text is one."""
    before = user.server.settled()
    names = [f"ring{one}" for one in range(100)]
    for name in names:
        user.do(f"HSET {name} text t")
    for name, following in zip(names, names[1:] + names[:1]):
        user.do(f"LINK {name} next {following}")
    user.do("RPUSH list a b c", "LINK ring7 list list", "HSET alone a b", "LINK alone itself alone")
    made = 100 * 3 + 5 + 3
    tap.same(user.server.settled() - before, made, "a ring of 100 hashes, with a list, and a hash that is in itself: as many objects")
    user.do("DEL alone list " + " ".join(names[1:]))
    tap.same(user.server.settled() - before, made - 3, "while one has a name, only those are reclaimed that do not hang together with it")
    user.check("LEASH COLLECT", 0)
    user.do("DEL ring0")
    tap.ok(user.do("LEASH COLLECT") >= 100, "without names, LEASH COLLECT reclaims them")
    tap.same(user.server.settled() - before, 0, "exactly these objects are gone")
    tap.ok(b"hash" in user.do("LEASH ADVICE"), "LEASH ADVICE names what the cycle ran through", user.do("LEASH ADVICE"))


def why(user):
    user.do("SET text t", "HSET hash a b", "LINK hash text text")
    said = user.do("LEASH WHY text").decode()
    tap.ok(said.startswith("text 0x") and "3 references, 2 from fields, 1 from outside" in said,
           "LEASH WHY: the value is held by its key and by a field, and by who asks", said)
    user.do("DEL text")
    said = user.do("LEASH WHY hash text").decode()
    tap.ok("2 references, 1 from fields, 1 from outside" in said and "-> hash 0x" in said and ".fields -> leash_map 0x" in said,
           "without its key, the hash holds it, through which the chain runs", said)
    user.do("DEL hash")


def heap(user):
    """The owner of a value is in the surroundings of the value; who does not hang together with it is not."""
    user.do("RPUSH list a", "LINK owner list list", "HSET stranger a b")
    said = json.loads(user.do("LEASH HEAP list"))["objects"]
    types = [one["type"] for one in said]
    tap.same((types.count("hash"), types.count("list")), (1, 1), "LEASH HEAP of a key is JSON, with the list and who holds it")
    said = {one["type"]: one["objects"] for one in json.loads(user.do("LEASH HEAP"))["types"]}
    tap.same((said["hash"], said["list"]), (2, 1), "LEASH HEAP is, with all")
    user.do("DEL list owner stranger")


def main():
    with Leash("--threads", 2, LEASH_OPTIONS="leak_report:true,track:true") as server:
        user = User(server)
        for scene in refused, linked, shared, reclaimed, why, heap:
            scene(user)
        user.check("DBSIZE", 0)
        tap.same(server.stop(), 0, "it stops with status 0")
        tap.ok(server.said == "", "nothing has leaked, and it has said nothing", server.said[:3000])
    with Leash("--threads", 1) as server:
        user = User(server)
        user.do("HSET hash a b", "LINK hash self hash", "LEASH STATS", "LEASH COLLECT", "LEASH ADVICE", "LEASH HEAP hash")
        tap.ok(b"track:true" in user.end.ask("LEASH", "HEAP"), "without track:true, LEASH HEAP says what it needs")
        tap.ok(b"only the object" in user.do("LEASH WHY hash"), "and LEASH WHY what it does not know")
    return tap.finish()


sys.exit(main())
