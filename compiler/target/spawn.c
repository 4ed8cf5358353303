#include "target/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FLOOD_BYTES = 64 << 20, FIRST_PAUSE = 200000, LONGEST_PAUSE = 5000000 }; /* nanoseconds */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* In the child. A process group of its own, so that a compiler and what it started end together; PDEATHSIG, so that no
 * emulator outlives adze. */
static _Noreturn void become(char *const *argv, const char *dir, int output, int errors)
{
    int null = open("/dev/null", O_RDONLY);
    if (setpgid(0, 0) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && null >= 0 && dup2(null, 0) >= 0 &&
        dup2(output, 1) >= 0 && dup2(output, 2) >= 0 && (!dir || chdir(dir) == 0))
        execvp(argv[0], argv);
    int error = errno;
    if (write(errors, &error, sizeof error) < 0)
        _exit(126);
    _exit(127);
}

/* Waits until `pid` ends or something is wrong with it; fills end, status and signal. */
static void await(pid_t pid, int output, double deadline, SpawnResult *r)
{
    int status;
    struct timespec pause = {0, FIRST_PAUSE};
    for (;;) {
        pid_t done = waitpid(pid, &status, WNOHANG);
        if (done == pid)
            break;
        struct stat st;
        bool flood = fstat(output, &st) == 0 && st.st_size > FLOOD_BYTES, late = now() > deadline;
        if (flood || late) {
            kill(-pid, SIGKILL);
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            r->end = flood ? SPAWN_FLOOD : SPAWN_TIMEOUT;
            return;
        }
        nanosleep(&pause, NULL);
        if (pause.tv_nsec < LONGEST_PAUSE)
            pause.tv_nsec += pause.tv_nsec / 4;
    }
    r->end = WIFSIGNALED(status) ? SPAWN_SIGNAL : SPAWN_EXITED;
    r->status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    r->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* Zero bytes become spaces, so that the text does not end there. */
static const char *read_output(Arena *a, int file)
{
    struct stat st;
    size_t size = fstat(file, &st) == 0 ? (size_t)st.st_size : 0;
    if (size > SPAWN_MAX_OUTPUT)
        size = SPAWN_MAX_OUTPUT;
    char *text = arena_alloc(a, size + 1);
    ssize_t n = pread(file, text, size, 0);
    size = n > 0 ? (size_t)n : 0;
    for (size_t i = 0; i < size; i++)
        if (!text[i])
            text[i] = ' ';
    text[size] = 0;
    return text;
}

static void start(Arena *a, char *const *argv, const char *dir, double timeout, int output, SpawnResult *r)
{
    int errors[2];
    if (pipe2(errors, O_CLOEXEC) != 0) {
        r->error = errno;
        return;
    }
    pid_t pid = fork();
    if (pid == 0)
        become(argv, dir, output, errors[1]);
    r->error = pid < 0 ? errno : 0;
    close(errors[1]);
    int error = 0;
    if (pid > 0 && read(errors[0], &error, sizeof error) == sizeof error) {
        waitpid(pid, NULL, 0);
        r->error = error;
        r->end = error == ENOENT ? SPAWN_MISSING : SPAWN_FAILED;
    } else if (pid > 0) {
        await(pid, output, now() + timeout, r);
        r->output = read_output(a, output);
    }
    close(errors[0]);
}

SpawnResult spawn_run(Arena *a, const StringList *command, const char *dir, double timeout_seconds)
{
    SpawnResult r = {.end = SPAWN_FAILED, .output = ""};
    double begin = now();
    char **argv = NEW_ARRAY(a, char *, command->count + 1);
    for (size_t i = 0; i < command->count; i++)
        argv[i] = arena_strdup(a, command->items[i]);
    if (dir && access(dir, X_OK) != 0) { /* else a missing folder would look like a missing command */
        r.error = errno;
        return r;
    }
    int output = memfd_create("output", MFD_CLOEXEC);
    if (output < 0) {
        r.error = errno;
        return r;
    }
    start(a, argv, dir, timeout_seconds, output, &r);
    close(output);
    r.seconds = now() - begin;
    return r;
}

const char *spawn_text(Arena *a, const StringList *command, const SpawnResult *r)
{
    const char *name = command->items[0];
    switch (r->end) {
    case SPAWN_EXITED:
        return r->status ? arena_printf(a, "%s ended with status %d", name, r->status) : "";
    case SPAWN_MISSING:
        return arena_printf(a, "%s is not installed", name);
    case SPAWN_FAILED:
        return arena_printf(a, "%s could not be started: %s", name, strerror(r->error));
    case SPAWN_SIGNAL:
        return arena_printf(a, "%s was ended by signal %d (%s)", name, r->signal, strsignal(r->signal));
    case SPAWN_TIMEOUT:
        return arena_printf(a, "%s did not end within %.0f s", name, r->seconds);
    case SPAWN_FLOOD:
        return arena_printf(a, "%s was stopped: more than 64 MiB of output", name);
    }
    return "";
}
