#include "base/io.h"
#include "base/progress.h"
#include "commands/build.h"
#include "commands/depfile.h"
#include "commands/report.h"

static const char *summary(const Compilation *c, const char *dir)
{
    const Plan *p = c->plan;
    int64_t macs = 0;
    for (size_t i = 0; i < p->steps.count; i++)
        macs += p->steps.items[i]->macs;
    return arena_printf(c->keep, "%s: %zu layers, %lld MACs, arena %zu bytes (bound %zu) for %s", dir, p->steps.count,
                        (long long)macs, p->arena_bytes, p->arena_lower_bound, c->target.name);
}

/* What the command prints in the end, made before the folder is exchanged: behind that nothing may fail. */
static const char *result(Command *c, const Compilation *comp, const char *temp)
{
    if (!c->options.json)
        return summary(comp, c->options.output);
    json_t *root = report_read(c, temp, comp->name);
    return root ? report_dump(c->keep, root) : NULL;
}

/* The text of the dependencies of what is in `temp` and will be in `dir`. inputs: what had been read before. */
static bool dependencies(Command *c, const char *temp, const char *dir, const NameList *inputs, Buf *text)
{
    NameList outputs;
    return io_list(c->keep, c->diag, temp, &outputs) && depfile_text(c->keep, c->diag, dir, &outputs, inputs, text);
}

/* A dependency file in the output folder itself is one of its files; another is written once the folder is there. */
static bool write_output(Command *c, Compilation *comp, const char **said)
{
    const char *dir = c->options.output, *depfile = c->options.depfile;
    NameList inputs = {.items = c->diag->files.items, .count = c->diag->files.count};
    const char *inside = depfile ? depfile_inside(c->keep, depfile, dir) : NULL;
    Buf text = {0};
    c->diag->file = NULL;
    const char *temp = io_stage_dir(c->keep, c->diag, dir);
    bool ok = temp && compile_emit_here(comp, temp) && (!depfile || dependencies(c, temp, dir, &inputs, &text)) &&
              (!inside || io_write(c->diag, io_join(c->keep, temp, inside), text.data, text.length)) &&
              (*said = result(c, comp, temp)) && io_replace_dir(c->diag, temp, dir) &&
              (!depfile || inside || depfile_write(c->keep, c->diag, depfile, &text));
    buf_free(&text);
    return ok;
}

int command_compile(Command *c)
{
    Compilation comp;
    if (!c->options.output && !c->options.stop_after) {
        diag_error(c->diag, "no output folder given; hint: -o DIR");
        return EXIT_USAGE;
    }
    int status = command_plan(c, &(StringList){0}, &comp);
    if (status != EXIT_DONE || c->options.stop_after)
        return status;
    const char *said;
    if (!command_output_folder(c, c->options.output) || !write_output(c, &comp, &said))
        return EXIT_INPUT;
    progress_end();
    puts(said);
    return EXIT_DONE;
}
