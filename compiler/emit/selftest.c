/* The constants are a union with one string literal a row, as the weights are; NAME_selftest reads them through a
 * member of each type. A case is `stride` bytes: its inputs, then the outputs that NAME_run writes, each at a multiple
 * of 8. */
#include "emit/selftest.h"
#include "base/embed.h"
#include "base/io.h"
#include "base/version.h"

#include <string.h>

enum { ALIGN = 8, MAX_ROW = 4088 }; /* C99 promises 4095 characters a string literal */

typedef struct {
    Emitter e;
    const SelftestData *data;
    size_t stride;
    bool used[DT_COUNT];
} Selftest;

static size_t aligned(size_t bytes)
{
    return (bytes + ALIGN - 1) / ALIGN * ALIGN;
}

static size_t ports_stride(Selftest *s, const PortList *ports)
{
    size_t bytes = 0;
    for (size_t i = 0; i < ports->count; i++) {
        bytes += aligned(value_bytes(ports->items[i].value));
        s->used[ports->items[i].value->type] = true;
    }
    return bytes;
}

static size_t outputs_before(const Emitter *e, int index)
{
    size_t bytes = 0;
    for (int i = 0; i < index; i++)
        bytes += value_bytes(e->plan->graph->outputs.items[i]);
    return bytes;
}

/* All cases, laid out for the union. */
static unsigned char *lay_out(const Selftest *s)
{
    const Emitter *e = &s->e;
    const Graph *g = e->plan->graph;
    size_t in_bytes = 0, out_bytes = outputs_before(e, (int)g->outputs.count);
    for (size_t i = 0; i < e->inputs.count; i++)
        in_bytes += value_bytes(e->inputs.items[i].value);
    unsigned char *all = arena_array(e->arena, s->data->cases, s->stride), *to = all;
    for (size_t k = 0; k < s->data->cases; k++) {
        const unsigned char *in = s->data->in + k * in_bytes, *out = s->data->out + k * out_bytes;
        for (size_t i = 0; i < e->inputs.count; i++) {
            size_t n = value_bytes(e->inputs.items[i].value);
            memcpy(to, in, n);
            in += n;
            to += aligned(n);
        }
        for (size_t i = 0; i < e->outputs.count; i++) {
            size_t n = value_bytes(e->outputs.items[i].value);
            memcpy(to, out + outputs_before(e, e->outputs.items[i].index), n);
            to += aligned(n);
        }
    }
    return all;
}

static void put_row(const unsigned char *bytes, size_t n, Buf *out)
{
    buf_puts(out, "    \"");
    for (size_t i = 0; i < n; i++)
        if (bytes[i] >= ' ' && bytes[i] <= '~' && !strchr("\"\\?", bytes[i]))
            buf_putc(out, (char)bytes[i]);
        else
            buf_printf(out, "\\%03o", bytes[i]);
    buf_puts(out, "\",\n");
}

static void constants(const Selftest *s, Buf *out)
{
    size_t total = s->data->cases * s->stride, rows = (total + MAX_ROW - 1) / MAX_ROW;
    if (!total)
        return;
    size_t row = aligned((total + rows - 1) / rows);
    unsigned char *all = arena_grow(s->e.arena, lay_out(s), total, rows * row);
    buf_printf(
        out,
        "/* Inputs and outputs of the cases; NAME_run and the comparison read them through the other members. */\n"
        "typedef union {\n    unsigned char bytes[%zu][%zu];\n",
        rows, row);
    for (int t = 1; t < DT_COUNT; t++)
        if (s->used[t])
            buf_printf(out, "    %s %s[%zu];\n", dtype_c_type((DType)t), dtype_name((DType)t),
                       rows * row / dtype_size((DType)t));
    buf_puts(out, "    uint64_t align_;\n} selftest_data;\n\nstatic const selftest_data selftest = {{\n");
    for (size_t i = 0; i < rows; i++)
        put_row(all + i * row, row, out);
    buf_puts(out, "}};\n\n");
}

static void buffers(const Selftest *s, Buf *out)
{
    const Emitter *e = &s->e;
    buf_printf(out, "/* Define %s_SELFTEST_ARENA as a pointer to use memory that the firmware has already. */\n",
               e->upper);
    buf_printf(
        out,
        "#ifndef %s_SELFTEST_ARENA\nstatic %s_arena selftest_arena;\n#define %s_SELFTEST_ARENA (&selftest_arena)\n"
        "#endif\n\n",
        e->upper, e->name, e->upper);
    for (size_t k = 1; k < arena_count(e); k++)
        buf_printf(out, "static %s selftest_%s;\n", arena_type(e, k), arena_variable(e, k));
    if (e->states.count)
        buf_printf(out, "static %s_state selftest_state;\n", e->name);
    for (size_t i = 0; i < e->outputs.count; i++) {
        const Value *v = e->outputs.items[i].value;
        size_t count = value_bytes(v) / dtype_size(v->type);
        buf_printf(out, "static %s selftest_output%zu[%zu];\n", dtype_c_type(v->type), i, count ? count : 1);
    }
}

/* "selftest.f32 + k * 25 + 3": data of a case at an offset; the stride is a multiple of every element's size. */
static const char *at(const Selftest *s, const Value *v, size_t offset)
{
    size_t size = dtype_size(v->type);
    return arena_printf(s->e.arena, "selftest.%s + (size_t)k * %zu + %zu", dtype_name(v->type), s->stride / size,
                        offset / size);
}

