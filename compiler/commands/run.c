#include "commands/build.h"
#include "base/io.h"
#include "base/npy.h"

#include <inttypes.h>
#include <string.h>

/* y.npy for a single output; y.0.npy, y.1.npy ... for several. */
static const char *output_path(Command *c, size_t index, size_t count)
{
    const char *path = c->options.output;
    if (count == 1)
        return path;
    size_t n = strlen(path);
    size_t stem = n > 4 && strcmp(path + n - 4, ".npy") == 0 ? n - 4 : n;
    return arena_printf(c->keep, "%.*s.%zu.npy", (int)stem, path, index);
}

static bool write_outputs(Command *c, const Graph *g, const unsigned char *bytes)
{
    for (size_t i = 0; i < g->outputs.count; i++) {
        const Value *v = g->outputs.items[i];
        Tensor t = {v->type, v->shape, bytes};
        if (!npy_write(c->diag, output_path(c, i, g->outputs.count), &t))
            return false;
        bytes += value_bytes(v);
    }
    return true;
}

static void print_result(const Build *b, const RunResult *r)
{
    const Plan *p = b->compilation.plan;
    if (r->instructions)
        printf("%s: %" PRIu64 " instructions, ", b->compilation.target.name, r->instructions);
    else
        printf("%s: %.1f us (median %.1f), ", b->compilation.target.name, r->min_seconds * 1e6, r->median_seconds * 1e6);
    printf("arena %zu bytes, code %zu, constants %zu\n", p->arena_bytes, r->code_bytes, r->rodata_bytes);
}

int command_run(Command *c)
{
    Build b = {0};
    int status = command_build(c, &c->options.input, &b);
    if (status != EXIT_DONE)
        return status;
    if (!c->options.output) {
        diag_error(c->diag, "no output file given; hint: -o y.npy");
        return EXIT_USAGE;
    }
    unsigned char *in = arena_alloc(c->keep, b.in_bytes), *out = arena_alloc(c->keep, b.out_bytes);
    if (!build_read_inputs(c, &b, &c->options.input, in))
        return EXIT_INPUT;
    RunOptions options = {.count = true, .repeat = 20, .timeout_seconds = 600};
    RunResult result = {0};
    if (!program_run(c->keep, c->diag, &b.program, in, b.in_bytes, 1, out, b.out_bytes, &options, &result))
        return result.exit_status ? result.exit_status : EXIT_TOOL;
    if (!write_outputs(c, b.compilation.graph, out))
        return EXIT_INPUT;
    print_result(&b, &result);
    return EXIT_DONE;
}
