/* NAME.h: the interface of a compiled model. */
#include "emit/emit.h"
#include "base/version.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void emit_wrapped(Buf *out, size_t *line, const char *separator, const char *text)
{
    size_t ends = strlen(separator);
    while (ends && separator[ends - 1] == ' ')
        ends--;
    if (out->length - *line + strlen(separator) + strlen(text) > 110) {
        buf_write(out, separator, ends);
        buf_puts(out, "\n        ");
        *line = out->length - 8;
    } else {
        buf_puts(out, separator);
    }
    buf_puts(out, text);
}

bool weights_are_argument(const Emitter *e)
{
    return e->options->weights == WEIGHTS_BIN && e->weight_bytes;
}

/* "float [1][3][8][8]" */
static const char *c_declaration(const Emitter *e, const Value *v)
{
    const char *text = dtype_c_type(v->type);
    for (int i = 0; i < v->shape.rank; i++)
        text = arena_printf(e->arena, "%s%s[%" PRId64 "]", text, i ? "" : " ", v->shape.dim[i]);
    return text;
}

static void shape_list(const Value *v, Buf *out)
{
    buf_puts(out, "{");
    for (int i = 0; i < v->shape.rank; i++)
        buf_printf(out, "%s%" PRId64, i ? ", " : "", v->shape.dim[i]);
    buf_puts(out, v->shape.rank ? "}" : "1}");
}

static const char *label(const Emitter *e, const Value *v)
{
    const char *text = c_comment(e->arena, v->name);
    return text[0] == ' ' ? text + 1 : text;
}

/* --io-layout: what the model says about this input or output, for the comment. */
static const char *model_shape(const Emitter *e, const Value *v)
{
    Value model = *v;
    model.shape = shape_channels_first(&v->shape);
    return arena_printf(e->arena, ", channels last (the model has %s)", c_declaration(e, &model));
}

static void port_macros(const Emitter *e, const char *kind, size_t index, const Port *port, Buf *out)
{
    const Value *v = port->value;
    const Graph *g = e->plan->graph;
    const bool *last = kind[0] == 'I' ? g->inputs_last : g->outputs_last;
    bool turned = last && last[port->index];
    buf_printf(out, "/* %s %zu, `%s`: \"%s\" of the model, %s%s%s, row-major%s, %zu bytes */\n",
               kind[0] == 'I' ? "input" : "output", index, port->name, label(e, v), c_declaration(e, v),
               v->type == DT_F16 ? ", the bits of IEEE 754 binary16" : "",
               v->quant && v->quant->real_in_model ? " (float there)" : "", turned ? model_shape(e, v) : "",
               value_bytes(v));
    const char *p = arena_printf(e->arena, "#define %s_%s_%zu", e->upper, kind, index);
    buf_printf(out, "%s_NAME %s\n", p, c_string(e->arena, v->name));
    buf_printf(out, "%s_TYPE %s\n", p, dtype_c_type(v->type));
    buf_printf(out, "%s_ELEMENTS %" PRId64 "\n", p, shape_count(&v->shape));
    buf_printf(out, "%s_RANK %d\n%s_SHAPE ", p, v->shape.rank, p);
    shape_list(v, out);
    buf_printf(out, "\n%s_CHANNELS_LAST %d\n", p, turned);
    if (v->quant)
        buf_printf(out, "%s_SCALE %.9ef\n%s_ZERO_POINT (%d) /* real = scale * (integer - zero point) */\n", p,
                   (double)v->quant->scale, p, (int)v->quant->zero_point);
}

