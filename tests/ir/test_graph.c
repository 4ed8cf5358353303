/* Building and editing graphs: users, order, subgraphs. After each edit the invariants hold. */
#include "tests/ir/ir_test.h"

#include <math.h>
#include <stdint.h>

static Arena *a;

static void begin(void)
{
    a = arena_new();
}

static void end(void)
{
    arena_free(a);
}

/* The body of the printed graph, after a check: what stands between the lines of its braces. */
static const char *body(const Graph *g)
{
    assert_sound(a, g);
    const char *text = strchr(print_text(a, g), '\n') + 1;
    return arena_strndup(a, text, strlen(text) - 2);
}

static size_t count_users(const Graph *g, const char *name)
{
    return value_named(g, name)->users.count;
}

START_TEST(builds)
{
    Graph *g = graph_new(a, NULL);
    ck_assert_str_eq(g->name, "");
    Value *x = graph_input(g, NULL, DT_F32, NULL);
    ck_assert_str_eq(x->name, "");
    ck_assert_int_eq(x->shape.rank, -1);
    Value *k = graph_const_ints(g, "k", (int64_t[]){3, -4}, 2);
    ck_assert_int_eq(k->shape.rank, 1);
    ck_assert_int_eq(k->shape.dim[0], 2);
    ck_assert_int_eq(tensor_int(&(Tensor){k->type, k->shape, k->data}, 1), -4);
    Node *last = graph_node(g, "ai.onnx", "Last", NULL);
    Node *first = graph_node_before(g, last, NULL, "First", "f");
    Node *middle = graph_node_before(g, last, "adze", "Middle", NULL);
    ck_assert_ptr_eq(g->first, first);
    ck_assert_ptr_eq(node_next(first), middle);
    ck_assert_ptr_eq(g->last, last);
    node_add_input(g, first, x);
    node_add_input(g, first, x);
    node_set_input(g, first, 3, k);
    ck_assert_uint_eq(first->inputs.count, 4);
    ck_assert_ptr_null(node_in(first, 2));
    ck_assert_ptr_null(node_in(first, 99));
    ck_assert_uint_eq(x->users.count, 2);
    node_set_input(g, first, 1, NULL);
    ck_assert_uint_eq(x->users.count, 1);
    node_add_input(g, middle, node_new_output(g, first, NULL));
    node_add_output(g, middle, NULL);
    node_add_input(g, last, node_new_output(g, middle, "m"));
    graph_output(g, node_new_output(g, last, "y"));
    ck_assert_ptr_null(node_out(middle, 0));
    ck_assert_str_eq(node_out(middle, 1)->name, "m");
    ck_assert(node_is(last, "Last") && !node_is(middle, "Middle") && node_is_adze(middle, "Middle") &&
              !node_is(NULL, ""));
    ck_assert_str_eq(body(g), "  input %0: f32\n  const %k: i64[2] = [3, -4]\n  %1 = First(%0, _, _, %k) name \"f\"\n"
                              "  _, %m = adze.Middle(%1)\n  %y = Last(%m)\n  output %y\n");
}
END_TEST

START_TEST(opsets_of_domains)
{
    Graph *g = graph_new(a, "g");
    ck_assert_int_eq(graph_opset(g, ""), 13);
    ck_assert_int_eq(graph_opset(g, "com.microsoft"), 1);
    graph_set_opset(g, "ai.onnx", 17);
    graph_set_opset(g, "adze", 5);
    graph_set_opset(g, "ml", 3);
    Graph *inner = graph_new_inner(g, "inner");
    ck_assert_int_eq(graph_opset(inner, NULL), 17);
    ck_assert_int_eq(graph_opset(inner, "adze"), 1);
    ck_assert_int_eq(graph_node(inner, "ml", "Op", NULL)->version, 3);
    ck_assert_int_eq(graph_node(inner, "ai.onnx", "Op", NULL)->version, 17);
}
END_TEST

