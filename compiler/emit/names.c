/* Names from a model are data: here they become C identifiers, comments and strings. */
#include "emit/emit.h"

#include <ctype.h>
#include <string.h>

static const char *const reserved[] = {
    "auto",        "break",        "case",
    "char",        "const",        "continue",
    "default",     "do",           "double",
    "else",        "enum",         "extern",
    "float",       "for",          "goto",
    "if",          "inline",       "int",
    "long",        "register",     "restrict",
    "return",      "short",        "signed",
    "sizeof",      "static",       "struct",
    "switch",      "typedef",      "union",
    "unsigned",    "void",         "volatile",
    "while",       "asm",          "typeof",
    "main",        "errno",        "NULL",
    "stdin",       "stdout",       "stderr",
    "and",         "and_eq",       "bitand",
    "bitor",       "bool",         "catch",
    "class",       "compl",        "const_cast",
    "delete",      "dynamic_cast", "explicit",
    "export",      "false",        "friend",
    "mutable",     "namespace",    "new",
    "not",         "not_eq",       "operator",
    "or",          "or_eq",        "private",
    "protected",   "public",       "reinterpret_cast",
    "static_cast", "template",     "this",
    "throw",       "true",         "try",
    "typeid",      "typename",     "using",
    "virtual",     "wchar_t",      "xor",
    "xor_eq",      "alignas",      "alignof",
    "constexpr",   "decltype",     "noexcept",
    "nullptr",     "thread_local", "arena",
    "status",      "state",        "weights",
    "linux",       "unix",         "i386",
    "char8_t",     "char16_t",     "char32_t",
    "co_await",    "co_return",    "co_yield",
    "concept",     "consteval",    "constinit",
    "requires",    "noreturn",     "static_assert",
};

static bool is_reserved(const char *s)
{
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (strcmp(reserved[i], s) == 0)
            return true;
    return false;
}

static bool ident_char(unsigned char c)
{
    return c < 0x80 && (isalnum(c) || c == '_');
}

bool c_is_identifier(const char *s)
{
    if (!s[0] || isdigit((unsigned char)s[0]) || s[0] == '_' || strlen(s) > 63 || is_reserved(s))
        return false;
    for (; *s; s++)
        if (!ident_char((unsigned char)*s))
            return false;
    return true;
}

const char *c_identifier(Arena *a, const char *text)
{
    char name[64];
    size_t n = 0;
    for (const char *c = text; *c && n < 56; c++) {
        if (ident_char((unsigned char)*c) && *c != '_')
            name[n++] = *c;
        else if (n && name[n - 1] != '_')
            name[n++] = '_';
    }
    while (n && name[n - 1] == '_')
        n--;
    name[n] = 0;
    if (n == 0)
        return "unnamed";
    if (isdigit((unsigned char)name[0]))
        return arena_printf(a, "n%s", name);
    return is_reserved(name) ? arena_printf(a, "%s_", name) : arena_strdup(a, name);
}

const char *c_comment(Arena *a, const char *text)
{
    char *s = arena_strndup(a, text, strlen(text) > 200 ? 200 : strlen(text));
    for (char *c = s; *c; c++)
        if (*c < 0x20 || *c > 0x7e || (*c == '/' && c > s && c[-1] == '*') || (*c == '*' && c > s && c[-1] == '/') ||
            *c == '\\' || (*c == '?' && c > s && c[-1] == '?'))
            *c = '_';
    size_t n = strlen(s);
    if (n && (s[n - 1] == '*' || s[n - 1] == '/')) /* what ends the comment may follow */
        s[n - 1] = '_';
    if (n && s[0] == '/')
        return arena_printf(a, " %s", s);
    return s;
}

const char *c_string(Arena *a, const char *text)
{
    Buf b = {0};
    buf_putc(&b, '"');
    for (const unsigned char *c = (const unsigned char *)text; *c && b.length < 1000; c++) {
        if (*c < 0x20 || *c > 0x7e || *c == '"' || *c == '\\' || *c == '?')
            buf_printf(&b, "\\%03o", *c);
        else
            buf_putc(&b, (char)*c);
    }
    buf_putc(&b, '"');
    const char *s = arena_strdup(a, buf_text(&b));
    buf_free(&b);
    return s;
}

