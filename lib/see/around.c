/* The surroundings of an object.
 *
 * A search breadth first that follows references in both directions, first those that an object has, in the order of its fields,
 * then those to it.  An image has edges one way only; who refers to whom is turned round for all objects at once.
 */
#include "around.h"

struct holders {
	struct lsh_array begin_;   /* of each node: where its holders begin; they end where the next one's do */
	struct lsh_array holders_; /* nodes */
};

static uint32_t *words(const struct lsh_array *array)
{
	return array->data;
}

/* Counts first, and fills from the back: what begins as the end of a node's holders becomes their beginning. */
static bool turn_round(struct holders *all, const struct lsh_image *image)
{
	uint32_t size = lsh_image_size(image), node, edge;

	*all = (struct holders){ { NULL }, { NULL } };
	if (!lsh_array_reserve(&all->begin_, ((size_t)size + 1) * sizeof(uint32_t)) ||
	    !lsh_array_reserve(&all->holders_, ((size_t)lsh_image_edges(image) + 1) * sizeof(uint32_t)))
		return false;
	for (edge = 0; edge < lsh_image_edges(image); edge++)
		words(&all->begin_)[lsh_image_target(image, edge)]++;
	for (node = 0; node < size; node++)
		words(&all->begin_)[node + 1] += words(&all->begin_)[node];
	for (node = size; node-- > 0;)
		for (edge = lsh_image_to(image, node); edge-- > lsh_image_from(image, node);)
			words(&all->holders_)[--words(&all->begin_)[lsh_image_target(image, edge)]] = node;
	return true;
}

static void holders_free(struct holders *all)
{
	lsh_array_free(&all->begin_);
	lsh_array_free(&all->holders_);
}

static bool begin(struct lsh_shown *shown, const struct lsh_image *image, uint32_t centre)
{
	size_t size = lsh_image_size(image) + (size_t)1;

	*shown = (struct lsh_shown){ .centre = centre };
	return lsh_array_reserve(&shown->nodes_, size * sizeof(uint32_t)) &&
	       lsh_array_reserve(&shown->numbers_, size * sizeof(uint32_t)) &&
	       lsh_array_reserve(&shown->more_, size * sizeof(bool));
}

/* Those that have died meanwhile are not shown. */
static void show(struct lsh_shown *shown, const struct lsh_image *image, uint32_t node)
{
	if (lsh_shown_number(shown, node) || lsh_image_is_dead(image, node))
		return;
	words(&shown->nodes_)[shown->count] = node;
	words(&shown->numbers_)[node] = ++shown->count;
}

bool lsh_show_all(struct lsh_shown *shown, const struct lsh_image *image)
{
	uint32_t node;

	if (!begin(shown, image, LSH_NONE))
		return false;
	for (node = 0; node < lsh_image_size(image); node++)
		show(shown, image, node);
	return true;
}

static void show_neighbours(struct lsh_shown *shown, const struct lsh_image *image, const struct holders *all,
			    uint32_t node)
{
	uint32_t i;

	for (i = lsh_image_from(image, node); i < lsh_image_to(image, node) && shown->count < LSH_AROUND_MAX; i++)
		show(shown, image, lsh_image_target(image, i));
	for (i = words(&all->begin_)[node]; i < words(&all->begin_)[node + 1] && shown->count < LSH_AROUND_MAX; i++)
		show(shown, image, words(&all->holders_)[i]);
}

/* An edge with only one end shown: there is more behind that one. */
static void mark_border(struct lsh_shown *shown, const struct lsh_image *image)
{
	bool *more = shown->more_.data;
	uint32_t node, edge;

	for (node = 0; node < lsh_image_size(image); node++)
		for (edge = lsh_image_from(image, node); edge < lsh_image_to(image, node); edge++) {
			uint32_t target = lsh_image_target(image, edge);

			if (lsh_shown_number(shown, node) && !lsh_shown_number(shown, target))
				more[node] = true;
			if (lsh_shown_number(shown, target) && !lsh_shown_number(shown, node))
				more[target] = true;
		}
}

bool lsh_show_around(struct lsh_shown *shown, const struct lsh_image *image, uint32_t centre)
{
	struct holders all;
	bool memory = turn_round(&all, image);
	uint32_t i;

	memory = begin(shown, image, centre) && memory;
	if (memory) {
		show(shown, image, centre);
		for (i = 0; i < shown->count; i++)
			show_neighbours(shown, image, &all, lsh_shown_node(shown, i));
		mark_border(shown, image);
	}
	holders_free(&all);
	return memory;
}

void lsh_shown_free(struct lsh_shown *shown)
{
	lsh_array_free(&shown->nodes_);
	lsh_array_free(&shown->numbers_);
	lsh_array_free(&shown->more_);
}
