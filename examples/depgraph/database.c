/* From bytes to numbers: the input is read whole, cut at empty lines, parsed on all threads,
 * and the pieces are joined in the order of the input, every name becoming a number.
 *
 * So everything that depgraph prints about a database is the same for any number of threads.
 */
#include "database.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "parse.h"

/* Numbers have 32 bits, and no object needs less than a byte of input; the catalog is one more. */
#define INPUT_MAX ((size_t)UINT32_MAX / 4)

static int complain(struct complaint *complaint, size_t line, const char *what)
{
	complaint->line = line;
	snprintf(complaint->what, sizeof(complaint->what), "%s", what);
	return -1;
}

int read_input(const char *path, char **text, size_t *length, struct complaint *complaint)
{
	int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	size_t capacity = 1 << 20;
	ssize_t n = 0;

	*length = 0;
	if (fd < 0)
		return complain(complaint, 0, strerror(errno));
	*text = malloc(capacity + 1);
	while (*text != NULL && *length <= INPUT_MAX) {
		n = read(fd, *text + *length, capacity - *length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		*length += (size_t)n;
		if (*length == capacity) {
			char *larger = realloc(*text, 2 * capacity + 1);

			if (larger == NULL)
				free(*text);
			*text = larger;
			capacity *= 2;
		}
	}
	if (*text == NULL) {
		complain(complaint, 0, "out of memory");
	} else if (*length > INPUT_MAX) {
		complain(complaint, 0, "larger than 1 GiB");
	} else if (n < 0) {
		complain(complaint, 0, strerror(errno));
	} else {
		(*text)[*length] = '\0';
		close(fd);
		return 0;
	}
	free(*text);
	close(fd);
	return -1;
}

/* From a name to its number, by open addressing.  At most half full. */
struct index {
	uint32_t *numbers; /* 1 more than the number; 0: free */
	size_t mask;
};

static uint64_t hash(struct slice name)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (uint32_t i = 0; i < name.length; i++)
		h = (h ^ (unsigned char)name.at[i]) * UINT64_C(0x100000001b3);
	return h ^ h >> 32;
}

static uint32_t number_of(struct database *db, struct index *index, struct slice name)
{
	size_t i = hash(name) & index->mask;

	for (; index->numbers[i] != 0; i = (i + 1) & index->mask) {
		struct slice other = db->names[index->numbers[i] - 1].text;

		if (other.length == name.length && memcmp(other.at, name.at, name.length) == 0)
			return index->numbers[i] - 1;
	}
	db->names[db->name_count] = (struct name){ .text = name };
	index->numbers[i] = ++db->name_count;
	return db->name_count - 1;
}

struct join {
	struct chunk *chunks;
	unsigned count;
};

static void parse_job(void *arg, unsigned thread)
{
	struct join *join = arg;

	chunk_parse(&join->chunks[thread]);
}

static void cut(struct join *join, const char *text, size_t length)
{
	const char *end = text + length, *at = text;

	for (unsigned i = 0; i < join->count; i++) {
		const char *stop = text + length / join->count * (i + 1);

		if (stop < at)
			stop = at;
		stop = i + 1 == join->count ? NULL : memmem(stop, (size_t)(end - stop), "\n\n", 2);
		join->chunks[i].begin = at;
		at = join->chunks[i].end = stop == NULL ? end : stop + 2;
	}
}

/* calloc(0) may be NULL, which is not an error here. */
static bool allocate(void *array, size_t count, size_t size)
{
	void *memory = calloc(count + 1, size);

	memcpy(array, &memory, sizeof(memory));
	return memory != NULL;
}

static bool allocate_all(struct database *db, struct index *index, const struct join *join)
{
	size_t paragraphs = 0, dependencies = 0, alternatives = 0, provided = 0, names, slots = 1;

	for (unsigned i = 0; i < join->count; i++) {
		paragraphs += join->chunks[i].paragraphs.count;
		dependencies += join->chunks[i].dependencies.count;
		alternatives += join->chunks[i].alternatives.count;
		provided += join->chunks[i].provided.count;
	}
	names = paragraphs + alternatives + provided;
	while (slots < 2 * names)
		slots *= 2;
	index->mask = slots - 1;
	return allocate(&index->numbers, slots, sizeof(*index->numbers)) &&
	       allocate(&db->names, names, sizeof(*db->names)) &&
	       allocate(&db->paragraphs, paragraphs, sizeof(*db->paragraphs)) &&
	       allocate(&db->dependencies, dependencies, sizeof(*db->dependencies)) &&
	       allocate(&db->alternatives, alternatives, sizeof(*db->alternatives)) &&
	       allocate(&db->provided, provided, sizeof(*db->provided)) &&
	       allocate(&db->roots, paragraphs, sizeof(*db->roots));
}

