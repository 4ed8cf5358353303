/* Element-wise operators of one 8-bit tensor are a table of 256: what they give, by the ref kernels, for each value. */
#include "passes/quantise.h"

#include "ops/eval.h"

#include <string.h>

enum { TABLE = 256, MAX_NODES = 32 };

typedef struct {
    Region *r;
    Value *leaf; /* the result of the one DequantizeLinear */
    Node *nodes[MAX_NODES];
    int count;
} Tree;

static bool is_scalar(const Value *v)
{
    return v->is_const && v->data && shape_count(&v->shape) == 1;
}

/* Collects the nodes between the leaf and v, each behind its inputs. */
static bool collect(Tree *t, Value *v, int depth)
{
    Node *n = v->producer;
    QTensor x;
    for (int i = 0; i < t->count; i++)
        if (t->nodes[i] == n)
            return true;
    if (v == t->leaf)
        return true;
    if (!t->leaf && dequantised(t->r->c->scratch, v, &x)) {
        t->leaf = v;
        return true;
    }
    if (!n || depth > MAX_NODES || !known_f32(v) || !shape_equal(&v->shape, &t->r->x->shape) || v == node_out(n, 1) ||
        (!is_unary(n) && (!is_broadcast(n) || node_is(n, "Where"))))
        return false;
    for (size_t i = 0; i < n->inputs.count; i++) {
        Value *in = n->inputs.items[i];
        if (in && !is_scalar(in) && !collect(t, in, depth + 1))
            return false;
    }
    if (t->count == MAX_NODES)
        return false;
    t->nodes[t->count++] = n;
    return true;
}

/* The node on constants of 256 elements; NULL when it cannot be computed. */
static Value *computed(const Tree *t, Graph *g, const Node *n, Value **of)
{
    OpContext oc = {t->r->c->diag, t->r->c->scratch};
    Shape s = {.rank = 1, .dim = {TABLE}};
    Tensor out[8];
    Node *copy = rw_copy(g, NULL, n);
    if (n->outputs.count > sizeof out / sizeof *out)
        return NULL;
    for (size_t i = 0; i < n->inputs.count; i++) {
        const Value *v = n->inputs.items[i];
        Shape scalar = {.rank = 0};
        node_add_input(g, copy, !v ? NULL : v->is_const ? graph_const(g, NULL, v->type, &scalar, v->data) : of[v->id]);
    }
    rw_output(g, copy, DT_F32, &s);
    if (!eval_node(&oc, g, copy, g->arena, out) || !out[0].data)
        return NULL;
    return graph_const(g, NULL, DT_F32, &s, out[0].data);
}

static const float *evaluate(const Tree *t, const QTensor *x)
{
    Arena *a = t->r->c->scratch;
    Graph *g = graph_new(a, "table");
    Shape s = {.rank = 1, .dim = {TABLE}};
    Value **of = NEW_ARRAY(a, Value *, t->r->g->values.count);
    float *start = NEW_ARRAY(a, float, TABLE);
    g->opsets = t->r->g->opsets;
    for (int i = 0; i < TABLE; i++)
        start[i] = (float)(i - 128 - x->zero) * (float)x->scale;
    Value *last = of[t->leaf->id] = graph_const(g, NULL, DT_F32, &s, start);
    for (int i = 0; i < t->count; i++) {
        last = computed(t, g, t->nodes[i], of);
        if (!last)
            return NULL;
        of[node_out(t->nodes[i], 0)->id] = last;
    }
    return last->data;
}

const char *region_lookup(Region *r)
{
    Tree t = {.r = r};
    QTensor x;
    if (!collect(&t, r->x, 0) || !t.leaf || !dequantised(r->c->scratch, t.leaf, &x) ||
        !shape_equal(&t.leaf->shape, &r->x->shape))
        return "";
    const float *y = evaluate(&t, &x);
    if (!y)
        return "";
    int8_t *table = NEW_ARRAY(r->g->arena, int8_t, TABLE);
    bool same = true;
    for (int i = 0; i < TABLE; i++) {
        table[i] = (int8_t)quantised((double)y[i], r->scale, r->zero);
        same = same && table[i] == i - 128;
    }
    if (same)
        return region_end(r, x.v);
    Shape s = {.rank = 1, .dim = {TABLE}};
    Node *q = rw_node(r->g, r->n, "adze", "QLookup", t.count ? t.nodes[t.count - 1]->name : r->n->name);
    node_add_input(r->g, q, x.v);
    node_add_input(r->g, q, const_i8(r->g, &s, table));
    return region_end(r, rw_output(r->g, q, DT_I8, &r->x->shape));
}
