/* adze inspect: the model, everything in it that would not compile, and with -t the program that it would become. */
#include "commands/inspect.h"
#include "base/progress.h"
#include "commands/examine.h"

#include <stdio.h>

/* The compiler itself decides whether the model compiles; what was judged node by node only says more about why not. */
static bool try_compile(ModelFacts *f, Compilation *comp)
{
    ProblemList before = {0};
    size_t errors_before = f->errors;
    for (size_t i = 0; i < f->problems.count; i++)
        array_push(f->arena, &before, f->problems.items[i]);
    const Map *labels = node_labels(f->arena, comp->graph);
    facts_judge(f, comp->graph, comp->options.input_values);
    Diag *d = diag_new(f->arena);
    comp->diag = d;
    bool compiled = compile_loaded(comp);
    if (!compiled && f->errors > errors_before)
        return false;
    f->problems.count = 0;
    for (size_t i = 0; i < before.count; i++)
        array_push(f->arena, &f->problems, before.items[i]);
    f->errors = errors_before;
    f->nodes_with_errors = f->not_judged = 0;
    problems_add(f, labels, d, NULL);
    return compiled;
}

static json_t *port_json(const Value *v, const ModelFacts *f)
{
    json_t *o = json_object(), *shape = json_array(), *name = json_string(v->name);
    json_object_set_new(o, "name", name ? name : json_string(shown_name(f->arena, v->name)));
    json_object_set_new(o, "type", json_string(dtype_name(v->type)));
    for (int i = 0; i < v->shape.rank; i++) {
        json_t *symbol = v->shape.dim[i] < 0 && v->dim[i] ? json_string(v->dim[i]) : NULL;
        json_array_append_new(shape, v->shape.dim[i] >= 0 ? json_integer(v->shape.dim[i])
                                     : symbol             ? symbol
                                                          : json_null());
    }
    json_object_set_new(o, "shape", shape);
    return o;
}

static json_t *operators_json(const ModelFacts *f)
{
    json_t *list = json_array();
    for (size_t i = 0; i < f->operators.count; i++) {
        const OperatorFact *o = &f->operators.items[i];
        json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:b}", "operator", shown_name(f->arena, o->name),
                                              "count", (json_int_t)o->count, "in_subgraphs",
                                              (json_int_t)o->in_subgraphs, "supported", (int)o->supported));
    }
    return list;
}

static json_t *nodes_json(const ModelFacts *f)
{
    json_t *list = json_array();
    for (size_t i = 0; i < f->nodes.count; i++) {
        const NodeFact *n = &f->nodes.items[i];
        json_t *o = n->out ? port_json(n->out, f) : json_object();
        json_object_set_new(o, "output", n->out ? json_incref(json_object_get(o, "name")) : json_null());
        json_object_set_new(o, "name", json_string(shown_name(f->arena, n->node->name)));
        json_object_set_new(o, "operator", json_string(shown_name(f->arena, n->node->op_type)));
        json_object_set_new(o, "macs", n->macs < 0 ? json_null() : json_integer((json_int_t)n->macs));
        json_array_append_new(list, o);
    }
    return list;
}

/* The same keys as the report of a program, as far as a model has them. */
static json_t *model_json(const ModelFacts *f, const Graph *g, const Compilation *comp)
{
    json_t *root = json_object(), *opsets = json_array(), *types = json_object();
    for (size_t i = 0; i < g->opsets->entries.count; i++) {
        const MapEntry *e = &g->opsets->entries.items[i];
        json_array_append_new(opsets,
                              json_pack("{s:s, s:i}", "domain", e->key[0] ? shown_name(f->arena, e->key) : "ai.onnx",
                                        "version", (int)(intptr_t)e->value));
    }
    for (int t = 1; t < DT_COUNT; t++)
        if (f->bytes_of_type[t])
            json_object_set_new(types, dtype_name((DType)t), json_integer((json_int_t)f->bytes_of_type[t]));
    json_t *inputs = json_array(), *outputs = json_array();
    for (size_t i = 0; i < g->inputs.count; i++)
        json_array_append_new(inputs, port_json(g->inputs.items[i], f));
    for (size_t i = 0; i < f->graph->outputs.count; i++)
        json_array_append_new(outputs, port_json(f->graph->outputs.items[i], f));
    json_object_set_new(root, "name", json_string(comp->name));
    json_object_set_new(root, "model_sha256", json_string(comp->model_hash.hex));
    if (f->graph->data_sha256)
        json_object_set_new(root, "data_sha256", json_string(f->graph->data_sha256));
    json_object_set_new(root, "inputs", inputs);
    json_object_set_new(root, "outputs", outputs);
    json_object_set_new(root, "layers", nodes_json(f));
    json_object_set_new(root, "opsets", opsets);
    json_object_set_new(root, "weight_types", types);
    json_object_set_new(root, "total",
                        json_pack("{s:I, s:I, s:I}", "macs", (json_int_t)f->macs, "parameters",
                                  (json_int_t)f->parameters, "weight_bytes", (json_int_t)f->weight_bytes));
    return root;
}

