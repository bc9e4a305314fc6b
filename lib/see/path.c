/* Ways through an image.
 *
 * Shortest ways are found breadth first, along the edges, with the edge by which each node was reached noted down; the
 * chain is read off backwards.  A cycle through a node is a way from it to itself.
 */
#include "path.h"

struct search {
	const struct lsh_image *image;
	struct lsh_array came_by_; /* of each node: the edge, + 1; 0: not reached */
	struct lsh_array source_;  /* of each edge that was used: its node */
	struct lsh_array queue_;
	uint32_t queued;
};

#define BEGAN UINT32_MAX /* came by no edge */

static uint32_t *words(const struct lsh_array *array)
{
	return array->data;
}

static bool begin(struct search *search, const struct lsh_image *image)
{
	size_t nodes = (lsh_image_size(image) + 1) * sizeof(uint32_t);

	*search = (struct search){ .image = image };
	return lsh_array_reserve(&search->came_by_, nodes) && lsh_array_reserve(&search->source_, nodes) &&
	       lsh_array_reserve(&search->queue_, nodes);
}

static void end(struct search *search)
{
	lsh_array_free(&search->came_by_);
	lsh_array_free(&search->source_);
	lsh_array_free(&search->queue_);
}

static void reach(struct search *search, uint32_t node, uint32_t source, uint32_t came_by)
{
	words(&search->came_by_)[node] = came_by;
	words(&search->source_)[node] = source;
	words(&search->queue_)[search->queued++] = node;
}

/* Until the goal is reached. */
static bool run(struct search *search, uint32_t goal)
{
	const struct lsh_image *image = search->image;
	uint32_t i, edge;

	for (i = 0; i < search->queued; i++) {
		uint32_t node = words(&search->queue_)[i];

		for (edge = lsh_image_from(image, node); edge < lsh_image_to(image, node); edge++) {
			uint32_t target = lsh_image_target(image, edge);

			if (words(&search->came_by_)[target])
				continue;
			reach(search, target, node, edge + 1);
			if (target == goal)
				return true;
		}
	}
	return false;
}

/* The way that the search came to the node. */
static bool read_off(const struct search *search, uint32_t node, struct lsh_path *path)
{
	uint32_t last = node, i;

	/* At a cycle's first node, the way begins where it ends. */
	do {
		node = words(&search->source_)[node];
		path->length++;
	} while (words(&search->came_by_)[node] != BEGAN && node != last);
	path->start = node;
	if (!lsh_array_reserve(&path->edges_, path->length * sizeof(uint32_t)))
		return false;
	for (i = path->length, node = last; i; i--) {
		words(&path->edges_)[i - 1] = words(&search->came_by_)[node] - 1;
		node = words(&search->source_)[node];
	}
	return true;
}

static void clear(struct lsh_path *path)
{
	*path = (struct lsh_path){ .start = LSH_NONE };
}

bool lsh_path_from_roots(const struct lsh_image *image, uint32_t goal, struct lsh_path *path)
{
	struct search search;
	bool memory = begin(&search, image);
	uint32_t i;

	clear(path);
	for (i = 0; memory && i < lsh_image_size(image); i++)
		if (i != goal && lsh_image_is_root(image, i))
			reach(&search, i, LSH_NONE, BEGAN);
	if (memory && run(&search, goal))
		memory = read_off(&search, goal, path);
	end(&search);
	return memory;
}

bool lsh_path_cycle(const struct lsh_image *image, uint32_t node, struct lsh_path *path)
{
	struct search search;
	bool memory = begin(&search, image);

	clear(path);
	if (memory) {
		/* It waits, but has not been reached. */
		words(&search.queue_)[search.queued++] = node;
		if (run(&search, node))
			memory = read_off(&search, node, path);
	}
	end(&search);
	return memory;
}

/* Gives each node one that refers to it. */
static void note_holders(struct search *search)
{
	const struct lsh_image *image = search->image;
	uint32_t node, edge;

	for (node = 0; node < lsh_image_size(image); node++)
		for (edge = lsh_image_from(image, node); edge < lsh_image_to(image, node); edge++) {
			words(&search->came_by_)[lsh_image_target(image, edge)] = edge + 1;
			words(&search->source_)[lsh_image_target(image, edge)] = node;
		}
}

/* Goes from holder to holder until it meets a node again, and returns that; LSH_NONE if it comes to one that nobody holds. */
static uint32_t meet_again(struct search *search, uint32_t node)
{
	while (!words(&search->queue_)[node]) {
		if (!words(&search->came_by_)[node])
			return LSH_NONE;
		words(&search->queue_)[node] = 1;
		node = words(&search->source_)[node];
	}
	return node;
}

bool lsh_path_hangs_from(const struct lsh_image *image, uint32_t node, struct lsh_path *cycle, struct lsh_path *rest)
{
	struct search search;
	bool memory = begin(&search, image);
	uint32_t met = LSH_NONE;

	clear(cycle);
	clear(rest);
	if (memory) {
		note_holders(&search);
		met = meet_again(&search, node);
	}
	if (met != LSH_NONE) {
		memory = read_off(&search, met, cycle);
		words(&search.came_by_)[met] = BEGAN;
		memory = memory && read_off(&search, node, rest);
	}
	end(&search);
	return memory;
}

void lsh_path_free(struct lsh_path *path)
{
	lsh_array_free(&path->edges_);
}
