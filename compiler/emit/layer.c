/* What a layer does, as a comment, and its parameters, as a static const struct. */
#include "emit/emit.h"
#include "ops/expression.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { COLUMNS = 110 };

void emit_float(Buf *out, float v)
{
    if (isinf(v)) {
        buf_puts(out, v < 0 ? "-INFINITY" : "INFINITY");
        return;
    }
    if (isnan(v)) {
        buf_puts(out, "NAN");
        return;
    }
    char text[40];
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)v);
        float back = 0;
        sscanf(text, "%f", &back);
        if (back == v)
            break;
    }
    buf_puts(out, text);
    buf_puts(out, strpbrk(text, ".e") ? "f" : ".0f");
}

static void put_field(Buf *out, const ParamField *f, const unsigned char *params)
{
    const unsigned char *at = params + f->offset;
    int count = f->count;
    if (count > 1) { /* trailing zeros of an array are implied */
        static const unsigned char zero[4];
        while (count > 1 && memcmp(at + 4 * (count - 1), zero, 4) == 0)
            count--;
    }
    buf_printf(out, ".%s = %s", f->name, f->count > 1 ? "{" : "");
    for (int i = 0; i < count; i++) {
        if (i)
            buf_puts(out, ", ");
        if (f->type == 'f') {
            float v;
            memcpy(&v, at + 4 * i, sizeof v);
            emit_float(out, v);
        } else {
            int32_t v;
            memcpy(&v, at + 4 * i, sizeof v);
            buf_printf(out, "%" PRId32, v);
        }
    }
    buf_puts(out, f->count > 1 ? "}" : "");
}

void emit_layer_params(const Step *s, Buf *out)
{
    const ParamStruct *ps = param_struct(s->params_type);
    buf_printf(out, "    static const %s p = {\n", s->params_type);
    size_t line = out->length;
    buf_puts(out, "        ");
    for (size_t i = 0; i < ps->field_count; i++) {
        Buf field = {0};
        put_field(&field, &ps->fields[i], s->params);
        if (i && out->length - line + field.length > COLUMNS - 2) {
            buf_puts(out, "\n");
            line = out->length;
            buf_puts(out, "        ");
        } else if (i) {
            buf_puts(out, " ");
        }
        buf_puts(out, buf_text(&field));
        buf_puts(out, ",");
        buf_free(&field);
    }
    buf_puts(out, "\n    };\n");
}

const unsigned char *layer_param(const Step *s, const char *name, bool is_float)
{
    const ParamStruct *ps = param_struct(s->params_type);
    for (size_t i = 0; ps && i < ps->field_count; i++)
        if ((ps->fields[i].type == 'f') == is_float && strcmp(ps->fields[i].name, name) == 0)
            return s->params + ps->fields[i].offset;
    return NULL;
}

static int param_int(const Step *s, const char *name, int otherwise)
{
    const unsigned char *at = layer_param(s, name, false);
    int32_t v = otherwise;
    if (at)
        memcpy(&v, at, sizeof v);
    return v;
}

static bool field_fits(const Step *s, const ParamField *f)
{
    for (int i = 0; i < f->count; i++) {
        int32_t v;
        memcpy(&v, s->params + f->offset + sizeof v * (size_t)i, sizeof v);
        if ((f->type == 'u' && (v < 0 || v > UINT16_MAX)) || (f->type == 'c' && (v < 0 || v > UINT8_MAX)) ||
            (f->type == 'b' && (v < INT8_MIN || v > INT8_MAX)))
            return false;
    }
    return true;
}

/* A pointwise kernel may see an image as one row (runtime/dsp/conv.h). */
static bool image_fits(const Step *s)
{
    const int64_t in = (int64_t)param_int(s, "in_h", 1) * param_int(s, "in_w", 1);
    const int64_t out = (int64_t)param_int(s, "out_h", 1) * param_int(s, "out_w", 1);
    return in <= UINT16_MAX && out <= UINT16_MAX;
}

