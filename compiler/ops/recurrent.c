/* LSTM, GRU and RNN: for each direction one Gemm for the inputs' share of all steps, and one kernel that goes through
 * time. Supported: the default activations (RNN: Relu and Sigmoid too), one length for all sequences, no peepholes,
 * constant weights. The kernels have time first; with layout 1 the batch's axis is moved before and behind them. */
#include "ops/family.h"
#include "ops/pack.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

typedef struct {
    int gates;
    int64_t seq, batch, input, hidden, directions;
} Layer;

static bool is_lstm(const Node *n)
{
    return !strcmp(n->op_type, "LSTM");
}

static bool is_rnn(const Node *n)
{
    return !strcmp(n->op_type, "RNN");
}

static int64_t directions_of(const Node *n)
{
    return strcmp(node_string(n, "direction", "forward"), "bidirectional") ? 1 : 2;
}

bool infer_recurrent(OpContext *c, Graph *g, Node *n)
{
    const Shape *x = in_shape(n, 0), *r = in_shape(n, 2);
    Shape y = shape_unknown(), h = shape_unknown();
    (void)g;
    const int64_t batch_first = node_int(n, "layout", 0);
    if (batch_first < 0 || batch_first > 1)
        return node_error(c, n, "attribute 'layout' is %" PRId64 "; supported: 0, 1", batch_first);
    if ((x->rank >= 0 && x->rank != 3) || (r->rank >= 0 && r->rank != 3))
        return node_error(c, n, "its input %s and its recurrent weights %s must have 3 axes", shape_str(c, x),
                          shape_str(c, r));
    if (x->rank == 3 && r->rank == 3) {
        int64_t directions = directions_of(n);
        y = batch_first ? (Shape){.rank = 4, .dim = {x->dim[0], x->dim[1], directions, r->dim[2]}}
                        : (Shape){.rank = 4, .dim = {x->dim[0], directions, x->dim[1], r->dim[2]}};
        h = batch_first ? (Shape){.rank = 3, .dim = {x->dim[0], directions, r->dim[2]}}
                        : (Shape){.rank = 3, .dim = {directions, x->dim[1], r->dim[2]}};
    }
    for (size_t i = 0; i < n->outputs.count; i++)
        if (node_out(n, i))
            op_set_output(n, i, in_type(n, 0), i ? &h : &y);
    return true;
}

/* The index-th activation, as it is when nothing is said; NULL: an attribute of another type or length. */
static const char *activation(const Node *n, size_t index)
{
    static const char *const lstm[] = {"Sigmoid", "Tanh", "Tanh"}, *const gru[] = {"Sigmoid", "Tanh"};
    const Attr *a = node_attr(n, "activations");
    const size_t each = is_lstm(n) ? 3 : is_rnn(n) ? 1 : 2;
    if (!a)
        return is_rnn(n) ? "Tanh" : is_lstm(n) ? lstm[index % each] : gru[index % each];
    return a->kind == ATTR_STRINGS && a->count == each * (size_t)directions_of(n) ? a->strings[index] : NULL;
}

static const char *rnn_function(const char *name)
{
    static const char *const names[][2] = {{"Tanh", "RnnTanh"}, {"Relu", "RnnRelu"}, {"Sigmoid", "RnnSigmoid"}};
    for (size_t i = 0; name && i < sizeof names / sizeof *names; i++)
        if (!strcmp(name, names[i][0]))
            return names[i][1];
    return NULL;
}

static bool activations_known(const Node *n)
{
    static const char *const lstm[] = {"Sigmoid", "Tanh", "Tanh"}, *const gru[] = {"Sigmoid", "Tanh"};
    const size_t each = is_lstm(n) ? 3 : is_rnn(n) ? 1 : 2;
    for (size_t i = 0; i < each * (size_t)directions_of(n); i++) {
        const char *name = activation(n, i);
        if (!name || (is_rnn(n) ? !rnn_function(name) : strcmp(name, is_lstm(n) ? lstm[i % each] : gru[i % each]) != 0))
            return false;
    }
    return true;
}

static bool same_lengths(const Node *n, int64_t seq)
{
    const Value *v = node_in(n, 4);
    Tensor t;
    if (!v)
        return true;
    if (!v->is_const || !dtype_is_int(v->type))
        return false;
    t = value_tensor(v);
    for (int64_t i = 0; i < shape_count(&v->shape); i++)
        if (tensor_int(&t, i) != seq)
            return false;
    return true;
}

static bool has_shape(const Value *v, int64_t a, int64_t b, int64_t c)
{
    Shape s = {.rank = c < 0 ? 2 : 3, .dim = {a, b, c < 0 ? 0 : c}};
    return v && v->type == DT_F32 && shape_equal(&v->shape, &s);
}

