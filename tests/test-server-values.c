/* What the keys of the example server lead to: texts, lists and hashes.  Threads push and pop one list, and lose and double
 * nothing; hashes are read while they change; cycles of hashes die. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../examples/server/parse.h"
#include "../examples/server/value.h"
#include "tap.h"
#include "threads.h"

#define STEPS    20000 /* of the comparison with a plain array */
#define ROUNDS   4000  /* pushes of each thread */
#define AT_ONCE  3     /* texts that each pushes */
#define PUSHERS  2
#define PUSHED   (PUSHERS * ROUNDS * AT_ONCE)
#define FIELDS   50
#define MOST     PUSHED /* texts of a list: more than STEPS */

_Static_assert(PUSHED > STEPS, "a step pushes one text at most");

static bool text_is(const struct text *text, const char *bytes)
{
	return text && text->length == strlen(bytes) && memcmp(text->bytes, bytes, text->length) == 0;
}

static int64_t number_of(const struct text *text)
{
	int64_t number;

	return text && text_is_number(text, &number) ? number : -1;
}

/* --- Texts. */

static void check_texts(void)
{
	LEASH_AUTO struct text *text = text_new("abc", 3);
	LEASH_AUTO struct text *empty = text_new(NULL, 0);
	LEASH_AUTO struct text *joined = text_joined(text, "de", 2);
	LEASH_AUTO struct text *least = text_of_number(INT64_MIN);
	LEASH_AUTO struct text *most = text_of_number(INT64_MAX);
	int64_t number = 0;

	ok(kind_of(&text->value) == TEXT && text_is(text, "abc"), "a text has the bytes it was made of");
	ok(text_is(empty, ""), "an empty one has none");
	ok(text_is(joined, "abcde") && text_is(text, "abc"), "a joined text has both, the first stays as it was");
	ok(text_is(least, "-9223372036854775808") && text_is(most, "9223372036854775807"),
	   "numbers become texts");
	ok(text_is_number(least, &number) && number == INT64_MIN && text_is_number(most, &number) &&
	   number == INT64_MAX, "and numbers again");
}

static void check_numbers(void)
{
	static const char *const numbers[] = { "0", "1", "-1", "10", "-305", "9223372036854775807", "-9223372036854775808" };
	static const char *const others[] = { "", "-", "-0", "00", "01", "-01", "+1", " 1", "1 ", "1a", "a", "--1", "1.0",
					      "9223372036854775808", "-9223372036854775809", "99999999999999999999",
					      "100000000000000000000" };
	int64_t number;
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		ok(bytes_are_number(numbers[i], strlen(numbers[i]), &number) && number == strtoll(numbers[i], NULL, 10),
		   "%s is a number", numbers[i]);
	}
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		ok(!bytes_are_number(others[i], strlen(others[i]), &number), "'%s' is none", others[i]);
}

/* --- Lists. */

static size_t push_number(struct list *list, int64_t number, bool left)
{
	LEASH_AUTO struct text *text = text_of_number(number);

	return list_push(list, &text, 1, left);
}

static int64_t pop_number(struct list *list, bool left)
{
	LEASH_AUTO struct text *text = NULL;

	list_pop(list, &text, 1, left);
	return number_of(text);
}

static void check_ends(void)
{
	LEASH_AUTO struct list *list = list_new();
	LEASH_AUTO struct text *a = text_new("a", 1);
	LEASH_AUTO struct text *b = text_new("b", 1);
	struct text *both[] = { a, b }, *popped[3] = { NULL };

	is_int(kind_of((struct value *)list), LIST, "a list is one");
	is_int(list_length(list), 0, "a new one is empty");
	is_int(list_pop(list, popped, 1, true), 0, "nothing can be popped from it");
	is_int(list_push(list, both, 2, true), 2, "two texts pushed at the left");
	is_int(leash_refcount(a), 2, "the list holds one reference to each");
	is_int(list_pop(list, popped, 3, true), 2, "come out as two, even if three are wanted");
	ok(popped[0] == b && popped[1] == a, "the last one first");
	is_int(leash_refcount(a), 2, "with the list's references");
	leash_release(popped[0]);
	leash_release(popped[1]);
	list_push(list, both, 2, false);
	is_int(list_pop(list, popped, 3, true), 2, "pushed at the right and popped at the left");
	ok(popped[0] == a && popped[1] == b, "they come in their order");
	leash_release(popped[0]);
	leash_release(popped[1]);
}

