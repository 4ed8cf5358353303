/* .npy bytes to a tensor whose every byte can be read. */
#include "base/npy.h"
#include "tests/fuzz/fuzz.h"

FUZZ_TARGET(npy)(const uint8_t *data, size_t size)
{
    Arena *a = arena_new();
    Diag *d = diag_new(a);
    Tensor t;
    bool ok = npy_parse(a, d, "fuzz.npy", data, size, &t);
    fuzz_promise(ok ? !d->error_count : d->error_count > 0);
    size_t bytes;
    if (ok) {
        fuzz_promise(tensor_bytes(&t, &bytes));
        volatile unsigned char sum = 0;
        for (size_t i = 0; i < bytes; i++)
            sum = (unsigned char)(sum + ((const unsigned char *)t.data)[i]);
    }
    arena_free(a);
    return 0;
}
