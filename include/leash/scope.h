/* References that end with a C scope (gcc and clang). */
#ifndef LEASH_SCOPE_H
#define LEASH_SCOPE_H

#include <leash/field.h>
#include <leash/object.h>

#ifdef __cplusplus
extern "C" {
#endif

static inline void leash__scope_end(void *variable)
{
	leash__release(*(leash__ref *)variable);
}

static inline void leash__with_end(void *variable)
{
	void *object = *(leash__ref *)variable;

	leash_close(object);
	leash__release(object);
}

#ifdef __cplusplus
}
#endif

/* LEASH_AUTO node *n = leash_new(&node_type);
 * The variable's reference is released when its scope is left, however that happens (not by longjmp).  The
 * variable must be initialised; NULL is fine. */
#define LEASH_AUTO __attribute__((cleanup(leash__scope_end)))

/* LEASH_WITH(file *f, open_file(path)) { ... }
 * Takes over the reference that the expression returns for the block; on leaving the block, by its
 * end, break, return or goto, the object is closed, whoever else holds it, and the reference
 * released.  The block runs also when the expression is NULL.  `continue` leaves the block. */
#define LEASH_WITH(declaration, expression) LEASH__WITH(declaration, expression, __COUNTER__)
#define LEASH__WITH(declaration, expression, n) LEASH__WITH_(declaration, expression, n)
#define LEASH__WITH_(declaration, expression, n)                                                   \
	for (int leash__once_##n = 1; leash__once_##n; leash__once_##n = 0)                        \
		for (declaration __attribute__((cleanup(leash__with_end))) = (expression);         \
		     leash__once_##n; leash__once_##n = 0)

#endif
