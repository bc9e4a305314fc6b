/* Lists: a ring of references, so that both ends move in constant time and any element is found at once.
 *
 * The ring is a managed object of its own whose tail is the references; when it is full, or nearly empty, its references move
 * to another, in amortised constant time.  So the list's type names one field, the ring's its tail, and there is nothing
 * to trace.
 *
 * The lock protects the ring, `first` and `length`; nothing nests in it but the allocator's.  What is popped is released
 * by the caller, outside of it; what is read is read under it, and so need not be counted.
 */
#include <pthread.h>
#include "value.h"

#define FEWEST 8 /* places of a ring */

struct ring {
	size_t places; /* a power of two */
	struct text *texts[];
};

struct list {
	struct value value;
	pthread_mutex_t lock;
	struct ring *ring; /* NULL: nothing has been pushed */
	size_t first;      /* place of element 0 */
	size_t length;
};

static const leash_type ring_type = {
	.name = "ring",
	.size = sizeof(struct ring),
	.flags = LEASH_ACYCLIC,
	LEASH_FIELDS(struct ring, LEASH_TAIL(texts)),
};

static void destroy(void *object)
{
	pthread_mutex_destroy(&((struct list *)object)->lock);
}

static const leash_type list_type = {
	.name = "list",
	.size = sizeof(struct list),
	.flags = LEASH_ACYCLIC,
	LEASH_FIELDS(struct list, ring),
	.destroy = destroy,
};

struct list *list_new(void)
{
	struct list *list = leash_new(&list_type);

	if (!list)
		return NULL;
	list->value.kind = LIST;
	pthread_mutex_init(&list->lock, NULL);
	return list;
}

size_t list_length(struct list *list)
{
	size_t length;

	pthread_mutex_lock(&list->lock);
	length = list->length;
	pthread_mutex_unlock(&list->lock);
	return length;
}

/* The field of element `index`, which may be one behind the last. */
static struct text **at(struct list *list, size_t index)
{
	return &list->ring->texts[(list->first + index) & (list->ring->places - 1)];
}

/* Moves to a ring with so many places, not fewer than there are texts. */
static bool resize(struct list *list, size_t places)
{
	struct ring *ring;
	size_t i;

	if (places > SIZE_MAX / 2 / sizeof(ring->texts[0]))
		return false;
	ring = leash_new_extra(&ring_type, places * sizeof(ring->texts[0]));
	if (!ring)
		return false;
	ring->places = places;
	for (i = 0; i < list->length; i++)
		leash_set_take(&ring->texts[i], leash_steal(at(list, i)));
	leash_set_take(&list->ring, ring);
	list->first = 0;
	return true;
}

static bool have_room(struct list *list, size_t number)
{
	size_t places = list->ring ? list->ring->places : 0, wanted = places ? places : FEWEST;

	while (wanted - list->length < number && wanted <= SIZE_MAX / 2)
		wanted *= 2;
	return wanted == places || resize(list, wanted);
}

static void put(struct list *list, struct text *text, bool left)
{
	if (left)
		list->first--;
	leash_set(at(list, left ? 0 : list->length), text);
	list->length++;
}

size_t list_push(struct list *list, struct text *const *texts, size_t number, bool left)
{
	size_t length = SIZE_MAX, i;

	pthread_mutex_lock(&list->lock);
	if (have_room(list, number)) {
		for (i = 0; i < number; i++)
			put(list, texts[i], left);
		length = list->length;
	}
	pthread_mutex_unlock(&list->lock);
	return length;
}

static struct text *take(struct list *list, bool left)
{
	list->length--;
	if (left)
		list->first++;
	/* What was element 0 is now before it. */
	return leash_steal(at(list, left ? (size_t)-1 : list->length));
}

/* Gives memory back.  Without memory for that, things stay as they are. */
static void shrink(struct list *list)
{
	size_t places = list->ring ? list->ring->places : 0;

	while (places > FEWEST && list->length <= places / 4)
		places /= 2;
	if (list->ring && places < list->ring->places)
		(void)resize(list, places);
}

size_t list_pop(struct list *list, struct text **texts, size_t number, bool left)
{
	size_t i;

	pthread_mutex_lock(&list->lock);
	for (i = 0; i < number && list->length; i++)
		texts[i] = take(list, left);
	shrink(list);
	pthread_mutex_unlock(&list->lock);
	return i;
}

/* From positions as LRANGE counts them to the first one and how many. */
static size_t clip(size_t length, int64_t first, int64_t last, size_t *from)
{
	int64_t end = (int64_t)length;

	if (first < 0)
		first = first + end < 0 ? 0 : first + end;
	if (last < 0)
		last += end;
	if (last >= end)
		last = end - 1;
	if (first > last)
		return 0;
	*from = (size_t)first;
	return (size_t)(last - first) + 1;
}

size_t list_range(struct list *list, int64_t first, int64_t last, list_fn *fn, void *arg)
{
	size_t number, from = 0, i;

	pthread_mutex_lock(&list->lock);
	number = clip(list->length, first, last, &from);
	for (i = 0; i < number; i++)
		fn(*at(list, from + i), number - i, arg);
	pthread_mutex_unlock(&list->lock);
	return number;
}
