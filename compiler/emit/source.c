/* NAME.c: a static function a layer, and NAME_run, which reads as the network does. Four shapes of text: array,
 * parameters, arena, call. */
#include "emit/emit.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const argument[] = {"a", "b", "c", "d", "e", "f"};

static void put_float(Buf *out, float v)
{
    if (isinf(v)) {
        buf_puts(out, v < 0 ? "-INFINITY" : "INFINITY");
        return;
    }
    if (isnan(v)) {
        buf_puts(out, "NAN");
        return;
    }
    char text[40];
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)v);
        float back = 0;
        sscanf(text, "%f", &back);
        if (back == v)
            break;
    }
    buf_puts(out, text);
    buf_puts(out, strpbrk(text, ".e") ? "f" : ".0f");
}

static void put_field(Buf *out, const ParamField *f, const unsigned char *params)
{
    const unsigned char *at = params + f->offset;
    int count = f->count;
    if (count > 1) { /* trailing zeros of an array are implied */
        static const unsigned char zero[4];
        while (count > 1 && memcmp(at + 4 * (count - 1), zero, 4) == 0)
            count--;
    }
    buf_printf(out, ".%s = %s", f->name, f->count > 1 ? "{" : "");
    for (int i = 0; i < count; i++) {
        if (i)
            buf_puts(out, ", ");
        if (f->type == 'f') {
            float v;
            memcpy(&v, at + 4 * i, sizeof v);
            put_float(out, v);
        } else {
            int32_t v;
            memcpy(&v, at + 4 * i, sizeof v);
            buf_printf(out, "%" PRId32, v);
        }
    }
    buf_puts(out, f->count > 1 ? "}" : "");
}

/* `static const adze_conv_params p = {...};`, wrapped at 110 columns. */
static void put_params(Buf *out, const Step *s)
{
    const ParamStruct *ps = param_struct(s->params_type);
    buf_printf(out, "    static const %s p = {\n", s->params_type);
    size_t line = out->length;
    buf_puts(out, "        ");
    for (size_t i = 0; i < ps->field_count; i++) {
        Buf field = {0};
        put_field(&field, &ps->fields[i], s->params);
        if (i && out->length - line + field.length > 108) {
            buf_puts(out, "\n");
            line = out->length;
            buf_puts(out, "        ");
        } else if (i) {
            buf_puts(out, " ");
        }
        buf_puts(out, buf_text(&field));
        buf_puts(out, ",");
        buf_free(&field);
    }
    buf_puts(out, "\n    };\n");
}

static bool is_variable(const Emitter *e, const Value *v)
{
    return v && !place_root(e->plan, v)->is_const;
}

static void layer_signature(const Emitter *e, const Step *s, Buf *out)
{
    buf_printf(out, "static void layer_%s(", s->name);
    const char *comma = "";
    for (int k = 0; k < s->in_count; k++)
        if (is_variable(e, s->in[k])) {
            buf_printf(out, "%sconst %s *%s", comma, dtype_c_type(s->in[k]->type), argument[k]);
            comma = ", ";
        }
    for (int k = 0; k < s->out_count; k++)
        if (s->out[k]) {
            buf_printf(out, "%s%s *y%s", comma, dtype_c_type(s->out[k]->type), k ? argument[k] : "");
            comma = ", ";
        }
    buf_printf(out, "%s)\n", s->scratch_bytes ? ", float *scratch" : "");
}

static void layer_comment(const Emitter *e, const Step *s, Buf *out)
{
    const char *label = s->node && s->node->name[0] ? c_comment(e->arena, s->node->name) : s->name;
    buf_printf(out, "/* %s: %s%s%s", label, s->node ? s->node->op_type : "copy", s->function ? " " : "",
               s->function ? s->function : "");
    char shape[SHAPE_TEXT_BYTES];
    if (s->in[0])
        buf_printf(out, ", %s", shape_text(&s->in[0]->shape, shape, sizeof shape));
    if (s->out[0])
        buf_printf(out, " -> %s", shape_text(&s->out[0]->shape, shape, sizeof shape));
    if (s->macs)
        buf_printf(out, ", %" PRId64 " MACs", s->macs);
    buf_puts(out, " */\n");
}

static void layer_function(const Emitter *e, const Step *s, Buf *out)
{
    layer_comment(e, s, out);
    layer_signature(e, s, out);
    buf_puts(out, "{\n");
    put_params(out, s);
    buf_printf(out, "    %s(&p", s->kernel->function);
    for (int k = 0; k < s->in_count; k++) {
        if (!s->in[k]) {
            buf_puts(out, ", NULL");
        } else if (is_variable(e, s->in[k])) {
            buf_printf(out, ", %s", argument[k]);
        } else {
            const WeightSlot *w = weight_slot(e, s, k);
            buf_printf(out, ", %s_weights.%s + %zu", e->name, dtype_name(w->type), w->offset / dtype_size(w->type));
        }
    }
    for (int k = 0; k < s->out_count; k++)
        buf_printf(out, s->out[k] ? ", y%s" : ", NULL", s->out[k] && k ? argument[k] : "");
    buf_printf(out, "%s);\n}\n\n", s->scratch_bytes ? ", scratch" : "");
}

