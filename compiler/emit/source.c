/* NAME.c: a static function a layer, and NAME_run, which reads as the network does. Four shapes of text: array,
 * parameters, arena, call. */
#include "emit/emit.h"

#include <stdio.h>
#include <string.h>

/* The operands' names as the kernels have them. */
const char *operand_name(const Step *s, int k)
{
    static const char *const weighted[] = {"x", "w", "bias", "residual", "e", "f"};
    static const char *const norm[] = {"x", "scale", "bias", "d", "e", "f"};
    static const char *const where[] = {"condition", "a", "b", "d", "e", "f"};
    static const char *const other[] = {"a", "b", "c", "d", "e", "f"};
    switch (s->kind) {
    case KIND_CONV:
    case KIND_DEPTHWISE:
    case KIND_GEMM:
        return weighted[k];
    case KIND_GROUPNORM:
        return norm[k];
    case KIND_WHERE:
        return where[k];
    default:
        return s->in_count == 1 ? "x" : other[k];
    }
}

static const char *result_name(const Emitter *e, int k)
{
    return k ? arena_printf(e->arena, "y%d", k) : "y";
}

static bool is_variable(const Emitter *e, const Value *v)
{
    return v && !place_root(e->plan, v)->is_const;
}

static bool uses_weights(const Emitter *e, const Step *s)
{
    for (int k = 0; k < s->in_count; k++)
        if (s->in[k] && !is_variable(e, s->in[k]))
            return true;
    return false;
}

static bool takes_weights(const Emitter *e, const Step *s)
{
    return weights_are_argument(e) && uses_weights(e, s);
}

static void layer_signature(const Emitter *e, const Step *s, Buf *out)
{
    buf_printf(out, "static void layer_%s(", s->name);
    const char *comma = "";
    for (int k = 0; k < s->in_count; k++)
        if (is_variable(e, s->in[k])) {
            buf_printf(out, "%sconst %s *%s", comma, dtype_c_type(s->in[k]->type), operand_name(s, k));
            comma = ", ";
        }
    for (int k = 0; k < s->out_count; k++)
        if (s->out[k]) {
            buf_printf(out, "%s%s *%s", comma, dtype_c_type(s->out[k]->type), result_name(e, k));
            comma = ", ";
        }
    buf_puts(out, s->scratch_bytes ? ", float *scratch" : "");
    if (takes_weights(e, s))
        buf_printf(out, ", const %s_weights_data *weights", e->name);
    buf_puts(out, ")\n");
}

const char *constant_text(const Emitter *e, const Step *s, int k)
{
    const WeightSlot *w = weight_slot(e, s, k);
    size_t index = w->offset / dtype_size(w->type);
    const char *from = weights_are_argument(e) ? "weights->" : arena_printf(e->arena, "%s_weights.", e->name);
    const char *text = arena_printf(e->arena, "%s%s", from, dtype_name(w->type));
    return index ? arena_printf(e->arena, "%s + %zu", text, index) : text;
}

static void kernel_call(const Emitter *e, const Step *s, Buf *out)
{
    size_t line = out->length;
    buf_printf(out, "    %s(&p", s->kernel->function);
    for (int k = 0; k < s->in_count; k++) {
        if (!s->in[k])
            emit_wrapped(out, &line, ", ", "NULL");
        else if (is_variable(e, s->in[k]))
            emit_wrapped(out, &line, ", ", operand_name(s, k));
        else
            emit_wrapped(out, &line, ", ", constant_text(e, s, k));
    }
    for (int k = 0; k < s->out_count; k++)
        emit_wrapped(out, &line, ", ", s->out[k] ? result_name(e, k) : "NULL");
    if (s->scratch_bytes)
        emit_wrapped(out, &line, ", ", "scratch");
    buf_puts(out, ");\n");
}

static void layer_function(const Emitter *e, const Step *s, size_t index, Buf *out)
{
    emit_layer_comment(e, s, out);
    layer_signature(e, s, out);
    buf_puts(out, "{\n");
    if (!s->expression)
        emit_layer_params(s, out);
    for (int k = 0; s->expression && k < s->in_count; k++)
        if (!is_variable(e, s->in[k]))
            buf_printf(out, "    const float *%s = %s;\n", operand_name(s, k), constant_text(e, s, k));
    buf_printf(out, "    %s_LAYER_BEGIN(%zu, \"%s\");\n", e->upper, index, s->name);
    if (s->expression)
        emit_expression(e, s, out);
    else
        kernel_call(e, s, out);
    buf_printf(out, "    %s_LAYER_END(%zu, \"%s\");\n}\n\n", e->upper, index, s->name);
}

/* The expression for a value's bytes inside NAME_run. */
static const char *value_text(const Emitter *e, const Value *v)
{
    const Value *root = place_root(e->plan, v);
    const Place *at = &e->plan->places[root->id];
    const char *cast = root->type != v->type ? arena_printf(e->arena, "(%s *)", dtype_c_type(v->type)) : "";
    const char *text =
        at->kind == PLACE_INPUT ? e->input_text[at->index]
        : at->kind == PLACE_OUTPUT
            ? e->output_text[at->index]
            : arena_printf(e->arena, "%s->%s.v", arena_variable(e, arena_at(e, at->offset)), e->member[root->id]);
    return arena_printf(e->arena, "%s%s", cast, text);
}

