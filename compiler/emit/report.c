/* NAME.json: what the program is made of, per layer and in total; numbers of the Plan. */
#include "base/version.h"
#include "emit/measure.h"

#include <stdlib.h>

static void put(json_t *o, const char *key, int64_t value)
{
    json_object_set_new(o, key, json_integer((json_int_t)value));
}

static void put_text(json_t *o, const char *key, const char *text)
{
    json_t *string = json_string(text);
    json_object_set_new(o, key, string ? string : json_string("(not UTF-8)"));
}

static json_t *texts_json(const StringList *list)
{
    json_t *out = json_array();
    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(out, json_string(list->items[i]));
    return out;
}

static json_t *shape_json(const Value *v)
{
    json_t *list = json_array();
    for (int i = 0; i < v->shape.rank; i++)
        json_array_append_new(list, json_integer(v->shape.dim[i]));
    return list;
}

/* A name that is UTF-8 as it is; else as messages show it. */
static json_t *name_json(const Report *r, const char *name)
{
    json_t *text = json_string(name);
    return text ? text : json_string(shown_name(r->emitter->arena, name));
}

static json_t *ports_json(const Report *r, Value *const *ports, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *o = json_object();
        json_object_set_new(o, "name", name_json(r, ports[i]->name));
        put_text(o, "type", dtype_name(ports[i]->type));
        json_object_set_new(o, "shape", shape_json(ports[i]));
        put(o, "bytes", (int64_t)value_bytes(ports[i]));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *layer_json(const Report *r, const LayerReport *l)
{
    const Step *s = l->step;
    json_t *o = json_object(), *inputs = json_array();
    put_text(o, "name", s->name);
    json_object_set_new(o, "node", s->node ? name_json(r, s->node->name) : json_null());
    put_text(o, "operator", s->node ? shown_name(r->emitter->arena, s->node->op_type) : "copy");
    json_object_set_new(o, "operators", texts_json(&l->operators));
    put_text(o, "kernel", s->kernel->function);
    for (int k = 0; k < s->in_count; k++)
        if (s->in[k] && !s->in[k]->is_const)
            json_array_append_new(inputs, shape_json(s->in[k]));
    json_object_set_new(o, "input_shapes", inputs);
    if (l->out) {
        json_object_set_new(o, "output_shape", shape_json(l->out));
        put_text(o, "output_type", dtype_name(l->out->type));
        put(o, "output_bytes", (int64_t)value_bytes(l->out));
    }
    put(o, "macs", s->macs);
    put(o, "parameters", l->parameters);
    put(o, "weight_bytes", (int64_t)l->weight_bytes);
    put(o, "scratch_bytes", (int64_t)s->scratch_bytes);
    put(o, "live_bytes", (int64_t)l->live_bytes);
    json_object_set_new(o, "in_place", json_boolean(s->in_place >= 0));
    put_text(o, "in_place_decision", l->in_place);
    json_object_set_new(o, "notes", texts_json(&l->notes));
    return o;
}

static json_t *memory_json(const Report *r)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->blocks.count; i++) {
        const Block *b = &r->blocks.items[i];
        json_t *o = json_object();
        put_text(o, "name", b->name);
        put_text(o, "layer", b->step->name);
        put_text(o, "kind", b->scratch ? "scratch" : "tensor");
        put(o, "offset", (int64_t)b->offset);
        put(o, "bytes", (int64_t)b->bytes);
        put(o, "first", b->first);
        put(o, "last", b->last);
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *passes_json(const Report *r)
{
    const Graph *g = r->emitter->plan->graph;
    json_t *list = json_array();
    for (size_t i = 0; i < g->passes.count; i++) {
        const PassRecord *p = &g->passes.items[i];
        json_t *o = json_object();
        put_text(o, "pass", p->pass);
        put(o, "runs", p->runs);
        put(o, "changes", p->changes);
        put(o, "nodes_added", p->nodes_added);
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *notes_json(const Report *r)
{
    const Graph *g = r->emitter->plan->graph;
    json_t *list = json_array();
    for (size_t i = 0; i < g->notes.count; i++) {
        const GraphNote *n = &g->notes.items[i];
        json_t *o = json_object();
        put_text(o, "pass", n->pass);
        json_object_set_new(o, "node", name_json(r, n->node));
        put_text(o, "text", shown_name(r->emitter->arena, n->text));
        put(o, "macs_saved", n->macs_saved);
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *fits_json(const Report *r)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->fits.count; i++) {
        const Fit *f = &r->fits.items[i];
        json_t *o = json_object();
        put_text(o, "memory", f->memory);
        put(o, "needed_bytes", (int64_t)f->need);
        put(o, "available_bytes", (int64_t)f->have);
        json_object_set_new(o, "fits", json_boolean(f->need <= f->have));
        put_text(o, "text", f->sentence);
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *total_json(const Report *r)
{
    json_t *total = json_object();
    size_t state_bytes = 0;
    put(total, "macs", r->macs);
    put(total, "macs_saved", r->macs_saved);
    put(total, "parameters", r->parameters);
    put(total, "weight_bytes", (int64_t)r->weight_bytes);
    for (size_t i = 0; i < r->emitter->states.count; i++)
        state_bytes += value_bytes(r->emitter->states.items[i].value);
    if (state_bytes)
        put(total, "state_bytes", (int64_t)state_bytes);
    put(total, "arena_bytes", (int64_t)r->arena_bytes);
    put(total, "arena_lower_bound", (int64_t)r->arena_lower_bound);
    put_text(total, "arena_text", r->bound_text);
    put(total, "float_steps", (int64_t)r->float_steps);
    put(total, "input_output_bytes", (int64_t)r->io_bytes);
    put(total, "arena_and_input_output_bytes", (int64_t)(r->arena_bytes + r->io_bytes));
    return total;
}

json_t *report_json(const Report *r)
{
    const Emitter *e = r->emitter;
    const Graph *g = e->plan->graph;
    json_t *root = json_object(), *layers = json_array();
    put_text(root, "adze_version", ADZE_VERSION);
    put_text(root, "name", e->name);
    put_text(root, "model", r->model);
    put_text(root, "model_sha256", e->options->model_hash.hex);
    if (g->data_sha256)
        put_text(root, "data_sha256", g->data_sha256);
    if (e->options->calibration_cases) {
        put_text(root, "calibration_sha256", e->options->calibration_hash.hex);
        put(root, "calibration_samples", (int64_t)e->options->calibration_cases);
    }
    put_text(root, "target", e->target->name);
    json_object_set_new(root, "inputs", ports_json(r, g->inputs.items, g->inputs.count));
    json_object_set_new(root, "outputs", ports_json(r, g->outputs.items, g->outputs.count));
    for (size_t i = 0; i < r->layer_count; i++)
        json_array_append_new(layers, layer_json(r, &r->layers[i]));
    json_object_set_new(root, "layers", layers);
    json_object_set_new(root, "memory_map", memory_json(r));
    json_object_set_new(root, "passes", passes_json(r));
    json_object_set_new(root, "notes", notes_json(r));
    json_object_set_new(root, "memories", fits_json(r));
    json_object_set_new(root, "total", total_json(r));
    return root;
}

void emit_report(const Emitter *e, Buf *out)
{
    Report r;
    report_measure(e, &r);
    json_t *root = report_json(&r);
    char *text = json_dumps(root, JSON_INDENT(2));
    json_decref(root);
    if (!text)
        out_of_memory();
    buf_puts(out, text);
    buf_putc(out, '\n');
    free(text);
}

void emit_report_page(const Emitter *e, Buf *out)
{
    Report r;
    report_measure(e, &r);
    report_html(&r, out);
}
