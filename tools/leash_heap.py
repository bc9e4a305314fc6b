"""The managed objects of a process, or of a core file, as gdb can read them: for leash-gdb.py.

Everything is found by reading memory: no function of the process is called, so all of it works wherever a process is
stopped, and on core files.  What the library keeps to itself it describes in one constant, leash__debugger_1
(lib/see/debugger.c); so it may be stripped.  The header of objects, the descriptions of types and weak references are
public (include/leash/abi.h, type.h, weak.h) and known here, as are the rules by which fields are named
(lib/see/field_name.c).

What `leash why` says, and how it finds it, is what leash_why() does in the process (lib/see/why.c, path.c, image.c); but
there is nothing to wait for here, so what threads have given back and not yet subtracted is told separately.
"""

import os
import re
import struct

import gdb

VERSION = 2  # of struct leash__debugger

MEMBERS = (
    'types type_count type_stride type_type type_size type_body '
    'census_on wards ward_count ward_stride ward_places ward_size ward_objects '
    'records record_hot record_next record_credits credit_count '
    'record_counters past_counters counter_names array map key_map').split()

HEADER = 16  # bytes
PREFIX = 16
CREDIT = 16

_, MERGED, PENDING, DEAD, FINALIZED, CLOSED, IMMORTAL, PROMPT, EXTRA, LOGGED = (1 << bit for bit in range(16, 26))
HUSK, TRIED, PUBLISHED, WEAK = (1 << bit for bit in range(28, 32))
AGE_SHIFT, FROZEN = 26, 3
FLAGS = (
    (DEAD, 'dead'), (MERGED, 'merged'), (PENDING, 'its owner is about to be taken away'), (IMMORTAL, 'immortal'),
    (FINALIZED, 'finalized'), (CLOSED, 'closed'), (HUSK, 'destroyed'), (TRIED, 'found in a dead cycle'),
    (PROMPT, 'prompt'), (PUBLISHED, 'was in a slot'), (WEAK, 'has had weak references'), (LOGGED, 'a suspect'))

ACYCLIC = 1  # of a type's flags
_, TAIL, WEAK_FIELD, _ = range(4)  # kinds of fields

NO_ENTRY = 3  # flags of nodes in a map's list
KEY_SHOWN = 40  # bytes of a key, as printed

NOTES = 10  # that are told


class Problem(Exception):
    """Why a question has no answer."""


# Memory.

def read(address, size):
    try:
        return bytes(gdb.selected_inferior().read_memory(address, size)) if size else b''
    except (gdb.MemoryError, OverflowError, ValueError):
        raise Problem('memory at %#x cannot be read' % address)


def words(address, number):
    return struct.unpack('<%dQ' % number, read(address, 8 * number))


def word(address):
    return words(address, 1)[0]


def text(address):
    """A string of C.  Pieces end where 64 bytes do, and so never reach into a page that is not there."""
    found = b''
    while b'\0' not in found:
        found += read(address + len(found), 64 - (address + len(found)) % 64)
    return found[:found.index(b'\0')].decode('utf-8', 'replace')


def plural(number):
    return '' if number == 1 else 's'


# The library, as it stands now.

