/* What classifiers of ai.onnx.ml share: scores to probabilities and to a label. */
#include "passes/ml.h"

#include "base/buf.h"

#include <string.h>

/* ---- Probabilities ---- */

/* Softmax in which a score of zero takes no part: its share is 0 * exp(-max). */
static Value *softmax_zero(Graph *g, Node *n, Value *x)
{
    Value *most = written_reduce(g, n, "ReduceMax", x, 1);
    Value *part = written(g, n, "Exp", written(g, n, "Sub", x, most), NULL);
    Value *none = written(g, n, "Mul", x, written(g, n, "Exp", written(g, n, "Neg", most, NULL), NULL));
    Value *zero = written(g, n, "Greater", written(g, n, "Abs", x, NULL), written_number(g, 1e-7f));
    Value *share = written(g, n, "Where", zero, part);
    node_add_input(g, share->producer, none);
    return written(g, n, "Div", share, written_reduce(g, n, "ReduceSum", share, 1));
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
    Value *y = written(g, n, "Where", negative, written(g, n, "Neg", size, NULL));
    node_add_input(g, y->producer, size);
    return y;
}

Value *ml_transformed(PassContext *c, Graph *g, Node *n, Value *scores)
{
    const char *how = node_string(n, "post_transform", "NONE");
    if (!strcmp(how, "NONE"))
        return scores;
    if (!strcmp(how, "LOGISTIC"))
        return written(g, n, "Sigmoid", scores, NULL);
    if (!strcmp(how, "SOFTMAX"))
        return written(g, n, "Softmax", scores, NULL);
    if (!strcmp(how, "SOFTMAX_ZERO"))
        return softmax_zero(g, n, scores);
    if (!strcmp(how, "PROBIT"))
        return probit(g, n, scores);
    ml_error(c, n, "attribute 'post_transform' is %s; supported: NONE, LOGISTIC, SOFTMAX, SOFTMAX_ZERO, PROBIT",
             diag_quote(c->scratch, how));
    return NULL;
}

Value *ml_two(PassContext *c, Graph *g, Node *n, Value *score, bool mirrored)
{
    const char *how = node_string(n, "post_transform", "NONE");
    bool logistic = !strcmp(how, "LOGISTIC");
    if (!strcmp(how, "PROBIT") || !ml_transformed(c, g, n, score)) {
        ml_error(c, n, "attribute 'post_transform' is PROBIT, which one score for two classes does not have");
        return NULL;
    }
    Value *other =
        mirrored || logistic ? written(g, n, "Neg", score, NULL) : written(g, n, "Sub", written_number(g, 1), score);
    Value *two = written(g, n, "Concat", other, score);
    node_set_int(g, two->producer, "axis", 1);
    return logistic ? written(g, n, "Sigmoid", two, NULL) : two;
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
    return out->count > 1 || ml_error(c, n, "it has %zu class labels; at least 2 expected", out->count);
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
    Value *row = written(g, n, "Reshape", score, graph_const_ints(g, NULL, (int64_t[]){-1}, 1));
    Value *above = written(g, n, "Greater", row, written_number(g, threshold));
    return outputs(c, g, n, labels, written_cast(g, n, above, DT_I64), probabilities);
}
