#include "tests/support/programs.h"

#include "base/io.h"
#include "target/program.h"
#include "tests/support/tools.h"

#include <stdio.h>
#include <string.h>

bool emit_model(Arena *a, Diag *d, const char *path, const char *target, Mode mode, const char *dir, Compilation *out)
{
    *out = (Compilation){
        .keep = a,
        .diag = d,
        .options = {.model = path, .target_name = target, .mode = mode, .options_text = "of a test"},
    };
    return compile_plan(out) && compile_emit_here(out, dir);
}

bool emit_operator(Arena *a, const OperatorText *t, const char *target, Mode mode, const char *dir, Compilation *out)
{
    const char *temp = io_temp_dir(a, t->diag, NULL, "adze-test-"), *model = io_join(a, temp, "operator.txt");
    bool ok = temp && io_write(t->diag, model, t->graph_text, strlen(t->graph_text)) &&
              emit_model(a, t->diag, model, target, mode, dir, out);
    if (temp)
        io_remove_tree(temp);
    return ok;
}

static const char *run(Arena *a, const OperatorText *t, const Program *program)
{
    size_t in_bytes, out_bytes;
    unsigned char *in = operator_text_inputs(a, t, &in_bytes), *out = operator_text_outputs(a, t, &out_bytes);
    RunOptions options = {.timeout_seconds = 60};
    RunResult result = {0};
    if (!program_run(a, t->diag, program, in, in_bytes, 1, out, out_bytes, &options, &result))
        return "does not run";
    return operator_text_compare(a, t, out);
}

bool operator_text_runs(Arena *a, const char *path, const char *target, Mode mode, const char *boards, int slot)
{
    OperatorText t;
    Target machine;
    Compilation c;
    Program program;
    if (!operator_text_read(a, path, &t) || !target_load(a, t.diag, target, &machine))
        return false;
    if (!target_tools_here(&machine))
        return true;
    const char *work = io_temp_dir(a, t.diag, NULL, "adze-test-");
    if (!work)
        return false;
    const char *folder = io_join(a, work, "model"), *board = arena_printf(a, "%s/%s-%d", boards, machine.name, slot);
    BuildOptions options = {.without_sizes = true, .board_dir = board};
    bool built = io_make_dir(t.diag, folder) && io_make_dir(t.diag, board) &&
                 emit_operator(a, &t, target, mode, folder, &c) &&
                 program_build_with(a, t.diag, &c.target, folder, c.name, work, &options, &program);
    const char *wrong = built ? run(a, &t, &program) : "does not build";
    diag_flush(t.diag, stdout);
    if (wrong)
        printf("%s\n", wrong);
    io_remove_tree(work);
    return !wrong;
}
