/* Operators of ai.onnx.ml: lists that contradict each other are refused, and what C cannot hold is written otherwise,
 * with a warning. What they compute is judged by tests/operators. */
#include "passes/passes.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static Arena *keep;

static Graph *passed(const char *body, Diag *d, bool *ok)
{
    const char *text = arena_printf(keep, "graph \"g\" opset \"\" 13 opset \"ai.onnx.ml\" 1 {\n%s}\n", body);
    PassContext c = {.diag = d, .scratch = arena_new()};
    Graph *g = graph_read(keep, d, text, strlen(text), "text");
    ck_assert_msg(g != NULL, "not a graph: %s", body);
    ops_bind(g);
    *ok = ops_check(g, d) && passes_run(&c, g);
    arena_free(c.scratch);
    return g;
}

/* One stump, x[0] <= 0, with leaves of 1 and 2. */
typedef struct {
    const char *trees, *ids, *features, *values, *modes, *when_true, *when_false, *weights, *more;
} Lists;

static const char *regressor(const Lists *l)
{
#define OR(field, otherwise) (l->field ? l->field : otherwise)
    return arena_printf(keep,
                        "input %%x: f32[1,2]\n%%y = ai.onnx.ml.TreeEnsembleRegressor(%%x) {nodes_treeids=[%s], "
                        "nodes_nodeids=[%s], nodes_featureids=[%s], nodes_values=[%s], nodes_modes=[%s], "
                        "nodes_truenodeids=[%s], nodes_falsenodeids=[%s], %s%s} name \"trees\"\noutput %%y\n",
                        OR(trees, "0, 0, 0"), OR(ids, "0, 1, 2"), OR(features, "0, 0, 0"), OR(values, "0f, 0f, 0f"),
                        OR(modes, "\"BRANCH_LEQ\", \"LEAF\", \"LEAF\""), OR(when_true, "1, 0, 0"),
                        OR(when_false, "2, 0, 0"),
                        OR(weights, "target_treeids=[0, 0], target_nodeids=[1, 2], target_ids=[0, 0], "
                                    "target_weights=[1f, 2f]"),
                        OR(more, ""));
#undef OR
}

static const struct {
    Lists lists;
    const char *wanted;
} refused[] = {
    {{.trees = "0, 0"}, "attribute 'nodes_treeids' has 2 elements; 3 expected"},
    {{.values = "0f, 0f"}, "3 nodes, but 2 nodes_values and 3 nodes_modes"},
    {{.ids = "0, 1, 1"}, "node 1 of tree 0 is there twice"},
    {{.when_true = "7, 0, 0"}, "node 0 of tree 0 leads to a node that is not there"},
    {{.when_false = "1, 0, 0"}, "node 1 of tree 0 is led to twice"},
    {{.trees = "0, 0, 0, 0, 0",
      .ids = "0, 1, 2, 3, 4",
      .features = "0, 0, 0, 0, 0",
      .values = "0f, 0f, 0f, 0f, 0f",
      .modes = "\"LEAF\", \"BRANCH_LT\", \"BRANCH_LT\", \"LEAF\", \"LEAF\"",
      .when_true = "0, 2, 1, 0, 0",
      .when_false = "0, 3, 4, 0, 0",
      .weights = "target_treeids=[0], target_nodeids=[0], target_ids=[0], target_weights=[1f]"},
     "lead to each other in a circle"},
    {{.modes = "\"LEAF\", \"LEAF\", \"LEAF\""}, "node 1 of tree 0 is a second root of its tree"},
    {{.modes = "\"BRANCH_MAYBE\", \"LEAF\", \"LEAF\""}, "has the mode 'BRANCH_MAYBE'; supported: LEAF"},
    {{.features = "2, 0, 0"}, "asks for a feature that its input does not have"},
    {{.features = "-1, 0, 0"}, "asks for a feature that its input does not have"},
    {{.values = "nan, 0f, 0f"}, "has the threshold NaN"},
    {{.weights = "n_targets=1"}, "attribute 'target_weights' is empty"},
    {{.weights = "target_treeids=[0], target_nodeids=[0], target_ids=[0], target_weights=[1f]"},
     "weight 0 is of node 0 of tree 0, which is no leaf"},
    {{.weights = "target_treeids=[0], target_nodeids=[1], target_ids=[1], target_weights=[1f]"},
     "weight 0 is of target 1; there are 1 targets"},
    {{.more = ", n_targets=0"}, "it has 0 targets"},
    {{.more = ", n_targets=2000000000"}, "it has 2000000000 targets"},
    {{.more = ", base_values=[1f, 2f]"}, "it has 2 base_values for 1 targets"},
    {{.more = ", aggregate_function=\"MEDIAN\""}, "attribute 'aggregate_function' is 'MEDIAN'"},
    {{.more = ", post_transform=\"CUBE\""}, "attribute 'post_transform' is 'CUBE'"},
};

START_TEST(refuses_lists_that_contradict_each_other)
{
    Diag *d = diag_new(keep);
    bool ok;
    passed(regressor(&refused[_i].lists), d, &ok);
    ck_assert_msg(!ok && d->error_count == 1, "%s: %zu errors", refused[_i].wanted, d->error_count);
    const char *text = d->messages.items[0].text;
    ck_assert_msg(strstr(text, refused[_i].wanted) && strstr(text, "'trees'"), "%s: %s", refused[_i].wanted, text);
}
END_TEST