/* The expression for a value's bytes inside NAME_run. */
static void put_value(const Emitter *e, const Value *v, Buf *out)
{
    const Value *root = place_root(e->plan, v);
    const Place *at = &e->plan->places[root->id];
    bool cast = root->type != v->type;
    if (cast)
        buf_printf(out, "(%s *)", dtype_c_type(v->type));
    if (at->kind == PLACE_INPUT)
        buf_puts(out, e->input_names[at->index]);
    else if (at->kind == PLACE_OUTPUT)
        buf_puts(out, e->output_names[at->index]);
    else if (e->member[root->id])
        buf_printf(out, "arena->%s.v", e->member[root->id]);
    else /* a tensor of no elements */
        buf_printf(out, "(%s *)arena->bytes_", dtype_c_type(v->type));
}

static void call(const Emitter *e, const Step *s, size_t index, Buf *out)
{
    buf_printf(out, "    %s_LAYER_BEGIN(%zu, \"%s\");\n    layer_%s(", e->upper, index, s->name, s->name);
    const char *comma = "";
    for (int k = 0; k < s->in_count; k++)
        if (is_variable(e, s->in[k])) {
            buf_puts(out, comma);
            put_value(e, s->in[k], out);
            comma = ", ";
        }
    for (int k = 0; k < s->out_count; k++)
        if (s->out[k]) {
            buf_puts(out, comma);
            put_value(e, s->out[k], out);
            comma = ", ";
        }
    if (s->scratch_bytes)
        buf_printf(out, ", arena->%s_scratch.v", s->name);
    buf_printf(out, ");\n    %s_LAYER_END(%zu, \"%s\");\n", e->upper, index, s->name);
}

static void includes(const Emitter *e, Buf *out)
{
    buf_printf(out, "#include \"%s.h\"\n", e->name);
    if (e->weight_bytes)
        buf_printf(out, "#include \"%s_weights.h\"\n", e->name);
    if (e->options->mode == MODE_SPEED)
        buf_puts(out, "\n#define ADZE_INLINE /* a copy of its kernel a layer, with constant shapes */\n");
    buf_puts(out, "#include <math.h>\n#include <stddef.h>\n");
    Map *seen = map_new(e->arena);
    for (size_t i = 0; i < e->plan->steps.count; i++) {
        const Kernel *k = e->plan->steps.items[i]->kernel;
        if (!map_has(seen, k->header))
            buf_printf(out, "#include \"%s\"\n", runtime_file_name(e->arena, k->header));
        map_set(seen, k->header, seen);
    }
}

/* Kernels that use an instruction-set extension compile on that machine only; portable ones compile anywhere, so that a
 * user can test on a PC what a board will run. */
static void guard(const Emitter *e, Buf *out)
{
    bool bound = false;
    for (size_t i = 0; i < e->plan->steps.count; i++)
        bound |= e->plan->steps.items[i]->kernel->feature[0] != 0;
    if (bound && e->target->arch_macro && e->target->arch_macro[0])
        buf_printf(out, "\n#if !(%s)\n#error \"this code was generated for %s\"\n#endif\n", e->target->arch_macro,
                   c_comment(e->arena, e->target->name));
}

static void run_function(const Emitter *e, Buf *out)
{
    const Graph *g = e->plan->graph;
    buf_printf(out, "int %s_run(%s_arena *arena", e->name, e->name);
    for (size_t i = 0; i < g->inputs.count; i++)
        buf_printf(out, ", const %s *%s", dtype_c_type(g->inputs.items[i]->type), e->input_names[i]);
    for (size_t i = 0; i < g->outputs.count; i++)
        buf_printf(out, ", %s *%s", dtype_c_type(g->outputs.items[i]->type), e->output_names[i]);
    buf_puts(out, ")\n{\n    if (!arena");
    for (size_t i = 0; i < g->inputs.count; i++)
        buf_printf(out, " || !%s", e->input_names[i]);
    for (size_t i = 0; i < g->outputs.count; i++)
        buf_printf(out, " || !%s", e->output_names[i]);
    buf_printf(out, ")\n        return %s_NULL_POINTER;\n", e->upper);
    for (size_t i = 0; i < e->plan->steps.count; i++)
        call(e, e->plan->steps.items[i], i, out);
    buf_printf(out, "    return %s_OK;\n}\n", e->upper);
}

void emit_source(const Emitter *e, Buf *out)
{
    buf_printf(out, "/* %s.c: the network, layer by layer. Generated by adze. SPDX-License-Identifier: 0BSD */\n", e->name);
    includes(e, out);
    guard(e, out);
    buf_printf(out,
               "\n/* Called around each layer; define them for a profiler or a watchdog. */\n"
               "#ifndef %s_LAYER_BEGIN\n#define %s_LAYER_BEGIN(index, name) ((void)0)\n#endif\n"
               "#ifndef %s_LAYER_END\n#define %s_LAYER_END(index, name) ((void)0)\n#endif\n\n",
               e->upper, e->upper, e->upper, e->upper);
    buf_printf(out, "/* The arena's size as planned is its size in memory. */\n"
                    "typedef char %s_arena_check_[sizeof(%s_arena) == %s_ARENA_BYTES ? 1 : -1];\n\n",
               e->name, e->name, e->upper);
    for (size_t i = 0; i < e->plan->steps.count; i++)
        layer_function(e, e->plan->steps.items[i], out);
    run_function(e, out);
}
