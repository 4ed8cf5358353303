/* A target: the machine, how C is compiled for it and how a program is run on it. From targets/NAME.yaml (built into
 * adze) or a user's file. docs/targets.md describes the file. */
#ifndef ADZE_TARGET_TARGET_H
#define ADZE_TARGET_TARGET_H

#include "base/arena.h"
#include "base/diag.h"

#include <stdbool.h>
#include <stddef.h>

typedef ARRAY(const char *) StringList;

typedef struct {
    const char *name;
    size_t bytes;
    int speed; /* relative cost of an access, 1 is the fastest */
    bool ram;  /* writable: may hold the arena; false for flash */
} Memory;

typedef struct {
    const char *tool;    /* "qemu-system-arm" */
    const char *package; /* the Debian packages that it needs: "qemu-system-arm" */
} ToolPackage;

/* A file of the board: built into adze ("targets/boards/arm/start.c") or on disk. */
typedef struct {
    const char *name; /* without folders, as it is named in the build folder */
    const char *path; /* on disk; NULL: built in */
    const void *data;
    size_t size;
} BoardFile;

typedef struct Target {
    const char *name, *description;
    int word_bits;
    bool big_endian;
    const char *float_unit; /* "none", "single", "double" */
    StringList features;    /* of kernels.def: "avx2", "dsp", ... */
    StringList sets;        /* kernel sets in order of preference, besides ref */
    ARRAY(Memory) memories;
    const char *arch_macro; /* C expression that is true when compiled for it: "defined(__x86_64__)"; "" for any */
    StringList cc;          /* command and flags for compiling generated C: {"gcc","-O3",...}; also links */
    StringList flags;       /* of the processor: {"-mcpu=cortex-m4", ...}; cc ends with them once it is loaded */
    StringList link;        /* flags after the objects */
    StringList run;         /* command to run {elf}; empty: none but to run it directly */
    StringList count;       /* arguments put behind the first of `run` to count instructions: {plugin}, {count} */
    StringList packages;    /* Debian packages that provide the tools */
    ARRAY(ToolPackage) tools;
    ARRAY(BoardFile) sources; /* .c and .S of the board: start-up, semihosting */
    ARRAY(BoardFile) files;   /* what they include: headers, linker scripts */
    const char *machine;      /* {machine}, "" when not given */
    const char *script;       /* {script}: the linker script's name, "" when not given */
    const char *native;       /* machine (as in uname -m) that runs it directly; "" for none */
    bool runs_here;           /* this machine is that one and has the features */
    bool abstract;            /* only for others to extend */
} Target;

/* name: a built-in one, "host" (resolved to a named instruction-set level by cpuid), or a path ending in .yaml. */
bool target_load(Arena *a, Diag *d, const char *name, Target *out);
/* Names of the built-in targets. */
void target_names(Arena *a, StringList *out);
bool target_has(const Target *t, const char *feature);
/* The Debian packages for a command of the target, or NULL when the target does not say. */
const char *target_package(const Target *t, const char *tool);

/* What stands for {name} in the commands of a target. */
typedef struct {
    const char *name; /* with its braces */
    const char *value;
} Placeholder;
/* list appended to `to`, with placeholders replaced; other text in braces stays. */
void target_expand(Arena *a, const StringList *list, const Placeholder *values, size_t count, StringList *to);

#endif
