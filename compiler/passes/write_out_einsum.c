/* Einsum of one or two operands: sums over what only one of them has, then one MatMul of [batch, rows, inner] and
 * [batch, inner, columns], whose labels are those that both have and keep, that one has, that both have and lose. */
#include "passes/write_out.h"

#include <ctype.h>
#include <string.h>

enum { LABELS = 64, ELLIPSIS = 52 }; /* letters are 0 to 51; axes of "..." from ELLIPSIS on, counted from the end */

typedef struct {
    int count;
    int label[MAX_RANK];
} Term;

typedef struct {
    Term in[2], out;
    int operands;
    int64_t size[LABELS]; /* 0: not seen */
} Equation;

static int label_of(char ch)
{
    return ch >= 'a' ? ch - 'a' : ch - 'A' + 26;
}

static bool push(Term *t, int label)
{
    for (int i = 0; i < t->count; i++)
        if (t->label[i] == label)
            return false;
    if (t->count == MAX_RANK)
        return false;
    t->label[t->count++] = label;
    return true;
}

/* "ij...": `rank` axes; or of an output, whose "..." has `rank` axes. */
static bool read_term(const char *s, const char *end, int rank, bool is_output, Term *t)
{
    int letters = 0;
    for (const char *at = s; at < end; at++)
        letters += isalpha((unsigned char)*at) != 0;
    int more = is_output ? rank : rank - letters;
    for (; s < end; s++) {
        if (isalpha((unsigned char)*s)) {
            if (!push(t, label_of(*s)))
                return false;
        } else if (end - s >= 3 && !strncmp(s, "...", 3)) {
            for (int i = more; i-- > 0;)
                if (ELLIPSIS + i >= LABELS || !push(t, ELLIPSIS + i))
                    return false;
            s += 2;
        } else if (*s != ' ') {
            return false;
        }
    }
    return is_output || t->count == rank;
}

/* Without "->": the labels that stand once, in the order of the alphabet, behind "...". */
static bool default_output(Equation *e)
{
    for (int i = LABELS; i-- > ELLIPSIS;)
        if (e->size[i] && !push(&e->out, i))
            return false;
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for (const char *l = letters; *l; l++) {
        int seen = 0;
        for (int o = 0; o < e->operands; o++)
            for (int i = 0; i < e->in[o].count; i++)
                seen += e->in[o].label[i] == label_of(*l);
        if (seen == 1 && !push(&e->out, label_of(*l)))
            return false;
    }
    return true;
}

static bool read_sizes(Equation *e, const Node *n)
{
    for (int o = 0; o < e->operands; o++)
        for (int i = 0; i < e->in[o].count; i++) {
            int64_t *size = &e->size[e->in[o].label[i]], dim = node_in(n, (size_t)o)->shape.dim[i];
            if (*size && *size != dim)
                return false; /* also where one is 1 and would be broadcast */
            *size = dim;
        }
    return true;
}

static bool read_equation(const Node *n, Equation *e)
{
    const char *s = node_string(n, "equation", ""), *arrow = strstr(s, "->");
    const char *end = arrow ? arrow : s + strlen(s), *comma = memchr(s, ',', (size_t)(end - s));
    int more = 0;
    e->operands = (int)n->inputs.count;
    if ((comma != NULL) != (e->operands == 2) ||
        !read_term(s, comma ? comma : end, node_in(n, 0)->shape.rank, false, &e->in[0]) ||
        (comma && !read_term(comma + 1, end, node_in(n, 1)->shape.rank, false, &e->in[1])) || !read_sizes(e, n))
        return false;
    while (ELLIPSIS + more < LABELS && e->size[ELLIPSIS + more])
        more++;
    if (arrow ? !read_term(arrow + 2, arrow + strlen(arrow), more, true, &e->out) : !default_output(e))
        return false;
    for (int i = 0; i < e->out.count; i++)
        if (!e->size[e->out.label[i]])
            return false;
    return true;
}

static int index_of(const Term *t, int label)
{
    for (int i = 0; i < t->count; i++)
        if (t->label[i] == label)
            return i;
    return -1;
}