static bool layer_of(OpContext *c, const Node *n, Layer *l)
{
    const Shape *x = in_shape(n, 0), *r = in_shape(n, 2);
    Value *bias = node_in(n, 3);
    const int64_t batch_first = node_int(n, "layout", 0);
    *l = (Layer){is_lstm(n) ? 4 : is_rnn(n) ? 1 : 3,
                 x->dim[batch_first],
                 x->dim[!batch_first],
                 x->dim[2],
                 r->dim[2],
                 directions_of(n)};
    if (!in_const(n, 1) || !in_const(n, 2) || (bias && !bias->is_const))
        return node_error(c, n, "its weights are not constant; supported: constant weights");
    if (l->hidden < 1 || l->hidden > INT32_MAX / 8 || node_int(n, "hidden_size", l->hidden) != l->hidden)
        return node_error(c, n, "attribute 'hidden_size' does not fit its weights %s", shape_str(c, r));
    if (!has_shape(node_in(n, 1), l->directions, l->gates * l->hidden, l->input) ||
        !has_shape(node_in(n, 2), l->directions, l->gates * l->hidden, l->hidden) ||
        (bias && !has_shape(bias, l->directions, 2 * l->gates * l->hidden, -1)))
        return node_error(c, n, "its weights %s, recurrent weights %s and bias do not fit its input %s",
                          shape_str(c, in_shape(n, 1)), shape_str(c, r), shape_str(c, x));
    for (size_t i = 5; i < 7; i++)
        if (node_in(n, i) && !has_shape(node_in(n, i), batch_first ? l->batch : l->directions,
                                        batch_first ? l->directions : l->batch, l->hidden))
            return node_error(c, n,
                              "its first state %s does not fit %" PRId64 " directions, %" PRId64 " sequences, %" PRId64
                              " hidden",
                              shape_str(c, in_shape(n, i)), l->directions, l->batch, l->hidden);
    if (is_rnn(n) && !activations_known(n))
        return node_error(c, n, "attribute 'activations' is not supported; supported: Tanh Relu Sigmoid");
    if (!activations_known(n) || node_attr(n, "clip") || node_int(n, "input_forget", 0) || node_in(n, 7))
        return node_error(c, n, "it has activations of its own, clip, input_forget or peepholes; supported: none");
    if (!same_lengths(n, l->seq) || l->seq < 1)
        return node_error(c, n, "its sequences differ in length; supported: one length for all");
    return true;
}

/* Matrix `direction` of [directions, rows, columns], transposed. */
static Value *transposed(Plan *p, const Value *v, int64_t direction)
{
    int64_t rows = v->shape.dim[1], columns = v->shape.dim[2];
    const float *from = (const float *)v->data + direction * rows * columns;
    float *to = NEW_ARRAY(p->arena, float, rows *columns);
    Shape s = {.rank = 2, .dim = {columns, rows}};
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            to[j * rows + i] = from[i * columns + j];
    return plan_floats(p, to, &s);
}

/* Biases of input and recurrence in one, but for those of a GRU's h, whose recurrent one the reset gate multiplies. */
static Value *gate_bias(Plan *p, const Value *v, const Layer *l, int64_t direction, bool apart)
{
    int64_t count = l->gates * l->hidden, joined = apart ? 2 * l->hidden : count;
    float *to = NEW_ARRAY(p->arena, float, count);
    Shape s = shape_vector(count);
    if (!v)
        return NULL;
    const float *from = (const float *)v->data + direction * 2 * count;
    for (int64_t i = 0; i < count; i++)
        to[i] = from[i] + (i < joined ? from[count + i] : 0.0f);
    return plan_floats(p, to, &s);
}

static Value *reset_bias(Plan *p, const Value *v, const Layer *l, int64_t direction)
{
    Shape s = shape_vector(l->hidden);
    return v ? plan_floats(p, (const float *)v->data + (direction * 2 + 1) * 3 * l->hidden + 2 * l->hidden, &s) : NULL;
}

static Value *lower_inputs(Plan *p, Node *n, const Layer *l, Value *x, int64_t direction, bool apart)
{
    Shape rows = {.rank = 2, .dim = {l->seq * l->batch, l->gates * l->hidden}};
    Value *share = plan_temp(p, DT_F32, &rows);
    adze_gemm_params params = {
        .m = (int32_t)rows.dim[0], .n = (int32_t)rows.dim[1], .k = (int32_t)l->input, .lo = -INFINITY, .hi = INFINITY};
    Step *s = PLAN_STEP(p, KIND_GEMM, NULL, adze_gemm_params, &params);
    step_in(s, x);
    step_in(s, transposed(p, node_in(n, 1), direction));
    step_in(s, gate_bias(p, node_in(n, 3), l, direction, apart));
    step_in(s, NULL);
    step_out(s, share);
    s->macs = shape_count(&rows) * l->input;
    return share;
}

