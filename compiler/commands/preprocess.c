#include "commands/preprocess.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* scale * x + offset: what an expression that is affine in x comes to. */
typedef struct {
    double scale, offset;
} Line;

typedef struct {
    const char *at;
    int depth;
} Parser;

enum { MAX_DEPTH = 50 };

static bool parse_sum(Parser *p, Line *out);

static char peek(Parser *p)
{
    while (*p->at == ' ' || *p->at == '\t')
        p->at++;
    return *p->at;
}

static bool accept(Parser *p, char c)
{
    if (peek(p) != c)
        return false;
    p->at++;
    return true;
}

static bool parse_factor(Parser *p, Line *out)
{
    if (++p->depth > MAX_DEPTH)
        return false;
    bool ok;
    if (accept(p, '-')) {
        ok = parse_factor(p, out);
        *out = (Line){-out->scale, -out->offset};
    } else if (accept(p, '(')) {
        ok = parse_sum(p, out) && accept(p, ')');
    } else if (accept(p, 'x')) {
        *out = (Line){1, 0};
        ok = true;
    } else {
        char *end;
        *out = (Line){0, strtod(p->at, &end)};
        ok = end != p->at && (*p->at == '.' || (*p->at >= '0' && *p->at <= '9'));
        p->at = end;
    }
    p->depth--;
    return ok;
}

static bool parse_product(Parser *p, Line *out)
{
    Line next;
    if (!parse_factor(p, out))
        return false;
    for (;;) {
        bool times = accept(p, '*');
        if (!times && !accept(p, '/'))
            return true;
        if (!parse_factor(p, &next) || (times ? next.scale != 0 && out->scale != 0 : next.scale != 0))
            return false; /* x * x, 1 / x */
        if (!times)
            *out = (Line){out->scale / next.offset, out->offset / next.offset};
        else
            *out = (Line){out->scale * next.offset + next.scale * out->offset, out->offset * next.offset};
    }
}

static bool parse_sum(Parser *p, Line *out)
{
    Line next;
    if (!parse_product(p, out))
        return false;
    for (;;) {
        bool plus = accept(p, '+');
        if (!plus && !accept(p, '-'))
            return true;
        if (!parse_product(p, &next))
            return false;
        double sign = plus ? 1 : -1;
        *out = (Line){out->scale + sign * next.scale, out->offset + sign * next.offset};
    }
}

static bool parse_line(const char *text, Line *out)
{
    Parser p = {text, 0};
    return parse_sum(&p, out) && !peek(&p) && isfinite(out->scale) && isfinite(out->offset);
}

/* "0.485,0.456,0.406" */
static bool parse_list(const char *text, double *values, int *count)
{
    for (*count = 0; *count < PREPROCESS_CHANNELS;) {
        char *end;
        values[*count] = strtod(text, &end);
        if (end == text || !isfinite(values[(*count)++]))
            return false;
        if (!*end)
            return true;
        if (*end != ',')
            return false;
        text = end + 1;
    }
    return false;
}

static bool parse_size(const char *text, Preprocess *p)
{
    char *end;
    p->width = p->height = strtol(text, &end, 10);
    if (*end == 'x')
        p->height = strtol(end + 1, &end, 10);
    return !*end && p->width > 0 && p->height > 0 && p->width <= 16384 && p->height <= 16384;
}

static bool parse_word(const char *text, const char *const *words, int *out)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(text, words[i]) == 0) {
            *out = i;
            return true;
        }
    return false;
}

static bool parse_entry(const char *text, Preprocess *p)
{
    static const char *const layouts[] = {"model", "nchw", "nhwc", NULL};
    static const char *const colours[] = {"model", "rgb", "bgr", "gray", NULL};
    const char *equals = strchr(text, '=');
    size_t n = equals ? (size_t)(equals - text) : 0;
    Line line;
    int word;
    if (!equals || (n == 5 && memcmp(text, "scale", 5) == 0)) {
        if (!parse_line(equals ? equals + 1 : text, &line) || (equals && line.scale != 0))
            return false;
        p->scale = equals ? line.offset : line.scale;
        p->offset = equals ? 0 : line.offset;
        return true;
    }
    if (n == 4 && memcmp(text, "mean", 4) == 0)
        return parse_list(equals + 1, p->mean, &p->mean_count);
    if (n == 3 && memcmp(text, "std", 3) == 0) {
        bool ok = parse_list(equals + 1, p->std, &p->std_count);
        for (int i = 0; i < p->std_count; i++)
            ok = ok && p->std[i] != 0;
        return ok;
    }
    if (n == 6 && memcmp(text, "resize", 6) == 0)
        return parse_size(equals + 1, p);
    if (n == 6 && memcmp(text, "layout", 6) == 0 && parse_word(equals + 1, layouts, &word)) {
        p->layout = (ImageLayout)word;
        return true;
    }
    if (((n == 6 && memcmp(text, "colour", 6) == 0) || (n == 5 && memcmp(text, "color", 5) == 0)) &&
        parse_word(equals + 1, colours, &word)) {
        p->colour = (ImageColour)word;
        return true;
    }
    return false;
}

bool preprocess_parse(Diag *d, const StringList *texts, Preprocess *out)
{
    bool ok = true;
    *out = (Preprocess){.given = texts->count > 0, .scale = 1};
    for (size_t i = 0; i < texts->count; i++)
        if (!parse_entry(texts->items[i], out))
            ok = diag_error(d,
                            "--preprocess: %s is not understood; supported: an expression linear in x such as "
                            "(x/255-0.5)/0.25, scale=1/255, mean=A,B,C, std=A,B,C, resize=WIDTHxHEIGHT, "
                            "layout=nchw|nhwc, colour=rgb|bgr|gray",
                            diag_quote(d->arena, texts->items[i]));
    return ok;
}

double preprocess_apply(const Preprocess *p, double x, int64_t channel)
{
    double y = x * p->scale + p->offset;
    if (p->mean_count)
        y -= p->mean[p->mean_count == 1 ? 0 : channel];
    if (p->std_count)
        y /= p->std[p->std_count == 1 ? 0 : channel];
    return y;
}
