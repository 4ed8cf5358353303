/* Inside load/: what its files share. Messages of protobuf-c live in `wire`, which ends with the loading; what the
 * graph keeps is copied into `keep`. */
#ifndef ADZE_LOAD_LOADER_H
#define ADZE_LOAD_LOADER_H

#include "load/load.h"
#include "load/onnx.pb-c.h"

#include <string.h>

typedef struct {
    Arena *keep, *wire;
    Diag *diag;
    FileBytes file;       /* the model's; pages of a mapping may be given back */
    const char *path;     /* of the model, or NULL */
    Map *external;        /* location -> FileBytes */
    Graph *graph;         /* the model's, which lists the files; NULL: a tensor alone is read */
    Map *functions;       /* function_key -> Onnx__FunctionProto */
    Map *missing_opsets;  /* domains that were reported */
    size_t node_total;    /* nodes built so far, also in inlined functions */
    size_t errors_before; /* in `diag` when loading began */
    const LoadOptions *options;
} Loader;

/* What a model-local function's body sees of the node that calls it. */
typedef struct Call {
    const struct Call *outer;
    const Onnx__FunctionProto *function;
    const Onnx__NodeProto *node;
    struct Scope *scope; /* where the node stands */
    Map *opsets;
    const char *prefix; /* of names in the body */
} Call;

/* The names that nodes of a graph or of a function's body see. */
typedef struct Scope {
    struct Scope *outer; /* NULL for the model's graph and for functions' bodies */
    Graph *graph;
    Map *values;   /* name -> Value */
    Map *promised; /* of a function's body: outputs that the caller has made already */
    const Call *call;
} Scope;

/* A function's input that its caller left out. */
extern Value absent_value;

/* tensor.c. `who` begins messages: "initializer 'w'". */
bool read_tensor(Loader *l, const Onnx__TensorProto *t, const char *who, Tensor *out);
bool read_dims(Loader *l, const int64_t *dims, size_t count, const char *who, Shape *out);
/* "FLOAT8E5M2 (19)" */
const char *onnx_type_text(Arena *a, int64_t data_type);
/* sparse.c: the dense tensor. */
bool read_sparse(Loader *l, const Onnx__SparseTensorProto *t, const char *who, Tensor *out);
/* external.c: `need` bytes of a file beside the model, which lives as long as the process. */
bool read_external(Loader *l, const Onnx__TensorProto *t, const char *who, size_t need, const FileBytes **file,
                   const unsigned char **out);

/* SHA-256 in hex of the files that read_external read from, one behind the other in the order of their first use; NULL:
 * none. */
const char *external_sha256(Loader *l);

/* inputs.c */
void read_input(Loader *l, Scope *s, const Onnx__ValueInfoProto *info, bool is_main);

/* attrs.c. An attribute that refers to one of the calling node is resolved; *absent: there is none. */
bool read_attr(Loader *l, Scope *s, const Onnx__NodeProto *n, const Onnx__AttributeProto *a, Attr *out, bool *absent);
/* What a Constant node stands for. */
bool read_constant(Loader *l, Scope *s, const Onnx__NodeProto *n, Tensor *out);

/* nodes.c */
void read_nodes(Loader *l, Scope *s, Onnx__NodeProto *const *nodes, size_t count);
void declare(Loader *l, Scope *s, const char *name, Value *v, const char *who);
Value *lookup(const Scope *s, const char *name);
/* "node 'conv1' (Conv)" */
const char *proto_label(Loader *l, const Onnx__NodeProto *n);

/* graphs.c */
void read_graph_into(Loader *l, Scope *s, const Onnx__GraphProto *g, bool is_main);
/* The graph of an attribute; NULL after an error. */
Graph *read_subgraph(Loader *l, Scope *outer, const Onnx__GraphProto *g);
bool read_opsets(Loader *l, Onnx__OperatorSetIdProto *const *imports, size_t count, Map *out);

/* functions.c */
bool collect_functions(Loader *l, const Onnx__ModelProto *m);
const Onnx__FunctionProto *function_of(const Loader *l, const Onnx__NodeProto *n);
void inline_call(Loader *l, Scope *s, const Onnx__NodeProto *n, const Onnx__FunctionProto *f);

/* kind.c: what a file that is no ONNX model looks like, with a hint; NULL when it may be one. */
const char *foreign_kind(const unsigned char *bytes, size_t size);

static inline const char *text_or_empty(const char *s)
{
    return s ? s : "";
}

static inline const char *plain_domain(const char *domain)
{
    return !domain || strcmp(domain, "ai.onnx") == 0 ? "" : domain;
}

#endif
