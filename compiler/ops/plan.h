/* The Plan: a list of kernel calls (steps), the one thing that the emitter prints and the evaluator runs.
 *
 * Lowering (an operator's LowerFn) asks for work by kernel *kind* (KIND_CONV, ...) with a parameter struct of
 * runtime/adze.h and operands; lower/select.c then chooses the kernel row (kernels.def) for the target; lower/memory.c
 * gives each computed buffer its place. */
#ifndef ADZE_OPS_PLAN_H
#define ADZE_OPS_PLAN_H

#include "ir/graph.h"

enum { STEP_MAX_IN = 6, STEP_MAX_OUT = 4, PARAMS_MAX_BYTES = 192 };

/* What lowering can ask for. Operands in the order of the kernel's arguments. */
#define KINDS(X)                                                                                                       \
    X(CONV)      /* x, w [out_c, kernel_h, kernel_w, in_c/group] const, bias?, residual? -> y */                       \
    X(DEPTHWISE) /* the same with group == in_c == out_c; w [out_c, kernel_h, kernel_w, 1] */                          \
    X(GEMM)      /* x, w [k, n] const, bias?, residual? -> y */                                                        \
    X(MATMUL)    /* a, b -> y */                                                                                       \
    X(MAXPOOL)   /* x -> y */                                                                                          \
    X(AVGPOOL)   /* x -> y */                                                                                          \
    X(SOFTMAX)   /* x -> y */                                                                                          \
    X(LOGSOFTMAX)                                                                                                      \
    X(LAYERNORM)  /* x, scale, bias? -> y */                                                                           \
    X(GROUPNORM)  /* x, scale, bias -> y */                                                                            \
    X(EXPRESSION) /* up to STEP_MAX_IN f32 operands -> y; Step.expression says what is computed of each element */     \
    X(UNARY)      /* x -> y; the function is named by Step.function: "Relu", "Exp", ... */                             \
    X(BINARY)     /* a, b -> y; Step.function: "Add", "Mul", "Equal", ... */                                           \
    X(WHERE)      /* condition, a, b -> y */                                                                           \
    X(CAST)       /* x -> y; types say what */                                                                         \
    X(COPY)       /* x -> y; strided; chosen by element size */                                                        \
    X(FILL)       /* value (one element, const) -> y: count copies (adze_unary_params) */                              \
    X(REDUCE)     /* x -> y; Step.function: "ReduceSum", "ReduceMean", "ReduceMax", "ArgMax", ... */                   \
    X(TOPK)       /* x -> y, indices i64 */                                                                            \
    X(SCAN)       /* x -> y; Step.function: "CumSum", "CumProd" */                                                     \
    X(GATHER)     /* x, indices -> y */                                                                                \
    X(GATHER_ELEMENTS)  /* x, indices -> y */                                                                          \
    X(SCATTER_ELEMENTS) /* x, indices, updates -> y; Step.function: "none", "add", "mul", "min", "max" */              \
    X(GATHER_ROWS)      /* x, indices -> y */                                                                          \
    X(SCATTER_ROWS)     /* x, indices, updates -> y; Step.function: "none", "add", "mul", "min", "max" */              \
    X(RECURRENT) /* gates, w, LSTM: h0?, c0? -> y, h, c; GRU: gates, w, bias?, h0? -> y, h; RNN: gates, w, h0? -> y,   \
              h; by Step.function */                                                                                   \
    X(TREES)     /* x, nodes [count, 2] i32, roots i32, rows [count, targets] -> y */                                  \
    X(RESIZE)    /* x, indices, weights -> y; along one axis */                                                        \
    /* docs/quantised.md: */                                                                                           \
    X(QCONV)            /* x, w [out_c, kernel_h, kernel_w, in_c/group] const, bias, multiplier, residual? -> y */     \
    X(QDEPTHWISE)       /* the same with group == in_c == out_c; w [out_c, kernel_h, kernel_w, 1] */                   \
    X(QGEMM)            /* x, w [k, n] const, bias, multiplier, residual? -> y */                                      \
    X(QCONV_WIDE)       /* QCONV and QDEPTHWISE with sums of 64 bits */                                                \
    X(QGEMM_WIDE)       /* QGEMM with sums of 64 bits */                                                               \
    X(QMATMUL)          /* a, b -> y */                                                                                \
    X(QADD)             /* a, b -> y */                                                                                \
    X(QMUL)             /* a, b -> y */                                                                                \
    X(QAVGPOOL)         /* x, multiplier [taps + 1] -> y */                                                            \
    X(QLOOKUP)          /* x, table [256] -> y */                                                                      \
    X(QSOFTMAX)         /* x, table [256] -> y */                                                                      \
    X(QLAYERNORM)       /* x, scale, bias [axis] -> y */                                                               \
    X(QCONV_SUMS)       /* x, w, offset i32, x_zero i32, lift i32 -> y i32 */                                          \
    X(QGEMM_SUMS)       /* the same */                                                                                 \
    X(QMATMUL_SUMS)     /* a, b, a_zero i32, b_zero i32 -> y i32 */                                                    \
    X(DYNAMIC_QUANTIZE) /* x f32 -> y, scale f32, zero i32 */                                                          \
    X(QINTERPOLATE)     /* x i16, points -> y */                                                                       \
    X(REQUANTIZE)       /* x i8, i16 -> y i16, i8 */                                                                   \
    X(QUANTIZE)         /* x, scale, zero_point i32 -> y */                                                            \
    X(DEQUANTIZE)       /* x, scale, zero_point i32 -> y */

