/* What weights.c and weights_file.c share. Private to compiler/emit. */
#ifndef ADZE_EMIT_WEIGHTS_H
#define ADZE_EMIT_WEIGHTS_H

#include "emit/emit.h"

enum { ROW_BYTES = 4092 }; /* C99 promises 4095 characters a string literal */

/* How the bytes are cut into the rows of the union's first member: all but the last row full, so that the fewest bytes
 * are added at the end. The binary forms have one row, filled up to WEIGHTS_ALIGN. */
typedef struct {
    size_t count, bytes;
} WeightRows;
WeightRows weight_rows(const Emitter *e);

#endif
