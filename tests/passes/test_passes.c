/* tests/passes/NAME.txt: a line `passes: NAME...` ("all" is the whole pipeline), a graph, a line `---`, and the graph
 * that the passes must make of it. Nodes are compared in order; names do not count; of constants type and shape count,
 * and the elements of integers. That floating-point constants are right is judged by the evaluator: both graphs must
 * give the same outputs for the same random inputs. */
#include "base/io.h"
#include "ops/eval.h"
#include "passes/passes.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Arena *keep;
static NameList files;

typedef struct {
    const char *path, *passes;
    Diag *diag;
    Graph *before, *want;
} Text;

static char *read_file(const char *path, Diag *d)
{
    FileBytes f;
    ck_assert_msg(io_map(d, path, &f), "%s cannot be read", path);
    char *text = arena_strndup(keep, f.size ? f.data : "", f.size);
    io_unmap(&f);
    return text;
}

static Text read_text(const char *path)
{
    Text t = {.path = path, .diag = diag_new(keep)};
    char *text = read_file(path, t.diag), *line = strstr(text, "passes:"), *middle = strstr(text, "\n---\n");
    ck_assert_msg(line && middle, "%s: needs a line `passes: ...` and a line `---`", path);
    char *end = strchr(line, '\n');
    *end = 0;
    t.passes = line + strlen("passes:");
    *middle = 0;
    const char *after = middle + strlen("\n---\n");
    t.before = graph_read(keep, t.diag, end + 1, strlen(end + 1), path);
    t.want = t.before ? graph_read(keep, t.diag, after, strlen(after), path) : NULL;
    diag_flush(t.diag, stderr);
    ck_assert_msg(t.want != NULL, "%s: not a graph", path);
    return t;
}

static PassContext context(Diag *d)
{
    return (PassContext){.diag = d, .scratch = arena_new()};
}

static void must(bool ok, const Text *t, const char *what)
{
    if (!ok)
        diag_flush(t->diag, stderr);
    ck_assert_msg(ok, "%s: %s", t->path, what);
}

static void run_passes(const Text *t, Graph *g, const char *names)
{
    PassContext c = context(t->diag);
    must(pass_run(&c, g, pass_find("infer")), t, "infer");
    char *list = arena_strdup(keep, names);
    for (char *name = strtok(list, " "); name; name = strtok(NULL, " ")) {
        const Pass *p = pass_find(name);
        if (!strcmp(name, "all"))
            must(passes_run(&c, g), t, "all");
        else
            must(p && pass_run(&c, g, p), t, name);
    }
    arena_free(c.scratch);
}

/* ---- Same structure ---- */

typedef struct {
    const Value **of; /* by id of the values that came out: the wanted one */
    const char *path;
    const Graph *got;
} Match;

static void differ(const Match *m, const char *what, const Node *n)
{
    Buf text = {0};
    graph_print(m->got, &text);
    printf("%s: %s at %s; the passes made:\n%s", m->path, what, n ? node_label(keep, n) : "the graph", buf_text(&text));
    buf_free(&text);
    fflush(stdout);
    ck_abort_msg("%s: %s at %s", m->path, what, n ? node_label(keep, n) : "the graph");
}

static bool same_attr(const Attr *a, const Attr *b)
{
    if (!b || a->kind != b->kind || a->count != b->count)
        return false;
    for (size_t i = 0; a->kind == ATTR_INTS && i < a->count; i++)
        if (a->ints[i] != b->ints[i])
            return false;
    return a->kind == ATTR_INT      ? a->i == b->i
           : a->kind == ATTR_FLOAT  ? a->f == b->f
           : a->kind == ATTR_STRING ? !strcmp(a->s, b->s)
                                    : true;
}

static bool same_const(const Value *a, const Value *b)
{
    if (!b->is_const || a->type != b->type || !shape_equal(&a->shape, &b->shape))
        return false;
    size_t bytes;
    if (!dtype_is_int(a->type) || !dtype_bytes(a->type, shape_count(&a->shape), &bytes))
        return true;
    return !bytes || !memcmp(a->data, b->data, bytes);
}

static bool same_value(const Match *m, const Value *a, const Value *b)
{
    if (!a || !b)
        return a == b;
    return a->is_const ? same_const(a, b) : m->of[a->id] == b;
}

static void same_node(const Match *m, const Node *a, const Node *b)
{
    if (strcmp(a->domain, b->domain) || strcmp(a->op_type, b->op_type))
        differ(m, "another operator", a);
    if (a->attrs.count != b->attrs.count)
        differ(m, "other attributes", a);
    for (size_t i = 0; i < a->attrs.count; i++)
        if (!same_attr(&a->attrs.items[i], node_attr(b, a->attrs.items[i].name)))
            differ(m, arena_printf(keep, "another attribute %s", a->attrs.items[i].name), a);
    size_t inputs = a->inputs.count > b->inputs.count ? a->inputs.count : b->inputs.count;
    for (size_t i = 0; i < inputs; i++)
        if (!same_value(m, node_in(a, i), node_in(b, i)))
            differ(m, arena_printf(keep, "another input %zu", i), a);
    if (a->outputs.count != b->outputs.count)
        differ(m, "another number of outputs", a);
    for (size_t i = 0; i < a->outputs.count; i++)
        if (a->outputs.items[i])
            m->of[a->outputs.items[i]->id] = b->outputs.items[i];
}

