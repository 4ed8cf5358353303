/* Damaged texts never crash the reader, and what it takes is sound; large graphs take linear time. */
#include "tests/ir/ir_test.h"

#include <stdint.h>
#include <time.h>

static uint64_t state = 88172645463325252u;

static uint64_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static const char seed_text[] =
    "graph \"kws\" opset \"\" 13 opset \"com.microsoft\" 1 {\n"
    "  input %x: f32[1,3,32,?width]\n  const %w: f32[4,3] = random(7)\n  const %b: f16[4] = fill(0.25)\n"
    "  const %odd: f32[6] = [0.5, -1, 0x1p-3, nan, inf, -inf]\n  const %h: i4[3] = hex\"0102\"\n"
    "  const %s: string[2] = [\"a\\n\", \"\\xff\"]\n"
    "  %y: f32[1,?,?\"a b\"], _ = Conv(%x, %w, _, %b) {pads=[1,1], group=1, a=\"x\", f=0.5f, l=[1f,2f]} name "
    "\"conv1\"\n"
    "  %\"q r\": ?[?...] = adze.Conv(%y, %odd, %h) {t=tensor u8[2]=[1,2]} version 3\n"
    "  %0 = If(%s) {t=graph \"t\" {\n    %1 = Relu(%y)\n    output %1\n  }, e=graph {\n    %1 = Exp(%x)\n    output "
    "%1\n  }}\n"
    "  output %0\n  output %\"q r\"\n}\n";

static size_t damage(char *text, size_t size, size_t capacity)
{
    static const char *const tokens[] = {
        "{",     "}",      "(", ")",       "[",       "]",     "\"",     "%",      "_",
        "=",     ",",      "?", "graph {", "input",   "const", "output", "%y",     "%0",
        "?...",  "hex\"",  "#", "fill(1)", "name",    "\\x",   "nan",    "-",      "f32[2]",
        "99999", "random", ".", "version", "tensor ", "opset", "floats", "string", ":"};
    for (uint64_t edits = 1 + next_random() % 4; edits > 0; edits--) {
        size_t at = next_random() % (size + 1), length;
        switch (next_random() % 4) {
        case 0: /* a byte changes */
            if (at < size)
                text[at] = (char)next_random();
            break;
        case 1: /* a piece is gone */
            length = next_random() % 20;
            length = length < size - at ? length : size - at;
            memmove(text + at, text + at + length, size - at - length);
            size -= length;
            break;
        case 2: { /* a token comes in */
            const char *token = tokens[next_random() % (sizeof tokens / sizeof *tokens)];
            length = strlen(token);
            if (size + length > capacity)
                break;
            memmove(text + at + length, text + at, size - at);
            memcpy(text + at, token, length);
            size += length;
            break;
        }
        default: /* a piece is copied elsewhere */
            length = next_random() % 40;
            size_t from = next_random() % (size + 1);
            length = length < size - from ? length : size - from;
            length = length < size - at ? length : size - at;
            memmove(text + at, text + from, length);
        }
    }
    return size;
}

static void try_text(const char *text, size_t size)
{
    Arena *a = arena_new();
    Diag *d = diag_new(a);
    char *exact = malloc(size ? size : 1); /* so that ASan sees a read behind the end */
    memcpy(exact, text, size);
    Graph *g = graph_read(a, d, exact, size, NULL);
    ck_assert_uint_eq(d->error_count, g ? 0 : 1);
    if (g && g->outputs.count) { /* a subgraph may have lost its output: that is for the check to say */
        const char *printed = print_text(a, g);
        Graph *again = read_text(a, printed);
        ck_assert_str_eq(print_text(a, again), printed);
        if (graph_check(g, d, "read")) {
            assert_sound(a, again);
            ck_assert(graph_sort(g));
            ck_assert_str_eq(print_text(a, g), printed);
            graph_sweep(g);
            assert_sound(a, g);
            assert_sound(a, graph_clone(a, g));
        }
    }
    free(exact);
    arena_free(a);
}

