/* Plan to C: the files that `adze compile` writes. Everything here prints; nothing decides. */
#ifndef ADZE_EMIT_EMIT_H
#define ADZE_EMIT_EMIT_H

#include "base/buf.h"
#include "base/hash.h"
#include "base/text.h"
#include "lower/lower.h"

typedef enum { MODE_DEFAULT, MODE_SIZE, MODE_SPEED } Mode;

/* c: a C file. incbin: an assembler file that takes in a binary one. bin: that file alone, which the user maps or
 * links.
 */
typedef enum { WEIGHTS_C, WEIGHTS_INCBIN, WEIGHTS_BIN } WeightsForm;

typedef struct {
    const char *name;  /* prefix of all symbols: a C identifier */
    const char *file;  /* the model's file name, for comments */
    Digest model_hash; /* of the model's file */
    Digest calibration_hash;
    size_t calibration_cases; /* 0: none */
    const char *options;      /* the options that shaped the output, for the header's comment */
    Mode mode;
    WeightsForm weights;
} EmitOptions;

/* Where a constant operand lies in the weights, and how it is read. */
typedef struct {
    const Value *value;
    const Kernel *packed_by; /* NULL: as it is */
    const Step *step;
    const void *data; /* as in the model */
    DType type;
    size_t offset, bytes;
} WeightSlot;

/* An input or output that is an argument of NAME_run, or a member of NAME_state. */
typedef struct {
    const Value *value;
    const char *name; /* C identifier */
    int index;        /* in the graph's inputs or outputs; of a state: its output's */
} Port;

typedef ARRAY(Port) PortList;

enum { WEIGHTS_HEADER_BYTES = 64, WEIGHTS_ALIGN = 8 };

/* What all printers share. */
typedef struct Emitter {
    Arena *arena;
    const Plan *plan;
    const Target *target;
    const EmitOptions *options;
    const char *name, *upper; /* kws, KWS */
    PortList inputs, outputs, states;
    const char **input_text; /* by index in the graph: the C expression in NAME_run, "features" or "state->h" */
    const char **output_text;
    const char **member; /* by Value.id: name of its member in the arena union, or NULL */
    ARRAY(WeightSlot) weights;
    size_t weight_bytes;
    unsigned char weights_head[WEIGHTS_HEADER_BYTES]; /* of the binary file, once it is written */
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

void emitter_names(Emitter *e);   /* names.c */
void emitter_weights(Emitter *e); /* weights.c: gives each constant its place */
const WeightSlot *weight_slot(const Emitter *e, const Step *s, int operand);
/* Do the weights come as an argument of NAME_run? */
bool weights_are_argument(const Emitter *e);

/* memories.c: the arenas, of which there are several when the plan uses several memories of the target. */
size_t arena_count(const Emitter *e);
size_t arena_at(const Emitter *e, size_t offset);       /* the arena of an offset in the plan */
size_t arena_start(const Emitter *e, size_t k);         /* the plan's offset of its first byte */
size_t arena_size(const Emitter *e, size_t k);          /* in memory */
const char *arena_variable(const Emitter *e, size_t k); /* "arena", "arena_psram" */
const char *arena_type(const Emitter *e, size_t k);     /* "kws_arena", "kws_arena_psram" */

void emit_header(const Emitter *e, Buf *out);
/* "int kws_run(kws_arena *arena, ...)" */
void emit_prototype(const Emitter *e, Buf *out);
/* `separator` and `text`, on a new line when it would end behind column 110; `line`: where the current line begins. */
void emit_wrapped(Buf *out, size_t *line, const char *separator, const char *text);
void emit_source(const Emitter *e, Buf *out);
/* layer.c: what a layer does, as a comment; and its parameters, as a static const struct. */
void emit_layer_comment(const Emitter *e, const Step *s, Buf *out);
void emit_layer_params(const Step *s, Buf *out);
/* Whether the fields that may be narrow (runtime/adze.h) are. */
void emit_narrow(const Emitter *e, Buf *out);
/* The field of the parameters of that name, a float or an integer; NULL: there is none. */
const unsigned char *layer_param(const Step *s, const char *name, bool is_float);
void emit_float(Buf *out, float v); /* a literal that reads back as v */
/* expression.c: the loops of a layer that is one expression. */
void emit_expression(const Emitter *e, const Step *s, Buf *out);
/* source.c: what an operand is called inside of its layer, and where a constant one lies. */
const char *operand_name(const Step *s, int k);
const char *constant_text(const Emitter *e, const Step *s, int k);
void emit_weights_header(const Emitter *e, Buf *out);
/* NAME_check_weights, for --weights bin; the file must have been written. */
void emit_weights_check(const Emitter *e, Buf *out);
/* weights_file.c: NAME_weights.c, or .bin and .S. Streams: at most one packed constant is in memory. */
bool emit_weights(Emitter *e, Diag *d, const char *dir);
void emit_cmake(const Emitter *e, Buf *out);
void emit_report(const Emitter *e, Buf *out);      /* NAME.json */
void emit_report_page(const Emitter *e, Buf *out); /* NAME.html */
bool emit_runtime(const Emitter *e, Diag *d, const char *dir);
/* "tile/conv.h" -> "adze_tile_conv.h". */
const char *runtime_file_name(Arena *a, const char *header);

#endif