START_TEST(attributes)
{
    Graph *g = graph_new(a, "g");
    Node *n = graph_node(g, "", "Op", NULL);
    char name[] = "s", text[] = "text";
    int64_t list[] = {1, 2, 3}, out[8] = {0};
    node_set_int(g, n, "i", 1);
    node_set_int(g, n, "i", 2);
    node_set_float(g, n, "f", 0.5f);
    node_set_ints(g, n, "l", list, 3);
    node_set_string(g, n, name, text);
    name[0] = text[0] = 'X'; /* copies were made */
    list[0] = 9;
    ck_assert_uint_eq(n->attrs.count, 4);
    ck_assert_int_eq(node_int(n, "i", 7), 2);
    ck_assert_int_eq(node_int(n, "f", 7), 7);
    ck_assert_int_eq(node_int(n, "none", 7), 7);
    ck_assert_float_eq(node_float(n, "f", 0), 0.5f);
    ck_assert_float_eq(node_float(n, "i", 3), 3);
    ck_assert_str_eq(node_string(n, "s", ""), "text");
    ck_assert_ptr_null(node_string(n, "i", NULL));
    ck_assert_int_eq(node_ints(n, "l", out, 2), 3);
    ck_assert(out[0] == 1 && out[1] == 2 && out[2] == 0);
    ck_assert_int_eq(node_ints(n, "i", out, 8), -1);
    node_remove_attr(g, n, "f");
    node_remove_attr(g, n, "f");
    ck_assert_ptr_null(node_attr(n, "f"));
    ck_assert_ptr_nonnull(node_attr(n, "l"));
    const char *const strings[] = {"a", NULL};
    node_set_attr(g, n, &(Attr){.name = "ss", .kind = ATTR_STRINGS, .strings = strings, .count = 2});
    ck_assert_str_eq(node_attr(n, "ss")->strings[1], "");
}
END_TEST

START_TEST(labels)
{
    Graph *g =
        read_text(a, "graph { input %x %a = Conv(%x) name \"conv\\x011\" _, %b = com.microsoft.Q(%x) %0 = Relu(%x) "
                     "() = \"\\n\".\"O'p\"() }");
    const Node *n = g->first;
    ck_assert_str_eq(node_label(a, n), "node 'conv\\x011' (Conv)");
    ck_assert_str_eq(node_label(a, n = node_next(n)), "node of output 'b' (com.microsoft.Q)");
    ck_assert_str_eq(node_label(a, n = node_next(n)), "node #2 (Relu)");
    ck_assert_str_eq(node_label(a, node_next(n)), "node #3 (\\x0a.O'p)");
}
END_TEST

START_TEST(replaces_uses)
{
    Graph *g = read_text(a, "graph { input %x %a = Relu(%x) %b = Add(%a, %a) %c = Add(%a, %b) output %c }");
    Value *x = value_named(g, "x"), *v = value_named(g, "a");
    graph_replace(g, v, v);
    ck_assert_uint_eq(v->users.count, 3);
    graph_replace(g, v, x);
    ck_assert_uint_eq(v->users.count, 0);
    ck_assert_uint_eq(x->users.count, 4);
    ck_assert_uint_eq(graph_sweep(g), 1);
    ck_assert_str_eq(body(g), "  input %x\n  %b = Add(%x, %x)\n  %c = Add(%x, %b)\n  output %c\n");
}
END_TEST

START_TEST(replaces_outputs)
{
    Graph *g = read_text(a, "graph { input %x const %k: f32[] = [1] %a = Relu(%x) %b = Exp(%a) %c = Log(%b) "
                            "output %a output %b output %c }");
    Node *n = graph_node(g, "", "Neg", NULL);
    node_add_input(g, n, value_named(g, "x"));
    graph_replace(g, value_named(g, "b"), node_new_output(g, n, "neg")); /* takes over name and place */
    ck_assert(graph_sort(g));
    ck_assert_uint_eq(graph_sweep(g), 1);
    ck_assert_str_eq(body(g), "  input %x\n  %a = Relu(%x)\n  %b = Neg(%x)\n  %c = Log(%b)\n"
                              "  output %a\n  output %b\n  output %c\n");
    graph_replace(g, value_named(g, "c"), value_named(g, "k"));
    graph_replace(g, value_named(g, "b"), value_named(g, "x"));
    graph_replace(g, value_named(g, "a"), value_named(g, "b")); /* an output already */
    graph_sweep(g);
    ck_assert_str_eq(body(g), "  input %x\n  const %k: f32[] = [1]\n  %c = Identity(%k)\n  %b = Identity(%x)\n"
                              "  %a = Identity(%b)\n  output %a\n  output %b\n  output %c\n");
}
END_TEST

START_TEST(puts_a_node_behind_a_value)
{
    Graph *g = read_text(a, "graph { input %x %a = Relu(%x) %b = Add(%a, %a) output %b output %a }");
    Value *v = value_named(g, "a");
    Node *n = graph_node_before(g, node_next(v->producer), "", "Exp", NULL);
    node_add_input(g, n, v);
    graph_replace(g, v, node_new_output(g, n, NULL));
    ck_assert_str_eq(body(g),
                     "  input %x\n  %0 = Relu(%x)\n  %a = Exp(%0)\n  %b = Add(%a, %a)\n  output %b\n  output %a\n");
}
END_TEST

