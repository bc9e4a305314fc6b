/* Watching and two readings: why the cycle collector never commits a live object.
 *
 * WHAT IS MODELLED.  OBJECTS objects with FIELDS fields each (four fields in all), two program threads, and the collector in steps 4
 * to 7 of one round: clear the touched bits, op-grace, first reading, decide, op-grace, second reading, commit.
 * Threads retain, release, get from a field, move into and out of fields (set_take, steal), clear, hand references to
 * one another, merge (handoff, last release), adopt; objects die by their counts; the background thread revokes and
 * folds.  All starts from a SCENE, or from any heap within the bounds, in any distribution of the counts over
 * the words.  What the threads do is in collector-threads.pml.
 *
 * Each access to a word that others may touch is a step of its own: the owner's retain is a load and a store;
 * another thread's is a load, an addition, and the touch if the load found none.  A compare-and-swap loop that does
 * nothing but try again is one step.  The collector clears and reads one word or field a step; ORDER says in which
 * order.  Entering the guard goes with the first access of an operation, leaving with the last: what falls
 * between could as well have come before, or come after, for no op-grace ends there.  The test of the owner
 * goes with the first access too: nobody else makes a thread the owner, and who takes the ownership away leaves the
 * words alone for an op-grace.
 *
 * WHAT IS ABSTRACTED.
 *
 *   - Memory is sequentially consistent.
 *   - Snapshot and decision, steps 2 and 3: the candidates may be any set, as if they were drawn by lot.  The code wants
 *     what it reads at 5 to be as it was in the snapshot besides: that lets less pass, and nothing that does not pass here.
 *   - What the code commits is what remains when all that fails is taken away with what it points to: by the
 *     snapshot, and so by the first reading, each member's count is the number of edges to it from other members
 *     and itself.  Here a set is drawn, and passes if its counts, in all, do not exceed its edges and no member
 *     fails.  Every set that the code commits passes here.  (References owed by what is severed are like edges that stay.)
 *   - A credit is a reference that its thread does not use: filing one and taking it back change no
 *     word, and touch none.  Here its thread simply goes on holding the reference.
 *   - clear and set are removals with the old value in the thread's hands, then a release: that it comes in the same
 *     guard only makes the op-graces wait longer.
 *   - Threads that use the fields of one object take turns, as its lock makes them; but readers do, too.
 *   - One round.  The model stops when it gives up, and as soon as a member is dead or touched in its shared word
 *     after the bits were cleared, for then it will: both stay.  (The local word's bit does not: a
 *     merge or a fold clears it before it touches the shared word; the comparison of the counts is what notices.)
 *   - No operation ends before the round begins: the heap it would leave is another one to start from.
 *   - Who is looked at, and that memory is still there: suspects.pml.  Finalizers: finalizers.pml.  Left out: weak
 *     references, slots, overflow (a transfer as adopt is).
 *
 * INVARIANTS.
 *
 *   1  Nothing is committed that can be reached from a reference in a thread's hands, in the queue, or in a
 *      field of a dead object, or that is dead, or that a fold is about to find dead.
 *   2  A round that no operation disturbed commits the set if it is garbage and nothing else points into it.
 *   3  Objects die by their counts only when nobody has a claim on them.  (Of the model itself.)
 *
 * Each #ifdef below is a mutation that must break one of them; models/run tries them all.
 */

#ifndef OBJECTS
#define OBJECTS 2
#endif
#ifndef FIELDS
#define FIELDS 1
#endif
#ifndef BUDGET
#define BUDGET 3	/* everything but releases */
#endif
#ifndef MAXREF
#define MAXREF 2	/* references to one object in threads' hands */
#endif
#ifndef ORDER
#define ORDER 2		/* of the first reading: 0 upward, 1 downward, the second the other way; 2 any */
#endif
#define CYCLE 1
#define LOOP  2
#define CHAIN 3
#ifndef FOLDS
#define FOLDS 0		/* revocations, besides those the queue asks for */
#endif

#include "collector-threads.pml"

inline grace() { !busy[0]; !busy[1]; !busy[2] }