/* Between reals and the integers of an input or output; a program that does not call them gets no code for them. */
static void port_helpers(const Emitter *e, const char *kind, const char *lower, size_t index, const Value *v, Buf *out)
{
    static const struct {
        DType type;
        int lo, hi;
    } ranges[] = {{DT_I8, -128, 127}, {DT_U8, 0, 255}, {DT_I16, -32768, 32767}, {DT_U16, 0, 65535}};
    const char *type = dtype_c_type(v->type), *port = arena_printf(e->arena, "%s_%s_%zu", e->upper, kind, index);
    const char *name = arena_printf(e->arena, "%s_%s_%zu", e->name, lower, index);
    for (size_t i = 0; v->quant && i < sizeof ranges / sizeof *ranges; i++) {
        if (ranges[i].type != v->type)
            continue;
        buf_printf(out,
                   "/* The nearest integer for a real (NaN: the zero point), and the real of an integer. */\n"
                   "static inline %s %s_of_real(float real)\n{\n"
                   "    float q = real / %s_SCALE;\n"
                   "    q += q < 0 ? -0.5f : 0.5f;\n"
                   "    if (!(q == q))\n        q = 0;\n"
                   "    if (q <= %d - %s_ZERO_POINT)\n        return %d;\n"
                   "    if (q >= %d - %s_ZERO_POINT)\n        return %d;\n"
                   "    return (%s)((int32_t)q + %s_ZERO_POINT);\n}\n",
                   type, name, port, ranges[i].lo, port, ranges[i].lo, ranges[i].hi, port, ranges[i].hi, type, port);
        buf_printf(out,
                   "static inline float %s_real(%s q)\n{\n"
                   "    return %s_SCALE * (float)((int32_t)q - %s_ZERO_POINT);\n}\n\n",
                   name, type, port, port);
    }
}

static void ports(const Emitter *e, Buf *out)
{
    buf_printf(out, "#define %s_INPUT_COUNT %zu\n#define %s_OUTPUT_COUNT %zu\n\n", e->upper, e->inputs.count, e->upper,
               e->outputs.count);
    for (size_t i = 0; i < e->inputs.count; i++)
        port_macros(e, "INPUT", i, &e->inputs.items[i], out);
    for (size_t i = 0; i < e->outputs.count; i++)
        port_macros(e, "OUTPUT", i, &e->outputs.items[i], out);
    for (size_t i = 0; i < e->inputs.count; i++)
        port_helpers(e, "INPUT", "input", i, e->inputs.items[i].value, out);
    for (size_t i = 0; i < e->outputs.count; i++)
        port_helpers(e, "OUTPUT", "output", i, e->outputs.items[i].value, out);
}

/* `struct { unsigned char before_[64]; float v[9]; } name;` and when it is alive. */
static void arena_member(const Emitter *e, Buf *out, size_t offset, const char *type, size_t count, size_t bytes,
                         const char *name, int first, int last)
{
    const char *before = offset ? arena_printf(e->arena, "unsigned char before_[%zu]; ", offset) : "";
    const char *text = arena_printf(e->arena, "    struct { %s%s v[%zu]; } %s;", before, type, count ? count : 1, name);
    const char *when = first == last ? arena_printf(e->arena, "layer %d", first)
                                     : arena_printf(e->arena, "layers %d to %d", first, last);
    buf_printf(out, "%-76s /* %zu..%zu, %s */\n", text, offset, offset + (bytes ? bytes : 1) - 1, when);
}

static void arena_members(const Emitter *e, size_t arena, Buf *out)
{
    const Plan *p = e->plan;
    const size_t start = arena_start(e, arena);
    bool *done = NEW_ARRAY(e->arena, bool, p->place_count);
    for (size_t i = 0; i < p->steps.count; i++) {
        const Step *s = p->steps.items[i];
        for (int k = 0; k < s->out_count; k++) {
            const Value *root = s->out[k] ? place_root(p, s->out[k]) : NULL;
            if (!root || !e->member[root->id] || done[root->id])
                continue;
            const Place *at = &p->places[root->id];
            done[root->id] = true;
            if (arena_at(e, at->offset) != arena)
                continue;
            arena_member(e, out, at->offset - start, dtype_c_type(root->type), (size_t)shape_count(&root->shape),
                         at->bytes, e->member[root->id], at->first, at->last);
        }
        if (s->scratch_bytes && arena_at(e, s->scratch_offset) == arena)
            arena_member(e, out, s->scratch_offset - start, "float", (s->scratch_bytes + 3) / 4, s->scratch_bytes,
                         arena_printf(e->arena, "%s_scratch", s->name), (int)i, (int)i);
    }
}