/* What list_range() has told, held. */
struct range {
	size_t number, expected;
	struct text *texts[MOST];
	bool wrong; /* it has told wrongly how many were to come */
};

static void hold_next(struct text *text, size_t left, void *arg)
{
	struct range *range = arg;

	range->texts[range->number++] = leash_retain(text);
	if (range->number == 1)
		range->expected = left;
	range->wrong = range->wrong || left != range->expected - (range->number - 1);
}

static void check_range(struct list *list, int64_t first, int64_t last, const char *expected)
{
	static struct range range;
	char got[64] = "";
	size_t number;

	range.number = 0;
	range.wrong = false;
	number = list_range(list, first, last, hold_next, &range);
	for (size_t i = 0; i < range.number; i++) {
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%lld ", (long long)number_of(range.texts[i]));
		leash_release(range.texts[i]);
	}
	is_str(got, expected, "from %lld to %lld", (long long)first, (long long)last);
	ok(range.number == number && !range.wrong, "so many as are said");
}

static void check_ranges(void)
{
	LEASH_AUTO struct list *list = list_new();
	LEASH_AUTO struct list *empty = list_new();

	for (int64_t i = 0; i < 5; i++)
		push_number(list, i, false);
	check_range(list, 0, -1, "0 1 2 3 4 ");
	check_range(list, 1, 2, "1 2 ");
	check_range(list, -2, -1, "3 4 ");
	check_range(list, -100, 1, "0 1 ");
	check_range(list, 3, 100, "3 4 ");
	check_range(list, 4, 4, "4 ");
	check_range(list, 5, 9, "");
	check_range(list, 2, 1, "");
	check_range(list, 0, -6, "");
	check_range(list, INT64_MIN, INT64_MAX, "0 1 2 3 4 ");
	check_range(list, INT64_MAX, INT64_MIN, "");
	check_range(empty, 0, -1, "");
}

/* The same list as a plain array, whose middle is its beginning. */
struct model {
	int64_t numbers[2 * STEPS];
	size_t first, end;
};

static bool same(struct list *list, const struct model *model)
{
	static struct range range;
	bool equal;

	range.number = 0;
	equal = list_range(list, 0, -1, hold_next, &range) == model->end - model->first;
	for (size_t i = 0; i < range.number; i++) {
		equal = equal && number_of(range.texts[i]) == model->numbers[model->first + i];
		leash_release(range.texts[i]);
	}
	return equal;
}

static bool push_both(struct list *list, struct model *model, int64_t number, bool left)
{
	if (left)
		model->numbers[--model->first] = number;
	else
		model->numbers[model->end++] = number;
	return push_number(list, number, left) == model->end - model->first;
}

static bool pop_both(struct list *list, struct model *model, bool left)
{
	int64_t number = -1;

	if (model->first != model->end)
		number = left ? model->numbers[model->first++] : model->numbers[--model->end];
	return pop_number(list, left) == number;
}

static void check_against_array(unsigned seed)
{
	static struct model model;
	LEASH_AUTO struct list *list = list_new();
	size_t step, wrong = 0, longest = 0;

	model.first = model.end = STEPS;
	for (step = 0; step < STEPS; step++) {
		/* It grows for a while, and then shrinks. */
		bool push = rand_r(&seed) % 10 < (step / 2000 % 2 ? 2 : 8), left = rand_r(&seed) % 2;

		wrong += push ? !push_both(list, &model, (int64_t)step, left) : !pop_both(list, &model, left);
		if (step % 100 == 0)
			wrong += !same(list, &model);
		if (longest < model.end - model.first)
			longest = model.end - model.first;
	}
	is_int(wrong, 0, "a list is what an array would be, after each of %d steps", STEPS);
	ok(longest > 1000, "and was long: %zu", longest);
}

