/* What `adze bench` measures, and the three that read it. */
#ifndef ADZE_COMMANDS_BENCH_H
#define ADZE_COMMANDS_BENCH_H

#include "commands/report.h"
#include "target/stack.h"

typedef struct {
    Build build;       /* as `adze compile` emits it */
    Build layered;     /* the same with layer hooks */
    unsigned char *in; /* of one case */
    unsigned char *out;
    RunResult total, layers;
    int repeats; /* timed runs of each; 0 where instructions are counted */
    StackBound stack;
    json_t *peer; /* what bench_peer found, or NULL */
} Bench;

/* bench_report.c: NAME.json with what was measured; NULL after reporting. */
json_t *bench_json(Command *c, const Bench *b);
void bench_print(const json_t *root);

/* bench_compare.c: puts `compare` into root: ratios to the former result in `file`. Returns an exit status. */
int bench_compare(Command *c, json_t *root, const char *file, double threshold);
void bench_print_comparison(const json_t *root);

/* bench_peer.c: times ONNX Runtime and, in turns with it, the program again, which may lower b->total's times. Returns
 * an exit status. */
int bench_peer(Command *c, Bench *b);

#endif
