/* A file written piece by piece, so that large ones need no copy in memory. */
#ifndef ADZE_BASE_WRITER_H
#define ADZE_BASE_WRITER_H

#include "base/arena.h"
#include "base/diag.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct Writer Writer;

/* NULL after reporting. Errors on the way (a full disk) are remembered for writer_close. */
Writer *writer_open(Arena *a, Diag *d, const char *path);
void writer_write(Writer *w, const void *data, size_t size);
void writer_puts(Writer *w, const char *text);
void writer_printf(Writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Writes over the file's first bytes, which are there already; nothing may be written behind that. */
void writer_head(Writer *w, const void *data, size_t size);
/* Whether everything was written; if not, it is reported and the file removed. Called once. */
bool writer_close(Writer *w);

#endif
