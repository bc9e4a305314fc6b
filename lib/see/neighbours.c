/* Who refers to whom: leash_referents, leash_referrers, leash_objects.
 *
 * The callback is users' code and may take its time, so it runs when everything has been read, under no lock.  The memory of
 * objects that die is kept until the last call has returned: what the callback is given is an object, if perhaps a dead
 * one.  (It gets no reference: an object that has neither owner nor references to spare cannot be retained by whoever
 * merely finds it; see weak.c for what that takes.)
 */
#include <errno.h>
#include <urcu-bp.h>

#include <leash/leash.h>

#include "../harden.h"
#include "../heap.h"
#include "../revoke.h"
#include "../type.h"
#include "field_name.h"
#include "image.h"

/* `holder`: the type of the object that has the field. */
static void tell(leash_seen_fn *fn, void *arg, const void *object, const leash_type *type,
		 const leash_type *holder, const struct lsh_keys *keys, uint32_t label)
{
	char name[LSH_FIELD_NAME];

	lsh_field_name(name, holder, keys, label);
	fn(object, type, name, arg);
}

static long tell_referrers(const struct lsh_image *image, uint32_t node, leash_seen_fn *fn, void *arg)
{
	uint32_t holder, edge;
	long calls = 0;

	for (holder = 0; holder < lsh_image_size(image); holder++)
		for (edge = lsh_image_from(image, holder); edge < lsh_image_to(image, holder); edge++)
			if (lsh_image_target(image, edge) == node) {
				tell(fn, arg, lsh_image_object(image, holder), lsh_image_type(image, holder),
				     lsh_image_type(image, holder), &image->keys, lsh_image_label(image, edge));
				calls++;
			}
	return calls;
}

static long tell_all(const struct lsh_image *image, uint32_t node, leash_seen_fn *fn, void *arg)
{
	long calls = 0;

	for (node = 0; node < lsh_image_size(image); node++)
		if (!lsh_image_is_dead(image, node)) {
			fn(lsh_image_object(image, node), lsh_image_type(image, node), NULL, arg);
			calls++;
		}
	return calls;
}

static long ask(long (*tell_some)(const struct lsh_image *, uint32_t, leash_seen_fn *, void *),
		const void *object, leash_seen_fn *fn, void *arg)
{
	struct lsh_image image;
	long result;

	lsh_keep_shown_begin();
	result = lsh_image_take(&image, NULL);
	if (result == 0) {
		uint32_t node = object ? lsh_image_find(&image, object) : LSH_NONE;

		if (!object || node != LSH_NONE)
			result = tell_some(&image, node, fn, arg);
		lsh_image_drop(&image);
	}
	lsh_keep_shown_end();
	return result;
}

struct referents {
	struct lsh_fields fields;
	struct lsh_keys keys;
	struct lsh_array found_; /* of struct referent */
	size_t count;
	bool failed;
};

struct referent {
	void *object;
	uint32_t label;
};

static void find(void *field, void *arg)
{
	struct referents *all = arg;
	uint32_t label = lsh_field_label(&all->fields, field);
	void *object = __atomic_load_n((leash__ref *)field, __ATOMIC_ACQUIRE);

	if (!object)
		return;
	if (!lsh_array_reserve(&all->found_, (all->count + 1) * sizeof(struct referent))) {
		all->failed = true;
		return;
	}
	((struct referent *)all->found_.data)[all->count++] = (struct referent){ object, label };
}

long leash_referents(const void *object, leash_seen_fn *fn, void *arg)
{
	struct referents all = { .count = 0 };
	const struct referent *found;
	size_t i;

	if (!object || !fn)
		return -EINVAL;
	lsh_harden_check(leash__header_of(object), "leash_referents");
	all.fields = lsh_fields_of(leash__header_of(object), &all.keys);
	lsh_keep_shown_begin();
	rcu_read_lock();
	lsh_type_visit(leash__header_of(object), find, &all);
	lsh_readers_leave();
	found = all.found_.data;
	for (i = 0; i < all.count && !all.failed; i++)
		tell(fn, arg, found[i].object, lsh_type_of(leash__header_of(found[i].object))->type,
		     leash_typeof(object), &all.keys, found[i].label);
	lsh_keep_shown_end();
	lsh_array_free(&all.found_);
	lsh_keys_free(&all.keys);
	return all.failed ? -ENOMEM : (long)all.count;
}

long leash_referrers(const void *object, leash_seen_fn *fn, void *arg)
{
	if (!object || !fn)
		return -EINVAL;
	lsh_harden_check(leash__header_of(object), "leash_referrers");
	return ask(tell_referrers, object, fn, arg);
}

long leash_objects(leash_seen_fn *fn, void *arg)
{
	if (!fn)
		return -EINVAL;
	return ask(tell_all, NULL, fn, arg);
}