/* Axes that neither the other operand nor the output has are summed. */
static Value *without_own(Graph *g, Node *n, Value *v, Term *t, const Term *other, const Term *out)
{
    int64_t axes[MAX_RANK];
    int count = 0, left = 0;
    for (int i = 0; i < t->count; i++)
        if (index_of(out, t->label[i]) < 0 && (!other || index_of(other, t->label[i]) < 0))
            axes[count++] = i;
        else
            t->label[left++] = t->label[i];
    t->count = left;
    if (!count)
        return v;
    Value *y = written(g, n, "ReduceSum", v, graph_const_ints(g, NULL, axes, count));
    node_set_int(g, y->producer, "keepdims", 0);
    return y;
}

/* v's axes in the order of `order`, which has the same labels. */
static Value *ordered(Graph *g, Node *n, Value *v, const Term *from, const Term *order)
{
    int64_t perm[MAX_RANK];
    bool same = true;
    for (int i = 0; i < order->count; i++) {
        perm[i] = index_of(from, order->label[i]);
        same = same && perm[i] == i;
    }
    return same ? v : written_transpose(g, n, v, perm, order->count);
}

typedef struct {
    Term batch, rows, inner, columns;
} Parts;

static void append(Term *to, const Term *from)
{
    for (int i = 0; i < from->count; i++)
        push(to, from->label[i]);
}

static int64_t size_of(const Equation *e, const Term *t)
{
    int64_t size = 1;
    for (int i = 0; i < t->count; i++)
        size *= e->size[t->label[i]];
    return size;
}

static Parts parts_of(const Equation *e)
{
    Parts p = {0};
    for (int i = 0; i < e->in[0].count; i++) {
        int label = e->in[0].label[i];
        bool shared = index_of(&e->in[1], label) >= 0, kept = index_of(&e->out, label) >= 0;
        push(shared ? kept ? &p.batch : &p.inner : &p.rows, label);
    }
    for (int i = 0; i < e->in[1].count; i++)
        if (index_of(&e->in[0], e->in[1].label[i]) < 0)
            push(&p.columns, e->in[1].label[i]);
    return p;
}

/* One operand as [batch, a, b]. */
static Value *as_matrices(const Equation *e, Graph *g, Node *n, Value *v, int operand, const Parts *p, const Term *a,
                          const Term *b)
{
    Term order = {0};
    append(&order, &p->batch);
    append(&order, a);
    append(&order, b);
    v = ordered(g, n, v, &e->in[operand], &order);
    return written_reshape(g, n, v, (int64_t[]){size_of(e, &p->batch), size_of(e, a), size_of(e, b)}, 3);
}

static Value *product(Equation *e, Graph *g, Node *n)
{
    Value *a = without_own(g, n, node_in(n, 0), &e->in[0], &e->in[1], &e->out);
    Value *b = without_own(g, n, node_in(n, 1), &e->in[1], &e->in[0], &e->out);
    Parts p = parts_of(e);
    a = as_matrices(e, g, n, a, 0, &p, &p.rows, &p.inner);
    b = as_matrices(e, g, n, b, 1, &p, &p.inner, &p.columns);
    Value *y = written(g, n, "MatMul", a, b);
    Term made = {0};
    append(&made, &p.batch);
    append(&made, &p.rows);
    append(&made, &p.columns);
    int64_t dims[MAX_RANK];
    for (int i = 0; i < made.count; i++)
        dims[i] = e->size[made.label[i]];
    return ordered(g, n, written_reshape(g, n, y, dims, made.count), &made, &e->out);
}

bool write_out_einsum(PassContext *c, Graph *g, Node *n)
{
    Equation e = {0};
    if (!node_is(n, "Einsum"))
        return false;
    for (size_t i = 0; i < n->inputs.count; i++)
        if (!known(node_in(n, i)))
            return false;
    if (n->inputs.count > 2 || !read_equation(n, &e))
        return written_error(c, n,
                             "its equation is %s, for %zu operands; supported: one or two operands whose dimensions "
                             "are equal where their labels are, no label twice in an operand",
                             diag_quote(c->scratch, node_string(n, "equation", "")), n->inputs.count);
    if (e.operands == 2)
        return written_in_place(g, n, product(&e, g, n));
    Value *y = without_own(g, n, node_in(n, 0), &e.in[0], NULL, &e.out);
    y = ordered(g, n, y, &e.in[0], &e.out);
    return written_in_place(g, n, y == node_in(n, 0) ? written(g, n, "Identity", y, NULL) : y);
}
