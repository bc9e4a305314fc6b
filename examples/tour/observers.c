/* A subject tells its observers what happens.  Neither keeps the other alive: a reader who leaves need not unsubscribe,
 * and a newspaper can close. */
#include "tour.h"

struct newspaper {
	leash_weak_set *readers; /* strong to the set, which is weak to the readers */
};

struct reader {
	leash_weak newspaper;
	int heard;
};

static const leash_type newspaper_type = {
	.name = "newspaper",
	.size = sizeof(struct newspaper),
	.flags = LEASH_WEAKABLE,
	LEASH_FIELDS(struct newspaper, readers),
};

static const leash_type reader_type = {
	.name = "reader",
	.size = sizeof(struct reader),
	.flags = LEASH_WEAKABLE,
	LEASH_FIELDS(struct reader, newspaper),
};

static struct newspaper *newspaper_new(void)
{
	struct newspaper *newspaper = need(leash_new(&newspaper_type));

	leash_set_take(&newspaper->readers, need(leash_weak_set_new()));
	return newspaper;
}

static struct reader *subscribe(struct newspaper *newspaper)
{
	struct reader *reader = need(leash_new(&reader_type));

	must(leash_weak_init(&reader->newspaper, newspaper));
	must(leash_weak_set_add(newspaper->readers, reader));
	return reader;
}

static bool tell(void *member, void *arg)
{
	struct reader *reader = member;
	int *told = arg;

	reader->heard++;
	++*told;
	return true;
}

static void publish(const struct newspaper *newspaper)
{
	int told = 0;

	leash_weak_set_each(newspaper->readers, tell, &told);
	printf("news: %d heard it\n", told);
}

void observers(void)
{
	LEASH_AUTO struct newspaper *newspaper = newspaper_new();
	LEASH_AUTO struct reader *alice = subscribe(newspaper);
	LEASH_AUTO struct reader *bob = subscribe(newspaper);

	publish(newspaper);
	printf("Bob leaves without a word\n");
	leash_clear(&bob);
	publish(newspaper);
	printf("Alice has heard %d\n", alice->heard);
	printf("the newspaper closes\n");
	leash_clear(&newspaper);
	printf("Alice sees it: %s\n", yes_no(leash_weak_expired(&alice->newspaper)));
}
