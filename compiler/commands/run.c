#include "commands/build.h"
#include "commands/report.h"
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
        Tensor t = port_to_file(c->keep, v, g->outputs_last && g->outputs_last[i], bytes);
        if (!npy_write(c->diag, output_path(c, i, g->outputs.count), &t))
            return false;
        bytes += value_bytes(v);
    }
    return true;
}

static int print_result(Command *c, const Build *b, const RunResult *r)
{
    const Plan *p = b->compilation.plan;
    if (c->options.json) {
        json_t *root = report_read(c, b->folder, b->compilation.name);
        if (!root)
            return EXIT_INPUT;
        report_measured(root, &b->program.sizes, r);
        report_print(root);
        return EXIT_DONE;
    }
    if (r->instructions)
        printf("%s: %" PRIu64 " instructions, ", b->compilation.target.name, r->instructions);
    else
        printf("%s: %.1f us (median %.1f), ", b->compilation.target.name, r->min_seconds * 1e6,
               r->median_seconds * 1e6);
    const ProgramSizes *s = &b->program.sizes;
    printf("arena %zu bytes, code %zu, weights %zu, libraries %zu\n", p->arena_bytes, s->own_code_bytes,
           s->own_weight_bytes, report_library_bytes(s));
    return EXIT_DONE;
}

int command_run(Command *c)
{
    Build b = {0};
    if (!c->options.output) {
        diag_error(c->diag, "no output file given; hint: -o y.npy");
        return EXIT_USAGE;
    }
    int status = command_build(c, &c->options.input, &b);
    if (status != EXIT_DONE)
        return status;
    unsigned char *in = arena_alloc(c->keep, b.in_bytes), *out = arena_alloc(c->keep, b.out_bytes);
    if (!build_read_inputs(c, &b, &c->options.input, in))
        return EXIT_INPUT;
    RunResult result;
    status = build_run(c, &b, in, 1, out, 20, &result);
    if (status != EXIT_DONE)
        return status;
    return write_outputs(c, b.compilation.graph, out) ? print_result(c, &b, &result) : EXIT_INPUT;
}
