/* The coordinates of Resize. They are float, in the order of operations of ONNX Runtime: where a coordinate falls
 * between two elements, rounding decides which one mode 'nearest' takes. */
#include "ops/resize.h"

#include <math.h>
#include <string.h>

typedef float Coordinate(const ResizeAxis *a, float i);

static float asymmetric(const ResizeAxis *a, float i)
{
    return i / a->scale;
}

static float half_pixel(const ResizeAxis *a, float i)
{
    return (i + 0.5f) / a->scale - 0.5f;
}

static float pytorch_half_pixel(const ResizeAxis *a, float i)
{
    return a->out > 1 ? half_pixel(a, i) : 0.0f;
}

static float half_pixel_symmetric(const ResizeAxis *a, float i)
{
    float length = a->scale * (float)a->in, adjustment = (float)a->out / length, center = (float)a->in / 2.0f;
    return center * (1.0f - adjustment) + half_pixel(a, i);
}

static float tf_half_pixel(const ResizeAxis *a, float i)
{
    return (i + 0.5f) / a->scale;
}

static float align_corners(const ResizeAxis *a, float i)
{
    return a->out == 1 ? 0.0f : i * (float)(a->in - 1) / (float)(a->out - 1);
}

static float crop(const ResizeAxis *a, float i)
{
    float last = (float)(a->in - 1);
    if (a->out == 1)
        return 0.5f * (a->start + a->end) * last;
    return a->start * last + i * (a->end - a->start) * last / (float)(a->out - 1);
}

static Coordinate *coordinate_of(OpContext *c, const Node *n)
{
    static const struct {
        const char *name;
        Coordinate *function;
    } modes[] = {{"half_pixel", half_pixel},
                 {"pytorch_half_pixel", pytorch_half_pixel},
                 {"half_pixel_symmetric", half_pixel_symmetric},
                 {"asymmetric", asymmetric},
                 {"tf_half_pixel_for_nn", tf_half_pixel},
                 {"align_corners", align_corners},
                 {"tf_crop_and_resize", crop}};
    const char *name = n->version < 11 ? "asymmetric" : node_string(n, "coordinate_transformation_mode", "half_pixel");
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (!strcmp(modes[i].name, name))
            return modes[i].function;
    node_error(c, n, "its coordinate_transformation_mode is %s; supported: those of ONNX 19",
               diag_quote(c->scratch, name));
    return NULL;
}

static float round_prefer_floor(float x)
{
    return x == floorf(x) + 0.5f ? floorf(x) : roundf(x);
}

/* The index before it is cut to the axis. */
static bool nearest(OpContext *c, const Node *n, const ResizeAxis *a, float x, float *out)
{
    const char *mode = node_string(n, "nearest_mode", "round_prefer_floor");
    if (n->version < 11)
        *out = a->scale < 1 ? ceilf(x) : truncf(x);
    else if (!strcmp(mode, "round_prefer_floor"))
        *out = round_prefer_floor(x);
    else if (!strcmp(mode, "round_prefer_ceil"))
        *out = roundf(x);
    else if (!strcmp(mode, "floor"))
        *out = floorf(x);
    else if (!strcmp(mode, "ceil"))
        *out = ceilf(x);
    else
        return node_error(c, n, "its nearest_mode is %s; supported: those of ONNX", diag_quote(c->scratch, mode));
    return true;
}

static int32_t cut(float x, int64_t in)
{
    return x > 0 ? x < (float)(in - 1) ? (int32_t)x : (int32_t)(in - 1) : 0;
}

static void linear(const ResizeAxis *a, float x, int32_t *index, float *weight)
{
    x = x > 0 ? fminf(x, (float)(a->in - 1)) : 0.0f;
    index[0] = cut(floorf(x), a->in);
    index[1] = index[0] + 1 < a->in ? index[0] + 1 : index[0];
    weight[1] = index[1] == index[0] ? 0.0f : x - (float)index[0];
    weight[0] = 1.0f - weight[1];
}

static void cubic(const Node *n, const ResizeAxis *a, float x, int32_t *index, float *weight)
{
    float k = node_float(n, "cubic_coeff_a", -0.75f), first = floorf(x), s = x - first, r = 1.0f - s, sum = 0.0f;
    bool exclude = node_int(n, "exclude_outside", 0) != 0;
    weight[0] = ((k * (s + 1.0f) - 5.0f * k) * (s + 1.0f) + 8.0f * k) * (s + 1.0f) - 4.0f * k;
    weight[1] = ((k + 2.0f) * s - (k + 3.0f)) * s * s + 1.0f;
    weight[2] = ((k + 2.0f) * r - (k + 3.0f)) * r * r + 1.0f;
    weight[3] = ((k * (r + 1.0f) - 5.0f * k) * (r + 1.0f) + 8.0f * k) * (r + 1.0f) - 4.0f * k;
    for (int t = 0; t < 4; t++) {
        float at = first + (float)(t - 1);
        if (exclude && (at < 0 || at >= (float)a->in))
            weight[t] = 0.0f;
        sum += weight[t];
        index[t] = cut(at, a->in);
    }
    for (int t = 0; exclude && t < 4; t++)
        weight[t] /= sum;
}

bool resize_table(OpContext *c, const Node *n, const ResizeAxis *a, Arena *arena, ResizeTable *out)
{
    const char *mode = node_string(n, "mode", "nearest");
    bool is_nearest = !strcmp(mode, "nearest"), is_cubic = !strcmp(mode, "cubic");
    Coordinate *coordinate = coordinate_of(c, n);
    if (!coordinate)
        return false;
    if (!is_nearest && !is_cubic && strcmp(mode, "linear") && strcmp(mode, "bilinear"))
        return node_error(c, n, "its mode is %s; supported: nearest, linear, cubic", diag_quote(c->scratch, mode));
    *out = (ResizeTable){.taps = is_nearest ? 1 : is_cubic ? 4 : 2};
    out->index = NEW_ARRAY(arena, int32_t, (size_t)a->out * (size_t)out->taps);
    out->weight = NEW_ARRAY(arena, float, (size_t)a->out *(size_t)out->taps);
    for (int64_t i = 0; i < a->out; i++) {
        int32_t *index = out->index + i * out->taps;
        float *weight = out->weight + i * out->taps, x = coordinate(a, (float)i), at = 0;
        if (coordinate == crop && (x < 0 || x > (float)(a->in - 1))) {
            index[0] = -1;
            out->outside = true;
        } else if (is_cubic) {
            cubic(n, a, x, index, weight);
        } else if (!is_nearest) {
            linear(a, x, index, weight);
        } else {
            if (!nearest(c, n, a, x, &at))
                return false;
            index[0] = cut(at, a->in);
            weight[0] = 1.0f;
        }
    }
    return true;
}
