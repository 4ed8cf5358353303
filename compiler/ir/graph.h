/* The graph: values (edges) and nodes (operators), as ONNX has them, in topological order.
 *
 * Ownership: everything lives in graph->arena (`keep`). Constant data may also point into the mapped model file. Large
 * data whose last reader is gone is freed between rewrites (unread.c): a pass that makes new weights of old ones holds
 * both for one layer at a time.
 * Layout: a value's shape is its physical row-major shape. NHWC is not a tag: the layout pass makes it visible as
 * Transpose nodes around operators of the domain "adze" (see ops.def), so that every pass and the evaluator see plain
 * row-major arrays. */
#ifndef ADZE_IR_GRAPH_H
#define ADZE_IR_GRAPH_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/dtype.h"
#include "base/io.h"
#include "base/map.h"

typedef struct Graph Graph;
typedef struct Node Node;
typedef struct Value Value;
struct Operator; /* a row of ops.def; ops/ops.h */

/* What integers q stand for: scale * (q - zero_point). */
typedef struct {
    float scale;
    int32_t zero_point;
    bool real_in_model; /* of an input or output that --io int8 made integers */
} Quant;

struct Value {
    int id;                    /* unique in its graph, dense */
    const char *name;          /* the model's; "" when it has none; print and emit make it unique */
    DType type;                /* DT_NONE until inferred */
    Shape shape;               /* rank -1 until inferred */
    const char *dim[MAX_RANK]; /* symbolic name of an unknown dimension (dim_param), or NULL */
    const Quant *quant;        /* of a quantised tensor, for the interface and reports; NULL: none */
    const void *data; /* a constant's elements; NULL otherwise (also for constants of no elements: see is_const) */
    bool is_const;
    bool is_input, is_output; /* of the graph */
    Node *producer;           /* NULL for inputs and constants */
    ARRAY(Node *)
    users; /* one entry a use: a node that reads it twice stands twice; all are nodes of the value's
            * own graph (a use inside an If's branch counts as a use by the If) */
};

typedef enum {
    ATTR_INT,
    ATTR_FLOAT,
    ATTR_STRING,
    ATTR_INTS,
    ATTR_FLOATS,
    ATTR_STRINGS,
    ATTR_TENSOR,
    ATTR_GRAPH
} AttrKind;

typedef struct {
    const char *name;
    AttrKind kind;
    int64_t i;
    float f;
    const char *s; /* NUL-terminated */
    size_t count;  /* of the lists */
    const int64_t *ints;
    const float *floats;
    const char *const *strings;
    Tensor tensor;
    Graph *graph;
} Attr;

struct Node {
    int id;
    const char *name;   /* the model's; may be "" */
    const char *domain; /* "" is ai.onnx */
    const char *op_type;
    int version;               /* opset version of the domain in the model */
    const struct Operator *op; /* bound by ops_bind; NULL: not supported */
    ARRAY(Value *) inputs;     /* NULL entries: optional inputs left out */
    ARRAY(Value *) outputs;    /* NULL entries: optional outputs left out */
    ARRAY(Attr) attrs;
    bool dead; /* removed from the list */
    Node *prev, *next;
};

/* An output whose value is an input of the next call: indices in the graph's outputs and inputs. */
typedef struct {
    int output, input;
} StatePair;

/* An input of the model that the user has fixed. */
typedef struct {
    size_t index; /* among the model's inputs */
    const Value *value;
} FixedInput;

/* What a pass did to a layer, for reports. */
typedef struct {
    const char *pass; /* "shrink" */
    const char *node; /* the layer's name, or that of its output */
    const char *text; /* "4 of 16 channels removed (0,3-5): dead: ..." */
    int64_t macs_saved;
} GraphNote;

/* What a pass did in all its runs, for reports. */
typedef struct {
    const char *pass;
    int runs, changes;   /* how often it ran, and how often it changed something */
    int64_t nodes_added; /* more nodes than before; negative: fewer */
} PassRecord;

