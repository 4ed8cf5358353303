/* A layer that is one expression: loops, and an assignment to an element of the result. What is read twice, and what
 * would make a line too long, becomes a variable of its own first. */
#include "emit/emit.h"
#include "ops/expression.h"

#include <inttypes.h>
#include <string.h>

enum { LINE = 96 };

/* How tightly a text binds, for parentheses. */
typedef enum { SUM, PRODUCT, TIGHT } Binding;

typedef struct {
    const char *text;
    Binding binding;
    bool is_name; /* or a number: nothing is gained by another name for it */
} Term;

typedef struct {
    const Emitter *emitter;
    const Step *step;
    Buf *out;
    const char *indent;
    Term operands[STEP_MAX_IN], members[EXPRESSION_MEMBERS];
    int names;
} Writer;

static const char *const loop_names[EXPRESSION_LOOPS] = {"i", "j", "k", "l"};

/* "16 * i + j" */
static const char *index_text(const Writer *w, const int32_t *stride)
{
    const Expression *e = w->step->expression;
    Arena *a = w->emitter->arena;
    const char *text = "";
    for (int i = 0; i < e->rank; i++) {
        if (stride[i] == 0)
            continue;
        const char *factor = stride[i] == 1 ? "" : arena_printf(a, "%" PRId32 " * ", stride[i]);
        text = arena_printf(a, "%s%s%s%s", text, *text ? " + " : "", factor, loop_names[i]);
    }
    return *text ? text : "0";
}

/* Operands that stay the same in the innermost loop are read in front of it. */
static void write_loops(Writer *w)
{
    const Expression *e = w->step->expression;
    Arena *a = w->emitter->arena;
    const char *indent = "    ";
    for (int i = 0; i < e->rank; i++) {
        bool innermost = i + 1 == e->rank, braces = innermost || i + 2 == e->rank;
        for (int k = 0; innermost && k < w->step->in_count; k++)
            if (e->stride[k][i] == 0) {
                const char *name = operand_name(w->step, k);
                buf_printf(w->out, "%sconst float %s_ = %s[%s];\n", indent, name, name, index_text(w, e->stride[k]));
                w->operands[k] = (Term){arena_printf(a, "%s_", name), TIGHT, true};
            }
        buf_printf(w->out, "%sfor (int32_t %s = 0; %s < %" PRId32 "; %s++)%s\n", indent, loop_names[i], loop_names[i],
                   e->dim[i], loop_names[i], braces ? " {" : "");
        indent = arena_printf(a, "%s    ", indent);
    }
    w->indent = indent;
}

static void close_loops(Writer *w)
{
    int rank = w->step->expression->rank;
    for (int i = rank - 1; i >= 0 && i >= rank - 2; i--)
        buf_printf(w->out, "%*s}\n", 4 * (i + 1), "");
}

/* The term by a name of its own. */
static Term named(Writer *w, Term t)
{
    if (t.is_name)
        return t;
    const char *name = arena_printf(w->emitter->arena, "t%d", w->names++);
    buf_printf(w->out, "%sconst float %s = %s;\n", w->indent, name, t.text);
    return (Term){name, TIGHT, true};
}

static Term *source_term(Writer *w, const Source *s, Term *number)
{
    if (s->kind == FROM_OPERAND)
        return &w->operands[s->index];
    if (s->kind == FROM_MEMBER)
        return &w->members[s->index];
    Buf b = {0};
    emit_float(&b, s->number);
    *number = (Term){arena_strdup(w->emitter->arena, buf_text(&b)), TIGHT, true};
    buf_free(&b);
    return number;
}

/* "adze_sigmoid_f32": the kernel's name without its set. */
static const char *function_name(const Writer *w, const Step *s)
{
    const char *kernel = kernel_ref(s)->function;
    return arena_strndup(w->emitter->arena, kernel, (size_t)(strrchr(kernel, '_') - kernel));
}

/* How many of the operator's attributes its function takes. */
static int attribute_count(const Step *s)
{
    static const struct {
        const char *function;
        int count;
    } list[] = {{"LeakyRelu", 1}, {"ThresholdedRelu", 1}, {"Elu", 1},  {"Celu", 1},
                {"Swish", 1},     {"HardSigmoid", 2},     {"Clip", 2}, {"Selu", 2}};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (!strcmp(list[i].function, s->function))
            return list[i].count;
    return 0;
}

static Term function_term(const Writer *w, const Step *s, const Term *a, const Term *b)
{
    Buf t = {0};
    buf_printf(&t, "%s(%s", function_name(w, s), a->text);
    if (b)
        buf_printf(&t, ", %s", b->text);
    for (int i = 0; !b && i < attribute_count(s); i++) {
        float v;
        memcpy(&v, layer_param(s, i ? "b" : "a", true), sizeof v);
        buf_puts(&t, ", ");
        emit_float(&t, v);
    }
    buf_puts(&t, ")");
    Term term = {arena_strdup(w->emitter->arena, buf_text(&t)), TIGHT, false};
    buf_free(&t);
    return term;
}

static const char *inside(const Writer *w, const Term *t, bool parentheses)
{
    return parentheses ? arena_printf(w->emitter->arena, "(%s)", t->text) : t->text;
}

static Term binary_term(const Writer *w, const Step *s, const Term *a, const Term *b)
{
    static const struct {
        const char *function, *sign;
        Binding binding;
    } list[] = {{"Add", "+", SUM}, {"Sub", "-", SUM}, {"Mul", "*", PRODUCT}, {"Div", "/", PRODUCT}};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        Binding own = list[i].binding;
        if (strcmp(list[i].function, s->function) != 0)
            continue;
        return (Term){arena_printf(w->emitter->arena, "%s %s %s", inside(w, a, a->binding < own), list[i].sign,
                                   inside(w, b, b->binding <= own)),
                      own, false};
    }
    return function_term(w, s, a, b);
}

static Term member_term(Writer *w, const Member *m)
{
    Term numbers[2], *a = source_term(w, &m->from[0], &numbers[0]);
    if (m->step->in_count == 1) {
        if (strlen(a->text) > LINE - 24)
            *a = named(w, *a);
        return function_term(w, m->step, a, NULL);
    }
    Term *b = source_term(w, &m->from[1], &numbers[1]);
    while (strlen(a->text) + strlen(b->text) > LINE - 10 && (!a->is_name || !b->is_name)) {
        Term *longer = b->is_name || (!a->is_name && strlen(a->text) >= strlen(b->text)) ? a : b;
        *longer = named(w, *longer);
    }
    return binary_term(w, m->step, a, b);
}

void emit_expression(const Emitter *e, const Step *s, Buf *out)
{
    const Expression *x = s->expression;
    Writer w = {.emitter = e, .step = s, .out = out};
    for (int k = 0; k < s->in_count; k++)
        w.operands[k] =
            (Term){arena_printf(e->arena, "%s[%s]", operand_name(s, k), index_text(&w, x->stride[k])), TIGHT, true};
    write_loops(&w);
    for (int i = 0; i < x->count; i++) {
        w.members[i] = member_term(&w, &x->members[i]);
        if (x->members[i].uses > 1)
            w.members[i] = named(&w, w.members[i]);
    }
    buf_printf(out, "%sy[%s] = %s;\n", w.indent, index_text(&w, x->y_stride), w.members[x->count - 1].text);
    close_loops(&w);
}
