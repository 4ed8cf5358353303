/* A generated folder as a running program: built with the target's compiler, with the harness and the board's files of
 * targets/, and run natively or in the target's emulator. */
#ifndef ADZE_TARGET_PROGRAM_H
#define ADZE_TARGET_PROGRAM_H

#include "target/target.h"

#include <stdint.h>

/* The linked program with the model, less the same program with an empty model: what the model adds to a firmware,
 * with the library functions that it is the first to need. */
typedef struct {
    size_t code_bytes;   /* executable sections */
    size_t rodata_bytes; /* constants: weights, parameters, tables */
    size_t data_bytes, bss_bytes;
    /* The sections of the generated folder's objects alone, as the linker gets them, without libraries: code and
     * constants of NAME.c (layers, kernels, parameters), and the objects of the weights. */
    size_t own_code_bytes, own_weight_bytes;
} ProgramSizes;

typedef struct {
    const Target *target;
    const char *model_name;
    const char *build_dir, *run_dir; /* below work_dir */
    const char *elf;
    ProgramSizes sizes;
    int exit_status; /* EXIT_TOOL or EXIT_INPUT when building failed */
} Program;

typedef struct {
    bool count;             /* count instructions, where the target has an emulator that can */
    bool emulate;           /* in the emulator even where the target runs here directly */
    int repeat;             /* timed repeats of the first case when it runs directly, at most 1000; 0: not timed */
    double timeout_seconds; /* 0: 300 */
} RunOptions;

typedef struct {
    double min_seconds, median_seconds;
} LayerTime;

typedef struct {
    uint64_t instructions;       /* of NAME_run, the case with most; 0: not counted */
    uint64_t instructions_least; /* the case with fewest */
    ARRAY(uint64_t) laps; /* of the first case: instructions since its begin at each BOARD_LAP() of boards/board.h */
    double min_seconds, median_seconds; /* of NAME_run; 0: not timed */
    ARRAY(LayerTime) layer_times;       /* of BuildOptions.layers; in the order of the layers' numbers */
    size_t stack_bytes;                 /* that NAME_run used in the first case */
    int exit_status;                    /* EXIT_DONE; EXIT_TOOL or EXIT_INPUT when running failed */
} RunResult;

typedef struct {
    bool without_sizes;    /* sizes stay 0: the empty model is not built */
    const char *board_dir; /* an existing folder in which the board's objects stay, for the next program of the same
                              target; not for two builds at once. NULL: below work_dir */
    bool layers;           /* with the layer hooks: two laps a layer (its begin and end) where instructions are counted,
                              layer_times where the target runs here */
    bool call_graph;       /* gcc writes what stack_bound reads; the code is the same */
} BuildOptions;

/* `folder`: what adze compile wrote, with model_name.h. work_dir: a temporary folder of the caller's that outlives the
 * Program, as does `target`. options: NULL for none. */
bool program_build_with(Arena *a, Diag *d, const Target *target, const char *folder, const char *model_name,
                        const char *work_dir, const BuildOptions *options, Program *out);
bool program_build(Arena *a, Diag *d, const Target *target, const char *folder, const char *model_name,
                   const char *work_dir, Program *out);

/* in: `cases` times in_bytes, each case all inputs in order without gaps; out in the same way. */
bool program_run(Arena *a, Diag *d, const Program *p, const void *in, size_t in_bytes, size_t cases, void *out,
                 size_t out_bytes, const RunOptions *options, RunResult *result);

#endif