struct Graph {
    Arena *arena;
    const char *name;
    Graph *outer; /* of a subgraph (If, Loop, Scan), else NULL */
    Node *owner;  /* the node of `outer` whose attribute it is; set by node_set_attr, NULL until then */
    ARRAY(Value *) values;
    Node *first, *last; /* topological order */
    size_t node_count;  /* living nodes */
    int node_ids;       /* ids given out: every Node.id is below */
    ARRAY(Value *) inputs;
    ARRAY(Value *) outputs;
    /* Inputs of the model that are constants here (--input-value), in order: no arguments of the C. */
    ARRAY(FixedInput) fixed;
    ARRAY(StatePair)
    states; /* set behind the passes (lower/state.c); its inputs and outputs are no arguments of the C */
    /* By input and output: is the model's axis 1 handed over as the last (--io-layout)? NULL: none is. */
    bool *inputs_last, *outputs_last;
    Map *opsets; /* domain -> (void *)(intptr_t)version */
    ARRAY(GraphNote) notes;
    ARRAY(PassRecord) passes; /* in the order of their first runs */
    const char *data_sha256;  /* of the files beside the model that hold its constants, in hex; NULL: none */
    ARRAY(FileBytes) files;   /* mapped: the model's, then those with external data as they are first named */
    ARRAY(Value *) unread;    /* constants of large data that lost their last reader; see graph_free_unread */
    bool shares_data;         /* a clone points to the same constants */
    const char *made_by;      /* the program that wrote the model: "pytorch 2.1"; NULL: not said */
};

Graph *graph_new(Arena *a, const char *name);
/* A subgraph: its nodes may read values of `outer` and further out. It becomes part of the outer graph when
 * node_set_attr makes it an attribute (ATTR_GRAPH) of a node there; before and after, edit it with its own Graph. */
Graph *graph_new_inner(Graph *outer, const char *name);
void graph_set_opset(Graph *g, const char *domain, int version);
/* Of the graph or the next one outwards that says it; else 13 for "" and 1 for other domains; "adze" is always 1. */
int graph_opset(const Graph *g, const char *domain);
/* The index of the input of that name (not terminated), or g->inputs.count. */
size_t graph_input_named(const Graph *g, const char *name, size_t length);
/* The state that an input (or output) belongs to: an index in g->states, or -1. */
int graph_state_of_input(const Graph *g, size_t input);
int graph_state_of_output(const Graph *g, size_t output);
bool graph_owns(const Graph *g, const Value *v); /* false for values of outer graphs */

/* All strings are copied. name may be NULL. shape may be NULL: rank not known. */
Value *graph_value(Graph *g, const char *name, DType type, const Shape *shape);
Value *graph_input(Graph *g, const char *name, DType type, const Shape *shape);
/* `data` is borrowed for the graph's life. */
Value *graph_const(Graph *g, const char *name, DType type, const Shape *shape, const void *data);
Value *graph_const_ints(Graph *g, const char *name, const int64_t *values, int count); /* i64 [count] */
/* An input, a constant, a value of an outer graph and a value that is an output already get an Identity behind them:
 * every output has a producer of its own. */
void graph_output(Graph *g, Value *v);

/* Appends a node; order is the caller's (see graph_sort). The version is graph_opset's; domain "ai.onnx" becomes "". */
Node *graph_node(Graph *g, const char *domain, const char *op_type, const char *name);
/* The same, in front of `before`. */
Node *graph_node_before(Graph *g, Node *before, const char *domain, const char *op_type, const char *name);
void node_add_input(Graph *g, Node *n, Value *v); /* v may be NULL */
void node_add_output(Graph *g, Node *n, Value *v);
/* A new unnamed, untyped output. */
Value *node_new_output(Graph *g, Node *n, const char *name);
/* Past the end, the inputs between are left out (NULL). */
void node_set_input(Graph *g, Node *n, size_t index, Value *v);

