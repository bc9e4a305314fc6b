/* Arrays: a buffer that doubles. */
#include "counted.h"

#define FIRST 8

struct leash_array {
	void **elements;
	size_t size, room;
};

static void destroy(void *object)
{
	leash_array *array = object;

	for (size_t i = 0; i < array->size; i++)
		naive_release(array->elements[i]);
	free(array->elements);
}

static const leash_type array_type = {
	.name = "leash_array",
	.size = sizeof(struct leash_array),
	.destroy = destroy,
};

leash_array *leash_array_new(void)
{
	return leash_new(&array_type);
}

size_t leash_array_size(const leash_array *array)
{
	return array->size;
}

void *leash_array_get(const leash_array *array, size_t index)
{
	return index < array->size ? naive_retain(array->elements[index]) : NULL;
}

static bool grow(leash_array *array)
{
	size_t room = array->room ? 2 * array->room : FIRST;
	void **elements = realloc(array->elements, room * sizeof(*elements));

	if (!elements)
		return false;
	array->elements = elements;
	array->room = room;
	return true;
}

int leash_array_append(leash_array *array, const void *object)
{
	if (array->size == array->room && !grow(array))
		return -ENOMEM;
	array->elements[array->size++] = naive_retain(object);
	return 0;
}