START_TEST(the_stump_itself_is_accepted)
{
    Diag *d = diag_new(keep);
    bool ok;
    passed(regressor(&(Lists){0}), d, &ok);
    ck_assert(ok && d->messages.count == 0);
}
END_TEST

#define X "input %x: f32[1,2]\n"
#define END " name \"n\"\noutput %y\n"
#define TWO "%l, %y = ai.onnx.ml.LinearClassifier(%x) {"

static const struct {
    const char *body, *wanted;
} refused_others[] = {
    {X TWO "classlabels_ints=[0], coefficients=[1f, 2f]}" END, "it has 1 class labels; at least 2 expected"},
    {X TWO "classlabels_ints=[0, 1], coefficients=[1f, 2f, 3f]}" END, "3 coefficients and 0 intercepts do not fit"},
    {X TWO "classlabels_ints=[0, 1], coefficients=[1f, 2f], intercepts=[1f], post_transform=\"PROBIT\"}" END,
     "is PROBIT, which one score for two classes does not have"},
    {X TWO "classlabels_ints=[0, 1], coefficients=[1f, 2f], intercepts=[1f], post_transform=\"CUBE\"}" END,
     "attribute 'post_transform' is 'CUBE'"},
    {X "%y = ai.onnx.ml.LinearRegressor(%x) {coefficients=[1f, 2f], targets=0}" END, "do not fit 0 targets"},
    {"input %x: f32[2,2,2]\n%y = ai.onnx.ml.LinearRegressor(%x) {coefficients=[1f, 2f]}" END,
     "its input is f32[2,2,2]"},
    {X "%y = ai.onnx.ml.Scaler(%x) {scale=[1f, 2f, 3f]}" END, "attribute 'scale' has 3 values for 2 features"},
    {X "%y = ai.onnx.ml.Normalizer(%x) {norm=\"L3\"}" END, "attribute 'norm' is 'L3'; supported: MAX, L1, L2"},
    {X "%y = ai.onnx.ml.Imputer(%x) {imputed_value_floats=[1f, 2f, 3f]}" END, "has 3 imputed_value_floats"},
    {X "%y = ai.onnx.ml.FeatureVectorizer(%x) {inputdimensions=[3]}" END, "that inputdimensions says"},
};

START_TEST(refuses_what_does_not_fit)
{
    Diag *d = diag_new(keep);
    bool ok;
    passed(refused_others[_i].body, d, &ok);
    ck_assert_msg(!ok && d->error_count == 1, "%s: %zu errors", refused_others[_i].wanted, d->error_count);
    const char *text = d->messages.items[0].text;
    ck_assert_msg(strstr(text, refused_others[_i].wanted) && strstr(text, "'n'"), "%s: %s", refused_others[_i].wanted,
                  text);
}
END_TEST

/* As skl2onnx exports a classifier of named classes: a label of text, and a list of maps. */
START_TEST(text_becomes_an_index_and_maps_a_tensor)
{
    Diag *d = diag_new(keep);
    bool ok;
    Graph *g = passed(X "%label, %p = ai.onnx.ml.LinearClassifier(%x) {classlabels_strings=[\"cat\", \"d\\\"og\"], "
                        "coefficients=[1f, 2f, 3f, 4f]} name \"n\"\n%maps = ai.onnx.ml.ZipMap(%p) "
                        "{classlabels_strings=[\"cat\", \"d\\\"og\"]} name \"zip\"\noutput %label\noutput %maps\n",
                      d, &ok);
    ck_assert(ok);
    ck_assert_uint_eq(d->messages.count, 2);
    const char *label = d->messages.items[0].text, *maps = d->messages.items[1].text;
    ck_assert_msg(strstr(label, "as the index (i64) of its class: 0 'cat', 1 'd\"og'"), "%s", label);
    ck_assert_msg(strstr(maps, "'zip'") && strstr(maps, "as a tensor [rows, classes]"), "%s", maps);
    ck_assert_str_eq(g->outputs.items[0]->name, "label");
    ck_assert_int_eq(g->outputs.items[0]->type, DT_I64);
    ck_assert_str_eq(g->outputs.items[1]->name, "maps");
    ck_assert_int_eq(g->outputs.items[1]->type, DT_F32);
}
END_TEST

/* Leaves with the same weights share a row. */
START_TEST(equal_leaves_share_their_weights)
{
    Diag *d = diag_new(keep);
    bool ok;
    Lists l = {.weights = "target_treeids=[0, 0, 0, 0], target_nodeids=[1, 1, 2, 2], target_ids=[0, 1, 0, 1], "
                          "target_weights=[1f, 2f, 1f, 2f]",
               .more = ", n_targets=2"};
    Graph *g = passed(regressor(&l), d, &ok);
    ck_assert(ok);
    ck_assert_str_eq(g->first->op_type, "TreeEnsemble");
    ck_assert_int_eq(node_in(g->first, 3)->shape.dim[0], 1);
}
END_TEST

int main(void)
{
    keep = arena_new();
    Suite *suite = suite_create("passes: ml");
    TCase *tc = tcase_create("ml");
    tcase_add_loop_test(tc, refuses_lists_that_contradict_each_other, 0, sizeof refused / sizeof *refused);
    tcase_add_loop_test(tc, refuses_what_does_not_fit, 0, sizeof refused_others / sizeof *refused_others);
    tcase_add_test(tc, the_stump_itself_is_accepted);
    tcase_add_test(tc, text_becomes_an_index_and_maps_a_tensor);
    tcase_add_test(tc, equal_leaves_share_their_weights);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    arena_free(keep);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
