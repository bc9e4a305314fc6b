/* leash_advice_print: which fields the reclaimed cycles ran through, most frequent first. */
#include <leash/leash.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tap.h"

struct node {
	struct node *a, *b, *c;
	struct node *row[3];
};

#define TYPE(variable, text)                                       \
	static const leash_type variable = {                       \
		.name = text,                                      \
		.size = sizeof(struct node),                       \
		LEASH_FIELDS(struct node, a, b, c, row),           \
	}
TYPE(department_type, "department");
TYPE(employee_type, "employee");
TYPE(odd_type, "\"odd\"\\\n\xff\xc3\xa9");

static char *advice(leash_format format)
{
	char *text = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);

	if (!stream || leash_advice_print(stream, format) || fclose(stream))
		bail_out("no advice");
	return text;
}

static void says(leash_format format, const char *expected, const char *what)
{
	char *text = advice(format);

	is_str(text, expected, "%s", what);
	free(text);
}

/* How many objects are said to have been in cycles through a field. */
static long objects_through(const char *field)
{
	char *text = advice(LEASH_JSON), *line = strstr(text, field);
	long objects = line ? atol(strstr(line, "\"objects\": ") + strlen("\"objects\": ")) : -1;

	free(text);
	return objects;
}

static void couple(void)
{
	struct node *d = leash_new(&department_type), *e = leash_new(&employee_type);

	leash_set_take(&d->b, e);
	leash_set(&e->c, d);
	leash_release(d);
}

#define LAST "Where one field of each cycle is weak, or cleared in time, counting alone reclaims them.\n"

static void few(void)
{
	says(LEASH_TEXT, "no cycles have been reclaimed\n", "nothing yet");
	says(LEASH_JSON, "{\n\"objects\": 0,\n\"fields\": [\n]\n}\n", "in JSON");
	couple();
	is_int(leash_collect(2), 2, "a cycle");
	says(LEASH_TEXT,
	     "2 objects were reclaimed in cycles; of these, in cycles through\n"
	     "100.0%  department.b -> employee\n"
	     "100.0%  employee.c -> department\n" LAST, "through both of its fields");

	/* Two objects, and one hanging from them: all three died of the cycle. */
	struct node *n = leash_new(&odd_type);
	leash_set(&n->row[2], n);
	leash_set_take(&n->a, leash_new(&department_type));
	leash_release(n);
	is_int(leash_collect(2), 2, "another one, of one object, with something hanging from it");
	says(LEASH_JSON,
	     "{\n\"objects\": 3,\n\"fields\": [\n"
	     "{\"type\": \"department\", \"field\": \"b\", \"to\": \"employee\", \"objects\": 2},\n"
	     "{\"type\": \"employee\", \"field\": \"c\", \"to\": \"department\", \"objects\": 2},\n"
	     "{\"type\": \"\\\"odd\\\"\\\\\\n\xef\xbf\xbd\xc3\xa9\", \"field\": \"row[]\", "
	     "\"to\": \"\\\"odd\\\"\\\\\\n\xef\xbf\xbd\xc3\xa9\", \"objects\": 1}\n"
	     "]\n}\n", "a row's name; any name of a type; what cannot be in a cycle is not counted");
}

static void many(void)
{
	long before = objects_through("department\", \"field\": \"b");

	for (int i = 0; i < 1000; i++)
		couple();
	is_int(leash_collect(2), 2000, "many at once");
	is_int(objects_through("department\", \"field\": \"b") - before, 2000, "a sample stands for all");

	/* A ring is a cycle of one kind of field. */
	struct node *first = leash_new(&employee_type), *last = first;
	for (int i = 0; i < 999; i++) {
		struct node *next = leash_new(&employee_type);

		leash_set_take(&last->a, next);
		last = next;
	}
	leash_set(&last->a, first);
	leash_release(first);
	is_int(leash_collect(2), 1000, "a long ring");
	is_int(objects_through("employee\", \"field\": \"a"), 1000, "found, as one kind of field");

	/* The ring has used up what steps there are for looking: they come with what is reclaimed. */
	for (int i = 0; i < 40000; i++)
		couple();
	is_int(leash_collect(2), 80000, "very many");
	is_int(objects_through("department\", \"field\": \"b"), 82002, "those that were not looked at are counted with others");

	/* Of two cycles through one object, both are met. */
	for (int i = 0; i < 1000; i++) {
		struct node *d = leash_new(&department_type);

		leash_set(&d->a, d);
		leash_set_take(&d->row[0], leash_new(&employee_type));
		leash_set(&d->row[0]->row[1], d);
		leash_release(d);
	}
	is_int(leash_collect(2), 2000, "objects in two cycles");
	ok(objects_through("department\", \"field\": \"a") > 200, "one of them");
	ok(objects_through("department\", \"field\": \"row") > 200, "and the other");
}

/* What lives is in no advice. */
static void beside_the_living(void)
{
	struct node *alive = leash_new(&odd_type), *n = leash_new(&employee_type);

	leash_set(&alive->b, alive);
	leash_set(&n->a, alive);
	leash_set(&n->b, n);
	leash_release(n);
	is_int(leash_collect(2), 1, "garbage that refers to a cycle that lives");
	is_int(objects_through("employee\", \"field\": \"b"), 1, "its own cycle is noted");
	is_int(objects_through("\", \"field\": \"b\", \"to\": \"\\\"odd"), -1, "the other is not");
	leash_clear(&alive->b);
	leash_release(alive);
}

static void sorted(void)
{
	char *text = advice(LEASH_JSON), *at = strstr(text, "\"fields\"");
	long before = -1;
	int lines = 0, wrong = 0;

	while ((at = strstr(at, "\"objects\": ")) != NULL) {
		long objects = atol(at += strlen("\"objects\": "));

		wrong += lines++ && objects > before;
		before = objects;
	}
	ok(lines > 5 && !wrong, "most frequent first (%d)", lines);
	free(text);
}

static void traced(void)
{
	leash_array *array = leash_array_new();

	leash_array_append(array, array);
	leash_array_append(array, array);
	leash_release(array);
	is_int(leash_collect(2), 1, "an array in itself");
	is_int(objects_through("leash_array\", \"field\": \"[]"), 1, "by a traced reference");
}

int main(void)
{
	leash_gc_disable();
	few();
	many();
	beside_the_living();
	traced();
	sorted();
	is_int(leash_advice_print(NULL, LEASH_TEXT), -EINVAL, "no stream");
	is_int(leash_advice_print(stdout, LEASH_PROMETHEUS), -EINVAL, "no such format");
	FILE *full = fopen("/dev/full", "w");
	if (full) {
		setvbuf(full, NULL, _IONBF, 0);
		is_int(leash_advice_print(full, LEASH_TEXT), -EIO, "a stream that fails");
		fclose(full);
	} else {
		skip(1, "no /dev/full");
	}
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
