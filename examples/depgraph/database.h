/* The package database as parsed: plain arrays, no managed memory.
 *
 * Both graphs of managed objects are built from it, and so is the prediction of what must be
 * left of them.  Every object has a number: first the packages (one for every name that is
 * mentioned anywhere), then the versions (one a paragraph), then the dependencies, and last
 * the catalog that holds all packages.
 */
#ifndef DATABASE_H
#define DATABASE_H

#include <stddef.h>
#include <stdint.h>
#include "pool.h"

/* A piece of the input. */
struct slice {
	const char *at;
	uint32_t length;
};

/* A name that some paragraph mentions: as its own, as provided, or as needed.  Its candidates
 * are what can be installed to have it: its own versions in the order of the input, then the
 * versions of other packages that provide it. */
struct name {
	struct slice text;
	uint32_t own;
	uint32_t provided;
};

struct paragraph {
	uint32_t name;
	uint32_t slot; /* its place among the candidates of its name */
	struct slice version;
	uint32_t first_dependency, dependencies;
	uint32_t first_provided, provided;
};

struct dependency {
	uint32_t first_alternative, alternatives;
};

struct provided {
	uint32_t name;
	uint32_t slot;
};

struct database {
	char *text;
	struct name *names;
	struct paragraph *paragraphs;
	struct dependency *dependencies;
	struct provided *provided;
	uint32_t *alternatives; /* names */
	uint32_t *roots;        /* the names with versions of their own */
	uint32_t name_count, paragraph_count, dependency_count, provided_count, alternative_count;
	uint32_t root_count;
};

/* What went wrong: `line` is 0 when it is nothing in the input's text. */
struct complaint {
	size_t line;
	char what[256];
};

/* Reads a whole file, or standard input when `path` is "-", with one zero byte behind it. */
int read_input(const char *path, char **text, size_t *length, struct complaint *complaint);

/* Parses on all threads of the pool.  Takes over `text`, on failure too.  0, or -1 with the
 * complaint filled in and nothing left behind. */
int database_parse(struct database *db, char *text, size_t length, struct pool *pool,
		   struct complaint *complaint);
void database_free(struct database *db);

static inline uint32_t candidates_of(const struct name *name)
{
	return name->own + name->provided;
}

static inline uint32_t version_number(const struct database *db, uint32_t paragraph)
{
	return db->name_count + paragraph;
}

static inline uint32_t dependency_number(const struct database *db, uint32_t dependency)
{
	return db->name_count + db->paragraph_count + dependency;
}

static inline uint32_t catalog_number(const struct database *db)
{
	return db->name_count + db->paragraph_count + db->dependency_count;
}

#endif
