/* Runs a generated model on the cases of in.bin: writes outputs to out.bin, nanoseconds of timed runs to time.bin and
 * stack bytes to stack.bin; with HARNESS_LAYERS, nanoseconds of each layer in each timed run to layers.bin. What
 * depends on the model is in harness_model.h, which adze writes beside this file: the buffers of the model's arenas,
 * state, inputs and outputs, and call_model(). A state lasts from case to case.
 *
 * in.bin: three little-endian uint32 (cases, timed repeats of the first case, bytes of one case), then the cases, each
 * all inputs one after another. Buffers lie between guard words, so that a write outside is seen, and are filled with
 * 0xFF (NaN) before each case, so that a read of what was never written is seen too. */
#include "board.h"

typedef uint32_t __attribute__((may_alias)) Word;

enum { GUARD_WORDS = 8, PAINT = 0x5AA5C33C, MAX_TIMES = 1000 };
#define GUARD 0xA55AF00Du

typedef struct {
    const char *name;
    void *data;
    size_t bytes;
    uint32_t *before, *after; /* GUARD_WORDS each */
} Buffer;

/* A type of its own a buffer, for the guards. */
#define BUFFER(variable, type, elements)                                                                               \
    static struct {                                                                                                    \
        uint32_t before[GUARD_WORDS];                                                                                  \
        type data[(elements) > 0 ? (elements) : 1];                                                                    \
        uint32_t after[GUARD_WORDS];                                                                                   \
    } variable
#define BUFFER_ROW(label, variable, type, elements)                                                                    \
    {                                                                                                                  \
        label, variable.data, (size_t)(elements) * sizeof(type), variable.before, variable.after                       \
    }

/* An output of the model as out.bin has it: a buffer's bytes, or a member of the state. */
typedef struct {
    const void *data;
    size_t bytes;
} Result;

#include "harness_model.h"

static void fail(const char *text, const char *name)
{
    board_print(text);
    board_print(name);
    board_print("\n");
    board_exit(1);
}

static uint32_t read_u32(int file)
{
    unsigned char b[4] = {0};
    if (board_read(file, b, 4) != 4)
        fail("in.bin is too short", "");
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static int write_u64(int file, uint64_t value)
{
    unsigned char b[8];
    for (int i = 0; i < 8; i++)
        b[i] = (unsigned char)(value >> 8 * i);
    return board_write(file, b, 8);
}

static void write_number(const char *name, uint64_t value)
{
    int file = board_open(name, 1);
    if (file < 0 || !write_u64(file, value))
        fail("cannot write ", name);
    board_close(file);
}

static void poison(const Buffer *b)
{
    volatile Word *words = b->data; /* aligned: the guard in front of it is */
    for (size_t i = 0; i < b->bytes / 4; i++)
        words[i] = 0xFFFFFFFFu;
    for (size_t i = 0; i < GUARD_WORDS; i++)
        b->before[i] = b->after[i] = GUARD;
}

static void check_guards(const Buffer *b)
{
    for (size_t i = 0; i < GUARD_WORDS; i++)
        if (b->before[i] != GUARD || b->after[i] != GUARD)
            fail("the model wrote outside of its ", b->name);
}

/* Fills the unused part of the stack. A leaf with hardly a frame, so that little stays unpainted. */
static __attribute__((noinline)) uintptr_t paint_stack(void)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    for (volatile uint32_t *p = (volatile uint32_t *)board_stack_bottom(); (uintptr_t)p < here - BOARD_RED_ZONE; p++)
        *p = PAINT;
    return here;
}

static size_t painted_over(uintptr_t top)
{
    const volatile uint32_t *bottom = (const volatile uint32_t *)board_stack_bottom(), *p = bottom;
    while ((uintptr_t)p < top && *p == PAINT)
        p++;
    if (p == bottom)
        fail("stack overflow", "");
    return (size_t)(top - (uintptr_t)p);
}

