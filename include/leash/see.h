/* Looking inside: who refers to whom, why an object is still alive, what has happened so far.
 *
 * Three calls answer most questions:
 *
 *     leash_why(object, stderr);                     what keeps this object alive?
 *     leash_heap_dump(file, LEASH_GRAPHVIZ, NULL);   what does the heap look like?
 *     leash_stats_print(stderr, LEASH_TEXT);         what has the library done?
 *
 * References from object to object are found in the fields that types name.  Who refers *to* an object can only be known
 * if all objects are: with LEASH_OPTIONS=track:true every object is entered into a table at its birth and leaves it
 * when its memory goes (which makes the two ten times as dear; without the option it costs nothing).  Functions that
 * need the table say so.
 *
 * A program that runs is asked from outside: with LEASH_OPTIONS=socket:/path/of.%p (%p stands for the process's number) it
 * listens on a Unix socket, which only its user may open.  Whoever sends one line, `text`, `json` or `prometheus`, is sent
 * what leash_stats_print() prints; the program leash-top shows it as it changes.  The socket is there from the first use of the library
 * to leash_shutdown() or the end of the process.  The child of a fork has none.
 *
 * Thread safety: every function here may be called by any thread, outside hooks' locks as well as in hooks, and stops no
 * other thread.  What is printed is exact when no other thread changes counts or fields meanwhile; where one has, the
 * answer says so ("changed while looking").
 */
#ifndef LEASH_SEE_H
#define LEASH_SEE_H

#include <stdio.h>

#include <leash/type.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* How it is printed. */
typedef enum leash_format {
	LEASH_TEXT,       /* for people, and for awk: statistics are one `name value` a line */
	LEASH_JSON,       /* one object of JSON */
	LEASH_PROMETHEUS, /* Prometheus' text exposition, version 0.0.4 */
	LEASH_GRAPHVIZ,   /* a digraph for dot */
} leash_format;

/* Prints the library's counters: births, deaths by the way they were found, what is waiting, what the collector has done,
 * how long threads have waited, what the heap holds.  LEASH_TEXT, LEASH_JSON or LEASH_PROMETHEUS.  0; -EINVAL for a
 * NULL stream or another format; -EIO when the stream reports an error.  Sums the counters of all threads without
 * stopping them: the figures are exact when the others are quiet. */
int leash_stats_print(FILE *stream, leash_format format);

/* Prints, most frequent first, through which fields the cycles ran that the collector has reclaimed so far: the
 * candidates for a weak reference.  Of large collections a sample is looked at.  LEASH_TEXT or LEASH_JSON; results as
 * those of leash_stats_print(). */
int leash_advice_print(FILE *stream, leash_format format);

/* Is called with an object, its type, and the name of a field ("next", "children[2]", "[7]" for the seventh reference that
 * a type's trace reports; of maps the key: ["session:17"], [42], or an object's address; as in C where it is no text, and cut
 * after 40 bytes); NULL where no field is meant.  The name is valid during the call only.  So is the object,
 * unless something that the callback knows of holds it: its memory stays for that long even if it dies, and
 * nothing more.  The callback may use the library. */
typedef void leash_seen_fn(const void *object, const leash_type *type, const char *field, void *arg);

/* Calls fn for each strong reference in the object's fields, with what it refers to and the name of the field.  The caller
 * holds the object.  Returns the number of calls; -EINVAL for a NULL object or function; -ENOMEM. */
long leash_referents(const void *object, leash_seen_fn *fn, void *arg);

/* Calls fn for each strong reference to the object that stands in a field of another, with the object that has the field,
 * and its name.  Returns the number of calls; -EINVAL; -ENOMEM; -ENOTSUP without track:true. */
long leash_referrers(const void *object, leash_seen_fn *fn, void *arg);

/* Calls fn for each object that lives, in no order.  Results as above. */
long leash_objects(leash_seen_fn *fn, void *arg);

/* Prints why the object, which the caller holds, is alive: how many references it has, how many of them no field accounts
 * for ("from outside": variables, plain memory, references that wait to be subtracted), and the shortest chain of fields
 * from an object that is held from outside; or the cycle that it is in, or hangs from, if nothing outside leads to
 * it.  The caller's own reference is one from outside, too.
 * Without track:true only the object and what it refers to are known; the answer says so.
 * First subtracts what threads have deferred, as leash_flush() for all of them.
 * 0; -EINVAL for a NULL object or stream; -ENOMEM; -EIO.  Time and memory are those of a full round over all
 * objects. */
int leash_why(const void *object, FILE *stream);

/* Draws the heap, as LEASH_GRAPHVIZ or LEASH_JSON: all objects (track:true, or else -ENOTSUP), or the surroundings of one
 * that the caller holds: what it refers to and, with track:true, what refers to it, nearest first, 100 objects at most.
 * Objects that hang together in a cycle, and the references that make it one, have the colour of their cycle; garbage, to which
 * nothing leads from outside, is filled; what is held from outside has a heavy outline; the object in the middle has two; an
 * object whose neighbours are not all shown ends with "...".  A heap of more than 500 objects is summarised: one
 * node for each type, one edge for each field and the type it leads to.
 * Graphviz: `dot -Tsvg` makes a picture of it.  docs/seeing.md has the members of the JSON.  Names that are not UTF-8 are
 * printed with U+FFFD for what is not.
 * First subtracts what threads have deferred.  0; -EINVAL for a NULL stream or another format; -ENOTSUP; -ENOMEM, and
 * nothing has been printed; -EIO when the stream reports an error.  Time and memory are those of a full round over all
 * objects. */
int leash_heap_dump(FILE *stream, leash_format format, const void *object);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
