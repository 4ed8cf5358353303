#include "tests/support/operators.h"

#include "base/io.h"
#include "commands/compare.h"
#include "lower/lower.h"

#include <stdlib.h>
#include <string.h>

void operator_texts(Arena *a, StringList *paths)
{
    NameList names = {0};
    Diag *d = diag_new(a);
    io_list(a, d, "tests/operators", &names);
    for (size_t i = 0; i < names.count; i++) {
        const char *dot = strrchr(names.items[i], '.');
        if (dot && strcmp(dot, ".txt") == 0)
            array_push(a, paths, io_join(a, "tests/operators", names.items[i]));
    }
}

bool operator_text_read(Arena *a, const char *path, OperatorText *out)
{
    FileBytes file;
    *out = (OperatorText){.path = path, .diag = diag_new(a)};
    if (!io_map(out->diag, path, &file))
        return false;
    const char *text = arena_strndup(a, file.data, file.size), *line = strstr(text, "\n---\n");
    io_unmap(&file);
    if (!line)
        return false;
    out->graph_text = arena_strndup(a, text, (size_t)(line - text) + 1);
    const char *vectors = line + 5;
    out->graph = graph_read(a, out->diag, out->graph_text, strlen(out->graph_text), path);
    out->vectors = graph_read(a, out->diag, vectors, strlen(vectors), path);
    diag_flush(out->diag, stdout);
    return out->graph && out->vectors;
}

const Value *operator_text_vector(Arena *a, const OperatorText *t, const char *kind, size_t index)
{
    const char *name = arena_printf(a, "%s%zu", kind, index);
    for (size_t i = 0; i < t->vectors->values.count; i++)
        if (strcmp(t->vectors->values.items[i]->name, name) == 0)
            return t->vectors->values.items[i];
    return NULL;
}

static unsigned char *all(Arena *a, const OperatorText *t, const char *kind, size_t *bytes)
{
    const Value *v;
    *bytes = 0;
    for (size_t i = 0; (v = operator_text_vector(a, t, kind, i)) != NULL; i++)
        *bytes += value_bytes(v);
    unsigned char *data = arena_alloc(a, *bytes), *at = data;
    for (size_t i = 0; (v = operator_text_vector(a, t, kind, i)) != NULL; i++) {
        memcpy(at, v->data, value_bytes(v));
        at += value_bytes(v);
    }
    return data;
}

unsigned char *operator_text_inputs(Arena *a, const OperatorText *t, size_t *bytes)
{
    return all(a, t, "in", bytes);
}

unsigned char *operator_text_outputs(Arena *a, const OperatorText *t, size_t *bytes)
{
    unsigned char *data = all(a, t, "out", bytes);
    memset(data, 0xff, *bytes);
    return data;
}

const char *operator_text_compare(Arena *a, const OperatorText *t, const unsigned char *got)
{
    Tolerance tolerance = {.rtol = 1e-5, .atol = 2e-6, .quantile = 1};
    for (size_t i = 0; i < t->graph->outputs.count; i++) {
        const Value *want = operator_text_vector(a, t, "out", i);
        if (!want)
            return arena_printf(a, "out%zu is missing", i);
        Tensor w = value_tensor(want), g = {want->type, want->shape, got};
        Comparison c = {.worst = -1};
        tolerance.rtol =
            want->type == DT_F16 ? 2e-3 : 1e-5; /* two steps of a half: ONNX Runtime rounds each operator's result */
        compare_tensors(&g, &w, &tolerance, &c);
        if (!comparison_passes(&c, &tolerance))
            return arena_printf(a, "output %s: element %lld is %.9g, not %.9g", t->graph->outputs.items[i]->name,
                                (long long)c.worst, c.got, c.want);
        got += value_bytes(want);
    }
    return NULL;
}
