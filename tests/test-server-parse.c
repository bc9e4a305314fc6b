/* The server's parser of requests: every kind of request and of error, arriving in all kinds of pieces. */
#include <errno.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include "parsed.h"
#include "tap.h"

#define LIMIT 1000
#define SLOWEST 2.0 /* seconds, for what takes some milliseconds */
#define LINE 65536 /* the longest line */

#define PIECE(text) text, sizeof(text) - 1
static const struct {
	const char *input;
	size_t length;
	const char *want;
} cases[] = {
	/* Arrays. */
	{ PIECE("*1\r\n$4\r\nPING\r\n"), "[PING]\n" },
	{ PIECE("*2\r\n$3\r\nGET\r\n$0\r\n\r\n"), "[GET][]\n" },
	{ PIECE("*2\r\n$4\r\nECHO\r\n$6\r\na\r\n\0*$\r\n"), "[ECHO][a\\x0d\\x0a\\x00*$]\n" },
	{ PIECE("*1\r\n$10\r\n0123456789\r\n"), "[0123456789]\n" },
	{ PIECE("*1\r\n$1\r\na\r\n*1\r\n$1\r\nb\r\nc\r\n*1\r\n$1\r\nd\r\n"), "[a]\n[b]\n[c]\n[d]\n" },
	{ PIECE("*0\r\n"), "\n" },
	{ PIECE("*-1\r\n"), "\n" },
	{ PIECE("*-9223372036854775808\r\nPING\r\n"), "\n[PING]\n" },
	{ PIECE("*1\r?$1\r?ab?PING\r\n"), "[a]\n[PING]\n" }, /* as Redis reads it */
	{ PIECE("*17\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n$1\r\ne\r\n$1\r\nf\r\n$1\r\ng\r\n$1\r\nh\r\n$1\r\ni\r\n"
		"$1\r\nj\r\n$1\r\nk\r\n$1\r\nl\r\n$1\r\nm\r\n$1\r\nn\r\n$1\r\no\r\n$1\r\np\r\n$1\r\nq\r\n"),
	  "[a][b][c][d][e][f][g][h][i][j][k][l][m][n][o][p][q]\n" },

	/* Lines. */
	{ PIECE("PING\r\n"), "[PING]\n" },
	{ PIECE("PING\n"), "[PING]\n" },
	{ PIECE("\r\n\n  \r\n \t\r\r\n"), "\n\n\n\n" },
	{ PIECE(" SET  a\tb\r c \r\n"), "[SET][a][b][c]\n" },
	{ PIECE("a\v \fb\n"), "[a\\x0b][b]\n" },
	{ PIECE("\"a b\" 'c d' \"\" ''\n"), "[a b][c d][][]\n" },
	{ PIECE("a\"b c\" d'e f' g\n"), "[ab c][de f][g]\n" },
	{ PIECE("\"\\x41\\x6d\\x4A\\xff\\xg1\\x1\"\n"), "[AmJ\\xffxg1x1]\n" },
	{ PIECE("\"\\x41\"\n"), "[A]\n" },
	{ PIECE("\"\\n\\r\\t\\b\\a\\\"\\\\\\q\"\n"), "[\\x0a\\x0d\\x09\\x08\\x07\"\\x5cq]\n" },
	{ PIECE("'\\n\\x41\\'\\\"'\n"), "[\\x5cn\\x5cx41'\\x5c\"]\n" },
	{ PIECE("\"'\" '\"' \\x41\n"), "['][\"][\\x5cx41]\n" },
	{ PIECE("\"a\"\vb\n"), "[a][b]\n" },
	{ PIECE("a\0b \xff\n"), "[a\\x00b][\\xff]\n" },
	{ PIECE("$1\r\n:1\r\n"), "[$1]\n[:1]\n" },

	/* What has not arrived. */
	{ PIECE(""), "" },
	{ PIECE("PIN"), "...\n" },
	{ PIECE("PING\n\""), "[PING]\n...\n" },
	{ PIECE("*"), "...\n" },
	{ PIECE("*x\r"), "...\n" },
	{ PIECE("*1\r\n"), "...\n" },
	{ PIECE("*1\r\nx"), "...\n" },
	{ PIECE("*1\r\n$4\r\n"), "...\n" },
	{ PIECE("*1\r\n$4\r\nPING"), "...\n" },
	{ PIECE("*1\r\n$4\r\nPING\r"), "...\n" },
	{ PIECE("*2\r\n$4\r\nPING\r\n"), "...\n" },

	/* What is wrong. */
	{ PIECE("PING\n*x\r\nPING\n"), "[PING]\n! Protocol error: invalid multibulk length\n" },
	{ PIECE("*\r\n"), "! Protocol error: invalid multibulk length\n" },
	{ PIECE("*-\r\n"), "! Protocol error: invalid multibulk length\n" },
	{ PIECE("*-0\r\n"), "! Protocol error: invalid multibulk length\n" },
	{ PIECE("*01\r\n"), "! Protocol error: invalid multibulk length\n" },
	{ PIECE("*+1\r\n"), "! Protocol error: invalid multibulk length\n" },
	{ PIECE("* 1\r\n"), "! Protocol error: invalid multibulk length\n" },
	{ PIECE("*1 \r\n"), "! Protocol error: invalid multibulk length\n" },
	{ PIECE("*1:\r\n"), "! Protocol error: invalid multibulk length\n" },
	{ PIECE("*1\n\r\n"), "! Protocol error: invalid multibulk length\n" },
	{ PIECE("*1048577\r\n"), "! Protocol error: invalid multibulk length\n" },
	{ PIECE("*9223372036854775808\r\n"), "! Protocol error: invalid multibulk length\n" },
	{ PIECE("*-9223372036854775809\r\n"), "! Protocol error: invalid multibulk length\n" },
	{ PIECE("*9223372036854775809\r\n"), "! Protocol error: invalid multibulk length\n" },
	{ PIECE("*18446744073709551617\r\n"), "! Protocol error: invalid multibulk length\n" },
	{ PIECE("*1\r\n$-1\r\n"), "! Protocol error: invalid bulk length\n" },
	{ PIECE("*1\r\n$x\r\n"), "! Protocol error: invalid bulk length\n" },
	{ PIECE("*1\r\n$\r\n"), "! Protocol error: invalid bulk length\n" },
	{ PIECE("*1\r\n$9223372036854775807\r\n"), "! Protocol error: invalid bulk length\n" },
	{ PIECE("*2\r\n$1\r\na\r\nb\r\n"), "! Protocol error: expected '$', got 'b'\n" },
	{ PIECE("*1\r\n*1\r\n"), "! Protocol error: expected '$', got '*'\n" },
	{ PIECE("*1\r\n\r\n"), "! Protocol error: expected '$', got ' '\n" },
	{ PIECE("*1\r\n\n\r\n"), "! Protocol error: expected '$', got ' '\n" },
	{ PIECE("\"a\n"), "! Protocol error: unbalanced quotes in request\n" },
	{ PIECE("a 'b\r\n"), "! Protocol error: unbalanced quotes in request\n" },
	{ PIECE("\"a\"b\n"), "! Protocol error: unbalanced quotes in request\n" },
	{ PIECE("'a'b\n"), "! Protocol error: unbalanced quotes in request\n" },
	{ PIECE("\"a\\\n"), "! Protocol error: unbalanced quotes in request\n" },
	{ PIECE("\"a\\\"\r\n"), "! Protocol error: unbalanced quotes in request\n" },
	{ PIECE("'a\\'\r\n"), "! Protocol error: unbalanced quotes in request\n" },
};