/* Anything that runs beside the collector. */
proctype Background() provided (!over)
{
	byte x, l, dead;
	short c;

end:	do
	:: atomic {
		if
		:: queued[0] -> x = 0
		:: queued[1] -> x = 1
#if OBJECTS > 2
		:: queued[2] -> x = 2
#endif
		:: folds && !(shared[0] & (MERGED | PENDING | DEAD)) -> x = 0; folds--
		:: folds && !(shared[1] & (MERGED | PENDING | DEAD)) -> x = 1; folds--
		fi;
		shared[x] = shared[x] | PENDING };
		owner[x] = NOBODY;
		!busy[0]; !busy[1];
#ifndef FOLD_UNGUARDED
		atomic { busy[2] = true; disturbed = true };
#endif
		if
		:: shared[x] & DEAD
		:: else ->
			if
			:: shared[x] & MERGED
			:: else -> l = LOCAL(biased[x]); biased[x] = 0
			fi;
			atomic {
				if
				:: shared[x] & DEAD
				:: else ->
					c = COUNT(shared[x]) + l - queued[x];
					queued[x] = false;
#ifdef FOLD_UNTOUCHED
					fold_in(x, c, (FLAGS(shared[x]) | MERGED) & ~PENDING)
#else
					fold_in(x, c, (FLAGS(shared[x]) | MERGED | TOUCHED) & ~PENDING)
#endif
				fi;
				l = 0;
				c = 0
			}
		fi;
		atomic { busy[2] = false; x = 0;
			if
			:: dead -> break	/* its fields stay what they are */
			:: else
			fi }
	od
}

#define EDGE(f, of) (IN((f) / FIELDS) && of[f] && IN(of[f] - 1))
#if OBJECTS * FIELDS == 2
#define EDGES(of) (EDGE(0, of) + EDGE(1, of))
#elif OBJECTS * FIELDS == 3
#define EDGES(of) (EDGE(0, of) + EDGE(1, of) + EDGE(2, of))
#else
#define EDGES(of) (EDGE(0, of) + EDGE(1, of) + EDGE(2, of) + EDGE(3, of))
#endif

/* Ghost: live = what can be reached, or what died or is dying by its count; foreign: the candidates are
 * pointed to by something else. */
inline reach()
{
	live = 0;
	x = 0;
	do
	:: x < OBJECTS ->
		n = 0;
		do
		:: n < OBJECTS * FIELDS && field[n] != x + 1 -> n++
		:: else -> break
		od;
		if
		:: HANDS(x) || queued[x] || (shared[x] & DEAD) || n == OBJECTS * FIELDS -> live = live | (1 << x)
		:: else
		fi;
		x++
	:: else -> break
	od;
	n = 0;
	do
	:: n < OBJECTS ->
		x = 0;
		do
		:: x < OBJECTS * FIELDS ->
			foreign = foreign || (field[x] && !IN(x / FIELDS) && IN(field[x] - 1));
			if
			:: field[x] && (live & (1 << (x / FIELDS))) -> live = live | (1 << (field[x] - 1))
			:: else
			fi;
			x++
		:: else -> break
		od;
		n++
	:: else -> break
	od;
	x = 0;
	n = 0
}

/* What is still to be done: bits 0-2 local words, 3-5 shared words, 6-9 fields. */
#define WORDS (set | set << 3)
#if FIELDS == 1
#define ALL (WORDS | set << 6)
#else
#define ALL (WORDS | ((set & 1) * 3 + (set & 2) * 6) << 6)
#endif
#define UPWARD(bit) (todo & (2 << (bit)) - 1) == 1 << (bit)
#define DOWNWARD(bit) todo >> (bit) == 1
#if ORDER == 0
#define FIRST(bit) UPWARD(bit)
#define SECOND(bit) DOWNWARD(bit)
#elif ORDER == 1
#define FIRST(bit) DOWNWARD(bit)
#define SECOND(bit) UPWARD(bit)
#else
#define FIRST(bit) todo & 1 << (bit)
#define SECOND(bit) FIRST(bit)
#endif
#define DONE(bit) todo = todo & ~(1 << (bit))
#define TODO(bit) FIRST(bit) -> DONE(bit)
#define AGAIN(bit) SECOND(bit) -> DONE(bit)

