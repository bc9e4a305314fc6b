/* leash for C++17: the references of the C headers as values that give themselves back.
 *
 *     class node {
 *     public:
 *             explicit node(std::string name) : name(std::move(name)) {}
 *             leash::field<node> next;              a strong reference, named below
 *             leash::weak_field<node> parent;       points without holding
 *             std::string name;
 *             static constexpr unsigned leash_flags = LEASH_WEAKABLE;
 *             LEASH_CLASS(node, next, parent);
 *     };
 *
 *     leash::ref<node> a = leash::make<node>("a");  runs the constructor
 *     a->next.store(leash::make<node>("b"));
 *     leash::weak<node> w = a;
 *     if (leash::ref<node> again = w.load()) ...
 *
 * Normal users need three names: make() makes an object, ref holds one, and field is a ref that is a member of
 * a managed object, where the collector must see it.
 *
 *     ref<T>          owns one reference, or is empty; for variables, parameters, results, containers
 *     weak<T>         a weak reference that clears itself
 *     field<T>        a strong reference inside a managed object, which the library releases
 *     weak_field<T>   a weak reference inside a managed object, which the library clears
 *     slot<T>         a strong reference that threads load and replace without a lock
 *     read_section    while it exists, what is peeked at in a slot stays whole
 *     type<T>         the leash_type of a class
 *
 * Each but the last two is one pointer; each operation is the C call of the same name, inlined as that is, and
 * nothing more.  T may be a struct of C with a leash_type of its own, incomplete, const, or, for ref and weak, void.
 *
 * Members of managed objects.  A field that is named in LEASH_CLASS (or LEASH_FIELDS) is emptied by the library when
 * its object dies, before the destructor runs: ~T() finds it empty, leash_finalize() finds it full.  So ~field() does
 * nothing; neither do ~weak_field() and ~slot(), and a class all of whose members are such dies as fast as a struct
 * of C.  A field that is not named, or is not in a managed object, is never released, unless by clear(): elsewhere,
 * use ref and weak.  A ref that is a member of a managed object is released by its destructor, and hides its
 * reference from the collector: cycles through it stay.
 *
 * Thread safety: as of std::shared_ptr.  Threads may use one object through references of their own; those that use
 * one ref, weak or field, one of them changing it, need a lock.  Slots need none.
 *
 * How a class tells what the library has to know of it: class.hpp.
 *
 * Errors: without memory make() and weak() throw std::bad_alloc; weak() throws std::invalid_argument for a type that
 * allows no weak references; make() throws what the constructor throws.  Nothing else throws.
 */
#ifndef LEASH_LEASH_HPP
#define LEASH_LEASH_HPP

#include <cerrno>
#include <cstddef>
#include <exception>
#include <functional>
#include <new>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <leash/leash.h>
#include <leash/class.hpp>

/* --- What stands behind. */

namespace leash_detail {

#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-var-template"
#pragma clang diagnostic ignored "-Wundefined-internal"
#endif
/* Whether a D has its B where it begins itself.  `where` exists nowhere. */
template <class B, class D> struct begins_with {
	union room {
		char none;
		D object;
		room();
		~room();
	};
	static room where;
	static constexpr bool value =
		static_cast<const volatile void *>(static_cast<const volatile B *>(&where.object)) ==
		static_cast<const volatile void *>(&where.object);
};
#ifdef __clang__
#pragma clang diagnostic pop
#endif

/* Pointers to managed objects are addresses of their beginning, whatever class they point to. */
template <class B, class D> B *up(D *object) noexcept
{
	using base = std::remove_cv_t<B>;
	using derived = std::remove_cv_t<D>;
	B *up = object;

	if constexpr (std::is_void_v<base> || std::is_same_v<base, derived>)
		return up;
	else if constexpr (!std::is_abstract_v<derived>)
		static_assert(begins_with<base, derived>::value, "the base class must come first in a managed object");
	else if (up && static_cast<const volatile void *>(up) != static_cast<const volatile void *>(object))
		std::terminate();
	return up;
}

template <class U, class T>
using if_converts = std::enable_if_t<std::is_convertible_v<U *, T *> && !std::is_same_v<U, T>, int>;

} // namespace leash_detail

