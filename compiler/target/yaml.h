/* YAML as a tree of values that know where they stand: for target files and pipeline files. Scalars, lists and
 * mappings; no aliases, tags, merge keys or several documents. Duplicate keys are refused, nesting and size bounded.
 * Every error names file, line and column: `targets/x.yaml:3:7: 'word_bits' is 'many'; expected an integer`. */
#ifndef ADZE_TARGET_YAML_H
#define ADZE_TARGET_YAML_H

#include "base/arena.h"
#include "base/diag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { YAML_MAX_BYTES = 1 << 20, YAML_MAX_DEPTH = 16, YAML_MAX_VALUES = 20000 };

typedef enum { YAML_SCALAR, YAML_LIST, YAML_MAP } YamlKind;

typedef struct YamlValue YamlValue;

typedef struct {
    const YamlValue *key; /* a scalar */
    const YamlValue *value;
} YamlPair;

struct YamlValue {
    YamlKind kind;
    const char *file;
    int line, column;               /* from 1 */
    const char *what;               /* the key that it belongs to, for messages; "" at the root */
    const char *text;               /* YAML_SCALAR */
    bool quoted;                    /* '5' is a string, 5 is a number */
    ARRAY(const YamlValue *) items; /* YAML_LIST */
    ARRAY(YamlPair) pairs;          /* YAML_MAP */
};

/* NULL after reporting. `file` is for messages. An empty document is an empty mapping. */
const YamlValue *yaml_parse(Arena *a, Diag *d, const char *file, const void *bytes, size_t size);

/* Reports at v's place; returns false. */
bool yaml_error(Diag *d, const YamlValue *v, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* v must be a mapping whose keys are all in `known` (NULL-terminated); reports every other key. */
bool yaml_check_keys(Diag *d, const YamlValue *v, const char *const *known);
/* The value of a key of a mapping, or NULL. */
const YamlValue *yaml_get(const YamlValue *map, const char *key);

/* Each reports and returns false when v is something else. */
bool yaml_text(Diag *d, const YamlValue *v, const char **out); /* any scalar but null, as it is written */
bool yaml_bool(Diag *d, const YamlValue *v, bool *out);        /* true, false */
bool yaml_int(Diag *d, const YamlValue *v, int64_t low, int64_t high, int64_t *out);
bool yaml_number(Diag *d, const YamlValue *v, double *out); /* finite */
bool yaml_bytes(Diag *d, const YamlValue *v, size_t *out);  /* 4096, 64K, 2M, 1G (powers of 1024) */
bool yaml_list(Diag *d, const YamlValue *v);
bool yaml_map(Diag *d, const YamlValue *v);

#endif