/* The ring's memory: it is the list's only reference. */
static void find_ring(const void *object, const leash_type *type, const char *field, void *arg)
{
	(void)type;
	(void)field;
	*(const void **)arg = object;
}

static void check_memory(void)
{
	LEASH_AUTO struct list *list = list_new();
	const void *full = NULL, *emptied = NULL;

	for (int64_t i = 0; i < 1000; i++)
		push_number(list, i, false);
	leash_referents(list, find_ring, &full);
	while (list_length(list) > 10)
		pop_number(list, true);
	leash_referents(list, find_ring, &emptied);
	ok(full && emptied && full != emptied, "a list that has become short has given memory back");
	is_int(pop_number(list, true), 990, "and keeps what it has");
}

/* --- Lists and threads. */

struct shared {
	struct list *list;
	int began;              /* pushers; atomic */
	int ended;
	unsigned char *seen;    /* how often each number was popped; atomic */
	size_t wrong;           /* atomic */
};

static void push_some(struct shared *shared, int64_t first, bool left)
{
	struct text *texts[AT_ONCE];

	for (int64_t i = 0; i < AT_ONCE; i++)
		texts[i] = text_of_number(first + i);
	list_push(shared->list, texts, AT_ONCE, left);
	for (int64_t i = 0; i < AT_ONCE; i++)
		leash_release(texts[i]);
}

