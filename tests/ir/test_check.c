/* graph_check finds each broken invariant: one test breaks one thing. */
#include "tests/ir/ir_test.h"

static Arena *a;
static Graph *g;
static Value *x, *k, *v, *y, *t;
static Node *relu, *add, *branch;

static void begin(void)
{
    a = arena_new();
    g = read_text(a, "graph { input %x: f32[2] const %k: f32[2] = [1, 2]\n%v = Relu(%x) {i=1, f=1f} %y = Add(%v, %k)\n"
                     "%b = If(%x) {then=graph { %t = Exp(%v) %u = Neg(%t) output %u }} output %y output %b }");
    x = value_named(g, "x");
    k = value_named(g, "k");
    v = value_named(g, "v");
    y = value_named(g, "y");
    relu = v->producer;
    add = y->producer;
    branch = node_of(g, "b");
    t = value_named(node_attr(branch, "then")->graph, "t");
    assert_sound(a, g);
}

static void end(void)
{
    arena_free(a);
}

static Graph *other_graph(void)
{
    return read_text(a, "graph { input %o %p = Relu(%o) output %p }");
}

static void value_id(void)
{
    y->id = 0;
}
static void value_type(void)
{
    y->type = DT_COUNT;
}
static void value_rank(void)
{
    y->shape.rank = MAX_RANK + 1;
}
static void value_dim(void)
{
    y->shape = (Shape){.rank = 1, .dim = {-2}};
}
static void value_name(void)
{
    y->name = NULL;
}
static void const_shape(void)
{
    k->shape.dim[0] = -1;
}
static void const_type(void)
{
    k->type = DT_NONE;
}
static void const_huge(void)
{
    k->shape = (Shape){.rank = 2, .dim = {INT64_MAX / 2, 1}};
}
static void const_data(void)
{
    k->data = NULL;
}
static void const_output(void)
{
    k->is_output = true;
    array_push(a, &g->outputs, k);
}
static void data_no_const(void)
{
    y->data = "";
}
static void input_output(void)
{
    x->is_output = true;
    array_push(a, &g->outputs, x);
}
static void input_unlisted(void)
{
    g->inputs.count = 0;
}
static void input_unmarked(void)
{
    x->is_input = false;
}
static void input_twice(void)
{
    array_push(a, &g->inputs, x);
}
static void input_foreign(void)
{
    array_push(a, &g->inputs, other_graph()->inputs.items[0]);
}
static void output_unlisted(void)
{
    g->outputs.count = 1;
}
static void output_unmarked(void)
{
    y->is_output = false;
}
static void output_null(void)
{
    array_push(a, &g->outputs, NULL);
}
static void output_orphan(void)
{
    graph_output(g, graph_value(g, "orphan", DT_F32, NULL));
}
static void no_output(void)
{
    g->outputs.count = 0;
    y->is_output = value_named(g, "b")->is_output = false;
}
static void order(void)
{
    Value *late = node_new_output(g, graph_node(g, "", "Late", NULL), "late");
    node_add_input(g, add, late);
}
static void order_subgraph(void)
{
    Value *late = node_new_output(g, graph_node(g, "", "Late", NULL), "late");
    Graph *sub = node_attr(branch, "then")->graph;
    node_add_input(sub, sub->first, late);
}
static void order_inside(void)
{
    Graph *sub = node_attr(branch, "then")->graph;
    node_add_input(sub, sub->first, value_named(sub, "u"));
}
static void reads_orphan(void)
{
    node_add_input(g, add, graph_value(g, "orphan", DT_F32, NULL));
}
static void reads_removed(void)
{
    graph_remove(g, relu);
}
static void reads_foreign(void)
{
    node_add_input(g, add, value_named(other_graph(), "o"));
}
static void reads_inner(void)
{
    node_add_input(g, add, t);
}
static void user_missing(void)
{
    k->users.count = 0;
}
static void user_extra(void)
{
    array_push(a, &k->users, relu);
}
static void user_twice(void)
{
    array_push(a, &k->users, add);
}
static void user_dead(void)
{
    Node *n = graph_node(g, "", "N", NULL);
    graph_remove(g, n);
    array_push(a, &k->users, n);
}
static void user_captures(void)
{
    v->users.count = 1;
}
static void user_inside(void)
{
    t->users.count = 0;
}
static void dead_in_list(void)
{
    add->dead = true;
}
static void producer_dead(void)
{
    Node *n = graph_node(g, "", "N", NULL);
    Value *out = node_new_output(g, n, "out");
    graph_remove(g, n);
    out->producer = n;
}
static void producer_wrong(void)
{
    v->producer = add;
}
static void producer_claims(void)
{
    graph_value(g, "claims", DT_F32, NULL)->producer = add;
}
static void made_twice(void)
{
    array_push(a, &relu->outputs, v);
}
static void made_foreign(void)
{
    array_push(a, &relu->outputs, value_named(other_graph(), "p"));
}
static void made_const(void)
{
    node_add_output(g, relu, k);
}
static void node_id(void)
{
    add->id = relu->id;
}
static void node_id_range(void)
{
    add->id = 1000;
}
static void node_links(void)
{
    add->prev = NULL;
}
static void node_last(void)
{
    g->last = add;
}
static void node_ring(void)
{
    branch->next = relu;
}
static void node_counted(void)
{
    g->node_count++;
}
static void node_nameless(void)
{
    add->op_type = "";
}
static void attr_twice(void)
{
    relu->attrs.items[1].name = "i";
}
static void attr_nameless(void)
{
    relu->attrs.items[1].name = "";
}
static void attr_empty(void)
{
    relu->attrs.items[1] = (Attr){.name = "s", .kind = ATTR_INTS, .count = 3};
}
static void attr_tensor(void)
{
    relu->attrs.items[1] = (Attr){.name = "s", .kind = ATTR_TENSOR};
}
static void attr_owner(void)
{
    node_attr(branch, "then")->graph->owner = add;
}

