/* Classes of C++17 as types of managed objects: leash.hpp, which includes this file, says what for.
 *
 * A leash_type is made of what the class says of itself by LEASH_CLASS() and a few names that the library knows, all of it
 * constants: nothing runs before main(), and no hook is there that the class has no use for.
 */
#ifndef LEASH_CLASS_HPP
#define LEASH_CLASS_HPP

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

#include <leash/leash.h>

/* The references of C as values: what is above says which there are. */
namespace leash {
template <class T> class ref;
template <class T> class weak;
template <class T> class field;
template <class T> class weak_field;
template <class T> class slot;
} // namespace leash

/* --- What stands behind. */

namespace leash_detail {

template <class T> struct member<leash::field<T>> {
	static constexpr bool known = true;
	static constexpr leash_field kind = LEASH__FIELD_STRONG;
};
template <class T> struct member<leash::slot<T>> {
	static constexpr bool known = true;
	static constexpr leash_field kind = LEASH__FIELD_SLOT;
};
template <class T> struct member<leash::weak<T>> {
	static constexpr bool known = true;
	static constexpr leash_field kind = LEASH__FIELD_WEAK;
};
template <class T> struct member<leash::weak_field<T>> : member<leash::weak<T>> {};

struct fields {
	const leash_field *list;
	std::size_t count;
	const char *names;
};

struct piece {
	const char *text;
	std::size_t length;
};

/* "... [with T = what it is called]" */
template <class T> constexpr piece name_of()
{
	const char *whole = __PRETTY_FUNCTION__, *begin = whole;
	std::size_t length = 0;

	while (!(begin[0] == 'T' && begin[1] == ' ' && begin[2] == '='))
		begin++;
	begin += 4;
	while (begin[length + 1])
		length++;
	return { begin, length };
}

template <class T> struct name {
	char text[name_of<T>().length + 1];
	constexpr name() : text()
	{
		for (std::size_t i = 0; i < name_of<T>().length; i++)
			text[i] = name_of<T>().text[i];
	}
};
template <class T> inline constexpr name<T> name_text{};

/* What an object is whose constructor has thrown. */
template <class T> struct access;
template <class T> inline constexpr leash_type unborn = access<T>::describe(false);

/* What LEASH_CLASS() makes a friend: all that looks into a class. */
template <class T> struct access {
	using hook = void (*)(void *);
	using tracer = void (*)(void *, leash_visit_fn *, void *);

	static void run_close(void *object) noexcept { static_cast<T *>(object)->leash_close(); }
	static void run_finalize(void *object) noexcept { static_cast<T *>(object)->leash_finalize(); }
	static void run_trace(void *object, leash_visit_fn *visit, void *arg) noexcept
	{
		static_cast<T *>(object)->leash_trace(visit, arg);
	}
	static void trace_nothing(void *, leash_visit_fn *, void *) noexcept {}
	static void destroy(void *object) noexcept { static_cast<T *>(object)->~T(); }

	template <class U> static constexpr auto flags_of(int) -> decltype(unsigned{ U::leash_flags })
	{
		return U::leash_flags;
	}
	template <class U> static constexpr unsigned flags_of(long) { return 0; }

	template <class U> static constexpr auto fields_of(int) -> decltype(U::leash_fields())
	{
		static_assert(std::is_same_v<typename U::leash_class, U>,
			      "a derived class names its fields, and those it inherits, by a LEASH_CLASS() of its own");
		return U::leash_fields();
	}
	template <class U> static constexpr fields fields_of(long) { return { nullptr, 0, nullptr }; }

	template <class U> static constexpr auto closes(int) -> decltype(std::declval<U &>().leash_close(), true)
	{
		return true;
	}
	template <class U> static constexpr bool closes(long) { return false; }
	template <class U> static constexpr auto finalizes(int) -> decltype(std::declval<U &>().leash_finalize(), true)
	{
		return true;
	}
	template <class U> static constexpr bool finalizes(long) { return false; }
	template <class U>
	static constexpr auto traces(int) -> decltype(std::declval<U &>().leash_trace(nullptr, nullptr), true)
	{
		return true;
	}
	template <class U> static constexpr bool traces(long) { return false; }

	static constexpr bool destroys = !std::is_trivially_destructible_v<T>;

	/* No more of them is compiled than there is. */
	static constexpr hook close_hook()
	{
		if constexpr (closes<T>(0))
			return run_close;
		else
			return nullptr;
	}
	static constexpr hook finalize_hook()
	{
		if constexpr (finalizes<T>(0))
			return run_finalize;
		else
			return nullptr;
	}
	static constexpr tracer trace_hook(bool born)
	{
		if constexpr (traces<T>(0))
			return born ? run_trace : trace_nothing;
		else
			return nullptr;
	}
	static constexpr hook destroy_hook()
	{
		if constexpr (destroys)
			return destroy;
		else
			return nullptr;
	}

	static constexpr leash_type describe(bool born)
	{
		static_assert(std::is_class_v<T> || std::is_union_v<T>, "managed objects are of classes");
		static_assert(alignof(T) <= 16, "managed objects are aligned to 16 bytes");
		return { name_text<T>.text,
			 sizeof(T),
			 flags_of<T>(0),
			 fields_of<T>(0).list,
			 fields_of<T>(0).count,
			 fields_of<T>(0).names,
			 trace_hook(born),
			 born ? close_hook() : nullptr,
			 born ? finalize_hook() : nullptr,
			 born ? destroy_hook() : nullptr };
	}

	template <class... A> static LEASH__INLINE T *construct(void *memory, A &&...args)
	{
		try {
			if constexpr (std::is_aggregate_v<T>)
				return ::new (memory) T{ std::forward<A>(args)... };
			else
				return ::new (memory) T(std::forward<A>(args)...);
		} catch (...) {
			if constexpr (destroys || closes<T>(0) || finalizes<T>(0) || traces<T>(0))
				leash__unmake(memory, &unborn<T>);
			else
				leash_release(memory);
			throw;
		}
	}
};

} // namespace leash_detail

