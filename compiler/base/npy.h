/* NumPy's .npy files, format 1.0 to 3.0: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
#ifndef ADZE_BASE_NPY_H
#define ADZE_BASE_NPY_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/dtype.h"

/* From memory; out->data points into `bytes` when the file is C-ordered, little-endian and suitably aligned, else it
 * is a converted copy in the arena (big-endian and Fortran order are converted). `name` is for messages. */
bool npy_parse(Arena *a, Diag *d, const char *name, const void *bytes, size_t size, Tensor *out);
bool npy_read(Arena *a, Diag *d, const char *path, Tensor *out);
bool npy_write(Diag *d, const char *path, const Tensor *t);

#endif
