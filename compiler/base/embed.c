#include "base/embed.h"

#include <stdlib.h>
#include <string.h>

#include "embed.inc"

static int compare(const void *name, const void *file)
{
    return strcmp(name, ((const struct EmbeddedFile *)file)->name);
}

const struct EmbeddedFile *embedded_find(const char *name)
{
    return bsearch(name, embedded_files, embedded_count, sizeof embedded_files[0], compare);
}
