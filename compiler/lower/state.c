/* State that lasts between calls (--state OUT:IN). An input and the output that is its next value share one buffer of
 * the state's struct, so the new value must not be written before the old one is last read. Where the order of steps
 * keeps to that by itself, or the step that makes the value may overwrite what it reads, the value is computed right
 * into the state; otherwise into the arena, from which a copy brings it home behind the last read. */
#include "lower/lower.h"

#include <string.h>

static int find_port(Value *const *ports, size_t count, const char *name, size_t length)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(ports[i]->name) == length && memcmp(ports[i]->name, name, length) == 0)
            return (int)i;
    return -1;
}

/* Names may hold colons themselves ("h:0"): the first one that has an output before it and an input behind it splits.
 */
static bool find_pair(const Graph *g, const char *text, StatePair *out)
{
    *out = (StatePair){-1, -1};
    for (const char *colon = strchr(text, ':'); colon; colon = strchr(colon + 1, ':')) {
        int output = find_port(g->outputs.items, g->outputs.count, text, (size_t)(colon - text));
        int input = find_port(g->inputs.items, g->inputs.count, colon + 1, strlen(colon + 1));
        if (output >= 0 && input >= 0) {
            *out = (StatePair){output, input};
            return true;
        }
        if (output >= 0 || input >= 0)
            *out = (StatePair){output, input};
    }
    return false;
}

static const char *port_names(Arena *a, Value *const *ports, size_t count)
{
    const char *text = "";
    for (size_t i = 0; i < count && i < 20; i++)
        text = arena_printf(a, "%s%s%s", text, i ? ", " : "", diag_quote(a, ports[i]->name));
    return arena_printf(a, "%s%s", count ? text : "none", count > 20 ? ", ..." : "");
}

static bool unknown_name(const Graph *g, Diag *d, const char *text, const StatePair *found)
{
    const char *quoted = diag_quote(d->arena, text);
    if (!strchr(text, ':'))
        return diag_error(d, "--state %s: expected OUTPUT:INPUT", quoted);
    if (found->output < 0)
        return diag_error(d, "--state %s: the model has no output of the name before the colon; its outputs: %s",
                          quoted, port_names(d->arena, g->outputs.items, g->outputs.count));
    return diag_error(d, "--state %s: the model has no input of the name behind the colon; its inputs: %s", quoted,
                      port_names(d->arena, g->inputs.items, g->inputs.count));
}

static bool fits(const Graph *g, Diag *d, const char *text, const StatePair *pair)
{
    const Value *out = g->outputs.items[pair->output], *in = g->inputs.items[pair->input];
    char out_shape[SHAPE_TEXT_BYTES], in_shape[SHAPE_TEXT_BYTES];
    if (out->type == in->type && shape_known(&in->shape) && shape_equal(&out->shape, &in->shape))
        return true;
    return diag_error(d,
                      "--state %s: output %s is %s %s, but input %s is %s %s; hint: both must have the same type and "
                      "shape, which --shape and --dim fix where the model leaves it open",
                      diag_quote(d->arena, text), diag_quote(d->arena, out->name), dtype_name(out->type),
                      shape_text(&out->shape, out_shape, sizeof out_shape), diag_quote(d->arena, in->name),
                      dtype_name(in->type), shape_text(&in->shape, in_shape, sizeof in_shape));
}

bool state_bind(Graph *g, Diag *d, const char *const *pairs)
{
    size_t errors = d->error_count;
    for (; pairs && *pairs; pairs++) {
        StatePair pair;
        if (!find_pair(g, *pairs, &pair))
            unknown_name(g, d, *pairs, &pair);
        else if (graph_state_of_input(g, (size_t)pair.input) >= 0 || graph_state_of_output(g, (size_t)pair.output) >= 0)
            diag_error(d, "--state %s: its input or output is bound twice", diag_quote(d->arena, *pairs));
        else if (fits(g, d, *pairs, &pair))
            array_push(g->arena, &g->states, pair);
    }
    return d->error_count == errors;
}

static bool reads(const Plan *p, const Step *s, const Value *root)
{
    for (int k = 0; k < s->in_count; k++)
        if (s->in[k] && place_root(p, s->in[k]) == root)
            return true;
    return false;
}

static bool writes(const Plan *p, const Step *s, const Value *root)
{
    for (int k = 0; k < s->out_count; k++)
        if (s->out[k] && place_root(p, s->out[k]) == root)
            return true;
    return false;
}

/* Reads the old value only in operands that its output may overwrite. */
static bool overwrites(const Plan *p, const Step *s, const Value *old, const Value *new)
{
    if (!s->out[0] || place_root(p, s->out[0]) != new || old->type != new->type || value_bytes(old) != value_bytes(new))
        return false;
    for (int k = 0; k < s->in_count; k++)
        if (s->in[k] && place_root(p, s->in[k]) == old && !step_may_overwrite(s, k))
            return false;
    return true;
}

/* The copy that lower_outputs added for the state's output. */
static size_t find_copy(const Plan *p, int output)
{
    for (size_t i = 0; i < p->steps.count; i++) {
        const Value *out = p->steps.items[i]->out[0];
        if (out && p->places[out->id].kind == PLACE_OUTPUT && p->places[out->id].index == output)
            return i;
    }
    return p->steps.count;
}

static void remove_step(Plan *p, size_t at)
{
    memmove(p->steps.items + at, p->steps.items + at + 1, (p->steps.count - at - 1) * sizeof *p->steps.items);
    p->steps.count--;
}

static void insert_step(Plan *p, size_t at, Step *s)
{
    array_push(p->arena, &p->steps, s);
    memmove(p->steps.items + at + 1, p->steps.items + at, (p->steps.count - at - 1) * sizeof *p->steps.items);
    p->steps.items[at] = s;
}

static void place_state(Plan *p, const StatePair *pair)
{
    size_t at = find_copy(p, pair->output);
    if (at == p->steps.count)
        return;
    Step *copy = p->steps.items[at];
    const Value *old = p->graph->inputs.items[pair->input], *new = place_root(p, copy->in[0]);
    remove_step(p, at);
    if (new == old) /* a state that never changes */
        return;
    int last_read = -1, first_write = -1, last_write = -1;
    for (int i = 0; i < (int)p->steps.count; i++) {
        const Step *s = p->steps.items[i];
        last_read = reads(p, s, old) ? i : last_read;
        last_write = writes(p, s, new) ? i : last_write;
        first_write = first_write < 0 && writes(p, s, new) ? i : first_write;
    }
    bool direct = place_of(p, new)->kind == PLACE_NONE && first_write >= 0 && last_read <= first_write &&
                  (last_read < first_write || overwrites(p, p->steps.items[first_write], old, new));
    if (direct)
        *place_of(p, new) = (Place){.kind = PLACE_OUTPUT, .index = pair->output, .bytes = value_bytes(new)};
    else
        insert_step(p, (size_t)((last_read > last_write ? last_read : last_write) + 1), copy);
}

void place_states(Plan *p)
{
    for (size_t i = 0; i < p->graph->states.count; i++)
        place_state(p, &p->graph->states.items[i]);
}
