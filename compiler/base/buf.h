/* Text and bytes that grow: what the emitter, the printers and the reports write into. */
#ifndef ADZE_BASE_BUF_H
#define ADZE_BASE_BUF_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    char *data; /* NUL-terminated behind `length`; malloc'ed; NULL while empty */
    size_t length, capacity;
} Buf;

void buf_write(Buf *b, const void *bytes, size_t n);
void buf_puts(Buf *b, const char *s);
void buf_putc(Buf *b, char c);
void buf_printf(Buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The text so far, never NULL. */
const char *buf_text(const Buf *b);
void buf_free(Buf *b);

#endif
