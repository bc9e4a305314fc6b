/* A variable does not contain an object.  It is a label on one, and an object can have many. */
#include <string.h>

#include "number.h"

static void append(leash_array *list, int value)
{
	must(leash_array_append_take(list, number_new(value)));
}

void labels(void)
{
	LEASH_AUTO leash_array *a = need(leash_array_new());
	LEASH_AUTO leash_array *b = leash_retain(a);
	int i;

	for (i = 1; i <= 3; i++)
		append(a, i);
	append(b, 4);
	printf("b = a; 4 is appended to b, and a is ");
	print_numbers(a);
	printf("a is b: %s\n", yes_no(a == b));
}

static bool equal(const struct number *a, const struct number *b)
{
	return a->value == b->value;
}

/* A label is moved to another object; the first one stays as it was, under its other label. */
static void a_number(void)
{
	LEASH_AUTO struct number *x = number_new(10);
	LEASH_AUTO struct number *y = leash_retain(x);
	LEASH_AUTO struct number *twin = number_new(10);

	printf("y = x: x is %d, y is %d, x is y: %s\n", x->value, y->value, yes_no(x == y));
	printf("another 10 is equal to x: %s, and is x: %s\n", yes_no(equal(twin, x)), yes_no(twin == x));
	leash_set_take(&y, number_new(y->value + 1));
	printf("y = y + 1: x is %d, y is %d, x is y: %s\n", x->value, y->value, yes_no(x == y));
}

static leash_string *shouted(const leash_string *quiet)
{
	char loud[32] = "";
	size_t i;

	for (i = 0; i < leash_string_length(quiet) && i < sizeof(loud) - 1; i++)
		loud[i] = leash_string_text(quiet)[i] & ~0x20;
	return need(leash_string_new(loud));
}

static void a_string(void)
{
	LEASH_AUTO leash_string *name = need(leash_string_new("socrates"));
	LEASH_AUTO leash_string *label = leash_retain(name);

	leash_set_take(&label, shouted(label));
	printf("a label is moved to \"%s\"; the name is still \"%s\"\n", leash_string_text(label),
	       leash_string_text(name));
}

void immutables(void)
{
	a_number();
	a_string();
}
