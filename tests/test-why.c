/* leash_why: the chain, the cycle, the tail, by type and field name; and honesty where it cannot know. */
#include <leash/leash.h>
#include <errno.h>
#include "rewired.h"
#include "said.h"
#include "sanitized.h"
#include "scene.h"
#include "tap.h"

struct node {
	struct node *next, *other;
	struct node *pair[2];
	struct node *table[2][2];
	int number;
	struct node *tail[];
};

static const leash_type node_type = {
	.name = "node",
	.size = sizeof(struct node),
	LEASH_FIELDS(struct node, next, other, pair, table[1][0], LEASH_TAIL(tail)),
};

static const leash_type acyclic_type = {
	.name = "chain",
	.size = sizeof(struct node),
	.flags = LEASH_ACYCLIC,
	LEASH_FIELDS(struct node, next),
};

static const leash_type leaf_type = { .name = "leaf", .size = 8 };

static struct node *node(void)
{
	return leash_new(&node_type);
}

/* Gives the reference up to the field. */
#define GIVE(field, object) leash_set_take(&(field), (object))

static struct called names[8];

static void call(int i, const void *object, const char *name)
{
	names[i] = (struct called){ object, name };
	names[i + 1] = (struct called){ NULL, NULL };
}

#define WHY_IS(object, expected, ...)                                    \
	do {                                                             \
		char *said = said_by(leash_why, (object), names);        \
		is_str(said, expected, __VA_ARGS__);                     \
		free(said);                                              \
	} while (0)

#define UNKNOWN "only the object and what it refers to are known (LEASH_OPTIONS=track:true knows all)\n"

static void chains(void)
{
	struct node *a = node(), *b = node(), *c = leash_new_extra(&node_type, 4 * sizeof(struct node *)), *d = node();
	void *leaf = leash_new(&leaf_type);
	leash_array *array = leash_array_new();

	call(0, a, "A");
	call(1, b, "B");
	call(2, c, "C");
	call(3, d, "D");
	call(4, leaf, "LEAF");
	call(5, array, "ARRAY");
	WHY_IS(a, "node A: 1 reference, 0 from fields, 1 from outside\n", "held by a variable");
	leash_retain(leaf);
	WHY_IS(leaf, "leaf LEAF: 2 references, 0 from fields, 2 from outside\n", "twice");
	leash_release(leaf);

	leash_set(&a->pair[1], b);
	GIVE(b->table[1][0], c);
	leash_set(&c->tail[3], d);
	WHY_IS(c,
	       "node C: 1 reference, 1 from fields, 0 from outside\n"
	       "shortest chain from outside:\n"
	       "  node B, 1 from outside\n"
	       "  .table[1][0] -> node C\n", "one step");
	leash_release(b);
	leash_release(d);
	WHY_IS(d,
	       "node D: 1 reference, 1 from fields, 0 from outside\n"
	       "shortest chain from outside:\n"
	       "  node A, 1 from outside\n"
	       "  .pair[1] -> node B\n"
	       "  .table[1][0] -> node C\n"
	       "  .tail[3] -> node D\n", "three steps, by each kind of field");
	leash_array_append(array, leaf);
	leash_array_append(array, d);
	WHY_IS(d,
	       "node D: 2 references, 2 from fields, 0 from outside\n"
	       "shortest chain from outside:\n"
	       "  leash_array ARRAY, 1 from outside\n"
	       "  [1] -> node D\n", "a shorter way, by a traced reference");
	leash_retain(d);
	WHY_IS(d,
	       "node D: 3 references, 2 from fields, 1 from outside\n"
	       "shortest chain from outside:\n"
	       "  leash_array ARRAY, 1 from outside\n"
	       "  [1] -> node D\n", "held by a variable besides");
	leash_release(d);
	leash_release(array);
	leash_release(leaf);
	leash_immortalize(a);
	WHY_IS(a, "node A is immortal: it is not counted\n", "an immortal object");
	WHY_IS(b,
	       "node B: 1 reference, 1 from fields, 0 from outside\n"
	       "shortest chain from outside:\n"
	       "  node A, immortal\n"
	       "  .pair[1] -> node B\n", "and what it holds");
	leash_clear(&a->pair[1]);
}

