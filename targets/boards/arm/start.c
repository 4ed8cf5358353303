/* Start-up of a Cortex-M under QEMU: vectors, faults, FPU, semihosting. */
#include <stddef.h>
#include <stdint.h>

extern unsigned char board_stack_guard[], board_stack_low[], board_stack_top[], board_fault_stack_top[];
extern uint32_t board_data_load[], board_data_low[], board_data_high[], board_bss_low[], board_bss_high[];

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define CCR REGISTER(0xE000ED14u)
#define CFSR REGISTER(0xE000ED28u)
#define BFAR REGISTER(0xE000ED38u)
#define CPACR REGISTER(0xE000ED88u)
#define MPU_CTRL REGISTER(0xE000ED94u)
#define MPU_RNR REGISTER(0xE000ED98u)
#define MPU_RBAR REGISTER(0xE000ED9Cu)
#define MPU_RASR REGISTER(0xE000EDA0u)
enum { UNALIGN_TRP = 1u << 3, STKALIGN = 1u << 9 };
enum { MPU_ENABLE = 1, MPU_DEFAULT_MAP = 4, REGION_32K = 14u << 1, REGION_ENABLE = 1 };

int main(void);
_Noreturn void board_exit(int status);
_Noreturn void board_fault(const char *what, uintptr_t pc, uintptr_t status, uintptr_t address);
_Noreturn void board_reset(void);
void board_fault_entry(void);
_Noreturn void board_fault_frame(const uint32_t *frame, uint32_t exception);
uintptr_t board_semihosting(uintptr_t operation, uintptr_t argument);
int *__errno(void);

/* clang allows no other statement in a naked function. */
__attribute__((naked)) uintptr_t board_semihosting(__attribute__((unused)) uintptr_t operation,
                                                   __attribute__((unused)) uintptr_t argument)
{
    __asm__ volatile("bkpt 0xab\n bx lr");
}

/* newlib's libm sets errno; with this it does not draw in newlib's struct _reent. */
int *__errno(void)
{
    static int error;
    return &error;
}

/* Faults get a stack of their own, since the other one may be what overflowed. */
__attribute__((naked)) void board_fault_entry(void)
{
    __asm__ volatile("mrs r0, msp\n"
                     "mrs r1, ipsr\n"
                     "ldr r2, =board_fault_stack_top\n"
                     "mov sp, r2\n"
                     "ldr r2, =board_fault_frame\n"
                     "bx r2\n"
                     ".ltorg\n");
}

_Noreturn void board_fault_frame(const uint32_t *frame, uint32_t exception)
{
    static const char *const name[] = {"NMI",      "HardFault",  "MemManage fault",
                                       "BusFault", "UsageFault", "unexpected interrupt"};
    int in_stack = (uintptr_t)frame >= (uintptr_t)board_stack_low && (uintptr_t)frame < (uintptr_t)board_stack_top;
    const char *what = exception >= 2 && exception <= 6 ? name[exception - 2] : name[5];
    board_fault(in_stack ? what : "stack overflow", in_stack ? frame[6] : 0, CFSR, BFAR);
}

/* QEMU's boards have something that answers below their RAM, so that an overflow would run on unseen. */
static void guard_stack(void)
{
#if __ARM_ARCH >= 8
    __asm__ volatile("msr msplim, %0" : : "r"(board_stack_low));
#else
    MPU_RNR = 0;
    MPU_RBAR = (uint32_t)board_stack_guard;
    MPU_RASR = REGION_32K | REGION_ENABLE; /* no access */
    MPU_CTRL = MPU_ENABLE | MPU_DEFAULT_MAP;
#endif
}

_Noreturn void board_reset(void)
{
    guard_stack();
    CCR |= STKALIGN;
#if defined(__ARM_ARCH_6M__)
    CCR |= UNALIGN_TRP; /* this core is a bigger one, which would forgive what a Cortex-M0+ does not */
#endif
#if defined(__ARM_FP)
    CPACR |= 0xFu << 20;
    __asm__ volatile("dsb\n isb" ::: "memory");
#endif
    for (volatile uint32_t *to = board_data_low, *from = board_data_load; to < board_data_high;)
        *to++ = *from++;
    board_exit(main());
}

#define FAULT board_fault_entry
__attribute__((section(".vectors"), used)) static void *const vectors[16 + 64] = {
    board_stack_top, (void *)board_reset, (void *)FAULT, (void *)FAULT, (void *)FAULT, (void *)FAULT,
    (void *)FAULT,   (void *)FAULT,       (void *)FAULT, (void *)FAULT, (void *)FAULT, (void *)FAULT,
    (void *)FAULT,   (void *)FAULT,       (void *)FAULT, (void *)FAULT,
};
