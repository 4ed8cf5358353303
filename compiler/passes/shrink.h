/* Channels that cannot matter: what shrink and shrink_real share. Private to compiler/passes.
 *
 * A value's channels are the positions of one of its axes: the last one of what adze.Conv and adze.Gemm compute, and
 * what becomes of that axis in the nodes behind. Channels that can only go together (both operands of an Add, the 49
 * features that a 7x7 map of one channel is flattened to) are one class. A class is live when a graph output, an
 * operator that is not understood here, or a product with a weight other than 0 reads it. */
#ifndef ADZE_PASSES_SHRINK_H
#define ADZE_PASSES_SHRINK_H

#include "passes/rewrite.h"

typedef struct {
    int axis;            /* -1: none of its elements can be removed */
    int32_t count;       /* channels; 1 when axis is -1 */
    int32_t base;        /* number of its first channel among all channels of the graph */
    const int32_t *from; /* of outputs of ROLE_MOVE: which channel of input 0 each is; NULL: the same */
} Channels;

/* What a node does to channels. */
typedef enum {
    ROLE_OTHER,   /* reads everything */
    ROLE_PRODUCT, /* adze.Conv, adze.ConvTranspose, adze.Gemm with constant weights */
    ROLE_EACH,    /* each channel of the output is a function of the same channel of input 0: Relu, pools, Resize,
                     normalisation of one channel a group */
    ROLE_MOVE,    /* elements are only moved: Transpose, Reshape, Slice, Split */
    ROLE_JOIN,    /* element-wise with broadcasting: Add */
    ROLE_CONCAT
} Role;

/* What is known of the elements of one channel, provided that all are finite. */
typedef struct {
    double lo, hi; /* bounds of the computed (rounded) floats; lo == hi: all of these bits, but for the sign of 0 */
    bool constant; /* over the real numbers all are `value`; as computed they may differ by rounding */
    float value;   /* when constant */
    const float *image; /* one value a pixel, over the real numbers; NULL when that is not known */
    int32_t same; /* the first channel of the value that always has the same elements; itself when there is none */
} Fact;

/* adze.Conv, adze.ConvTranspose, adze.Gemm, adze.QConv or adze.QGemm. Weight of output channel o, tap t and input
 * channel c of o's group: w[o * by_output + t * by_tap + c * by_input]. */
typedef struct {
    Node *node;
    Value *x, *bias, *residual, *y; /* bias and residual: NULL when left out */
    const float *w, *b;
    bool q; /* QConv, QGemm: w and b are NULL, and weights are in w8 or w16; facts are about the integers */
    const int8_t *w8;
    const int16_t *w16;
    const int32_t *b32, *multiplier;
    int32_t zero; /* what taps outside of the image read */
    int64_t by_output, by_tap, by_input, taps;
    int64_t pixels;         /* positions at which the taps are multiplied: of y, of a ConvTranspose those of x */
    int32_t group, in, out; /* channels of a group */
    bool padded;            /* some results do not have all taps */
    double lo, hi;
} Product;

typedef struct {
    PassContext *context;
    Arena *a;
    Graph *g;
    Channels *of;                 /* by Value.id */
    Role *roles;                  /* by Node.id */
    size_t node_ids, value_count; /* of the graph as it was */
    Fact **facts;                 /* by Value.id; `count` each */
    int32_t total;
    int32_t *value_of;      /* by channel number: the Value.id; -1: of none, after all */
    int32_t *parent, *next; /* classes: a forest, and a ring of the members */
    bool *live;             /* by the class's root */
    ARRAY(int32_t) queue;
} Shrink;

