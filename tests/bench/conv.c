/* Times the Conv kernels of one x86 set on layers of real networks: microseconds and GFLOP/s, the best of many runs.
 * By hand: cc -std=c11 -O3 -D_POSIX_C_SOURCE=199309L -Iruntime tests/bench/conv.c -lm && taskset -c 0 ./a.out [NAME] */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "avx2/conv.h"
#include "avx2/depthwise.h"
#include "avx2/gemm.h"

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct {
    const char *name;
    int32_t h, w, c, o, kernel, stride, depthwise;
} Layer;

static const Layer layers[] = {
    {"resnet8 first 3x3 3-16 32x32", 32, 32, 3, 16, 3, 1, 0},
    {"resnet8 3x3 16-16 32x32", 32, 32, 16, 16, 3, 1, 0},
    {"resnet8 3x3 s2 16-32 32x32", 32, 32, 16, 32, 3, 2, 0},
    {"resnet8 1x1 s2 16-32 32x32", 32, 32, 16, 32, 1, 2, 0},
    {"resnet8 3x3 32-32 16x16", 16, 16, 32, 32, 3, 1, 0},
    {"resnet8 3x3 s2 32-64 16x16", 16, 16, 32, 64, 3, 2, 0},
    {"resnet8 1x1 s2 32-64 16x16", 16, 16, 32, 64, 1, 2, 0},
    {"resnet8 3x3 64-64 8x8", 8, 8, 64, 64, 3, 1, 0},
    {"kws pointwise 64-64 25x5", 25, 5, 64, 64, 1, 1, 0},
    {"kws depthwise 64 25x5", 25, 5, 64, 64, 3, 1, 1},
    {"vww first 3x3 s2 3-8 96x96", 96, 96, 3, 8, 3, 2, 0},
    {"vww depthwise 8 48x48", 48, 48, 8, 8, 3, 1, 1},
    {"vww depthwise s2 16 48x48", 48, 48, 16, 16, 3, 2, 1},
    {"vww depthwise 32 24x24", 24, 24, 32, 32, 3, 1, 1},
    {"vww depthwise 128 6x6", 6, 6, 128, 128, 3, 1, 1},
    {"vww depthwise 256 3x3", 3, 3, 256, 256, 3, 1, 1},
    {"vww pointwise 8-16 48x48", 48, 48, 8, 16, 1, 1, 0},
    {"vww pointwise 16-32 24x24", 24, 24, 16, 32, 1, 1, 0},
    {"vww pointwise 128-128 6x6", 6, 6, 128, 128, 1, 1, 0},
    {"vww pointwise 256-256 3x3", 3, 3, 256, 256, 1, 1, 0},
    {"cnn 3x3 1-16 28x28", 28, 28, 1, 16, 3, 1, 0},
    {"3x3 64-64 56x56", 56, 56, 64, 64, 3, 1, 0},
    {"1x1 256-64 56x56", 56, 56, 256, 64, 1, 1, 0},
    {"1x1 16-96 112x112", 112, 112, 16, 96, 1, 1, 0},
    {"first 3x3 s2 3-32 224x224", 224, 224, 3, 32, 3, 2, 0},
    {"depthwise 192 28x28", 28, 28, 192, 192, 3, 1, 1},
    {"depthwise 96 112x112", 112, 112, 96, 96, 3, 1, 1},
    {"3x3 512-512 7x7", 7, 7, 512, 512, 3, 1, 0},
    {"gemm 1x640x128", 1, 1, 640, 128, 1, 1, 0},
    {"gemm 1x128x128", 1, 1, 128, 128, 1, 1, 0},
    {"gemm 1x64x10", 1, 1, 64, 10, 1, 1, 0},
};

static float *numbers(size_t count)
{
    float *v = aligned_alloc(64, (count * sizeof *v + 63) / 64 * 64);
    for (size_t i = 0; i < count; i++)
        v[i] = (float)(i * 7919 % 2001) * 1e-3f - 1.0f;
    return v;
}

int main(int argc, char **argv)
{
    double resnet8 = 0.0;
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++) {
        const Layer *l = &layers[i];
        if (argc > 1 && !strstr(l->name, argv[1]))
            continue;
        const int32_t out_h = (l->h + l->stride - 1) / l->stride, out_w = (l->w + l->stride - 1) / l->stride;
        int32_t pad_h = (out_h - 1) * l->stride + l->kernel - l->h, pad_w = (out_w - 1) * l->stride + l->kernel - l->w;
        pad_h = pad_h < 0 ? 0 : pad_h; /* a 1x1 kernel with stride leaves the last row alone */
        pad_w = pad_w < 0 ? 0 : pad_w;
        const adze_conv_params p = {.batch = 1,
                                    .in_h = l->h,
                                    .in_w = l->w,
                                    .in_c = l->c,
                                    .out_h = out_h,
                                    .out_w = out_w,
                                    .out_c = l->o,
                                    .kernel_h = l->kernel,
                                    .kernel_w = l->kernel,
                                    .stride_h = l->stride,
                                    .stride_w = l->stride,
                                    .dilation_h = 1,
                                    .dilation_w = 1,
                                    .pad_top = pad_h / 2,
                                    .pad_left = pad_w / 2,
                                    .group = l->depthwise ? l->c : 1,
                                    .lo = 0.0f,
                                    .hi = INFINITY};
        const size_t taps = (size_t)(l->kernel * l->kernel * (l->depthwise ? 1 : l->c));
        const size_t out = (size_t)(out_h * out_w * l->o);
        float *x = numbers((size_t)(l->h * l->w * l->c)), *w = numbers(taps * (size_t)(l->o + 16)),
              *b = numbers((size_t)l->o), *y = numbers(out);
        const double flops = 2.0 * (double)taps * (double)out;
        const int calls = 1 + (int)(2e7 / flops);
        double best = 1e9;
        for (int r = 0; r < 60; r++) {
            const double start = seconds();
            for (int k = 0; k < calls; k++)
                if (l->depthwise)
                    adze_depthwise_f32_avx2(&p, x, w, b, NULL, y);
                else
                    adze_conv_f32_avx2(&p, x, w, b, NULL, y);
            const double took = (seconds() - start) / calls;
            best = took < best ? took : best;
        }
        printf("%-30s %9.2f us %7.1f GFLOP/s\n", l->name, best * 1e6, flops / best * 1e-9);
        const int times[8] = {1, 2, 1, 1, 1, 1, 1, 1};
        if (i < 8)
            resnet8 += times[i] * best * 1e6;
        free(x);
        free(w);
        free(b);
        free(y);
    }
    printf("resnet8's convolutions: %.1f us\n", resnet8);
    return 0;
}