/* LEASH_CLASS(T, member, ...) stands in the definition of class T and names its fields: members of the types field,
 * weak_field, slot and weak, plain pointers to managed objects as in C, and arrays of them; at most 31.  Inherited
 * ones too: a class derived from one that has a LEASH_CLASS has one of its own.  It leaves the access (public, private)
 * as it is, lets make() use private constructors, and may be left out by classes without fields and secrets.
 *
 * What else a class may have for the library:
 *
 *     static constexpr unsigned leash_flags     of LEASH_WEAKABLE, LEASH_ACYCLIC and LEASH_PROMPT
 *     void leash_close()                        close, finalize and trace of its leash_type (type.h); no exception may
 *     void leash_finalize()                     leave them, nor the destructor
 *     void leash_trace(leash_visit_fn *visit, void *arg)
 */
#define LEASH_CLASS(...)                                                                           \
	LEASH__PASTE(LEASH__CLASS_, LEASH__34TH(__VA_ARGS__, , FIELDS, FIELDS, FIELDS, FIELDS,     \
		FIELDS, FIELDS, FIELDS, FIELDS, FIELDS, FIELDS, FIELDS, FIELDS, FIELDS, FIELDS,    \
		FIELDS, FIELDS, FIELDS, FIELDS, FIELDS, FIELDS, FIELDS, FIELDS, FIELDS, FIELDS,    \
		FIELDS, FIELDS, FIELDS, FIELDS, FIELDS, FIELDS, FIELDS, NONE, ~))(__VA_ARGS__)
#define LEASH__34TH(_1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, _13, _14, _15, _16, _17, _18, _19, _20, _21, _22, _23, _24, _25, _26, _27, _28, _29, _30, _31, _32, _33, n, ...) n
#define LEASH__CLASS_NONE(T)                                                                       \
	LEASH__CLASS(T, static constexpr ::leash_detail::fields leash_fields() noexcept            \
	{                                                                                          \
		return { nullptr, 0, nullptr };                                                    \
	})
#define LEASH__CLASS_FIELDS(T, ...)                                                                \
	LEASH__CLASS(T, static constexpr ::leash_detail::fields leash_fields() noexcept            \
	{                                                                                          \
		using words = ::leash_detail::words<LEASH__EACH(T, __VA_ARGS__)>;                  \
		return { words::list, words::size, #__VA_ARGS__ };                                 \
	})
/* Compilers doubt offsetof() where members are public and private, and give the right answer. */
#define LEASH__CLASS(T, ...)                                                                       \
	_Pragma("GCC diagnostic push")                                                             \
	_Pragma("GCC diagnostic ignored \"-Winvalid-offsetof\"")                                   \
	template <class> friend struct ::leash_detail::access;                                     \
	using leash_class = T;                                                                     \
	__VA_ARGS__                                                                                \
	_Pragma("GCC diagnostic pop")                                                              \
	static_assert(true, "")

namespace leash {

/* The description of a class, by its LEASH_CLASS() and what else it has for the library. */
template <class T> inline constexpr leash_type type = leash_detail::access<T>::describe(true);

} // namespace leash

#endif
