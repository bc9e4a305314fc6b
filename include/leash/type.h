/* How a type of managed objects is described.
 *
 *     struct node { struct node *left, *right; int key; };
 *     static const leash_type node_type = {
 *             .name = "node",
 *             .size = sizeof(struct node),
 *             LEASH_FIELDS(struct node, left, right),
 *     };
 *
 * A description is constant memory that stays where it is for the rest of the program: objects
 * refer to it by a small number for as long as they live, and the library remembers its address
 * for good (do not unload the code it lies in).  A program can have 65,535 types.
 *
 * Members appear in this order, also where C++ wants designated initialisers in order: name, size,
 * flags, fields (by LEASH_FIELDS), trace, close, finalize, destroy.
 */
#ifndef LEASH_TYPE_H
#define LEASH_TYPE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#include <type_traits>
#define LEASH__NULL = nullptr
#define LEASH__ZERO = 0
extern "C" {
#else
#define LEASH__NULL
#define LEASH__ZERO
#endif

/* Objects of this type hold references but are never part of a cycle; the cycle collector
 * does not look at them. */
#define LEASH_ACYCLIC 1u
/* Never defer a decrement of such an object: it dies, at the latest, in the call that drops its last
 * reference, unless another thread owns it (then a moment later).  For large or scarce things. */
#define LEASH_PROMPT 2u
/* Weak references to such objects are allowed (weak.h); costs eight bytes an object. */
#define LEASH_WEAKABLE 4u

/* One field, packed: byte offset (bits 0-31), number of references (32-55), kind (56-63). */
typedef uint64_t leash_field;

#define LEASH__FIELD_STRONG 0 /* `number` references, one after the other */
#define LEASH__FIELD_TAIL   1 /* as many as fit from the offset to the end of the object */
#define LEASH__FIELD_WEAK   2 /* weak references */
#define LEASH__FIELD_SLOT   3 /* shared slots: references, too */

struct leash__weak;
struct leash__slotted;

/* Is given the address of each reference a traced object holds, and what its caller was given as `arg`.  A NULL
 * reference may be given or left out. */
typedef void leash_visit_fn(void *field, void *arg);

/* What the objects of one type have in common.  Members that are not named are 0. */
typedef struct leash_type {
	/* For messages; not NULL. */
	const char *name LEASH__NULL;
	/* Bytes of the payload, at most 2^32 - 1; what leash_new_extra() adds comes on top. */
	size_t size LEASH__ZERO;
	/* Of LEASH_ACYCLIC, LEASH_PROMPT and LEASH_WEAKABLE. */
	unsigned flags LEASH__ZERO;
	/* The references in the payload, their number and their names: see LEASH_FIELDS. */
	const leash_field *fields LEASH__NULL;
	size_t field_count LEASH__ZERO;      /* entries of `fields` */
	const char *field_names LEASH__NULL; /* as they are written in LEASH_FIELDS, with commas between */
	/* Only for references kept elsewhere, in a buffer that belongs to the object: calls
	 * visit(address of the reference, arg) for each.  Runs beside running threads, on any
	 * thread: it must read the buffer through one atomic pointer, and buffers it may be
	 * reading are freed with leash_retire() only.  It takes no lock and counts nothing. */
	void (*trace)(void *object, leash_visit_fn *visit, void *arg) LEASH__NULL;
	/* Gives up the resource behind the object (a socket, a file), at most once: by leash_close(),
	 * or else when the object dies.  The object stays a valid one. */
	void (*close)(void *object) LEASH__NULL;
	/* Once, when the last reference is gone; object and fields are intact.  May retain the object
	 * and so let it live on; it is not finalized again. */
	void (*finalize)(void *object) LEASH__NULL;
	/* Exactly once, just before the memory goes, when the fields have been released: frees raw
	 * resources and touches no other object. */
	void (*destroy)(void *object) LEASH__NULL;
} leash_type;

#ifdef __cplusplus
} /* extern "C" */
#endif

/* In LEASH_FIELDS(): a flexible array of references at the end, which reaches as far as the object was made with
 * leash_new_extra(). */
#define LEASH_TAIL(member) (member)

/* LEASH_FIELDS(struct T, member, ...) stands in the initialiser of a leash_type and names the strong
 * fields of struct T, at most 32 entries: plain pointers to managed objects, slots (slot.h), whole arrays of them,
 * single elements (`pair[0]`), weak references (weak.h), and LEASH_TAIL(member).  Fields are NULL or a managed object. */
#ifdef __cplusplus
#define LEASH_FIELDS(T, ...)                                                                       \
	.fields = leash_detail::words<LEASH__EACH(T, __VA_ARGS__)>::list,                          \
	.field_count = leash_detail::words<LEASH__EACH(T, __VA_ARGS__)>::size,                     \
	.field_names = #__VA_ARGS__