class Library:
    def __init__(self):
        if not gdb.selected_inferior().threads():
            raise Problem('no process and no core file')
        try:
            address = int(gdb.parse_and_eval('&leash__debugger_1'))
        except gdb.error:
            if any(os.path.basename(o.filename or '').startswith('libleash.so') for o in gdb.objfiles()):
                raise self.mismatch('has no leash__debugger_1')
            raise Problem('no libleash in this process')
        version, size = struct.unpack('<II', read(address, 8))
        if (version, size) != (VERSION, 8 + 8 * len(MEMBERS)):
            raise self.mismatch('describes itself by version %d, of %d bytes; known is %d, of %d' %
                                (version, size, VERSION, 8 + 8 * len(MEMBERS)))
        self.__dict__.update(zip(MEMBERS, words(address + 8, len(MEMBERS))))
        if not self.types:
            raise Problem('libleash has not been started yet')
        self.array_type, self.array_buffer, self.array_size, self.array_elements = words(self.array, 4)
        self.maps = {}  # by type: what struct lsh_map_layout has besides
        for layout in self.map, self.key_map:
            type, *rest = words(layout, 8)
            self.maps[type] = rest
        self.tracking = read(self.census_on, 1) != b'\0'
        self.types_ = {}
        self.census_ = None
        self.credits_ = None
        self.thread_numbers_ = None

    @staticmethod
    def mismatch(why):
        return Problem("this process's libleash and leash-gdb.py are of different versions: the library " + why)

    def type(self, number):
        """The type of that number; None if there is none."""
        if number not in self.types_:
            entry = self.types + number * self.type_stride
            address = word(entry + self.type_type)
            self.types_[number] = Type(self, entry, address) if address else None
        return self.types_[number]

    def census(self):
        """The addresses of all objects, in their order, as lib/see/image.c has them; and whether it was being changed."""
        if self.census_ is None:
            found, torn = {}, False
            for ward in range(self.ward_count):
                ward = self.wards + ward * self.ward_stride
                size, objects = word(ward + self.ward_size), word(ward + self.ward_objects)
                try:
                    places = words(word(ward + self.ward_places), size)
                except (Problem, MemoryError):
                    places = ()
                here = [place + HEADER for place in places if place]
                torn |= len(here) != objects
                found.update(dict.fromkeys(here))
            self.census_ = dict.fromkeys(sorted(found)), torn
        return self.census_

    def threads(self):
        """The addresses of their records."""
        record = word(self.records)
        while record:
            yield record
            record = word(record + self.record_next)

    def credits(self):
        """How often each object was given back without being subtracted; and whether a thread was counting."""
        if self.credits_ is None:
            found, busy = {}, False
            for record in self.threads():
                busy |= struct.unpack('<I', read(record + self.record_hot, 4))[0] != 0
                table = read(record + self.record_credits, CREDIT * self.credit_count)
                for header, count, _ in struct.iter_unpack('<QII', table):
                    if count:
                        found[header + HEADER] = found.get(header + HEADER, 0) + count
            self.credits_ = found, busy
        return self.credits_

    def thread_numbers(self):
        """gdb's number of each owner, as far as it can read the variables of threads (it needs libthread_db)."""
        if self.thread_numbers_ is None:
            self.thread_numbers_ = {}
            try:
                selected, frame = gdb.selected_thread(), gdb.selected_frame()
            except gdb.error:  # nothing is selected to come back to
                return self.thread_numbers_
            for thread in gdb.selected_inferior().threads():
                thread.switch()
                try:
                    record = int(gdb.parse_and_eval('(unsigned long)leash__self_1'))
                    self.thread_numbers_[struct.unpack('<IH', read(record, 6))[1]] = thread.num
                except (gdb.error, Problem):
                    pass
            selected.switch()
            frame.select()
        return self.thread_numbers_

    def counters(self):
        """Their names, and the sums over all threads."""
        names = text(self.counter_names).split()
        sums = list(words(self.past_counters, len(names)))
        for record in self.threads():
            for i, number in enumerate(words(record + self.record_counters, len(names))):
                sums[i] += number
        sums = dict(zip(names, sums))
        for name in 'births', 'frees':
            sums[name] += sums[name + '_cyclic']
        return sums

    def object(self, address):
        """The object at an address of which nothing is known yet."""
        if not address:
            raise Problem('NULL is not an object')
        if address % HEADER:
            raise Problem('%#x is not an object: objects begin at multiples of 16' % address)
        if self.tracking and address not in self.census()[0]:
            raise Problem('%#x is not an object: it is none of those that there are' % address)
        return Object(self, address)


# Types and their fields.

def entry_texts(names):
    """The texts of LEASH_FIELDS(), each without what is around it."""
    texts, depth, begin = [], 0, 0
    for i, character in enumerate(names + ','):
        depth += (character in '([') - (character in ')]')
        if character == ',' and depth == 0:
            one = names[begin:i].lstrip(' \t\n')
            tail = re.match(r'LEASH_TAIL[^(]*[( ]+', one)
            one = re.match(r'[^ )]*', one[tail.end():]) if tail else re.match(r'[^ ,]*', one)
            texts.append(one.group()[:60])
            begin = i + 1
    return texts


