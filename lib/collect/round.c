/* One round: from suspects to garbage.
 *
 * Purpose.  To find objects all of whose references come from garbage, while every other thread goes on
 * counting and changing fields, without stopping any and without a write to a live object but for one bit.
 *
 * Algorithm.  After Bacon and Rajan (Concurrent Cycle Collection in Reference Counted Systems, 2001), their tests by
 * second readings; with a snapshot on the side as in Nim's YRC; with the op-grace of thread.c in
 * place of handshakes.
 *
 *   1. Deaths keep their memory from here on (heap.c).  Take the logs.  Op-grace.  Clear LOGGED of what was taken.
 *      Op-grace.
 *   2. Snapshot of all that the suspects reach (graph.c), 3. and decision on it (condense.c): what is not found to be
 *      garbage is live and done with.  The rest are the candidates.
 *   4. Clear the touched bit in both words of every candidate.  Op-grace.
 *   5. First reading: words and fields of the candidates, once more; and decision on that.
 *   6. Op-grace.
 *   7. Second reading of the words: both bits still clear, both counts as before, not dead, no revocation pending.
 *   8. What passed is garbage for certain (commit.c).
 *   9. Suspects that live go back into a list, with LOGGED, one generation further; or nowhere, after a full round.
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
 * At T nobody outside G refers to it; what nobody refers to stays garbage.  The readings need not be
 * atomic, nor in any order: the guards make each act and its touch one step, as both op-graces
 * wait for the acts in flight.  Clearing the bit under the owner's feet is harmless: its plain store in flight
 * either restores an old bit (the component waits for another round) or sets a new one (as it should).
 *
 * Why nothing is lost.  An object whose event comes after its LOGGED was cleared is logged again.  One whose event came
 * before is seen as the event left it, since the event was over when the op-grace before the clearing was.  (In
 * one op-grace less, or in another order, an event can fall between the log's reading and the flag's
 * clearing, and leave no witness.)
 *
 * What goes back into a list may die at the hands of its owner, whose short cut (count.c) writes the word without
 * looking; so its LOGGED is looked at again after an op-grace, before the memory of the dead is let go.
 *
 * A round of generation g does not enter objects older than g: their references count as from outside, which is
 * safe, and the suspects wait for an older round.
 *
 * lsh_pass is held from 4 to 8: the look-ahead of a revocation (revoke.c), which has no reference to what
 * it takes an owner from, would be the one actor that neither counts nor touches.
 *
 * Progress: waits for op-graces only.  A round is given up, and its suspects put back, when memory is short or
 * when it keeps too much of the memory of the dead.
 */
#include "../background.h"
#include "../count.h"
#include "../heap.h"
#include "../points.h"
#include "../revoke.h"
#include "../thread.h"
#include "round.h"

#define KEPT_MAX (UINT32_C(1) << 28) /* bytes */
#define SPARES   (2 * (LEASH_GENERATIONS + 2)) /* chunks: two for each list */

struct lsh_lock lsh_round_lock = LSH_LOCK_INIT(LSH_RANK_ROUND);
struct lsh_list lsh_waiting[LEASH_GENERATIONS];
struct lsh_list lsh_frozen;
struct lsh_graph lsh_round_graph;
static bool frozen; /* objects of age 3 are */

static unsigned age_of(uint64_t shared)
{
	return (unsigned)((shared & LEASH__AGE) >> LEASH__AGE_SHIFT);
}

