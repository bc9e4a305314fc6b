"""leash in gdb: what keeps an object alive, who refers to whom, and what there is; `leash help` lists the commands.

gdb loads it with libleash.so where it is installed for that (docs/debugging.md); else `source tools/leash-gdb.py`.
How objects are found and read stands in leash_heap.py.
"""

import os
import re
import sys

import gdb
import gdb.printing

# The other half lies beside this file.  A gdb that root runs is not to leave compiled files there.
sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from leash_heap import DEAD, HEADER, IMMORTAL, Heap, Library, Object, Problem, Telling, field, plural, step, word
sys.path.pop(0)
sys.dont_write_bytecode = before

TRACK = 'run with LEASH_OPTIONS=track:true'


# Values of the debugger.

def class_of(type):
    """Of leash.hpp's: "ref" for leash::ref<T>, with T."""
    match = re.match(r'leash::(ref|weak|field|weak_field|slot)<.*>$', type.name or '')
    return (match.group(1), type.template_argument(0)) if match else (None, None)


def points_to(type, name):
    return type.code == gdb.TYPE_CODE_PTR and type.target().strip_typedefs().tag == name


def behind_weak(shared):
    """The object of a weak reference: 0 if it is gone."""
    header = word(shared) & ~1 if shared else 0
    return header + HEADER if header else 0


def address_of(value):
    """The object that a value means: a pointer, a number, a reference of any kind, or the object itself."""
    type = value.type.strip_typedefs()
    if type.code in (gdb.TYPE_CODE_REF, gdb.TYPE_CODE_RVALUE_REF):
        return address_of(value.referenced_value())
    if type.code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
        if class_of(type)[0]:
            return address_of(value[type.fields()[0]])
        if value.address is None:
            raise Problem('this value is nowhere in memory')
        return int(value.address)
    if points_to(type, 'leash__weak'):
        address = behind_weak(int(value))
        if int(value) and not address:
            raise Problem('the object of this weak reference is gone')
        return address
    try:
        return int(value) & (1 << 64) - 1
    except gdb.error:
        raise Problem('this value is no address')


# Commands.

class Command(gdb.Command):
    def __init__(self, completion=gdb.COMPLETE_NONE, prefix=False):
        super().__init__(self.name, gdb.COMMAND_DATA, completion, prefix)

    def invoke(self, argument, from_tty):
        try:
            for line in self.answer(argument.strip()):
                gdb.write(line + '\n')
        except Problem as problem:
            raise gdb.GdbError('leash: %s' % problem)

    def object(self, argument):
        """The library, and the live object that the argument means."""
        if not argument:
            raise Problem('%s needs an address, or an expression' % self.name)
        library = Library()
        thing = library.object(address_of(gdb.parse_and_eval(argument)))
        if thing.has(DEAD):
            raise Problem('%s is dead: its hooks, or the end of its memory, are still to come' % thing)
        return library, thing


class Leash(Command):
    """Questions about the managed objects of leash: `leash help` lists them."""
    name = 'leash'

    def answer(self, argument):
        return HELP.strip().split('\n')


class Help(Leash):
    """What one can ask about managed objects."""
    name = 'leash help'


class Why(Command):
    """leash why ADDRESS|EXPRESSION: what keeps the object alive.

How many references it has, how many of them no field accounts for ("from outside": variables, plain memory), and the
shortest chain of fields from an object that is held from outside; or the cycle that it is in, or hangs from."""
    name = 'leash why'

    def answer(self, argument):
        library, thing = self.object(argument)
        heap = Heap(library, thing)
        return Telling(heap).why(heap.nodes[thing.address])


class Refs(Command):
    """leash refs EXPRESSION: what the object refers to, by the names of its fields, and what refers to it."""
    name = 'leash refs'

    def answer(self, argument):
        library, thing = self.object(argument)
        yield thing.describe()
        references = list(thing.references())
        yield 'refers to:' if references else 'refers to nothing'
        for name, address in references:
            yield '  ' + step(name, self.target(library, address))
        if thing.type.is_opaque:
            yield 'references that its trace function reports are not shown'
        if not library.tracking:
            yield 'what refers to it is not known: %s' % TRACK
            return
        heap = Heap(library)
        node = heap.nodes[thing.address]
        yield 'is referred to by:' if heap.found[node] else 'is referred to by no field'
        for source, edges in zip(heap.objects, heap.edges):
            for name, target in edges:
                if target == node:
                    yield '  %s %s' % (source, field(name))
        if not heap.is_immortal(node):
            yield '%d from outside%s' % (heap.outside(node), thing.given_back())
        yield from heap.notes

    @staticmethod
    def target(library, address):
        try:
            thing = library.object(address)
        except Problem:
            return '%#x, which is not an object' % address
        return '%s%s' % (thing, ', dead' if thing.has(DEAD) else '')


