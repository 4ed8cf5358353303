/* io_layout: inputs and outputs that --io-layout names are handed over with channels last, so that the Transposes at
 * the border go. Requires: all shapes known. Keeps: the function, up to the order of elements in those inputs and
 * outputs, which Graph.inputs_last and outputs_last say. Breaks: their shapes are not the model's any more.
 *
 * `NAME=nhwc` is for one input or output of 3 to 5 axes; `NAME=nchw` leaves one as the model has it; `nhwc` is for the
 * images (4 axes) that need no Transpose then. Its first run, in front of transposes, puts a Transpose at the border;
 * the second takes back those that did not meet their inverse. */
#include "passes/canonicalise.h"
#include "passes/io_layout.h"

#include <string.h>

typedef enum { AS_MODEL, IF_FREE, ALWAYS } Wish;

/* Axis i of the result is axis perm[i]: axis 1 moves to the end. */
static void to_last(int rank, int *perm)
{
    for (int i = 0; i < rank; i++)
        perm[i] = i == 0 ? 0 : i == rank - 1 ? 1 : i + 1;
}

/* The layout behind the last '=', or the whole text; false when it is none. */
static bool parse(const char *text, size_t *name_length, bool *last)
{
    const char *equals = strrchr(text, '='), *layout = equals ? equals + 1 : text;
    *name_length = equals ? (size_t)(equals - text) : 0;
    *last = !strcmp(layout, "nhwc");
    return (*last || !strcmp(layout, "nchw")) && (!equals || *name_length);
}

static bool names(const char *text, size_t length, const Value *v)
{
    return length == strlen(v->name) && !strncmp(text, v->name, length);
}

/* The last word about a port counts, and its own name more than all. */
static Wish wish_of(const PassContext *c, const Value *v)
{
    Wish general = AS_MODEL, own = AS_MODEL;
    bool named = false, last;
    size_t length;
    for (const char *const *text = c->io_layout; text && *text; text++) {
        if (!parse(*text, &length, &last))
            continue;
        if (!length)
            general = last ? IF_FREE : AS_MODEL;
        if (length && names(*text, length, v)) {
            own = last ? ALWAYS : AS_MODEL;
            named = true;
        }
    }
    return named ? own : general;
}

static bool is_port(const Graph *g, const char *text, size_t length, const Value **out)
{
    for (size_t i = 0; i < g->inputs.count + g->outputs.count; i++) {
        *out = i < g->inputs.count ? g->inputs.items[i] : g->outputs.items[i - g->inputs.count];
        if (names(text, length, *out))
            return true;
    }
    return false;
}

bool io_layout_check(PassContext *c, const Graph *g)
{
    bool ok = true, last;
    size_t length;
    const Value *v;
    for (const char *const *text = c->io_layout; text && *text; text++) {
        if (!parse(*text, &length, &last))
            ok = diag_error(c->diag, "--io-layout: %s is not nhwc, nchw, NAME=nhwc or NAME=nchw",
                            diag_quote(c->scratch, *text));
        else if (length && !is_port(g, *text, length, &v))
            ok = diag_error(c->diag, "--io-layout: %s names no input or output; hint: the first input is %s",
                            diag_quote(c->scratch, *text),
                            g->inputs.count ? diag_quote(c->scratch, g->inputs.items[0]->name) : "none");
        else if (length && last && v->shape.rank >= 0 && (v->shape.rank < 3 || v->shape.rank > 5))
            ok = diag_error(c->diag, "--io-layout: %s has %d axes; supported: 3 to 5", diag_quote(c->scratch, *text),
                            v->shape.rank);
    }
    return ok;
}

/* Readers of v read a Transpose of it instead. */
static void turn_input(Graph *g, Value *v, const int *perm)
{
    int back[MAX_RANK];
    Shape model = v->shape;
    perm_inverse(perm, model.rank, back);
    v->shape = shape_permuted(&model, perm);
    memset(v->dim, 0, sizeof v->dim);
    if (v->users.count)
        graph_replace(g, v, rw_transpose(g, g->first, v, back));
}

