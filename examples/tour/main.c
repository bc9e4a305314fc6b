/* The story of how objects live and die, for those who know it from Python and want to write it in C. */
#include "tour.h"

static const struct chapter {
	const char *title;
	void (*tell)(void);
} chapters[] = {
	{ "Names are labels, not boxes", labels },
	{ "What cannot change is relabelled", immutables },
	{ "A default that is made once", shared_default },
	{ "References come and go", counting },
	{ "Two who know only each other", cycles },
	{ "When the collector comes by itself", thresholds },
	{ "Pointing without holding", weak_references },
	{ "A cache that empties itself", user_cache },
	{ "Observers may leave", observers },
	{ "Not everything can be pointed to", refusal },
	{ "A tree whose children know their parent", trees },
	{ "Closed in time, whoever still holds it", resources },
	{ "The same cache, eight threads", many_threads },
};

int main(void)
{
	const struct chapter *c;

	for (c = chapters; c != chapters + sizeof(chapters) / sizeof(*chapters); c++) {
		printf("%s%d. %s\n\n", c == chapters ? "" : "\n", (int)(c - chapters) + 1, c->title);
		c->tell();
	}
	printf("\nThe end: %ld objects are left.\n", leash_shutdown());
	return 0;
}
