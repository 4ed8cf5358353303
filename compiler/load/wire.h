/* The wire format of Protocol Buffers: https://protobuf.dev/programming-guides/encoding/ */
#ifndef ADZE_LOAD_WIRE_H
#define ADZE_LOAD_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

typedef struct {
    const unsigned char *at, *end;
} Wire;

typedef struct {
    uint32_t field;
    int type;                  /* WIRE_... */
    const unsigned char *data; /* of numbers: their bytes; of WIRE_BYTES: what follows the length */
    size_t size;
} WireEntry;

/* Reads past the end or more than 10 bytes: false. */
bool wire_varint(Wire *w, uint64_t *out);
/* NULL when an entry was read, else what is wrong with it; w->at is then where it begins. */
const char *wire_entry(Wire *w, WireEntry *out);

#endif