typedef enum {
#define X(k) KIND_##k,
    KINDS(X)
#undef X
        KIND_COUNT
} Kind;
const char *kind_name(Kind k);

typedef struct Kernel Kernel;
typedef struct Step Step;
struct Expression; /* ops/expression.h */

/* A packed constant operand: what `pack` writes. Same shape of data on every host. */
typedef struct {
    size_t bytes;
    DType type; /* how the kernel reads it */
} Packed;

/* A row of kernels.def. */
struct Kernel {
    const char *function; /* C name, "adze_conv_f32_tile" */
    const char *set;      /* "ref", "tile", "vec", ... */
    const char *feature;  /* what the target must have, "" for none, several with a space between: "avx2", ... (a target
                             lists its features); "speed": -O speed, "size": its absence, "default": neither that nor
                             -O size, "fast": no -O size; "half": --quantize fp16 */
    const char *header;   /* "tile/conv.h", emitted as adze_tile_conv.h */
    Kind kind;
    const char *name;   /* Step.function it serves ("Add"), or NULL: any */
    const char *types;  /* of inputs and outputs, "f32,f32,f32,f32>f32"; "*" any; "=N" any type of N bytes */
    const char *params; /* C name of the parameter struct */
    int priority;       /* the highest that accepts wins */
    bool (*accepts)(const Step *s);   /* NULL: every step of its kind and types */
    size_t (*scratch)(const Step *s); /* bytes; NULL: none */
    /* For the constant operand 1 (weights): packed size, packing, and the tested inverse; NULL: as it is. */
    Packed (*packed)(const Step *s);
    void (*pack)(const Step *s, const void *logical, void *packed);
    void (*unpack)(const Step *s, const void *packed, void *logical);
    /* Calls the function compiled into adze, when this machine can; scratch may be NULL when none is needed. */
    void (*run)(const void *params, const void *const *in, void *const *out, void *scratch);
};

struct Step {
    Kind kind;
    const char *function;                /* NULL or the name that kernels of this kind go by */
    const struct Expression *expression; /* KIND_EXPRESSION; its params are empty */
    const Node *node;                    /* what it came from */
    const char *name;                    /* C identifier of the layer, unique in the plan, without the model's prefix */
    const char *params_type;
    unsigned char params[PARAMS_MAX_BYTES]; /* a params_type */
    size_t params_bytes;
    Value *in[STEP_MAX_IN]; /* NULL: left out */
    Value *out[STEP_MAX_OUT];
    int in_count, out_count;
    unsigned overwritable; /* bit k: out[0] may take the bytes of in[k] (each element is read before it is written) */
    int in_place;          /* the input whose bytes out[0] does take, chosen by the memory plan; -1: none */
    int64_t macs;
    const Kernel *kernel; /* chosen by select */
    size_t scratch_bytes, scratch_offset;
};

