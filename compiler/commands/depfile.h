/* --depfile: what the output depends on, as a rule of make, which ninja reads as well. */
#ifndef ADZE_COMMANDS_DEPFILE_H
#define ADZE_COMMANDS_DEPFILE_H

#include "base/buf.h"
#include "base/io.h"

/* "dir/a.c dir/b.h: model.onnx board.yaml": names with spaces, #, $ and backslashes escaped as make reads them. False
 * when a name cannot be written so (a line break). */
bool depfile_text(Arena *a, Diag *d, const char *dir, const NameList *outputs, const NameList *inputs, Buf *out);
/* NULL, or the file's name when it lies in the folder `dir` itself. */
const char *depfile_inside(Arena *a, const char *file, const char *dir);
/* A whole file or the old one. */
bool depfile_write(Arena *a, Diag *d, const char *file, const Buf *text);

#endif