static void run_case(int in, int out, int first)
{
    uintptr_t top = 0;
    for (size_t i = 0; i < ARENAS; i++)
        poison(&arenas[i]);
    for (size_t i = 0; i < OUTPUTS; i++)
        poison(&outputs[i]);
    for (size_t i = 0; i < INPUTS; i++) {
        poison(&inputs[i]);
        if (board_read(in, inputs[i].data, inputs[i].bytes) != inputs[i].bytes)
            fail("in.bin is too short for ", inputs[i].name);
    }
    if (first)
        top = paint_stack();
    if (call_model() != 0)
        fail("the model returned an error", "");
    if (first)
        write_number("stack.bin", painted_over(top));
    for (size_t i = 0; i < ARENAS; i++)
        check_guards(&arenas[i]);
    if (state.data)
        check_guards(&state);
    for (size_t i = 0; i < INPUTS; i++)
        check_guards(&inputs[i]);
    for (size_t i = 0; i < OUTPUTS; i++)
        check_guards(&outputs[i]);
    for (size_t i = 0; i < RESULTS; i++)
        if (!board_write(out, results[i].data, results[i].bytes))
            fail("cannot write out.bin", "");
}

#ifdef HARNESS_LAYERS
enum { LAYERS = HARNESS_LAYERS > 0 ? HARNESS_LAYERS : 1 };
static uint64_t layer_times[MAX_TIMES][LAYERS], layer_begun;
static uint32_t layer_run;

void harness_layer(int index, int end);
void harness_layer(int index, int end)
{
    if (end)
        layer_times[layer_run][index] = board_nanoseconds() - layer_begun;
    else
        layer_begun = board_nanoseconds();
}

static void write_layers(uint32_t runs)
{
    int file = board_open("layers.bin", 1);
    for (uint32_t k = 0; k < runs; k++)
        for (size_t i = 0; i < HARNESS_LAYERS; i++)
            if (file < 0 || !write_u64(file, layer_times[k][i]))
                fail("cannot write layers.bin", "");
    board_close(file);
}
#define LAYER_RUN(k) (layer_run = (k))
#else
#define LAYER_RUN(k) ((void)0)
#define write_layers(runs) ((void)0)
#endif

/* Nothing is written between the runs, which would cool the caches. */
static void time_runs(uint32_t repeats)
{
    static uint64_t times[MAX_TIMES];
    int file = board_open("time.bin", 1);
    if (repeats > MAX_TIMES)
        repeats = MAX_TIMES;
    for (uint32_t k = 0; k < repeats; k++) {
        LAYER_RUN(k);
        uint64_t begin = board_nanoseconds();
        int status = call_model();
        times[k] = board_nanoseconds() - begin;
        if (status != 0)
            fail("the model returned an error", "");
    }
    for (uint32_t k = 0; k < repeats; k++)
        if (file < 0 || !write_u64(file, times[k]))
            fail("cannot write time.bin", "");
    board_close(file);
    write_layers(repeats);
}

static void harness(void)
{
    int in = board_open("in.bin", 0), out = board_open("out.bin", 1);
    if (in < 0 || out < 0)
        fail("cannot open in.bin or out.bin", "");
    uint32_t cases = read_u32(in), repeats = read_u32(in), case_bytes = read_u32(in);
    size_t bytes = 0;
    for (size_t i = 0; i < INPUTS; i++)
        bytes += inputs[i].bytes;
    if (bytes != case_bytes)
        fail("in.bin has other inputs than the model", "");
    if (check_model() != 0)
        fail("the model refuses its weights", "");
    if (state.data)
        poison(&state);
    reset_model();
    for (uint32_t i = 0; i < cases; i++) {
        run_case(in, out, i == 0);
        if (i == 0 && repeats)
            time_runs(repeats);
        if (i == 0 && repeats && state.data) { /* the timed runs went on: back to behind the first case */
            reset_model();
            call_model();
        }
    }
    board_close(out);
    board_exit(0);
}

int main(void)
{
    board_on_stack(harness);
    return 1;
}
