#include "target/harness.h"

#include <stdlib.h>
#include <string.h>

/* What is behind `#define UPPER_MACRO `, up to the line's end, or NULL. */
static const char *macro_text(const HarnessModel *m, Arena *a, const char *header, const char *macro)
{
    const char *define = arena_printf(a, "#define %s_%s ", m->upper, macro);
    for (const char *at = header; (at = strstr(at, define)); at++)
        if (at == header || at[-1] == '\n')
            return at + strlen(define);
    return NULL;
}

static long macro_number(const HarnessModel *m, Arena *a, const char *header, const char *macro, long otherwise)
{
    const char *text = macro_text(m, a, header, macro);
    return text ? strtol(text, NULL, 10) : otherwise;
}

bool harness_model_read(HarnessModel *m, Arena *a, const char *header)
{
    m->inputs = macro_number(m, a, header, "INPUT_COUNT", -1);
    m->outputs = macro_number(m, a, header, "OUTPUT_COUNT", -1);
    m->states = macro_number(m, a, header, "STATE_COUNT", 0);
    m->arenas = macro_number(m, a, header, "ARENA_COUNT", 1);
    m->weight_file_bytes = macro_number(m, a, header, "WEIGHTS_FILE_BYTES", -1);
    if (m->inputs < 0 || m->outputs < 0 || m->states < 0 || m->arenas < 1 || m->arenas > HARNESS_MAX_PORTS ||
        m->inputs > HARNESS_MAX_PORTS || m->outputs > HARNESS_MAX_PORTS || m->states > HARNESS_MAX_PORTS)
        return false;
    for (long i = 0; i < m->states; i++) {
        const char *member = macro_text(m, a, header, arena_printf(a, "STATE_%ld_MEMBER", i));
        m->state_output[i] = macro_number(m, a, header, arena_printf(a, "STATE_%ld_OUTPUT", i), -1);
        if (!member || m->state_output[i] < 0)
            return false;
        m->state_member[i] = arena_strndup(a, member, strcspn(member, "\n"));
    }
    return true;
}

static void port_buffers(const HarnessModel *m, Buf *out, const char *port, const char *kind, long count)
{
    const char *p = m->upper;
    for (long i = 0; i < count; i++)
        buf_printf(out, "BUFFER(%s%ld, %s_%s_%ld_TYPE, %s_%s_%ld_ELEMENTS);\n", port, i, p, kind, i, p, kind, i);
    buf_printf(out, "enum { %sS = %ld };\nstatic const Buffer %ss[] = {\n", kind, count, port);
    for (long i = 0; i < count; i++)
        buf_printf(out, "    BUFFER_ROW(\"%s %ld\", %s%ld, %s_%s_%ld_TYPE, %s_%s_%ld_ELEMENTS),\n", port, i, port, i, p,
                   kind, i, p, kind, i);
    buf_puts(out, "    {0},\n};\n");
}

/* What goes to out.bin: the model's outputs in its order, those that became a state too. */
static void results(const HarnessModel *m, Buf *out)
{
    long total = m->outputs + m->states;
    buf_printf(out, "enum { RESULTS = %ld };\nstatic const Result results[] = {\n", total);
    for (long k = 0, argument = 0; k < total; k++) {
        long state = -1;
        for (long i = 0; i < m->states; i++)
            state = m->state_output[i] == k ? i : state;
        if (state >= 0)
            buf_printf(out, "    {harness_state_.data[0].%s, sizeof harness_state_.data[0].%s},\n",
                       m->state_member[state], m->state_member[state]);
        else
            buf_printf(out, "    {output%ld.data, (%s_OUTPUT_%ld_ELEMENTS) * sizeof(%s_OUTPUT_%ld_TYPE)},\n", argument,
                       m->upper, argument, m->upper, argument),
                argument++;
    }
    buf_puts(out, "    {0},\n};\n");
}

static void state_text(const HarnessModel *m, Buf *out)
{
    if (m->states)
        buf_printf(out,
                   "BUFFER(harness_state_, %s_state, 1);\n"
                   "static const Buffer state = BUFFER_ROW(\"state\", harness_state_, %s_state, 1);\n"
                   "static void reset_model(void)\n{\n    %s_reset(harness_state_.data);\n}\n",
                   m->model, m->model, m->model);
    else
        buf_puts(out, "static const Buffer state;\nstatic void reset_model(void)\n{\n}\n");
    if (m->weight_file_bytes >= 0)
        buf_printf(
            out,
            "extern const unsigned char harness_weights[], harness_weights_end[];\n"
            "static int check_model(void)\n{\n"
            "    return %s_check_weights(harness_weights, (size_t)(harness_weights_end - harness_weights));\n}\n",
            m->model);
    else
        buf_puts(out, "static int check_model(void)\n{\n    return 0;\n}\n");
}

