/* leash_heap_dump: what is drawn, as Graphviz and as JSON; what is summarised; names of any kind; and honesty.
 *
 * `test-dump print SCENE FORMAT` prints a heap for tests/dump.sh, which gives it to others who read these formats. */
#include <leash/leash.h>
#include <errno.h>
#include "rewired.h"
#include "said.h"
#include "sanitized.h"
#include "scene.h"
#include "tap.h"

struct node {
	struct node *next, *other;
	struct node *row[2];
};

static const leash_type node_type = {
	.name = "node",
	.size = sizeof(struct node),
	LEASH_FIELDS(struct node, next, other, row),
};

static const leash_type leaf_type = { .name = "leaf", .size = 8 };

/* Quotation marks, a backslash, a line feed, XML's characters, Latin-1, an overlong slash, a surrogate,
 * what XML does not have, what is beyond Unicode, half a character. */
static const leash_type awkward_type = {
	.name = "a \"b\" \\N\\ c\nd <e> &amp; \x01\xe4 \xc0\xaf \xed\xa0\x80 \xe2\x82\xac \xef\xbf\xbf \xf4\x90\x80\x80 \xe2\x82",
	.size = sizeof(struct node),
	LEASH_FIELDS(struct node, next),
};

static struct node *node(void)
{
	return leash_new(&node_type);
}

static struct called names[8];

static void call(int i, const void *object, const char *name)
{
	names[i] = (struct called){ object, name };
	names[i + 1] = (struct called){ NULL, NULL };
}

static int graphviz(const void *object, FILE *stream)
{
	return leash_heap_dump(stream, LEASH_GRAPHVIZ, object);
}

static int json(const void *object, FILE *stream)
{
	return leash_heap_dump(stream, LEASH_JSON, object);
}

#define DUMP_IS(print, object, expected, ...)                        \
	do {                                                         \
		char *dump = said_by(print, (object), names);        \
		is_str(dump, expected, __VA_ARGS__);                 \
		free(dump);                                          \
	} while (0)

#define HEAD                                                               \
	"digraph heap {\n"                                                 \
	"\tnode [shape=box, fontname=\"sans-serif\", fontsize=11];\n"      \
	"\tedge [fontname=\"sans-serif\", fontsize=10];\n"

