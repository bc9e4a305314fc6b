/* An object counts the references to it, and dies when the last one goes: at once, and at a line of the program that
 * can be pointed at. */
#include "person.h"

static void count(const char *what, const struct person *person)
{
	printf("%s: %zu\n", what, leash_refcount(person));
}

static void come_and_go(void)
{
	struct person *plato = person_new("Plato");
	struct person *label = leash_retain(plato);
	leash_array *academy = need(leash_array_new());

	count("Plato, with two labels", plato);
	must(leash_array_append(academy, plato));
	must(leash_array_append(academy, plato));
	count("twice in a list", plato);
	leash_release(label);
	count("without one label", plato);
	leash_release(academy);
	count("without the list", plato);
	leash_release(plato);
	printf("that was the last\n");
}

static void at_once(void)
{
	printf("Socrates is born, and nobody takes him\n");
	leash_release(person_new("Socrates"));
	printf("this line comes after his death\n");
}

void counting(void)
{
	come_and_go();
	at_once();
}
