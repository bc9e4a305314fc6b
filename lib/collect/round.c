/* One round: from suspects to garbage.
 *
 * Purpose.  To find objects all of whose references come from garbage, while every other thread goes on
 * counting and changing fields, without stopping any and without a write to a live object but for one bit.
 *
 * Algorithm.  After Bacon and Rajan (Concurrent Cycle Collection in Reference Counted Systems, 2001), their tests by
 * second readings; with a snapshot on the side as in Nim's YRC; with the op-grace of thread.c in
 * place of handshakes; and with CPython's way to tell garbage from the rest.
 *
 *   1. Deaths keep their memory from here on (heap.c).  Take the logs.  Op-grace.  A full round clears LOGGED of what was
 *      taken.  Op-grace.
 *   2. Snapshot of all that some of the suspects reach, and 3. decision on it (graph.c): what is not found to be
 *      garbage is live and done with.
 *   4. Clear the touched bit in both words of the garbage; tag its weak references (verdict.c).  Op-grace.
 *   5. First reading: the words and fields of the garbage, once more.  What has changed since the snapshot is not
 *      garbage, nor what it reaches.
 *   6. Op-grace.
 *   7. Second reading of the words: both bits still clear, both counts as before, not dead, no revocation pending.
 *   8. What passed is garbage for certain (commit.c).
 *   9. Suspects that live go back into a list, one generation further; or nowhere, after a full round.
 *
 * 2 to 9 are done with a part of the suspects at a time, such that what they do stays in the processor's cache; what
 * one part has seen the next ones leave alone.
 *
 * The touched bit of one of the two words is set by every retain, by every removal of a reference from a
 * field, and by every transfer between the words, in the guard in which it happens.
 *
 * Why it is right.  Let G be a set that passed, and T an instant between the first reading and the end of step 6's
 * op-grace at which no guard is in flight on its members.  From the end of step 4's op-grace to the second reading no
 * member was touched.  So no count rose: count(T) <= count(5).  No reference to a member left a field: every edge
 * read at 5 still stands at T.  Hence, over the members,
 *
 *      external(T) = sum of count(T) - edges(T) <= sum of count(5) - edges(5) = 0
 *
 * where the last sum is 0 because it was in the snapshot, and what was read at 5 is the same.  At T nobody outside G refers to
 * it; what nobody refers to stays garbage.  The readings need not be atomic, nor in any order: the guards make each
 * act and its touch one step, as both op-graces wait for the acts in flight.  Clearing the bit under the owner's feet is
 * harmless: its plain store in flight either restores an old bit (the object waits for another round) or sets a new one (as
 * it should).
 *
 * Why nothing is lost.  In a round of the young, suspects keep LOGGED and their entry, which goes from list to
 * list: the witness is never without a place.  A full round takes the live ones out, so it clears LOGGED first: an
 * object whose event comes after that is logged again; one whose event came before is seen as the event left it,
 * since the event was over when the op-grace before the clearing was.  (In one op-grace less, or in another order,
 * an event can fall between the log's reading and the flag's clearing, and leave no witness.)  A suspect that one part of the
 * round has not found alive for certain goes back into a list, whichever part it belongs to.  One that a part has found
 * alive because garbage of a later part refers to it, loses that reference when the garbage is severed, and is a
 * suspect again.
 *
 * What a full round puts back into a list may die at the hands of its owner, whose short cut (count.c) writes the word without
 * looking; so its LOGGED is looked at again after an op-grace, before the memory of the dead is let go.
 *
 * A round of generation g does not enter objects older than g: their references count as from outside, which is
 * safe, and the suspects wait for an older round.
 *
 * lsh_pass is held from 4 to 8: the look-ahead of a revocation (revoke.c), which has no reference to what
 * it takes an owner from, would be the one actor that writes to garbage.
 *
 * Progress: waits for op-graces only.  A round is given up, and its suspects put back, when memory is short or
 * when it keeps too much of the memory of the dead.
 */
#include "../background.h"
#include "../count.h"
#include "../heap.h"
#include "../points.h"
#include "../probes.h"
#include "../revoke.h"
#include "../thread.h"
#include "round.h"
#include "verdict.h"

