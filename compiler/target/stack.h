/* The most stack that a generated model can use, from what gcc says about its functions (-fcallgraph-info=su). */
#ifndef ADZE_TARGET_STACK_H
#define ADZE_TARGET_STACK_H

#include "base/diag.h"
#include "target/target.h"

typedef struct {
    bool known;         /* false: no call graphs, recursion, a frame of unknown size, or a call through a pointer and no
                           static function that only a pointer reaches */
    size_t bytes;       /* the deepest chain of frames from the entry on */
    StringList outside; /* functions that it calls and that are not in the graphs (memcpy, expf): not in bytes */
} StackBound;

/* All *.ci in `dir`. */
bool stack_bound(Arena *a, Diag *d, const char *dir, const char *entry, StackBound *out);

#endif