static void arena_buffers(const HarnessModel *m, Buf *out)
{
    buf_printf(out, "BUFFER(harness_arena_, %s_arena, 1);\n", m->model);
    for (long k = 1; k < m->arenas; k++)
        buf_printf(out, "BUFFER(harness_arena_%ld, %s_ARENA_%ld_TYPE, 1);\n", k, m->upper, k);
    buf_printf(out,
               "enum { ARENAS = %ld };\nstatic const Buffer arenas[] = {\n"
               "    BUFFER_ROW(\"arena\", harness_arena_, %s_arena, 1),\n",
               m->arenas, m->model);
    for (long k = 1; k < m->arenas; k++)
        buf_printf(out, "    BUFFER_ROW(\"arena %ld\", harness_arena_%ld, %s_ARENA_%ld_TYPE, 1),\n", k, k, m->upper, k);
    buf_puts(out, "};\n\n");
}

void harness_model_text(const HarnessModel *m, bool timed_layers, Buf *out)
{
    buf_printf(out, "#include \"%s/%s.h\"\n\n", m->folder, m->model);
    if (timed_layers)
        buf_printf(out, "#define HARNESS_LAYERS %s_LAYER_COUNT\n", m->upper);
    arena_buffers(m, out);
    port_buffers(m, out, "input", "INPUT", m->inputs);
    port_buffers(m, out, "output", "OUTPUT", m->outputs);
    state_text(m, out);
    results(m, out);
    buf_printf(out, "\nstatic int call_model(void)\n{\n    BOARD_BEGIN();\n    int status = %s_run(harness_arena_.data",
               m->model);
    for (long k = 1; k < m->arenas; k++)
        buf_printf(out, ", harness_arena_%ld.data", k);
    buf_puts(out, m->states ? ", harness_state_.data" : "");
    buf_puts(out, m->weight_file_bytes >= 0 ? ", harness_weights" : "");
    for (long i = 0; i < m->inputs; i++)
        buf_printf(out, ", input%ld.data", i);
    for (long i = 0; i < m->outputs; i++)
        buf_printf(out, ", output%ld.data", i);
    buf_puts(out, ");\n    BOARD_END();\n    return status;\n}\n");
}

void harness_layers_text(const char *upper, bool timed, Buf *out)
{
    const char *begin = timed ? "harness_layer(index, 0)" : "BOARD_LAP()";
    const char *end = timed ? "harness_layer(index, 1)" : "BOARD_LAP()";
    buf_printf(out, "#ifndef __ASSEMBLER__\n%s\n", timed ? "void harness_layer(int, int);" : "#include \"board.h\"");
    buf_printf(out, "#define %s_LAYER_BEGIN(index, name) %s\n#define %s_LAYER_END(index, name) %s\n#endif\n", upper,
               begin, upper, end);
}

void harness_stub_text(const HarnessModel *m, Buf *out)
{
    buf_printf(out, "#include \"%s/%s.h\"\n\n", m->folder, m->model);
    if (m->states)
        buf_printf(out, "void %s_reset(%s_state *state)\n{\n    (void)state;\n}\n\n", m->model, m->model);
    if (m->weight_file_bytes >= 0)
        buf_printf(out,
                   "const unsigned char harness_weights[1] = {0}, harness_weights_end[1] = {0};\n"
                   "int %s_check_weights(const void *weights, size_t bytes)\n"
                   "{\n    (void)weights;\n    (void)bytes;\n    return 0;\n}\n\n",
                   m->model);
    buf_printf(out, "int %s_run(%s_arena *arena", m->model, m->model);
    for (long k = 1; k < m->arenas; k++)
        buf_printf(out, ", %s_ARENA_%ld_TYPE *arena%ld", m->upper, k, k);
    if (m->states)
        buf_printf(out, ", %s_state *state", m->model);
    buf_puts(out, m->weight_file_bytes >= 0 ? ", const void *weights" : "");
    for (long i = 0; i < m->inputs; i++)
        buf_printf(out, ", const %s_INPUT_%ld_TYPE *input%ld", m->upper, i, i);
    for (long i = 0; i < m->outputs; i++)
        buf_printf(out, ", %s_OUTPUT_%ld_TYPE *output%ld", m->upper, i, i);
    buf_puts(out, ")\n{\n    (void)arena;\n");
    for (long k = 1; k < m->arenas; k++)
        buf_printf(out, "    (void)arena%ld;\n", k);
    buf_puts(out, m->states ? "    (void)state;\n" : "");
    buf_puts(out, m->weight_file_bytes >= 0 ? "    (void)weights;\n" : "");
    for (long i = 0; i < m->inputs; i++)
        buf_printf(out, "    (void)input%ld;\n", i);
    for (long i = 0; i < m->outputs; i++)
        buf_printf(out, "    (void)output%ld;\n", i);
    buf_puts(out, "    return 0;\n}\n");
}

void harness_weights_text(const HarnessModel *m, Buf *out)
{
    buf_printf(out,
               "    .section .rodata.harness_weights, \"a\", %%progbits\n    .balign 16\n"
               "    .global harness_weights, harness_weights_end\n"
               "harness_weights:\n    .incbin \"%s_weights.bin\"\nharness_weights_end:\n    .byte 0\n"
               "    .section .note.GNU-stack, \"\", %%progbits\n",
               m->model);
}