static bool makes(const char *input, size_t length, size_t limit, pieces_fn *pieces, size_t arg, const char *want)
{
	char *got = parsed(input, length, limit, pieces, arg);
	bool same = strcmp(got, want) == 0;

	if (!same)
		diag("%zu, of pieces %zu: %s instead of %s", length, arg, got, want);
	free(got);
	return same;
}

static size_t pieces_random(size_t here, size_t length, size_t arg)
{
	static unsigned seed;

	(void)length;
	if (here == 0)
		seed = (unsigned)arg;
	return here + 1 + (size_t)rand_r(&seed) % 8;
}

static void check_case(size_t i)
{
	const char *input = cases[i].input;
	size_t length = cases[i].length, limit = LIMIT;
	bool same = makes(input, length, limit, pieces_whole, 0, cases[i].want);

	for (size_t at = 1; at < length; at++)
		same &= makes(input, length, limit, pieces_cut, at, cases[i].want);
	for (size_t piece = 1; piece < 4; piece++)
		same &= makes(input, length, limit, pieces_of, piece, cases[i].want);
	for (size_t seed = 0; seed < 20; seed++)
		same &= makes(input, length, limit, pieces_random, seed, cases[i].want);
	ok(same, "case %zu makes: %.*s", i, (int)strcspn(cases[i].want, "\n"), cases[i].want);
}

/* All cases that end well, one behind the other. */
static void pipelined(void)
{
	char *input, *want;
	size_t length, want_length;
	FILE *inputs = open_memstream(&input, &length), *wants = open_memstream(&want, &want_length);
	bool same = true;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (strstr(cases[i].want, "...") == NULL && strchr(cases[i].want, '!') == NULL) {
			fwrite(cases[i].input, 1, cases[i].length, inputs);
			fputs(cases[i].want, wants);
		}
	fclose(inputs);
	fclose(wants);
	for (size_t at = 1; at < length; at++)
		same &= makes(input, length, LIMIT, pieces_cut, at, want);
	for (size_t seed = 0; seed < 200; seed++)
		same &= makes(input, length, LIMIT, pieces_random, seed, want);
	ok(same, "one behind the other");
	free(input);
	free(want);
}