static void *pusher(void *arg)
{
	struct shared *shared = arg;
	int me = __atomic_fetch_add(&shared->began, 1, __ATOMIC_RELAXED);

	for (int64_t i = 0; i < ROUNDS; i++)
		push_some(shared, (me * ROUNDS + i) * AT_ONCE, i % 2);
	__atomic_fetch_add(&shared->ended, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void note(struct shared *shared, const struct text *text)
{
	int64_t number = number_of(text);

	if (number < 0 || number >= PUSHED || __atomic_fetch_add(&shared->seen[number], 1, __ATOMIC_RELAXED) != 0)
		__atomic_fetch_add(&shared->wrong, 1, __ATOMIC_RELAXED);
}

/* Until nothing comes any more. */
static void *popper(void *arg)
{
	struct shared *shared = arg;
	struct text *texts[AT_ONCE];
	bool left = false, ended;
	size_t number;

	do {
		ended = __atomic_load_n(&shared->ended, __ATOMIC_ACQUIRE) == PUSHERS;
		number = list_pop(shared->list, texts, AT_ONCE, left = !left);
		for (size_t i = 0; i < number; i++) {
			note(shared, texts[i]);
			leash_release(texts[i]);
		}
	} while (number || !ended);
	return NULL;
}

/* What is pushed at once is seen at once, as are pops of as many: groups of neighbours, up or down. */
static bool is_whole(struct text **texts, size_t number)
{
	size_t i;

	for (i = 0; i + 2 < number; i += AT_ONCE) {
		int64_t one = number_of(texts[i]), middle = number_of(texts[i + 1]), other = number_of(texts[i + 2]);

		if (middle % AT_ONCE != 1 || one + other != 2 * middle || llabs(one - middle) != 1)
			return false;
	}
	return i == number;
}

static void *reader(void *arg)
{
	struct shared *shared = arg;

	while (__atomic_load_n(&shared->ended, __ATOMIC_ACQUIRE) < PUSHERS) {
		static struct range range; /* one thread reads */

		range.number = 0;
		list_range(shared->list, 0, -1, hold_next, &range);
		if (!is_whole(range.texts, range.number))
			__atomic_fetch_add(&shared->wrong, 1, __ATOMIC_RELAXED);
		for (size_t i = 0; i < range.number; i++)
			leash_release(range.texts[i]);
	}
	return NULL;
}

static void check_list_threads(void)
{
	struct shared shared = { list_new(), 0, 0, calloc(PUSHED, 1), 0 };
	void *(*const run[])(void *) = { pusher, pusher, popper, popper, reader };
	pthread_t threads[5];
	size_t lost = 0, i;

	for (i = 0; i < 5; i++)
		threads[i] = thread_start(run[i], &shared);
	for (i = 0; i < 5; i++)
		thread_end(threads[i]);
	for (i = 0; i < PUSHED; i++)
		lost += shared.seen[i] == 0;
	is_int(lost, 0, "of %d texts that threads push and pop, none is lost", PUSHED);
	is_int(shared.wrong, 0, "none comes twice, and what is pushed at once is seen at once");
	is_int(list_length(shared.list), 0, "the list is empty in the end");
	free(shared.seen);
	leash_release(shared.list);
}

/* --- Hashes. */

static int set_number(struct hash *hash, const char *name, int64_t number)
{
	LEASH_AUTO struct text *text = text_of_number(number);

	return hash_set(hash, name, strlen(name), &text->value);
}

static int64_t get_number(struct hash *hash, const char *name)
{
	LEASH_AUTO struct value *value = hash_get(hash, name, strlen(name));

	return value ? number_of((struct text *)value) : -1;
}

static bool add_up(const char *name, size_t length, struct value *value, void *arg)
{
	*(int64_t *)arg += number_of((struct text *)value) * name[length - 1];
	return true;
}

static bool stop_at_once(const char *name, size_t length, struct value *value, void *arg)
{
	(void)name;
	(void)length;
	(void)value;
	++*(int *)arg;
	return false;
}

static void check_hash(void)
{
	LEASH_AUTO struct hash *hash = hash_new();
	int64_t sum = 0;
	int calls = 0;

	is_int(kind_of((struct value *)hash), HASH, "a hash is one");
	is_int(set_number(hash, "a", 1), 1, "a new field is new");
	is_int(set_number(hash, "a", 2), 0, "the same field is not");
	is_int(set_number(hash, "b", 3), 1, "another one is");
	is_int(hash_length(hash), 2, "there are two");
	is_int(get_number(hash, "a"), 2, "the later value is the field's");
	is_int(get_number(hash, "c"), -1, "what was not set is not there");
	hash_each(hash, add_up, &sum);
	is_int(sum, 2 * 'a' + 3 * 'b', "each field is walked over, with its value");
	hash_each(hash, stop_at_once, &calls);
	is_int(calls, 1, "a walk ends when it is told to");
	ok(hash_remove(hash, "a", 1) && !hash_remove(hash, "a", 1), "a field is removed once");
	is_int(get_number(hash, "a"), -1, "and then is not there");
	is_int(hash_length(hash), 1, "but the other");
	is_int(hash_set(hash, "", 0, (struct value *)hash), 1, "a field may have an empty name, and lead to its hash");
	ok(hash_remove(hash, "", 0), "which can be removed");
}

/* A field's value is its number and thousands that grow. */
struct busy {
	struct hash *hash;
	bool stop;    /* atomic */
	size_t wrong; /* atomic */
};

static void *write_fields(void *arg)
{
	struct busy *busy = arg;
	char name[16];

	for (int64_t i = 0; i < 40 * FIELDS; i++) {
		int64_t field = i % FIELDS;

		snprintf(name, sizeof(name), "%lld", (long long)field);
		set_number(busy->hash, name, i / FIELDS * 1000 + field);
		if (field % 2)
			hash_remove(busy->hash, name, strlen(name));
	}
	return NULL;
}

static bool is_field(const char *name, size_t length, struct value *value, void *arg)
{
	int64_t field;

	if (!bytes_are_number(name, length, &field) || number_of((struct text *)value) % 1000 != field)
		return false;
	*(size_t *)arg += field % 2 == 0;
	return true;
}

/* Those with an even number are always there. */
static void *read_fields(void *arg)
{
	struct busy *busy = arg;
	int64_t last = 0;

	while (!__atomic_load_n(&busy->stop, __ATOMIC_ACQUIRE)) {
		int64_t number = get_number(busy->hash, "4");
		size_t seen = 0;

		hash_each(busy->hash, is_field, &seen);
		if (number % 1000 != 4 || number < last || seen != FIELDS / 2)
			__atomic_fetch_add(&busy->wrong, 1, __ATOMIC_RELAXED);
		last = number;
	}
	return NULL;
}

static void check_hash_threads(void)
{
	struct busy busy = { hash_new(), false, 0 };
	pthread_t readers[2];
	int i;

	for (i = 0; i < FIELDS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%d", i);
		set_number(busy.hash, name, i);
	}
	for (i = 0; i < 2; i++)
		readers[i] = thread_start(read_fields, &busy);
	elsewhere(write_fields, &busy);
	__atomic_store_n(&busy.stop, true, __ATOMIC_RELEASE);
	for (i = 0; i < 2; i++)
		thread_end(readers[i]);
	is_int(busy.wrong, 0, "who reads a hash beside a writer finds each field that stays, once, with a value that was its own");
	is_int(hash_length(busy.hash), FIELDS / 2, "in the end only those are there that were not removed");
	leash_release(busy.hash);
}

/* --- Cycles. */

static void link_to(struct hash *from, const char *name, void *to)
{
	if (hash_set(from, name, strlen(name), to) < 0)
		bail_out("no memory for a field");
}

/* So many hashes, each leading to the next and the last to the first; and a list, and texts.  The caller's: the first. */
static struct hash *ring_of(int number)
{
	struct hash *first = hash_new(), *last = leash_retain(first);
	LEASH_AUTO struct list *list = list_new();

	push_number(list, 1, true);
	link_to(first, "list", list);
	for (int i = 1; i < number; i++) {
		struct hash *next = hash_new();

		link_to(last, "next", next);
		set_number(next, "number", i);
		leash_release(last);
		last = next;
	}
	link_to(last, "next", first);
	leash_release(last);
	return first;
}

static void check_cycles(void)
{
	struct hash *ring, *self, *kept;
	long reclaimed;

	leash_gc_disable();
	leash_collect(2);
	self = hash_new();
	link_to(self, "self", self);
	leash_release(self);
	is_int(leash_collect(2), 2, "a hash that leads to itself is found, with its map");
	ring = ring_of(10);
	kept = leash_retain(ring);
	leash_release(ring);
	is_int(leash_collect(2), 0, "a cycle of hashes that something holds is not");
	is_int(leash_collect(2), 0, "however often one looks");
	leash_release(kept);
	reclaimed = leash_collect(2);
	ok(reclaimed >= 20, "once it has been let go all ten hashes and maps are reclaimed (%ld)", reclaimed);
	leash_gc_enable();
}

/* Two hashes that lead to each other, again and again, while another thread collects. */
static void *make_cycles(void *arg)
{
	struct busy *busy = arg;

	for (int i = 0; i < 3000; i++) {
		LEASH_AUTO struct hash *one = hash_new();
		LEASH_AUTO struct hash *other = hash_new();

		link_to(one, "other", other);
		link_to(other, "one", one);
		link_to(busy->hash, "latest", one);
	}
	__atomic_store_n(&busy->stop, true, __ATOMIC_RELEASE);
	return NULL;
}

static void *collect(void *arg)
{
	struct busy *busy = arg;

	while (!__atomic_load_n(&busy->stop, __ATOMIC_ACQUIRE)) {
		LEASH_AUTO struct value *latest = hash_get(busy->hash, "latest", 6);
		LEASH_AUTO struct value *other = latest ? hash_get((struct hash *)latest, "other", 5) : NULL;
		LEASH_AUTO struct value *back = other ? hash_get((struct hash *)other, "one", 3) : NULL;

		if (back != latest)
			__atomic_fetch_add(&busy->wrong, 1, __ATOMIC_RELAXED);
		leash_collect(0);
	}
	return NULL;
}

static void check_cycles_and_threads(void)
{
	struct busy busy = { hash_new(), false, 0 };
	pthread_t maker = thread_start(make_cycles, &busy);

	elsewhere(collect, &busy);
	thread_end(maker);
	is_int(busy.wrong, 0, "cycles that can be reached stay whole while others are collected");
	leash_release(busy.hash);
	leash_collect(2);
}

int main(void)
{
	check_texts();
	check_numbers();
	check_ends();
	check_ranges();
	check_against_array(1);
	check_memory();
	check_list_threads();
	check_hash();
	check_hash_threads();
	check_cycles();
	check_cycles_and_threads();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