START_TEST(replaces_inputs_and_constants)
{
    Graph *g =
        read_text(a, "graph { input %x const %k: f32[] = [1] const %l: f32[] = [2] %a = Add(%x, %k) output %a }");
    graph_replace(g, value_named(g, "k"), value_named(g, "l"));
    graph_replace(g, value_named(g, "x"), value_named(g, "l"));
    ck_assert_str_eq(body(g), "  input %x\n  const %l: f32[] = [2]\n  %a = Add(%l, %l)\n  output %a\n");
}
END_TEST

START_TEST(removes_while_walking)
{
    Graph *g = read_text(a, "graph { input %x %a = A(%x) %b = B(%a) %c = C(%b) %d = D(%c) output %d }");
    Node *b = node_of(g, "b"), *c = node_of(g, "c");
    graph_replace(g, value_named(g, "b"), value_named(g, "a"));
    graph_remove(g, b);
    graph_remove(g, b);
    graph_replace(g, value_named(g, "c"), value_named(g, "a"));
    graph_remove(g, c);
    ck_assert_ptr_eq(node_next(b), node_of(g, "d"));
    ck_assert_uint_eq(g->node_count, 2);
    Node *again = graph_node_before(g, b, "", "E", NULL); /* in front of a removed one: where it stood */
    node_add_output(g, again, value_named(g, "c"));
    ck_assert_str_eq(body(g), "  input %x\n  %a = A(%x)\n  %c = E()\n  %d = D(%a)\n  output %d\n");
    ck_assert_uint_eq(graph_sweep(g), 1);
    for (Node *n = g->first; n; n = node_next(n))
        graph_remove(g, n);
    ck_assert_ptr_null(g->first);
    ck_assert_ptr_null(g->last);
    ck_assert_uint_eq(value_named(g, "x")->users.count, 0);
}
END_TEST

START_TEST(sweeps_chains_and_subgraphs)
{
    Graph *g =
        read_text(a, "graph { input %x %a = A(%x) %b = B(%a) %p, _, %q = S(%x) %u = U(%x) () = Print(%u)\n"
                     "%y = If(%x) {t=graph { %i = I(%a) %j = J(%i, %x) %k = K(%x) output %k }} output %y output %q }");
    ck_assert_uint_eq(count_users(g, "a"), 2);
    ck_assert_uint_eq(graph_sweep(g), 6);
    ck_assert_str_eq(body(g), "  input %x\n  %p, _, %q = S(%x)\n  %y = If(%x) {t=graph \"\" {\n    %k = K(%x)\n"
                              "    output %k\n  }}\n  output %y\n  output %q\n");
    ck_assert_uint_eq(graph_sweep(g), 0);
}
END_TEST

/* Gives node `n` the outputs' names as inputs; lets tests make graphs out of order. */
static void read_by(Graph *g, const char *output, const char *input)
{
    node_add_input(g, node_of(g, output), value_named(g, input));
}

START_TEST(sorts)
{
    Graph *g = read_text(a, "graph { input %x %a = A(%x) %b = B() %c = C() %d = D() output %d }");
    ck_assert(graph_sort(g));
    ck_assert_str_eq(body(g), "  input %x\n  %a = A(%x)\n  %b = B()\n  %c = C()\n  %d = D()\n  output %d\n");
    read_by(g, "b", "d");
    read_by(g, "d", "c");
    ck_assert(graph_sort(g));
    ck_assert_str_eq(body(g), "  input %x\n  %a = A(%x)\n  %c = C()\n  %d = D(%c)\n  %b = B(%d)\n  output %d\n");
    read_by(g, "c", "b");
    Node *first = g->first, *last = g->last;
    ck_assert(!graph_sort(g));
    ck_assert(g->first == first && g->last == last && g->node_count == 4);
    node_set_input(g, node_of(g, "c"), 0, value_named(g, "c"));
    ck_assert(!graph_sort(g));
    Graph *empty = graph_new(a, NULL);
    ck_assert(graph_sort(empty));
}
END_TEST

