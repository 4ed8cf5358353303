#include "base/hash.h"

#include <nettle/sha2.h>

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