/* The output becomes a Transpose of v, which the readers inside go on reading. */
static void turn_output(Graph *g, Value *v, const int *perm)
{
    Node *next = v->producer->next, *n;
    n = next ? graph_node_before(g, next, "", "Transpose", NULL) : graph_node(g, "", "Transpose", NULL);
    int64_t list[MAX_RANK];
    for (int i = 0; i < v->shape.rank; i++)
        list[i] = perm[i];
    node_set_ints(g, n, "perm", list, (size_t)v->shape.rank);
    node_add_input(g, n, v);
    Shape s = shape_permuted(&v->shape, perm);
    Value *turned = rw_output(g, n, v->type, &s);
    rw_replace_output(g, v, turned);
}

typedef void TurnFn(Graph *g, Value *v, const int *perm);

/* Turns the ports that are wished for; which ones, by index; NULL: none. */
static bool *turn_ports(const PassContext *c, Graph *g, Value *const *ports, size_t count, TurnFn *turn)
{
    bool *turned = NULL;
    for (size_t i = 0; i < count; i++) {
        Value *v = ports[i];
        int perm[MAX_RANK], rank = v->shape.rank;
        Wish wish = wish_of(c, v);
        if (wish == AS_MODEL || !known(v) || rank < 3 || rank > 5 || (wish == IF_FREE && rank != 4))
            continue;
        if (!turned)
            turned = NEW_ARRAY(g->arena, bool, count);
        turned[i] = true;
        to_last(rank, perm);
        turn(g, v, perm);
    }
    return turned;
}

static bool moves(const Node *n)
{
    int perm[MAX_RANK];
    return n && node_perm(n, perm) > 0 && !perm_is_view(&node_in(n, 0)->shape, perm);
}

static bool has_transpose(const Value *v)
{
    for (size_t i = 0; i < v->users.count; i++)
        if (moves(v->users.items[i]))
            return true;
    return moves(v->producer);
}

/* A wish for all images is not meant for those whose Transpose only changed its direction. */
static bool settle(const PassContext *c, Graph *g, Value *const *ports, size_t count, bool *turned, TurnFn *turn)
{
    bool changed = false;
    for (size_t i = 0; turned && i < count; i++) {
        Value *v = ports[i];
        int perm[MAX_RANK], back[MAX_RANK];
        const Node *neighbour = v->producer ? v->producer : v->users.count ? v->users.items[0] : NULL;
        if (turned[i] && wish_of(c, v) == IF_FREE && has_transpose(v)) {
            to_last(v->shape.rank, perm);
            perm_inverse(perm, v->shape.rank, back);
            turned[i] = false;
            turn(g, v, back);
            changed = true;
        } else if (turned[i] && neighbour) {
            graph_note(g, "io_layout", neighbour, 0, "%s is handed over with channels last",
                       diag_quote(c->scratch, v->name));
        }
    }
    return changed;
}

bool pass_io_layout(PassContext *c, Graph *g, bool *changed)
{
    static RewriteFn *const rules[] = {merge_transpose, merge_reshape, transpose_to_reshape};
    if (!c->io_layout || !*c->io_layout)
        return true;
    if (!g->inputs_last && !g->outputs_last) {
        g->inputs_last = turn_ports(c, g, g->inputs.items, g->inputs.count, turn_input);
        g->outputs_last = turn_ports(c, g, g->outputs.items, g->outputs.count, turn_output);
        *changed = g->inputs_last || g->outputs_last;
        return true;
    }
    *changed = settle(c, g, g->inputs.items, g->inputs.count, g->inputs_last, turn_input);
    *changed = settle(c, g, g->outputs.items, g->outputs.count, g->outputs_last, turn_output) || *changed;
    return rewrite_all(c, g, rules, sizeof rules / sizeof *rules, changed);
}