#define AHEAD    8

struct lsh_lock lsh_round_lock = LSH_LOCK_INIT(LSH_RANK_ROUND);
struct lsh_list lsh_waiting[LEASH_GENERATIONS];
struct lsh_list lsh_frozen;
struct lsh_graph lsh_round_graph;
uint32_t lsh_round_part = 4096;
static bool frozen; /* objects of age 3 are */
static size_t listed[LSH_LISTED];

void lsh_round_unlock(void)
{
	const struct lsh_list *const lists[LSH_LISTED] = {
		&lsh_waiting[0], &lsh_waiting[1], &lsh_waiting[2], &lsh_frozen, &lsh_saved,
	};
	int i;

	for (i = 0; i < LSH_LISTED; i++)
		__atomic_store_n(&listed[i], lists[i]->count, __ATOMIC_RELAXED);
	lsh_unlock(&lsh_round_lock);
}

void lsh_round_listed(size_t lengths[LSH_LISTED])
{
	int i;

	for (i = 0; i < LSH_LISTED; i++)
		lengths[i] = __atomic_load_n(&listed[i], __ATOMIC_RELAXED);
}

static unsigned age_of(uint64_t shared)
{
	return (unsigned)((shared & LEASH__AGE) >> LEASH__AGE_SHIFT);
}

static void note_bytes(struct lsh_round *round)
{
	size_t bytes = lsh_array_total();

	if (bytes > round->bytes)
		round->bytes = bytes;
}

static struct lsh_list *list_of_age(unsigned age)
{
	return age < LEASH_GENERATIONS ? &lsh_waiting[age] : &lsh_frozen;
}

/* From age 3 to 2. */
static void thaw(struct leash__header *h)
{
	__atomic_fetch_and(&h->shared, ~(UINT64_C(1) << LEASH__AGE_SHIFT), __ATOMIC_RELAXED);
}

/* Puts a suspect into a list, with LOGGED; not if it has been logged anew, or is dead. */
static void put_back(struct lsh_round *round, struct lsh_list *list, struct leash__header *h)
{
	uint64_t old = __atomic_load_n(&h->shared, __ATOMIC_RELAXED);

	do
		if (old & (LEASH__DEAD | LEASH__LOGGED | LEASH__IMMORTAL))
			return;
	while (!__atomic_compare_exchange_n(&h->shared, &old, old | LEASH__LOGGED, false, __ATOMIC_ACQ_REL,
					    __ATOMIC_RELAXED));
	lsh_list_push(list, h, &round->spares);
}

/* A suspect stays one. */
static void file(struct lsh_round *round, struct leash__header *h)
{
	struct lsh_list *list = list_of_age(age_of(__atomic_load_n(&h->shared, __ATOMIC_RELAXED)));

	if (round->cleared)
		put_back(round, list, h);
	else
		lsh_list_push(list, h, &round->spares);
}

/* Where the lists ended when the round began. */
struct mark {
	struct lsh_chunk *head;
	uint32_t count; /* in it */
};
struct marks {
	struct mark of[LEASH_GENERATIONS + 1];
};

static struct marks begin_filing(void)
{
	struct marks marks;
	unsigned g;

	for (g = 0; g <= LEASH_GENERATIONS; g++) {
		struct lsh_chunk *head = list_of_age(g)->head;

		marks.of[g] = (struct mark){ head, head ? head->count : 0 };
	}
	return marks;
}

/* Strikes out what died by its owner's short cut while it was put back. */
static void look_again(const struct lsh_list *list, const struct mark *before)
{
	struct lsh_chunk *chunk;
	uint32_t i;

	for (chunk = list->head; chunk; chunk = chunk->next) {
		for (i = chunk == before->head ? before->count : 0; i < chunk->count; i++) {
			uint64_t shared = __atomic_load_n(&chunk->entries[i]->shared, __ATOMIC_ACQUIRE);

			if ((shared & (LEASH__DEAD | LEASH__LOGGED)) == LEASH__DEAD)
				chunk->entries[i] = NULL;
		}
		if (chunk == before->head)
			break;
	}
}

