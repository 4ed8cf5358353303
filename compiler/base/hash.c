#include "base/hash.h"

#include <nettle/sha2.h>
#include <zlib.h>

struct Hash {
    struct sha256_ctx sha;
    uLong crc;
};

static Digest digest_of(struct sha256_ctx *context)
{
    uint8_t bytes[SHA256_DIGEST_SIZE];
    Digest d;
    sha256_digest(context, sizeof bytes, bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        d.hex[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        d.hex[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    d.hex[2 * sizeof bytes] = 0;
    return d;
}

Digest sha256(const void *data, size_t size)
{
    struct sha256_ctx context;
    sha256_init(&context);
    if (size)
        sha256_update(&context, size, data);
    return digest_of(&context);
}

Hash *hash_new(Arena *a)
{
    Hash *h = NEW(a, Hash);
    sha256_init(&h->sha);
    h->crc = crc32_z(0, Z_NULL, 0);
    return h;
}

void hash_add(Hash *h, const void *data, size_t size)
{
    if (!size)
        return;
    sha256_update(&h->sha, size, data);
    h->crc = crc32_z(h->crc, data, size);
}

void hash_sha256(Hash *h, unsigned char out[32])
{
    sha256_digest(&h->sha, 32, out);
}

Digest hash_digest(Hash *h)
{
    return digest_of(&h->sha);
}

uint32_t hash_crc32(const Hash *h)
{
    return (uint32_t)h->crc;
}
