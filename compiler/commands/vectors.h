/* Golden vectors: in<I>_<K>.npy and out<I>_<K>.npy (input or output I of case K), or ONNX's
 * test_data_set_<K>/input_<I>.pb and output_<I>.pb. */
#ifndef ADZE_COMMANDS_VECTORS_H
#define ADZE_COMMANDS_VECTORS_H

#include "base/diag.h"
#include "base/dtype.h"
#include "ir/graph.h"
#include "target/target.h"

typedef struct {
    const char *name;   /* "3" or "test_data_set_3" */
    StringList in, out; /* paths, by index */
} Case;

typedef ARRAY(Case) CaseList;

/* The cases of a folder in ascending order, each with in0.. and out0.. present without gaps; none is an error. */
bool vectors_find(Arena *a, Diag *d, const char *dir, CaseList *out);
/* A .npy or TensorProto .pb file. */
bool vector_read(Arena *a, Diag *d, const char *path, Tensor *out);
/* Does the file's tensor fit a graph input or output of known type and shape? Reports what differs; then it is in the
 * program's order. */
bool vector_fits(Arena *a, Diag *d, const char *path, Tensor *t, const Value *v, bool last);
/* Floats that become the integers of v (Value.quant): the nearest, half to even, as QuantizeLinear. *to is in the
 * arena. */
bool port_takes_floats(const Value *v, DType from);
void port_quantise(Arena *a, Tensor *t, const Value *v);
/* Element i of an input's or output's bytes; what its integers stand for, where that is known. */
double port_real(const Value *v, const void *bytes, int64_t i);
/* An input or output that --io-layout has with channels last (`last`): the files hold the order of the model. Gives the
 * model's shape of v; turns a file's tensor to the program's order, and the program's bytes to the file's. */
Shape port_shape(const Value *v, bool last);
void port_to_program(Arena *a, Tensor *t, bool last);
Tensor port_to_file(Arena *a, const Value *v, bool last, const void *bytes);
/* All inputs (or outputs) of the graph one behind the other, as the harness reads them: their bytes. */
size_t ports_bytes(const Value *const *ports, size_t count);

#endif