static void print_json(const ModelFacts *f, const Graph *g, const Compilation *comp, const Report *r, const Report *any)
{
    json_t *root = r ? report_json(r) : model_json(f, g, comp), *open = json_array();
    for (size_t i = 0; i < f->open.count; i++)
        json_array_append_new(open, json_string(f->open.items[i]));
    json_object_set_new(root, "made_by", g->made_by ? json_string(shown_name(f->arena, g->made_by)) : json_null());
    json_object_set_new(root, "operators", operators_json(f));
    json_object_set_new(root, "compiles", json_boolean(f->errors == 0));
    json_object_set_new(root, "open_shapes", open);
    json_object_set_new(root, "problems", problems_json(f));
    if (r)
        json_object_set_new(root, "fits", json_boolean(r->fits_all));
    if (any)
        json_object_set_new(root, "float_steps", json_integer((json_int_t)any->float_steps));
    report_print(root);
}

static void print_verdict(const ModelFacts *f, const Report *r)
{
    if (f->errors)
        printf("\nIt would not compile: %zu problem%s, listed below", f->errors, f->errors == 1 ? "" : "s");
    else
        printf("\nIt compiles");
    if (f->not_judged)
        printf("; %zu more node%s could not be judged, for want of the shapes of results that they need", f->not_judged,
               f->not_judged == 1 ? "" : "s");
    printf(".\n");
    if (!f->errors && r && !r->fits_all)
        printf("It does not fit: see above.\n");
}

static void print_floats_alone(const Report *r)
{
    printf("\nprogram, after all passes\n");
    print_floats(r);
}

int command_inspect(Command *c)
{
    Compilation comp = {.keep = c->keep, .diag = c->diag};
    const char *model;
    if (!command_model(c, &model))
        return EXIT_USAGE;
    ExamineData data = {0};
    bool calibrates;
    int status = command_quantisation(c, &data, &calibrates);
    if (status != EXIT_DONE)
        return status;
    command_compile_options(c, &comp.options);
    comp.options.model = model;
    comp.options.half = command_has_halves(c);
    if (!compile_load(&comp) || (calibrates && !command_calibrate(c, &comp, &data)))
        return EXIT_INPUT;
    ModelFacts f = {.arena = c->keep};
    const Graph *as_loaded = graph_clone(c->keep, comp.graph);
    facts_count(&f, comp.graph);
    bool compiled = try_compile(&f, &comp);
    progress_end();
    EmitOptions emit = compile_emit_options(&comp);
    const Report *any = compiled ? report_of_plan(c->keep, comp.plan, &comp.target, &emit) : NULL;
    const Report *r = c->options.target ? any : NULL; /* without -t only what is the same for every target */
    if (c->options.json) {
        print_json(&f, as_loaded, &comp, r, any);
    } else {
        print_model(&f, as_loaded, model);
        if (r)
            print_report(r);
        else if (any)
            print_floats_alone(any);
        print_verdict(&f, r);
        fflush(stdout); /* the problems follow on stderr */
    }
    problems_report(&f, c->diag);
    return f.errors ? EXIT_INPUT : EXIT_DONE;
}