void emit_narrow(const Emitter *e, Buf *out)
{
    bool any = false, narrow = true;
    for (size_t i = 0; i < e->plan->steps.count; i++) {
        const Step *s = e->plan->steps.items[i];
        const ParamStruct *ps = param_struct(s->params_type);
        for (size_t k = 0; ps && k < ps->field_count; k++) {
            any = any || ps->fields[k].type == 'u';
            narrow = narrow && field_fits(s, &ps->fields[k]) && (ps->fields[k].type != 'u' || image_fits(s));
        }
    }
    if (any && narrow)
        buf_puts(out, "\n#define ADZE_NARROW /* its layers' parameters fit into 16 and 8 bits */\n");
    else if (any)
        buf_puts(out, "\n#ifdef ADZE_NARROW\n#error \"larger parameters than the program before: compile this file by "
                      "itself\"\n#endif\n");
}

/* "stride 2" or "stride 2x1", nothing when both are `usual`. */
static void put_pair(Buf *out, const Step *s, const char *title, const char *first, const char *second, int usual)
{
    int a = param_int(s, first, usual), b = param_int(s, second, usual);
    if (a == usual && b == usual)
        return;
    buf_printf(out, a == b ? ", %s %d" : ", %s %dx%d", title, a, b);
}

/* What the kernel does to a sum before it stores it. */
static void put_activation(Buf *out, const Step *s)
{
    const unsigned char *lo_at = layer_param(s, "lo", true), *hi_at = layer_param(s, "hi", true);
    float lo, hi;
    if (!lo_at || !hi_at)
        return;
    memcpy(&lo, lo_at, sizeof lo);
    memcpy(&hi, hi_at, sizeof hi);
    if (isinf(lo) && isinf(hi))
        return;
    if (lo == 0 && isinf(hi)) {
        buf_puts(out, ", Relu");
        return;
    }
    buf_printf(out, ", clipped to %g..%g", (double)lo, (double)hi);
}

static bool adds_residual(const Step *s)
{
    return (s->kind == KIND_CONV || s->kind == KIND_DEPTHWISE || s->kind == KIND_GEMM) && s->in_count > 3 && s->in[3];
}

static const char *operation(Arena *a, const Step *s)
{
    Buf b = {0};
    const char *name = s->node ? s->node->op_type : "copy";
    for (int i = 0; s->expression && i + 1 < s->expression->count; i++)
        buf_printf(&b, "%s, ", s->expression->members[i].step->function);
    buf_printf(&b, "%s%s", s->kind == KIND_DEPTHWISE ? "depthwise " : "", name);
    if (s->function && strcmp(s->function, name) != 0)
        buf_printf(&b, " (%s)", s->function);
    if (layer_param(s, "kernel_h", false)) {
        buf_printf(&b, " %dx%d", param_int(s, "kernel_h", 1), param_int(s, "kernel_w", 1));
        put_pair(&b, s, "stride", "stride_h", "stride_w", 1);
        put_pair(&b, s, "dilation", "dilation_h", "dilation_w", 1);
        put_pair(&b, s, "pad", "pad_top", "pad_left", 0);
        if (s->kind == KIND_CONV && param_int(s, "group", 1) > 1)
            buf_printf(&b, ", %d groups", param_int(s, "group", 1));
    }
    buf_puts(&b, adds_residual(s) ? ", plus residual" : "");
    put_activation(&b, s);
    const char *text = arena_strdup(a, buf_text(&b));
    buf_free(&b);
    return text;
}

static const char *shapes(Arena *a, const Step *s)
{
    char shape[SHAPE_TEXT_BYTES];
    const char *text = "";
    for (int k = 0; k < s->in_count; k++)
        if (s->in[k] && !s->in[k]->is_const)
            text =
                arena_printf(a, "%s%s%s", text, *text ? ", " : "", shape_text(&s->in[k]->shape, shape, sizeof shape));
    if (s->out[0])
        text = arena_printf(a, "%s%s-> %s", text, *text ? " " : "", shape_text(&s->out[0]->shape, shape, sizeof shape));
    if (s->macs)
        text = arena_printf(a, "%s, %" PRId64 " MACs", text, s->macs);
    return text;
}

void emit_layer_comment(const Emitter *e, const Step *s, Buf *out)
{
    const char *label = s->node && s->node->name[0] ? c_comment(e->arena, s->node->name) : s->name;
    const char *first =
        arena_printf(e->arena, "/* %s: %s;", label[0] == ' ' ? label + 1 : label, operation(e->arena, s));
    const char *second = shapes(e->arena, s);
    bool one_line = strlen(first) + strlen(second) + 4 <= COLUMNS;
    buf_printf(out, "%s%s%s */\n", first, one_line ? " " : "\n * ", second);
}
