/* def book(passenger, flight=[]): a function is an object, and so is the default of its parameter: made once, when the
 * function is, and there for every call. */
#include "tour.h"

struct function {
	leash_array *flight; /* the default: a strong reference, named below */
};

static const leash_type function_type = {
	.name = "function",
	.size = sizeof(struct function),
	LEASH_FIELDS(struct function, flight),
};

static struct function *define(void)
{
	struct function *function = need(leash_new(&function_type));

	leash_set_take(&function->flight, need(leash_array_new()));
	return function;
}

static leash_array *with(leash_array *flight, const char *passenger)
{
	must(leash_array_append_take(flight, need(leash_string_new(passenger))));
	return flight;
}

/* The caller owns what is returned. */
static leash_array *book(struct function *function, const char *passenger, leash_array *flight)
{
	return with(flight ? leash_retain(flight) : leash_get(&function->flight), passenger);
}

/* def book(passenger, flight=None): a default that says "make one" is as good for the next call as for the first. */
static leash_array *book_well(const char *passenger, leash_array *flight)
{
	return with(flight ? leash_retain(flight) : need(leash_array_new()), passenger);
}

static void print_flight(const char *whose, const leash_array *flight)
{
	size_t i;

	printf("%s flight:", whose);
	for (i = 0; i < leash_array_size(flight); i++) {
		LEASH_AUTO leash_string *name = leash_array_get(flight, i);

		printf(" %s", leash_string_text(name));
	}
	printf("\n");
}

static void badly(void)
{
	LEASH_AUTO struct function *function = define();
	LEASH_AUTO leash_array *alices = book(function, "Alice", NULL);
	LEASH_AUTO leash_array *bobs = book(function, "Bob", NULL);

	print_flight("Alice's", alices);
	print_flight("Bob's", bobs);
	printf("one list, which the function holds too: %s, %zu references\n", yes_no(alices == bobs),
	       leash_refcount(bobs));
}

static void well(void)
{
	LEASH_AUTO leash_array *alices = book_well("Alice", NULL);
	LEASH_AUTO leash_array *bobs = book_well("Bob", NULL);

	printf("With NULL for a default, and a list made in each call:\n");
	print_flight("Alice's", alices);
	print_flight("Bob's", bobs);
}

void shared_default(void)
{
	badly();
	well();
}