static const struct {
    void (*breaks)(void);
    const char *message;
} cases[] = {
    {value_id, "value 'y' has the id 0"},
    {value_type, "value 'y' has the unknown type"},
    {value_rank, "rank or a dimension out of bounds"},
    {value_dim, "rank or a dimension out of bounds"},
    {value_name, "has no name, not even an empty one"},
    {const_shape, "constant value 'k' has no known type and shape"},
    {const_type, "constant value 'k' has no known type and shape"},
    {const_huge, "constant value 'k' is larger than memory"},
    {const_data, "constant value 'k' has no data"},
    {const_output, "constant value 'k' is also"},
    {data_no_const, "value 'y' has data but is no constant"},
    {input_output, "input value 'x' is also an output"},
    {input_unlisted, "value 'x' is marked as input but not among"},
    {input_unmarked, "input value 'x' of the graph is not marked"},
    {input_twice, "value 'x' is an input of the graph twice"},
    {input_foreign, "input 1 of the graph is not a value of the graph"},
    {output_unlisted, "value 'b' is marked as output but not among"},
    {output_unmarked, "output value 'y' of the graph is not marked"},
    {output_null, "output 2 of the graph is not a value of the graph"},
    {output_orphan, "output value 'orphan' of the graph is made by no node"},
    {no_output, "the graph has no output"},
    {order, "node of output 'y' (Add) reads value 'late' before node of output 'late' (Late) makes it"},
    {order_subgraph, "(If) reads value 'late' in a subgraph before"},
    {order_inside, "node of output 't' (Exp) reads value 'u' before"},
    {reads_orphan, "reads value 'orphan', which nothing makes"},
    {reads_removed, "node of output 'y' (Add) reads value 'v', which nothing makes"},
    {reads_foreign, "input 2 is a value of another graph"},
    {reads_inner, "input 2 is a value of another graph"},
    {user_missing, "value 'k' lacks node of output 'y' (Add) among its users"},
    {user_extra, "value 'k' wrongly has node of output 'v' (Relu) among its users"},
    {user_twice, "value 'k' wrongly has node of output 'y' (Add) among its users"},
    {user_dead, "value 'k' has a user that is not a node of the graph"},
    {user_captures, "value 'v' lacks node of output 'b' (If) among its users"},
    {user_inside, "value 't' lacks node of output 'u' (Neg) among its users"},
    {dead_in_list, "is removed but in the list"},
    {producer_dead, "value 'out' names as its producer a node that does not make it"},
    {producer_wrong, "output value 'v' does not name it as its producer"},
    {producer_claims, "value 'claims' names as its producer a node that does not make it"},
    {made_twice, "output value 'v' is made twice"},
    {made_foreign, "output 1 is a value of another graph"},
    {made_const, "constant value 'k' is also"},
    {node_id, "which is not its own"},
    {node_id_range, "has the id 1000, which is not its own"},
    {node_links, "is not linked to the node before it"},
    {node_last, "does not end at its last node"},
    {node_ring, "which is not its own"},
    {node_counted, "counts 4 nodes but has 3"},
    {node_nameless, "has no operator"},
    {attr_twice, "the attribute 'i' stands twice"},
    {attr_nameless, "attribute 1 has no name"},
    {attr_empty, "attribute 's' has no value"},
    {attr_tensor, "attribute 's' has no value"},
    {attr_owner, "the subgraph 'then' does not name it as its owner"},
};

START_TEST(finds)
{
    cases[_i].breaks();
    Diag *d = diag_new(a);
    ck_assert(!graph_check(g, d, "fuse"));
    ck_assert_uint_ge(d->error_count, 1);
    Buf all = {0};
    for (size_t i = 0; i < d->messages.count; i++)
        buf_printf(&all, "%s\n", d->messages.items[i].text);
    ck_assert_msg(strstr(buf_text(&all), cases[_i].message), "lacks: %s\nhas: %s", cases[_i].message, buf_text(&all));
    ck_assert_ptr_eq(strstr(buf_text(&all), "after pass fuse: "), buf_text(&all));
    buf_free(&all);
    /* A broken graph is printed all the same: that is when one looks at it. */
    static void (*const unprintable[])(void) = {node_ring, value_name, value_id, value_rank, output_null, attr_empty};
    bool printable = true;
    for (size_t i = 0; i < sizeof unprintable / sizeof *unprintable; i++)
        printable &= cases[_i].breaks != unprintable[i];
    if (printable) {
        graph_print(g, &all);
        buf_free(&all);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("ir check");
    TCase *c = tcase_create("check");
    tcase_add_checked_fixture(c, begin, end);
    tcase_add_loop_test(c, finds, 0, sizeof cases / sizeof *cases);
    suite_add_tcase(s, c);
    return run_suite(s);
}