static void arena_union(const Emitter *e, size_t k, Buf *out)
{
    const char *type = arena_type(e, k), *macro = text_upper(e->arena, type);
    if (k)
        buf_printf(out,
                   "/* The part of the arena for the target's memory %s, which the caller places there. */\n"
                   "#define %s_ARENA_%zu_TYPE %s\n",
                   c_comment(e->arena, e->plan->memories[k].name), e->upper, k, type);
    buf_printf(out, "#define %s_BYTES %zu\n", macro, arena_size(e, k));
    buf_printf(out, "typedef union {\n    uint64_t align_;\n    unsigned char bytes_[%s_BYTES];\n", macro);
    arena_members(e, k, out);
    buf_printf(out, "} %s;\n\n", type);
}

static void arena_unions(const Emitter *e, Buf *out)
{
    buf_printf(
        out,
        "/* All memory that %s_run writes besides its outputs%s. Nothing in it outlives a call: models that never\n"
        " * run at once may share it, `union { %s_arena a; other_arena b; }`. Behind each buffer: the bytes that it\n"
        " * takes, and the layers during which it is in use; buffers that are not needed at once share bytes. */\n",
        e->name, e->states.count ? " and the state" : "", e->name);
    if (arena_count(e) > 1)
        buf_printf(out,
                   "/* It does not fit the target's fastest memory, %s: this part is for that one, and holds the "
                   "buffers that\n"
                   " * are used most for their size. */\n#define %s_ARENA_COUNT %zu\n",
                   c_comment(e->arena, e->plan->memories[0].name), e->upper, arena_count(e));
    for (size_t k = 0; k < arena_count(e); k++)
        arena_union(e, k, out);
}

static void state_struct(const Emitter *e, Buf *out)
{
    if (!e->states.count)
        return;
    buf_printf(out,
               "/* What lasts between calls: one for each stream of data, for example static %s_state state. */\n"
               "#define %s_STATE_COUNT %zu\n",
               e->name, e->upper, e->states.count);
    for (size_t i = 0; i < e->states.count; i++)
        buf_printf(out, "#define %s_STATE_%zu_MEMBER %s\n#define %s_STATE_%zu_OUTPUT %d /* of the model's outputs */\n",
                   e->upper, i, e->states.items[i].name, e->upper, i, e->states.items[i].index);
    buf_puts(out, "typedef struct {\n");
    for (size_t i = 0; i < e->states.count; i++) {
        const Value *v = e->states.items[i].value;
        int64_t count = shape_count(&v->shape);
        buf_printf(out, "    %s %s[%" PRId64 "]; /* \"%s\" of the model, %s */\n", dtype_c_type(v->type),
                   e->states.items[i].name, count > 0 ? count : 1, label(e, v), c_declaration(e, v));
    }
    buf_printf(out,
               "} %s_state;\n\n/* Makes everything zero: before the first call, and where a new stream begins. */\n"
               "void %s_reset(%s_state *state);\n\n",
               e->name, e->name, e->name);
}

void emit_prototype(const Emitter *e, Buf *out)
{
    size_t line = out->length;
    buf_printf(out, "int %s_run(%s_arena *arena", e->name, e->name);
    for (size_t k = 1; k < arena_count(e); k++)
        emit_wrapped(out, &line, ", ", arena_printf(e->arena, "%s *%s", arena_type(e, k), arena_variable(e, k)));
    if (e->states.count)
        emit_wrapped(out, &line, ", ", arena_printf(e->arena, "%s_state *state", e->name));
    if (weights_are_argument(e))
        emit_wrapped(out, &line, ", ", "const void *weights");
    for (size_t i = 0; i < e->inputs.count; i++)
        emit_wrapped(out, &line, ", ",
                     arena_printf(e->arena, "const %s *%s", dtype_c_type(e->inputs.items[i].value->type),
                                  e->inputs.items[i].name));
    for (size_t i = 0; i < e->outputs.count; i++)
        emit_wrapped(
            out, &line, ", ",
            arena_printf(e->arena, "%s *%s", dtype_c_type(e->outputs.items[i].value->type), e->outputs.items[i].name));
    buf_puts(out, ")");
}

