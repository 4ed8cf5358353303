/* What harness.c needs from a board: files, messages, time, a stack, and the marker instructions of icount.c. */
#ifndef BOARD_H
#define BOARD_H

#include <stddef.h>
#include <stdint.h>

/* Files in the folder that the program is run in. A handle is negative when that failed. */
int board_open(const char *name, int write);
/* Bytes read; fewer than asked for at the file's end. */
size_t board_read(int file, void *to, size_t bytes);
/* 1 when all was written. */
int board_write(int file, const void *from, size_t bytes);
void board_close(int file);
void board_print(const char *text);
_Noreturn void board_exit(int status);
/* Monotonic; 0 where the board has no clock worth reading. */
uint64_t board_nanoseconds(void);
/* Runs f on a stack of its own, or on the only one there is. */
void board_on_stack(void (*f)(void));
/* Lowest address of that stack. */
unsigned char *board_stack_bottom(void);

/* Bytes below the frame of a function without variables that it may yet use. */
#if defined(__x86_64__)
#define BOARD_RED_ZONE 144
#else
#define BOARD_RED_ZONE 32
#endif

#if defined(__arm__)
#define BOARD_BEGIN() __asm__ volatile("mov r10, r10" ::: "memory")
#define BOARD_LAP() __asm__ volatile("mov r9, r9" ::: "memory")
#define BOARD_END() __asm__ volatile("mov r11, r11" ::: "memory")
#elif defined(__riscv)
#define BOARD_BEGIN() __asm__ volatile(".word 0x7a100013" ::: "memory")
#define BOARD_LAP() __asm__ volatile(".word 0x7a300013" ::: "memory")
#define BOARD_END() __asm__ volatile(".word 0x7a200013" ::: "memory")
#elif defined(__aarch64__)
#define BOARD_BEGIN() __asm__ volatile("mov x27, x27" ::: "memory")
#define BOARD_LAP() __asm__ volatile("mov x26, x26" ::: "memory")
#define BOARD_END() __asm__ volatile("mov x28, x28" ::: "memory")
#elif defined(__x86_64__)
#define BOARD_BEGIN() __asm__ volatile("xchg %%bx, %%bx" ::: "memory")
#define BOARD_LAP() __asm__ volatile("xchg %%dx, %%dx" ::: "memory")
#define BOARD_END() __asm__ volatile("xchg %%cx, %%cx" ::: "memory")
#else
#define BOARD_BEGIN() ((void)0)
#define BOARD_LAP() ((void)0)
#define BOARD_END() ((void)0)
#endif

#endif