START_TEST(damaged_texts)
{
    char text[4096];
    memcpy(text, seed_text, sizeof seed_text);
    size_t size = strlen(text);
    try_text(text, size);
    for (size_t cut = 0; cut < size; cut++)
        try_text(text, cut);
    for (int i = 0; i < 20000; i++) {
        char broken[4096];
        memcpy(broken, text, size);
        try_text(broken, damage(broken, size, sizeof broken));
    }
}
END_TEST

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

enum { LARGE = 100000 };

/* A chain whose nodes all read one constant and one early value, and have one name. */
static Graph *large_graph(Arena *a)
{
    Graph *g = graph_new(a, "large");
    Shape shape = {.rank = 2, .dim = {1, 8}};
    Value *x = graph_input(g, "x", DT_F32, &shape), *v = x;
    static const float data[8];
    Value *k = graph_const(g, "k", DT_F32, &shape, data);
    for (int i = 0; i < LARGE; i++) {
        Node *n = graph_node(g, "", "Sum", i % 2 ? "node" : NULL);
        node_add_input(g, n, v);
        node_add_input(g, n, k);
        node_add_input(g, n, x);
        node_set_int(g, n, "axis", i);
        v = node_new_output(g, n, i % 3 ? "same" : "");
        v->type = DT_F32;
        v->shape = shape;
    }
    graph_output(g, v);
    return g;
}

START_TEST(large_graphs_in_linear_time)
{
    double start = seconds();
    Arena *a = arena_new();
    Graph *g = large_graph(a);
    assert_sound(a, g);
    ck_assert(graph_sort(g));
    const char *text = print_text(a, g);
    Graph *again = read_text(a, text);
    ck_assert_str_eq(print_text(a, again), text);
    Graph *copy = graph_clone(a, g);
    assert_sound(a, copy);
    /* Backwards: every node moves. */
    for (Node *n = copy->first, *next; n; n = next) {
        next = n->next;
        n->next = n->prev;
        n->prev = next;
    }
    Node *last = copy->first;
    copy->first = copy->last;
    copy->last = last;
    ck_assert(graph_sort(copy));
    assert_sound(a, copy);
    graph_replace(copy, value_named(copy, "k"), value_named(copy, "x"));
    assert_sound(a, copy);
    graph_replace(copy, copy->outputs.items[0], copy->inputs.items[0]);
    ck_assert_uint_eq(graph_sweep(copy), LARGE);
    assert_sound(a, copy);
    ck_assert_uint_eq(copy->node_count, 1);
    for (Node *n = g->first; n; n = node_next(n)) /* the users' list is closed up from its front */
        node_set_input(g, n, 1, NULL);
    for (Node *n = g->last; n != g->first; n = n->prev)
        node_set_input(g, n, 2, NULL);
    ck_assert_uint_eq(value_named(g, "k")->users.count, 0);
    assert_sound(a, g);
    arena_free(a);
    double limit = 10; /* one or two under sanitizers; minutes when anything is quadratic */
    ck_assert_msg(seconds() - start < limit, "took %g s", seconds() - start);
}
END_TEST

START_TEST(one_node_reads_a_value_often)
{
    Arena *a = arena_new();
    Graph *g = graph_new(a, "wide");
    Value *x = graph_input(g, "x", DT_F32, NULL), *y = graph_input(g, "y", DT_F32, NULL);
    Node *n = graph_node(g, "", "Concat", NULL);
    for (int i = 0; i < LARGE; i++) {
        node_add_input(g, n, x);
        node_new_output(g, n, NULL);
    }
    for (int i = 0; i < LARGE; i++)
        graph_output(g, node_out(n, (size_t)i));
    graph_replace(g, x, y);
    assert_sound(a, g);
    ck_assert_uint_eq(y->users.count, LARGE);
    ck_assert_ptr_nonnull(read_text(a, print_text(a, g)));
    arena_free(a);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("ir damage and size");
    TCase *c = tcase_create("fuzz");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, damaged_texts);
    tcase_add_test(c, large_graphs_in_linear_time);
    tcase_add_test(c, one_node_reads_a_value_often);
    suite_add_tcase(s, c);
    return run_suite(s);
}