static void cycles(void)
{
	struct node *a = node(), *b = node(), *c = node(), *d = node();

	call(0, a, "A");
	call(1, b, "B");
	call(2, c, "C");
	call(3, d, "D");
	GIVE(a->next, b);
	leash_set(&b->other, a);
	GIVE(b->next, c);
	GIVE(c->next, d);
	WHY_IS(a,
	       "node A: 2 references, 1 from fields, 1 from outside\n"
	       "in a cycle, which will keep it when the references from outside are gone, until it is collected:\n"
	       "  node A\n"
	       "  .next -> node B\n"
	       "  .other -> node A\n", "a cycle, held by a variable");
	WHY_IS(b,
	       "node B: 1 reference, 1 from fields, 0 from outside\n"
	       "shortest chain from outside:\n"
	       "  node A, 1 from outside\n"
	       "  .next -> node B\n", "its other member hangs from the first");
	leash_release(a);
	WHY_IS(a,
	       "node A: 1 reference, 1 from fields, 0 from outside\n"
	       "in a cycle to which nothing leads from outside:\n"
	       "  node A\n"
	       "  .next -> node B\n"
	       "  .other -> node A\n"
	       "a collection will reclaim it\n", "let go");
	WHY_IS(d,
	       "node D: 1 reference, 1 from fields, 0 from outside\n"
	       "held by a cycle to which nothing leads from outside:\n"
	       "  node B\n"
	       "  .other -> node A\n"
	       "  .next -> node B\n"
	       "from which it hangs:\n"
	       "  node B\n"
	       "  .next -> node C\n"
	       "  .next -> node D\n"
	       "a collection will reclaim it\n", "what hangs from it");
	is_int(leash_collect(2), 4, "which it does");

	a = leash_new(&acyclic_type);
	call(0, a, "A");
	leash_set(&a->next, a);
	leash_release(a);
	WHY_IS(a,
	       "chain A: 1 reference, 1 from fields, 0 from outside\n"
	       "in a cycle to which nothing leads from outside:\n"
	       "  chain A\n"
	       "  .next -> chain A\n"
	       "the type chain is LEASH_ACYCLIC: the cycle is never collected\n", "a promise that was not kept");
	leash_retain(a);
	leash_clear(&a->next);
	leash_release(a);
}

static void *release_elsewhere(void *object)
{
	leash_release(leash_retain(object));
	return NULL;
}

/* References that another thread keeps as credits are none. */
static void credits(void)
{
	struct node *a = node();

	call(0, a, "A");
	elsewhere(release_elsewhere, a);
	WHY_IS(a, "node A: 1 reference, 0 from fields, 1 from outside\n", "what is deferred is subtracted first");
	leash_release(a);
}

#define TEN "0123456789"

static const struct key {
	const char *bytes; /* NULL: the number */
	uint64_t number;
	const char *shown;
} keys[] = {
	{ NULL, 0, "[0]" },
	{ NULL, UINT64_MAX, "[18446744073709551615]" },
	{ "", 0, "[\"\"]" },
	{ "session:17", 10, "[\"session:17\"]" },
	{ "a\"b\\c&", 6, "[\"a\\\"b\\\\c&\"]" },
	{ "\0\t\n\x7f", 4, "[\"\\x00\\x09\\n\\x7f\"]" },
	{ "\xc3\xa4\xff\xe2\x82\xac\xc3", 7, "[\"\xc3\xa4\\xff\xe2\x82\xac\\xc3\"]" },
	{ TEN TEN TEN TEN, 40, "[\"" TEN TEN TEN TEN "\"]" },
	{ TEN TEN TEN TEN "!", 41, "[\"" TEN TEN TEN TEN "\"...]" },
	{ TEN TEN TEN "01234567\xc3\xa4", 40, "[\"" TEN TEN TEN "01234567\xc3\xa4\"]" },
	{ TEN TEN TEN "012345678\xc3\xa4", 41, "[\"" TEN TEN TEN "012345678\"...]" },
	{ TEN TEN TEN "012345678\n", 40, "[\"" TEN TEN TEN "012345678\"...]" },
};

