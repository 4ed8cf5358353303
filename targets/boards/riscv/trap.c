#include <stdint.h>

_Noreturn void board_fault(const char *what, uintptr_t pc, uintptr_t status, uintptr_t address);
_Noreturn void board_trap(uintptr_t cause, uintptr_t pc, uintptr_t value);

_Noreturn void board_trap(uintptr_t cause, uintptr_t pc, uintptr_t value)
{
    static const char *const name[] = {
        "misaligned instruction", "instruction access", "illegal instruction", "breakpoint",
        "misaligned load",        "load access",        "misaligned store",    "store access"};
    board_fault(cause < sizeof name / sizeof *name ? name[cause] : "trap", pc, cause, value);
}