static bool keep_going(void)
{
	return lsh_kept_bytes() < KEPT_MAX;
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

/* Reads one entry, which the caller owns. */
static void read_entry(struct lsh_round *round, struct leash__header *h)
{
	uint64_t shared = __atomic_load_n(&h->shared, __ATOMIC_ACQUIRE);
	unsigned age = age_of(shared);

	/* It was in another log while the others thawed. */
	if (age == LEASH_GENERATIONS && !frozen) {
		thaw(h);
		age--;
	}
	if (!(shared & LEASH__DEAD) && (round->only_read || age > (unsigned)round->generation)) {
		lsh_list_push(list_of_age(age), h, &round->spares);
		return;
	}
	shared = __atomic_fetch_and(&h->shared, ~LEASH__LOGGED, __ATOMIC_ACQ_REL);
	LSH_POINT("collect: flag cleared");
	if (!(shared & LEASH__DEAD))
		lsh_list_push(&round->suspects, h, &round->spares);
	else if (shared & LEASH__HUSK)
		lsh_husk_free(h);
}

static void read_chunk(struct lsh_round *round, struct lsh_chunk *chunk)
{
	uint32_t i;

	for (i = 0; i < chunk->count; i++) {
		if (i + 8 < chunk->count)
			__builtin_prefetch(chunk->entries[i + 8], 1);
		if (chunk->entries[i])
			read_entry(round, chunk->entries[i]);
	}
	lsh_spares_give(&round->spares, chunk);
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

/* Step 1. */
static bool gather(struct lsh_round *round)
{
	struct lsh_chunk *chunks, *next;

	/* Whatever is read fits into as many chunks as it came in, and one for each list. */
	if (!lsh_spares_reserve(&round->spares, SPARES))
		return false;
	lsh_keep_start();
	chunks = take_chunks(round);
	lsh_op_grace();
	LSH_POINT("collect: logs taken");
	for (; chunks; chunks = next) {
		next = chunks->next;
		read_chunk(round, chunks);
	}
	if (!round->only_read)
		lsh_op_grace();
	return true;
}

/* Steps 2 and 3. */
static bool take_snapshot(struct lsh_round *round)
{
	struct lsh_graph *graph = &lsh_round_graph;
	const struct lsh_chunk *chunk;
	uint32_t i;

	graph->age = (unsigned)round->generation;
	for (chunk = round->suspects.head; chunk; chunk = chunk->next)
		for (i = 0; i < chunk->count; i++)
			lsh_graph_add(graph, chunk->entries[i]);
	round->suspect_nodes = graph->node_count;
	LSH_POINT("collect: snapshot");
	if (!lsh_graph_read(graph, keep_going))
		return false;
	note_bytes(round);
	if (!lsh_graph_condense(graph))
		return false;
	note_bytes(round);
	round->visited = graph->node_count;
	for (i = 0; i < graph->component_count; i++)
		if (lsh_components(graph)[i].external == 0)
			round->candidates += lsh_components(graph)[i].size;
	return true;
}

/* What was read of the object says that it is alive. */
static bool is_live(uint32_t node)
{
	return lsh_components(&lsh_round_graph)[lsh_nodes(&lsh_round_graph)[node].component].external > 0;
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

static void let_age(struct lsh_round *round)
{
	const struct lsh_node *nodes = lsh_nodes(&lsh_round_graph);
	unsigned age = round->generation < 2 ? (unsigned)round->generation + 1 : 2;
	uint32_t i;

	for (i = 0; i < lsh_round_graph.node_count; i++) {
		if (!is_live(i))
			continue;
		if (age_of(nodes[i].shared) < age)
			grow_older(nodes[i].h, age);
		if (nodes[i].shared & LEASH__TRIED) {
			__atomic_fetch_and(&nodes[i].h->shared, ~LEASH__TRIED, __ATOMIC_RELAXED);
			round->rescued++;
		}
	}
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

/* Strikes out what died by its owner's short cut while it was put back; the list was as `before` then. */
static void look_again(struct lsh_list *list, const struct lsh_list *before, uint32_t before_count)
{
	struct lsh_chunk *chunk;
	uint32_t i;

	for (chunk = list->head; chunk; chunk = chunk->next) {
		for (i = chunk == before->head ? before_count : 0; i < chunk->count; i++) {
			uint64_t shared = __atomic_load_n(&chunk->entries[i]->shared, __ATOMIC_ACQUIRE);

			if ((shared & (LEASH__DEAD | LEASH__LOGGED)) == LEASH__DEAD)
				chunk->entries[i] = NULL;
		}
		if (chunk == before->head)
			break;
	}
}

struct mark {
	struct lsh_list list;
	uint32_t count; /* in its head */
};

static struct mark mark_of(const struct lsh_list *list)
{
	return (struct mark){ *list, list->head ? list->head->count : 0 };
}

struct marks {
	struct mark of[LEASH_GENERATIONS + 1];
};

static struct marks begin_filing(void)
{
	struct marks marks;
	unsigned g;

	for (g = 0; g <= LEASH_GENERATIONS; g++)
		marks.of[g] = mark_of(list_of_age(g));
	return marks;
}

static void end_filing(const struct marks *marks)
{
	bool any = false;
	unsigned g;

	for (g = 0; g <= LEASH_GENERATIONS; g++)
		any |= list_of_age(g)->count != marks->of[g].list.count;
	if (!any)
		return;
	lsh_op_grace();
	for (g = 0; g <= LEASH_GENERATIONS; g++)
		look_again(list_of_age(g), &marks->of[g].list, marks->of[g].count);
}

static void file_where_it_was(struct lsh_round *round, struct leash__header *h)
{
	put_back(round, list_of_age(age_of(__atomic_load_n(&h->shared, __ATOMIC_RELAXED))), h);
}

/* Nothing is known of any. */
static void file_all(struct lsh_round *round)
{
	struct marks marks = begin_filing();
	struct leash__header *h;

	while ((h = lsh_list_pop(&round->suspects, &round->spares)) != NULL)
		file_where_it_was(round, h);
	end_filing(&marks);
}

/* The suspects are the first nodes; those that are not, were dead or immortal.  What lives by the snapshot is one
 * generation further, and after a full round in no list any more.  Candidates come later. */
static void file_the_live(struct lsh_round *round)
{
	const struct lsh_graph *graph = &lsh_round_graph;
	const struct lsh_node *nodes = lsh_nodes(graph);
	struct marks marks = begin_filing();
	uint32_t i;

	for (i = 0; i < round->suspect_nodes; i++) {
		int64_t external = lsh_components(graph)[nodes[i].component].external;

		if (external < 0)
			file_where_it_was(round, nodes[i].h);
		else if (external > 0 && round->generation < LEASH_GENERATIONS - 1)
			put_back(round, &lsh_waiting[round->generation + 1], nodes[i].h);
	}
	end_filing(&marks);
}

/* The candidates, of which those that were committed are dead by now. */
static void file_the_rest(struct lsh_round *round)
{
	const struct lsh_node *nodes = lsh_nodes(&lsh_round_graph);
	struct marks marks = begin_filing();
	uint32_t i;

	for (i = 0; i < round->suspect_nodes; i++)
		if (nodes[i].component != LSH_NONE)
			file_where_it_was(round, nodes[i].h);
	end_filing(&marks);
}

/* Sets aside all that the suspects reach. */
static bool freeze(struct lsh_round *round)
{
	const struct lsh_graph *graph = &lsh_round_graph;
	struct mark mark = mark_of(&lsh_frozen);
	uint32_t i;

	if (!lsh_spares_reserve(&round->spares, graph->node_count / LSH_CHUNK + SPARES))
		return false;
	frozen = true;
	for (i = 0; i < graph->node_count; i++) {
		grow_older(lsh_nodes(graph)[i].h, LEASH_GENERATIONS);
		put_back(round, &lsh_frozen, lsh_nodes(graph)[i].h);
	}
	lsh_op_grace();
	look_again(&lsh_frozen, &mark.list, mark.count);
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

static void clear_touched(struct leash__header *h)
{
	uint32_t local = __atomic_load_n(&h->local, __ATOMIC_RELAXED);

	if (__atomic_load_n(&h->shared, __ATOMIC_RELAXED) & LEASH__TOUCHED)
		__atomic_fetch_and(&h->shared, ~LEASH__TOUCHED, __ATOMIC_RELAXED);
	LSH_POINT("collect: one bit cleared");
	/* If the owner writes meanwhile the bit may stay, and the candidate is live this round. */
	if (local & LEASH__LOCAL_TOUCHED)
		__atomic_compare_exchange_n(&h->local, &local, local & ~LEASH__LOCAL_TOUCHED, false,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

/* Steps 4 to 6. */
static bool read_again(struct lsh_round *round)
{
	struct lsh_graph *graph = &lsh_round_graph;
	uint32_t i;

	for (i = 0; i < graph->node_count; i++) {
		lsh_graph_fetch(graph, i);
		if (lsh_nodes(graph)[i].component != LSH_NONE)
			clear_touched(lsh_nodes(graph)[i].h);
	}
	lsh_op_grace();
	LSH_POINT("collect: first reading");
	if (!lsh_graph_read(graph, keep_going) || !lsh_graph_condense(graph))
		return false;
	note_bytes(round);
	lsh_op_grace();
	LSH_POINT("collect: second reading");
	return true;
}

/* The graph knows the suspects from here on. */
static void empty_list(struct lsh_round *round)
{
	struct lsh_chunk *chunk;

	while ((chunk = round->suspects.head) != NULL) {
		round->suspects.head = chunk->next;
		lsh_spares_give(&round->spares, chunk);
	}
	round->suspects.count = 0;
}

static void examine(struct lsh_round *round)
{
	if (!take_snapshot(round) || (round->freeze && !freeze(round)))
		round->given_up = true;
	if (round->given_up || round->freeze) {
		file_all(round);
		return;
	}
	empty_list(round);
	let_age(round);
	file_the_live(round);
	if (!round->candidates)
		return;
	lsh_graph_close(&lsh_round_graph);
	lsh_lock(&lsh_pass);
	if (read_again(round))
		lsh_commit(round);
	else
		round->given_up = true;
	lsh_unlock(&lsh_pass);
	file_the_rest(round);
	if (!round->given_up)
		lsh_commit_end(round);
}

void lsh_round_run(struct lsh_round *round)
{
	if (!gather(round)) {
		round->given_up = true;
		lsh_spares_free(&round->spares);
		return;
	}
	/* Of logs that are only read, what a finalizer has brought back meanwhile. */
	if (round->only_read)
		file_all(round);
	else if (round->suspects.count)
		examine(round);
	lsh_graph_clear(&lsh_round_graph, false);
	lsh_spares_free(&round->spares);
	lsh_keep_end();
}
