/* Cycles in an image: its strongly connected components of several nodes, and of one that refers to itself.
 *
 * Tarjan's algorithm (Depth-first search and linear graph algorithms, SIAM Journal on Computing 1, 1972), with arrays in the
 * place of recursion: a list of a million objects is a path of a million nodes.  A node is open from when it is entered
 * until its component is known, and `low` is the earliest open node that was found from it; one that finds none
 * earlier than itself is the first of its component, which are the nodes opened since.
 */
#include <string.h>

#include "cycles.h"

struct search {
	const struct lsh_image *image;
	struct lsh_array words_; /* what all of the following are parts of */
	uint32_t *entered;       /* of each node: when, from 1; 0: not yet; CLOSED */
	uint32_t *low;           /* of each open node; of a closed one: its component's first node, + 1, if that is a cycle */
	uint32_t *edge;          /* of each node on the path: where to go on */
	uint32_t *path, *open;   /* two piles */
	uint32_t time, depth, opened;
};

#define CLOSED UINT32_MAX

static bool begin(struct search *search, const struct lsh_image *image)
{
	uint32_t size = lsh_image_size(image);

	*search = (struct search){ .image = image };
	if (!lsh_array_reserve(&search->words_, ((size_t)size * 5 + 1) * sizeof(uint32_t)))
		return false;
	search->entered = search->words_.data;
	search->low = search->entered + size;
	search->edge = search->low + size;
	search->path = search->edge + size;
	search->open = search->path + size;
	return true;
}

static void enter(struct search *search, uint32_t node)
{
	search->entered[node] = search->low[node] = ++search->time;
	search->edge[node] = lsh_image_from(search->image, node);
	search->path[search->depth++] = node;
	search->open[search->opened++] = node;
}

static void lower(struct search *search, uint32_t node, uint32_t low)
{
	if (low < search->low[node])
		search->low[node] = low;
}

/* Follows edges until one leads to a new node; false if none does. */
static bool go_on(struct search *search, uint32_t node)
{
	while (search->edge[node] < lsh_image_to(search->image, node)) {
		uint32_t target = lsh_image_target(search->image, search->edge[node]++);

		if (!search->entered[target]) {
			enter(search, target);
			return true;
		}
		if (search->entered[target] != CLOSED)
			lower(search, node, search->entered[target]);
	}
	return false;
}

static bool refers_to_itself(const struct lsh_image *image, uint32_t node)
{
	uint32_t edge;

	for (edge = lsh_image_from(image, node); edge < lsh_image_to(image, node); edge++)
		if (lsh_image_target(image, edge) == node)
			return true;
	return false;
}

static void close_component(struct search *search, uint32_t first)
{
	bool cycle = search->open[search->opened - 1] != first || refers_to_itself(search->image, first);
	uint32_t node;

	do {
		node = search->open[--search->opened];
		search->entered[node] = CLOSED;
		search->low[node] = cycle ? first + 1 : 0;
	} while (node != first);
}

static void leave(struct search *search, uint32_t node)
{
	uint32_t low = search->low[node];

	search->depth--;
	if (low == search->entered[node])
		close_component(search, node);
	else
		lower(search, search->path[search->depth - 1], low);
}

static void find_components(struct search *search)
{
	uint32_t node;

	for (node = 0; node < lsh_image_size(search->image); node++) {
		if (!search->entered[node])
			enter(search, node);
		while (search->depth) {
			uint32_t here = search->path[search->depth - 1];

			if (!go_on(search, here))
				leave(search, here);
		}
	}
}

/* `edge` is not needed any more: it takes the number of the component that begins with a node. */
static void number(struct search *search, struct lsh_cycles *cycles)
{
	uint32_t size = lsh_image_size(search->image), node;
	uint32_t *numbers = cycles->numbers_.data;

	memset(search->edge, 0, size * sizeof(*search->edge));
	for (node = 0; node < size; node++) {
		uint32_t first = search->low[node];

		if (first && !search->edge[first - 1])
			search->edge[first - 1] = ++cycles->count;
		numbers[node] = first ? search->edge[first - 1] : 0;
	}
}

static void reach(struct search *search, bool *live, uint32_t node)
{
	if (live[node])
		return;
	live[node] = true;
	search->path[search->depth++] = node;
}

static void find_live(struct search *search, bool *live)
{
	const struct lsh_image *image = search->image;
	uint32_t node, edge;

	for (node = 0; node < lsh_image_size(image); node++)
		if (lsh_image_is_root(image, node))
			reach(search, live, node);
	while (search->depth) {
		node = search->path[--search->depth];
		for (edge = lsh_image_from(image, node); edge < lsh_image_to(image, node); edge++)
			reach(search, live, lsh_image_target(image, edge));
	}
}

bool lsh_cycles_find(struct lsh_cycles *cycles, const struct lsh_image *image)
{
	struct search search;
	size_t size = lsh_image_size(image) + (size_t)1;
	bool memory;

	*cycles = (struct lsh_cycles){ .count = 0 };
	memory = begin(&search, image) && lsh_array_reserve(&cycles->numbers_, size * sizeof(uint32_t)) &&
		 lsh_array_reserve(&cycles->live_, size * sizeof(bool));
	if (memory) {
		find_components(&search);
		number(&search, cycles);
		find_live(&search, cycles->live_.data);
	}
	lsh_array_free(&search.words_);
	return memory;
}

void lsh_cycles_free(struct lsh_cycles *cycles)
{
	lsh_array_free(&cycles->numbers_);
	lsh_array_free(&cycles->live_);
}