static void call(const Emitter *e, const Step *s, Buf *out)
{
    size_t line = out->length;
    buf_printf(out, "    layer_%s(", s->name);
    const char *comma = "";
    for (int k = 0; k < s->in_count; k++)
        if (is_variable(e, s->in[k])) {
            emit_wrapped(out, &line, comma, value_text(e, s->in[k]));
            comma = ", ";
        }
    for (int k = 0; k < s->out_count; k++)
        if (s->out[k]) {
            emit_wrapped(out, &line, comma, value_text(e, s->out[k]));
            comma = ", ";
        }
    if (s->scratch_bytes)
        emit_wrapped(
            out, &line, ", ",
            arena_printf(e->arena, "%s->%s_scratch.v", arena_variable(e, arena_at(e, s->scratch_offset)), s->name));
    if (takes_weights(e, s))
        emit_wrapped(out, &line, ", ", "constants_");
    buf_puts(out, ");\n");
}

static void includes(const Emitter *e, const char *body, Buf *out)
{
    buf_printf(out, "#include \"%s.h\"\n", e->name);
    if (e->weight_bytes)
        buf_printf(out, "#include \"%s_weights.h\"\n", e->name);
    buf_puts(out, "\n");
    if (strstr(body, "INFINITY") || strstr(body, " NAN"))
        buf_puts(out, "#include <math.h>\n");
    if (strstr(body, "NULL"))
        buf_puts(out, "#include <stddef.h>\n");
    if (strstr(body, "memset(") || strstr(body, "memcmp("))
        buf_puts(out, "#include <string.h>\n");
    if (e->options->mode == MODE_SPEED)
        buf_puts(out, "\n#define ADZE_INLINE /* a copy of its kernel a layer, with constant shapes */\n");
    if (e->options->mode == MODE_SIZE)
        buf_puts(out, "\n#define ADZE_SIZE /* the smaller form of a kernel, where it has one */\n");
    emit_narrow(e, out);
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

static void hooks(const Emitter *e, Buf *out)
{
    buf_printf(out,
               "\n/* Around each layer, for a profiler or a watchdog: define them in a header of your own, which\n"
               " * -D%s_CONFIG='\"my_hooks.h\"' names, or on the compiler's command line. */\n"
               "#ifdef %s_CONFIG\n#include %s_CONFIG\n#endif\n"
               "#ifndef %s_LAYER_BEGIN\n#define %s_LAYER_BEGIN(index, name) ((void)0)\n#endif\n"
               "#ifndef %s_LAYER_END\n#define %s_LAYER_END(index, name) ((void)0)\n#endif\n\n",
               e->upper, e->upper, e->upper, e->upper, e->upper, e->upper, e->upper);
}

static void null_checks(const Emitter *e, Buf *out)
{
    size_t line = out->length;
    buf_puts(out, "    if (!arena");
    for (size_t k = 1; k < arena_count(e); k++)
        emit_wrapped(out, &line, " || ", arena_printf(e->arena, "!%s", arena_variable(e, k)));
    if (e->states.count)
        emit_wrapped(out, &line, " || ", "!state");
    if (weights_are_argument(e))
        emit_wrapped(out, &line, " || ", "!weights");
    for (size_t i = 0; i < e->inputs.count; i++)
        emit_wrapped(out, &line, " || ", arena_printf(e->arena, "!%s", e->inputs.items[i].name));
    for (size_t i = 0; i < e->outputs.count; i++)
        emit_wrapped(out, &line, " || ", arena_printf(e->arena, "!%s", e->outputs.items[i].name));
    buf_printf(out, ")\n        return %s_NULL_POINTER;\n", e->upper);
}

static void run_function(const Emitter *e, Buf *out)
{
    emit_prototype(e, out);
    buf_puts(out, "\n{\n");
    null_checks(e, out);
    if (weights_are_argument(e))
        buf_printf(out,
                   "    if ((uintptr_t)weights %% %d != 0)\n        return %s_WEIGHTS_MISALIGNED;\n"
                   "    const void *data_ = (const unsigned char *)weights + %s_WEIGHTS_HEADER_BYTES;\n"
                   "    const %s_weights_data *constants_ = data_;\n",
                   (int)WEIGHTS_ALIGN, e->upper, e->upper, e->name);
    buf_puts(out, "\n");
    for (size_t i = 0; i < e->plan->steps.count; i++)
        call(e, e->plan->steps.items[i], out);
    buf_printf(out, "%s    return %s_OK;\n}\n", e->plan->steps.count ? "\n" : "", e->upper);
}

static void body(const Emitter *e, Buf *out)
{
    buf_puts(out, "/* The arena's size as planned is its size in memory. */\n");
    for (size_t k = 0; k < arena_count(e); k++) {
        const char *type = arena_type(e, k);
        buf_printf(out, "typedef char %s_check_[sizeof(%s) == %s_BYTES ? 1 : -1];\n", type, type,
                   text_upper(e->arena, type));
    }
    buf_puts(out, "\n");
    if (weights_are_argument(e))
        emit_weights_check(e, out);
    for (size_t i = 0; i < e->plan->steps.count; i++)
        layer_function(e, e->plan->steps.items[i], i, out);
    if (e->states.count)
        buf_printf(out,
                   "void %s_reset(%s_state *state)\n{\n    if (state)\n        memset(state, 0, sizeof *state);\n}\n\n",
                   e->name, e->name);
    run_function(e, out);
}

void emit_source(const Emitter *e, Buf *out)
{
    Buf text = {0};
    body(e, &text);
    buf_printf(out, "/* %s.c: the network, layer by layer. Generated by adze.\n * SPDX-License-Identifier: 0BSD */\n",
               e->name);
    includes(e, buf_text(&text), out);
    guard(e, out);
    hooks(e, out);
    buf_puts(out, buf_text(&text));
    buf_free(&text);
}
