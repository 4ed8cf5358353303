/* SHA-256 as 64 lower-case hex digits. */
#ifndef ADZE_BASE_HASH_H
#define ADZE_BASE_HASH_H

#include <stddef.h>

typedef struct {
    char hex[65];
} Digest;

Digest sha256(const void *data, size_t size);

#endif
