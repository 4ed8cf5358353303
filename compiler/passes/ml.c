/* ml: operators of ai.onnx.ml are written as operators of ONNX, and trees as adze.TreeEnsemble; the judge where the
 * standard is silent is ONNX Runtime.
 * Requires: operators bound, types and shapes inferred as far as they can be. Keeps: the function, but that a label of
 * text becomes its index and a list of maps the tensor that it was made of, with a warning. Breaks: types and shapes of
 * the new values are inferred next. */
#include "passes/ml.h"

#include <math.h>
#include <string.h>

bool is_ml(const Node *n, const char *op_type)
{
    return node_is_of(n, "ai.onnx.ml", op_type);
}

static Value *as_floats(Graph *g, Node *n, Value *x)
{
    return x->type == DT_F32 ? x : written_cast(g, n, x, DT_F32);
}

Value *ml_features(PassContext *c, Graph *g, Node *n)
{
    Value *x = node_in(n, 0);
    if (!x || !known(x))
        return NULL;
    if (x->shape.rank < 1 || x->shape.rank > 2 || x->type == DT_STRING || x->type == DT_F64) {
        char text[SHAPE_TEXT_BYTES];
        written_error(c, n, "its input is %s%s; supported: f32 or integers, [features] or [rows, features]",
                      dtype_name(x->type), shape_text(&x->shape, text, sizeof text));
        return NULL;
    }
    int64_t features = x->shape.dim[x->shape.rank - 1];
    Value *y = as_floats(g, n, x);
    return x->shape.rank == 2 ? y : written_reshape(g, n, y, (int64_t[]){1, features}, 2);
}

/* ---- Linear models ---- */

/* x [rows, features] times coefficients [targets, features], plus intercepts. */
static Value *linear_scores(PassContext *c, Graph *g, Node *n, size_t targets)
{
    const Attr *w = node_attr(n, "coefficients"), *b = node_attr(n, "intercepts");
    size_t features = node_in(n, 0) && known(node_in(n, 0)) && node_in(n, 0)->shape.rank > 0
                          ? (size_t)node_in(n, 0)->shape.dim[node_in(n, 0)->shape.rank - 1]
                          : 0;
    Value *x = ml_features(c, g, n);
    if (!x)
        return NULL;
    if (!w || features == 0 || targets == 0 || w->count / targets != features || w->count % targets ||
        (b && b->count && b->count != targets)) {
        written_error(c, n, "its %zu coefficients and %zu intercepts do not fit %zu targets of %zu features",
                      w ? w->count : 0, b ? b->count : 0, targets, features);
        return NULL;
    }
    Shape s = {.rank = 2, .dim = {(int64_t)targets, (int64_t)features}};
    Value *y = written(g, n, "Gemm", x, const_floats(g, NULL, &s, w->floats));
    node_set_int(g, y->producer, "transB", 1);
    if (b && b->count)
        node_add_input(g, y->producer, written_floats(g, b->floats, b->count));
    return y;
}

static bool linear_regressor(PassContext *c, Graph *g, Node *n)
{
    if (!is_ml(n, "LinearRegressor"))
        return false;
    int64_t targets = node_int(n, "targets", 1);
    Value *y = linear_scores(c, g, n, targets > 0 ? (size_t)targets : 0);
    return y && written_in_place(g, n, ml_transformed(c, g, n, y));
}

static bool linear_classifier(PassContext *c, Graph *g, Node *n)
{
    MlLabels labels;
    if (!is_ml(n, "LinearClassifier") || !node_in(n, 0) || !known(node_in(n, 0)) ||
        !ml_labels(c, n, "classlabels_ints", &labels))
        return false;
    const Attr *b = node_attr(n, "intercepts");
    bool one = b && b->count == 1 && labels.count == 2;
    Value *scores = linear_scores(c, g, n, one ? 1 : labels.count);
    if (!scores)
        return false;
    if (one)
        return ml_decide(c, g, n, &labels, scores, 0, ml_two(c, g, n, scores, false));
    return ml_classify(c, g, n, &labels, scores, ml_transformed(c, g, n, scores));
}

/* ---- Preparation of features ---- */

static bool scaler(PassContext *c, Graph *g, Node *n)
{
    static const struct {
        const char *attribute, *op_type;
    } steps[] = {{"offset", "Sub"}, {"scale", "Mul"}};
    if (!is_ml(n, "Scaler") || !node_in(n, 0) || !known(node_in(n, 0)))
        return false;
    int rank = node_in(n, 0)->shape.rank;
    int64_t features = rank > 0 ? node_in(n, 0)->shape.dim[rank - 1] : 1;
    Value *y = as_floats(g, n, node_in(n, 0));
    for (size_t i = 0; i < 2; i++) {
        const Attr *a = node_attr(n, steps[i].attribute);
        if (!a || !a->count)
            continue;
        if (a->count != 1 && (int64_t)a->count != features)
            return written_error(c, n, "attribute '%s' has %zu values for %lld features; one or one each expected",
                                 steps[i].attribute, a->count, (long long)features);
        y = written(g, n, steps[i].op_type, y, written_floats(g, a->floats, a->count));
    }
    return written_in_place(g, n, y == node_in(n, 0) ? written(g, n, "Identity", y, NULL) : y);
}

