/* ONNX files to a Graph: https://github.com/onnx/onnx/blob/main/docs/IR.md
 *
 * What the graph is afterwards: nodes in topological order; initializers and Constant nodes are constants; calls of
 * model-local functions are replaced by their bodies; inputs have types and, as far as the model or the options say,
 * shapes; all other types and shapes are open; operators are not bound (ops_bind). */
#ifndef ADZE_LOAD_LOAD_H
#define ADZE_LOAD_LOAD_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/io.h"
#include "ir/graph.h"

/* --shape NAME=1,3,224,224; -1 leaves a dimension as the model has it. */
typedef struct {
    const char *name;
    Shape shape;
    const char *file; /* of vectors, whose shape it is; NULL: the user gave it */
} InputShape;

/* --dim batch=1: the dimensions that the model calls `name`. */
typedef struct {
    const char *name;
    int64_t value;
} InputDim;

typedef struct {
    const InputShape *shapes;
    size_t shape_count;
    const InputDim *dims;
    size_t dim_count;
} LoadOptions;

/* Fixes what the graph's inputs leave open, also in a graph that was read from text; false after errors. load_onnx does
 * it for its graph. */
bool load_fix_inputs(Diag *d, Graph *g, const LoadOptions *opt);

/* NULL after errors, of which there may be several. Constants may point into the mapped file, which stays mapped until
 * the process ends; all else is allocated from `a`. `opt` may be NULL. Sets d->file. */
Graph *load_onnx(Arena *a, Diag *d, const char *path, const LoadOptions *opt);
/* The same from a file that io_map has mapped: pages whose bytes had to be copied are given back to the system. */
Graph *load_onnx_file(Arena *a, Diag *d, const char *path, const FileBytes *f, const LoadOptions *opt);
/* The same from memory, which must live as long as the graph and is not changed. `path` names the model in messages;
 * external data is looked for in its folder (NULL: there must be none). */
Graph *load_onnx_bytes(Arena *a, Diag *d, const char *path, const void *bytes, size_t size, const LoadOptions *opt);
/* A TensorProto alone in a file, as in ONNX's test_data_set_0/input_0.pb. */
bool load_tensor_pb(Arena *a, Diag *d, const char *path, Tensor *out);
bool load_tensor_bytes(Arena *a, Diag *d, const char *path, const void *bytes, size_t size, Tensor *out);

#endif
