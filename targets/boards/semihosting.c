/* board.h by Arm semihosting, which QEMU serves on Cortex-M and RISC-V alike:
 * https://github.com/ARM-software/abi-aa/blob/main/semihosting/semihosting.rst */
#include "board.h"

enum { SYS_OPEN = 0x01, SYS_CLOSE = 0x02, SYS_WRITE0 = 0x04, SYS_WRITE = 0x05, SYS_READ = 0x06, SYS_EXIT = 0x18 };
enum { MODE_RB = 1, MODE_WB = 5, EXIT_APPLICATION = 0x20026, EXIT_RUN_TIME_ERROR = 0x20023 };

extern unsigned char board_stack_low[]; /* linker script */

/* start.c or start.S */
uintptr_t board_semihosting(uintptr_t operation, uintptr_t argument);

static uintptr_t call(uintptr_t operation, uintptr_t a, uintptr_t b, uintptr_t c)
{
    volatile uintptr_t block[3] = {a, b, c};
    return board_semihosting(operation, (uintptr_t)block);
}

int board_open(const char *name, int write)
{
    size_t length = 0;
    while (name[length])
        length++;
    return (int)call(SYS_OPEN, (uintptr_t)name, write ? MODE_WB : MODE_RB, length);
}

size_t board_read(int file, void *to, size_t bytes)
{
    if (bytes == 0)
        return 0;
    uintptr_t missing = call(SYS_READ, (uintptr_t)file, (uintptr_t)to, bytes);
    return missing <= bytes ? bytes - missing : 0;
}

int board_write(int file, const void *from, size_t bytes)
{
    return bytes == 0 || call(SYS_WRITE, (uintptr_t)file, (uintptr_t)from, bytes) == 0;
}

void board_close(int file)
{
    call(SYS_CLOSE, (uintptr_t)file, 0, 0);
}

void board_print(const char *text)
{
    board_semihosting(SYS_WRITE0, (uintptr_t)text);
}

/* A 64-bit machine takes {reason, status}, a 32-bit one the reason alone. */
_Noreturn void board_exit(int status)
{
    if (sizeof(uintptr_t) == 8)
        call(SYS_EXIT, EXIT_APPLICATION, (uintptr_t)status, 0);
    else
        board_semihosting(SYS_EXIT, status ? EXIT_RUN_TIME_ERROR : EXIT_APPLICATION);
    for (;;)
        ;
}

uint64_t board_nanoseconds(void)
{
    return 0;
}

void board_on_stack(void (*f)(void))
{
    f();
}

unsigned char *board_stack_bottom(void)
{
    return board_stack_low;
}

static void print_hex(uintptr_t value)
{
    static char text[2 * sizeof(uintptr_t) + 3] = "0x";
    for (size_t i = 0; i < 2 * sizeof value; i++)
        text[2 + i] = "0123456789abcdef"[value >> (8 * sizeof value - 4 - 4 * i) & 15];
    board_print(text);
}

/* The end of every fault: what, where, and two words that tell more (status register, address). */
_Noreturn void board_fault(const char *what, uintptr_t pc, uintptr_t status, uintptr_t address);
_Noreturn void board_fault(const char *what, uintptr_t pc, uintptr_t status, uintptr_t address)
{
    board_print("fault: ");
    board_print(what);
    board_print(" at pc ");
    print_hex(pc);
    board_print(", status ");
    print_hex(status);
    board_print(", address ");
    print_hex(address);
    board_print("\n");
    board_exit(1);
}