static void same_graph(const char *path, const Graph *got, const Graph *want)
{
    Match m = {NEW_ARRAY(keep, const Value *, got->values.count), path, got};
    for (size_t i = 0; i < got->inputs.count; i++)
        m.of[got->inputs.items[i]->id] = want->inputs.items[i];
    const Node *b = want->first;
    for (const Node *a = got->first; a; a = a->next, b = b->next) {
        if (!b)
            differ(&m, "more nodes than expected", a);
        same_node(&m, a, b);
    }
    if (b)
        differ(&m, arena_printf(keep, "%s is missing", node_label(keep, b)), NULL);
    for (size_t i = 0; i < got->outputs.count; i++)
        if (!same_value(&m, got->outputs.items[i], want->outputs.items[i]))
            differ(&m, "another output", NULL);
}

/* ---- Same outputs ---- */

static size_t bytes_of(const Value *v)
{
    size_t bytes = 0;
    ck_assert_msg(dtype_bytes(v->type, shape_count(&v->shape), &bytes), "a value of unknown shape");
    return bytes;
}

static void *random_data(const Value *v, uint32_t *seed)
{
    size_t bytes = bytes_of(v);
    unsigned char *data = arena_alloc(keep, bytes);
    for (size_t i = 0; i < bytes / dtype_size(v->type); i++) {
        *seed = *seed * 1664525 + 1013904223;
        if (v->type == DT_F32)
            ((float *)data)[i] = (float)(int32_t)(*seed >> 8) / (float)(1 << 22) - 2;
        else
            data[i * dtype_size(v->type)] =
                (unsigned char)(*seed >> 24 & (v->type == DT_I8 || v->type == DT_U8 ? 255 : 1));
    }
    return data;
}

static void **evaluate(const Text *t, Graph *g, const void *const *in)
{
    OpContext oc = {t->diag, arena_new()};
    void **out = NEW_ARRAY(keep, void *, g->outputs.count);
    for (size_t i = 0; i < g->outputs.count; i++)
        out[i] = arena_alloc(keep, bytes_of(g->outputs.items[i]));
    must(eval_graph(&oc, g, in, out), t, "cannot be evaluated");
    arena_free(oc.scratch);
    return out;
}

static void same_floats(const Text *t, const float *a, const float *b, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        double x = (double)a[i], y = (double)b[i];
        bool same = a[i] == b[i] || (isnan(x) && isnan(y)) || fabs(x - y) <= 1e-5 * fmax(1, fabs(x));
        ck_assert_msg(same, "%s: element %d is %g before and %g after", t->path, (int)i, x, y);
    }
}

/* Fixed point rounds halves up and ONNX to even: one step. */
static void same_steps(const Text *t, const Value *v, const unsigned char *a, const unsigned char *b)
{
    for (int64_t i = 0; i < shape_count(&v->shape); i++) {
        int x = v->type == DT_I8 ? (int8_t)a[i] : a[i], y = v->type == DT_I8 ? (int8_t)b[i] : b[i];
        ck_assert_msg(abs(x - y) <= 1, "%s: element %d of %s is %d before and %d after", t->path, (int)i, v->name, x,
                      y);
    }
}

static void same_outputs(const Text *t, Graph *before, Graph *after)
{
    uint32_t seed = 1;
    const void **in = NEW_ARRAY(keep, const void *, before->inputs.count);
    for (size_t i = 0; i < before->inputs.count; i++)
        in[i] = random_data(before->inputs.items[i], &seed);
    void **a = evaluate(t, before, in), **b = evaluate(t, after, in);
    ck_assert_uint_eq(before->outputs.count, after->outputs.count);
    for (size_t i = 0; i < before->outputs.count; i++) {
        const Value *v = before->outputs.items[i], *w = after->outputs.items[i];
        ck_assert_msg(v->type == w->type && shape_equal(&v->shape, &w->shape), "%s: output %zu changed its shape",
                      t->path, i);
        ck_assert_str_eq(v->name, w->name);
        if (v->type == DT_F32)
            same_floats(t, a[i], b[i], shape_count(&v->shape));
        else if (strstr(t->passes, "quantise"))
            same_steps(t, v, a[i], b[i]);
        else
            ck_assert_msg(!memcmp(a[i], b[i], bytes_of(v)), "%s: output %zu differs", t->path, i);
    }
}

START_TEST(gives_the_graph_after)
{
    Text t = read_text(arena_printf(keep, "tests/passes/%s", files.items[_i]));
    Graph *before = graph_clone(keep, t.before);
    run_passes(&t, t.before, t.passes);
    same_graph(t.path, t.before, t.want);
    /* What the evaluator needs to know of shapes that are computed. */
    run_passes(&t, before, strstr(t.passes, "all") || strstr(t.passes, "fold") ? "fold infer" : "");
    if (strstr(t.passes, "quantise"))
        run_passes(&t, before, "qoperator infer qoperator infer fold quantise_rest");
    same_outputs(&t, before, t.before);
}
END_TEST