/* shrink_channels.c: classes. NULL when nothing in the graph has channels. */
Shrink *shrink_new(PassContext *c, Graph *g);
/* shrink_roles.c: the role of a node whose inputs' channels are known; gives its outputs theirs. */
Role shrink_role(Shrink *s, Node *n);
int shrink_axis(const Shrink *s, const Value *v); /* v's channel axis; -1: none, also of NULL */
/* shrink_products.c */
bool product_of(Node *n, Product *out);
/* Does n have no attribute but these (a list that ends with NULL)? One that is not known may mean something else. */
bool only_attrs(const Node *n, const char *const *names);
static inline float product_weight(const Product *p, int32_t o, int64_t tap, int32_t c)
{
    const int64_t at = (int64_t)o * p->by_output + tap * p->by_tap + (int64_t)c * p->by_input;
    return p->w ? p->w[at] : p->w8 ? (float)p->w8[at] : (float)p->w16[at];
}
static inline int64_t shrink_weights(const Product *p)
{
    return (int64_t)p->group * p->out * p->taps * p->in;
}
static inline int32_t shrink_outputs(const Product *p)
{
    return p->group * p->out;
}
/* All weights of input channel c of the group for output o are 0. */
bool product_ignores(const Product *p, int32_t o, int32_t c);
int32_t shrink_root(Shrink *s, const Value *v, int32_t channel);
void shrink_join(Shrink *s, int32_t a, int32_t b); /* channel numbers */
/* For ROLE_JOIN: the axis of input v that is the channel axis of y, or -1 when v repeats along it. */
int join_axis(const Shrink *s, const Value *v, const Value *y);

/* shrink_facts.c: bounds, constants and duplicates, from the inputs to the outputs. */
void shrink_facts(Shrink *s);
/* What is known of a channel of any value, also of one without channels. */
Fact shrink_fact(const Shrink *s, const Value *v, int32_t channel);
int32_t shrink_same(const Shrink *s, const Value *v, int32_t channel); /* Fact.same, or the channel */
/* The elements are 0 (or -0), as computed. */
static inline bool fact_is_zero(const Fact *f)
{
    return f->lo == 0 && f->hi == 0;
}

/* The input that is the residual. */
static inline size_t residual_index(const Node *n)
{
    return node_is_adze(n, "QConv") || node_is_adze(n, "QGemm") ? 4 : 3;
}

/* shrink_q.c: the same about integers. Facts of a product's output channel, of each other operator that is understood
 * there (false: it is none), and constants into the bias of a product, for good. */
Fact q_row_fact(const Shrink *s, const Product *p, int32_t o);
bool q_each_fact(const Node *n, Fact x, Fact *y);
bool q_join_fact(const Node *n, Fact a, Fact b, Fact *y);
/* The product does not need what is constant to the integer: its share is the same wherever the window lies. */
static inline bool q_folds(const Product *p, const Fact *x)
{
    return x->lo == x->hi && (!p->padded || x->lo == (double)p->zero);
}
bool q_fold(Shrink *s, const Product *p);
/* By input channel of o's group: may the weights of all that equal it be added to its own in row o? NULL: of none. */
bool *q_merges(const Shrink *s, const Product *p, int32_t o);

/* shrink_border.c: what output o is at each pixel, when all that it reads is constant; else NULL. */
const float *border_image(const Shrink *s, const Product *p, int32_t o);
/* A bias at each position of the output (a constant residual) can stand for the channels of the input that are images,
 * and is worth it. */
bool border_map_pays(const Shrink *s, const Product *p);
/* Adds the share of an input channel that is constant or an image to all outputs at all positions. */
void border_map_add(const Shrink *s, const Product *p, int32_t channel, double *map);

/* shrink_live.c: which classes are live. With `fold`, products do not need what fold_product can take from them. */
void shrink_live(Shrink *s, bool fold);
bool channel_is_live(Shrink *s, const Value *v, int32_t channel); /* true for values without channels */
int32_t live_count(Shrink *s, const Value *v);
/* Of the constant channels of a group that do not end at the image's border, the one that stands for all; -1: none. */
int32_t border_carrier(const Shrink *s, const Product *p, int32_t group);

/* shrink_apply.c: takes what is not live out of the graph. */
void shrink_apply(Shrink *s);
/* shrink_notes.c: says what is not live, and why it cannot matter. */
void shrink_notes(Shrink *s);

/* Why a channel of a product's output that is not live cannot matter. */
typedef enum { WHY_DEAD, WHY_ZERO, WHY_NEVER_ACTIVE, WHY_CONSTANT, WHY_DUPLICATE, WHY_COUNT } Why;
Why shrink_why(Shrink *s, const Product *p, int32_t channel);

/* ranges.c: the range that the user declared for an input (PassContext.input_ranges): false when there is none. */
bool input_range(const PassContext *c, const Value *v, double *lo, double *hi);
/* Reports what is malformed, or names no input. */
bool input_ranges_check(PassContext *c, const Graph *g);

#endif
