/* The passes: Graph to Graph. passes.def has a row each, in the order in which they run; the head of each file states
 * what the pass requires, keeps and breaks. */
#ifndef ADZE_PASSES_PASSES_H
#define ADZE_PASSES_PASSES_H

#include "base/diag.h"
#include "ir/graph.h"
#include "ops/ops.h"

typedef struct PassContext {
    Diag *diag;
    Arena *scratch;                  /* reset after each pass */
    const char *const *disabled;     /* names, NULL-terminated; may be NULL */
    const char *const *input_values; /* "INPUT=VALUE", NULL-terminated; may be NULL */
    const char *const *input_ranges; /* "INPUT=LO,HI", NULL-terminated; may be NULL */
    const char *const *io_layout;    /* "nhwc", "NAME=nhwc", NULL-terminated; may be NULL */
    bool io_integers;                /* --io int8 */
    const char *const *states;       /* "OUTPUT:INPUT", NULL-terminated; may be NULL */
    const char *dump_after;          /* print the graph to stdout after this pass ("all": after each); may be NULL */
    const char *stop_after;          /* end the pipeline behind this pass; may be NULL */
    const struct Calibration *calibration; /* --quantize; NULL: the graph stays as it is */
    bool half;                             /* --quantize fp16: weights are rounded to halves */
    bool time;                             /* print seconds per pass to stderr */
} PassContext;

/* Returns false after an error was reported. *changed says whether the graph is another than before. */
typedef bool PassFn(PassContext *c, Graph *g, bool *changed);

typedef struct {
    const char *name;
    PassFn *run;
    bool to_fixed_point; /* repeated (with the fixed-point passes next to it) until nothing changes */
    const char *why_here;
} Pass;

extern const Pass passes[];
extern const size_t pass_count;
const Pass *pass_find(const char *name);
/* All passes in order; graph_check after each. */
bool passes_run(PassContext *c, Graph *g);
/* One pass (to its fixed point when the row says so), for tests. */
bool pass_run(PassContext *c, Graph *g, const Pass *p);

#endif