/* ---- The pass manager ---- */

static Graph *read_graph(Diag *d, const char *body)
{
    const char *text = arena_printf(keep, "graph \"g\" opset \"\" 13 {\n%s}\n", body);
    Graph *g = graph_read(keep, d, text, strlen(text), "text");
    if (!g)
        diag_flush(d, stderr);
    ck_assert_ptr_nonnull(g);
    return g;
}

static const char *const relu_twice = "input %x: f32[2]\n%a = Relu(%x)\n%b = Relu(%a)\noutput %b\n";

START_TEST(disabled_pass_does_not_run)
{
    Diag *d = diag_new(keep);
    const char *const names[] = {"canonicalise", NULL};
    PassContext c = context(d);
    c.disabled = names;
    Graph *g = read_graph(d, relu_twice);
    ck_assert(passes_run(&c, g));
    ck_assert_uint_eq(g->node_count, 2);
    c.disabled = NULL;
    ck_assert(passes_run(&c, g));
    ck_assert_uint_eq(g->node_count, 1);
    arena_free(c.scratch);
}
END_TEST

START_TEST(stops_behind_a_pass)
{
    Diag *d = diag_new(keep);
    PassContext c = context(d);
    c.stop_after = "fold";
    Graph *g = read_graph(d, relu_twice);
    ck_assert(passes_run(&c, g));
    ck_assert_uint_eq(g->node_count, 2);
    ck_assert_int_eq(g->outputs.items[0]->shape.rank, 1);
    arena_free(c.scratch);
}
END_TEST

START_TEST(refuses_unknown_names)
{
    Diag *d = diag_new(keep);
    PassContext c = context(d);
    c.dump_after = "fol";
    ck_assert(!passes_run(&c, read_graph(d, relu_twice)));
    ck_assert_ptr_nonnull(strstr(d->messages.items[0].text, "--dump-after"));
    arena_free(c.scratch);
}
END_TEST

START_TEST(says_what_is_open)
{
    Diag *d = diag_new(keep);
    PassContext c = context(d);
    ck_assert(!passes_run(&c, read_graph(d, "input %x: f32[?N,2]\n%a = Relu(%x) name \"act\"\noutput %a\n")));
    ck_assert_uint_eq(d->error_count, 1);
    ck_assert_ptr_nonnull(strstr(d->messages.items[0].text, "--shape"));
    arena_free(c.scratch);
}
END_TEST

START_TEST(names_the_node_of_an_open_shape)
{
    Diag *d = diag_new(keep);
    PassContext c = context(d);
    Graph *g = read_graph(d, "input %x: f32[4]\ninput %s: i64[2]\n%a = Reshape(%x, %s) name \"view\"\noutput %a\n");
    ck_assert(!passes_run(&c, g));
    ck_assert_ptr_nonnull(strstr(d->messages.items[0].text, "'view'"));
    arena_free(c.scratch);
}
END_TEST

/* docs/passes.md has the rows of passes.def, in their order. */
START_TEST(docs_have_the_rows)
{
    Diag *d = diag_new(keep);
    const char *at = read_file("docs/passes.md", d);
    for (size_t i = 0; i < pass_count; i++) {
        const char *row = arena_printf(keep, "| %s | %s | %s |\n", passes[i].name,
                                       passes[i].to_fixed_point ? "fixed point" : "once", passes[i].why_here);
        const char *found = strstr(at, row);
        ck_assert_msg(found, "docs/passes.md lacks the row, here: %s", row);
        at = found + strlen(row);
    }
    ck_assert_msg(*at != '|', "docs/passes.md has a row more: %s", at);
}
END_TEST

static void list_texts(Diag *d)
{
    NameList all = {0};
    if (!io_list(keep, d, "tests/passes", &all))
        exit(EXIT_FAILURE);
    for (size_t i = 0; i < all.count; i++) {
        const char *dot = strrchr(all.items[i], '.');
        if (dot && !strcmp(dot, ".txt"))
            array_push(keep, &files, all.items[i]);
    }
}

int main(void)
{
    keep = arena_new();
    list_texts(diag_new(keep));
    Suite *s = suite_create("passes");
    TCase *texts = tcase_create("texts"), *manager = tcase_create("manager");
    tcase_add_loop_test(texts, gives_the_graph_after, 0, (int)files.count);
    tcase_add_test(manager, disabled_pass_does_not_run);
    tcase_add_test(manager, stops_behind_a_pass);
    tcase_add_test(manager, refuses_unknown_names);
    tcase_add_test(manager, says_what_is_open);
    tcase_add_test(manager, names_the_node_of_an_open_shape);
    tcase_add_test(manager, docs_have_the_rows);
    suite_add_tcase(s, texts);
    suite_add_tcase(s, manager);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