/* Each row over its largest element, sum of absolute values or Euclidean length; one of zero stays. */
static bool normalizer(PassContext *c, Graph *g, Node *n)
{
    static const struct {
        const char *norm, *reduce;
    } rows[] = {{"MAX", "ReduceMax"}, {"L1", "ReduceL1"}, {"L2", "ReduceL2"}};
    if (!is_ml(n, "Normalizer") || !node_in(n, 0) || !known(node_in(n, 0)) || node_in(n, 0)->shape.rank < 1)
        return false;
    const char *norm = node_string(n, "norm", "MAX");
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(norm, rows[i].norm))
            continue;
        return written_normalised(g, n, as_floats(g, n, node_in(n, 0)), rows[i].reduce, node_in(n, 0)->shape.rank - 1);
    }
    return written_error(c, n, "attribute 'norm' is %s; supported: MAX, L1, L2", diag_quote(c->scratch, norm));
}

static bool binarizer(PassContext *c, Graph *g, Node *n)
{
    (void)c;
    if (!is_ml(n, "Binarizer") || !node_in(n, 0))
        return false;
    Value *above = written(g, n, "Greater", node_in(n, 0), written_number(g, node_float(n, "threshold", 0)));
    return written_in_place(g, n, written_cast(g, n, above, DT_F32));
}

static bool imputer(PassContext *c, Graph *g, Node *n)
{
    if (!is_ml(n, "Imputer") || !node_in(n, 0) || !known(node_in(n, 0)))
        return false;
    Value *x = node_in(n, 0);
    const Attr *with = node_attr(n, "imputed_value_floats");
    int64_t features = x->shape.rank > 0 ? x->shape.dim[x->shape.rank - 1] : 1;
    if (x->type != DT_F32 || !with || (with->count != 1 && (int64_t)with->count != features))
        return written_error(
            c, n, "its input is %s and has %zu imputed_value_floats; supported: f32, with one or one a feature",
            dtype_name(x->type), with ? with->count : 0);
    float missing = node_float(n, "replaced_value_float", 0);
    Value *is =
        isnan(missing) ? written(g, n, "IsNaN", x, NULL) : written(g, n, "Equal", x, written_number(g, missing));
    return written_in_place(g, n, written_where(g, n, is, written_floats(g, with->floats, with->count), x));
}

/* Columns of x, chosen by constant indices. */
static bool feature_extractor(PassContext *c, Graph *g, Node *n)
{
    if (!is_ml(n, "ArrayFeatureExtractor") || !node_in(n, 0) || !known(node_in(n, 0)) || !node_in(n, 1))
        return false;
    int rank = node_in(n, 0)->shape.rank;
    if (rank < 1 || node_in(n, 1)->shape.rank > 2)
        return written_error(c, n, "its input has %d axes and its indices %d; supported: 1 and more, 1", rank,
                             node_in(n, 1)->shape.rank);
    Value *indices = written_reshape(g, n, node_in(n, 1), (int64_t[]){-1}, 1);
    Value *x = node_in(n, 0);
    if (rank == 1) /* one row comes out, as from ONNX Runtime */
        x = written_reshape(g, n, x, (int64_t[]){1, -1}, 2);
    Value *y = written(g, n, "Gather", x, indices);
    node_set_int(g, y->producer, "axis", -1);
    return written_in_place(g, n, y);
}

static bool feature_vectorizer(PassContext *c, Graph *g, Node *n)
{
    if (!is_ml(n, "FeatureVectorizer"))
        return false;
    const Attr *dims = node_attr(n, "inputdimensions");
    for (size_t i = 0; i < n->inputs.count; i++) {
        const Value *x = node_in(n, i);
        if (!x || !known(x))
            return false;
        if (x->shape.rank != 2 || (dims && (i >= dims->count || dims->ints[i] != x->shape.dim[1])))
            return written_error(c, n, "its input %zu has not the shape [rows, features] that inputdimensions says", i);
    }
    Node *concat = rw_node(g, n, "", "Concat", n->name);
    node_set_int(g, concat, "axis", 1);
    for (size_t i = 0; i < n->inputs.count; i++)
        node_add_input(g, concat, as_floats(g, concat, node_in(n, i)));
    return written_in_place(g, n, node_new_output(g, concat, NULL));
}

/* C has no list of maps: the tensor itself. */
static bool zip_map(PassContext *c, Graph *g, Node *n)
{
    if (!is_ml(n, "ZipMap") || !node_in(n, 0) || !node_out(n, 0))
        return false;
    diag_warning(
        c->diag,
        "%s: its output is written as a tensor [rows, classes], not as a list of maps; hint: export with zipmap off",
        node_label(c->scratch, n));
    return written_in_place(g, n, written(g, n, "Identity", node_in(n, 0), NULL));
}

bool pass_ml(PassContext *c, Graph *g, bool *changed)
{
    static RewriteFn *const rules[] = {
        linear_regressor, linear_classifier, ml_tree_classifier, ml_tree_regressor,  scaler, normalizer,
        binarizer,        imputer,           feature_extractor,  feature_vectorizer, zip_map};
    return rewrite_all(c, g, rules, sizeof rules / sizeof *rules, changed);
}
