/* NAME.json: what the program is made of, per layer and in total; numbers of the Plan. */
#include "emit/emit.h"
#include "base/version.h"

#include <jansson.h>
#include <stdlib.h>

static json_t *shape_json(const Value *v)
{
    json_t *list = json_array();
    for (int i = 0; i < v->shape.rank; i++)
        json_array_append_new(list, json_integer(v->shape.dim[i]));
    return list;
}

static json_t *port_json(const Emitter *e, const Value *v)
{
    (void)e;
    json_t *o = json_object();
    json_t *name = json_string(v->name);
    json_object_set_new(o, "name", name ? name : json_string("(not UTF-8)"));
    json_object_set_new(o, "type", json_string(dtype_name(v->type)));
    json_object_set_new(o, "shape", shape_json(v));
    return o;
}

static size_t layer_weight_bytes(const Emitter *e, const Step *s)
{
    size_t bytes = 0;
    for (int k = 0; k < s->in_count; k++)
        if (s->in[k] && place_root(e->plan, s->in[k])->is_const)
            bytes += weight_slot(e, s, k)->bytes;
    return bytes;
}

static json_t *layer_json(const Emitter *e, const Step *s, json_int_t *parameters)
{
    json_t *o = json_object();
    json_object_set_new(o, "name", json_string(s->name));
    json_object_set_new(o, "operator", json_string(s->node ? s->node->op_type : "copy"));
    json_object_set_new(o, "kernel", json_string(s->kernel->function));
    json_object_set_new(o, "macs", json_integer(s->macs));
    json_object_set_new(o, "weight_bytes", json_integer((json_int_t)layer_weight_bytes(e, s)));
    json_object_set_new(o, "scratch_bytes", json_integer((json_int_t)s->scratch_bytes));
    if (s->out[0]) {
        json_object_set_new(o, "output_shape", shape_json(s->out[0]));
        json_object_set_new(o, "output_bytes", json_integer((json_int_t)value_bytes(s->out[0])));
    }
    for (int k = 0; k < s->in_count; k++)
        if (s->in[k] && s->in[k]->is_const)
            *parameters += shape_count(&s->in[k]->shape);
    return o;
}

void emit_report(const Emitter *e, Buf *out)
{
    json_t *root = json_object(), *layers = json_array(), *total = json_object();
    json_object_set_new(root, "adze_version", json_string(ADZE_VERSION));
    json_object_set_new(root, "name", json_string(e->name));
    json_object_set_new(root, "model_sha256", json_string(e->options->model_hash.hex));
    json_object_set_new(root, "target", json_string(e->target->name));
    json_t *inputs = json_array(), *outputs = json_array();
    for (size_t i = 0; i < e->plan->graph->inputs.count; i++)
        json_array_append_new(inputs, port_json(e, e->plan->graph->inputs.items[i]));
    for (size_t i = 0; i < e->plan->graph->outputs.count; i++)
        json_array_append_new(outputs, port_json(e, e->plan->graph->outputs.items[i]));
    json_object_set_new(root, "inputs", inputs);
    json_object_set_new(root, "outputs", outputs);
    json_int_t macs = 0, parameters = 0;
    for (size_t i = 0; i < e->plan->steps.count; i++) {
        macs += e->plan->steps.items[i]->macs;
        json_array_append_new(layers, layer_json(e, e->plan->steps.items[i], &parameters));
    }
    json_object_set_new(root, "layers", layers);
    json_object_set_new(total, "macs", json_integer(macs));
    json_object_set_new(total, "parameters", json_integer(parameters));
    json_object_set_new(total, "weight_bytes", json_integer((json_int_t)e->weight_bytes));
    json_object_set_new(total, "arena_bytes", json_integer((json_int_t)e->plan->arena_bytes));
    json_object_set_new(total, "arena_lower_bound", json_integer((json_int_t)e->plan->arena_lower_bound));
    json_object_set_new(root, "total", total);
    char *text = json_dumps(root, JSON_INDENT(2));
    json_decref(root);
    if (!text)
        out_of_memory();
    buf_puts(out, text);
    buf_putc(out, '\n');
    free(text);
}
