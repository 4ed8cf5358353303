/* Sizes from a linked ELF file, 32 or 64 bit, little-endian. */
#ifndef ADZE_TARGET_ELF_H
#define ADZE_TARGET_ELF_H

#include "base/diag.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    size_t code;   /* executable sections */
    size_t rodata; /* other sections that are only read */
    size_t data;   /* writable, with contents */
    size_t bss;    /* writable, without; not the stack (sections named .stack*) */
} ElfSizes;

bool elf_sizes(Diag *d, const char *path, ElfSizes *out);

#endif
