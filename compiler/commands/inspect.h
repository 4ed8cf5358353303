/* What `adze inspect` finds out: facts about the model as it is, and everything in it that would not compile. */
#ifndef ADZE_COMMANDS_INSPECT_H
#define ADZE_COMMANDS_INSPECT_H

#include "commands/report.h"
#include "emit/measure.h"

enum { SHOWN_NODES = 5 };

/* One kind of trouble: nodes of one operator with the same message, but for names and numbers in it. */
typedef struct {
    Severity severity;
    const char *op;   /* "" when it is no node's */
    const char *text; /* of the first one, without the node's name */
    const char *key;
    size_t count;
    StringList nodes; /* quoted; the first SHOWN_NODES */
} Problem;

typedef ARRAY(Problem) ProblemList;

typedef struct {
    const char *name; /* with its domain where that is not ai.onnx */
    size_t count, in_subgraphs;
    bool supported;
} OperatorFact;

typedef struct {
    const Node *node;
    const Value *out;
    int64_t macs; /* -1: not known */
} NodeFact;

typedef struct {
    Arena *arena;
    Graph *graph; /* a copy of the model's, in which constants are folded and nodes cut that cannot be judged */
    ARRAY(OperatorFact) operators;
    ARRAY(NodeFact) nodes;
    int64_t macs, parameters;
    size_t bytes_of_type[DT_COUNT]; /* of the constants */
    size_t weight_bytes;
    StringList open;      /* "input 'x' is [?,3]: ..." */
    ProblemList problems; /* errors and warnings */
    size_t errors;        /* problems that are errors */
    size_t nodes_with_errors, not_judged;
} ModelFacts;

/* inspect_problems.c. Names of nodes are found by the labels that messages begin with. */
Map *node_labels(Arena *a, const Graph *g);
/* Adds d's messages; marks nodes with errors in `failed` (by Node.id), which may be NULL. */
void problems_add(ModelFacts *f, const Map *labels, const Diag *d, bool *failed);
/* As diagnostics, one a problem. */
void problems_report(const ModelFacts *f, Diag *d);
json_t *problems_json(const ModelFacts *f);

/* inspect_model.c. Counts and sizes of the graph as it was loaded; dimensions that it leaves open become 1. */
void facts_count(ModelFacts *f, Graph *g);
/* Judges each node by itself on a copy of g, going on behind those that fail; adds problems and MACs. */
void facts_judge(ModelFacts *f, const Graph *g, const char *const *input_values);

/* inspect_text.c: for people, on stdout. */
void print_model(const ModelFacts *f, const Graph *g, const char *file);
void print_report(const Report *r);
/* How many steps run in floats, and what stays float between integers, with the reasons. */
void print_floats(const Report *r);

#endif