START_TEST(sorts_by_what_subgraphs_read)
{
    Graph *g = read_text(
        a, "graph { input %x %p = P(%x) %y = If(%x) {t=graph { %s = If(%x) {t=graph { %k = K(%p) output %k }} "
           "output %s }} output %y }");
    Node *p = node_of(g, "p");
    ck_assert_uint_eq(count_users(g, "p"), 1);
    ck_assert_ptr_eq(value_named(g, "p")->users.items[0], node_of(g, "y"));
    Node *late = graph_node(g, "", "Late", NULL);
    node_add_input(g, late, value_named(g, "x"));
    graph_replace(g, value_named(g, "p"), node_new_output(g, late, "late"));
    ck_assert(graph_sort(g));
    graph_remove(g, p);
    ck_assert_str_eq(body(g),
                     "  input %x\n  %late = Late(%x)\n  %y = If(%x) {t=graph \"\" {\n    %s = If(%x) {t=graph \"\" {\n"
                     "      %k = K(%late)\n      output %k\n    }}\n    output %s\n  }}\n  output %y\n");
    read_by(g, "late", "y");
    ck_assert(!graph_sort(g));
}
END_TEST

START_TEST(keeps_users_of_captures)
{
    Graph *g = graph_new(a, "g");
    Value *x = graph_input(g, "x", DT_F32, NULL);
    Node *n = graph_node(g, "", "If", NULL);
    Graph *t = graph_new_inner(g, "t"), *u = graph_new_inner(t, "u");
    Node *in_t = graph_node(t, "", "Relu", NULL), *in_u = graph_node(u, "", "Add", NULL);
    node_add_input(t, in_t, x);
    Value *r = node_new_output(t, in_t, "r");
    node_add_input(u, in_u, x);
    node_add_input(u, in_u, r);
    graph_output(u, node_new_output(u, in_u, "s"));
    graph_output(u, r); /* of the outer graph: by an Identity */
    ck_assert(x->users.count == 0 && r->users.count == 0);
    Node *nested = graph_node(t, "", "If", NULL);
    node_set_attr(t, nested, &(Attr){.name = "b", .kind = ATTR_GRAPH, .graph = u});
    ck_assert(x->users.count == 0 && r->users.count == 2);
    graph_output(t, node_new_output(t, nested, "o"));
    node_set_attr(g, n, &(Attr){.name = "b", .kind = ATTR_GRAPH, .graph = t});
    graph_output(g, node_new_output(g, n, "y"));
    ck_assert(x->users.count == 2 && x->users.items[1] == n);
    assert_sound(a, g);
    node_add_input(u, in_u, x); /* edits inside count outside at once */
    assert_sound(a, g);
    node_set_input(u, in_u, 0, r);
    assert_sound(a, g);
    graph_replace(u, x, x);
    ck_assert(x->users.count == 2 && r->users.count == 3);
    Graph *copy = graph_clone(a, g);
    assert_sound(a, copy);
    graph_remove(t, in_t);
    ck_assert_uint_eq(x->users.count, 1);
    node_remove_attr(g, n, "b");
    ck_assert_uint_eq(x->users.count, 0);
    ck_assert_ptr_null(t->owner);
    node_set_attr(g, n, &(Attr){.name = "b", .kind = ATTR_GRAPH, .graph = t});
    ck_assert_uint_eq(x->users.count, 1);
    graph_remove(g, n);
    ck_assert_uint_eq(x->users.count, 0);
    assert_sound(a, copy);
}
END_TEST

START_TEST(clones_deeply)
{
    Arena *old = arena_new();
    Graph *g =
        read_text(old, "graph \"g\" opset \"\" 9 opset \"m\" 2 { input %x: f32[?N] input %c const %k: f32[2] = [1, 2]\n"
                       "%y: f32[?N] = Add(%x, %k) {a=\"s\", b=[\"t\"], d=[1], e=[1f]} name \"n\" version 3\n"
                       "%z = If(%c) {t=graph { const %m: f32[1] = [4] %0 = Add(%y, %m) output %0 }} output %z }");
    const char *text = arena_strdup(a, print_text(old, g));
    const void *data = value_named(g, "k")->data;
    Graph *copy = graph_clone(a, g);
    ck_assert_ptr_eq(value_named(copy, "k")->data, data);
    ck_assert_ptr_ne(node_of(copy, "y"), node_of(g, "y"));
    Graph *sub = node_attr(node_of(copy, "z"), "t")->graph;
    ck_assert_ptr_eq(sub->outer, copy);
    ck_assert_ptr_eq(node_in(sub->first, 0), value_named(copy, "y"));
    ck_assert_ptr_eq(value_named(g, "y")->users.items[0], node_of(g, "z"));
    ck_assert_uint_eq(value_named(g, "y")->users.count, 1);
    graph_remove(g, node_of(g, "z"));
    assert_sound(a, copy);
    ck_assert_str_eq(print_text(a, copy), text);
    /* A subgraph alone still reads the graph around the original. */
    Graph *alone = graph_clone(a, sub);
    ck_assert_ptr_eq(node_in(alone->first, 0), value_named(copy, "y"));
    assert_sound(a, alone);
    assert_sound(a, copy);
    arena_free(old); /* constants' data is gone with it, all else is the copy's */
    value_named(copy, "k")->data = value_named(sub, "m")->data = (const float[]){1, 2};
    assert_sound(a, copy);
    print_text(a, copy);
}
END_TEST

