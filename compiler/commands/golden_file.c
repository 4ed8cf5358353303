#include "base/hash.h"
#include "base/io.h"
#include "base/npy.h"
#include "base/version.h"
#include "commands/golden.h"

#include <stdlib.h>
#include <string.h>

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static json_t *text(const char *s)
{
    json_t *j = json_string(s);
    return j ? j : json_null();
}

static json_t *port_json(const Value *v, const char *file, const Tensor *t)
{
    json_t *o = json_object(), *shape = json_array();
    json_object_set_new(o, "name", text(v->name));
    json_object_set_new(o, "file", text(file));
    json_object_set_new(o, "type", text(dtype_name(v->type)));
    for (int i = 0; i < t->shape.rank; i++)
        json_array_append_new(shape, json_integer(t->shape.dim[i]));
    json_object_set_new(o, "shape", shape);
    json_object_set_new(o, "sha256", text(sha256(t->data, value_bytes(v)).hex));
    return o;
}

/* Names number the files of a kind; states are not among the inputs of a case. */
static const char *file_name(Command *c, const char *kind, size_t i, size_t k)
{
    return arena_printf(c->keep, "%s%zu_%zu.npy", kind, i, k);
}

static bool is_state(const Graph *g, size_t input)
{
    return graph_state_of_input(g, input) >= 0;
}

static json_t *case_json(Command *c, const Build *b, const GoldenCases *g, size_t k)
{
    const Graph *graph = b->compilation.graph;
    const unsigned char *in = g->in + k * b->in_bytes, *out = g->out + k * b->out_bytes;
    json_t *o = json_object(), *inputs = json_array(), *outputs = json_array();
    size_t file = 0;
    for (size_t i = 0; i < graph->inputs.count; i++) {
        const Value *v = graph->inputs.items[i];
        if (is_state(graph, i))
            continue;
        Tensor t = port_to_file(c->keep, v, graph->inputs_last && graph->inputs_last[i], in);
        json_array_append_new(inputs, port_json(v, file_name(c, "in", file++, k), &t));
        in += value_bytes(v);
    }
    for (size_t i = 0; i < graph->outputs.count; i++) {
        const Value *v = graph->outputs.items[i];
        Tensor t = port_to_file(c->keep, v, graph->outputs_last && graph->outputs_last[i], out);
        json_array_append_new(outputs, port_json(v, file_name(c, "out", i, k), &t));
        out += value_bytes(v);
    }
    json_object_set_new(o, "inputs", inputs);
    json_object_set_new(o, "outputs", outputs);
    return o;
}

json_t *golden_json(Command *c, const Build *b, const GoldenCases *g, const char *target)
{
    const Compilation *comp = &b->compilation;
    json_t *root = json_object(), *cases = json_array();
    json_object_set_new(root, "adze_version", text(ADZE_VERSION));
    json_object_set_new(root, "name", text(comp->name));
    json_object_set_new(root, "model", text(base_name(comp->options.model)));
    json_object_set_new(root, "model_sha256", text(comp->model_hash.hex));
    if (comp->graph->data_sha256)
        json_object_set_new(root, "data_sha256", text(comp->graph->data_sha256));
    json_object_set_new(root, "target", text(target));
    json_object_set_new(root, "computed_on", text(comp->target.name));
    json_object_set_new(root, "options", text(comp->options.options_text));
    for (size_t k = 0; k < g->cases; k++)
        json_array_append_new(cases, case_json(c, b, g, k));
    json_object_set_new(root, "cases", cases);
    return root;
}

static bool write_port(Command *c, const char *dir, const char *file, const Value *v, bool last,
                       const unsigned char **bytes)
{
    Tensor t = port_to_file(c->keep, v, last, *bytes);
    *bytes += value_bytes(v);
    return npy_write(c->diag, io_join(c->keep, dir, file), &t);
}