class Objects(Command):
    """leash objects [TYPE]: how many objects there are of each type, and their bytes; or those of one type."""
    name = 'leash objects'

    def answer(self, argument):
        library = Library()
        if not library.tracking:
            raise Problem('which objects there are is not known: %s' % TRACK)
        living, notes = [], []
        for address in library.census()[0]:
            try:
                thing = library.object(address)
                if not thing.has(DEAD):
                    living.append(thing)
            except Problem as problem:
                notes.append(str(problem))
        yield from self.of_type(living, argument) if argument else self.by_type(living)
        yield from notes

    @staticmethod
    def of_type(living, name):
        found = [thing for thing in living if thing.type.name == name]
        if not found:
            raise Problem('no object of type %s' % name)
        return [thing.describe() for thing in sorted(found, key=lambda thing: thing.address)]

    @staticmethod
    def by_type(living):
        sums = {}
        for thing in living:
            objects, bytes = sums.get(thing.type.name, (0, 0))
            sums[thing.type.name] = objects + 1, bytes + thing.bytes
        yield '%12s %14s  type' % ('objects', 'bytes')
        for name, (objects, bytes) in sorted(sums.items(), key=lambda item: (-item[1][1], item[0])):
            yield '%12d %14d  %s' % (objects, bytes, name)
        yield '%12d %14d  of %d type%s' % (len(living), sum(b for _, b in sums.values()), len(sums), plural(len(sums)))


class Stats(Command):
    """leash stats: the library's counters, summed over all threads, as leash_stats_print() has them."""
    name = 'leash stats'

    def answer(self, argument):
        sums = Library().counters()
        yield 'alive %d' % (sums['births'] - sums['frees'])
        for name, number in sums.items():
            yield '%s %d' % (name, number)


class Describe(gdb.Function):
    """$leash(EXPRESSION): what the header of a managed object says: type, count, owner, flags."""

    def invoke(self, value):
        try:
            return Library().object(address_of(value)).describe()
        except Problem as problem:
            return str(problem)


HELP = """
leash why ADDRESS|EXPRESSION    what keeps the object alive: its counts, and a chain of fields or a cycle
leash refs EXPRESSION           what it refers to, and what refers to it
leash objects [TYPE]            how many objects of each type, and their bytes; or those of one type
leash stats                     the library's counters
print $leash(EXPRESSION)        type, count, owner and flags of an object
leash help                      this
An EXPRESSION is a pointer to an object, the object, or a reference of any kind (leash_weak, leash::ref<T>, ...).
Who refers to whom, and all objects, are known only to processes that run with LEASH_OPTIONS=track:true.
"""


# Printers.

def summary(address, nothing):
    """Type, address and count, or what makes that impossible."""
    if not address:
        return nothing
    try:
        thing = Object(Library(), address)
    except Problem as problem:
        return '%#x (%s)' % (address, problem)
    if thing.has(DEAD):
        return '%s, dead' % thing
    return '%s, %s' % (thing, 'immortal' if thing.has(IMMORTAL) else
                       '%d reference%s' % (thing.count, plural(thing.count)))


class Strong:
    """A reference that counts; of C++, with the pointer as what is in it."""

    def __init__(self, pointer, type=None):
        self.pointer, self.type = pointer, type

    def address(self):
        return int(self.pointer)

    def nothing(self):
        return 'NULL'

    def to_string(self):
        try:
            return summary(self.address(), self.nothing())
        except Problem as problem:
            return '%#x (%s)' % (int(self.pointer), problem)

    def children(self):
        if self.type:
            try:
                yield 'get()', gdb.Value(self.address()).cast(self.type.pointer())
            except Problem:
                return


class Weakly(Strong):
    """One that does not."""

    def address(self):
        return behind_weak(int(self.pointer))

    def nothing(self):
        return 'NULL, gone' if int(self.pointer) else 'NULL'


class Printers(gdb.printing.PrettyPrinter):
    def __call__(self, value):
        type = value.type.strip_typedefs()
        if points_to(type, 'leash__weak'):
            return Weakly(value)
        if points_to(type, 'leash__slotted'):
            return Strong(value)
        kind, target = class_of(type)
        if kind:
            pointer = value[type.fields()[0]]
            return (Weakly if 'weak' in kind else Strong)(pointer, target)
        return None


Leash(prefix=True)
Help()
Why(gdb.COMPLETE_EXPRESSION)
Refs(gdb.COMPLETE_EXPRESSION)
Objects()
Stats()
Describe('leash')
gdb.printing.register_pretty_printer(gdb.current_objfile(), Printers('leash'), replace=True)