#else
#define LEASH_FIELDS(T, ...)                                                                       \
	.fields = (const leash_field[]){ LEASH__EACH(T, __VA_ARGS__) },                            \
	.field_count = sizeof((const leash_field[]){ LEASH__EACH(T, __VA_ARGS__) }) /              \
		       sizeof(leash_field),                                                        \
	.field_names = #__VA_ARGS__
#endif

/* Each name becomes one word.  A tail is told by its parentheses; the others are counted by their
 * size.  Only pointers and arrays of pointers compile. */
#define LEASH__FIELD(T, m)    LEASH__PASTE(LEASH__WORD_, LEASH__KIND(m))(T, m)
#define LEASH__PASTE(a, b)    LEASH__PASTE_(a, b)
#define LEASH__PASTE_(a, b)   a##b
#define LEASH__KIND(m)        LEASH__SECOND(LEASH__IF_PAREN m, STRONG, ~)
#define LEASH__IF_PAREN(...)  ~, TAIL
#define LEASH__SECOND(...)    LEASH__SECOND_(__VA_ARGS__)
#define LEASH__SECOND_(a, b, ...) b
#define LEASH__BARE(m)        m

#define LEASH__WORD_STRONG(T, m)                                                                   \
	((leash_field)offsetof(T, m) + LEASH__CHECK(T, m) +                                        \
	 ((leash_field)(sizeof(((T *)0)->m) / sizeof(void *)) << 32) +                             \
	 ((leash_field)LEASH__REFERENCE(T, m) << 56))
#define LEASH__WORD_TAIL(T, m)                                                                     \
	((leash_field)offsetof(T, LEASH__BARE m) + LEASH__CHECK(T, LEASH__BARE m[0]) +             \
	 ((leash_field)LEASH__FIELD_TAIL << 56))

#ifdef __cplusplus
namespace leash_detail {
template <leash_field... W> struct words {
	static constexpr leash_field list[] = { W... };
	static constexpr size_t size = sizeof...(W);
};
template <class M> using bare = typename std::remove_cv<typename std::remove_all_extents<
	typename std::remove_reference<M>::type>::type>::type;
/* What a member is: a pointer, or a class for which class.hpp says it. */
template <class M> struct member {
	static constexpr bool known = std::is_pointer<M>::value;
	using to = bare<typename std::remove_pointer<M>::type>;
	static constexpr leash_field kind = std::is_same<to, leash__weak>::value      ? LEASH__FIELD_WEAK :
					    std::is_same<to, leash__slotted>::value ? LEASH__FIELD_SLOT :
											LEASH__FIELD_STRONG;
};
template <class M> constexpr leash_field check()
{
	static_assert(member<bare<M>>::known, "LEASH_FIELDS names pointers and arrays of pointers");
	return 0;
}
template <class M> constexpr leash_field reference()
{
	return member<bare<M>>::kind;
}
} // namespace leash_detail
#define LEASH__REFERENCE(T, m) leash_detail::reference<decltype(((T *)0)->m)>()
#define LEASH__CHECK(T, m) leash_detail::check<decltype(((T *)0)->m)>()
#else
/* The address of the member if it is a pointer, of its first element if it is an array: in both cases what that
 * leads to must be something that can be dereferenced. */
#define LEASH__CHECK(T, m)                                                                         \
	(0 * sizeof(&**__builtin_choose_expr(                                                      \
		     __builtin_types_compatible_p(__typeof__(((T *)0)->m),                         \
						  __typeof__(&*((T *)0)->m)),                      \
		     &((T *)0)->m, &*((T *)0)->m)))
#define LEASH__REFERENCE(T, m)                                                                     \
	_Generic(((T *)0)->m,                                                                      \
		struct leash__weak *: LEASH__FIELD_WEAK, struct leash__weak **: LEASH__FIELD_WEAK, \
		struct leash__slotted *: LEASH__FIELD_SLOT,                                        \
		struct leash__slotted **: LEASH__FIELD_SLOT, default: LEASH__FIELD_STRONG)
#endif

#define LEASH__EACH(T, ...)                                                                        \
	LEASH__PASTE(LEASH__EACH_, LEASH__COUNT(__VA_ARGS__))(T, __VA_ARGS__)
#define LEASH__COUNT(...)                                                                          \
	LEASH__33RD(__VA_ARGS__, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, ~)
