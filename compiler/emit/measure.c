/* The numbers of the report: per layer, per tensor and in total, from the Plan alone. */
#include "emit/measure.h"
#include "ops/expression.h"

#include <math.h>
#include <string.h>

const char *shown_name(Arena *a, const char *name)
{
    const char *quoted = diag_quote(a, name);
    return arena_strndup(a, quoted + 1, strlen(quoted) - 2);
}

const char *shape_shown(Arena *a, const Value *v)
{
    Buf b = {0};
    for (int i = 0; i < v->shape.rank; i++)
        buf_printf(&b, "%s%lld", i ? "x" : "", (long long)v->shape.dim[i]);
    if (v->shape.rank == 0)
        buf_puts(&b, "scalar");
    buf_printf(&b, " %s", dtype_name(v->type));
    const char *text = arena_strdup(a, buf_text(&b));
    buf_free(&b);
    return text;
}

static char *next_buffer(void)
{
    static char buffers[8][48];
    static int at;
    return buffers[at++ % 8];
}

const char *with_commas(int64_t n)
{
    char digits[24], *out = next_buffer();
    int count = snprintf(digits, sizeof digits, "%lld", (long long)n), k = 0;
    for (int i = 0; i < count; i++) {
        if (i > (digits[0] == '-') && (count - i) % 3 == 0)
            out[k++] = ',';
        out[k++] = digits[i];
    }
    out[k] = 0;
    return out;
}

const char *with_unit(size_t bytes)
{
    char *out = next_buffer();
    if (bytes < 1024)
        snprintf(out, 48, "%zu B", bytes);
    else if (bytes < 1024 * 1024)
        snprintf(out, 48, "%.1f KiB", (double)bytes / 1024);
    else
        snprintf(out, 48, "%.2f MiB", (double)bytes / (1024 * 1024));
    return out;
}

/* ---- Layers ---- */

/* The name of a value; of one that the compiler made, that of the layer that writes it. */
static const char *value_shown(const Report *r, const Value *v, const Step *writer)
{
    Arena *a = r->emitter->arena;
    if (v->name[0])
        return shown_name(a, v->name);
    return writer ? writer->name : "a temporary";
}

static const Step *writes(const Plan *p, const Value *v)
{
    for (size_t i = 0; i < p->steps.count; i++)
        for (int k = 0; k < p->steps.items[i]->out_count; k++)
            if (p->steps.items[i]->out[k] == v)
                return p->steps.items[i];
    return NULL;
}

/* The step that computes v, or what v is a view of; not the first writer of the buffer, which others may overwrite. */
static const Step *writer_of(const Plan *p, const Value *v)
{
    const Step *s = writes(p, v);
    while (!s && (size_t)v->id < p->place_count && p->places[v->id].kind == PLACE_ALIAS) {
        v = p->places[v->id].alias;
        s = writes(p, v);
    }
    return s;
}

static bool is_about(const GraphNote *note, const Step *s)
{
    const Value *y = s->node ? node_out(s->node, 0) : NULL;
    if (!s->node || !note->node[0])
        return false;
    return strcmp(note->node, s->node->name[0] ? s->node->name : y ? y->name : "") == 0;
}

/* Only a node's first step tells what the passes did to the node. */
static bool is_first_of_node(const Plan *p, size_t step)
{
    return step == 0 || p->steps.items[step - 1]->node != p->steps.items[step]->node;
}

/* The notes of the fusing passes begin with the operator that is no node any more: "Pad 'pad1' is ..." */
static void list_fused(const Report *r, const char *pass, LayerReport *l)
{
    const Graph *g = r->emitter->plan->graph;
    for (size_t i = 0; i < g->notes.count; i++) {
        const GraphNote *n = &g->notes.items[i];
        if (strcmp(n->pass, pass) == 0 && is_about(n, l->step))
            array_push(r->emitter->arena, &l->operators,
                       arena_strndup(r->emitter->arena, n->text, strcspn(n->text, " ")));
    }
}

static const char *bounds_operator(const Node *n)
{
    float lo = node_float(n, "lo", -INFINITY), hi = node_float(n, "hi", INFINITY);
    if (isinf(lo) && isinf(hi))
        return NULL;
    return lo == 0 && isinf(hi) ? "Relu" : "Clip";
}

static void list_operators(const Report *r, size_t step, LayerReport *l)
{
    const Emitter *e = r->emitter;
    const Step *s = l->step;
    if (!s->node) {
        array_push(e->arena, &l->operators, "copy");
        return;
    }
    for (int i = 0; s->expression && i + 1 < s->expression->count; i++)
        array_push(e->arena, &l->operators, s->expression->members[i].step->function);
    bool linear = s->kind == KIND_CONV || s->kind == KIND_DEPTHWISE || s->kind == KIND_GEMM;
    if (is_first_of_node(e->plan, step))
        list_fused(r, "fuse_pad", l);
    array_push(e->arena, &l->operators, shown_name(e->arena, s->node->op_type));
    if (strcmp(s->node->domain, "adze") != 0)
        return;
    if (linear)
        list_fused(r, "fuse_batchnorm", l);
    if (linear && s->in_count > 3 && s->in[3] && !s->in[3]->is_const)
        array_push(e->arena, &l->operators, "Add");
    if (bounds_operator(s->node))
        array_push(e->arena, &l->operators, bounds_operator(s->node));
}