inline read_local(x) { first_local[x] = biased[x] }
inline read_shared(x)
{
	first_shared[x] = shared[x];
	if
	:: shared[x] & DEAD -> goto given_up
	:: else
	fi
}
inline compare_local(x)
{
	if
#if defined(LOCAL_BIT_UNSEEN)
	:: LOCAL(biased[x]) != LOCAL(first_local[x]) -> goto given_up
#elif defined(COUNTS_NOT_COMPARED)
	:: biased[x] & TOUCHED -> goto given_up
#else
	:: (biased[x] & TOUCHED) || LOCAL(biased[x]) != LOCAL(first_local[x]) -> goto given_up
#endif
	:: else -> first_local[x] = 0
	fi
}
inline compare_shared(x)
{
	if
#if defined(COUNTS_NOT_COMPARED)
	:: shared[x] & (TOUCHED | DEAD | PENDING) -> goto given_up
#elif defined(PENDING_PASSES)
	:: (shared[x] & (TOUCHED | DEAD)) || COUNT(shared[x]) != COUNT(first_shared[x]) -> goto given_up
#else
	:: (shared[x] & (TOUCHED | DEAD | PENDING)) || COUNT(shared[x]) != COUNT(first_shared[x]) -> goto given_up
#endif
	:: else -> first_shared[x] = 0
	fi
}

proctype Collector() provided (!over)
{
	short first_shared[OBJECTS];
	byte first_local[OBJECTS], first_field[OBJECTS * FIELDS];
	short todo, sum;
	byte x, n, live;	/* live, foreign: ghost */
	bool foreign;

	/* 4 */
#ifndef BITS_CLEARED_WHILE_READING
	atomic { todo = WORDS; started = true; disturbed = busy[0] || busy[1] || busy[2] };
	do
#ifdef CLEARED_BY_STORE
	:: TODO(0); x = biased[0]; atomic { biased[0] = x & ~TOUCHED; x = 0 }
	:: TODO(1); x = biased[1]; atomic { biased[1] = x & ~TOUCHED; x = 0 }
#else
	:: atomic { TODO(0); biased[0] = biased[0] & ~TOUCHED }
	:: atomic { TODO(1); biased[1] = biased[1] & ~TOUCHED }
#endif
	:: atomic { TODO(3); shared[0] = shared[0] & ~TOUCHED }
	:: atomic { TODO(4); shared[1] = shared[1] & ~TOUCHED }
#if OBJECTS > 2
	:: atomic { TODO(2); biased[2] = biased[2] & ~TOUCHED }
	:: atomic { TODO(5); shared[2] = shared[2] & ~TOUCHED }
#endif
	:: atomic { else -> watched = true; break }
	od;
#ifndef NO_GRACE_AFTER_CLEARING
	grace();
#endif
#endif

	/* 5 */
	atomic { todo = ALL; started = true };
	do
#ifdef BITS_CLEARED_WHILE_READING
	:: atomic { TODO(0); read_local(0); biased[0] = biased[0] & ~TOUCHED }
	:: atomic { TODO(1); read_local(1); biased[1] = biased[1] & ~TOUCHED }
	:: atomic { TODO(3); read_shared(0); shared[0] = shared[0] & ~TOUCHED }
	:: atomic { TODO(4); read_shared(1); shared[1] = shared[1] & ~TOUCHED }
#else
	:: atomic { TODO(0); read_local(0) }
	:: atomic { TODO(1); read_local(1) }
	:: atomic { TODO(3); read_shared(0) }
	:: atomic { TODO(4); read_shared(1) }
#endif
	:: atomic { TODO(6); first_field[0] = field[0] }
	:: atomic { TODO(7); first_field[1] = field[1] }
#if OBJECTS > 2
	:: atomic { TODO(2); read_local(2) }
	:: atomic { TODO(5); read_shared(2) }
#endif
#if OBJECTS * FIELDS > 2
	:: atomic { TODO(8); first_field[2] = field[2] }
#endif
#if OBJECTS * FIELDS > 3
	:: atomic { TODO(9); first_field[3] = field[3] }
#endif
	:: atomic { else ->
		x = 0;
		do
		:: x < OBJECTS -> sum = sum + LOCAL(first_local[x]) + COUNT(first_shared[x]); x++
		:: else -> break
		od;
		x = 0;
		if
		:: sum <= EDGES(first_field)
		:: else -> goto given_up
		fi;
		sum = 0;
		do
		:: x < OBJECTS * FIELDS -> first_field[x] = 0; x++
		:: else -> break
		od;
		x = 0;
		todo = WORDS;
		break }
	od;

#ifndef ONE_READING
	/* 6 */
#ifndef NO_GRACE_BETWEEN_READINGS
	grace();
#endif

	/* 7 */
	watched = false;
	do
	:: atomic { AGAIN(0); compare_local(0) }
	:: atomic { AGAIN(1); compare_local(1) }
	:: atomic { AGAIN(3); compare_shared(0) }
	:: atomic { AGAIN(4); compare_shared(1) }
#if OBJECTS > 2
	:: atomic { AGAIN(2); compare_local(2) }
	:: atomic { AGAIN(5); compare_shared(2) }
#endif
	:: else -> break
	od;
#endif
	atomic {
		reach();
		assert(!(live & set));				/* 1 */
		over = true
	};
	false;

given_up:
	atomic {
		reach();
		assert(disturbed || foreign || (live & set));	/* 2 */
		over = true
	}
}