static const char *type_name(DType t)
{
    if (t == DT_BF16)
        return "ADZE_SELFTEST_BFLOAT";
    if (dtype_is_float(t))
        return "ADZE_SELFTEST_FLOAT";
    bool is_signed = t == DT_I8 || t == DT_I16 || t == DT_I32 || t == DT_I64;
    return is_signed ? "ADZE_SELFTEST_INT" : "ADZE_SELFTEST_UINT";
}

static void call(const Selftest *s, Buf *out)
{
    const Emitter *e = &s->e;
    size_t offset = 0;
    buf_printf(out, "        if (%s_run(%s_SELFTEST_ARENA", e->name, e->upper);
    for (size_t k = 1; k < arena_count(e); k++)
        buf_printf(out, ", &selftest_%s", arena_variable(e, k));
    if (e->states.count)
        buf_puts(out, ", &selftest_state");
    for (size_t i = 0; i < e->inputs.count; i++) {
        const Value *v = e->inputs.items[i].value;
        buf_printf(out, ",\n                %s", at(s, v, offset));
        offset += aligned(value_bytes(v));
    }
    for (size_t i = 0; i < e->outputs.count; i++)
        buf_printf(out, ",\n                selftest_output%zu", i);
    buf_puts(out, ") != 0) {\n            adze_selftest_text(&t, \"the model returned an error\\n\");\n"
                  "            return 2;\n        }\n");
    for (size_t i = 0; i < e->outputs.count; i++) {
        const Value *v = e->outputs.items[i].value;
        size_t size = dtype_size(v->type);
        buf_printf(out,
                   "        {\n            const adze_selftest_output o = {k, %du, %s, %zu, %zu, selftest_output%zu,\n",
                   e->outputs.items[i].index, type_name(v->type), size, value_bytes(v) / size, i);
        buf_printf(out,
                   "                %s};\n            if (adze_selftest_check(&t, &o))\n                return 1;\n"
                   "        }\n",
                   at(s, v, offset));
        offset += aligned(value_bytes(v));
    }
}

static void source(const Selftest *s, Buf *out)
{
    const Emitter *e = &s->e;
    buf_printf(out,
               "/* %s_selftest.c: golden cases of %s, and a function that runs them. Generated by adze %s.\n"
               " * SPDX-License-Identifier: 0BSD */\n#include \"%s_selftest.h\"\n#include \"%s.h\"\n"
               "#include \"adze_selftest.h\"\n\n",
               e->name, e->name, ADZE_VERSION, e->name, e->name);
    constants(s, out);
    buffers(s, out);
    buf_printf(out,
               "\nint %s_selftest(void (*put)(char))\n{\n    const adze_selftest t = {put, %.17g, %.17g, %.17g};\n",
               e->name, s->data->rtol, s->data->atol, s->data->int_atol);
    buf_printf(out, "    for (unsigned k = 0; k < %s_SELFTEST_CASES; k++) {\n", e->upper);
    if (e->states.count)
        buf_printf(out, "        if (k == 0)\n            %s_reset(&selftest_state);\n", e->name);
    for (size_t i = 0; i < e->outputs.count; i++) /* what is not written must not pass because of an earlier case */
        buf_printf(out, "        memset(selftest_output%zu, 0xA5, sizeof selftest_output%zu);\n", i, i);
    call(s, out);
    buf_puts(out, "    }\n    adze_selftest_text(&t, \"pass\\n\");\n    return 0;\n}\n");
}

static void header(const Selftest *s, Buf *out)
{
    const Emitter *e = &s->e;
    buf_printf(out,
               "/* %s_selftest.h: runs %s on golden cases, on the board itself. SPDX-License-Identifier: 0BSD */\n"
               "#ifndef %s_SELFTEST_H\n#define %s_SELFTEST_H\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n",
               e->name, e->name, e->upper, e->upper);
    buf_printf(out, "#define %s_SELFTEST_CASES %zuu\n\n", e->upper, s->data->cases);
    buf_printf(
        out,
        "/* Prints \"pass\", or the first difference, and a line end through `put`: returns 0 when all outputs are as\n"
        " * they were on the machine that made this file (floats within a tolerance), 1 when one differs, 2 when\n"
        " * %s_run returned an error. */\n"
        "int %s_selftest(void (*put)(char));\n\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n",
        e->name, e->name);
}

static bool write_file(const Selftest *s, Diag *d, const char *dir, const char *suffix,
                       void (*print)(const Selftest *, Buf *))
{
    Buf text = {0};
    print(s, &text);
    const char *name = arena_printf(s->e.arena, "%s_selftest%s", s->e.name, suffix);
    bool ok = io_write(d, io_join(s->e.arena, dir, name), text.data, text.length);
    buf_free(&text);
    return ok;
}

bool emit_selftest(Arena *a, Diag *d, const Plan *p, const Target *t, const EmitOptions *o, const SelftestData *data,
                   const char *dir)
{
    Selftest s = {.e = {.arena = a, .plan = p, .target = t, .options = o}, .data = data};
    emitter_names(&s.e);
    s.stride = ports_stride(&s, &s.e.inputs) + ports_stride(&s, &s.e.outputs);
    const struct EmbeddedFile *runtime = embedded_find("runtime/selftest.h");
    return write_file(&s, d, dir, ".c", source) && write_file(&s, d, dir, ".h", header) &&
           io_write(d, io_join(a, dir, "adze_selftest.h"), runtime->data, runtime->size);
}
