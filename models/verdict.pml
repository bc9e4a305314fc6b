/* Verdicts that several objects share: what is loaded at the last moment saves all that it reaches, weak references included.
 *
 * WHAT IS MODELLED.  Three objects, each with a weak reference, that refer to one another in any way and to which nothing else
 * refers; the collector, which has tagged them, from its second reading to their death; two threads that load, and walk
 * from what they hold along references.  Pieces are made in any order of first objects: a piece is what its first object reaches
 * and no earlier piece has.
 *
 * WHAT IS ABSTRACTED.  Counts, touched bits and op-graces: that a load is seen if it comes before the second reading is for
 * weak.pml to show.  Each verdict is one step to read and change, each object one to look at.
 *
 * INVARIANTS.
 *
 *   1  Nothing is killed that a thread holds, or can walk to from what it holds.
 *   2  A load fails only on an object that is killed: never on one that lives on.
 *
 * Each #ifdef below is a mutation that must break one of them; models/run tries them all.
 */

#define OBJECTS 3
#define EDGE(x, y) (edges & (1 << ((x) * OBJECTS + (y))))
#define BIT(x) (1 << (x))

#define UNDECIDED 0
#define RESCUED   1
#define CONDEMNED 2

short edges;
byte piece[OBJECTS] = OBJECTS;	/* of each object, by its number */
byte verdict[OBJECTS];		/* of each piece */
byte pieces;
byte held, killed;		/* sets */
byte failed;			/* loads: a set */
byte loads = 2;

/* What the set reaches. */
inline close(set)
{
	n = 0;
	do
	:: n < OBJECTS ->
		set = set | (set & 1 -> edges & 7 : 0) | (set & 2 -> (edges >> 3) & 7 : 0) |
			(set & 4 -> (edges >> 6) & 7 : 0);
		n++
	:: else -> break
	od;
	n = 0
}

proctype Thread()
{
	byte x;
	bool found;

end:	do
	:: atomic { loads -> loads--;
		if
		:: x = 0
		:: x = 1
		:: x = 2
		fi };
		atomic {				/* the verdict */
			if
			:: verdict[piece[x]] == UNDECIDED -> verdict[piece[x]] = RESCUED; found = true
			:: verdict[piece[x]] == RESCUED -> found = true
			:: else -> failed = failed | BIT(x)
			fi };
		atomic {				/* the reference */
			if
			:: found -> assert(!(killed & BIT(x))); held = held | BIT(x)	/* 1 */
			:: else
			fi;
			found = false;
			x = 0 }
	:: atomic { held ->				/* along a reference */
		if
		:: x = 0
		:: x = 1
		:: x = 2
		fi;
		if
		:: held & BIT(x) ->
			if
			:: EDGE(x, 0) -> assert(!(killed & 1)); held = held | 1	/* 1 */
			:: EDGE(x, 1) -> assert(!(killed & 2)); held = held | 2	/* 1 */
			:: EDGE(x, 2) -> assert(!(killed & 4)); held = held | 4	/* 1 */
			:: else
			fi
		:: else
		fi;
		x = 0 }
	od
}

inline members(p)
{
	set = (piece[0] == p -> 1 : 0) | (piece[1] == p -> 2 : 0) | (piece[2] == p -> 4 : 0)
}

proctype Collector()
{
	byte spared, p, x, n, set;

	/* The second reading. */
	do
	:: x < OBJECTS -> atomic { spared = spared | (held & BIT(x)); x++ }
	:: else -> break
	od;
	atomic { x = 0; close(spared) };

	/* The last piece first. */
	do
	:: p < pieces ->
		atomic {
#ifdef FIRST_PIECE_FIRST
			n = p;
#else
			n = pieces - 1 - p;
#endif
			members(n);
			if
#ifdef FAILS_ALONE
			:: verdict[n] == UNDECIDED && (set & ~spared) == 0 -> verdict[n] = RESCUED
#else
			:: verdict[n] == UNDECIDED && (set & spared) -> verdict[n] = RESCUED
#endif
			:: else ->
				if
				:: verdict[n] == UNDECIDED -> verdict[n] = CONDEMNED; set = 0
				:: else
				fi
			fi;
			spared = spared | set;
			set = 0;
			close(spared);
			p++ }
	:: else -> break
	od;
	do
	:: x < OBJECTS ->
		atomic {
			if
			:: !(spared & BIT(x)) -> assert(!(held & BIT(x))); killed = killed | BIT(x)	/* 1 */
			:: else -> assert(!(failed & BIT(x)))						/* 2 */
			fi;
			x++ }
	:: else -> break
	od;
	atomic { x = 0; p = 0; spared = 0 };
end:	do
	:: atomic { failed & ~killed -> assert(false) }							/* 2 */
	od
}

init {
	byte n, x, set;

	atomic {
		do	/* any references */
		:: n < OBJECTS * OBJECTS -> edges = edges | (1 << n); n++
		:: n < OBJECTS * OBJECTS -> n++
		:: n == OBJECTS * OBJECTS -> break
		od;
		n = 0;
		do	/* any order of first objects */
		:: piece[0] != OBJECTS && piece[1] != OBJECTS && piece[2] != OBJECTS -> break
		:: else ->
			if
			:: piece[0] == OBJECTS -> set = 1
			:: piece[1] == OBJECTS -> set = 2
			:: piece[2] == OBJECTS -> set = 4
			fi;
#ifndef EACH_ITS_OWN
			close(set);
#endif
			x = 0;
			do
			:: x < OBJECTS ->
				if
				:: (set & BIT(x)) && piece[x] == OBJECTS -> piece[x] = pieces
				:: else
				fi;
				x++
			:: else -> break
			od;
			x = 0;
			set = 0;
			pieces++
		od;
		run Thread();
		run Thread();
		run Collector()
	}
}
