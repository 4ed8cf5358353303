/* What classifiers of ai.onnx.ml share: scores to probabilities and to a label. */
#include "passes/ml.h"

#include "base/buf.h"

#include <string.h>

/* ---- Probabilities ---- */

/* Softmax in which a score of zero takes no part: its share is 0 * exp(-max). */
static Value *softmax_zero(Graph *g, Node *n, Value *x)
{
    static const int64_t classes[] = {1};
    Value *most = written_reduce(g, n, "ReduceMax", x, classes, 1);
    Value *part = written(g, n, "Exp", written(g, n, "Sub", x, most), NULL);
    Value *none = written(g, n, "Mul", x, written(g, n, "Exp", written(g, n, "Neg", most, NULL), NULL));
    Value *zero = written(g, n, "Greater", written(g, n, "Abs", x, NULL), written_number(g, 1e-7f));
    Value *share = written_where(g, n, zero, part, none);
    return written(g, n, "Div", share, written_reduce(g, n, "ReduceSum", share, classes, 1));
}

/* The quantile of the normal distribution by Winitzki's inverse of erf, a = 0.147: sqrt(2) * erf^-1(2x - 1). */
static Value *probit(Graph *g, Node *n, Value *p)
{
    Value *one = written_number(g, 1);
    Value *x = written(g, n, "Sub", written(g, n, "Mul", p, written_number(g, 2)), one);
    Value *square = written(g, n, "Mul", written(g, n, "Sub", one, x), written(g, n, "Add", one, x));
    Value *log = written(g, n, "Log", square, NULL);
    Value *half = written(g, n, "Mul", log, written_number(g, 0.5f));
    Value *v = written(g, n, "Add", half, written_number(g, 2 / (3.14159f * 0.147f)));
    Value *inner =
        written(g, n, "Sub", written(g, n, "Mul", v, v), written(g, n, "Mul", log, written_number(g, 1 / 0.147f)));
    Value *root = written(g, n, "Sqrt", written(g, n, "Sub", written(g, n, "Sqrt", inner, NULL), v), NULL);
    Value *size = written(g, n, "Mul", root, written_number(g, 1.41421356f));
    Value *negative = written(g, n, "Less", x, written_number(g, 0));
    return written_where(g, n, negative, written(g, n, "Neg", size, NULL), size);
}

static Value *same(Graph *g, Node *n, Value *x)
{
    (void)g, (void)n;
    return x;
}

static Value *logistic(Graph *g, Node *n, Value *x)
{
    return written(g, n, "Sigmoid", x, NULL);
}

static Value *softmax(Graph *g, Node *n, Value *x)
{
    return written(g, n, "Softmax", x, NULL);
}

/* What the attribute post_transform asks for; NULL behind an error. */
typedef Value *Transform(Graph *g, Node *n, Value *scores);
static Transform *transform_of(PassContext *c, const Node *n)
{
    static const struct {
        const char *name;
        Transform *transform;
    } rows[] = {{"NONE", same},
                {"LOGISTIC", logistic},
                {"SOFTMAX", softmax},
                {"SOFTMAX_ZERO", softmax_zero},
                {"PROBIT", probit}};
    const char *name = node_string(n, "post_transform", "NONE");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(name, rows[i].name))
            return rows[i].transform;
    written_error(c, n, "attribute 'post_transform' is %s; supported: NONE, LOGISTIC, SOFTMAX, SOFTMAX_ZERO, PROBIT",
                  diag_quote(c->scratch, name));
    return NULL;
}

Value *ml_transformed(PassContext *c, Graph *g, Node *n, Value *scores)
{
    Transform *transform = transform_of(c, n);
    return transform ? transform(g, n, scores) : NULL;
}

Value *ml_two(PassContext *c, Graph *g, Node *n, Value *score, bool mirrored)
{
    Transform *transform = transform_of(c, n);
    if (transform == probit)
        written_error(c, n, "attribute 'post_transform' is PROBIT, which one score for two classes does not have");
    if (!transform || transform == probit)
        return NULL;
    Value *other = mirrored || transform == logistic ? written(g, n, "Neg", score, NULL)
                                                     : written(g, n, "Sub", written_number(g, 1), score);
    Value *two = written(g, n, "Concat", other, score);
    node_set_int(g, two->producer, "axis", 1);
    return transform == logistic ? logistic(g, n, two) : two;
}

/* ---- Labels ---- */

bool ml_labels(PassContext *c, const Node *n, const char *ints, MlLabels *out)
{
    const Attr *i = node_attr(n, ints), *s = node_attr(n, "classlabels_strings");
    *out = (MlLabels){0};
    if (i && i->count)
        *out = (MlLabels){i->count, i->ints, NULL};
    else if (s && s->count)
        *out = (MlLabels){s->count, NULL, s->strings};
    return out->count > 1 || written_error(c, n, "it has %zu class labels; at least 2 expected", out->count);
}

/* C has no tensors of text. */
static void warn_of_names(PassContext *c, const Node *n, const MlLabels *labels)
{
    Buf names = {0};
    for (size_t i = 0; i < labels->count; i++)
        buf_printf(&names, "%s%zu %s", i ? ", " : "", i, diag_quote(c->scratch, labels->strings[i]));
    diag_warning(c->diag, "%s: its label is written as the index (i64) of its class: %s", node_label(c->scratch, n),
                 buf_text(&names));
    buf_free(&names);
}

/* index [rows] of i64 as n's output 0, and the probabilities as its output 1. */
static bool outputs(PassContext *c, Graph *g, Node *n, const MlLabels *labels, Value *index, Value *probabilities)
{
    bool in_order = true;
    for (size_t i = 0; labels->ints && i < labels->count; i++)
        in_order = in_order && labels->ints[i] == (int64_t)i;
    if (!in_order)
        index = written(g, n, "Gather", graph_const_ints(g, NULL, labels->ints, (int)labels->count), index);
    if (labels->strings && node_out(n, 0) && (node_out(n, 0)->is_output || node_out(n, 0)->users.count))
        warn_of_names(c, n, labels);
    Value *const made[] = {index, probabilities};
    for (size_t i = 0; i < 2; i++)
        if (node_out(n, i))
            graph_replace(g, node_out(n, i), made[i]);
    graph_remove(g, n);
    return true;
}

bool ml_classify(PassContext *c, Graph *g, Node *n, const MlLabels *labels, Value *scores, Value *probabilities)
{
    if (!probabilities)
        return false;
    Value *index = written(g, n, "ArgMax", scores, NULL);
    node_set_int(g, index->producer, "axis", 1);
    node_set_int(g, index->producer, "keepdims", 0);
    return outputs(c, g, n, labels, index, probabilities);
}

bool ml_decide(PassContext *c, Graph *g, Node *n, const MlLabels *labels, Value *score, float threshold,
               Value *probabilities)
{
    if (!probabilities)
        return false;
    Value *row = written_reshape(g, n, score, (int64_t[]){-1}, 1);
    Value *above = written(g, n, "Greater", row, written_number(g, threshold));
    return outputs(c, g, n, labels, written_cast(g, n, above, DT_I64), probabilities);
}