bool golden_write(Command *c, const Build *b, const GoldenCases *g, json_t *root, const char *dir)
{
    const Graph *graph = b->compilation.graph;
    bool ok = true;
    for (size_t k = 0; k < g->cases && ok; k++) {
        const unsigned char *in = g->in + k * b->in_bytes, *out = g->out + k * b->out_bytes;
        size_t file = 0;
        for (size_t i = 0; i < graph->inputs.count && ok; i++)
            if (!is_state(graph, i))
                ok = write_port(c, dir, file_name(c, "in", file++, k), graph->inputs.items[i],
                                graph->inputs_last && graph->inputs_last[i], &in);
        for (size_t i = 0; i < graph->outputs.count && ok; i++)
            ok = write_port(c, dir, file_name(c, "out", i, k), graph->outputs.items[i],
                            graph->outputs_last && graph->outputs_last[i], &out);
    }
    char *json = json_dumps(root, JSON_INDENT(2));
    if (!json)
        out_of_memory();
    const char *line = arena_printf(c->keep, "%s\n", json);
    free(json);
    return ok && io_write(c->diag, io_join(c->keep, dir, "golden.json"), line, strlen(line));
}

static const char *json_path(Command *c, const char *dir)
{
    return io_join(c->keep, dir, "golden.json");
}

bool golden_exists(Command *c, const char *dir)
{
    return io_exists(json_path(c, dir));
}

static const char *key(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    return s ? s : "";
}

/* The hash that golden.json has for an output's file, or NULL. */
static const char *wanted_hash(const json_t *root, const char *file)
{
    size_t k, i;
    json_t *one, *output;
    json_array_foreach(json_object_get(root, "cases"), k, one)
    {
        json_array_foreach(json_object_get(one, "outputs"), i, output)
        {
            if (strcmp(key(output, "file"), file) == 0)
                return key(output, "sha256");
        }
    }
    return NULL;
}

static bool check_file(Command *c, const json_t *root, const char *path)
{
    Tensor t;
    size_t bytes = 0;
    Arena *scratch = arena_new();
    const char *file = base_name(path), *want = wanted_hash(root, file);
    bool ok =
        want || diag_error(c->diag, "%s: golden.json does not name it; hint: write the folder again with 'adze golden'",
                           diag_quote(c->keep, path));
    ok = ok && vector_read(scratch, c->diag, path, &t) && tensor_bytes(&t, &bytes);
    if (ok && strcmp(sha256(t.data, bytes).hex, want) != 0)
        ok = diag_error(c->diag, "%s: its SHA-256 is not the one in golden.json: the file has been changed",
                        diag_quote(c->keep, path));
    arena_free(scratch);
    return ok;
}

static bool check_cases(Command *c, const json_t *root, const char *dir, const CaseList *cases)
{
    size_t listed = json_array_size(json_object_get(root, "cases"));
    if (listed != cases->count)
        return diag_error(c->diag, "%s: golden.json has %zu cases, the folder %zu", diag_quote(c->keep, dir), listed,
                          cases->count);
    bool ok = true;
    for (size_t k = 0; k < cases->count; k++)
        for (size_t i = 0; i < cases->items[k].out.count; i++)
            ok = check_file(c, root, cases->items[k].out.items[i]) && ok;
    return ok;
}

static void check_model_hash(Command *c, const char *path, const char *what, const char *then, const char *now)
{
    if (strcmp(then, now) != 0)
        diag_warning(c->diag, "%s was written for another state of %s (SHA-256 %.12s, now %.12s)", path, what,
                     *then ? then : "none", *now ? now : "none");
}

bool golden_check(Command *c, const Compilation *comp, const char *dir, const CaseList *cases)
{
    const char *path = json_path(c, dir);
    FileBytes bytes;
    json_error_t error;
    if (!io_map(c->diag, path, &bytes))
        return false;
    json_t *root = json_loadb(bytes.data, bytes.size, 0, &error);
    io_unmap(&bytes);
    if (!root)
        return diag_error(c->diag, "%s:%d:%d: %s", path, error.line, error.column, error.text);
    check_model_hash(c, path, "the model", key(root, "model_sha256"), comp->model_hash.hex);
    check_model_hash(c, path, "the model's external data", key(root, "data_sha256"),
                     comp->graph->data_sha256 ? comp->graph->data_sha256 : "");
    bool ok = check_cases(c, root, dir, cases);
    json_decref(root);
    return ok;
}
