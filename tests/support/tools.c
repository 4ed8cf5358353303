#include "tests/support/tools.h"

#include "base/io.h"
#include "target/spawn.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool on_path(const char *command)
{
    Arena *a = arena_new();
    ShellResult r = shell(a, NULL, "command -v '%s'", command);
    bool here = r.status == 0;
    arena_free(a);
    return here;
}

bool tool_here(const char *command)
{
    if (on_path(command))
        return true;
    printf("skipped: %s is not installed\n", command);
    return false;
}

bool target_tools_here(const Target *t)
{
    if (!on_path(t->cc.items[0])) {
        printf("skipped: target %s: %s is not installed\n", t->name, t->cc.items[0]);
        return false;
    }
    if (!t->runs_here && t->run.count && !on_path(t->run.items[0])) {
        printf("skipped: target %s: %s is not installed\n", t->name, t->run.items[0]);
        return false;
    }
    return true;
}

ShellResult shell(Arena *a, const char *dir, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *line = arena_vprintf(a, format, args);
    va_end(args);
    ShellResult result = {-1, "", ""};
    Diag *d = diag_new(a);
    const char *temp = io_temp_dir(a, d, NULL, "adze-test-");
    if (!temp)
        return result;
    const char *errors = io_join(a, temp, "err");
    const char *words[] = {"sh", "-c", arena_printf(a, "exec 2>'%s'\n%s", errors, line)};
    StringList command = {words, 3, 3};
    SpawnResult r = spawn_run(a, &command, dir, 300);
    FileBytes file;
    result.status = r.end == SPAWN_EXITED ? r.status : -1;
    result.out = r.output;
    if (io_map(d, errors, &file)) {
        result.err = arena_strndup(a, file.size ? file.data : "", file.size);
        io_unmap(&file);
    }
    io_remove_tree(temp);
    return result;
}