/* In every place where a request can be one byte too long, it is seen as soon as all before has arrived. */
static void limits(void)
{
	static const struct {
		const char *input, *want, *beyond;
	} limited[] = {
		{ "*2\r\n$3\r\nGET\r\n$4\r\nname\r\n", "[GET][name]\n", "! Protocol error: invalid bulk length\n" },
		{ "GET name\r\n", "[GET][name]\n", "! Protocol error: too big inline request\n" },
		{ "GET name\n", "[GET][name]\n", "! Protocol error: too big inline request\n" },
		{ "*0\r\n", "\n", "! Protocol error: too big mbulk count string\n" },
	};
	bool same = true, short_too = true;

	for (size_t i = 0; i < sizeof(limited) / sizeof(*limited); i++) {
		size_t length = strlen(limited[i].input);

		for (size_t piece = 1; piece <= length; piece++) {
			same &= makes(limited[i].input, length, length, pieces_of, piece, limited[i].want);
			same &= makes(limited[i].input, length, length - 1, pieces_of, piece, limited[i].beyond);
			for (size_t limit = 0; limit < length - 1; limit++) {
				char *got = parsed(limited[i].input, length, limit, pieces_of, piece);

				short_too &= strncmp(got, "! Protocol error: ", 18) == 0;
				free(got);
			}
		}
	}
	ok(same, "a request of as many bytes as may be, and of one more");
	ok(short_too, "any lower limit");
	ok(makes("*2\r\n$1\r\na\r\n$", 12, 11, pieces_whole, 0, "! Protocol error: too big bulk count string\n"),
	   "the line of a word that goes beyond the limit");
	ok(makes("*1\r\n$-1000\r\n", 13, SIZE_MAX, pieces_whole, 0, "! Protocol error: invalid bulk length\n"),
	   "a length below 0 is no large one");
}

