/* Model-local functions: each call is replaced by the function's body. */
#include "load/loader.h"

enum { MAX_CALL_DEPTH = 32 };

static const char *function_key(Arena *a, const char *domain, const char *name, const char *overload)
{
    return arena_printf(a, "%s\n%s\n%s", plain_domain(domain), text_or_empty(name), text_or_empty(overload));
}

bool collect_functions(Loader *l, const Onnx__ModelProto *m)
{
    bool good = true;
    for (size_t i = 0; i < m->n_functions; i++) {
        Onnx__FunctionProto *f = m->functions[i];
        const char *key = function_key(l->wire, f->domain, f->name, f->overload);
        if (map_has(l->functions, key))
            good = diag_error(l->diag, "the function %s is given twice", diag_quote(l->wire, text_or_empty(f->name)));
        map_set(l->functions, key, f);
    }
    return good;
}

const Onnx__FunctionProto *function_of(const Loader *l, const Onnx__NodeProto *n)
{
    if (l->functions->entries.count == 0)
        return NULL;
    return map_get(l->functions, function_key(l->wire, n->domain, n->op_type, n->overload));
}

static bool check_call(Loader *l, const Scope *s, const Onnx__NodeProto *n, const Onnx__FunctionProto *f)
{
    int depth = 0;
    for (const Call *c = s->call; c; c = c->outer, depth++)
        if (c->function == f)
            return diag_error(l->diag, "%s: this function calls itself", proto_label(l, n));
    if (depth == MAX_CALL_DEPTH)
        return diag_error(l->diag, "%s: functions call each other more than %d deep", proto_label(l, n),
                          MAX_CALL_DEPTH);
    if (n->n_input > f->n_input || n->n_output > f->n_output)
        return diag_error(l->diag, "%s has %zu inputs and %zu outputs; the function has %zu and %zu", proto_label(l, n),
                          n->n_input, n->n_output, f->n_input, f->n_output);
    return true;
}

static void bind_inputs(Loader *l, Scope *body, Scope *caller, const Onnx__NodeProto *n, const Onnx__FunctionProto *f)
{
    for (size_t i = 0; i < f->n_input; i++) {
        Value *v = &absent_value;
        if (i < n->n_input && *n->input[i]) {
            v = lookup(caller, n->input[i]);
            if (!v)
                diag_error(l->diag,
                           "%s: its input %zu, %s, is not an input or initializer of the graph, and no node "
                           "produces it",
                           proto_label(l, n), i, diag_quote(l->wire, n->input[i]));
        }
        declare(l, body, f->input[i], v ? v : &absent_value, proto_label(l, n));
    }
}

/* The value of the calling node that output i of the function becomes. */
static Value *caller_output(Scope *caller, const Onnx__NodeProto *n, size_t i)
{
    return i < n->n_output && *n->output[i] ? map_get(caller->values, n->output[i]) : NULL;
}

static void promise_outputs(Scope *body, Scope *caller, const Onnx__NodeProto *n, const Onnx__FunctionProto *f)
{
    for (size_t i = 0; i < f->n_output; i++) {
        Value *v = caller_output(caller, n, i);
        if (v && !map_has(body->values, f->output[i]) && !map_has(body->promised, f->output[i]))
            map_set(body->promised, f->output[i], v);
    }
}

/* Outputs that the body did not produce itself: an input handed through, or one value for two outputs. */
static void pass_through(Loader *l, Scope *body, Scope *caller, const Onnx__NodeProto *n, const Onnx__FunctionProto *f)
{
    for (size_t i = 0; i < f->n_output; i++) {
        Value *v = caller_output(caller, n, i), *made = lookup(body, f->output[i]);
        if (!v || v == made)
            continue;
        if (!made || made == &absent_value) {
            diag_error(l->diag, "%s: the function does not produce its output %s", proto_label(l, n),
                       diag_quote(l->wire, f->output[i]));
            continue;
        }
        if (v->producer || v->is_const || v->is_input)
            continue; /* named twice, which was reported */
        Node *identity = graph_node(body->graph, "", "Identity", body->call->prefix);
        node_add_input(body->graph, identity, made);
        node_add_output(body->graph, identity, v);
    }
}

void inline_call(Loader *l, Scope *s, const Onnx__NodeProto *n, const Onnx__FunctionProto *f)
{
    if (!check_call(l, s, n, f))
        return;
    const char *own = n->name && *n->name ? n->name : n->n_output ? n->output[0] : text_or_empty(n->op_type);
    Call call = {.outer = s->call, .function = f, .node = n, .scope = s, .opsets = map_new(l->wire)};
    call.prefix = s->call ? arena_printf(l->wire, "%s/%s", s->call->prefix, own) : own;
    if (!read_opsets(l, f->opset_import, f->n_opset_import, call.opsets))
        return;
    Scope body = {.graph = s->graph, .values = map_new(l->wire), .promised = map_new(l->wire), .call = &call};
    bind_inputs(l, &body, s, n, f);
    promise_outputs(&body, s, n, f);
    read_nodes(l, &body, f->node, f->n_node);
    pass_through(l, &body, s, n, f);
}
