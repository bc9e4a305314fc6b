/* A weak reference points to an object and leaves it free to die. */
#include <errno.h>

#include "number.h"

struct document {
	const char *title;
};

static const leash_type document_type = {
	.name = "document",
	.size = sizeof(struct document),
	.flags = LEASH_WEAKABLE,
};

static struct document *document_new(const char *title)
{
	struct document *document = need(leash_new(&document_type));

	document->title = title;
	return document;
}

/* Who asks gets a reference of his own, or nothing: never an object that is about to go. */
static void ask(const leash_weak *weak)
{
	LEASH_AUTO struct document *document = leash_weak_load(weak);

	if (document)
		printf("the weak reference answers: \"%s\", which has %zu references meanwhile\n", document->title,
		       leash_refcount(document));
	else
		printf("the weak reference answers: NULL\n");
}

void weak_references(void)
{
	struct document *important = document_new("important");
	leash_weak weak;

	must(leash_weak_init(&weak, important));
	printf("references: %zu, weak ones: %zu\n", leash_refcount(important), leash_weak_count(important));
	ask(&weak);
	printf("Deleting important\n");
	leash_release(important);
	ask(&weak);
	leash_weak_clear(&weak);
}

/* Python refuses weak references to its numbers; a type of ours says what it allows. */
void refusal(void)
{
	LEASH_AUTO struct number *number = number_new(42);
	leash_weak weak;
	int result = leash_weak_init(&weak, number);

	printf("a weak reference to a number: %s\n", result == -EINVAL ? "-EINVAL" : "made");
	printf("it is empty: %s\n", yes_no(leash_weak_expired(&weak)));
}
