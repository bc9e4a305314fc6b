/* leash_heap_dump, when memory is short and when the heap changes between the looks that it is made of. */
#include <leash/leash.h>
#include <errno.h>
#include "collect/array.h"
#include "points.h"
#include "said.h"
#include "tap.h"

struct node {
	struct node *next;
};

static const leash_type node_type = {
	.name = "node",
	.size = sizeof(struct node),
	LEASH_FIELDS(struct node, next),
};

static struct node *node(void)
{
	return leash_new(&node_type);
}

static int graphviz(const void *object, FILE *stream)
{
	return leash_heap_dump(stream, LEASH_GRAPHVIZ, object);
}

static int json(const void *object, FILE *stream)
{
	return leash_heap_dump(stream, LEASH_JSON, object);
}

static struct called names[2];

/* So many that they are summarised, in a ring, and one that holds it. */
static struct node *many(void)
{
	struct node *first = node(), *last = first, *held = node();
	int i;

	for (i = 0; i < 600; i++) {
		leash_set_take(&last->next, node());
		last = last->next;
	}
	leash_set(&last->next, first);
	leash_set_take(&held->next, first);
	return held;
}

/* The one of this thread's allocations that fails; 0: none. */
static __thread unsigned fail_at, asked;

static bool fails(void)
{
	return fail_at && ++asked == fail_at;
}

/* The result where that one fails, or else -1 if anything is left of it. */
static int fail_one(unsigned number, leash_format format, const void *object)
{
	size_t before = lsh_array_total(), length = 0;
	char *text = NULL;
	FILE *stream = open_memstream(&text, &length);
	int error;

	asked = 0;
	fail_at = number;
	error = leash_heap_dump(stream, format, object);
	fail_at = 0;
	fclose(stream);
	free(text);
	if (lsh_array_total() == before && (error == -ENOMEM ? !length : !error))
		return error;
	diag("allocation %u of %u: %d, %zu printed, %zu bytes kept", number, asked, error, length,
	     lsh_array_total() - before);
	return -1;
}

/* How often there was no memory: a failure before it begins to look, in what it brings to rest, may go unseen.  0 if something was
 * wrong. */
static unsigned fail_each(leash_format format, const void *object)
{
	unsigned i = 0, failures = 0;

	do {
		int error = fail_one(++i, format, object);

		if (error == -1)
			return 0;
		failures += error == -ENOMEM;
	} while (asked >= i);
	return failures;
}

static void allocations(void)
{
	struct node *held = many();
	unsigned whole_heap = fail_each(LEASH_GRAPHVIZ, NULL), around = fail_each(LEASH_JSON, held);

	ok(whole_heap > 8, "each of %u allocations fails: a summary", whole_heap);
	ok(around > 8, "each of %u allocations fails: surroundings", around);
	leash_release(held);
	leash_collect(2);
	held = node();
	around = fail_each(LEASH_JSON, NULL);
	ok(around > 5, "each of %u allocations fails: all objects", around);
	leash_release(held);
}

static struct node *changing, *dying;
static int times;

static void hook(const char *point)
{
	if (strcmp(point, "collect: read a field") == 0)
		leash_clear(&dying);
	if (strcmp(point, "see: second look") == 0 && times && times--)
		leash_retain(changing);
}

static void changes(void)
{
	char *said;

	names[0].object = NULL;
	changing = node();
	times = 2;
	said = said_by(json, changing, names);
	ok(strstr(said, "\"consistent\":true}"), "what changes twice is looked at a third time");
	free(said);
	times = 9;
	said = said_by(json, changing, names);
	ok(strstr(said, "\"consistent\":false}"), "what changes all the time is said to, in JSON");
	free(said);
	times = 9;
	said = said_by(graphviz, changing, names);
	ok(strstr(said, "\tlabel=\"changed while looking: "), "and in a picture");
	free(said);
	times = 0;
	while (leash_refcount(changing) > 1)
		leash_release(changing);
	leash_release(changing);
}

/* Found in the table of all objects, and dead before it is looked at. */
static void dies(void)
{
	struct node *one = node(), *other = node(), *seen = one < other ? one : other;
	char *said;

	leash_set(&seen->next, seen);
	names[0] = (struct called){ seen, "IT" };
	dying = seen == one ? other : one;
	said = said_by(json, NULL, names);
	is_str(said,
		"{\"objects\":[\n"
		"{\"id\":1,\"address\":\"IT\",\"type\":\"node\",\"bytes\":32,\"references\":2,\"outside\":1,\"cycle\":1,"
		"\"garbage\":false,\"immortal\":false,\"more\":false,\"fields\":[{\"field\":\"next\",\"object\":1}]}\n"
		"],\n\"centre\":null,\"complete\":true,\"consistent\":true}\n", "what dies meanwhile is not drawn");
	free(said);
	is_ptr(dying, NULL, "as it does");
	leash_clear(&seen->next);
	leash_release(seen);
}

int main(void)
{
	setenv("LEASH_OPTIONS", "track:true,threshold:0", 1);
	lsh_point_hook = hook;
	lsh_allocation_hook = fails;
	allocations();
	changes();
	dies();
	leash_collect(2);
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
