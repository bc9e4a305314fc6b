/* What LEASH asks for, and a counter does not know. */
#include <errno.h>
#include <leash/collect.h>
#include <leash/see.h>

long leash_collect(int generation)
{
	(void)generation;
	return -ENOSYS;
}

int leash_stats_print(FILE *stream, leash_format format)
{
	(void)stream;
	(void)format;
	return -ENOSYS;
}

int leash_advice_print(FILE *stream, leash_format format)
{
	(void)stream;
	(void)format;
	return -ENOSYS;
}

int leash_why(const void *object, FILE *stream)
{
	(void)object;
	(void)stream;
	return -ENOSYS;
}

int leash_heap_dump(FILE *stream, leash_format format, const void *object)
{
	(void)stream;
	(void)format;
	(void)object;
	return -ENOSYS;
}