class Type:
    def __init__(self, library, entry, address):
        try:
            name, self.declared, flags, fields, count, names, trace = words(address, 7)
            self.name = text(name)
            packed = words(fields, count) if count else ()
            texts = entry_texts(text(names)) if names else []
        except Problem as problem:
            raise Problem('the description of a type cannot be read (is the file of the program, or library, '
                          'that has it at hand?): %s' % problem)
        self.address = address
        self.size, = struct.unpack('<I', read(entry + library.type_size, 4))
        self.body, = struct.unpack('<I', read(entry + library.type_body, 4))
        self.is_acyclic = bool(flags & ACYCLIC)
        self.is_array = address == library.array_type
        self.map = library.maps.get(address)
        self.is_opaque = bool(trace) and not self.is_array and not self.map
        self.entries = []
        for i, bits in enumerate(packed):
            title = texts[i] if i < len(texts) and texts[i] else 'field %d' % i
            self.entries.append((title, bits & 0xffffffff, bits >> 32 & 0xffffff, bits >> 56))

    def fields(self, payload):
        """The strong references in a payload of that many bytes: name, offset, number, and whether it is a row."""
        for title, offset, number, kind in self.entries:
            if kind == TAIL:
                number = max(0, payload - offset) // 8
            if kind != WEAK_FIELD:
                yield title, offset, number, kind == TAIL or number > 1


# Objects.

class Object:
    def __init__(self, library, address):
        self.library = library
        self.address = address
        try:
            self.shared, self.local, self.owner, self.log = struct.unpack('<QIHH', read(address - HEADER, HEADER))
        except Problem:
            raise Problem('%#x is not an object: there is no memory in front of it' % address)
        number = self.shared & 0xffff
        self.type = library.type(number) if number else None
        if not self.type and library.tracking:
            raise Problem('the header of %#x is corrupt: there is no type of number %d' % (address, number))
        if not self.type:
            raise Problem('%#x is not an object, or its header is corrupt: there is no type of number %d' %
                          (address, number))

    def __str__(self):
        return '%s %#x' % (self.type.name, self.address)

    def has(self, flag):
        return bool(self.shared & flag)

    @property
    def shared_count(self):
        return (self.shared >> 32) - (self.shared >> 63 << 32)

    @property
    def count(self):
        return self.shared_count + (0 if self.has(MERGED) else self.local >> 1)

    @property
    def credits(self):
        return self.library.credits()[0].get(self.address, 0)

    def given_back(self):
        return ', %d given back and not yet subtracted' % self.credits if self.credits else ''

    @property
    def payload(self):
        return self.type.size + (word(self.address - HEADER - PREFIX) if self.has(EXTRA) else 0)

    @property
    def bytes(self):
        """Of its block, rounded up to whole 16s."""
        block = PREFIX + HEADER + self.payload if self.has(EXTRA) else HEADER + self.type.body
        return (block + 15) // 16 * 16

    def references(self):
        """Names of fields, and the addresses of what they refer to."""
        for title, offset, number, row in self.type.fields(self.payload if self.type.entries else 0):
            for i, target in enumerate(words(self.address + offset, number)):
                if target:
                    yield (title + '[%d]' % i if row else title), target
        if self.type.is_array:
            buffer = word(self.address + self.library.array_buffer)
            number = word(buffer + self.library.array_size) if buffer else 0
            for i, target in enumerate(words(buffer + self.library.array_elements, number)):
                if target:
                    yield '[%d]' % i, target
        if self.type.map:
            yield from self.map_entries(*self.type.map)

    def map_entries(self, table, first, value, number, is_bytes, bytes, objects):
        """A map's: their keys, and what they refer to."""
        table = word(self.address + table)
        node, seen = word(table + first) if table else 0, set()
        while node:
            if node in seen:
                raise Problem('the list of its entries comes back to itself')
            seen.add(node)
            link = word(node)
            target = 0 if link & NO_ENTRY else word(node - value)
            if target:
                key = word(node + number)
                if read(node + is_bytes, 1) != b'\0':
                    yield key_name(read(node + bytes, min(key, KEY_SHOWN)), key), target
                else:
                    yield ('[%#x]' if objects else '[%d]') % key, target
            node = link & ~7

    def describe(self):
        """Everything that its header says."""
        if self.has(IMMORTAL):
            said = '%s: not counted' % self
        else:
            said = '%s: %d reference%s' % (self, self.count, plural(self.count))
        if not self.has(IMMORTAL | MERGED):
            thread = self.library.thread_numbers().get(self.owner)
            said += ' (%d by %s; %d by others)' % (
                self.local >> 1, 'its owner' if thread is None else 'its owner, thread %d' % thread, self.shared_count)
        said += self.given_back()
        flags = [name for flag, name in FLAGS if self.has(flag)]
        age = self.shared >> AGE_SHIFT & FROZEN
        if age:
            flags.append('frozen' if age == FROZEN else 'age %d' % age)
        if self.has(EXTRA):
            flags.append('%d bytes with its tail' % self.payload)
        return said + ''.join('; ' + flag for flag in flags)