/* Paragraphs first, then what they provide, then what they need: were it chunk by chunk, the
 * numbers would depend on where the input was cut. */
static void join_paragraphs(struct database *db, struct index *index, const struct join *join)
{
	uint32_t dependencies = 0, provided = 0;

	for (unsigned k = 0; k < join->count; k++) {
		const struct chunk *chunk = &join->chunks[k];
		const struct parsed_paragraph *from = chunk->paragraphs.items;

		for (size_t i = 0; i < chunk->paragraphs.count; i++, from++) {
			struct paragraph *to = &db->paragraphs[db->paragraph_count++];

			to->name = number_of(db, index, from->name);
			to->slot = db->names[to->name].own++;
			if (to->slot == 0)
				db->roots[db->root_count++] = to->name;
			to->version = from->version;
			to->first_dependency = from->first_dependency + dependencies;
			to->dependencies = from->dependencies;
			to->first_provided = from->first_provided + provided;
			to->provided = from->provided;
		}
		dependencies += (uint32_t)chunk->dependencies.count;
		provided += (uint32_t)chunk->provided.count;
	}
}

/* Own versions come first among the candidates, so their number must be known. */
static void join_provided(struct database *db, struct index *index, const struct join *join)
{
	for (unsigned k = 0; k < join->count; k++) {
		const struct slice *from = join->chunks[k].provided.items;

		for (size_t i = 0; i < join->chunks[k].provided.count; i++, from++) {
			struct provided *to = &db->provided[db->provided_count++];
			struct name *name;

			to->name = number_of(db, index, *from);
			name = &db->names[to->name];
			to->slot = name->own + name->provided++;
		}
	}
}

static void join_dependencies(struct database *db, struct index *index, const struct join *join)
{
	for (unsigned k = 0; k < join->count; k++) {
		const struct chunk *chunk = &join->chunks[k];
		const struct dependency *from = chunk->dependencies.items;
		const struct slice *names = chunk->alternatives.items;

		for (size_t i = 0; i < chunk->dependencies.count; i++, from++) {
			struct dependency *to = &db->dependencies[db->dependency_count++];

			to->first_alternative = from->first_alternative + db->alternative_count;
			to->alternatives = from->alternatives;
		}
		for (size_t i = 0; i < chunk->alternatives.count; i++)
			db->alternatives[db->alternative_count + i] =
				number_of(db, index, names[i]);
		db->alternative_count += (uint32_t)chunk->alternatives.count;
	}
}

static bool join_all(struct database *db, const struct join *join)
{
	struct index index = { 0 };
	bool ok = allocate_all(db, &index, join);

	if (ok) {
		join_paragraphs(db, &index, join);
		join_provided(db, &index, join);
		join_dependencies(db, &index, join);
	}
	free(index.numbers);
	return ok;
}

static size_t line_of(const struct database *db, const char *at)
{
	size_t line = 1;

	for (const char *p = db->text; p < at; p++)
		line += *p == '\n';
	return line;
}

int database_parse(struct database *db, char *text, size_t length, struct pool *pool,
		   struct complaint *complaint)
{
	struct join join = { .count = pool_threads(pool) };
	const struct chunk *wrong = NULL;
	int result = 0;

	*db = (struct database){ .text = text };
	join.chunks = calloc(join.count, sizeof(*join.chunks));
	if (join.chunks == NULL) {
		database_free(db);
		return complain(complaint, 0, "out of memory");
	}
	cut(&join, text, length);
	pool_run(pool, parse_job, &join);
	for (unsigned i = 0; i < join.count && wrong == NULL; i++)
		if (join.chunks[i].wrong[0] != '\0')
			wrong = &join.chunks[i];

	if (wrong != NULL)
		result = complain(complaint, wrong->wrong_at ? line_of(db, wrong->wrong_at) : 0,
				  wrong->wrong);
	else if (!join_all(db, &join))
		result = complain(complaint, 0, "out of memory");
	else if (db->paragraph_count == 0)
		result = complain(complaint, 1, "no packages");

	for (unsigned i = 0; i < join.count; i++)
		chunk_free(&join.chunks[i]);
	free(join.chunks);
	if (result != 0)
		database_free(db);
	return result;
}

void database_free(struct database *db)
{
	free(db->text);
	free(db->names);
	free(db->paragraphs);
	free(db->dependencies);
	free(db->alternatives);
	free(db->provided);
	free(db->roots);
	*db = (struct database){ 0 };
}