/* Large constants, of the size of a layer's weights. */
enum { LARGE = 1 << 18 };

static Value *large(Graph *g, const char *name, void *data)
{
    Shape s = {.rank = 1, .dim = {LARGE}};
    return graph_const(g, name, DT_F32, &s, data ? data : arena_alloc(a, LARGE * sizeof(float)));
}

static Node *reader(Graph *g, Value *x, Value *v)
{
    Node *n = graph_node(g, "", "Add", NULL);
    node_add_input(g, n, x);
    node_add_input(g, n, v);
    graph_output(g, node_new_output(g, n, NULL));
    return n;
}

static bool is_freed(const void *data)
{
    const void *first;
    size_t bytes;
    return !arena_large(a, data, &first, &bytes);
}

START_TEST(data_that_nobody_reads_is_freed)
{
    Graph *g = graph_new(a, "g");
    Value *x = graph_input(g, "x", DT_F32, &(Shape){.rank = 1, .dim = {LARGE}});
    Value *read = large(g, "read", NULL), *old = large(g, "old", NULL), *merged = large(g, "merged", NULL);
    Node *n = reader(g, x, old);
    const void *old_data = old->data, *merged_data = merged->data;
    reader(g, x, merged);
    graph_free_unread(g);
    ck_assert(!is_freed(old_data) && !is_freed(merged_data));
    node_set_input(g, n, 1, read);
    graph_replace(g, merged, read);
    ck_assert_ptr_nonnull(old->data); /* a rule may still look at it */
    graph_free_unread(g);
    ck_assert(is_freed(old_data) && is_freed(merged_data) && !is_freed(read->data));
    ck_assert_ptr_null(old->data);
    assert_sound(a, g);
}
END_TEST

START_TEST(data_that_others_read_stays)
{
    Graph *g = graph_new(a, "g");
    Value *x = graph_input(g, "x", DT_F32, &(Shape){.rank = 1, .dim = {LARGE}});
    Value *v = large(g, "v", NULL), *other = large(g, "other", NULL), *reads;
    const void *data = v->data;
    Node *n = reader(g, x, v);
    if (_i == 0) { /* a part of it, as another constant */
        reads = graph_const(g, "part", DT_F32, &(Shape){.rank = 1, .dim = {16}}, (const float *)v->data + 1000);
        reader(g, x, reads);
    } else if (_i == 1) { /* an attribute */
        node_set_attr(g, n, &(Attr){.name = "value", .kind = ATTR_TENSOR, .tensor = value_tensor(v)});
    } else if (_i == 2) { /* a subgraph's constant */
        Graph *sub = graph_new_inner(g, "sub");
        graph_output(sub, node_new_output(sub, reader(sub, x, large(sub, "inner", (void *)(uintptr_t)data)), NULL));
        node_set_attr(g, n, &(Attr){.name = "branch", .kind = ATTR_GRAPH, .graph = sub});
    } else if (_i == 3) { /* who compares vectors with a fixed input */
        array_push(a, &g->fixed, ((FixedInput){0, v}));
    } else { /* a clone */
        graph_clone(a, g);
    }
    node_set_input(g, n, 1, other);
    graph_free_unread(g);
    ck_assert(!is_freed(data));
    ck_assert_ptr_eq(v->data, data);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("ir graph");
    TCase *c = tcase_create("graph");
    tcase_add_checked_fixture(c, begin, end);
    tcase_add_test(c, builds);
    tcase_add_test(c, opsets_of_domains);
    tcase_add_test(c, attributes);
    tcase_add_test(c, labels);
    tcase_add_test(c, replaces_uses);
    tcase_add_test(c, replaces_outputs);
    tcase_add_test(c, puts_a_node_behind_a_value);
    tcase_add_test(c, replaces_inputs_and_constants);
    tcase_add_test(c, removes_while_walking);
    tcase_add_test(c, sweeps_chains_and_subgraphs);
    tcase_add_test(c, sorts);
    tcase_add_test(c, sorts_by_what_subgraphs_read);
    tcase_add_test(c, keeps_users_of_captures);
    tcase_add_test(c, clones_deeply);
    tcase_add_test(c, data_that_nobody_reads_is_freed);
    tcase_add_loop_test(c, data_that_others_read_stays, 0, 5);
    suite_add_tcase(s, c);
    return run_suite(s);
}
