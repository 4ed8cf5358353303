/* The files that adze carries: everything below runtime/ and targets/, and the plugin that counts instructions as
 * "targets/icount.so". Written into C by tools/embed.c. */
#ifndef ADZE_BASE_EMBED_H
#define ADZE_BASE_EMBED_H

#include <stddef.h>

struct EmbeddedFile {
    const char *name;          /* path from the root of the sources: "runtime/tile/conv.h" */
    const unsigned char *data; /* a zero byte follows, which size does not count */
    size_t size;
};

extern const struct EmbeddedFile embedded_files[]; /* sorted by name */
extern const size_t embedded_count;

/* NULL when there is no such file. */
const struct EmbeddedFile *embedded_find(const char *name);

#endif
