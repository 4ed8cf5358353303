/* A preloaded library in which allocation number ADZE_FAIL_AT fails, and with ADZE_FAIL_ON all after it; the last line
 * on stderr says how many there were. Allocations are those of adze and of the libraries that it uses, not those of the
 * programs that it starts. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t bytes);
extern void *__libc_realloc(void *old, size_t bytes);

static unsigned long allocations, fail_at;
static int counts, fail_on;

__attribute__((constructor)) static void begin(void)
{
    const char *at = getenv("ADZE_FAIL_AT");
    counts = strcmp(program_invocation_short_name, "adze") == 0;
    fail_at = at ? strtoul(at, NULL, 10) : 0;
    fail_on = getenv("ADZE_FAIL_ON") != NULL;
    allocations = 0;
}

__attribute__((destructor)) static void end(void)
{
    char text[] = "allocations 0000000000\n";
    unsigned long n = allocations;
    if (!counts)
        return;
    for (char *digit = text + sizeof text - 3; *digit != ' '; digit--, n /= 10)
        *digit = (char)('0' + n % 10);
    ssize_t written = write(STDERR_FILENO, text, strlen(text));
    (void)written;
}

static int fails(void)
{
    unsigned long n = ++allocations;
    int yes = counts && fail_at && (n == fail_at || (fail_on && n > fail_at));
    if (yes)
        errno = ENOMEM;
    return yes;
}

void *malloc(size_t bytes)
{
    return fails() ? NULL : __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
    return fails() ? NULL : __libc_calloc(count, bytes);
}

void *realloc(void *old, size_t bytes)
{
    return fails() ? NULL : __libc_realloc(old, bytes);
}
