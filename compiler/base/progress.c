#include "base/progress.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { LINE_BYTES = 100, TICK_SECONDS = 1 };

/* Two lines, so that the handler never meets a half-written one. */
static char lines[2][LINE_BYTES];
static volatile sig_atomic_t current, shown, seconds;
static bool running;

static bool terminal(void)
{
    const char *term = getenv("TERM");
    return isatty(STDERR_FILENO) && (!term || strcmp(term, "dumb") != 0);
}

static void put(const char *text, size_t n)
{
    ssize_t written = write(STDERR_FILENO, text, n);
    (void)written; /* a terminal that is gone is no reason to stop */
}

/* In a signal handler: write(2) only. "\r\033[K" clears the line. */
static void draw(void)
{
    char line[LINE_BYTES + 40] = "\r\033[Kadze: ";
    size_t n = strlen(line), length = strlen(lines[current]);
    memcpy(line + n, lines[current], length);
    n += length;
    memcpy(line + n, " ... ", 5);
    n += 5;
    char digits[12];
    int count = 0;
    for (int s = seconds; s || !count; s /= 10)
        digits[count++] = (char)('0' + s % 10);
    while (count)
        line[n++] = digits[--count];
    memcpy(line + n, " s", 2);
    put(line, n + 2);
    shown = 1;
}

static void on_alarm(int number)
{
    (void)number;
    int e = errno;
    seconds += TICK_SECONDS;
    draw();
    errno = e;
}

static void set_timer(int every)
{
    struct itimerval t = {{every, 0}, {every, 0}};
    setitimer(ITIMER_REAL, &t, NULL);
}

void progress_phase(const char *format, ...)
{
    if (!running && !terminal())
        return;
    char *line = lines[!current];
    va_list args;
    va_start(args, format);
    vsnprintf(line, LINE_BYTES, format, args);
    va_end(args);
    for (char *c = line; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    current = !current;
    if (!running) {
        struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
        sigemptyset(&action.sa_mask);
        sigaction(SIGALRM, &action, NULL);
        seconds = 0;
        running = true;
        set_timer(TICK_SECONDS);
    } else if (shown) {
        sigset_t alarm, old; /* the handler draws, too */
        sigemptyset(&alarm);
        sigaddset(&alarm, SIGALRM);
        sigprocmask(SIG_BLOCK, &alarm, &old);
        draw();
        sigprocmask(SIG_SETMASK, &old, NULL);
    }
}

void progress_end(void)
{
    if (!running)
        return;
    set_timer(0);
    running = false;
    if (shown)
        put("\r\033[K", 4);
    shown = 0;
}
