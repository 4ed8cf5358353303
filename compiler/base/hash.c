#include "base/hash.h"

#include <nettle/sha2.h>

struct Hash {
    struct sha256_ctx sha;
    uint32_t crc, table[256];
};

Digest sha256(const void *data, size_t size)
{
    struct sha256_ctx context;
    uint8_t bytes[SHA256_DIGEST_SIZE];
    sha256_init(&context);
    if (size)
        sha256_update(&context, size, data);
    sha256_digest(&context, sizeof bytes, bytes);
    Digest d;
    for (size_t i = 0; i < sizeof bytes; i++) {
        d.hex[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        d.hex[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    d.hex[2 * sizeof bytes] = 0;
    return d;
}

Hash *hash_new(Arena *a)
{
    Hash *h = NEW(a, Hash);
    sha256_init(&h->sha);
    h->crc = 0xFFFFFFFFu;
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int bit = 0; bit < 8; bit++)
            c = c & 1 ? c >> 1 ^ 0xEDB88320u : c >> 1;
        h->table[i] = c;
    }
    return h;
}

void hash_add(Hash *h, const void *data, size_t size)
{
    const unsigned char *at = data;
    if (!size)
        return;
    sha256_update(&h->sha, size, at);
    for (size_t i = 0; i < size; i++)
        h->crc = h->crc >> 8 ^ h->table[(h->crc ^ at[i]) & 255];
}

void hash_sha256(Hash *h, unsigned char out[32])
{
    sha256_digest(&h->sha, 32, out);
}

uint32_t hash_crc32(const Hash *h)
{
    return ~h->crc;
}