/* Where a value's bytes are while the program runs. */
typedef enum { PLACE_NONE, PLACE_INPUT, PLACE_OUTPUT, PLACE_CONST, PLACE_ARENA, PLACE_ALIAS } PlaceKind;

typedef struct {
    PlaceKind kind;
    int index;          /* PLACE_INPUT, PLACE_OUTPUT: which */
    const Value *alias; /* PLACE_ALIAS: same bytes as that value (Reshape; in place) */
    size_t bytes;
    size_t offset;   /* PLACE_ARENA: in the arena */
    int first, last; /* steps between which the bytes are alive, inclusive */
} Place;

enum { PLAN_MEMORIES = 4 };

/* A part of the arena: [start, start + bytes) of the offsets lies in a memory of its own. */
typedef struct {
    const char *name; /* of the target's memory; "" for the only one */
    size_t start, bytes, lower_bound;
    size_t traffic; /* bytes read and written in it by one run, estimated */
} PlanMemory;

typedef struct Plan {
    Arena *arena;
    Graph *graph;
    ARRAY(Step *) steps;
    Place *places; /* by Value.id */
    size_t place_count;
    size_t arena_bytes; /* peak of values and scratch, over all memories */
    size_t arena_lower_bound;
    PlanMemory memories[PLAN_MEMORIES]; /* one, unless the arena does not fit the target's fastest RAM */
    int memory_count;
    const Node *lowering; /* the node whose LowerFn runs */
} Plan;

/* Appends a step for the node being lowered. params is copied. Operands follow with step_in/step_out. */
Step *plan_step(Plan *p, Kind kind, const char *function, const char *params_type, const void *params, size_t bytes);
#define PLAN_STEP(p, kind, function, struct_type, ptr)                                                                 \
    plan_step((p), (kind), (function), #struct_type, (ptr), sizeof(struct_type))
void step_in(Step *s, Value *v); /* NULL: left out */
void step_out(Step *s, Value *v);
/* The value whose bytes v shares: follows aliases. */
const Value *place_root(const Plan *p, const Value *v);
/* `out` is the same bytes as `in` (Reshape and its kin); no step. */
void plan_alias(Plan *p, Value *out, Value *in);
/* Appends a step that copies all of `from` to `to` (same type and number of elements). */
Step *plan_copy(Plan *p, Value *from, Value *to);
/* Does the step copy all of its operand, in order? */
bool step_copies_all(const Step *s);
/* A temporary of the plan. */
Value *plan_temp(Plan *p, DType type, const Shape *shape);

/* kernels.def */
extern const Kernel kernels[];
extern const size_t kernel_count;
/* `has` is true for each of the row's features; of at most 15 characters. */
bool kernel_features(const Kernel *k, bool (*has)(const void *context, const char *feature), const void *context);
/* Does this row serve the step's kind, function, types (ignoring feature and set)? */
bool kernel_serves(const Kernel *k, const Step *s);
/* The ref kernel for a step that reads weights as they are, NULL when there is none. */
const Kernel *kernel_ref(const Step *s);

/* The parameter structs' fields, for the emitter (params.c). */
typedef struct {
    const char *name;
    size_t offset;
    char type; /* 'i' int32_t, 'f' float; 'u' adze_size, 'c' adze_count, 'b' adze_small: int32_t here */
    int count; /* of an array, 1 for a scalar */
} ParamField;
typedef struct {
    const char *name; /* "adze_conv_params" */
    size_t bytes;
    const ParamField *fields;
    size_t field_count;
} ParamStruct;
const ParamStruct *param_struct(const char *name);

/* run.c: executes the plan's steps in order with the functions of runtime/, each step with its chosen kernel when this
 * machine can run it, else with its ref kernel (bit-equal for integers). in: one buffer a graph input, out: one a graph
 * output. All buffers of values are allocated apart (no arena), so that a wrong memory plan cannot hide. With
 * `force_ref` every step runs its ref kernel: what compile-time folding uses, so that results do not depend on the
 * machine. */
bool plan_run(const Plan *p, Diag *d, const void *const *in, void *const *out, bool force_ref);
/* The same inside one arena of arena_bytes laid out as the plan says: what the emitted program does. The input and the
 * output of a state (Graph.states) are given as one buffer. */
bool plan_run_arena(const Plan *p, Diag *d, void *arena, const void *const *in, void *const *out);

#endif
