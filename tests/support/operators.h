/* Operator texts (tests/operators): a graph and, behind a line `---`, its vectors. */
#ifndef ADZE_TESTS_OPERATORS_H
#define ADZE_TESTS_OPERATORS_H

#include "ir/graph.h"
#include "target/target.h"

typedef struct {
    const char *path, *graph_text;
    Diag *diag;
    Graph *graph;   /* as read: not bound, no passes */
    Graph *vectors; /* constants in0, in1, ... and out0, out1, ... */
} OperatorText;

void operator_texts(Arena *a, StringList *paths);
bool operator_text_read(Arena *a, const char *path, OperatorText *out);
const Value *operator_text_vector(Arena *a, const OperatorText *t, const char *kind, size_t index);
/* All inputs one behind the other; room for all outputs. */
unsigned char *operator_text_inputs(Arena *a, const OperatorText *t, size_t *bytes);
unsigned char *operator_text_outputs(Arena *a, const OperatorText *t, size_t *bytes);
/* NULL when the outputs are as wanted (floats: 1e-5 relative, halves 2e-3, and 2e-6 absolute), else what differs. */
const char *operator_text_compare(Arena *a, const OperatorText *t, const unsigned char *got);

#endif
