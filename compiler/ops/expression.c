#include "ops/expression.h"
#include "ops/family.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const Kernel expression_kernel = {.function = "expression",
                                  .set = "ref",
                                  .feature = "",
                                  .header = "ref/functions.h",
                                  .kind = KIND_EXPRESSION,
                                  .types = "f32>f32",
                                  .params = ""};

static bool all_f32(const Step *s)
{
    for (int k = 0; k < s->in_count; k++)
        if (!s->in[k] || s->in[k]->type != DT_F32)
            return false;
    return s->out_count == 1 && s->out[0]->type == DT_F32 && shape_count(&s->out[0]->shape) > 0;
}

static bool bounded(const Step *s)
{
    adze_broadcast_params p;
    memcpy(&p, s->params, sizeof p);
    return p.lo != -INFINITY || p.hi != INFINITY;
}

bool expression_takes(const Step *s)
{
    if (s->expression)
        return true;
    return (s->kind == KIND_UNARY || (s->kind == KIND_BINARY && !bounded(s))) && all_f32(s) && kernel_ref(s);
}

typedef struct {
    Plan *plan;
    Step *step;
    Expression *e;
    int64_t elements;
    Shape nest; /* without axes of 1; what the partly repeated operands are broadcast to; rank -1: none yet */
    int64_t strides[STEP_MAX_IN][MAX_RANK]; /* in that shape; of a full operand unused */
    bool full[STEP_MAX_IN];
} Builder;

static Shape squeezed(const Shape *s)
{
    Shape out = {.rank = 0};
    for (int i = 0; i < s->rank; i++)
        if (s->dim[i] != 1)
            out.dim[out.rank++] = s->dim[i];
    return out;
}

/* The strides of an operand that is repeated along some axes of the member's result. */
static bool repeated_strides(Builder *b, const Value *v, const Shape *y, int64_t *out)
{
    int64_t strides[MAX_RANK];
    memset(out, 0, MAX_RANK * sizeof *out);
    if (shape_count(&v->shape) == 1)
        return true;
    Shape s = squeezed(y);
    if (b->nest.rank >= 0 && !shape_equal(&b->nest, &s))
        return false;
    b->nest = s;
    broadcast_strides(v, y, strides);
    for (int i = 0, k = 0; i < y->rank; i++)
        if (y->dim[i] != 1)
            out[k++] = strides[i];
    return true;
}

static bool same_operand(const Builder *b, int k, const Value *v, bool full, const int64_t *strides)
{
    return place_root(b->plan, b->step->in[k]) == place_root(b->plan, v) && b->full[k] == full &&
           (full || !memcmp(b->strides[k], strides, MAX_RANK * sizeof *strides));
}

static bool operand_of(Builder *b, Value *v, const Shape *y, Source *out)
{
    int64_t strides[MAX_RANK] = {0};
    bool full = shape_count(&v->shape) == b->elements;
    if (!full && !repeated_strides(b, v, y, strides))
        return false;
    int k = 0;
    while (k < b->step->in_count && !same_operand(b, k, v, full, strides))
        k++;
    if (k == STEP_MAX_IN)
        return false;
    if (k == b->step->in_count) {
        step_in(b->step, v);
        memcpy(b->strides[k], strides, sizeof strides);
        b->full[k] = full;
        if (full && !place_root(b->plan, v)->is_const)
            b->step->overwritable |= 1u << k;
    }
    *out = (Source){.kind = FROM_OPERAND, .index = k};
    return true;
}

static bool source_of(Builder *b, Value *v, const Shape *y, Source *out)
{
    const Value *root = place_root(b->plan, v);
    for (int i = 0; i < b->e->count; i++)
        if (place_root(b->plan, b->e->members[i].step->out[0]) == root) {
            b->e->members[i].uses++;
            *out = (Source){.kind = FROM_MEMBER, .index = i};
            return true;
        }
    if (root->is_const && shape_count(&v->shape) == 1) {
        *out = (Source){.kind = FROM_NUMBER};
        memcpy(&out->number, root->data, sizeof out->number);
        return true;
    }
    return operand_of(b, v, y, out);
}

static bool add_member(Builder *b, const Step *s)
{
    Expression *e = b->e;
    if (e->count == EXPRESSION_MEMBERS || shape_count(&s->out[0]->shape) != b->elements)
        return false;
    Member m = {.step = s};
    for (int k = 0; k < s->in_count; k++)
        if (!source_of(b, s->in[k], &s->out[0]->shape, &m.from[k]))
            return false;
    e->members[e->count++] = m;
    return true;
}

static bool add_members(Builder *b, const Step *s)
{
    if (!s->expression)
        return add_member(b, s);
    for (int i = 0; i < s->expression->count; i++)
        if (!add_member(b, s->expression->members[i].step))
            return false;
    return true;
}

/* As few loops as serve all operands. */
static bool make_loops(Builder *b)
{
    Expression *e = b->e;
    int count = b->step->in_count, y = count;
    Shape flat = shape_vector(b->elements);
    const Shape *s = b->nest.rank > 0 ? &b->nest : &flat;
    Walk w = {.rank = s->rank};
    memcpy(w.dim, s->dim, (size_t)s->rank * sizeof *w.dim);
    row_strides(s, w.stride[y]);
    for (int k = 0; k < count; k++)
        memcpy(w.stride[k], b->full[k] ? w.stride[y] : b->strides[k], (size_t)s->rank * sizeof *w.dim);
    walk_collapse(&w, count + 1);
    if (w.rank > EXPRESSION_LOOPS)
        return false;
    e->rank = w.rank;
    for (int i = 0; i < w.rank; i++) {
        e->dim[i] = (int32_t)w.dim[i];
        e->y_stride[i] = (int32_t)w.stride[y][i];
        for (int k = 0; k < count; k++)
            e->stride[k][i] = (int32_t)w.stride[k][i];
    }
    return true;
}

Step *expression_join(Plan *p, const Step *first, const Step *last)
{
    Builder b = {.plan = p, .elements = shape_count(&last->out[0]->shape), .nest = {.rank = -1}};
    b.e = NEW(p->arena, Expression);
    b.step = NEW(p->arena, Step);
    *b.step = (Step){.kind = KIND_EXPRESSION,
                     .expression = b.e,
                     .node = last->node,
                     .name = last->name,
                     .params_type = "",
                     .in_place = -1,
                     .kernel = &expression_kernel};
    step_out(b.step, last->out[0]);
    return add_members(&b, first) && add_members(&b, last) && make_loops(&b) ? b.step : NULL;
}

void expression_run(const Expression *e, const void *const *in, void *const *out)
{
    void *made[EXPRESSION_MEMBERS] = {0};
    size_t bytes = (size_t)shape_count(&e->members[e->count - 1].step->out[0]->shape) * sizeof(float);
    for (int i = 0; i < e->count; i++) {
        const Member *m = &e->members[i];
        const void *operands[STEP_MAX_IN] = {0};
        for (int k = 0; k < m->step->in_count; k++) {
            const Source *s = &m->from[k];
            operands[k] = s->kind == FROM_OPERAND  ? in[s->index]
                          : s->kind == FROM_MEMBER ? made[s->index]
                                                   : (const void *)&s->number;
        }
        made[i] = i + 1 == e->count ? out[0] : xmalloc(bytes);
        kernel_ref(m->step)->run(m->step->params, operands, &made[i], NULL);
    }
    for (int i = 0; i + 1 < e->count; i++)
        free(made[i]);
}
