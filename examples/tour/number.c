#include "number.h"

/* A type without references, and without anything to do at its end: a name and a size. */
static const leash_type number_type = {
	.name = "number",
	.size = sizeof(struct number),
};

struct number *number_new(int value)
{
	struct number *number = need(leash_new(&number_type));

	number->value = value;
	return number;
}

void print_numbers(const leash_array *list)
{
	size_t i;

	for (i = 0; i < leash_array_size(list); i++) {
		LEASH_AUTO struct number *number = leash_array_get(list, i);

		printf("%s%d", i ? ", " : "[", number->value);
	}
	printf("]\n");
}
