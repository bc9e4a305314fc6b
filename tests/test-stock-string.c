/* leash_string: immutable bytes. */
#include <leash/leash.h>
#include <errno.h>
#include <string.h>
#include "tap.h"
#include "threads.h"

static void *drop(void *string)
{
	leash_release(string);
	return NULL;
}

int main(void)
{
	char text[] = "a leash";
	leash_string *a = leash_string_new(text), *b = leash_string_new_bytes("a\0b", 3), *empty;

	is_str(leash_string_text(a), "a leash", "a string holds its text");
	is_int((long long)leash_string_length(a), 7, "and its length");
	text[0] = 'A';
	is_str(leash_string_text(a), "a leash", "a copy of it");
	is_int((long long)leash_string_length(b), 3, "bytes may be 0");
	ok(memcmp(leash_string_text(b), "a\0b", 4) == 0, "all are there, and a 0 behind them");
	empty = leash_string_new_bytes(NULL, 0);
	is_int((long long)leash_string_length(empty), 0, "no bytes make an empty string");
	is_str(leash_string_text(empty), "", "with its 0");

	leash_string *c = leash_string_new_bytes("a leash and more", 7);
	ok(leash_string_equal(a, c), "equal by content");
	ok(leash_string_equal(a, a), "with themselves");
	ok(!leash_string_equal(a, b), "another length is another string");
	leash_release(c);
	c = leash_string_new("A leash");
	ok(!leash_string_equal(a, c), "another byte too");
	leash_release(c);
	c = leash_string_new_bytes("a\0c", 3);
	ok(!leash_string_equal(b, c), "also behind a 0");
	leash_release(c);

	is_str(leash_typeof(a)->name, "leash_string", "the type has a name");
	is_int((long long)leash_refcount(a), 1, "a new string has one reference");
	errno = 0;
	ok(leash_string_new_bytes("", SIZE_MAX) == NULL && errno == EINVAL, "too long is EINVAL");
	errno = 0;
	ok(leash_string_new_bytes(NULL, 1) == NULL && errno == EINVAL, "and so are no bytes of some length");
	ok(!leash_gc_is_tracked(a), "the collector has no business with strings");

	leash_retain(a);
	elsewhere(drop, a);
	leash_release(a);
	leash_release(b);
	leash_release(empty);
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
