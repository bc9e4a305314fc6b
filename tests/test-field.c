/* leash_set, set_take, get, steal and clear, on fields, arrays, locals and globals; by the inline forms and by
 * the functions that other languages bind to. */
#include <leash/leash.h>
#include "header.h"
#include "mortal.h"
#include "tap.h"
#include "threads.h"

struct pair {
	struct mortal *left, *right;
	struct pair *next;
	struct mortal *row[4];
	void *any;
};

static const leash_type pair_type = {
	.name = "pair",
	.size = sizeof(struct pair),
	LEASH_FIELDS(struct pair, left, right, next, row, any),
};

static struct obituary obituary;
static struct mortal *global;

static void set_and_get(void)
{
	struct pair *p = leash_new(&pair_type);
	struct mortal *a = mortal_new(&obituary), *b = mortal_new(&obituary);
	int before = deaths(&obituary);

	leash_set(&p->left, a);
	is_ptr(p->left, a, "set stores");
	is_int((long long)leash_refcount(a), 2, "a new reference");
	leash_set(&p->left, b);
	is_ptr(p->left, b, "set replaces");
	is_int((long long)leash_refcount(a), 1, "and releases the old value");
	is_int((long long)leash_refcount(b), 2, "and retains the new one");
	leash_set(&p->left, p->left);
	is_int((long long)leash_refcount(b), 2, "a field set to itself keeps its count");
	leash_release(b);
	leash_set(&p->left, p->left);
	is_int((long long)leash_refcount(p->left), 1, "also with the last reference");
	is_int(deaths(&obituary), before, "and its object lives");

	struct mortal *got = leash_get(&p->left);
	is_ptr(got, b, "get loads");
	is_int((long long)leash_refcount(b), 2, "and retains");
	leash_release(got);
	ok(leash_get(&p->right) == NULL, "get of an empty field is NULL");

	leash_set(&p->left, NULL);
	ok(p->left == NULL, "set accepts NULL");
	is_int(deaths(&obituary), before + 1, "and releases the last reference");
	leash_set(&p->left, (struct mortal *)NULL);
	ok(p->left == NULL, "an empty field stays empty");
	leash_set(&p->right, a);
	leash_release(p);
	is_int((long long)leash_refcount(a), 1, "a holder's death gives its reference back");
	leash_release(a);
	is_int(deaths(&obituary), before + 2, "both are gone");
}

static void take_and_steal(void)
{
	struct pair *p = leash_new(&pair_type);
	struct mortal *a = mortal_new(&obituary);
	int before = deaths(&obituary);

	leash_set_take(&p->left, a);
	is_ptr(p->left, a, "set_take stores");
	is_int((long long)leash_refcount(a), 1, "the caller's own reference");
	leash_set_take(&p->left, mortal_new(&obituary));
	is_int(deaths(&obituary), before + 1, "and releases the old value");
	a = leash_steal(&p->left);
	ok(a != NULL && p->left == NULL, "steal moves out");
	is_int((long long)leash_refcount(a), 1, "without counting");
	ok(leash_steal(&p->left) == NULL, "of an empty field there is nothing to steal");
	leash_set_take(&p->left, a);
	leash_set_take(&p->left, leash_retain(p->left));
	is_int((long long)leash_refcount(a), 1, "a field given a reference to its own value keeps one");
	leash_set_take(&p->left, NULL);
	is_int(deaths(&obituary), before + 2, "set_take accepts NULL");
	leash_set(&p->left, a = mortal_new(&obituary));
	leash_release(a);
	leash_clear(&p->left);
	ok(p->left == NULL, "clear empties");
	is_int(deaths(&obituary), before + 3, "and releases");
	leash_clear(&p->left);
	ok(p->left == NULL, "what is empty can be cleared");
	leash_release(p);
}