def character(key):
    """How many bytes the character of UTF-8 has that begins here, 0: none does."""
    for length in range(1, 5):
        try:
            return 0 if key[:length].decode() in ('\ufffe', '\uffff') else length
        except UnicodeDecodeError:
            pass
    return 0


def key_name(key, length):
    """A key of that many bytes, of which these are the first: as lib/see/map_key.c has it."""
    said, i = b'', 0
    while i < len(key):
        size, byte = character(key[i:]), key[i:i + 1]
        if byte == b'\n':
            one = b'\\n'
        elif not size or byte < b' ' or byte == b'\x7f':
            one = b'\\x%02x' % byte[0]
        else:
            one = b'\\' + byte if byte in b'"\\' else key[i:i + size]
        if len(said) + len(one) > KEY_SHOWN:
            break
        said += one
        i += size or 1
    return '["%s"%s]' % (said.decode(), '...' if i < length else '')


def field(name):
    return name if name.startswith('[') else '.' + name


def step(name, target):
    return '%s -> %s' % (field(name), target)


# The heap: all objects, or without tracking those that one leads to.  Nodes are numbers.

class Heap:
    def __init__(self, library, start=None):
        self.library = library
        self.complete = library.tracking
        self.objects, self.edges, self.found = [], [], []  # edges: name, target; found: references in fields
        self.nodes = {}
        self.notes = []
        self.opaque = {}
        for address in library.census()[0] if self.complete else (start.address,):
            try:
                self.add(address)
            except Problem as problem:
                self.mistrust(problem)
        for node, thing in enumerate(self.objects):  # grows meanwhile
            self.follow(node, thing)
        self.note()

    def add(self, address):
        """Its node; None if it is dead."""
        if address not in self.nodes:
            thing = self.library.object(address)
            self.nodes[address] = None if thing.has(DEAD) else len(self.objects)
            if not thing.has(DEAD):
                self.objects.append(thing)
                self.edges.append([])
                self.found.append(0)
        return self.nodes[address]

    def follow(self, node, thing):
        if thing.type.is_opaque:
            self.opaque[thing.type.name] = self.opaque.get(thing.type.name, 0) + 1
        try:
            for name, address in thing.references():
                try:
                    target = self.add(address)
                except Problem:
                    self.mistrust('%s is corrupt: %s, which is not an object' % (thing, step(name, '%#x' % address)))
                    continue
                if target is not None:
                    self.edges[node].append((name, target))
                    self.found[target] += 1
        except Problem as problem:
            self.mistrust('%s is corrupt: %s' % (thing, problem))

    def mistrust(self, what):
        self.notes.append(str(what))

    def note(self):
        """What may make all this wrong, or incomplete."""
        if len(self.notes) > NOTES:
            self.notes[NOTES:] = ['and %d more that cannot be right' % (len(self.notes) - NOTES)]
        if self.complete and self.library.census()[1]:
            self.notes.append('the table of all objects was being changed when the process stopped: some may be missing')
        if self.library.credits()[1]:
            self.notes.append('a thread was in the middle of counting when the process stopped: numbers may be off')
        for name, number in sorted(self.opaque.items()):
            self.notes.append('%d object%s of type %s: references that its trace function reports are not shown' %
                              (number, plural(number), name))

    def outside(self, node):
        thing = self.objects[node]
        return thing.count - self.found[node] - thing.credits

    def is_immortal(self, node):
        return self.objects[node].has(IMMORTAL)

    def is_root(self, node):
        return self.is_immortal(node) or self.outside(node) > 0

    def is_given_back(self, node):
        return self.objects[node].credits > 0

    # Ways: lists of (node, name, next node), breadth first as in lib/see/path.c.

    def search(self, sources, goal):
        """A shortest way from one of the sources to the goal, which may be a source itself only for a cycle."""
        came_by = {} if sources == [goal] else dict.fromkeys(sources)
        queue = list(sources)
        for node in queue:
            for name, target in self.edges[node]:
                if target not in came_by:
                    came_by[target] = node, name
                    queue.append(target)
                    if target == goal:
                        return read_off(came_by, goal)
        return None

    def way_from(self, holds, goal):
        return self.search([n for n in range(len(self.objects)) if n != goal and holds(n)], goal)

    def cycle(self, node):
        return self.search([node], node)

    def hangs_from(self, node):
        """A cycle, and how the node hangs from it; None, None if it does not."""
        holder, met, start = {}, set(), node
        for source, edges in enumerate(self.edges):
            holder.update((target, (source, name)) for name, target in edges)
        while node not in met:
            met.add(node)
            if node not in holder:
                return None, None
            node = holder[node][0]
        cycle = read_off(holder, node)
        holder[node] = None
        return cycle, read_off(holder, start)


