/* Arrays that grow.
 *
 * Purpose.  A list of references whose buffer is replaced and whose elements move while the collector reads
 * them, without a lock between the two.
 *
 * The collector follows one pointer to a buffer, which holds its own length.  What it may find there:
 *
 * 1. An element is NULL or a reference that counts; from `size` on all are NULL, but for a moment when all are taken.
 * 2. At every instant at which no guard is in flight on the array, each reference stands in one place of its buffer at
 *    most.  (In none while it is the caller's: then it counts as one from outside, which is safe.)
 * 3. A reference is seen in two places only by who reads while a guard moves it, and the guard touches the object.
 * 4. A reference that is in the buffer the pointer leads to stays there or leaves by a guard that touches it.
 *
 * An element that is set, put in or taken out is a field, and changes by the calls for fields; an array first
 * becomes longer and then gets its element, so that the guard in which a reference comes to be seen is the one
 * that tells the collector of it.  Elements that make room, or close a gap, move past a hole, some in each
 * guard, so that guards stay short; the hole is there between two guards, so that nothing stands twice (2, 3).
 *
 * A buffer that is replaced holds the same references as its successor when that is published, and does not change any
 * more.  Who still reads it sees what was true when the successor was published, later than his own beginning;
 * what has left the successor meanwhile was touched after that (4).  So no object need be touched for the
 * move, as their references have not moved for anyone: the array held each of them before, and holds it after.
 * The old buffer is retired.
 *
 * None of the moves makes a suspect: whoever moves holds the array, directly or by a chain of references, and keeps it
 * when he is done; what makes garbage of it comes later, and has its own witness.  A reference that is taken
 * from the caller may be the one that kept the array alive; leash_set_take() is its witness.
 *
 * Cost: append and pop, amortised, that of a field's change; insert and remove touch all elements behind.
 */
#include <errno.h>
#include <stdlib.h>

#include <leash/leash.h>
#undef leash_set
#undef leash_set_take
#undef leash_steal
#undef leash_clear

#include "../count.h"
#include "../finalizers.h"
#include "../points.h"
#include "../see/debugger.h"
#include "../thread.h"

#define FIRST    5  /* elements; with them a buffer has 64 bytes, and twice as many each time */
#define SHRINK   61 /* smaller buffers stay */
#define IN_GUARD 64 /* elements that one guard moves */
#define MOST     (SIZE_MAX / 4 / sizeof(void *))

struct buffer {
	struct lsh_retired retired;
	size_t size;     /* written by the thread that changes the array, read by the collector too */
	size_t capacity;
	void *elements[];
};

struct leash_array {
	struct buffer *buffer; /* NULL: empty */
};

static void free_buffer(struct lsh_retired *retired)
{
	free((struct buffer *)retired);
}

static struct lsh_retired_kind buffers = { .free_fn = free_buffer };

static void retire(struct buffer *buffer)
{
	if (buffer)
		lsh_retire(&buffers, &buffer->retired);
}

static struct buffer *buffer_of(const struct leash_array *array)
{
	return __atomic_load_n(&array->buffer, __ATOMIC_ACQUIRE);
}

static size_t size_of(const struct buffer *buffer)
{
	return buffer ? __atomic_load_n(&buffer->size, __ATOMIC_ACQUIRE) : 0;
}

static void set_size(struct buffer *buffer, size_t size)
{
	__atomic_store_n(&buffer->size, size, __ATOMIC_RELEASE);
}

static void trace(void *object, leash_visit_fn *visit, void *arg)
{
	struct buffer *buffer = buffer_of(object);
	size_t i, size = size_of(buffer);

	for (i = 0; i < size; i++)
		visit(&buffer->elements[i], arg);
}

static void destroy(void *object)
{
	struct leash_array *array = object;

	retire(array->buffer);
}

static const leash_type array_type = {
	.name = "leash_array",
	.size = sizeof(struct leash_array),
	.flags = LEASH_WEAKABLE,
	.trace = trace,
	.destroy = destroy,
};

const struct lsh_array_layout lsh_array_layout = {
	.type = &array_type,
	.buffer = offsetof(struct leash_array, buffer),
	.size = offsetof(struct buffer, size),
	.elements = offsetof(struct buffer, elements),
};

static void publish(struct leash_array *array, struct buffer *new)
{
	struct buffer *old = array->buffer;

	__atomic_store_n(&array->buffer, new, __ATOMIC_RELEASE);
	LSH_POINT("array: new buffer");
	retire(old);
}

/* Moves to a buffer of that many elements, not fewer than there are. */
static bool resize(struct leash_array *array, size_t capacity)
{
	const struct buffer *old = array->buffer;
	struct buffer *new = NULL;
	size_t i;

	lsh_finalizers_throttle();
	if (capacity <= MOST && !LSH_ALLOCATION_FAILS)
		new = calloc(1, sizeof(*new) + capacity * sizeof(void *));
	if (!new)
		return false;
	new->size = size_of(old);
	new->capacity = capacity;
	for (i = 0; i < new->size; i++)
		new->elements[i] = __atomic_load_n(&old->elements[i], __ATOMIC_RELAXED);
	publish(array, new);
	return true;
}