static void end_filing(const struct marks *marks)
{
	unsigned g;

	lsh_op_grace();
	for (g = 0; g <= LEASH_GENERATIONS; g++)
		look_again(list_of_age(g), &marks->of[g]);
}

/* Whether the suspect of an entry is to be looked at.  If not, the entry has been dealt with. */
static bool concerns(struct lsh_round *round, struct leash__header *h)
{
	unsigned age;

	if (lsh_list_forgets(h))
		return false;
	age = age_of(__atomic_load_n(&h->shared, __ATOMIC_RELAXED));
	/* It was in another log while the others thawed. */
	if (age == LEASH_GENERATIONS && !frozen) {
		thaw(h);
		age--;
	}
	if (round->only_read || age > (unsigned)round->generation) {
		lsh_list_push(list_of_age(age), h, &round->spares);
		return false;
	}
	return true;
}

/* The chunks of the logs, and of the lists that this round is about. */
static struct lsh_chunk *take_chunks(const struct lsh_round *round)
{
	struct lsh_chunk *chunks = lsh_logs_take(), **end = &chunks;
	int g;

	for (g = 0; g <= round->generation && !round->only_read; g++) {
		while (*end)
			end = &(*end)->next;
		*end = lsh_waiting[g].head;
		lsh_waiting[g] = (struct lsh_list){ .head = NULL };
	}
	return chunks;
}

static void clear_flag(struct lsh_round *round, struct leash__header **entry)
{
	uint64_t old;

	if (!*entry)
		return;
	if (!concerns(round, *entry)) {
		*entry = NULL;
		return;
	}
	/* TOUCHED goes with it, as it will have to, mostly. */
	old = __atomic_fetch_and(&(*entry)->shared, ~(LEASH__LOGGED | LEASH__TOUCHED), __ATOMIC_ACQ_REL);
	LSH_POINT("collect: flag cleared");
	if (!(old & LEASH__DEAD))
		return;
	if (old & LEASH__HUSK)
		lsh_husk_free(*entry);
	*entry = NULL;
}

static void clear_flags(struct lsh_round *round)
{
	struct lsh_chunk *chunk;
	uint32_t i;

	for (chunk = round->chunks; chunk; chunk = chunk->next) {
		for (i = 0; i < chunk->count; i++) {
			if (i + AHEAD < chunk->count)
				__builtin_prefetch(chunk->entries[i + AHEAD], 1);
			clear_flag(round, &chunk->entries[i]);
		}
	}
	round->cleared = true;
	lsh_op_grace();
}

static struct lsh_chunk *next_chunk(struct lsh_round *round)
{
	struct lsh_chunk *chunk = round->chunks;

	round->chunks = chunk->next;
	round->entry = 0;
	return chunk;
}

static void add_suspect(struct lsh_round *round, struct leash__header *h)
{
	if (!round->cleared && !concerns(round, h))
		return;
	switch (lsh_graph_add(&lsh_round_graph, h)) {
	case LSH_ADDED:
		break;
	case LSH_SETTLED:
		if (!round->cleared)
			file(round, h);
		break;
	case LSH_OPEN:
	case LSH_OUTSIDE:
		if (!(__atomic_load_n(&h->shared, __ATOMIC_RELAXED) & LEASH__IMMORTAL))
			file(round, h);
		break;
	}
}

static void add_suspects(struct lsh_round *round)
{
	struct lsh_chunk *chunk;

	while ((chunk = round->chunks) != NULL && lsh_round_graph.node_count < lsh_round_part) {
		uint32_t i = round->entry++;

		if (i == chunk->count) {
			lsh_spares_give(&round->spares, next_chunk(round));
			continue;
		}
		if (i + AHEAD < chunk->count)
			__builtin_prefetch(chunk->entries[i + AHEAD], 1);
		if (chunk->entries[i])
			add_suspect(round, chunk->entries[i]);
	}
	round->suspects = lsh_round_graph.node_count;
}

