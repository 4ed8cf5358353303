#include "tests/support/pool.h"

#include "base/map.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { JOB_SECONDS = 300 };

typedef struct {
    pid_t pid; /* 0: free */
    size_t job;
    int output; /* a memfd with what the job prints */
} Slot;

static int slots_here(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores > POOL_SLOTS ? POOL_SLOTS : (int)cores;
}

static bool start(Slot *s, int slot, size_t i, bool (*job)(size_t, int))
{
    s->output = memfd_create("job", MFD_CLOEXEC);
    s->job = i;
    fflush(stdout);
    s->pid = s->output < 0 ? -1 : fork();
    if (s->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(s->output, 1);
        alarm(JOB_SECONDS);
        exit(job(i, slot) ? EXIT_SUCCESS : EXIT_FAILURE); /* exit: temporary folders go */
    }
    return s->pid > 0;
}

static const char *text_of(Arena *keep, int file)
{
    off_t size = lseek(file, 0, SEEK_END);
    char *text = arena_alloc(keep, size > 0 ? (size_t)size + 1 : 1);
    ssize_t n = size > 0 ? pread(file, text, (size_t)size, 0) : 0;
    text[n > 0 ? n : 0] = 0;
    return text;
}

/* Each once, though many jobs miss the same tool. */
static void print_skipped(Arena *keep, const char *text)
{
    static Map *printed;
    if (!printed)
        printed = map_new(keep);
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        const char *copy = arena_strndup(keep, line, strcspn(line, "\n"));
        if (strncmp(copy, "skipped:", 8) != 0 || map_has(printed, copy))
            continue;
        puts(copy);
        map_set(printed, copy, printed);
    }
}

static void finish(Arena *keep, Slot *s, int status, JobResult *result)
{
    result->ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    result->said = text_of(keep, s->output);
    if (WIFSIGNALED(status))
        result->said = arena_printf(keep, "%sended by signal %d", result->said, WTERMSIG(status));
    print_skipped(keep, result->said);
    close(s->output);
    s->pid = 0;
}

/* Waits for any job. */
static void await(Arena *keep, Slot *slots, int count, JobResult *results)
{
    int status;
    pid_t pid = wait(&status);
    for (int k = 0; k < count; k++)
        if (pid > 0 && slots[k].pid == pid)
            finish(keep, &slots[k], status, &results[slots[k].job]);
}

JobResult *pool_run(Arena *keep, size_t count, bool (*job)(size_t i, int slot))
{
    Slot slots[POOL_SLOTS] = {0};
    int width = slots_here(), running = 0;
    JobResult *results = NEW_ARRAY(keep, JobResult, count);
    for (size_t next = 0; next < count || running > 0;) {
        int k = 0;
        while (k < width && slots[k].pid)
            k++;
        if (k < width && next < count) {
            results[next].said = "could not be started";
            if (!start(&slots[k], k, next++, job))
                slots[k].pid = 0;
        } else {
            await(keep, slots, width, results);
        }
        running = 0;
        for (int i = 0; i < width; i++)
            running += slots[i].pid != 0;
    }
    return results;
}
