/* Executes a Plan with the functions of runtime/. The only file of the compiler that includes kernel headers. */
#include "ops/run.h"
#include "base/cpu.h"
#include "ops/expression.h"
#include "ops/kernels_run.h"

#define ADZE_NO_FMA /* calibration gives the same bits on every machine */
#include "adze.h"
#include "ref/binary.h"
#include "ref/binary_int.h"
#include "ref/bitwise.h"
#include "ref/cast.h"
#include "ref/compare.h"
#include "ref/conv.h"
#include "ref/copy.h"
#include "ref/elements.h"
#include "ref/fill.h"
#include "ref/gather.h"
#include "ref/gemm.h"
#include "ref/groupnorm.h"
#include "ref/layernorm.h"
#include "ref/matmul.h"
#include "ref/pool.h"
#include "ref/qbinary.h"
#include "ref/q16.h"
#include "ref/q16_rest.h"
#include "ref/q4.h"
#include "ref/q4g.h"
#include "ref/qconv.h"
#include "ref/qgemm.h"
#include "ref/qlayernorm.h"
#include "ref/qlookup.h"
#include "ref/qmatmul.h"
#include "ref/qpool.h"
#include "ref/qsoftmax.h"
#include "ref/qwide.h"
#include "ref/quantize.h"
#include "ref/recurrent.h"
#include "ref/reduce.h"
#include "ref/resize.h"
#include "ref/rows.h"
#include "ref/scan.h"
#include "ref/softmax.h"
#include "ref/sums.h"
#include "ref/topk.h"
#include "ref/trees.h"
#include "ref/unary.h"
#include "ref/unary_f64.h"
#include "ref/unary_int.h"
#include "ref/weights16.h"
#include "ref/where.h"
#include "tile/conv.h"
#include "tile/depthwise.h"
#include "tile/gemm.h"
#include "tile/half.h"
#include "tile/qconv.h"
#include "tile/qgemm.h"
#include "tile/sums.h"
#include "tile/q4g.h"
#include "tile/qtile4.h"
#if defined(__x86_64__)
#include "avx2/conv.h"
#include "avx2/depthwise.h"
#include "avx2/gemm.h"
#include "avx2/half.h"
#include "avx2/qconv.h"
#include "avx2/qdepthwise.h"
#include "avx2/qgemm.h"
#include "avx2/qpool.h"
#include "avx2/quantize.h"
#endif

#include <stdlib.h>
#include <string.h>

