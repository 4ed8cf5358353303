/* Plan to C: the files that `adze compile` writes. Everything here prints; nothing decides. */
#ifndef ADZE_EMIT_EMIT_H
#define ADZE_EMIT_EMIT_H

#include "base/buf.h"
#include "base/hash.h"
#include "lower/lower.h"

typedef enum { MODE_DEFAULT, MODE_SIZE, MODE_SPEED } Mode;

typedef struct {
    const char *name;    /* prefix of all symbols: a C identifier */
    const char *file;    /* the model's file name, for comments */
    Digest model_hash;   /* of the model's file */
    const char *options; /* the options that shaped the output, for the header's comment */
    Mode mode;
} EmitOptions;

/* Where a constant operand lies in the weights, and how it is read. */
typedef struct {
    const Value *value;
    const Kernel *packed_by; /* NULL: as it is */
    const Step *step;
    DType type;
    size_t offset, bytes;
} WeightSlot;

/* What all printers share. */
typedef struct Emitter {
    Arena *arena;
    const Plan *plan;
    const Target *target;
    const EmitOptions *options;
    const char *name, *upper;     /* kws, KWS */
    const char **input_names;     /* C parameter names of the graph's inputs and outputs */
    const char **output_names;
    const char **member;          /* by Value.id: name of its member in the arena union, or NULL */
    ARRAY(WeightSlot) weights;
    size_t weight_bytes;
} Emitter;

/* Writes all files into the existing folder `dir`. */
bool emit_folder(Arena *a, Diag *d, const Plan *p, const Target *t, const EmitOptions *o, const char *dir);

/* A C identifier from any text: letters, digits and _; never a keyword, never empty, at most 63 characters. */
const char *c_identifier(Arena *a, const char *text);
bool c_is_identifier(const char *text);
/* Text for the inside of a comment: printable ASCII, no way to end the comment. */
const char *c_comment(Arena *a, const char *text);
/* A C string literal with quotes. */
const char *c_string(Arena *a, const char *text);

void emitter_names(Emitter *e);    /* names.c */
void emitter_weights(Emitter *e);  /* weights.c: gives each constant its place */
const WeightSlot *weight_slot(const Emitter *e, const Step *s, int operand);
void emit_header(const Emitter *e, Buf *out);
void emit_source(const Emitter *e, Buf *out);
void emit_weights_header(const Emitter *e, Buf *out);
void emit_weights(const Emitter *e, Buf *out);
void emit_cmake(const Emitter *e, Buf *out);
void emit_report(const Emitter *e, Buf *out);
bool emit_runtime(const Emitter *e, Diag *d, const char *dir);
/* "tile/conv.h" -> "adze_tile_conv.h". */
const char *runtime_file_name(Arena *a, const char *header);

#endif
