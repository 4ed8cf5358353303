/* ONNX's own operator tests (Debian's libonnx-testdata), evaluated: what compiles gives their outputs. Their weights,
 * shapes and scales are graph inputs; all inputs but the first (or but none, where that has no elements) are made
 * constants, as models have them. */
#include "base/io.h"
#include "load/load.h"
#include "lower/lower.h"
#include "ops/eval.h"
#include "passes/passes.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char folder[] = "/usr/share/libonnx-testdata/data/node";

/* The families that must compile, and in them what is known not to. */
static const char *const must_compile[] = {"test_resize_", "test_convtranspose", "test_upsample_"};
static const char *const refused[] = {"test_convtranspose_3d"};

/* Of an output of 2.4 elements, ONNX's reference aligns the corner at 2.4; ONNX Runtime, and adze, at 2. */
static const char *const other_meaning[] = {"test_resize_downsample_scales_cubic_align_corners",
                                            "test_resize_downsample_scales_linear_align_corners"};

typedef struct {
    Arena *a;
    Diag *diag;
    const char *path;
    Graph *graph;
} Case;

static bool begins(const char *s, const char *start)
{
    return strncmp(s, start, strlen(start)) == 0;
}

static bool listed(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(name, names[i]))
            return true;
    return false;
}
#define LISTED(name, names) listed(name, names, sizeof(names) / sizeof *(names))

static bool may_be_refused(const char *name)
{
    if (LISTED(name, refused))
        return true;
    for (size_t i = 0; i < sizeof must_compile / sizeof *must_compile; i++)
        if (begins(name, must_compile[i]))
            return false;
    return true;
}

static bool read_tensor(const Case *k, const char *kind, size_t i, Tensor *out)
{
    const char *path = io_join(k->a, k->path, arena_printf(k->a, "test_data_set_0/%s_%zu.pb", kind, i));
    return io_exists(path) && load_tensor_pb(k->a, k->diag, path, out);
}

/* Inputs but the first become constants with the case's values. */
static bool fix_inputs(Case *k)
{
    Graph *g = k->graph;
    size_t kept = 0;
    for (size_t i = 0; i < g->inputs.count; i++) {
        Value *v = g->inputs.items[i];
        Tensor t;
        if (!read_tensor(k, "input", i, &t) || t.type != v->type)
            return false;
        if (i == 0) {
            v->shape = t.shape;
            kept++;
            continue;
        }
        v->is_input = false;
        v->is_const = true;
        v->shape = t.shape;
        v->data = t.data;
    }
    g->inputs.count = kept;
    return kept == 1;
}

static bool ready(Case *k)
{
    PassContext pc = {.diag = k->diag, .scratch = k->a};
    pc.scratch = arena_new();
    k->graph = load_onnx(k->a, k->diag, io_join(k->a, k->path, "model.onnx"), NULL);
    bool ok = k->graph && fix_inputs(k);
    if (ok)
        ops_bind(k->graph);
    ok = ok && ops_check(k->graph, k->diag) && passes_run(&pc, k->graph);
    arena_free(pc.scratch);
    return ok;
}

static bool close(const Tensor *got, const Tensor *want, int64_t i)
{
    double g = dtype_is_float(got->type) ? tensor_float(got, i) : (double)tensor_int(got, i);
    double w = dtype_is_float(want->type) ? tensor_float(want, i) : (double)tensor_int(want, i);
    if (isnan(w) || isinf(w) || !dtype_is_float(got->type))
        return isnan(w) ? isnan(g) : g == w;
    return fabs(g - w) <= 1e-5 + 1e-4 * fabs(w);
}

/* NULL, or what is wrong. */
static const char *compare(const Case *k, size_t i, const Tensor *got)
{
    Tensor want;
    if (!read_tensor(k, "output", i, &want))
        return "an output cannot be read";
    if (want.type != got->type || !shape_equal(&want.shape, &got->shape))
        return "an output has another type or shape";
    for (int64_t e = 0; e < shape_count(&want.shape); e++)
        if (!close(got, &want, e))
            return arena_printf(k->a, "output %zu differs at element %lld", i, (long long)e);
    return NULL;
}

/* 1: compared; 0: refused; *error: what is wrong. */
static int run_case(Case *k, const char **error)
{
    Tensor in;
    if (!ready(k) || !read_tensor(k, "input", 0, &in))
        return 0;
    Graph *g = k->graph;
    const void *ins[] = {in.data};
    void **outs = NEW_ARRAY(k->a, void *, g->outputs.count + 1);
    for (size_t i = 0; i < g->outputs.count; i++) {
        if (!shape_known(&g->outputs.items[i]->shape) || g->outputs.items[i]->type == DT_STRING)
            return 0;
        outs[i] = arena_alloc(k->a, value_bytes(g->outputs.items[i]));
    }
    OpContext c = {k->diag, k->a};
    if (!eval_graph(&c, g, ins, outs))
        return 0;
    for (size_t i = 0; i < g->outputs.count && !*error; i++) {
        const Value *v = g->outputs.items[i];
        Tensor got = {v->type, v->shape, outs[i]};
        *error = compare(k, i, &got);
    }
    return 1;
}

START_TEST(onnx_node_tests)
{
    Arena *keep = arena_new();
    Diag *d = diag_new(keep);
    NameList names = {0};
    if (!io_exists(folder)) {
        printf("skipped: onnx_node_tests: no %s; hint: apt-get install libonnx-testdata\n", folder);
        return;
    }
    ck_assert(io_list(keep, d, folder, &names));
    int compared = 0, wrong = 0;
    for (size_t i = 0; i < names.count; i++) {
        const char *name = names.items[i], *error = NULL;
        Case k = {.a = arena_new()};
        k.diag = diag_new(k.a);
        k.path = io_join(k.a, folder, name);
        int done = run_case(&k, &error);
        compared += done;
        if (!done && !may_be_refused(name)) {
            error = "does not compile";
            diag_flush(k.diag, stdout);
        }
        if (LISTED(name, other_meaning))
            error = NULL;
        if (error)
            printf("%s: %s\n", name, error);
        wrong += error != NULL;
        arena_free(k.a);
    }
    printf("%d of ONNX's node tests compared\n", compared);
    fflush(stdout); /* a failed check ends this process at once */
    ck_assert_int_eq(wrong, 0);
    ck_assert_int_ge(compared, 698);
    arena_free(keep);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("operators, ONNX's own tests");
    TCase *tc = tcase_create("node");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, onnx_node_tests);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