namespace leash {

/* --- Strong references.  A ref owns one reference to a managed object, or is empty. */

template <class T> class ref {
public:
	using element_type = T; /* what it refers to */

	constexpr ref() noexcept = default;       /* empty */
	constexpr ref(std::nullptr_t) noexcept {} /* empty */
	/* Holds a new reference to what the other refers to. */
	LEASH__INLINE ref(const ref &other) noexcept : object(retained(other.object)) {}
	/* Takes the other's reference; the other is empty. */
	LEASH__INLINE ref(ref &&other) noexcept : object(other.release()) {}
	/* Holds a new reference; for a base class that comes first, and for void. */
	template <class U, leash_detail::if_converts<U, T> = 0>
	LEASH__INLINE ref(const ref<U> &other) noexcept : object(retained(leash_detail::up<T>(other.get())))
	{
	}
	/* Takes the other's reference; for a base class that comes first, and for void. */
	template <class U, leash_detail::if_converts<U, T> = 0>
	LEASH__INLINE ref(ref<U> &&other) noexcept : object(leash_detail::up<T>(other.release()))
	{
	}
	/* Releases what it refers to. */
	LEASH__INLINE ~ref() { leash__release(object); }

	/* Holds a new reference, and releases the old. */
	LEASH__INLINE ref &operator=(const ref &other) noexcept
	{
		replace(retained(other.object));
		return *this;
	}
	/* Takes the other's reference, and releases its own. */
	LEASH__INLINE ref &operator=(ref &&other) noexcept
	{
		replace(other.release());
		return *this;
	}

	/* Holds the caller's reference, which is consumed: what leash_new() and all of C's functions that return an
	 * object give. */
	static LEASH__INLINE ref take(T *object) noexcept
	{
		ref result;

		result.object = object;
		return result;
	}
	/* Holds a new reference; the caller knows that there is one.  `share(this)` is one of an object to itself. */
	static LEASH__INLINE ref share(T *object) noexcept { return take(retained(object)); }

	/* As long as somebody holds the object. */
	T *get() const noexcept { return object; }
	T *operator->() const noexcept { return object; } /* not of an empty one */
	std::add_lvalue_reference_t<T> operator*() const noexcept { return *object; } /* not of an empty one */
	explicit operator bool() const noexcept { return object != nullptr; } /* false if it is empty */

	/* Gives the reference to the caller. */
	[[nodiscard]] LEASH__INLINE T *release() noexcept
	{
		T *given = object;

		object = nullptr;
		return given;
	}
	/* Releases what it refers to, and is empty. */
	LEASH__INLINE void reset() noexcept { replace(nullptr); }
	/* Exchanges references, counting nothing. */
	LEASH__INLINE void swap(ref &other) noexcept
	{
		T *mine = object;

		object = other.object;
		other.object = mine;
	}

private:
	static LEASH__INLINE T *retained(T *object) noexcept { return static_cast<T *>(leash__retain(object)); }

	/* What was there may die of it, and look here. */
	LEASH__INLINE void replace(T *taken) noexcept
	{
		T *old = object;

		object = taken;
		leash__release(old);
	}

	T *object = nullptr;
};

/* Exchanges references, counting nothing. */
template <class T> void swap(ref<T> &a, ref<T> &b) noexcept
{
	a.swap(b);
}

/* Whether both refer to the same object, or are empty. */
template <class T, class U> bool operator==(const ref<T> &a, const ref<U> &b) noexcept { return a.get() == b.get(); }
/* Whether they do not. */
template <class T, class U> bool operator!=(const ref<T> &a, const ref<U> &b) noexcept { return a.get() != b.get(); }
template <class T> bool operator==(const ref<T> &a, std::nullptr_t) noexcept { return !a; }      /* Whether it is empty. */
template <class T> bool operator==(std::nullptr_t, const ref<T> &b) noexcept { return !b; }      /* Whether it is empty. */
template <class T> bool operator!=(const ref<T> &a, std::nullptr_t) noexcept { return bool(a); } /* Whether it is not. */
template <class T> bool operator!=(std::nullptr_t, const ref<T> &b) noexcept { return bool(b); } /* Whether it is not. */
/* By address. */
template <class T, class U> bool operator<(const ref<T> &a, const ref<U> &b) noexcept
{
	return std::less<std::common_type_t<T *, U *>>()(a.get(), b.get());
}
/* By address. */
template <class T, class U> bool operator>(const ref<T> &a, const ref<U> &b) noexcept { return b < a; }
/* By address. */
template <class T, class U> bool operator<=(const ref<T> &a, const ref<U> &b) noexcept { return !(b < a); }
/* By address. */
template <class T, class U> bool operator>=(const ref<T> &a, const ref<U> &b) noexcept { return !(a < b); }

/* A new object of class T, its constructor run.  When that throws, the object is gone, without its hooks, and
 * what it had stored in its fields is released. */
template <class T, class... A> [[nodiscard]] ref<T> make(A &&...args)
{
	void *memory = leash_new(&type<T>);

	if (__builtin_expect(memory == nullptr, 0))
		throw std::bad_alloc();
	return ref<T>::take(leash_detail::access<T>::construct(memory, std::forward<A>(args)...));
}

/* Whether the object was made by make<T>(). */
template <class T, class U> bool is(const ref<U> &object) noexcept
{
	return leash_typeof(object.get()) == &type<T>;
}

/* As std::static_pointer_cast().  From ref<void> too, where nothing is checked: see is(). */
template <class T, class U> ref<T> static_pointer_cast(ref<U> object) noexcept
{
	T *cast = static_cast<T *>(object.get());

	if constexpr (!std::is_void_v<T> && !std::is_void_v<U>)
		(void)leash_detail::up<const volatile U>(cast);
	(void)object.release();
	return ref<T>::take(cast);
}
/* As std::const_pointer_cast(). */
template <class T, class U> ref<T> const_pointer_cast(ref<U> object) noexcept
{
	return ref<T>::take(const_cast<T *>(object.release()));
}
/* As std::dynamic_pointer_cast().  Empty if the object is no T, or has it elsewhere than where it begins. */
template <class T, class U> ref<T> dynamic_pointer_cast(ref<U> object) noexcept
{
	T *cast = dynamic_cast<T *>(object.get());

	if (static_cast<const volatile void *>(cast) != static_cast<const volatile void *>(object.get()))
		return nullptr;
	(void)object.release();
	return ref<T>::take(cast);
}

/* --- Weak references.  A weak points to a managed object without holding it, or to none. */

template <class T> class weak {
public:
	using element_type = T; /* what it points to */

	constexpr weak() noexcept = default;       /* empty */
	constexpr weak(std::nullptr_t) noexcept {} /* empty */
	/* Points to what the other points to. */
	weak(const weak &other) noexcept { leash_weak_copy(&shared, &other.shared); }
	/* Points to what the other pointed to; the other is empty. */
	weak(weak &&other) noexcept { swap(other); }
	/* The same; for a base class that comes first, and for void. */
	template <class U, leash_detail::if_converts<U, T> = 0>
	weak(weak<U> other) noexcept : shared(std::exchange(other.shared, nullptr))
	{
		(void)leash_detail::up<T, U>(nullptr);
	}
	/* Of an object that the caller holds.  std::invalid_argument, std::bad_alloc. */
	template <class U, std::enable_if_t<std::is_convertible_v<U *, T *>, int> = 0>
	weak(const ref<U> &object) : weak(leash_detail::up<T>(object.get()))
	{
	}
	/* The same; NULL gives an empty one. */
	explicit weak(T *object) { check(leash_weak_init(&shared, object)); }
	/* Makes it empty. */
	~weak()
	{
		if (shared)
			leash_weak_clear(&shared);
	}

	/* Points to what the other points to. */
	weak &operator=(weak other) noexcept
	{
		swap(other);
		return *this;
	}

	/* A reference to the object, empty when it is dying or dead. */
	[[nodiscard]] LEASH__INLINE ref<T> load() const noexcept
	{
		return ref<T>::take(static_cast<T *>(leash__weak_load(&shared)));
	}
	/* Whether a load would be empty. */
	bool expired() const noexcept { return leash_weak_expired(&shared); }
	void reset() noexcept { leash_weak_clear(&shared); } /* empty again */
	/* Each points to what the other did. */
	void swap(weak &other) noexcept
	{
		leash_weak mine = shared;

		shared = other.shared;
		other.shared = mine;
	}

private:
	template <class U> friend class weak;
	template <class U> friend class weak_field;

	static void check(int error)
	{
		if (__builtin_expect(error == -EINVAL, 0))
			throw std::invalid_argument("leash: the type of the object allows no weak references");
		if (__builtin_expect(error != 0, 0))
			throw std::bad_alloc();
	}

	leash_weak shared = nullptr;
};

/* Each points to what the other did. */
template <class T> void swap(weak<T> &a, weak<T> &b) noexcept
{
	a.swap(b);
}

/* --- Members of managed objects. */

/* A strong reference inside a managed object.  Standard layout, one pointer. */
template <class T> class field {
public:
	constexpr field() noexcept = default;                       /* empty */
	field(const ref<T> &value) noexcept { store(value); }       /* holds a new reference */
	field(ref<T> &&value) noexcept { store(std::move(value)); } /* takes the reference */
	field(const field &) = delete;
	field &operator=(const field &) = delete;

	/* leash_get(): a new reference to what is there. */
	[[nodiscard]] LEASH__INLINE ref<T> load() const noexcept
	{
		return ref<T>::take(static_cast<T *>(leash__get(&object)));
	}
	/* leash_set(): holds a new reference, and releases the old. */
	LEASH__INLINE void store(const ref<T> &value) noexcept { leash__set(&object, value.get(), 0); }
	/* leash_set_take(): takes the reference, and releases the old. */
	LEASH__INLINE void store(ref<T> &&value) noexcept { leash__set_take(&object, value.release(), 0); }
	/* The same, of the caller's reference. */
	LEASH__INLINE void take(T *value) noexcept { leash__set_take(&object, value, 0); }
	/* leash_clear(): releases what is there. */
	LEASH__INLINE void clear() noexcept { leash__release(leash__exchange(&object, nullptr, false)); }
	/* leash_steal(): moves the reference out. */
	[[nodiscard]] LEASH__INLINE ref<T> steal() noexcept
	{
		return ref<T>::take(static_cast<T *>(leash__exchange(&object, nullptr, false)));
	}

	/* What is there, not counted: as long as nobody changes the field. */
	T *get() const noexcept { return __atomic_load_n(&object, __ATOMIC_RELAXED); }
	T *operator->() const noexcept { return get(); } /* not of an empty one */
	std::add_lvalue_reference_t<T> operator*() const noexcept { return *get(); } /* not of an empty one */
	explicit operator bool() const noexcept { return get() != nullptr; } /* false if it is empty */

private:
	T *object = nullptr;
};

/* A weak reference inside a managed object.  Standard layout, one pointer. */
template <class T> class weak_field {
public:
	constexpr weak_field() noexcept = default;                      /* empty */
	weak_field(weak<T> value) noexcept { store(std::move(value)); } /* points to what the other points to */
	weak_field(const weak_field &) = delete;
	weak_field &operator=(const weak_field &) = delete;

	/* A reference to the object, empty when it is dying or dead. */
	[[nodiscard]] LEASH__INLINE ref<T> load() const noexcept
	{
		return ref<T>::take(static_cast<T *>(leash__weak_load(&shared)));
	}
	/* Points to that now.  From a ref, it may throw what weak() throws; nothing has changed then. */
	void store(weak<T> value) noexcept
	{
		leash_weak old = shared;

		__atomic_store_n(&shared, value.shared, __ATOMIC_RELEASE);
		value.shared = old;
	}
	bool expired() const noexcept { return leash_weak_expired(&shared); } /* whether a load would be empty */
	void clear() noexcept { leash_weak_clear(&shared); }                  /* empty again */

private:
	leash_weak shared = nullptr;
};

/* --- Slots: a global, or a member of a managed object.  slot.h says more. */

/* A read section, for as long as it exists.  Sections nest. */
class read_section {
public:
	read_section() noexcept { leash_read_lock(); } /* begins it */
	~read_section() { leash_read_unlock(); }       /* ends it */
	read_section(const read_section &) = delete;
	read_section &operator=(const read_section &) = delete;
};

/* A strong reference that all threads may load and replace at once.  Standard layout, one pointer. */
template <class T> class slot {
public:
	constexpr slot() noexcept = default; /* empty */
	slot(const slot &) = delete;
	slot &operator=(const slot &) = delete;

	/* A new reference to what is there. */
	[[nodiscard]] LEASH__INLINE ref<T> load() const noexcept
	{
		return ref<T>::take(static_cast<T *>(leash__slot_load(&shared)));
	}
	/* Holds a new reference, and releases the old. */
	LEASH__INLINE void store(const ref<T> &value) noexcept { leash_slot_store(&shared, value.get()); }
	/* Takes the reference, and releases the old. */
	LEASH__INLINE void store(ref<T> &&value) noexcept { leash_slot_store_take(&shared, value.release()); }
	/* Takes the reference; what was there. */
	[[nodiscard]] ref<T> exchange(ref<T> value) noexcept
	{
		return ref<T>::take(static_cast<T *>(leash_slot_exchange(&shared, value.release())));
	}
	/* Stores `value` and returns true if `expected` is there, else changes nothing. */
	bool compare_exchange(const ref<T> &expected, const ref<T> &value) noexcept
	{
		return leash_slot_compare_exchange(&shared, expected.get(), value.get());
	}
	void clear() noexcept { leash_slot_clear(&shared); } /* releases what is there */
	/* What is there, not counted, as long as the section lasts. */
	const T *peek(const read_section &) const noexcept { return static_cast<const T *>(leash_slot_peek(&shared)); }

private:
	leash_slot shared = nullptr;
};

} // namespace leash

namespace std {
/* By address. */
template <class T> struct hash<leash::ref<T>> {
	/* That of the pointer. */
	size_t operator()(const leash::ref<T> &object) const noexcept { return hash<T *>()(object.get()); }
};
} // namespace std

#endif