/* a <-> b -> c, c -> leaf, and d -> b. */
static void surroundings(void)
{
	struct node *a = node(), *b = node(), *c = node(), *d = node();
	void *leaf = leash_new(&leaf_type);

	call(0, a, "A");
	call(1, b, "B");
	call(2, c, "C");
	call(3, d, "D");
	call(4, leaf, "LEAF");
	leash_immortalize(leaf);
	leash_set(&a->next, b);
	leash_set_take(&b->other, a);
	leash_set_take(&b->row[1], c);
	leash_set(&c->row[0], leaf);
	leash_set(&d->next, b);
	DUMP_IS(graphviz, b,
		HEAD
		"\tn1 [label=\"node\\n3 references, 1 from outside\", color=\"#0072b2\", penwidth=3, peripheries=2,\n"
		"\t\ttooltip=\"B, 48 bytes\"];\n"
		"\tn2 [label=\"node\\n1 reference\", color=\"#0072b2\",\n\t\ttooltip=\"A, 48 bytes\"];\n"
		"\tn3 [label=\"node\\n1 reference\",\n\t\ttooltip=\"C, 48 bytes\"];\n"
		"\tn4 [label=\"node\\n1 reference, 1 from outside\", penwidth=3,\n\t\ttooltip=\"D, 48 bytes\"];\n"
		"\tn5 [label=\"leaf\\nimmortal\", penwidth=3,\n\t\ttooltip=\"LEAF, 32 bytes\"];\n"
		"\tn1 -> n2 [label=\"other\", color=\"#0072b2\"];\n"
		"\tn1 -> n3 [label=\"row[1]\"];\n"
		"\tn2 -> n1 [label=\"next\", color=\"#0072b2\"];\n"
		"\tn3 -> n5 [label=\"row[0]\"];\n"
		"\tn4 -> n1 [label=\"next\"];\n"
		"}\n", "surroundings, for dot");
	DUMP_IS(json, b,
		"{\"objects\":[\n"
		"{\"id\":1,\"address\":\"B\",\"type\":\"node\",\"bytes\":48,\"references\":3,\"outside\":1,\"cycle\":1,"
		"\"garbage\":false,\"immortal\":false,\"more\":false,"
		"\"fields\":[{\"field\":\"other\",\"object\":2},{\"field\":\"row[1]\",\"object\":3}]},\n"
		"{\"id\":2,\"address\":\"A\",\"type\":\"node\",\"bytes\":48,\"references\":1,\"outside\":0,\"cycle\":1,"
		"\"garbage\":false,\"immortal\":false,\"more\":false,\"fields\":[{\"field\":\"next\",\"object\":1}]},\n"
		"{\"id\":3,\"address\":\"C\",\"type\":\"node\",\"bytes\":48,\"references\":1,\"outside\":0,\"cycle\":null,"
		"\"garbage\":false,\"immortal\":false,\"more\":false,\"fields\":[{\"field\":\"row[0]\",\"object\":5}]},\n"
		"{\"id\":4,\"address\":\"D\",\"type\":\"node\",\"bytes\":48,\"references\":1,\"outside\":1,\"cycle\":null,"
		"\"garbage\":false,\"immortal\":false,\"more\":false,\"fields\":[{\"field\":\"next\",\"object\":1}]},\n"
		"{\"id\":5,\"address\":\"LEAF\",\"type\":\"leaf\",\"bytes\":32,\"references\":null,\"outside\":null,"
		"\"cycle\":null,\"garbage\":false,\"immortal\":true,\"more\":false,\"fields\":[]}\n"
		"],\n\"centre\":1,\"complete\":true,\"consistent\":true}\n", "the same, as JSON");
	leash_clear(&c->row[0]);
	leash_release(b);
	leash_release(d);
	is_int(leash_collect(2), 3, "a cycle and what hangs from it");
}

/* Keys that have to be quoted, each in the other's language. */
static void maps(void)
{
	leash_map *map = leash_map_new();
	void *leaf = leash_new(&leaf_type);

	call(0, map, "MAP");
	call(1, leaf, "LEAF");
	leash_map_set(map, leash_key_text("a \"b\" \\"), leaf);
	DUMP_IS(graphviz, leaf,
		HEAD
		"\tn1 [label=\"leaf\\n2 references, 1 from outside\", penwidth=3, peripheries=2,\n"
		"\t\ttooltip=\"LEAF, 32 bytes\"];\n"
		"\tn2 [label=\"leash_map\\n1 reference, 1 from outside\", penwidth=3,\n\t\ttooltip=\"MAP, 32 bytes\"];\n"
		"\tn2 -> n1 [label=\"[\\\"a \\\\\\\"b\\\\\\\" \\\\\\\\\\\"]\"];\n"
		"}\n", "a key, for dot");
	DUMP_IS(json, map,
		"{\"objects\":[\n"
		"{\"id\":1,\"address\":\"MAP\",\"type\":\"leash_map\",\"bytes\":32,\"references\":1,\"outside\":1,\"cycle\":null,"
		"\"garbage\":false,\"immortal\":false,\"more\":false,"
		"\"fields\":[{\"field\":\"[\\\"a \\\\\\\"b\\\\\\\" \\\\\\\\\\\"]\",\"object\":2}]},\n"
		"{\"id\":2,\"address\":\"LEAF\",\"type\":\"leaf\",\"bytes\":32,\"references\":2,\"outside\":1,"
		"\"cycle\":null,\"garbage\":false,\"immortal\":false,\"more\":false,\"fields\":[]}\n"
		"],\n\"centre\":1,\"complete\":true,\"consistent\":true}\n", "the same, as JSON");
	leash_release(map);
	leash_release(leaf);
}