/* Attributes: add replaces one of the same name. Strings and lists are copied, a tensor's data is borrowed. */
void node_set_int(Graph *g, Node *n, const char *name, int64_t v);
void node_set_float(Graph *g, Node *n, const char *name, float v);
void node_set_ints(Graph *g, Node *n, const char *name, const int64_t *v, size_t count);
void node_set_string(Graph *g, Node *n, const char *name, const char *v);
void node_set_attr(Graph *g, Node *n, const Attr *a);
void node_remove_attr(Graph *g, Node *n, const char *name); /* fine when absent */
const Attr *node_attr(const Node *n, const char *name);     /* NULL when absent */
int64_t node_int(const Node *n, const char *name, int64_t otherwise);
float node_float(const Node *n, const char *name, float otherwise);
const char *node_string(const Node *n, const char *name, const char *otherwise);
/* Copies up to `max` values into out; returns the list's length or -1 when absent. */
int node_ints(const Node *n, const char *name, int64_t *out, int max);

/* The input or output, or NULL when left out or past the end. */
Value *node_in(const Node *n, size_t index);
Value *node_out(const Node *n, size_t index);
bool node_is(const Node *n, const char *op_type);      /* domain ai.onnx; n may be NULL */
bool node_is_adze(const Node *n, const char *op_type); /* domain adze */
bool node_is_of(const Node *n, const char *domain, const char *op_type);
const char *node_name(const Node *n); /* of its first output when it has none; "" when that has none either */
/* "node 'conv1' (Conv)" for messages; names the output when the node has no name. */
const char *node_label(Arena *a, const Node *n);
/* The value as a Tensor (must be const). */
Tensor value_tensor(const Value *v);

/* Adds a note about n (copied, so that n may go). */
void graph_note(Graph *g, const char *pass, const Node *n, int64_t macs_saved, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Every use of `old` (also as graph output) becomes `new`. A graph output keeps its name: when old is an output,
 * `new` takes over name and place; when new is an input, a constant or already an output, an Identity is put between.
 * The producer of `new` keeps reading `old`, so that a node can be put behind a value. */
void graph_replace(Graph *g, Value *old, Value *new);
/* Unlinks the node from its inputs' users and marks it dead; its outputs have no producer from then on: they must have
 * no users, or get a new producer by node_add_output. */
void graph_remove(Graph *g, Node *n);
/* Removes nodes none of whose outputs is used or a graph output, repeatedly, also in subgraphs; returns their number.
 */
size_t graph_sweep(Graph *g);
/* Stable topological sort; false (nothing changed) when there is a cycle. A node depends also on what its subgraphs
 * read from here; the order inside a subgraph is left to its own graph_sort. */
bool graph_sort(Graph *g);
Graph *graph_clone(Arena *a, const Graph *g); /* constants' data is shared */
/* The nodes of n's subgraph `inner`, which has no inputs and as many outputs as n, take the place of n. */
void graph_inline(Graph *g, Node *n, const Graph *inner);

/* Frees the data of large constants that lost their last reader, where no other value points to it: what lies in the
 * arena is freed (not in a subgraph, nor when a clone may still read it), pages of a mapped file are given back. Such a
 * constant has no data from then on. Called between rewrites, when nobody holds on to a constant that is not read. */
void graph_free_unread(Graph *g);
/* The same for large data that a constant had until now. */
void graph_free_data(Graph *g, const void *data, size_t bytes);

/* In order; nodes may be inserted and removed on the way. */
#define GRAPH_NODES(g, n) for (Node *n = (g)->first; n; n = node_next(n))
Node *node_next(const Node *n); /* the next living node, also behind a removed one */

/* check.c: the invariants. Every error is reported; true when there is none. `after` names the pass. */
bool graph_check(const Graph *g, Diag *d, const char *after);

/* print.c, read.c: a text that can be read back (docs/ir.md). */
void graph_print(const Graph *g, Buf *out);
Graph *graph_read(Arena *a, Diag *d, const char *text, size_t size, const char *file);

#endif