static const char *unique(Arena *a, Map *taken, const char *wanted)
{
    const char *name = wanted;
    for (int k = 2; map_has(taken, name); k++)
        name = arena_printf(a, "%s_%d", wanted, k);
    map_set(taken, name, taken);
    return name;
}

/* A parameter of NAME_run: not the name of a layer's function, and no macro (those are upper case). */
static const char *parameter_name(Emitter *e, Map *taken, const char *text)
{
    const char *name = c_identifier(e->arena, text);
    bool has_lower = false;
    for (const char *c = name; *c; c++)
        has_lower |= islower((unsigned char)*c) != 0;
    if (!has_lower) {
        char *lower = arena_strdup(e->arena, name);
        for (char *c = lower; *c; c++)
            *c = (char)tolower((unsigned char)*c);
        name = is_reserved(lower) ? arena_printf(e->arena, "%s_", lower) : lower;
    }
    if (strncmp(name, "layer_", 6) == 0)
        name = arena_printf(e->arena, "port_%s", name);
    return unique(e->arena, taken, name);
}

/* Inputs and outputs become arguments, or members of the state. */
static void name_ports(Emitter *e)
{
    const Graph *g = e->plan->graph;
    Map *parameters = map_new(e->arena), *members = map_new(e->arena);
    for (size_t k = 1; k < arena_count(e); k++)
        map_set(parameters, arena_variable(e, k), e);
    e->input_text = NEW_ARRAY(e->arena, const char *, g->inputs.count);
    e->output_text = NEW_ARRAY(e->arena, const char *, g->outputs.count);
    for (size_t i = 0; i < g->states.count; i++) {
        const StatePair *pair = &g->states.items[i];
        const Value *v = g->inputs.items[pair->input];
        Port port = {v, parameter_name(e, members, v->name), pair->output};
        e->input_text[pair->input] = e->output_text[pair->output] = arena_printf(e->arena, "state->%s", port.name);
        array_push(e->arena, &e->states, port);
    }
    for (size_t i = 0; i < g->inputs.count; i++) {
        if (e->input_text[i])
            continue;
        Port port = {g->inputs.items[i], parameter_name(e, parameters, g->inputs.items[i]->name), (int)i};
        e->input_text[i] = port.name;
        array_push(e->arena, &e->inputs, port);
    }
    for (size_t i = 0; i < g->outputs.count; i++) {
        if (e->output_text[i])
            continue;
        Port port = {g->outputs.items[i], parameter_name(e, parameters, g->outputs.items[i]->name), (int)i};
        e->output_text[i] = port.name;
        array_push(e->arena, &e->outputs, port);
    }
}

void emitter_names(Emitter *e)
{
    e->name = e->options->name;
    e->upper = text_upper(e->arena, e->name);
    e->member = NEW_ARRAY(e->arena, const char *, e->plan->place_count);
    name_ports(e);
    Map *members = map_new(e->arena);
    map_set(members, "align_", e);
    map_set(members, "bytes_", e);
    for (size_t i = 0; i < e->plan->steps.count; i++)
        if (e->plan->steps.items[i]->scratch_bytes)
            map_set(members, arena_printf(e->arena, "%s_scratch", e->plan->steps.items[i]->name), e);
    for (size_t i = 0; i < e->plan->steps.count; i++) {
        const Step *s = e->plan->steps.items[i];
        for (int k = 0; k < s->out_count; k++) {
            const Value *root = s->out[k] ? place_root(e->plan, s->out[k]) : NULL;
            if (root && e->plan->places[root->id].kind == PLACE_ARENA && !e->member[root->id])
                e->member[root->id] = unique(e->arena, members, c_identifier(e->arena, s->name));
        }
    }
}