/* Of several that refer to the one in the middle, the first one by address is told first. */
static void holders(void)
{
	struct node *middle = node(), *holder[3];
	const void *lowest = (void *)UINTPTR_MAX;
	char expected[64];

	for (int i = 0; i < 3; i++) {
		holder[i] = node();
		leash_set(&holder[i]->next, middle);
		if ((const void *)holder[i] < lowest)
			lowest = holder[i];
	}
	names[0].object = NULL;
	snprintf(expected, sizeof expected, "\n{\"id\":2,\"address\":\"%p\"", lowest);
	char *said = said_by(json, middle, names);
	ok(strstr(said, expected) != NULL, "holders are told by address");
	free(said);
	for (int i = 0; i < 3; i++)
		leash_release(holder[i]);
	leash_release(middle);
}

/* All objects: there is no other yet. */
static void whole(void)
{
	struct node *a = node(), *b = node();
	char *said;

	leash_gc_disable();
	call(0, a, "IT");
	call(1, b, "IT");
	leash_set_take(&a->next, b);
	leash_set_take(&b->next, a);
	DUMP_IS(graphviz, NULL,
		HEAD
		"\tn1 [label=\"node\\n1 reference\\ngarbage\", color=\"#0072b2\", style=filled, fillcolor=\"#dddddd\",\n"
		"\t\ttooltip=\"IT, 48 bytes\"];\n"
		"\tn2 [label=\"node\\n1 reference\\ngarbage\", color=\"#0072b2\", style=filled, fillcolor=\"#dddddd\",\n"
		"\t\ttooltip=\"IT, 48 bytes\"];\n"
		"\tn1 -> n2 [label=\"next\", color=\"#0072b2\"];\n"
		"\tn2 -> n1 [label=\"next\", color=\"#0072b2\"];\n"
		"}\n", "garbage, for dot");
	DUMP_IS(json, NULL,
		"{\"objects\":[\n"
		"{\"id\":1,\"address\":\"IT\",\"type\":\"node\",\"bytes\":48,\"references\":1,\"outside\":0,\"cycle\":1,"
		"\"garbage\":true,\"immortal\":false,\"more\":false,\"fields\":[{\"field\":\"next\",\"object\":2}]},\n"
		"{\"id\":2,\"address\":\"IT\",\"type\":\"node\",\"bytes\":48,\"references\":1,\"outside\":0,\"cycle\":1,"
		"\"garbage\":true,\"immortal\":false,\"more\":false,\"fields\":[{\"field\":\"next\",\"object\":1}]}\n"
		"],\n\"centre\":null,\"complete\":true,\"consistent\":true}\n", "the same, as JSON");
	is_int(leash_collect(2), 2, "and garbage it is");
	DUMP_IS(json, NULL, "{\"objects\":[\n],\n\"centre\":null,\"complete\":true,\"consistent\":true}\n", "nothing");

	/* Nine cycles of one: the ninth has the first one's colour. */
	struct node *self[9];
	for (int i = 0; i < 9; i++) {
		self[i] = node();
		leash_set_take(&self[i]->next, self[i]);
	}
	names[0].object = NULL;
	said = said_by(graphviz, NULL, names);
	const char *first = strstr(said, "color=\"#"), *last = strstr(said, "\tn9 ");
	ok(first && last && strncmp(first, strstr(last, "color=\"#"), 15) == 0, "colours in turn");
	last = strstr(said, "\tn8 ");
	ok(first && last && strncmp(first, strstr(last, "color=\"#"), 15) != 0, "eight of them");
	free(said);
	is_int(leash_collect(2), 9, "nine cycles");

	self[0] = leash_new(&awkward_type);
	call(0, self[0], "IT");
	DUMP_IS(json, NULL,
		"{\"objects\":[\n"
		"{\"id\":1,\"address\":\"IT\",\"type\":\"a \\\"b\\\" \\\\N\\\\ c\\nd <e> &amp; \\u0001\xef\xbf\xbd "
		"\xef\xbf\xbd\xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd \xe2\x82\xac "
		"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd\","
		"\"bytes\":48,\"references\":1,\"outside\":1,\"cycle\":null,"
		"\"garbage\":false,\"immortal\":false,\"more\":false,\"fields\":[]}\n"
		"],\n\"centre\":null,\"complete\":true,\"consistent\":true}\n", "an awkward name, as JSON");
	DUMP_IS(graphviz, NULL,
		HEAD
		"\tn1 [label=\"a \\\"b\\\" \\\\N\\\\ c\\nd <e> &amp;amp; \xef\xbf\xbd\xef\xbf\xbd "
		"\xef\xbf\xbd\xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd \xe2\x82\xac "
		"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd\\n"
		"1 reference, 1 from outside\", penwidth=3,\n"
		"\t\ttooltip=\"IT, 48 bytes\"];\n"
		"}\n", "an awkward name, for dot");
	leash_release(self[0]);
}

