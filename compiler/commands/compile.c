#include "commands/build.h"
#include "base/io.h"

#include <string.h>

/* A folder that holds something else than an adze output is not overwritten. */
static bool output_usable(Command *c, const char *dir)
{
    if (!io_exists(dir))
        return true;
    if (!io_is_dir(dir))
        return diag_error(c->diag, "%s: is a file; -o names a folder", dir);
    NameList names = {0};
    if (!io_list(c->keep, c->diag, dir, &names))
        return false;
    bool ours = names.count == 0;
    for (size_t i = 0; i < names.count; i++) /* the report is written with every output */
        if (strlen(names.items[i]) > 5 && strcmp(names.items[i] + strlen(names.items[i]) - 5, ".json") == 0)
            ours = true;
    return ours || diag_error(c->diag, "%s: exists and holds no output of adze; hint: name a new folder", dir);
}

static void summary(const Compilation *c, const char *dir)
{
    const Plan *p = c->plan;
    int64_t macs = 0;
    for (size_t i = 0; i < p->steps.count; i++)
        macs += p->steps.items[i]->macs;
    printf("%s: %zu layers, %lld MACs, arena %zu bytes (bound %zu) for %s\n", dir, p->steps.count, (long long)macs,
           p->arena_bytes, p->arena_lower_bound, c->target.name);
}

int command_compile(Command *c)
{
    CompileOptions options;
    const char *model;
    if (!command_model(c, &model) || !command_compile_options(c, &options))
        return EXIT_USAGE;
    options.model = model;
    if (!c->options.output && !options.stop_after) {
        diag_error(c->diag, "no output folder given; hint: -o DIR");
        return EXIT_USAGE;
    }
    Compilation comp = {.keep = c->keep, .diag = c->diag, .options = options};
    if (!compile_plan(&comp))
        return EXIT_INPUT;
    if (options.stop_after)
        return EXIT_DONE;
    if (!output_usable(c, c->options.output) || !compile_emit(&comp, c->options.output))
        return EXIT_INPUT;
    if (c->options.json) {
        FileBytes report;
        if (!io_map(c->diag, io_join(c->keep, c->options.output, arena_printf(c->keep, "%s.json", comp.name)), &report))
            return EXIT_INPUT;
        fwrite(report.data, 1, report.size, stdout);
    } else {
        summary(&comp, c->options.output);
    }
    return EXIT_DONE;
}
