/* --input-range NAME=LO,HI */
#include "passes/shrink.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool number(const char *text, char end, double *out, const char **rest)
{
    char *stop;
    *out = strtod(text, &stop);
    *rest = stop + 1;
    return stop != text && *stop == end && !isnan(*out);
}

/* The numbers behind the name's `=`; names may hold one themselves. */
static bool parse(const char *text, size_t *name_length, double *lo, double *hi)
{
    const char *equals = strrchr(text, '='), *rest;
    if (!equals || !number(equals + 1, ',', lo, &rest) || !number(rest, 0, hi, &rest))
        return false;
    *name_length = (size_t)(equals - text);
    return *lo <= *hi;
}

bool input_range(const PassContext *c, const Value *v, double *lo, double *hi)
{
    for (const char *const *text = c->input_ranges; text && *text; text++) {
        size_t length;
        if (!parse(*text, &length, lo, hi))
            continue;
        if (strlen(v->name) == length && !strncmp(v->name, *text, length))
            return true;
    }
    return false;
}

bool input_ranges_check(PassContext *c, const Graph *g)
{
    bool ok = true;
    for (const char *const *text = c->input_ranges; text && *text; text++) {
        size_t length;
        double lo, hi;
        if (!parse(*text, &length, &lo, &hi))
            ok = diag_error(c->diag, "--input-range: %s is not INPUT=LO,HI with LO <= HI",
                            diag_quote(c->scratch, *text));
        else if (graph_input_named(g, *text, length) == g->inputs.count)
            ok = diag_error(c->diag, "--input-range: %s names no input; hint: the first is %s",
                            diag_quote(c->scratch, *text),
                            g->inputs.count ? diag_quote(c->scratch, g->inputs.items[0]->name) : "none");
    }
    return ok;
}
