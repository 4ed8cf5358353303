/* SHA-256 and CRC-32, of bytes at hand or as they come. */
#ifndef ADZE_BASE_HASH_H
#define ADZE_BASE_HASH_H

#include "base/arena.h"

#include <stddef.h>
#include <stdint.h>

/* SHA-256 as 64 lower-case hex digits. */
typedef struct {
    char hex[65];
} Digest;

Digest sha256(const void *data, size_t size);

/* Bytes that come piece by piece: hash_new, hash_add..., then the results, once. */
typedef struct Hash Hash;
Hash *hash_new(Arena *a);
void hash_add(Hash *h, const void *data, size_t size);
void hash_sha256(Hash *h, unsigned char out[32]);
Digest hash_digest(Hash *h);        /* the same in hex */
uint32_t hash_crc32(const Hash *h); /* IEEE 802.3, as zlib's */

#endif