static const char *next_reader(const Plan *p, const Value *root, int step)
{
    for (size_t i = (size_t)step + 1; i < p->steps.count; i++)
        for (int k = 0; k < p->steps.items[i]->in_count; k++)
            if (p->steps.items[i]->in[k] && place_root(p, p->steps.items[i]->in[k]) == root)
                return p->steps.items[i]->name;
    return NULL;
}

/* Why out[0] does not take the bytes of input k. */
static const char *why_not(const Report *r, const Step *s, int step, int k)
{
    Arena *a = r->emitter->arena;
    const Plan *p = r->emitter->plan;
    const Value *root = place_root(p, s->in[k]);
    const Place *from = place_of((Plan *)p, root);
    const char *name = value_shown(r, s->in[k], writer_of(p, s->in[k])), *reader = next_reader(p, root, step);
    if (from->kind == PLACE_CONST)
        return "no: what it could overwrite is constant";
    if (from->kind == PLACE_INPUT || from->kind == PLACE_OUTPUT)
        return arena_printf(a, "no: '%s' is an %s of the model", name, from->kind == PLACE_INPUT ? "input" : "output");
    if (place_of((Plan *)p, place_root(p, s->out[0]))->kind == PLACE_OUTPUT)
        return "no: the result is an output of the model";
    if (reader)
        return arena_printf(a, "no: '%s' is read again by layer %s", name, reader);
    if (value_bytes(root) != value_bytes(s->out[0]) || root->type != s->out[0]->type)
        return arena_printf(a, "no: '%s' has another size", name);
    return arena_printf(a, "no: the layer reads '%s' as another operand, too", name);
}

static const char *in_place_text(const Report *r, const Step *s, int step)
{
    Arena *a = r->emitter->arena;
    const Plan *p = r->emitter->plan;
    if (!s->out[0] || !s->out_count)
        return "";
    if (s->in_place >= 0 && s->in_place < s->in_count && s->in[s->in_place]) {
        const Value *v = s->in[s->in_place];
        return arena_printf(a, "overwrites '%s'", value_shown(r, v, writer_of(p, v)));
    }
    const char *reason = NULL;
    for (int k = 0; k < s->in_count; k++) {
        if (!s->in[k] || !step_may_overwrite(s, k))
            continue;
        bool constant = place_of((Plan *)p, place_root(p, s->in[k]))->kind == PLACE_CONST;
        if (!reason || !constant) /* the other operand says more */
            reason = why_not(r, s, step, k);
    }
    return reason ? reason : "no: the kernel still reads when it writes";
}

static void measure_layer(Report *r, size_t step)
{
    const Emitter *e = r->emitter;
    LayerReport *l = &r->layers[step];
    const Step *s = l->step = e->plan->steps.items[step];
    l->title = shown_name(e->arena, s->node && s->node->name[0] ? s->node->name : s->name);
    l->out = s->out_count ? s->out[0] : NULL;
    list_operators(r, step, l);
    l->in_place = in_place_text(r, s, (int)step);
    for (int k = 0; k < s->in_count; k++) {
        if (!s->in[k] || !place_root(e->plan, s->in[k])->is_const)
            continue;
        const WeightSlot *slot = weight_slot(e, s, k);
        l->weight_bytes += slot ? slot->bytes : 0;
        l->parameters += shape_count(&s->in[k]->shape);
    }
    const Graph *g = e->plan->graph;
    for (size_t i = 0; is_first_of_node(e->plan, step) && i < g->notes.count; i++)
        if (is_about(&g->notes.items[i], s)) {
            const GraphNote *n = &g->notes.items[i];
            array_push(e->arena, &l->notes, arena_printf(e->arena, "%s: %s", n->pass, shown_name(e->arena, n->text)));
        }
    r->macs += s->macs;
}

/* ---- Tensors in the arena ---- */