/* An input with the batch first as the kernels have it, time or directions first. */
static Value *time_first(OpContext *c, Plan *p, Node *n, Value *v)
{
    static const int perm[] = {1, 0, 2};
    if (!v || !node_int(n, "layout", 0))
        return v;
    Shape s = {.rank = 3, .dim = {v->shape.dim[1], v->shape.dim[0], v->shape.dim[2]}};
    Value *turned = plan_temp(p, v->type, &s);
    return lower_transpose(c, p, n, v, turned, perm) ? turned : NULL;
}

/* What the kernel writes for output i: the output itself where its axes are in the kernel's order. */
static Value *output_or_temp(Plan *p, Node *n, size_t i, const Shape *shape)
{
    return node_out(n, i) && !node_int(n, "layout", 0) ? node_out(n, i) : plan_temp(p, DT_F32, shape);
}

/* With layout 1: what the kernel wrote to the outputs, batch first. `y` is NULL where the sequence is not read. */
static bool lower_batch_first(OpContext *c, Plan *p, Node *n, Value *y, Value *const *states)
{
    static const int sequence[] = {2, 0, 1, 3}, state[] = {1, 0, 2};
    if (!node_int(n, "layout", 0))
        return true;
    if (y && !lower_transpose(c, p, n, y, node_out(n, 0), sequence))
        return false;
    for (size_t i = 0; i < 2; i++)
        if (states[i] && node_out(n, i + 1) && !lower_transpose(c, p, n, states[i], node_out(n, i + 1), state))
            return false;
    return true;
}

/* The operands and results of a lowered node, in the kernel's order of axes. */
typedef struct {
    Value *x, *first[2]; /* first h, and c of an LSTM; NULL: zero */
    Value *y, *state[2]; /* all steps, last h and c */
    int64_t y_step;      /* of y, elements */
} Operands;

static void lower_direction(Plan *p, Node *n, const Layer *l, const Operands *o, int64_t d)
{
    const bool lstm = is_lstm(n), gru = !lstm && !is_rnn(n), apart = gru && node_int(n, "linear_before_reset", 0);
    const bool backward = !strcmp(node_string(n, "direction", "forward"), "reverse");
    Value *share = lower_inputs(p, n, l, o->x, d, apart);
    adze_recurrent_params params = {.seq = (int32_t)l->seq,
                                    .batch = (int32_t)l->batch,
                                    .hidden = (int32_t)l->hidden,
                                    .reverse = backward || d == 1,
                                    .reset_after = apart,
                                    .y_step = (int32_t)o->y_step,
                                    .state_offset = (int32_t)(d * l->batch * l->hidden)};
    const char *function = lstm ? "LSTM" : gru ? "GRU" : rnn_function(activation(n, (size_t)d));
    Step *s = PLAN_STEP(p, KIND_RECURRENT, function, adze_recurrent_params, &params);
    step_in(s, share);
    step_in(s, transposed(p, node_in(n, 2), d));
    if (gru)
        step_in(s, apart ? reset_bias(p, node_in(n, 3), l, d) : NULL);
    step_in(s, o->first[0]);
    if (lstm)
        step_in(s, o->first[1]);
    step_out(s, o->y);
    step_out(s, o->state[0]);
    if (lstm)
        step_out(s, o->state[1]);
    s->macs = l->seq * l->batch * l->gates * l->hidden * l->hidden;
}

bool lower_recurrent(OpContext *c, Plan *p, Node *n)
{
    Layer l;
    if (!layer_of(c, n, &l))
        return false;
    Shape state = {.rank = 3, .dim = {l.directions, l.batch, l.hidden}};
    Shape steps = {.rank = 4, .dim = {l.seq, l.directions, l.batch, l.hidden}};
    Operands o = {.state = {output_or_temp(p, n, 1, &state), is_lstm(n) ? output_or_temp(p, n, 2, &state) : NULL}};
    /* Where only the last state is read, every step of the sequence goes there: the kernel writes it over itself. */
    const Value *sequence = node_out(n, 0);
    const bool read = sequence && (sequence->users.count || sequence->is_output);
    o.y = read ? output_or_temp(p, n, 0, &steps) : o.state[0];
    o.y_step = read ? shape_count(&state) : 0;
    o.x = time_first(c, p, n, node_in(n, 0));
    o.first[0] = time_first(c, p, n, node_in(n, 5));
    o.first[1] = is_lstm(n) ? time_first(c, p, n, node_in(n, 6)) : NULL;
    if (!o.x || (node_in(n, 5) && !o.first[0]) || (is_lstm(n) && node_in(n, 6) && !o.first[1]))
        return false;
    for (int64_t d = 0; d < l.directions; d++)
        lower_direction(p, n, &l, &o, d);
    return lower_batch_first(c, p, n, read ? o.y : NULL, o.state);
}

size_t recurrent_scratch(const Step *s)
{
    const adze_recurrent_params *p = (const adze_recurrent_params *)s->params;
    return 4 * (size_t)p->hidden * sizeof(float);
}
