/* Pipeline files: the options of a command by their long names, as YAML (docs/pipelines.md). The caller says which keys
 * there are; the answer is what one would have typed on the command line. */
#ifndef ADZE_TARGET_PIPELINE_H
#define ADZE_TARGET_PIPELINE_H

#include "base/arena.h"
#include "base/diag.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum {
    PIPELINE_FLAG,   /* true or false */
    PIPELINE_TEXT,   /* a scalar */
    PIPELINE_NUMBER, /* finite */
    PIPELINE_COUNT,  /* a whole number */
    PIPELINE_PATH,   /* relative to the file's folder */
    PIPELINE_TARGET, /* a name, or a path that ends in .yaml */
    PIPELINE_SHAPES, /* {x: [1, 3]}, or a list of x=1,3 */
    PIPELINE_DIMS    /* {batch: 1}, or a list of batch=1 */
} PipelineKind;

typedef struct {
    const char *key;
    PipelineKind kind;
    bool list; /* a list of them, or one alone */
} PipelineKey;

typedef struct {
    size_t key;        /* index of the row */
    const char *text;  /* the value as on the command line; paths joined to the file's folder */
    const char *where; /* "adze.yaml:3:7: 'rtol'", for messages */
} PipelineSetting;

typedef ARRAY(PipelineSetting) PipelineSettings;

/* In the order of the file. False after reporting everything that is wrong, with file, line and column. */
bool pipeline_read(Arena *a, Diag *d, const char *path, const PipelineKey *keys, size_t count, PipelineSettings *out);

#endif
