/* --io-layout: inputs and outputs that are handed over with channels last. */
#ifndef ADZE_PASSES_IO_LAYOUT_H
#define ADZE_PASSES_IO_LAYOUT_H

#include "passes/passes.h"

/* Reports what in c->io_layout is not understood, or names nothing. */
bool io_layout_check(PassContext *c, const Graph *g);

#endif