/* 300 pairs that refer to one another, and an object of another type that is held and holds one. */
static struct node *many(void)
{
	struct node *held = leash_new(&awkward_type);
	int i;

	for (i = 0; i < 300; i++) {
		struct node *one = node(), *other = node();

		leash_set(&one->row[0], other);
		leash_set(&one->row[1], other);
		leash_set_take(&other->next, one);
		leash_release(other);
	}
	leash_set_take(&held->next, node());
	return held;
}

static void summaries(void)
{
	struct node *plain = node(), *one;
	int i;

	leash_gc_disable();
	for (i = 0; i < 300; i++) {
		one = node();
		leash_set(&one->row[0], plain);
		leash_set(&one->row[1], one);
		leash_set_take(&one->next, leash_new(&leaf_type));
		leash_release(one);
	}
	names[0].object = NULL;
	DUMP_IS(json, NULL,
		"{\"types\":[\n"
		"{\"id\":1,\"type\":\"node\",\"objects\":301,\"bytes\":14448,\"outside\":1,\"immortal\":0,\"garbage\":300},\n"
		"{\"id\":2,\"type\":\"leaf\",\"objects\":300,\"bytes\":9600,\"outside\":0,\"immortal\":0,\"garbage\":300}\n"
		"],\n\"fields\":[\n"
		"{\"type\":1,\"field\":\"next\",\"to\":2,\"references\":300,\"in_cycles\":0},\n"
		"{\"type\":1,\"field\":\"row[]\",\"to\":1,\"references\":600,\"in_cycles\":300}\n"
		"],\n\"cycles\":300,\"complete\":true,\"consistent\":true}\n", "many, as JSON");
	DUMP_IS(graphviz, NULL,
		HEAD
		"\tt1 [label=\"node\\n301 objects, 14448 bytes\\n1 held from outside\\n300 garbage\", penwidth=3, "
		"style=filled, fillcolor=\"#dddddd\"];\n"
		"\tt2 [label=\"leaf\\n300 objects, 9600 bytes\\n300 garbage\", style=filled, fillcolor=\"#dddddd\"];\n"
		"\tt1 -> t2 [label=\"next: 300\"];\n"
		"\tt1 -> t1 [label=\"row[]: 600, 300 in cycles\", color=\"#0072b2\"];\n"
		"}\n", "many, for dot");

	char *said = said_by(graphviz, plain, names);
	ok(strstr(said, "\tn100 ") && !strstr(said, "\tn101 "), "the surroundings are 100 objects");
	ok(strstr(said, "\tn1 [label=\"node\\n301 references, 1 from outside\\n...\", penwidth=3, peripheries=2"),
	   "there is more around the middle");
	free(said);
	said = said_by(json, plain, names);
	ok(strstr(said, "\"more\":true,\"fields\":[{\"field\":\"next\",\"object\":null},"), "and behind others");
	free(said);
	leash_release(plain);
	is_int(leash_collect(2), 301, "all that could be in cycles is garbage at last");

	/* 500 are still looked at one by one. */
	leash_array *array = leash_array_new();
	for (i = 0; i < 499; i++)
		leash_array_append_take(array, leash_new(&leaf_type));
	said = said_by(graphviz, NULL, names);
	ok(strstr(said, "\tn500 ") != NULL, "500 objects");
	free(said);
	void *leaf = leash_new(&leaf_type);
	leash_array_append(array, leaf);
	leash_immortalize(leaf);
	said = said_by(graphviz, NULL, names);
	ok(strstr(said, "\tt1 ") && strstr(said, "[label=\"[]: 500\"]"), "and one more");
	free(said);
	said = said_by(json, NULL, names);
	ok(strstr(said, "\"outside\":0,\"immortal\":1,\"garbage\":0}"), "which is immortal");
	free(said);
	leash_release(array);
}