/* The adapters: one function a row, with the kernel's true argument list. */
#define IN_1 in[0]
#define IN_2 in[0], in[1]
#define IN_3 in[0], in[1], in[2]
#define IN_4 in[0], in[1], in[2], in[3]
#define IN_5 in[0], in[1], in[2], in[3], in[4]
#define IN_6 in[0], in[1], in[2], in[3], in[4], in[5]
#define OUT_1 out[0]
#define OUT_2 out[0], out[1]
#define OUT_3 out[0], out[1], out[2]
#define SCRATCH_0
#define SCRATCH_1 , scratch
#define KERNEL(function, set, feature, header, KIND, name, types, params, nin, nout, has_scratch, ...)                 \
    void run_##function(const void *p, const void *const *in, void *const *out, void *scratch)                         \
    {                                                                                                                  \
        (void)scratch;                                                                                                 \
        function((const params *)p, IN_##nin, OUT_##nout SCRATCH_##has_scratch);                                       \
    }
#if defined(__x86_64__)
#define KERNEL_X86 KERNEL
#else
#define KERNEL_X86(...)
#endif
#define KERNEL_ARM(...)
#include "ops/kernels.def"
#undef KERNEL
#undef KERNEL_X86
#undef KERNEL_ARM

/* Those that a compilation chooses by are no matter of the machine. */
static bool feature_here(const void *context, const char *feature)
{
    (void)context;
    return strcmp(feature, "size") == 0 || strcmp(feature, "half") == 0 || cpu_has(feature);
}

bool kernel_runs_here(const Kernel *k)
{
    return k->run && kernel_features(k, feature_here, NULL);
}

/* A value in the table of the runner. `root` is the index of the value whose bytes it shares (Reshape), or its own. */
typedef struct {
    const Value *value;
    int root;
    bool written; /* by a step */
    int last;     /* index of the last step that reads or writes the bytes; -1: none */
    bool keep;    /* read after the last step: a graph output */
    size_t bytes;
    unsigned char *buffer; /* what this run allocated */
    const void *data;      /* where the bytes are: a buffer, an input's or a constant's data */
} Slot;

/* A step made ready: which kernel, packed operand 1. */
typedef struct {
    const Kernel *kernel; /* NULL: an expression */
    void *packed;         /* NULL: operand 1 as it is */
    size_t scratch_bytes;
} Ready;

struct Runner {
    const Plan *plan;
    Arena *arena;
    Ready *ready; /* a step */
    ARRAY(Slot) slots;
    int *table; /* index of a slot + 1, by hash of the value's address */
    size_t table_size;
    StepHook *hook;
    void *hook_context;
};

/* Behind every buffer, so that a kernel that writes too far is found; the address sanitizer sees more by itself. */
#if defined(__SANITIZE_ADDRESS__)
enum { GUARD_BYTES = 0 };
#else
enum { GUARD_BYTES = 64 };
#endif
enum { GUARD = 0xA5, UNWRITTEN = 0xFF /* NaN in every float type */ };

/* What stands for the address of no elements: kernels count on from it. */
static const double none[1];

const void *const_bytes(const Value *v)
{
    return !v->is_const ? NULL : v->data ? v->data : none;
}

static int slot_of(Runner *r, const Value *v)
{
    size_t at = ((size_t)(uintptr_t)v >> 4) * (size_t)0x9E3779B97F4A7C15u & (r->table_size - 1);
    while (r->table[at] && r->slots.items[r->table[at] - 1].value != v)
        at = (at + 1) & (r->table_size - 1);
    if (!r->table[at]) {
        Slot s = {.value = v, .last = -1, .data = const_bytes(v)};
        s.root = (int)r->slots.count;
        array_push(r->arena, &r->slots, s);
        r->table[at] = (int)r->slots.count;
    }
    return r->table[at] - 1;
}

/* The pointer holds until a new value comes to the table, which does not happen after runner_new. */
static Slot *slot_at(Runner *r, const Value *v)
{
    int slot = slot_of(r, v);
    return &r->slots.items[slot];
}

static const Value *alias_of(const Plan *p, const Value *v)
{
    if (!p->places || v->id < 0 || (size_t)v->id >= p->place_count || p->places[v->id].kind != PLACE_ALIAS)
        return NULL;
    return p->places[v->id].alias;
}

/* The slot that holds v's bytes: aliases are followed unless a step writes the value itself, as the output of a step
 * that runs in place in the memory plan does. */
static int root_of(Runner *r, const Value *v)
{
    int slot = slot_of(r, v);
    for (size_t hops = 0; hops <= r->plan->place_count; hops++) {
        const Value *other = r->slots.items[slot].written ? NULL : alias_of(r->plan, r->slots.items[slot].value);
        if (!other)
            break;
        slot = slot_of(r, other);
    }
    return slot;
}

static size_t operand_count(const Plan *p)
{
    size_t count = p->graph->inputs.count + p->graph->outputs.count;
    for (size_t i = 0; i < p->steps.count; i++)
        count += (size_t)p->steps.items[i]->in_count + (size_t)p->steps.items[i]->out_count;
    return count;
}

static bool value_bytes(Diag *d, const Value *v, size_t *bytes)
{
    char text[SHAPE_TEXT_BYTES];
    if (dtype_bytes(v->type, shape_count(&v->shape), bytes))
        return true;
    return diag_error(d, "value %s: its size is not known (%s %s), so that the program cannot be run",
                      diag_quote(d->arena, v->name), dtype_name(v->type), shape_text(&v->shape, text, sizeof text));
}

static bool touch(Runner *r, Diag *d, const Value *v, int step)
{
    int own = slot_of(r, v), root = root_of(r, v);
    r->slots.items[own].root = root;
    r->slots.items[root].root = root;
    r->slots.items[root].last = step;
    return value_bytes(d, v, &r->slots.items[own].bytes) &&
           value_bytes(d, r->slots.items[root].value, &r->slots.items[root].bytes);
}

/* Fills the table of values. */
static bool ready_values(Runner *r, Diag *d)
{
    const Plan *p = r->plan;
    size_t operands = operand_count(p);
    /* Aliases may lead through values that are no step's operand: they are found on the way, hence room for all. */
    r->table_size = 64;
    while (r->table_size < 2 * (operands + p->place_count))
        r->table_size *= 2;
    r->table = NEW_ARRAY(r->arena, int, r->table_size);
    for (size_t i = 0; i < p->steps.count; i++)
        for (int k = 0; k < p->steps.items[i]->out_count; k++)
            if (p->steps.items[i]->out[k])
                slot_at(r, p->steps.items[i]->out[k])->written = true;
    for (size_t i = 0; i < p->graph->inputs.count; i++)
        if (!touch(r, d, p->graph->inputs.items[i], -1))
            return false;
    for (size_t i = 0; i < p->steps.count; i++) {
        const Step *s = p->steps.items[i];
        for (int k = 0; k < s->in_count; k++)
            if (s->in[k] && !touch(r, d, s->in[k], (int)i))
                return false;
        for (int k = 0; k < s->out_count; k++)
            if (s->out[k] && !touch(r, d, s->out[k], (int)i))
                return false;
    }
    for (size_t i = 0; i < p->graph->outputs.count; i++) {
        const Value *v = p->graph->outputs.items[i];
        int root = root_of(r, v);
        if (!touch(r, d, v, r->slots.items[root].last))
            return false;
        r->slots.items[root].keep = true;
    }
    return true;
}

static bool step_error(Diag *d, const Step *s, const char *text)
{
    Buf types = {0};
    for (int i = 0; i < s->in_count; i++)
        buf_printf(&types, "%s%s", i ? "," : "", s->in[i] ? dtype_name(s->in[i]->type) : "none");
    for (int i = 0; i < s->out_count; i++)
        buf_printf(&types, "%s%s", i ? "," : ">", s->out[i] ? dtype_name(s->out[i]->type) : "none");
    diag_error(d, "%s: %s (%s %s, %s)", s->node ? node_label(d->arena, s->node) : "a step", text, kind_name(s->kind),
               s->function ? s->function : "", types.data ? types.data : "");
    buf_free(&types);
    return false;
}

/* The kernel that runs the step here: the chosen one, or ref. */
static const Kernel *kernel_here(const Step *s, bool force_ref)
{
    if (!force_ref && s->kernel && kernel_runs_here(s->kernel))
        return s->kernel;
    const Kernel *ref = kernel_ref(s);
    return ref && kernel_runs_here(ref) ? ref : NULL;
}

static bool ready_step(const Step *s, Arena *a, Diag *d, bool force_ref, Ready *out)
{
    if (s->expression)
        return true;
    out->kernel = kernel_here(s, force_ref);
    if (!out->kernel)
        return step_error(d, s, "no kernel for these types");
    out->scratch_bytes = out->kernel->scratch ? out->kernel->scratch(s) : 0;
    if (out->kernel->pack && s->in_count > 1 && s->in[1] && s->in[1]->is_const && s->in[1]->data) {
        out->packed = arena_alloc(a, out->kernel->packed(s).bytes);
        out->kernel->pack(s, s->in[1]->data, out->packed);
    }
    return true;
}

Runner *runner_new(const Plan *p, Diag *d, bool force_ref)
{
    Arena *a = arena_new();
    Runner *r = NEW(a, Runner);
    r->plan = p;
    r->arena = a;
    r->ready = NEW_ARRAY(a, Ready, p->steps.count + 1);
    bool ok = ready_values(r, d);
    for (size_t i = 0; ok && i < p->steps.count; i++)
        ok = ready_step(p->steps.items[i], a, d, force_ref, &r->ready[i]);
    if (ok)
        return r;
    arena_free(a);
    return NULL;
}

void runner_hook(Runner *r, StepHook *hook, void *context)
{
    r->hook = hook;
    r->hook_context = context;
}

void runner_free(Runner *r)
{
    if (r)
        arena_free(r->arena);
}

static unsigned char *guarded(size_t bytes)
{
    unsigned char *b = xmalloc(bytes + GUARD_BYTES + !GUARD_BYTES);
    memset(b, UNWRITTEN, bytes);
    memset(b + bytes, GUARD, GUARD_BYTES);
    return b;
}

static bool guard_intact(const unsigned char *b, size_t bytes)
{
    for (int i = 0; i < GUARD_BYTES; i++)
        if (b[bytes + (size_t)i] != GUARD)
            return false;
    return true;
}

/* The bytes of an operand, NULL when it was never computed. */
static const void *operand(Runner *r, const Value *v)
{
    return r->slots.items[slot_at(r, v)->root].data;
}

static void release(Slot *s)
{
    free(s->buffer);
    s->buffer = NULL;
    s->data = const_bytes(s->value);
}

/* Frees what no later step reads. */
static void release_read(Runner *r, const Step *s, int index)
{
    for (int i = 0; i < s->in_count + s->out_count; i++) {
        const Value *v = i < s->in_count ? s->in[i] : s->out[i - s->in_count];
        if (!v)
            continue;
        Slot *slot = &r->slots.items[slot_at(r, v)->root];
        if (slot->buffer && slot->last <= index && !slot->keep)
            release(slot);
    }
}

static bool run_step(Runner *r, Diag *d, size_t index)
{
    const Step *s = r->plan->steps.items[index];
    const Ready *ready = &r->ready[index];
    const void *in[STEP_MAX_IN] = {0};
    void *out[STEP_MAX_OUT] = {0};
    for (int i = 0; i < s->in_count; i++) {
        if (!s->in[i])
            continue;
        in[i] = i == 1 && ready->packed ? ready->packed : operand(r, s->in[i]);
        if (!in[i] && slot_at(r, s->in[i])->bytes)
            return step_error(d, s, "an operand is read before it is computed");
        in[i] = in[i] ? in[i] : none;
    }
    for (int i = 0; i < s->out_count; i++) {
        if (!s->out[i])
            continue;
        Slot *slot = slot_at(r, s->out[i]);
        if (!slot->buffer)
            slot->data = slot->buffer = guarded(slot->bytes);
        out[i] = slot->buffer;
    }
    unsigned char *scratch = ready->scratch_bytes ? guarded(ready->scratch_bytes) : NULL;
    if (s->expression)
        expression_run(s->expression, in, out);
    else
        ready->kernel->run(s->params, in, out, scratch);
    bool ok = !scratch || guard_intact(scratch, ready->scratch_bytes);
    free(scratch);
    for (int i = 0; i < s->out_count; i++)
        ok = ok && (!s->out[i] || guard_intact(out[i], slot_at(r, s->out[i])->bytes));
    if (!ok)
        return step_error(d, s, "internal error: the kernel wrote behind its output or scratch");
    if (r->hook)
        r->hook(r->hook_context, s, in, out);
    release_read(r, s, (int)index);
    return true;
}

bool runner_run(Runner *r, Diag *d, const void *const *in, void *const *out)
{
    const Graph *g = r->plan->graph;
    for (size_t i = 0; i < g->inputs.count; i++)
        slot_at(r, g->inputs.items[i])->data = in[i];
    bool ok = true;
    for (size_t i = 0; ok && i < r->plan->steps.count; i++)
        ok = run_step(r, d, i);
    for (size_t i = 0; ok && i < g->outputs.count; i++) {
        const Value *v = g->outputs.items[i];
        const void *data = operand(r, v);
        size_t bytes = slot_at(r, v)->bytes;
        if (!out[i] || bytes == 0)
            continue;
        if (!data)
            ok = diag_error(d, "output %s is not computed by any step", diag_quote(d->arena, v->name));
        else
            memcpy(out[i], data, bytes);
    }
    for (size_t i = 0; i < r->slots.count; i++)
        release(&r->slots.items[i]);
    return ok;
}

bool plan_run(const Plan *p, Diag *d, const void *const *in, void *const *out, bool force_ref)
{
    Runner *r = runner_new(p, d, force_ref);
    bool ok = r && runner_run(r, d, in, out);
    runner_free(r);
    return ok;
}