#define LEASH__33RD(_1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, _13, _14, _15, _16, _17, _18, _19, _20, _21, _22, _23, _24, _25, _26, _27, _28, _29, _30, _31, _32, n, ...) n
#define LEASH__EACH_1(T, m) LEASH__FIELD(T, m)
#define LEASH__EACH_2(T, m, ...) LEASH__FIELD(T, m), LEASH__EACH_1(T, __VA_ARGS__)
#define LEASH__EACH_3(T, m, ...) LEASH__FIELD(T, m), LEASH__EACH_2(T, __VA_ARGS__)
#define LEASH__EACH_4(T, m, ...) LEASH__FIELD(T, m), LEASH__EACH_3(T, __VA_ARGS__)
#define LEASH__EACH_5(T, m, ...) LEASH__FIELD(T, m), LEASH__EACH_4(T, __VA_ARGS__)
#define LEASH__EACH_6(T, m, ...) LEASH__FIELD(T, m), LEASH__EACH_5(T, __VA_ARGS__)
#define LEASH__EACH_7(T, m, ...) LEASH__FIELD(T, m), LEASH__EACH_6(T, __VA_ARGS__)
#define LEASH__EACH_8(T, m, ...) LEASH__FIELD(T, m), LEASH__EACH_7(T, __VA_ARGS__)
#define LEASH__EACH_9(T, m, ...) LEASH__FIELD(T, m), LEASH__EACH_8(T, __VA_ARGS__)
#define LEASH__EACH_10(T, m, ...) LEASH__FIELD(T, m), LEASH__EACH_9(T, __VA_ARGS__)
#define LEASH__EACH_11(T, m, ...) LEASH__FIELD(T, m), LEASH__EACH_10(T, __VA_ARGS__)
#define LEASH__EACH_12(T, m, ...) LEASH__FIELD(T, m), LEASH__EACH_11(T, __VA_ARGS__)
#define LEASH__EACH_13(T, m, ...) LEASH__FIELD(T, m), LEASH__EACH_12(T, __VA_ARGS__)
#define LEASH__EACH_14(T, m, ...) LEASH__FIELD(T, m), LEASH__EACH_13(T, __VA_ARGS__)
#define LEASH__EACH_15(T, m, ...) LEASH__FIELD(T, m), LEASH__EACH_14(T, __VA_ARGS__)
#define LEASH__EACH_16(T, m, ...) LEASH__FIELD(T, m), LEASH__EACH_15(T, __VA_ARGS__)
#define LEASH__EACH_17(T, m, ...) LEASH__FIELD(T, m), LEASH__EACH_16(T, __VA_ARGS__)
#define LEASH__EACH_18(T, m, ...) LEASH__FIELD(T, m), LEASH__EACH_17(T, __VA_ARGS__)
#define LEASH__EACH_19(T, m, ...) LEASH__FIELD(T, m), LEASH__EACH_18(T, __VA_ARGS__)
#define LEASH__EACH_20(T, m, ...) LEASH__FIELD(T, m), LEASH__EACH_19(T, __VA_ARGS__)
#define LEASH__EACH_21(T, m, ...) LEASH__FIELD(T, m), LEASH__EACH_20(T, __VA_ARGS__)
#define LEASH__EACH_22(T, m, ...) LEASH__FIELD(T, m), LEASH__EACH_21(T, __VA_ARGS__)
#define LEASH__EACH_23(T, m, ...) LEASH__FIELD(T, m), LEASH__EACH_22(T, __VA_ARGS__)
#define LEASH__EACH_24(T, m, ...) LEASH__FIELD(T, m), LEASH__EACH_23(T, __VA_ARGS__)
#define LEASH__EACH_25(T, m, ...) LEASH__FIELD(T, m), LEASH__EACH_24(T, __VA_ARGS__)
#define LEASH__EACH_26(T, m, ...) LEASH__FIELD(T, m), LEASH__EACH_25(T, __VA_ARGS__)
#define LEASH__EACH_27(T, m, ...) LEASH__FIELD(T, m), LEASH__EACH_26(T, __VA_ARGS__)
#define LEASH__EACH_28(T, m, ...) LEASH__FIELD(T, m), LEASH__EACH_27(T, __VA_ARGS__)
#define LEASH__EACH_29(T, m, ...) LEASH__FIELD(T, m), LEASH__EACH_28(T, __VA_ARGS__)
#define LEASH__EACH_30(T, m, ...) LEASH__FIELD(T, m), LEASH__EACH_29(T, __VA_ARGS__)
#define LEASH__EACH_31(T, m, ...) LEASH__FIELD(T, m), LEASH__EACH_30(T, __VA_ARGS__)
#define LEASH__EACH_32(T, m, ...) LEASH__FIELD(T, m), LEASH__EACH_31(T, __VA_ARGS__)

#endif
