/* The hash of keys: products of 128 bits, folded, of the key's words and a secret of the process, since keys may come from
 * outside.  As good as that of leash's maps, and inline. */
#ifndef SERVER_NAIVE_HASH_H
#define SERVER_NAIVE_HASH_H

#include <stdint.h>
#include <string.h>
#include <leash/stock.h>

extern uint64_t naive_secret[2]; /* odd */

static inline uint64_t naive_fold(uint64_t a, uint64_t b)
{
	__extension__ typedef unsigned __int128 wide;
	wide product = (wide)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t naive_word(const char *bytes, size_t size)
{
	uint64_t word = 0;

	memcpy(&word, bytes, size);
	return word;
}

/* Up to 8 bytes.  Words that overlap cost less than a copy whose size is not known. */
static inline uint64_t naive_rest(const char *bytes, size_t left)
{
	if (left >= 4)
		return naive_word(bytes, 4) << 32 | naive_word(bytes + left - 4, 4);
	if (left == 0)
		return 0;
	return (uint64_t)(unsigned char)bytes[0] << 16 | (uint64_t)(unsigned char)bytes[left / 2] << 8 |
	       (unsigned char)bytes[left - 1];
}

static inline uint64_t naive_hash(leash_key key)
{
	uint64_t hash = naive_secret[0] ^ key.number;
	const char *bytes = key.bytes;
	size_t left = key.number;

	for (; left > 8; left -= 8, bytes += 8)
		hash = naive_fold(hash ^ naive_word(bytes, 8), naive_secret[1]) + naive_secret[0];
	return naive_fold(naive_fold(hash ^ naive_rest(bytes, left), naive_secret[1]), naive_secret[0]);
}

/* Of an object's address, which nobody outside chooses. */
static inline uint64_t naive_hash_address(const void *object)
{
	return naive_fold((uintptr_t)object, UINT64_C(0x9e3779b97f4a7c15));
}

#endif
