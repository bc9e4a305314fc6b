#include "person.h"

static void dies(void *object)
{
	const struct person *person = object;

	printf("%s dies\n", person->name);
}

static const leash_type person_type = {
	.name = "person",
	.size = sizeof(struct person),
	.flags = LEASH_WEAKABLE,
	LEASH_FIELDS(struct person, friend),
	.destroy = dies,
};

static const leash_type quiet_type = {
	.name = "quiet person",
	.size = sizeof(struct person),
	.flags = LEASH_WEAKABLE,
	LEASH_FIELDS(struct person, friend),
};

struct person *person_new(const char *name)
{
	struct person *person = need(leash_new(&person_type));

	person->name = name;
	return person;
}

struct person *person_new_quiet(const char *name)
{
	struct person *person = need(leash_new(&quiet_type));

	person->name = name;
	return person;
}
