/* board.h on Linux, natively or under qemu-user. The program runs on a stack of its own with a guard page below it. */
#define _GNU_SOURCE
#include "board.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

enum { STACK_BYTES = 8 << 20, GUARD_BYTES = 64 << 10 };

static unsigned char *stack;
static ucontext_t outer, inner;

int board_open(const char *name, int write)
{
    return write ? open(name, O_WRONLY | O_CREAT | O_TRUNC, 0666) : open(name, O_RDONLY);
}

size_t board_read(int file, void *to, size_t bytes)
{
    size_t done = 0;
    while (done < bytes) {
        ssize_t n = read(file, (char *)to + done, bytes - done);
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    return done;
}

int board_write(int file, const void *from, size_t bytes)
{
    for (size_t done = 0; done < bytes;) {
        ssize_t n = write(file, (const char *)from + done, bytes - done);
        if (n < 0)
            return 0;
        done += (size_t)n;
    }
    return 1;
}

void board_close(int file)
{
    close(file);
}

void board_print(const char *text)
{
    if (write(2, text, strlen(text)) < 0)
        _exit(1);
}

_Noreturn void board_exit(int status)
{
    exit(status);
}

uint64_t board_nanoseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void board_on_stack(void (*f)(void))
{
    unsigned char *p = mmap(NULL, STACK_BYTES + GUARD_BYTES, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED || mprotect(p, GUARD_BYTES, PROT_NONE) != 0 || getcontext(&inner) != 0) {
        board_print("no memory for a stack\n");
        exit(1);
    }
    stack = p + GUARD_BYTES;
    inner.uc_stack.ss_sp = stack;
    inner.uc_stack.ss_size = STACK_BYTES;
    inner.uc_link = &outer;
    makecontext(&inner, f, 0);
    swapcontext(&outer, &inner);
}

unsigned char *board_stack_bottom(void)
{
    return stack;
}