/* Any heap within the bounds, or one of three. */
inline scene()
{
#ifdef SCENE
	if
#if SCENE == CYCLE
	:: field[0] = 2; field[(OBJECTS - 1) * FIELDS] = 1; set = 3
#elif SCENE == LOOP		/* beside it, an object that is not looked at */
	:: field[0] = 1; field[FIELDS] = 1; set = 1
#elif SCENE == CHAIN
	:: field[0] = 2; set = 3
#endif
	fi;
#if OBJECTS == 3
	field[FIELDS] = 3;
	set = 7;
#endif
#else
	do
	:: x < OBJECTS * FIELDS ->
		if
		:: field[x] = 1
		:: field[x] = 2
#if OBJECTS == 3
		:: field[x] = 3
#endif
		:: field[x] = 0
		fi;
		x++
	:: else -> break
	od;
	if
	:: set = 1
	:: set = 3
#if OBJECTS == 3
	:: set = 7
#endif
	fi;
#endif
	held[0] = 1;
#ifndef SCENE
	if
	:: held[OBJECTS] = 1
	:: held[OBJECTS + 1] = 1
	:: true
	fi;
#endif
	skip
}

/* in references to x: its owner made some of them, others the rest. */
inline distribute()
{
	if
	:: owner[x] = NOBODY;
		shared[x] = WORD(in, MERGED | TOUCHED)
	:: if
		:: owner[x] = 0
		:: owner[x] = 1
		fi;
#ifdef SCENE
		n = (x -> 1 : in);
#else
		n = 1;
		do
		:: n < in -> n++
		:: break
		od;
#endif
		biased[x] = n * LOCAL_ONE | TOUCHED;
		shared[x] = WORD(in - n, TOUCHED)
	fi
}

/* So that the end is one. */
proctype Over()
{
end:	do
	:: over
	od
}

init {
	byte x, n, in;

	atomic {
		scene();
		x = 0;
		do
		:: x < OBJECTS ->
			n = 0;
			in = HANDS(x);
			do
			:: n < OBJECTS * FIELDS -> in = in + (field[n] == x + 1); n++
			:: else -> break
			od;
			if
			:: in == 0 -> held[x] = 1; in = 1
			:: else
			fi;
			distribute();
			x++
		:: else -> break
		od;
		x = 0; n = 0; in = 0;
		run Thread(0);
		run Thread(1);
		run Background();
		run Collector();
		run Over()
	}
}
