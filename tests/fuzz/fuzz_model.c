/* Bytes of an ONNX file to a plan, and of a TensorProto to a tensor. */
#include "load/load.h"
#include "tests/fuzz/fuzz.h"

FUZZ_TARGET(model)(const uint8_t *data, size_t size)
{
    Arena *a = arena_new();
    Diag *d = diag_new(a);
    Graph *g = load_onnx_bytes(a, d, NULL, data, size, NULL);
    fuzz_promise(g ? !d->error_count : d->error_count > 0);
    if (g) {
        fuzz_promise(graph_check(g, d, "load"));
        fuzz_line(a, d, g);
    } else {
        Tensor t;
        load_tensor_bytes(a, diag_new(a), "fuzz.pb", data, size, &t);
    }
    arena_free(a);
    return 0;
}