static void grow_older(struct leash__header *h, unsigned age)
{
	uint64_t old = __atomic_load_n(&h->shared, __ATOMIC_RELAXED);

	while (age_of(old) < age && !(old & LEASH__DEAD))
		if (__atomic_compare_exchange_n(&h->shared, &old,
						(old & ~LEASH__AGE) | (uint64_t)age << LEASH__AGE_SHIFT, false,
						__ATOMIC_RELAXED, __ATOMIC_RELAXED))
			break;
}

/* Returns how much garbage there is. */
static uint32_t let_age(struct lsh_round *round)
{
	const struct lsh_node *nodes = lsh_nodes(&lsh_round_graph);
	unsigned age = round->generation < 2 ? (unsigned)round->generation + 1 : 2;
	uint32_t i, garbage = 0;

	for (i = 0; i < lsh_round_graph.node_count; i++) {
		garbage += nodes[i].fate == LSH_GARBAGE;
		if (nodes[i].fate != LSH_LIVE)
			continue;
		if (age_of(nodes[i].shared) < age)
			grow_older(nodes[i].h, age);
		if (nodes[i].shared & LEASH__TRIED) {
			__atomic_fetch_and(&nodes[i].h->shared, ~LEASH__TRIED, __ATOMIC_RELAXED);
			round->rescued++;
		}
	}
	return garbage;
}