static void places(void)
{
	struct pair *p = leash_new(&pair_type);
	struct mortal *local = NULL, *array[3] = { NULL };
	int before = deaths(&obituary), i = 0;

	leash_set_take(&global, mortal_new(&obituary));
	leash_set(&local, global);
	is_int((long long)leash_refcount(global), 2, "globals and locals hold references like fields");
	leash_set(&array[i++], local);
	is_int(i, 1, "set evaluates its arguments once");
	leash_set_take(&array[i++], mortal_new(&obituary));
	is_int(i, 2, "set_take too");
	leash_clear(&array[--i]);
	is_int(i, 1, "clear too");
	struct mortal *stolen = leash_steal(&array[--i]);
	is_int(i, 0, "steal too");
	struct mortal *got = leash_get((i++, &local));
	is_int(i, 1, "get too");
	is_int(deaths(&obituary), before + 1, "one was cleared");
	is_int((long long)leash_refcount(global), 4, "the other is held four times");
	for (i = 0; i < 4; i++)
		leash_set(&p->row[i], global);
	is_int((long long)leash_refcount(global), 8, "and eight times with an array of fields");
	leash_set(&p->any, global);
	leash_set(&p->any, p->row[2]);
	is_int((long long)leash_refcount(global), 9, "a field of void pointers holds any object");
	ok(leash_typeof(p->any) == &mortal_type, "which knows its type");
	leash_set_take(&p->next, (struct pair *)leash_new(&pair_type));
	leash_set(&p->next->left, global);
	leash_release(p);
	leash_release(got);
	leash_release(stolen);
	leash_clear(&local);
	is_int((long long)leash_refcount(global), 1, "all of them let go");
	leash_clear(&global);
	is_int(deaths(&obituary), before + 2, "to the last");
}

static void bindings(void)
{
	struct pair *p = leash_new(&pair_type);
	struct mortal *a = mortal_new(&obituary);
	int before = deaths(&obituary);

	(leash_set)(&p->left, a);
	ok(p->left == a && leash_refcount(a) == 2, "the exported set");
	(leash_set)(&p->left, p->left);
	ok(p->left == a && leash_refcount(a) == 2, "of a field to itself");
	(leash_set_take)(&p->right, a);
	ok(p->right == a && leash_refcount(a) == 2, "set_take");
	ok((leash_get)(&p->right) == a && leash_refcount(a) == 3, "get");
	leash_release(a);
	ok((leash_steal)(&p->right) == a && p->right == NULL && leash_refcount(a) == 2, "steal");
	(leash_clear)(&p->left);
	ok(p->left == NULL && leash_refcount(a) == 1, "clear");
	ok((leash_get)(&p->left) == NULL && (leash_steal)(&p->left) == NULL, "and all of them with nothing there");
	(leash_clear)(&p->left);
	(leash_set)(&p->left, NULL);
	(leash_set_take)(&p->left, NULL);
	ok(p->left == NULL, "an empty field stays empty");
	is_int(deaths(&obituary), before, "nothing died of it");
	leash_release(a);
	leash_release(p);
	is_int(deaths(&obituary), before + 1, "the object dies when let go");
}

/* The same by a thread that owns neither the holder nor the values. */
static void *stranger(void *argument)
{
	struct pair *p = argument;
	struct mortal *a = mortal_new(&obituary);
	int before = deaths(&obituary);

	leash_set(&p->right, p->left);
	leash_set(&p->left, a);
	leash_set(&p->left, p->right);
	leash_flush();
	is_int((long long)leash_refcount(p->right), 2, "a stranger's set counts too");
	is_int((long long)leash_refcount(a), 1, "and releases");
	leash_set_take(&p->left, a);
	leash_flush();
	is_int((long long)leash_refcount(p->right), 1, "set_take releases the old value");
	struct mortal *got = leash_get(&p->right), *stolen = leash_steal(&p->right);
	ok(got == stolen && got != NULL && p->right == NULL, "get and steal give the same object");
	leash_release(got);
	leash_flush();
	is_int((long long)leash_refcount(stolen), 1, "of which one reference is left");
	leash_set_take(&p->right, stolen);
	leash_clear(&p->left);
	is_int(deaths(&obituary), before + 1, "clear drops the stranger's own object");
	return NULL;
}

static void between_threads(void)
{
	struct pair *p = leash_new(&pair_type);
	int before = deaths(&obituary);

	leash_set_take(&p->left, mortal_new(&obituary));
	elsewhere(stranger, p);
	is_int((long long)leash_refcount(p->right), 1, "the owner finds one reference");
	leash_release(p);
	is_int(deaths(&obituary), before + 2, "and everything dies");
}

int main(void)
{
	set_and_get();
	take_and_steal();
	places();
	bindings();
	between_threads();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
