/* io_integers: with --io int8, inputs and outputs of floats that are quantised at the border are integers themselves,
 * as the QuantizeLinear or DequantizeLinear there says (i8, u8, i16, u16); one that is not is an error. Requires: all
 * shapes known, calibrate. Keeps: the function, up to the type of those inputs and outputs, whose scale and zero point
 * Value.quant has. Breaks: nothing; the pairs DequantizeLinear, QuantizeLinear that it leaves go in quantise_move and
 * quantise.
 *
 * Only operators that move elements may stand between the border and the integers. Inputs and outputs that --state
 * binds are the program's own, not the caller's, and stay as they are. */
#include "passes/quantise.h"

#include <math.h>
#include <string.h>

enum { MAX_DEPTH = 64 };

/* What a port's integers are; `why` is set where there are none. */
typedef struct {
    PassContext *c;
    bool found;
    QParams p;
    Value *scale;
    const char *why;
} Border;

static bool fits_interface(const QParams *p)
{
    return p->count == 1 && (p->type == DT_I8 || p->type == DT_U8 || p->type == DT_I16 || p->type == DT_U16);
}

/* n is the QuantizeLinear or DequantizeLinear at the border. */
static bool meet(Border *b, const Node *n)
{
    QParams p;
    const char *label = node_label(b->c->scratch, n);
    if (!quant_params(b->c->scratch, n, &p) || !fits_interface(&p))
        b->why = arena_printf(b->c->scratch, "%s does not have one constant scale for integers of 8 or 16 bits", label);
    else if (b->found && (p.scale[0] != b->p.scale[0] || p.zero[0] != b->p.zero[0] || p.type != b->p.type))
        b->why = arena_printf(b->c->scratch, "%s has another scale, zero point or type than another", label);
    if (b->why)
        return false;
    b->found = true;
    b->p = p;
    b->scale = node_in(n, 1);
    return true;
}

static bool moves_input(const Node *n, const Value *v)
{
    if (!moves_elements(n))
        return false;
    for (size_t i = 0; i < n->inputs.count; i++)
        if (n->inputs.items[i] == v && i > 0 && !node_is(n, "Concat"))
            return false;
    return true;
}

static bool all_readers_quantise(Border *b, const Value *v, int depth)
{
    if (v->is_output)
        b->why = "it is an output as well";
    for (size_t i = 0; i < v->users.count && !b->why; i++) {
        const Node *n = v->users.items[i];
        if (is_quantize(n) && node_in(n, 0) == v)
            meet(b, n);
        else if (depth == MAX_DEPTH || !moves_input(n, v))
            b->why = arena_printf(b->c->scratch, "%s reads it in floats", node_label(b->c->scratch, n));
        else
            for (size_t k = 0; k < n->outputs.count && !b->why; k++)
                if (n->outputs.items[k])
                    all_readers_quantise(b, n->outputs.items[k], depth + 1);
    }
    return !b->why;
}

static bool comes_dequantised(Border *b, const Value *v, int depth)
{
    const Node *n = v->producer;
    if (n && is_dequantize(n))
        return meet(b, n);
    if (!n || depth == MAX_DEPTH || !moves_elements(n))
        b->why = n ? arena_printf(b->c->scratch, "%s gives it in floats", node_label(b->c->scratch, n))
                   : "an input or constant is handed on";
    for (size_t i = 0; n && !b->why && i < (node_is(n, "Concat") ? n->inputs.count : 1); i++)
        comes_dequantised(b, node_in(n, i), depth + 1);
    return !b->why;
}

/* Without its input 0. */
static Node *border_node(Graph *g, Node *before, const char *op_type, const Border *b)
{
    static const Shape scalar = {.rank = 0};
    Node *n = rw_node(g, before, "", op_type, NULL);
    uint16_t *wide = NEW(g->arena, uint16_t);
    uint8_t *narrow = NEW(g->arena, uint8_t);
    const void *zero = dtype_size(b->p.type) == 1 ? narrow : (const void *)wide;
    *wide = (uint16_t)b->p.zero[0];
    *narrow = (uint8_t)b->p.zero[0];
    node_add_input(g, n, NULL);
    node_add_input(g, n, b->scale);
    node_add_input(g, n, graph_const(g, NULL, b->p.type, &scalar, zero));
    return n;
}

/* Readers of v get the reals of what v holds now. */
static void turn_input(Graph *g, Value *v, const Border *b)
{
    Node *n = border_node(g, g->first, "DequantizeLinear", b);
    v->type = b->p.type;
    v->quant = quant_of(g, &b->p, true);
    graph_replace(g, v, rw_output(g, n, DT_F32, &v->shape));
    node_set_input(g, n, 0, v);
}

static void turn_output(Graph *g, Value *v, const Border *b)
{
    Node *n = border_node(g, node_next(v->producer), "QuantizeLinear", b);
    node_set_input(g, n, 0, v);
    Value *made = rw_output(g, n, b->p.type, &v->shape);
    rw_replace_output(g, v, made);
    made->quant = quant_of(g, &b->p, true);
}

/* "OUTPUT:INPUT" of --state names it on its side of a colon. */
static bool is_state(const PassContext *c, const Value *v)
{
    size_t n = strlen(v->name);
    for (const char *const *pair = c->states; pair && *pair; pair++) {
        size_t length = strlen(*pair);
        const char *at = v->is_input && length > n ? *pair + length - n : *pair;
        const char *colon = v->is_input ? at - 1 : at + n;
        if (length > n && !strncmp(at, v->name, n) && *colon == ':')
            return true;
    }
    return false;
}

/* Bad scales are left for quantise_import to report. */
static bool is_sound(const Border *b)
{
    return b->p.scale[0] > 0 && isfinite(b->p.scale[0]);
}

static bool turn_port(PassContext *c, Graph *g, Value *v, bool input)
{
    Border b = {.c = c};
    if (v->type != DT_F32 && v->type != DT_F16 && v->type != DT_F64 && v->type != DT_BF16)
        return true;
    if (is_state(c, v) || (input && !v->users.count && !v->is_output))
        return true;
    if (input ? all_readers_quantise(&b, v, 0) : comes_dequantised(&b, v, 0)) {
        if (is_sound(&b) && input)
            turn_input(g, v, &b);
        else if (is_sound(&b))
            turn_output(g, v, &b);
        return true;
    }
    return diag_error(c->diag,
                      "--io int8: %s %s is not quantised: %s; hint: give a model that is quantised up to its border, "
                      "or --quantize int8; --io float takes and gives floats",
                      input ? "input" : "output", diag_quote(c->scratch, v->name), b.why);
}

bool pass_io_integers(PassContext *c, Graph *g, bool *changed)
{
    bool ok = true;
    for (size_t i = 0; c->io_integers && i < g->inputs.count; i++)
        ok = turn_port(c, g, g->inputs.items[i], true) && ok;
    for (size_t i = 0; c->io_integers && i < g->outputs.count; i++)
        ok = turn_port(c, g, g->outputs.items[i], false) && ok;
    *changed = c->io_integers;
    return ok;
}