#define LENGTH 300000

static void *chain(void)
{
	struct node *first = NULL;
	int i;

	for (i = 0; i < LENGTH; i++) {
		struct node *n = node();

		leash_set_take(&n->next, first);
		first = n;
	}
	return first;
}

/* On a thread with little room for its stack. */
static void *dump_chain(void *first)
{
	struct node *last = first;

	names[0].object = NULL;
	DUMP_IS(json, NULL,
		"{\"types\":[\n{\"id\":1,\"type\":\"node\",\"objects\":300000,\"bytes\":14400000,\"outside\":1,\"immortal\":0,"
		"\"garbage\":0}\n],\n\"fields\":[\n"
		"{\"type\":1,\"field\":\"next\",\"to\":1,\"references\":299999,\"in_cycles\":0}\n"
		"],\n\"cycles\":0,\"complete\":true,\"consistent\":true}\n", "a chain of 300,000");
	while (last->next)
		last = last->next;
	leash_set_take(&last->next, first);
	DUMP_IS(json, NULL,
		"{\"types\":[\n{\"id\":1,\"type\":\"node\",\"objects\":300000,\"bytes\":14400000,\"outside\":0,\"immortal\":0,"
		"\"garbage\":300000}\n],\n\"fields\":[\n"
		"{\"type\":1,\"field\":\"next\",\"to\":1,\"references\":300000,\"in_cycles\":300000}\n"
		"],\n\"cycles\":1,\"complete\":true,\"consistent\":true}\n", "a ring of 300,000");
	leash_clear(&last->next);
	return NULL;
}

static void long_chain(void)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 256 * 1024);
	if (pthread_create(&thread, &attributes, dump_chain, chain()))
		bail_out("no thread");
	pthread_join(thread, NULL);
	pthread_attr_destroy(&attributes);
}

/* One that only its own field holds is no garbage if it is immortal. */
static void immortals(void)
{
	struct node *a = node();

	call(0, a, "A");
	leash_immortalize(a);
	leash_set_take(&a->next, a);
	DUMP_IS(json, a,
		"{\"objects\":[\n"
		"{\"id\":1,\"address\":\"A\",\"type\":\"node\",\"bytes\":48,\"references\":null,\"outside\":null,\"cycle\":1,"
		"\"garbage\":false,\"immortal\":true,\"more\":false,\"fields\":[{\"field\":\"next\",\"object\":1}]}\n"
		"],\n\"centre\":1,\"complete\":true,\"consistent\":true}\n", "an immortal cycle");
}

static void refusals(void)
{
	struct node *a = node();
	FILE *full = fopen("/dev/full", "w");

	is_int(leash_heap_dump(NULL, LEASH_JSON, a), -EINVAL, "no stream");
	is_int(leash_heap_dump(stdout, LEASH_TEXT, a), -EINVAL, "no format for pictures");
	is_int(leash_heap_dump(stdout, LEASH_PROMETHEUS, NULL), -EINVAL, "nor this one");
	if (full) {
		setvbuf(full, NULL, _IONBF, 0);
		is_int(leash_heap_dump(full, LEASH_JSON, a), -EIO, "a stream that fails");
		fclose(full);
	} else {
		skip(1, "no /dev/full");
	}
	leash_release(a);
}