/* What a map holds, by its key, and the map by a field. */
static void maps(void)
{
	struct node *holder = node();
	leash_map *map = leash_map_new();
	leash_key_map *key_map = leash_key_map_new();
	char expected[300];
	size_t i;

	leash_set(&holder->other, (struct node *)(void *)map);
	leash_release(map);
	for (i = 0; i < sizeof keys / sizeof *keys; i++) {
		struct node *n = node();

		leash_map_set(map, (leash_key){ keys[i].bytes, keys[i].number }, n);
		call(0, n, "IT");
		call(1, holder, "HOLDER");
		call(2, map, "MAP");
		snprintf(expected, sizeof expected,
			 "node IT: 2 references, 1 from fields, 1 from outside\n"
			 "shortest chain from outside:\n"
			 "  node HOLDER, 1 from outside\n"
			 "  .other -> leash_map MAP\n"
			 "  %s -> node IT\n", keys[i].shown);
		WHY_IS(n, expected, "%s", keys[i].shown);
		leash_release(n);
	}
	struct node *n = node();

	leash_key_map_set(key_map, map, n);
	call(0, n, "IT");
	call(1, map, "MAP");
	call(2, key_map, "KEY_MAP");
	WHY_IS(n,
	       "node IT: 2 references, 1 from fields, 1 from outside\n"
	       "shortest chain from outside:\n"
	       "  leash_key_map KEY_MAP, 1 from outside\n"
	       "  [MAP] -> node IT\n", "an object as a key");
	leash_release(n);
	leash_release(key_map);
	leash_release(holder);
}

static int tracked(void)
{
	leash_gc_disable();
	chains();
	cycles();
	maps();
	credits();
	is_int(leash_why(NULL, stdout), -EINVAL, "no object");
	struct node *a = node();
	is_int(leash_why(a, NULL), -EINVAL, "no stream");
	FILE *full = fopen("/dev/full", "w");
	if (full) {
		setvbuf(full, NULL, _IONBF, 0);
		is_int(leash_why(a, full), -EIO, "a stream that fails");
		fclose(full);
	} else {
		skip(1, "no /dev/full");
	}
	leash_release(a);
	is_int(leash_shutdown(), 0, "nothing is left but what is immortal");
	return done();
}

static int whatever(const void *object, FILE *stream)
{
	return leash_why(object, stream);
}

/* Beside threads that change the heap: each answer is whole, and says so if it may be wrong. */
static int moving(void)
{
	int changed = 0, i;

	rewiring_begin();
	for (i = 0; i < (SLOW ? 10 : 50); i++) {
		char *said = said_by(whatever, rewired[i % REWIRED], names);

		changed += strstr(said, "changed while looking") != NULL;
		if (strncmp(said, "node ", 5) != 0) {
			fputs(said, stderr);
			return 1;
		}
		free(said);
	}
	rewiring_stop();
	printf("%d changed\n", changed);
	for (i = 0; i < REWIRED; i++) {
		char *said = said_by(leash_why, rewired[i], names);

		if (strstr(said, "changed while looking")) {
			fputs(said, stderr);
			return 1;
		}
		free(said);
	}
	rewired_free();
	return leash_shutdown() != 0;
}

static int untracked(void)
{
	struct node *a = node(), *b = node();

	call(0, a, "A");
	call(1, b, "B");
	leash_set(&a->next, b);
	char *said = said_by(leash_why, b, names);
	fputs(said, stdout);
	free(said);
	GIVE(b->next, a);
	said = said_by(leash_why, b, names);
	fputs(said, stdout);
	free(said);
	leash_release(b);
	leash_collect(2);
	return leash_shutdown() != 0;
}

int main(int argc, char **argv)
{
	struct outcome o;

	if (argc > 1)
		return strcmp(argv[1], "moving") == 0 ? moving() : untracked();
	play(&o, "untracked", NULL);
	ok(o.status == 0 && !o.err_lines, "without tracking (%d, %d)", o.status, o.signal);
	is_str(o.out,
	       "node B: 2 references, 0 from fields, 2 from outside or from fields of objects that are not known\n"
	       UNKNOWN
	       "node B: 2 references, 1 from fields, 1 from outside or from fields of objects that are not known\n"
	       "in a cycle, which will keep it when the references from outside are gone, until it is collected:\n"
	       "  node B\n"
	       "  .next -> node A\n"
	       "  .next -> node B\n"
	       UNKNOWN, "only what can be known is said");
	play(&o, "moving", "track:true");
	ok(o.status == 0 && !o.err_lines, "beside threads (%d, %d) %s", o.status, o.signal, o.err);
	ok(atoi(o.out) > 0, "what changes is noticed (%d)", atoi(o.out));
	setenv("LEASH_OPTIONS", "track:true", 1);
	return tracked();
}