static void statuses(const Emitter *e, Buf *out)
{
    const char *u = e->upper;
    buf_printf(out,
               "/* What %s_run returns. */\n#define %s_OK 0\n#define %s_NULL_POINTER 1 /* an argument is NULL */\n",
               e->name, u, u);
    if (weights_are_argument(e))
        buf_printf(out,
                   "#define %s_WEIGHTS_MISALIGNED 2 /* not at a multiple of %d bytes */\n"
                   "/* %s_check_weights: also */\n"
                   "#define %s_WEIGHTS_FOREIGN 3   /* not the file that was written with this code */\n"
                   "#define %s_WEIGHTS_TRUNCATED 4 /* fewer bytes than the file has */\n"
                   "#define %s_WEIGHTS_DAMAGED 5   /* the data has another CRC-32 */\n",
                   u, (int)WEIGHTS_ALIGN, e->name, u, u, u);
    buf_puts(out, "\n");
}

static void functions(const Emitter *e, Buf *out)
{
    if (weights_are_argument(e))
        buf_printf(
            out,
            "/* %s_weights.bin, mapped or linked at a multiple of %d bytes, is the argument `weights`. Check it once,\n"
            " * with the number of bytes that may be read there. */\n"
            "#define %s_WEIGHTS_FILE_BYTES %zu\n"
            "int %s_check_weights(const void *weights, size_t bytes);\n\n",
            e->name, (int)WEIGHTS_ALIGN, e->upper, WEIGHTS_HEADER_BYTES + (e->weight_bytes + 7) / 8 * 8, e->name);
    buf_printf(
        out,
        "/* Runs the network once. Inputs and outputs are the caller's, row-major, and must not overlap each other or\n"
        " * the arena. Re-entrant: calls with different arenas%s may run at the same time. */\n",
        e->states.count ? " and states" : "");
    emit_prototype(e, out);
    buf_puts(out, ";\n\n");
}

static void head(const Emitter *e, Buf *out)
{
    const char *u = e->upper, *data = e->plan->graph->data_sha256;
    buf_printf(out, "/* %s.h: interface of a neural network compiled by adze %s. Do not edit.\n *\n", e->name,
               ADZE_VERSION);
    buf_printf(out, " *   model    %s\n *   SHA-256  %s\n", c_comment(e->arena, e->options->file),
               e->options->model_hash.hex);
    if (data)
        buf_printf(out, " *   data     SHA-256 %s\n", data);
    if (e->options->calibration_cases)
        buf_printf(out, " *   samples  %zu, SHA-256 %s\n", e->options->calibration_cases,
                   e->options->calibration_hash.hex);
    buf_printf(out, " *   target   %s\n *   options  %s\n *\n", c_comment(e->arena, e->target->name),
               c_comment(e->arena, e->options->options));
    buf_puts(
        out,
        " * SPDX-License-Identifier: 0BSD\n"
        " * The code in this folder may be used, copied, changed and passed on for any purpose, without fee and "
        "without\n"
        " * attribution; there is no warranty. The constant data is the model's and keeps the model's licence. */\n");
    buf_printf(out,
               "#ifndef %s_H\n#define %s_H\n\n%s#include <stdint.h>\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n",
               u, u, weights_are_argument(e) ? "#include <stddef.h>\n" : "");
    buf_printf(out, "#define %s_ADZE_VERSION \"%s\"\n#define %s_MODEL_SHA256 \"%s\"\n#define %s_TARGET %s\n", u,
               ADZE_VERSION, u, e->options->model_hash.hex, u, c_string(e->arena, e->target->name));
    if (data)
        buf_printf(out, "#define %s_DATA_SHA256 \"%s\"\n", u, data);
    if (e->options->calibration_cases)
        buf_printf(out, "#define %s_CALIBRATION_SHA256 \"%s\"\n#define %s_CALIBRATION_SAMPLES %zu\n", u,
                   e->options->calibration_hash.hex, u, e->options->calibration_cases);
    buf_printf(out, "#define %s_OPTIONS %s\n", u, c_string(e->arena, e->options->options));
    buf_printf(out, "#define %s_LAYER_COUNT %zu /* what %s_LAYER_BEGIN and _END number from 0; see %s.c */\n\n", u,
               e->plan->steps.count, u, e->name);
}

void emit_header(const Emitter *e, Buf *out)
{
    head(e, out);
    ports(e, out);
    buf_puts(out, "\n");
    statuses(e, out);
    arena_unions(e, out);
    state_struct(e, out);
    functions(e, out);
    buf_puts(out, "#ifdef __cplusplus\n}\n#endif\n\n#endif\n");
}
