/* LEASH_AUTO and LEASH_WITH: a scope's end releases, however the scope is left. */
#include <leash/leash.h>
#include "mortal.h"
#include "tap.h"

static struct obituary obituary;
static int closes;

static void file_close(void *object)
{
	(void)object;
	closes++;
}

static const leash_type file_type = {
	.name = "file", .size = sizeof(struct mortal), .close = file_close, .destroy = mortal_destroy,
};

static struct mortal *file(void)
{
	return mortal_of(&file_type, &obituary);
}

static int early_return(int early)
{
	LEASH_AUTO struct mortal *one = mortal_new(&obituary);
	LEASH_AUTO struct mortal *none = NULL;

	if (early)
		return 1;
	LEASH_AUTO struct mortal *two = mortal_new(&obituary);
	return none ? 3 : 2 * (two != one);
}

static struct mortal *moved_out(void)
{
	LEASH_AUTO struct mortal *one = mortal_new(&obituary);

	return leash_steal(&one);
}

static void automatic(void)
{
	int before = deaths(&obituary);

	is_int(early_return(1), 1, "a function returns early");
	is_int(deaths(&obituary), before + 1, "what it held by then dies");
	is_int(early_return(0), 2, "or late");
	is_int(deaths(&obituary), before + 3, "and all of it dies");
	before += 3;
	for (int i = 0; i < 10; i++) {
		LEASH_AUTO struct mortal *m = mortal_new(&obituary);

		if (i == 8)
			break;
		if (i % 2)
			continue;
		m->value = i;
	}
	is_int(deaths(&obituary), before + 9, "break and continue end a scope too");
	before += 9;
	int again = 2;
retry:
	{
		LEASH_AUTO struct mortal *m = mortal_new(&obituary);

		if (m && again--)
			goto retry;
	}
	is_int(deaths(&obituary), before + 3, "as does goto");
	before += 3;
	struct mortal *m = moved_out();
	is_int(deaths(&obituary), before, "what was moved out lives");
	is_int((long long)leash_refcount(m), 1, "with its one reference");
	leash_release(m);
	{
		LEASH_AUTO struct mortal *replaced = mortal_new(&obituary);

		leash_set_take(&replaced, mortal_new(&obituary));
		is_int(deaths(&obituary), before + 2, "a variable may be set to another object");
	}
	is_int(deaths(&obituary), before + 3, "which is released at the end");
}

static int with_return(void)
{
	LEASH_WITH (struct mortal *f, file()) {
		if (leash_refcount(f) == 1)
			return closes;
	}
	return -1;
}

static void with(void)
{
	int before = deaths(&obituary), ran = 0;
	struct mortal *held = NULL;

	closes = 0;
	LEASH_WITH (struct mortal *f, file()) {
		ran++;
		is_int(closes, 0, "inside the block the object is open");
		is_int((long long)leash_refcount(f), 1, "and held once");
	}
	is_int(ran, 1, "the block runs once");
	is_int(closes, 1, "its end closes");
	is_int(deaths(&obituary), before + 1, "and releases");

	LEASH_WITH (struct mortal *f, file()) {
		held = leash_retain(f);
	}
	is_int(closes, 2, "an object that others hold is closed all the same");
	is_int(deaths(&obituary), before + 1, "and lives");
	is_int((long long)leash_refcount(held), 1, "in their hands");
	leash_release(held);
	is_int(closes, 2, "it is closed once");
	is_int(deaths(&obituary), before + 2, "and dies when they let go");

	is_int(with_return(), 2, "a return leaves the block with what it evaluated before the close");
	is_int(closes, 3, "and closes");
	is_int(deaths(&obituary), before + 3, "and releases");

	ran = 0;
	for (int i = 0; i < 3; i++) {
		LEASH_WITH (struct mortal *f, file()) {
			f->value = i;
			if (i == 1)
				break;
			if (i == 2)
				continue;
			ran++;
		}
		ran += 10;
	}
	is_int(ran, 31, "break and continue leave the block, not the loop around it");
	is_int(closes, 6, "and close");
	is_int(deaths(&obituary), before + 6, "and release");

	LEASH_WITH (struct mortal *f, file()) {
		if (f)
			goto out;
		ran++;
	}
out:
	is_int(closes, 7, "a goto closes");
	is_int(deaths(&obituary), before + 7, "and releases");

	ran = 0;
	LEASH_WITH (struct mortal *f, NULL)
		ran += f == NULL;
	is_int(ran, 1, "the block runs for NULL too");

	LEASH_WITH (struct mortal *f, file())
		leash_close(f);
	is_int(closes, 8, "who closes inside has closed");

	LEASH_WITH (struct mortal *f, file())
		leash_clear(&f);
	is_int(closes, 9, "an object that died inside was closed at its death");
	is_int(deaths(&obituary), before + 9, "and died once");
}

static void nested(void)
{
	int before = deaths(&obituary);

	closes = 0;
	LEASH_WITH (struct mortal *f, file())
		LEASH_WITH (struct mortal *g, file())
			if (f != g)
				break;
	is_int(closes, 2, "nested blocks close both");
	is_int(deaths(&obituary), before + 2, "and release both");
}

int main(void)
{
	automatic();
	with();
	nested();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