/* Returns the shared word as it was before, or later. */
static uint64_t clear_touched(struct leash__header *h)
{
	uint32_t local = __atomic_load_n(&h->local, __ATOMIC_RELAXED);
	uint64_t shared = __atomic_load_n(&h->shared, __ATOMIC_RELAXED);

	if (shared & LEASH__TOUCHED)
		shared = __atomic_fetch_and(&h->shared, ~LEASH__TOUCHED, __ATOMIC_RELAXED);
	LSH_POINT("collect: one bit cleared");
	/* If the owner writes meanwhile the bit may stay, and the object is live this round. */
	if (local & LEASH__LOCAL_TOUCHED)
		__atomic_compare_exchange_n(&h->local, &local, local & ~LEASH__LOCAL_TOUCHED, false,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	return shared;
}

/* Steps 4 to 8. */
static void watch(struct lsh_round *round)
{
	struct lsh_graph *graph = &lsh_round_graph;
	uint64_t all = 0;
	uint32_t i;

	lsh_lock(&lsh_pass);
	LSH_PROBE(collection_phase, round->generation, "readings");
	for (i = 0; i < graph->node_count; i++)
		if (lsh_nodes(graph)[i].fate == LSH_GARBAGE)
			all |= clear_touched(lsh_nodes(graph)[i].h);
	/* An object whose first weak reference comes later is touched by that. */
	if (all & LEASH__WEAK)
		lsh_verdicts_open(graph);
	lsh_op_grace();
	LSH_POINT("collect: first reading");
	lsh_graph_compare(graph);
	lsh_op_grace();
	LSH_POINT("collect: second reading");
	LSH_PROBE(collection_phase, round->generation, "commit");
	lsh_commit(round);
	lsh_unlock(&lsh_pass);
}

/* What lives is one generation further, and after a full round in no list any more. */
static void file_suspects(struct lsh_round *round)
{
	const struct lsh_node *nodes = lsh_nodes(&lsh_round_graph);
	uint32_t i;

	for (i = 0; i < round->suspects; i++)
		if (nodes[i].fate > LSH_LIVE || (nodes[i].fate == LSH_LIVE && !round->cleared))
			file(round, nodes[i].h);
}

/* Sets aside all that has been read. */
static bool freeze(struct lsh_round *round)
{
	const struct lsh_graph *graph = &lsh_round_graph;
	uint32_t i;

	if (!lsh_spares_reserve(&round->spares, graph->node_count / LSH_CHUNK + LSH_SPARES))
		return false;
	frozen = true;
	for (i = 0; i < graph->node_count; i++) {
		grow_older(lsh_nodes(graph)[i].h, LEASH_GENERATIONS);
		if (i < round->suspects)
			file(round, lsh_nodes(graph)[i].h);
		else
			put_back(round, &lsh_frozen, lsh_nodes(graph)[i].h);
	}
	return true;
}

void lsh_round_thaw(void)
{
	struct lsh_spares spares = { NULL };
	struct leash__header *h;

	if (!lsh_spares_reserve(&spares, 1))
		return;
	frozen = false;
	lsh_list_scrub(&lsh_frozen);
	while ((h = lsh_list_pop(&lsh_frozen, &spares)) != NULL) {
		thaw(h);
		lsh_list_push(&lsh_waiting[2], h, &spares);
	}
	lsh_spares_free(&spares);
	lsh_kept_free();
}

/* Nothing is known of any. */
static void give_up(struct lsh_round *round)
{
	uint32_t i;

	round->given_up = true;
	for (i = 0; i < round->suspects; i++)
		file(round, lsh_nodes(&lsh_round_graph)[i].h);
}

/* Steps 2 to 9 with what has been added. */
static void examine(struct lsh_round *round)
{
	struct lsh_graph *graph = &lsh_round_graph;

	LSH_POINT("collect: snapshot");
	LSH_PROBE(collection_phase, round->generation, "snapshot");
	if (!lsh_graph_read(graph) || (round->freeze && !freeze(round))) {
		give_up(round);
		return;
	}
	note_bytes(round);
	round->visited += graph->node_count;
	if (!round->freeze) {
		uint32_t garbage = let_age(round);

		if (garbage)
			watch(round);
		file_suspects(round);
		if (garbage) {
			LSH_PROBE(collection_phase, round->generation, "sever");
			lsh_commit_end(round);
		}
	}
	lsh_graph_next(graph);
}

/* What an earlier part found alive because garbage of a later one referred to it: the references count no more.  One graph, so
 * that nothing is left over. */
static void examine_owed(struct lsh_round *round)
{
	struct lsh_graph *graph = &lsh_round_graph;
	const struct lsh_chunk *chunk;
	struct leash__header *h;
	uint32_t i;

	lsh_graph_clear(graph, false);
	if (graph->age < LEASH_GENERATIONS - 1)
		graph->age++;
	for (chunk = round->owed.head; chunk; chunk = chunk->next)
		for (i = 0; i < chunk->count; i++)
			lsh_graph_add_owed(graph, chunk->entries[i]);
	round->suspects = 0;
	round->exact = false;
	examine(round);
	while ((h = lsh_list_pop(&round->owed, &round->spares)) != NULL)
		if (!lsh_is_severed(h))
			lsh_drop(h, false);
}

/* Suspects that are not looked at. */
static void file_rest(struct lsh_round *round)
{
	uint32_t i;

	while (round->chunks) {
		struct lsh_chunk *chunk = round->chunks;

		for (i = round->entry; i < chunk->count; i++)
			if (chunk->entries[i] && (round->cleared || concerns(round, chunk->entries[i])))
				file(round, chunk->entries[i]);
		lsh_spares_give(&round->spares, next_chunk(round));
	}
}

void lsh_round_run(struct lsh_round *round)
{
	bool full = round->generation == LEASH_GENERATIONS - 1 && !round->only_read;
	struct marks marks;

	/* Whatever is read fits into as many chunks as it came in, and two for each list. */
	if (!lsh_spares_reserve(&round->spares, LSH_SPARES)) {
		round->given_up = true;
		lsh_spares_free(&round->spares);
		return;
	}
	lsh_keep_start();
	round->chunks = take_chunks(round);
	marks = begin_filing();
	lsh_op_grace();
	LSH_POINT("collect: logs taken");
	if (full && !round->freeze && round->chunks)
		clear_flags(round);
	lsh_round_graph.age = (unsigned)round->generation;
	while (round->chunks && !round->given_up && !round->only_read) {
		add_suspects(round);
		examine(round);
	}
	file_rest(round);
	if (round->owed.head)
		examine_owed(round);
	if (full)
		end_filing(&marks);
	lsh_graph_clear(&lsh_round_graph, false);
	lsh_spares_free(&round->spares);
	lsh_batch_free(&round->dead);
	lsh_keep_end();
}