/* Makes it longer by an element, NULL. */
static bool extend(struct leash_array *array)
{
	struct buffer *buffer = array->buffer;

	if (!buffer || buffer->size == buffer->capacity) {
		if (!resize(array, buffer ? 2 * buffer->capacity + 3 : FIRST))
			return false;
		buffer = array->buffer;
	}
	set_size(buffer, buffer->size + 1);
	LSH_POINT("array: longer");
	return true;
}

/* The last element, which is NULL, goes.  Without memory the buffer stays large. */
static void drop_last(struct leash_array *array)
{
	struct buffer *buffer = array->buffer;

	set_size(buffer, buffer->size - 1);
	if (buffer->capacity > SHRINK && buffer->size < buffer->capacity / 4)
		resize(array, (buffer->capacity - 3) / 2);
}

static void touch(struct lsh_record *record, void *const *element)
{
	void *object = __atomic_load_n(element, __ATOMIC_RELAXED);

	if (!leash__is_leaf(object))
		lsh_touch(record, leash__header_of(object));
}

/* All references become the caller's; they stay where they are, but that is beyond the end now. */
static void take_all(struct buffer *buffer)
{
	size_t size = buffer->size;

	while (size) {
		struct lsh_record *record = lsh_begin();
		unsigned i;

		for (i = 0; i < IN_GUARD && size; i++)
			touch(record, &buffer->elements[--size]);
		set_size(buffer, size);
		lsh_end(record);
	}
}

/* One step of the NULL at `hole` towards `to`; what stands there moves.  Returns where the hole is then. */
static size_t step(struct lsh_record *record, struct buffer *buffer, size_t hole, size_t to)
{
	size_t next = hole < to ? hole + 1 : hole - 1;

	touch(record, &buffer->elements[next]);
	__atomic_store_n(&buffer->elements[hole], buffer->elements[next], __ATOMIC_RELEASE);
	LSH_POINT("array: moved");
	return next;
}

static void move_hole(struct buffer *buffer, size_t hole, size_t to)
{
	while (hole != to) {
		struct lsh_record *record = lsh_begin();
		unsigned i;

		for (i = 0; i < IN_GUARD && hole != to; i++)
			hole = step(record, buffer, hole, to);
		__atomic_store_n(&buffer->elements[hole], NULL, __ATOMIC_RELEASE);
		lsh_end(record);
	}
}

leash_array *leash_array_new(void)
{
	return leash_new(&array_type);
}

size_t leash_array_size(const leash_array *array)
{
	return size_of(array->buffer);
}

void *leash_array_get(const leash_array *array, size_t index)
{
	const struct buffer *buffer = array->buffer;

	return index < size_of(buffer) ? leash__get(&buffer->elements[index]) : NULL;
}

int leash_array_set(leash_array *array, size_t index, const void *object)
{
	struct buffer *buffer = array->buffer;

	if (index >= size_of(buffer))
		return -ERANGE;
	leash_set(&buffer->elements[index], object);
	return 0;
}

int leash_array_append(leash_array *array, const void *object)
{
	if (!extend(array))
		return -ENOMEM;
	leash_set(&array->buffer->elements[array->buffer->size - 1], object);
	return 0;
}

int leash_array_append_take(leash_array *array, const void *object)
{
	if (!extend(array))
		return -ENOMEM;
	leash_set_take(&array->buffer->elements[array->buffer->size - 1], object);
	return 0;
}

int leash_array_insert(leash_array *array, size_t index, const void *object)
{
	if (index > size_of(array->buffer))
		return -ERANGE;
	if (!extend(array))
		return -ENOMEM;
	move_hole(array->buffer, array->buffer->size - 1, index);
	leash_set(&array->buffer->elements[index], object);
	return 0;
}

int leash_array_remove(leash_array *array, size_t index)
{
	struct buffer *buffer = array->buffer;
	void *object;

	if (index >= size_of(buffer))
		return -ERANGE;
	object = leash_steal(&buffer->elements[index]);
	move_hole(buffer, index, buffer->size - 1);
	drop_last(array);
	/* Last: its hooks may use the array. */
	leash_release(object);
	return 0;
}

void *leash_array_pop(leash_array *array)
{
	struct buffer *buffer = array->buffer;
	size_t size = size_of(buffer);
	void *object;

	if (!size)
		return NULL;
	object = leash_steal(&buffer->elements[size - 1]);
	drop_last(array);
	return object;
}

void leash_array_clear(leash_array *array)
{
	struct buffer *buffer = array->buffer;
	size_t i, size = size_of(buffer);

	if (!buffer)
		return;
	take_all(buffer);
	__atomic_store_n(&array->buffer, NULL, __ATOMIC_RELEASE);
	/* Hooks find an empty array, and may use it. */
	for (i = 0; i < size; i++)
		leash_clear(&buffer->elements[i]);
	retire(buffer);
}