static size_t aligned(size_t bytes)
{
    return (bytes + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
}

/* The bytes of one buffer over time: each step that overwrites it in place makes it another tensor. */
static void add_buffer(Report *r, const Value *root, const Place *place)
{
    const Plan *p = r->emitter->plan;
    const Step *writer = p->steps.items[place->first];
    Block b = {value_shown(r, root, writer),
               writer,
               place->offset,
               aligned(place->bytes),
               place->first,
               place->last,
               false,
               false,
               false};
    for (int i = place->first + 1; i <= place->last; i++) {
        const Step *s = p->steps.items[i];
        if (s->in_place < 0 || !s->out[0] || place_root(p, s->out[0]) != root)
            continue;
        b.last = i;
        b.handed_over = true;
        array_push(r->emitter->arena, &r->blocks, b);
        b = (Block){
            value_shown(r, s->out[0], s), s, place->offset, aligned(place->bytes), i, place->last, false, true, false};
    }
    array_push(r->emitter->arena, &r->blocks, b);
}

static void measure_memory(Report *r)
{
    const Plan *p = r->emitter->plan;
    for (size_t i = 0; i < p->place_count; i++) {
        const Place *at = &p->places[i];
        if (at->kind != PLACE_ARENA || at->first < 0 || at->last >= (int)p->steps.count)
            continue;
        add_buffer(r, p->graph->values.items[i], at);
        for (int s = at->first; s <= at->last; s++)
            r->layers[s].live_bytes += aligned(at->bytes);
    }
    r->peak = -1;
    for (size_t i = 0; i < r->layer_count; i++) {
        const Step *s = r->layers[i].step;
        r->layers[i].live_bytes += aligned(s->scratch_bytes);
        if (s->scratch_bytes) {
            Block b = {arena_printf(r->emitter->arena, "scratch of %s", s->name),
                       s,
                       s->scratch_offset,
                       aligned(s->scratch_bytes),
                       (int)i,
                       (int)i,
                       true,
                       false,
                       false};
            array_push(r->emitter->arena, &r->blocks, b);
        }
        if (r->layers[i].live_bytes > (r->peak < 0 ? 0 : r->layers[r->peak].live_bytes))
            r->peak = (int)i;
    }
}

static const char *bound_text(const Report *r)
{
    Arena *a = r->emitter->arena;
    if (r->arena_bytes == 0)
        return "No tensor has to be stored between layers";
    const char *peak = r->peak >= 0 ? r->layers[r->peak].step->name : "";
    int parts = r->emitter->plan->memory_count;
    if (parts > 1)
        return arena_printf(
            a,
            "The arena does not fit the fastest memory and is split over %d by how often tensors are used; "
            "the parts are %s bytes together, %s at least; most is in use while layer %s runs",
            parts, with_commas((int64_t)r->arena_bytes), with_commas((int64_t)r->arena_lower_bound), peak);
    if (r->arena_bytes <= r->arena_lower_bound)
        return arena_printf(a, "The arena is as small as it can be: while layer %s runs, all of it is in use", peak);
    return arena_printf(a,
                        "The arena is %s bytes above the lower bound: %s bytes are in use while layer %s runs, and the "
                        "search for offsets that need no more ended at its limit of steps without finding them",
                        with_commas((int64_t)(r->arena_bytes - r->arena_lower_bound)),
                        with_commas((int64_t)r->arena_lower_bound), peak);
}

static int64_t distinct_parameters(const Emitter *e)
{
    int64_t sum = 0;
    for (size_t i = 0; i < e->weights.count; i++) {
        bool seen = false;
        for (size_t k = 0; k < i && !seen; k++)
            seen = e->weights.items[k].value == e->weights.items[i].value;
        if (!seen)
            sum += shape_count(&e->weights.items[i].value->shape);
    }
    return sum;
}

static size_t caller_bytes(const Graph *g)
{
    size_t bytes = 0;
    for (size_t i = 0; i < g->inputs.count; i++)
        bytes += value_bytes(g->inputs.items[i]); /* a state lies in its input's buffer */
    for (size_t i = 0; i < g->outputs.count; i++)
        bytes += graph_state_of_output(g, i) < 0 ? value_bytes(g->outputs.items[i]) : 0;
    return bytes;
}

static bool any_float(Value *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] && dtype_is_float(list[i]->type))
            return true;
    return false;
}

void report_measure(const Emitter *e, Report *r)
{
    const Plan *p = e->plan;
    *r = (Report){.emitter = e, .layer_count = p->steps.count};
    r->model = shown_name(e->arena, e->options->file);
    r->title = e->name;
    r->layers = NEW_ARRAY(e->arena, LayerReport, r->layer_count);
    for (size_t i = 0; i < r->layer_count; i++) {
        const Step *s = p->steps.items[i];
        measure_layer(r, i);
        r->float_steps += any_float(s->in, STEP_MAX_IN) || any_float(s->out, STEP_MAX_OUT);
    }
    for (size_t i = 0; i < p->graph->notes.count; i++)
        r->macs_saved += p->graph->notes.items[i].macs_saved;
    r->parameters = distinct_parameters(e);
    r->weight_bytes = e->weight_bytes;
    r->arena_bytes = p->arena_bytes;
    r->arena_lower_bound = p->arena_lower_bound;
    r->io_bytes = caller_bytes(p->graph);
    measure_memory(r);
    r->bound_text = bound_text(r);
    report_fits(r);
}

const Report *report_of_plan(Arena *a, const Plan *p, const Target *t, const EmitOptions *o)
{
    Emitter *e = NEW(a, Emitter);
    EmitOptions *options = NEW(a, EmitOptions);
    *options = *o;
    *e = (Emitter){.arena = a, .plan = p, .target = t, .options = options};
    emitter_names(e);
    emitter_weights(e);
    Report *r = NEW(a, Report);
    report_measure(e, r);
    return r;
}