def read_off(came_by, goal):
    way, node = [], goal
    while not way or (came_by.get(node) and node != goal):
        source, name = came_by[node]
        way.append((source, name, node))
        node = source
    return way[::-1]


# leash why, in the words of lib/see/why.c.

class Telling:
    def __init__(self, heap):
        self.heap = heap
        self.lines = []

    def say(self, line):
        self.lines.append(line)

    def way(self, way, why=False):
        heap, start = self.heap, way[0][0]
        said = '  %s' % heap.objects[start]
        if why and heap.is_immortal(start):
            said += ', immortal'
        elif why:
            said += ', %d from outside%s' % (heap.outside(start), heap.objects[start].given_back())
        self.say(said)
        for _, name, target in way:
            self.say('  %s' % step(name, heap.objects[target]))

    def counts(self, node):
        heap, thing = self.heap, self.heap.objects[node]
        if heap.is_immortal(node):
            self.say('%s is immortal: it is not counted' % thing)
            return
        self.say('%s: %d reference%s, %d from fields, %d from %s%s' % (
            thing, thing.count, plural(thing.count), heap.found[node], heap.outside(node),
            'outside' if heap.complete else 'outside or from fields of objects that are not known',
            thing.given_back()))
        if heap.outside(node) < 0:
            self.say('fields hold more references than are counted: the header or a field is corrupt, or was being changed')

    def collectable(self, way, held):
        for node, _, _ in way:
            if self.heap.objects[node].type.is_acyclic:
                self.say('the type %s is LEASH_ACYCLIC: the cycle is never collected' % self.heap.objects[node].type.name)
                return
        if not held and self.heap.complete:
            self.say('a collection will reclaim it')

    def cycle(self, cycle, held):
        if held:
            self.say('in a cycle, which will keep it when the references from outside are gone, until it is collected:')
        elif self.heap.complete:
            self.say('in a cycle to which nothing leads from outside:')
        else:
            self.say('in a cycle:')
        self.way(cycle)
        self.collectable(cycle, held)

    def tail(self, cycle, rest):
        self.say('held by a cycle to which nothing leads from outside:')
        self.way(cycle)
        self.say('from which it hangs:')
        self.way(rest)
        self.collectable(cycle, False)

    def holders(self, node):
        heap = self.heap
        chain = heap.way_from(heap.is_root, node)
        if chain:
            self.say('shortest chain from outside:')
            self.way(chain, why=True)
            return
        cycle = heap.cycle(node)
        if cycle:
            self.cycle(cycle, heap.is_root(node))
        elif not heap.is_root(node):
            cycle, rest = heap.hangs_from(node)
            given_back = heap.way_from(heap.is_given_back, node)
            if cycle:
                self.tail(cycle, rest)
            elif given_back:
                self.say('shortest chain from what was given back and is not yet subtracted:')
                self.way(given_back, why=True)

    def why(self, node):
        self.counts(node)
        self.holders(node)
        if not self.heap.complete:
            self.say('only the object and what it refers to are known (LEASH_OPTIONS=track:true knows all)')
        return self.lines + self.heap.notes
