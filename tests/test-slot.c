/* Shared slots and read sections, one thread. */
#include <leash/leash.h>
#include <errno.h>
#include "mortal.h"
#include "tap.h"
#include "wait.h"

struct box {
	leash_slot slot, more[2];
	struct box *next;
	struct obituary *obituary;
};

static void box_destroy(void *object)
{
	struct box *box = object;

	if (box->slot || box->more[0] || box->more[1] || box->next)
		bail_out("a box is destroyed with a field that was not emptied");
	mortal_destroy(&box->obituary);
}

static const leash_type box_type = {
	.name = "box",
	.size = sizeof(struct box),
	.flags = LEASH_WEAKABLE,
	LEASH_FIELDS(struct box, slot, more, next),
	.destroy = box_destroy,
};

static leash_slot global;
static struct obituary obituary;

static struct box *box_new(void)
{
	struct box *box = leash_new(&box_type);

	box->obituary = &obituary;
	return box;
}

static void test_global(void)
{
	struct mortal *a = mortal_new(&obituary), *b = mortal_new(&obituary), *c;

	is_ptr(leash_slot_load(&global), NULL, "a slot of zeroes is NULL");
	leash_slot_init(&global, a);
	is_int((long long)leash_refcount(a), 2, "a slot holds a reference");
	c = leash_slot_load(&global);
	is_ptr(c, a, "a load gives what is there");
	is_int((long long)leash_refcount(a), 3, "with a reference of its own");
	leash_release(c);
	ok(!leash_slot_compare_exchange(&global, b, b), "it is not replaced by mistake");
	is_int((long long)leash_refcount(b), 1, "nor is anything counted then");
	ok(leash_slot_compare_exchange(&global, a, b), "but it is if it is what was expected");
	ok(leash_refcount(a) == 1 && leash_refcount(b) == 2, "counts follow");
	leash_release(b);
	c = leash_slot_exchange(&global, a);
	is_ptr(c, b, "an exchange gives the old one's reference");
	is_int((long long)leash_refcount(a), 1, "and takes the caller's");
	leash_release(c);
	eventually(deaths(&obituary) == 1, "what was in a slot dies, when no reader can see it");
	leash_slot_store_take(&global, mortal_new(&obituary));
	eventually(deaths(&obituary) == 2, "as does what is replaced");
	leash_slot_store(&global, NULL);
	eventually(deaths(&obituary) == 3, "by NULL, too");
	ok(leash_slot_compare_exchange(&global, NULL, NULL), "NULL for NULL is fine");
	leash_slot_clear(&global);
}

static void test_peek(void)
{
	struct mortal *object = mortal_new(&obituary);
	const struct mortal *peeked;
	int before = deaths(&obituary);

	object->value = 42;
	leash_slot_store_take(&global, object);
	leash_read_lock();
	peeked = leash_slot_peek(&global);
	is_ptr(peeked, object, "a peek shows what is there");
	leash_slot_clear(&global);
	is_ptr(leash_slot_peek(&global), NULL, "until it is replaced");
	leash_flush();
	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	is_int(deaths(&obituary), before, "what was seen stays whole");
	is_int(peeked->value, 42, "and can be read");
	is_int(leash_collect(2), -EDEADLK, "nobody waits in a read section");
	leash_read_lock();
	leash_read_unlock();
	is_int(deaths(&obituary), before, "sections nest");
	leash_read_unlock();
	eventually(deaths(&obituary) == before + 1, "and goes after the section");
}

static void test_cycle(void)
{
	struct box *a = box_new(), *b = box_new();
	leash_weak weak;
	int before = deaths(&obituary);

	leash_weak_init(&weak, a);
	leash_slot_store(&a->slot, b);
	leash_slot_store(&b->more[1], a);
	leash_release(b);
	is_int(leash_collect(2), 0, "slots are fields: what they hold lives");
	leash_release(a);
	is_int(leash_collect(2), 2, "and a cycle through them dies");
	eventually(deaths(&obituary) == before + 2, "all of it");
	is_ptr(leash_weak_load(&weak), NULL, "also for weak references");
	leash_weak_clear(&weak);
	a = box_new();
	leash_slot_store(&a->slot, a);
	leash_slot_store(&global, a);
	leash_release(a);
	is_int(leash_collect(2), 0, "a slot of the program holds what is in a cycle with itself");
	leash_slot_clear(&global);
	is_int(leash_collect(2), 1, "until it lets go");
	eventually(deaths(&obituary) == before + 3, "and the object dies");
	a = box_new();
	leash_slot_store_take(&a->slot, box_new());
	leash_set_take(&a->next, box_new());
	leash_release(a);
	eventually(deaths(&obituary) == before + 6, "fields of all kinds are released at death");
}

static struct box *revived;

static void bring_back(void *object)
{
	revived = leash_retain(object);
}

static const leash_type phoenix_type = {
	.name = "phoenix",
	.size = sizeof(struct box),
	LEASH_FIELDS(struct box, slot, more, next),
	.finalize = bring_back,
	.destroy = box_destroy,
};

/* What a finalizer brings back leads to slots that it has not seen for a while. */
static void test_revived(void)
{
	struct box *phoenix = leash_new(&phoenix_type), *inner = box_new();
	const struct box *peeked;
	int before = deaths(&obituary);

	phoenix->obituary = &obituary;
	leash_slot_store_take(&phoenix->slot, inner);
	leash_slot_store_take(&inner->slot, box_new());
	leash_set(&phoenix->next, phoenix);
	leash_release(phoenix);
	is_int(leash_collect(2), 0, "a finalizer brings a cycle back");
	is_ptr(revived, phoenix, "with what is in its slots");
	leash_read_lock();
	peeked = leash_slot_peek(&phoenix->slot);
	leash_slot_clear(&phoenix->slot);
	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	is_int(deaths(&obituary), before, "which readers can look at as before");
	leash_read_unlock();
	eventually(deaths(&obituary) == before + 2, "and dies when they no longer do");
	is_ptr(peeked, inner, "what they saw was what was in it");
	leash_release(phoenix);
	is_int(leash_collect(2), 1, "the rest is garbage again, and reclaimed");
	eventually(deaths(&obituary) == before + 3, "all of it");
}

int main(void)
{
	leash_gc_disable();
	test_global();
	test_peek();
	test_cycle();
	test_revived();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
