/* What the report says, measured on the Plan once and printed three times: as JSON (report.c), as a page (html.c,
 * html_map.c) and on the terminal (commands/inspect.c). */
#ifndef ADZE_EMIT_MEASURE_H
#define ADZE_EMIT_MEASURE_H

#include "emit/emit.h"

#include <jansson.h>

typedef struct {
    const Step *step;
    const char *title;    /* the node's name in the model, fit to be shown; the step's when it has none */
    StringList operators; /* what the step computes: "Pad", "Conv", "BatchNormalization", "Add", "Relu" */
    const Value *out;     /* NULL when it has none */
    int64_t parameters;   /* elements of its constants */
    size_t weight_bytes;  /* of its constants, as they are packed */
    size_t live_bytes;    /* of the arena while it runs, its scratch included */
    const char *in_place; /* the decision, as a sentence: "overwrites 'x'", "no: 'x' is read again by layer add2" */
    StringList notes;     /* what passes say about it */
} LayerReport;

/* A tensor (or a step's scratch) in the arena: a rectangle of the memory map. */
typedef struct {
    const char *name; /* fit to be shown */
    const Step *step; /* that writes it first */
    size_t offset, bytes;
    int first, last; /* steps, inclusive */
    bool scratch;
    bool takes_over;  /* written in place, so that it begins in the middle of its first step */
    bool handed_over; /* overwritten in place, so that it ends in the middle of its last step */
} Block;

/* A memory of the target, and what this model puts into it. */
typedef struct {
    const char *memory;
    size_t need, have;
    const char *what;     /* "weights" */
    const char *sentence; /* for people: does it fit, by how much */
} Fit;

typedef struct {
    const Emitter *emitter;
    const char *model, *title; /* file and name, fit to be shown */
    LayerReport *layers;
    size_t layer_count;
    size_t float_steps; /* that read or write floats; the notes of the pass `quantise` say why */
    ARRAY(Block) blocks;
    ARRAY(Fit) fits;
    int64_t macs, parameters, macs_saved;
    size_t weight_bytes, arena_bytes, arena_lower_bound;
    size_t io_bytes;        /* inputs and outputs, which belong to the caller, and state */
    int peak;               /* the step at which the most is alive; -1: none */
    const char *bound_text; /* why arena and bound differ, or that they do not */
    bool fits_all;          /* false when one memory is too small */
} Report;

/* names and weights of the emitter are set. Lives in its arena. */
void report_measure(const Emitter *e, Report *out);
/* The same for a plan of which no folder is written. */
const Report *report_of_plan(Arena *a, const Plan *p, const Target *t, const EmitOptions *o);
/* measure_fits.c: fits, fits_all. */
void report_fits(Report *r);

/* The whole of NAME.json; the caller's. */
json_t *report_json(const Report *r);
/* NAME.html: one file that needs nothing else. */
void report_html(const Report *r, Buf *out);
/* html_map.c: the arena over time, as SVG; the class of a kind of step, which decides its colour. */
const char *kind_class(Kind k);
void html_map(const Report *r, Buf *out);

/* A name from a model as printable UTF-8: other bytes as \xNN, cut at 200 bytes. */
const char *shown_name(Arena *a, const char *name);
/* Text for HTML and its attributes; what is no printable UTF-8 comes as \xNN. */
void html_text(Buf *out, const char *text);
/* The last `max` characters, which tell the layers of a network apart; an ellipsis says that something is left out. */
void html_short(Buf *out, const char *text, size_t max);
/* "1,234,567" and "51.2 KiB", in one of eight static buffers. */
const char *with_commas(int64_t n);
const char *with_unit(size_t bytes);
/* "1x3x32x32 f32"; "scalar f32". */
const char *shape_shown(Arena *a, const Value *v);

#endif
