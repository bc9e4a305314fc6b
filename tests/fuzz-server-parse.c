/* The server's parser of requests, with whatever the fuzzer finds: what it makes of an input does not depend on the pieces in
 * which that arrives, nor does anything happen that parsed.h rules out.
 *
 * tests/fuzz.sh builds it, for libFuzzer or, where that is missing, with the main() below, which takes files to look at.
 */
#include "parsed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input decides where it is cut, and by no byte of its own, so that files of the corpus are plain requests. */
static uint64_t hash(const uint8_t *data, size_t size)
{
	uint64_t h = size;

	for (size_t i = 0; i < size; i++)
		h = (h ^ data[i]) * 0x9e3779b97f4a7c15 + (h >> 29);
	return h ^ h >> 32;
}

static void compare(const char *whole, const char *input, size_t size, size_t limit, pieces_fn *pieces, size_t arg)
{
	char *other = parsed(input, size, limit, pieces, arg);

	if (strcmp(whole, other) != 0) {
		fprintf(stderr, "as a whole:\n%s\nin pieces (%zu):\n%s\n", whole, arg, other);
		abort();
	}
	free(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *input = (const char *)data;
	uint64_t h = hash(data, size);
	size_t limits[] = { 1 << 20, (h >> 24) % (size + 8) };

	for (size_t i = 0; i < 2; i++) {
		char *whole = parsed(input, size, limits[i], pieces_whole, 0);

		compare(whole, input, size, limits[i], pieces_cut, h % (size + 1));
		compare(whole, input, size, limits[i], pieces_of, 1 + (h >> 16) % 8);
		free(whole);
	}
	return 0;
}

#ifdef FUZZ_MAIN
int main(int argc, char **argv)
{
	static uint8_t data[1 << 20];

	for (int i = 1; i < argc; i++) {
		FILE *file = fopen(argv[i], "rb");

		if (file == NULL) {
			perror(argv[i]);
			return 1;
		}
		LLVMFuzzerTestOneInput(data, fread(data, 1, sizeof(data), file));
		fclose(file);
	}
	printf("%d files\n", argc - 1);
	return 0;
}
#endif
