/* NAME.h: the interface of a compiled model. */
#include "emit/emit.h"
#include "base/version.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void shape_list(const Value *v, Buf *out)
{
    buf_puts(out, "{");
    for (int i = 0; i < v->shape.rank; i++)
        buf_printf(out, "%s%" PRId64, i ? ", " : "", v->shape.dim[i]);
    buf_puts(out, v->shape.rank ? "}" : "1}");
}

static void port_macros(const Emitter *e, const char *kind, size_t index, const Value *v, Buf *out)
{
    char shape[SHAPE_TEXT_BYTES];
    shape_text(&v->shape, shape, sizeof shape);
    buf_printf(out, "/* %s %zu: \"%s\", %s %s */\n", kind[0] == 'I' ? "input" : "output", index,
               c_comment(e->arena, v->name), dtype_name(v->type), shape);
    const char *p = arena_printf(e->arena, "#define %s_%s_%zu", e->upper, kind, index);
    buf_printf(out, "%s_NAME %s\n", p, c_string(e->arena, v->name));
    buf_printf(out, "%s_TYPE %s\n", p, dtype_c_type(v->type));
    buf_printf(out, "%s_ELEMENTS %" PRId64 "\n", p, shape_count(&v->shape));
    buf_printf(out, "%s_RANK %d\n%s_SHAPE ", p, v->shape.rank, p);
    shape_list(v, out);
    buf_puts(out, "\n");
}

static void arena_members(const Emitter *e, Buf *out)
{
    const Plan *p = e->plan;
    for (size_t i = 0; i < p->steps.count; i++) {
        const Step *s = p->steps.items[i];
        for (int k = 0; k < s->out_count; k++) {
            const Value *v = s->out[k];
            if (!v || !e->member[v->id])
                continue;
            const Place *at = &p->places[v->id];
            char before[48] = "";
            if (at->offset)
                snprintf(before, sizeof before, "unsigned char before_[%zu]; ", at->offset);
            int64_t count = shape_count(&v->shape);
            buf_printf(out, "    struct { %s%s v[%" PRId64 "]; } %s;\n", before, dtype_c_type(v->type), count > 0 ? count : 1,
                       e->member[v->id]);
        }
        if (s->scratch_bytes) {
            char before[48] = "";
            if (s->scratch_offset)
                snprintf(before, sizeof before, "unsigned char before_[%zu]; ", s->scratch_offset);
            buf_printf(out, "    struct { %sfloat v[%zu]; } %s_scratch;\n", before, (s->scratch_bytes + 3) / 4, s->name);
        }
    }
}

static void prototype(const Emitter *e, Buf *out)
{
    const Graph *g = e->plan->graph;
    buf_printf(out, "int %s_run(%s_arena *arena", e->name, e->name);
    for (size_t i = 0; i < g->inputs.count; i++)
        buf_printf(out, ", const %s *%s", dtype_c_type(g->inputs.items[i]->type), e->input_names[i]);
    for (size_t i = 0; i < g->outputs.count; i++)
        buf_printf(out, ", %s *%s", dtype_c_type(g->outputs.items[i]->type), e->output_names[i]);
    buf_puts(out, ")");
}

static size_t arena_size(const Emitter *e)
{
    size_t bytes = e->plan->arena_bytes;
    return bytes ? (bytes + 7) / 8 * 8 : 8;
}

static void head(const Emitter *e, Buf *out)
{
    buf_printf(out, "/* %s.h: interface of a neural network compiled by adze %s. Do not edit.\n", e->name, ADZE_VERSION);
    buf_printf(out, " *   model    %s\n *   SHA-256  %s\n", c_comment(e->arena, e->options->file), e->options->model_hash.hex);
    buf_printf(out, " *   target   %s\n *   options  %s\n", c_comment(e->arena, e->target->name),
               c_comment(e->arena, e->options->options));
    buf_puts(out, " * SPDX-License-Identifier: 0BSD */\n");
    buf_printf(out, "#ifndef %s_H\n#define %s_H\n\n#include <stdint.h>\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n",
               e->upper, e->upper);
    buf_printf(out, "#define %s_ADZE_VERSION \"%s\"\n#define %s_MODEL_SHA256 \"%s\"\n#define %s_TARGET %s\n\n", e->upper,
               ADZE_VERSION, e->upper, e->options->model_hash.hex, e->upper, c_string(e->arena, e->target->name));
}

void emit_header(const Emitter *e, Buf *out)
{
    const Graph *g = e->plan->graph;
    head(e, out);
    buf_printf(out, "#define %s_INPUT_COUNT %zu\n#define %s_OUTPUT_COUNT %zu\n\n", e->upper, g->inputs.count, e->upper,
               g->outputs.count);
    for (size_t i = 0; i < g->inputs.count; i++)
        port_macros(e, "INPUT", i, g->inputs.items[i], out);
    for (size_t i = 0; i < g->outputs.count; i++)
        port_macros(e, "OUTPUT", i, g->outputs.items[i], out);
    buf_printf(out, "\n/* What %s_run returns. */\n#define %s_OK 0\n#define %s_NULL_POINTER 1 /* an argument is NULL */\n\n",
               e->name, e->upper, e->upper);
    buf_printf(out,
               "/* All memory that %s_run writes besides its outputs; nothing in it outlives a call. A member a buffer: name,\n"
               " * offset and size are the memory map; buffers that are never alive together share bytes. */\n",
               e->name);
    buf_printf(out, "#define %s_ARENA_BYTES %zu\n", e->upper, arena_size(e));
    buf_printf(out, "typedef union {\n    uint64_t align_;\n    unsigned char bytes_[%s_ARENA_BYTES];\n", e->upper);
    arena_members(e, out);
    buf_printf(out, "} %s_arena;\n\n", e->name);
    buf_printf(out,
               "/* Runs the network once. Inputs and outputs are the caller's, row-major, and must not overlap each other or the\n"
               " * arena. Re-entrant: calls with different arenas may run at the same time. */\n");
    prototype(e, out);
    buf_puts(out, ";\n\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n");
}
