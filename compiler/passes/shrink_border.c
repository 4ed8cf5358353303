/* Constants at the image's border: where a Conv's window ends at the border, a constant input gives another constant at
 * each position there. Such a channel is an image that is known; what a Conv makes of it is a map of biases. */
#include "passes/shrink.h"

/* A map is a constant residual: it costs an addition and a constant for each element of the output, and saves a product
 * there for each channel that it stands for. */
enum { MAP_MIN_CHANNELS = 4, MAP_MAX_ELEMENTS = 8192 };

typedef struct {
    int64_t h, w, out_h, out_w, kernel_w, stride[2], dilation[2], begin[2];
} Geometry;

static bool geometry(const Product *p, Geometry *g)
{
    const int64_t *x = p->x->shape.dim, *y = p->y->shape.dim, *w = node_in(p->node, 1)->shape.dim;
    int64_t pads[4] = {0};
    *g = (Geometry){x[1], x[2], y[1], y[2], w[2], {1, 1}, {1, 1}, {0}};
    if (!node_is_adze(p->node, "Conv") || x[0] != 1)
        return false;
    int strides = node_ints(p->node, "strides", g->stride, 2),
        dilations = node_ints(p->node, "dilations", g->dilation, 2);
    int pad_count = node_ints(p->node, "pads", pads, 4);
    if ((strides != 2 && strides != -1) || (dilations != 2 && dilations != -1) || (pad_count != 4 && pad_count != -1))
        return false;
    g->begin[0] = pads[0];
    g->begin[1] = pads[1];
    return true;
}

static bool is_fixed(const Fact *f)
{
    return f->constant || f->image;
}

/* What input channel c of o's group adds to output o at a position, over the real numbers. */
static double share(const Shrink *s, const Product *p, const Geometry *g, int32_t o, int32_t c, int64_t at)
{
    Fact x = shrink_fact(s, p->x, o / p->out * p->in + c);
    double sum = 0;
    for (int64_t t = 0; t < p->taps; t++) {
        int64_t iy = at / g->out_w * g->stride[0] + t / g->kernel_w * g->dilation[0] - g->begin[0];
        int64_t ix = at % g->out_w * g->stride[1] + t % g->kernel_w * g->dilation[1] - g->begin[1];
        if (iy < 0 || iy >= g->h || ix < 0 || ix >= g->w)
            continue;
        sum += (double)product_weight(p, o, t, c) * (double)(x.image ? x.image[iy * g->w + ix] : x.value);
    }
    return sum;
}

const float *border_image(const Shrink *s, const Product *p, int32_t o)
{
    Geometry g;
    const float *residual = NULL;
    if (!geometry(p, &g) || (p->residual && !const_f32(p->residual)))
        return NULL;
    for (int32_t c = 0; c < p->in; c++) {
        Fact x = shrink_fact(s, p->x, o / p->out * p->in + c);
        if (!is_fixed(&x) && !product_ignores(p, o, c))
            return NULL;
    }
    if (p->residual)
        residual = p->residual->data;
    float *image = NEW_ARRAY(s->a, float, p->pixels);
    for (int64_t at = 0; at < p->pixels; at++) {
        double v = p->b ? (double)p->b[o] : 0;
        v += residual ? (double)residual[at * p->group * p->out + o] : 0;
        for (int32_t c = 0; c < p->in; c++)
            v += product_ignores(p, o, c) ? 0 : share(s, p, &g, o, c, at);
        image[at] = (float)(v < p->lo ? p->lo : v > p->hi ? p->hi : v);
    }
    return image;
}

bool border_map_pays(const Shrink *s, const Product *p)
{
    Geometry g;
    int32_t images = 0;
    if (p->q || !geometry(p, &g) || (p->residual && !const_f32(p->residual)) ||
        shrink_outputs(p) * p->pixels > MAP_MAX_ELEMENTS)
        return false;
    for (int32_t c = 0; c < p->group * p->in; c++)
        images += shrink_fact(s, p->x, c).image != NULL;
    return images >= MAP_MIN_CHANNELS;
}

void border_map_add(const Shrink *s, const Product *p, int32_t channel, double *map)
{
    Geometry g;
    int32_t group = channel / p->in;
    if (!geometry(p, &g))
        return;
    for (int64_t at = 0; at < p->pixels; at++)
        for (int32_t o = group * p->out; o < (group + 1) * p->out; o++)
            map[at * shrink_outputs(p) + o] += share(s, p, &g, o, channel - group * p->in, at);
}