static bool dump_moving(int i)
{
	char *said = said_by(i % 2 ? json : graphviz, i % 3 ? rewired[i % REWIRED] : NULL, names);
	bool changed = strstr(said, i % 2 ? "\"consistent\":false" : "changed while looking") != NULL;

	if (strncmp(said, i % 2 ? "{\"" : "digraph", i % 2 ? 2 : 7) != 0 || said[strlen(said) - 2] != '}')
		exit(3);
	free(said);
	return changed;
}

/* Beside threads that change the heap: each answer is whole, and says so if it may be wrong. */
static int moving(void)
{
	int changed = 0, i;

	rewiring_begin();
	for (i = 0; i < (SLOW ? 10 : 30); i++)
		changed += dump_moving(i);
	rewiring_stop();
	printf("%d changed\n", changed);
	for (i = 0; i < 6; i++)
		if (dump_moving(i))
			return 4;
	rewired_free();
	return leash_shutdown() != 0;
}

static int untracked(void)
{
	struct node *a = node(), *b = node();

	call(0, a, "A");
	call(1, b, "B");
	leash_set(&a->next, b);
	leash_set(&b->next, b);
	if (leash_heap_dump(stdout, LEASH_JSON, NULL) != -ENOTSUP)
		return 3;
	char *said = said_by(json, b, names);
	fputs(said, stdout);
	free(said);
	said = said_by(graphviz, b, names);
	fputs(said, stdout);
	free(said);
	leash_release(a);
	leash_release(b);
	leash_collect(2);
	return leash_shutdown() != 0;
}

static int print_scene(const char *scene, const char *format)
{
	leash_format as = strcmp(format, "json") == 0 ? LEASH_JSON : LEASH_GRAPHVIZ;
	struct node *held;

	leash_gc_disable();
	held = strcmp(scene, "chain") == 0 ? chain() : many();
	if (strcmp(scene, "around") == 0)
		return leash_heap_dump(stdout, as, held);
	if (strcmp(scene, "few") == 0)
		leash_collect(2);
	return leash_heap_dump(stdout, as, NULL);
}

static void scenes(void)
{
	struct outcome o;

	play(&o, "untracked", NULL);
	ok(o.status == 0 && !o.err_lines, "without tracking (%d, %d)", o.status, o.signal);
	is_str(o.out,
	       "{\"objects\":[\n"
	       "{\"id\":1,\"address\":\"B\",\"type\":\"node\",\"bytes\":48,\"references\":3,\"outside\":2,\"cycle\":1,"
	       "\"garbage\":false,\"immortal\":false,\"more\":false,\"fields\":[{\"field\":\"next\",\"object\":1}]}\n"
	       "],\n\"centre\":1,\"complete\":false,\"consistent\":true}\n"
	       HEAD
	       "\tlabel=\"only the object and what it refers to are known (LEASH_OPTIONS=track:true knows all)\\n\";\n"
	       "\tn1 [label=\"node\\n3 references, 2 from outside\", color=\"#0072b2\", penwidth=3, peripheries=2,\n"
	       "\t\ttooltip=\"B, 48 bytes\"];\n"
	       "\tn1 -> n1 [label=\"next\", color=\"#0072b2\"];\n"
	       "}\n", "only what can be known is drawn");
	play(&o, "moving", "track:true");
	ok(o.status == 0 && !o.err_lines, "beside threads (%d, %d) %s", o.status, o.signal, o.err);
	ok(atoi(o.out) > 0, "what changes is noticed (%d)", atoi(o.out));
}

int main(int argc, char **argv)
{
	if (argc == 4)
		return print_scene(argv[2], argv[3]);
	if (argc > 1)
		return strcmp(argv[1], "moving") == 0 ? moving() : untracked();
	scenes();
	setenv("LEASH_OPTIONS", "track:true", 1);
	whole();
	long_chain();
	summaries();
	surroundings();
	maps();
	holders();
	immortals();
	refusals();
	leash_collect(2);
	is_int(leash_shutdown(), 0, "nothing is left but what is immortal");
	return done();
}