/* A line that is as long as may be, and one that is longer, in an array (where it begins with `before`) and alone. */
static void check_line(const char *before, const char *end, const char *want, const char *beyond)
{
	size_t begin = strlen(before), ends = strlen(end);
	char *input = malloc(begin + LINE + 1 + 1);
	bool same = true;

	for (size_t length = LINE; length <= LINE + 1; length++) {
		memcpy(input, before, begin);
		memset(input + begin, ' ', length - ends);
		strcpy(input + begin + length - ends, end);
		input[begin] = before[0] == '*' ? '$' : *end == '\r' ? '*' : ' ';
		for (size_t at = LINE - 3; at < LINE + 2; at++)
			same &= makes(input, begin + length, SIZE_MAX, pieces_cut, begin + at, length == LINE ? want : beyond);
		if (length > LINE)
			same &= makes(input, begin + LINE, SIZE_MAX, pieces_of, 4096, beyond);
	}
	ok(same, "lines of %d bytes and more:%s", LINE, strchr(beyond, ':') + 1);
	free(input);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Says what the parser does with an input that arrives in pieces and stays where it is, and how long it took. */
static size_t arrives(const char *input, size_t length, size_t piece, double *took)
{
	struct parser parser = { .limit = SIZE_MAX };
	enum parsed state = PARSED_MORE;
	struct request request = { 0 };
	const char *error;
	size_t used = 0, here = 0;
	double start = seconds();

	while (state == PARSED_MORE && here < length && seconds() - start < SLOWEST) {
		here = here + piece < length ? here + piece : length;
		state = parse(&parser, input, here, &used, &request, &error);
	}
	*took = seconds() - start;
	here = state == PARSED_REQUEST && used == length ? request.count : 0;
	parser_free(&parser);
	return here;
}

/* To look at all of it again with each piece would take minutes. */
static void linear(void)
{
	size_t words = 600000, length = 8 << 20, at;
	char *input = malloc(length + 64);
	double took;

	at = (size_t)sprintf(input, "*1\r\n$%zu\r\n", length);
	memset(input + at, '\r', length);
	memcpy(input + at + length, "\r\n", 2);
	is_int(arrives(input, at + length + 2, 100, &took), 1, "one word of 8 MiB");
	ok(took < SLOWEST, "takes linear time: %.3f s", took);

	at = (size_t)sprintf(input, "*%zu\r\n", words);
	for (size_t i = 0; i < words; i++)
		at += (size_t)sprintf(input + at, "$6\r\n%06zu\r\n", i);
	is_int(arrives(input, at, 100, &took), (long long)words, "many words");
	ok(took < SLOWEST, "take linear time: %.3f s", took);
	free(input);
}

/* A line of which all but the first page cannot be looked at again, once it has been, until its end arrives. */
static void not_again(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *input = mmap(NULL, LINE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct parser parser = { .limit = SIZE_MAX };
	enum parsed state = PARSED_MORE;
	struct request request = { 0 };
	const char *error;
	size_t used = 0, more = 0;

	if (input == MAP_FAILED)
		bail_out("mmap: %s", strerror(errno));
	memset(input, 'x', LINE);
	input[LINE - 1] = '\n';
	for (size_t here = 1; here < LINE; here++) {
		more += parse(&parser, input, here, &used, &request, &error) == PARSED_MORE;
		if (here % page == 0 && here > page)
			mprotect(input + here - page, page, PROT_NONE);
	}
	mprotect(input, LINE, PROT_READ);
	state = parse(&parser, input, LINE, &used, &request, &error);
	ok(more == LINE - 1 && state == PARSED_REQUEST && used == LINE, "none of a line is looked at twice before its end is there");
	parser_free(&parser);
	munmap(input, LINE);
}

static void most_words(void)
{
	size_t words = 1024 * 1024, at;
	char *input = malloc(words * 6 + 64);
	double took;

	at = (size_t)sprintf(input, "*%zu\r\n", words);
	for (size_t i = 0; i < words; i++, at += 6)
		memcpy(input + at, "$0\r\n\r\n", 6);
	is_int(arrives(input, at, at, &took), (long long)words, "as many words as may be");
	free(input);
}

/* What one large request took is given back with the next. */
static void memory_returns(void)
{
	struct parser parser = { .limit = SIZE_MAX };
	struct request request;
	const char *error;
	size_t used, at;
	char *input = malloc(2000 * 6 + 64);

	at = (size_t)sprintf(input, "*2000\r\n");
	for (size_t i = 0; i < 2000; i++, at += 6)
		memcpy(input + at, "$0\r\n\r\n", 6);
	parse(&parser, input, at, &used, &request, &error);
	ok(parser.room >= 2000, "2000 words have room");
	is_int(parse(&parser, "a b\n", 4, &used, &request, &error), PARSED_REQUEST, "another request");
	ok(parser.room > 0 && parser.room < 100, "less room");
	parse(&parser, "a b c d e f g h i j k l m n o p q\n", 34, &used, &request, &error);
	at = parser.room;
	parse(&parser, "a b\n", 4, &used, &request, &error);
	is_int((long long)parser.room, (long long)at, "some is kept");
	is_ptr(request.words[0].bytes, parser.text, "the words of a line are the parser's");
	parse(&parser, "a b", 3, &used, &request, &error);
	is_ptr(parser.text, NULL, "and go with the next");
	parser_free(&parser);
	ok(parser.limit == SIZE_MAX && parser.scanned == 0 && parser.words == NULL, "a freed parser is as at first");
	parse(&parser, "*1\r\n$1\r\na\r\n", 11, &used, &request, &error);
	is_int((long long)request.count, 1, "and can be used again");
	parser_free(&parser);
	free(input);
}

/* --- Without memory.  The linker has the parser call these. */
static int allocations_left; /* up to one that is refused; 0: none is */

void *__real_malloc(size_t size);
void *__real_realloc(void *block, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *block, size_t size);

static bool refused(void)
{
	return allocations_left > 0 && --allocations_left == 0;
}

void *__wrap_malloc(size_t size)
{
	return refused() ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *block, size_t size)
{
	return refused() ? NULL : __real_realloc(block, size);
}

static void check_memory(const char *input, int allocations)
{
	for (int allowed = 0; allowed <= allocations; allowed++) {
		struct parser parser = { .limit = LIMIT };
		struct request request;
		const char *error = "";
		size_t used;
		enum parsed state;

		allocations_left = allowed + 1;
		state = parse(&parser, input, strlen(input), &used, &request, &error);
		allocations_left = 0;
		if (allowed < allocations)
			ok(state == PARSED_WRONG && strcmp(error, "out of memory") == 0, "allocation %d is refused", allowed);
		else
			is_int(state, PARSED_REQUEST, "%d allocations", allowed);
		parser_free(&parser);
	}
}

int main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		check_case(i);
	pipelined();
	limits();
	check_line("", "\n", "\n", "! Protocol error: too big inline request\n");
	check_line("", "\r\n", "! Protocol error: invalid multibulk length\n", "! Protocol error: too big mbulk count string\n");
	check_line("*1\r\n", "\r\n", "! Protocol error: invalid bulk length\n", "! Protocol error: too big bulk count string\n");
	linear();
	not_again();
	most_words();
	memory_returns();
	check_memory("*1\r\n$1\r\na\r\n", 2);
	check_memory("a\n", 3);
	check_memory("a b c d e f g h i j k l m n o p q\n", 5);
	return done();
}
