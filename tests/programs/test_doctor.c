/* Quantisation as its user meets it: what the doctor measures, and that each planted fault is named. $ADZE is the
 * program. */
#include "tests/support/tools.h"

#include "base/io.h"
#include "base/npy.h"

#include <check.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Arena *keep;
static Diag *diag;
static const char *adze, *lab, *fashion;

enum { SAMPLES = 64, ELEMENTS = 4 * 36 };
#define NORMALISE "--preprocess '(x/255-0.2860)/0.3530'"
#define PLAIN "--calibration-method minmax --no-rounding --no-bias-correction --no-equalisation"

static void must(bool ok)
{
    if (!ok)
        abort();
}

/* Samples of [4,6,6] between -1 and 1, times a factor. */
static void save_samples(const char *name, float factor)
{
    float *x = NEW_ARRAY(keep, float, SAMPLES *ELEMENTS);
    uint32_t seed = 1;
    for (int i = 0; i < SAMPLES * ELEMENTS; i++) {
        seed = seed * 1664525u + 1013904223u;
        x[i] = factor * (float)((double)(seed >> 8) / (1 << 23) - 1);
    }
    Tensor t = {DT_F32, {4, {SAMPLES, 4, 6, 6}}, x};
    must(npy_write(diag, io_join(keep, lab, name), &t));
}

static void save_model(const char *name, const char *body)
{
    const char *text = arena_printf(keep,
                                    "graph \"%s\" opset \"\" 13 {\n input %%x: f32[1,4,6,6]\n"
                                    " const %%w: f32[4,4,1,1] = random(3)\n const %%w2: f32[4,4,1,1] = random(4)\n"
                                    " const %%b: f32[4] = [0.1, 0.2, -0.1, 0]\n%s}\n",
                                    name, body);
    must(io_write(diag, io_join(keep, lab, arena_printf(keep, "%s.txt", name)), text, strlen(text)));
}

static json_t *doctor(const char *arguments)
{
    ShellResult r = shell(keep, lab, "%s doctor --json %s", adze, arguments);
    ck_assert_msg(r.status == 0, "%s: %s", arguments, r.err);
    json_t *root = json_loads(r.out, 0, NULL);
    ck_assert_ptr_nonnull(root);
    return root;
}

static double number(json_t *o, const char *key)
{
    json_t *n = json_object_get(o, key);
    ck_assert_msg(json_is_number(n), "%s is missing", key);
    return json_number_value(n);
}

/* The cause that is named for a layer, "" for none. */
static const char *cause_of(json_t *root, const char *layer)
{
    size_t i;
    json_t *l;
    json_array_foreach(json_object_get(root, "layers"), i,
                       l) if (strcmp(json_string_value(json_object_get(l, "name")), layer) == 0)
    {
        const char *cause = json_string_value(json_object_get(l, "cause"));
        return cause ? cause : "";
    }
    ck_abort_msg("no layer %s", layer);
}

#define CONV " %c = Conv(%x, %w, %b) name \"conv\"\n"

/* The squares and what keeps them above 0 are rounded to steps that are far larger than the small ones. */
#define SQUARE                                                                                                         \
    CONV " const %eps: f32[] = [0.0001]\n %s = Mul(%c, %c) name \"square\"\n %e = Add(%s, %eps) name \"floor\"\n"

typedef struct {
    const char *name, *body, *arguments, *layer, *cause;
} Fault;

static const Fault faults[] = {
    {"healthy", CONV " %y = Sigmoid(%c) name \"act\"\n output %y\n", "--calibrate x.npy", "conv", ""},
    {"outlier",
     " const %k: f32[4,4,1,1] = [100,0,0,0, 0,1,0,0, 0,0,1,0, 0,0,0,1]\n %c = Conv(%x, %k, %b) name \"conv\"\n"
     " %y = Sigmoid(%c) name \"act\"\n output %y\n",
     "--calibrate x.npy", "conv", "outlier channel"},
    {"wide", CONV " %y = Sigmoid(%c) name \"act\"\n output %y\n", "--calibrate x.npy --range c=-500,500", "conv",
     "wrong range"},
    {"clipped", CONV " %y = Sigmoid(%c) name \"act\"\n output %y\n", "--calibrate small.npy --data x.npy", "x",
     "saturated range"},
    {"narrow", CONV " %y = Sigmoid(%c) name \"act\"\n output %y\n", "--calibrate x.npy --range c=-0.1,0.1", "conv",
     "saturated range"},
    {"misaligned",
     " const %k: f32[] = [200]\n" CONV " %d = Mul(%c, %k) name \"scale\"\n %e = Conv(%x, %w2) name \"other\"\n"
     " %y = Add(%d, %e) name \"add\"\n output %y\n",
     "--calibrate x.npy", "add", "misaligned scales"},
    {"bias",
     " const %k: f32[4,4,1,1] = fill(1e-9)\n const %big: f32[4] = fill(3)\n"
     " %c = Conv(%x, %k, %big) name \"conv\"\n %y = Sigmoid(%c) name \"act\"\n output %y\n",
     "--calibrate x.npy", "conv", "bias overflow"},
    {"concat",
     " const %k: f32[] = [200]\n" CONV " %d = Mul(%c, %k) name \"scale\"\n %e = Conv(%x, %w2) name \"other\"\n"
     " %y = Concat(%d, %e) {axis=1} name \"cat\"\n output %y\n",
     "--calibrate x.npy", "cat", "misaligned scales"},
    {"dead",
     " const %neg: f32[4] = [-100, 0, 0, 0]\n %c = Conv(%x, %w, %neg) name \"conv\"\n %r = Relu(%c) name \"relu\"\n"
     " %y = Sigmoid(%r) name \"act\"\n output %y\n",
     "--calibrate x.npy", "relu", "dead channel"},
    {"log", SQUARE " %y = Log(%e) name \"log\"\n output %y\n", "--calibrate x.npy", "log", "amplified error"},
    {"root",
     CONV " %s = Mul(%c, %c) name \"square\"\n %q = Mul(%s, %s) name \"fourth\"\n %z = Mul(%q, %q) name \"eighth\"\n"
          " %y = Sqrt(%z) name \"root\"\n output %y\n",
     "--calibrate x.npy", "root", "amplified error"},
    {"cancels",
     CONV " const %k: f32[] = [0.01]\n %d = Conv(%x, %w2) name \"other\"\n %f = Mul(%d, %k) name \"small\"\n"
          " %g = Add(%c, %f) name \"sum\"\n %y = Sub(%g, %c) name \"difference\"\n output %y\n",
     "--calibrate x.npy", "difference", "amplified error"},
    {"unheard", /* the Log is as wrong, but what is added of it is as small */
     SQUARE " const %k: f32[] = [0.001]\n %l = Log(%e) name \"log\"\n %m = Mul(%l, %k) name \"small\"\n"
            " %y = Add(%c, %m) name \"add\"\n output %y\n",
     "--calibrate x.npy", "log", ""},
};
enum { FAULTS = sizeof faults / sizeof *faults };

START_TEST(planted_faults_are_named)
{
    const Fault *f = &faults[_i];
    save_model(f->name, f->body);
    json_t *root = doctor(arena_printf(keep, "%s.txt %s", f->name, f->arguments));
    ck_assert_msg(strcmp(cause_of(root, f->layer), f->cause) == 0, "%s: %s is said to have '%s'", f->name, f->layer,
                  cause_of(root, f->layer));
    json_decref(root);
}
END_TEST

/* By the name of the fault: the repair that is said, and the decibels that it gains at least. */
static const struct {
    const char *name, *arguments, *said;
    double gain;
} repairs[] = {
    {"clipped", "", "--widest x", 6},
    {"narrow", "", "--widest conv", 6},
    {"wide", "", "--widest conv", 6},
    {"outlier", "", "--keep-float conv", 3},
    {"rescaled", "--no-equalisation", "without --no-equalisation", 6},
    {"bias", "", "--keep-float conv", 0},
    {"misaligned", "", "--keep-float add", 0.5},
    {"concat", "", "--keep-float cat", 0.5},
    {"log", "", "--keep-float square", 15},
    {"root", "", "--keep-float eighth", 10},
    {"cancels", "", "--keep-float sum", 20},
};
enum { REPAIRS = sizeof repairs / sizeof *repairs };

/* Channels of 1/15, 1, 1, 30: behind Relu, a depthwise convolution can take them in one range. */
static const Fault rescaled = {
    "rescaled",
    " const %k: f32[4,4,1,1] = [30,0,0,0, 0,1,0,0, 0,0,1,0, 0,0,0,1]\n %c = Conv(%x, %k) name \"conv\"\n"
    " %r = Relu(%c) name \"relu\"\n const %d: f32[4,1,1,1] = [0.03, 1, 1, 1]\n"
    " %y = Conv(%r, %d) {group=4} name \"depthwise\"\n output %y\n",
    "--calibrate x.npy", "relu", "outlier channel"};

static const Fault *fault_of(const char *name)
{
    for (size_t i = 0; i < FAULTS; i++)
        if (strcmp(faults[i].name, name) == 0)
            return &faults[i];
    return &rescaled;
}

START_TEST(fix_repairs)
{
    const Fault *f = fault_of(repairs[_i].name);
    save_model(f->name, f->body);
    const char *arguments = arena_printf(keep, "%s.txt %s %s --fix", f->name, f->arguments, repairs[_i].arguments);
    ShellResult r = shell(keep, lab, "%s doctor %s", adze, arguments);
    ck_assert_msg(strstr(r.out, repairs[_i].said) != NULL, "%s: %s", r.out, r.err);
    json_t *root = doctor(arguments);
    ck_assert_double_ge(number(root, "repairs"), 1);
    ck_assert_double_ge(number(root, "sqnr_fixed_db"), number(root, "sqnr_db") + repairs[_i].gain);
    json_decref(root);
}
END_TEST

static const char *text(json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    ck_assert_msg(s != NULL, "%s is missing", key);
    return s;
}

/* Whose input lost what, in numbers, ahead of layers that cost more alone; and on the page. */
START_TEST(an_amplified_error_names_its_source)
{
    const Fault *f = fault_of("log");
    size_t i;
    json_t *l, *found = NULL;
    save_model(f->name, f->body);
    json_t *root = doctor("log.txt --calibrate x.npy");
    json_array_foreach(json_object_get(root, "layers"), i, l) if (json_object_get(l, "amplified")) found = l;
    ck_assert_ptr_nonnull(found);
    json_t *a = json_object_get(found, "amplified");
    ck_assert_str_eq(text(found, "name"), "log");
    ck_assert_str_eq(text(a, "reads"), "floor");
    ck_assert_double_gt(number(a, "reads_sqnr_db"), number(found, "sqnr_db") + 20);
    ck_assert_double_gt(number(a, "sqnr_unrounded_db"), number(found, "sqnr_db") + 15);
    ck_assert(number(a, "below_one_step") > 0.1 && number(a, "below_one_step") < 0.4);
    json_decref(root);
    ShellResult r = shell(keep, lab, "%s doctor log.txt --calibrate x.npy -o log.html && cat log.html", adze);
    const char *first = strstr(r.out, "what costs most:\n  log (Log): ");
    ck_assert_msg(first && strstr(first, "amplified error; 'floor' has "), "%s: %s", r.out, r.err);
    ck_assert_ptr_nonnull(strstr(r.out, "<td>amplified error</td>"));
}
END_TEST

/* Log of what is rounded to 0 is infinite, and float behind it NaN: that is no exact result. */
START_TEST(a_result_that_is_not_a_number_is_the_worst)
{
    save_model("infinite", SQUARE " %l = Log(%e) name \"log\"\n const %axes: i64[1] = [1]\n"
                                  " %m = ReduceMax(%l) {axes=[1]} name \"most\"\n %n = Sub(%l, %l) name \"none\"\n"
                                  " %o = Add(%n, %m) name \"add\"\n %y = Sigmoid(%o) name \"act\"\n output %y\n");
    json_t *root = doctor("infinite.txt --calibrate x.npy --keep-float log --keep-float none --keep-float add --fix");
    ck_assert_double_eq(number(root, "sqnr_db"), -200);
    ck_assert_double_gt(number(root, "sqnr_fixed_db"), 20);
    json_decref(root);
}
END_TEST

START_TEST(the_page_has_a_bar_for_each_layer)
{
    save_model("page", faults[4].body);
    ShellResult r = shell(keep, lab, "%s doctor page.txt %s -o page.html && cat page.html", adze, faults[4].arguments);
    ck_assert_msg(r.status == 0, "%s", r.err);
    ck_assert_ptr_nonnull(strstr(r.out, "<svg"));
    ck_assert_ptr_nonnull(strstr(r.out, "saturated range"));
    size_t bars = 0;
    for (const char *at = r.out; (at = strstr(at, "class=\"all\"")); at++)
        bars++;
    ck_assert_uint_eq(bars, 3); /* x, conv, act */
    ck_assert(!strstr(r.out, "http") && !strstr(r.out, "<script"));
}
END_TEST

/* Channel 0 is small in the few samples that calibrate, and larger in what comes then. */
static void save_few(const char *name, int samples, float first, float step)
{
    float *x = NEW_ARRAY(keep, float, SAMPLES *ELEMENTS);
    uint32_t seed = 7;
    for (int i = 0; i < samples * ELEMENTS; i++) {
        seed = seed * 1664525u + 1013904223u;
        float factor = i % ELEMENTS < 36 ? first + step * (float)(i / ELEMENTS) : 1;
        x[i] = factor * (float)((double)(seed >> 8) / (1 << 23) - 1);
    }
    Tensor t = {DT_F32, {4, {samples, 4, 6, 6}}, x};
    must(npy_write(diag, io_join(keep, lab, name), &t));
}

START_TEST(few_samples_do_not_saturate_the_next)
{
    save_few("few.npy", 5, 0.02f, 0.02f);
    save_few("next.npy", 8, 0.25f, 0);
    save_model("few", " const %k: f32[4,4,1,1] = [1,0,0,0, 0,1,0,0, 0,0,1,0, 0,0,0,1]\n"
                      " const %d: f32[4,1,3,3] = random(5)\n %c = Conv(%x, %k) name \"conv\"\n"
                      " %r = Relu(%c) name \"relu\"\n %y = Conv(%r, %d) {group=4} name \"depthwise\"\n output %y\n");
    json_t *all = doctor("few.txt --calibrate few.npy --data next.npy");
    json_t *none = doctor("few.txt --calibrate few.npy --data next.npy --no-equalisation");
    json_t *seen = doctor("few.txt --calibrate few.npy --no-equalisation --calibration-method minmax");
    json_t *with = doctor("few.txt --calibrate few.npy --calibration-method minmax");
    ck_assert_double_ge(number(all, "sqnr_db"), number(none, "sqnr_db") - 1);
    ck_assert_double_ge(number(with, "sqnr_db"), number(seen, "sqnr_db"));
    json_decref(all), json_decref(none), json_decref(seen), json_decref(with);
}
END_TEST

static double fashion_sqnr(const char *options)
{
    json_t *root = doctor(arena_printf(keep, "%s/fashion.onnx --calibrate %s/calibration.npy " NORMALISE " %s", fashion,
                                       fashion, options));
    double db = number(root, "sqnr_db");
    json_decref(root);
    return db;
}

START_TEST(methods_earn_their_cost)
{
    double plain = fashion_sqnr(PLAIN), all = fashion_sqnr("");
    ck_assert_double_ge(all, 34);
    ck_assert_double_ge(all, plain + 8);
    ck_assert_double_ge(fashion_sqnr("--quantize w4"), fashion_sqnr("--quantize w4 --no-rounding") + 4);
    ck_assert_double_ge(all, fashion_sqnr("--no-equalisation") + 4);
    ck_assert_double_ge(fashion_sqnr("--calibration-method mse"), plain + 8);
    ck_assert_double_ge(fashion_sqnr("--calibration-method minmax"), plain + 8);
}
END_TEST

/* Of nine blocks of 16 inputs, one has weights that are ten times those of the others; Add has its row in front. */
static void save_blocks(void)
{
    save_model("blocks", " const %flat: i64[2] = [1, 144]\n const %first: f32[16,24] = random(5)\n"
                         " const %others: f32[128,24] = random(6)\n const %tenth: f32[] = [0.1]\n"
                         " const %row: f32[24] = random(7)\n %f = Reshape(%x, %flat)\n"
                         " %small = Mul(%others, %tenth)\n %all = Concat(%first, %small) {axis=0}\n"
                         " %p = MatMul(%f, %all) name \"product\"\n %y = Add(%row, %p)\n output %y\n");
}

static int layer_bytes(json_t *root)
{
    size_t i, sum = 0;
    json_t *l;
    json_array_foreach(json_object_get(root, "layers"), i, l) sum += (size_t)number(l, "weight_bytes");
    return (int)sum;
}

START_TEST(groups_keep_small_weights)
{
    save_blocks();
    json_t *one = doctor("blocks.txt --calibrate x.npy --quantize w4 --no-rounding");
    json_t *sixteen = doctor("blocks.txt --calibrate x.npy --quantize w4 --no-rounding --group 16");
    ck_assert_double_ge(number(sixteen, "sqnr_db"), number(one, "sqnr_db") + 6);
    ck_assert_int_eq(layer_bytes(one), 144 * 24 / 2 + 8 * 24);
    ck_assert_int_eq(layer_bytes(sixteen), 144 * 24 / 2 + 8 * 24 + 2 * 24 * 9);
    json_decref(one), json_decref(sixteen);
}
END_TEST

static void save_image(void)
{
    float image[28 * 28];
    for (int i = 0; i < 28 * 28; i++)
        image[i] = (float)(i % 29) / 14 - 0.8f;
    must(npy_write(diag, io_join(keep, lab, "image.npy"), &(Tensor){DT_F32, {4, {1, 1, 28, 28}}, image}));
}

/* Conv of 3x3 and Gemm, with kernels that unpack the groups. */
START_TEST(groups_are_the_same_on_every_target)
{
    static const char *const targets[] = {"host", "cortex-m4", "cortex-m0plus", "rv32imc"};
    save_image();
    const char *options = arena_printf(
        keep, "%s/fashion.onnx --quantize w4 --group 16 --calibrate %s/calibration.npy -i image.npy " NORMALISE,
        fashion, fashion);
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        ShellResult r = shell(keep, lab, "%s run %s -t %s -o group-%s.npy", adze, options, targets[i], targets[i]);
        if (r.status == 5)
            continue;
        ck_assert_msg(r.status == 0, "%s: %s", targets[i], r.err);
        r = shell(keep, lab, "cmp group-host.npy group-%s.npy", targets[i]);
        ck_assert_msg(r.status == 0, "%s: %s", targets[i], r.out);
    }
    ShellResult r = shell(keep, lab,
                          "%s compile %s/fashion.onnx -t cortex-m4 --quantize w4 --group 16 --calibrate "
                          "%s/calibration.npy " NORMALISE " -o groups && cat groups/fashion.json",
                          adze, fashion, fashion);
    ck_assert_msg(strstr(r.out, "qconv_i4g_dsp") && strstr(r.out, "qgemm_i4g_dsp"), "%s%s", r.out, r.err);
}
END_TEST

static json_t *mixed(const char *budget)
{
    return doctor(arena_printf(keep, "%s/fashion.onnx --calibrate %s/calibration.npy " NORMALISE " --quantize mixed %s",
                               fashion, fashion, budget));
}

/* How many layers have so many bits; each is to have a reason. */
static size_t with_bits(json_t *root, int bits)
{
    size_t i, count = 0;
    json_t *f;
    json_array_foreach(json_object_get(root, "formats"), i, f)
    {
        ck_assert_ptr_nonnull(strstr(json_string_value(json_object_get(f, "reason")), "dB alone"));
        count += (int)number(f, "weight_bits") == bits;
    }
    return count;
}

START_TEST(mixed_keeps_its_budget)
{
    double eight = fashion_sqnr(""), four = fashion_sqnr("--quantize w4");
    json_t *fine = mixed(arena_printf(keep, "--min-sqnr %.2f", eight + 1));
    ck_assert_double_ge(number(fine, "sqnr_db"), eight + 1);
    ck_assert_uint_ge(with_bits(fine, 32), 1);
    ck_assert_uint_eq(with_bits(fine, 4), 0);
    json_t *coarse = mixed(arena_printf(keep, "--min-sqnr %.2f", (eight + four) / 2));
    ck_assert_double_ge(number(coarse, "sqnr_db"), (eight + four) / 2);
    ck_assert_uint_ge(with_bits(coarse, 4), 1);
    ck_assert_uint_eq(with_bits(coarse, 32), 0);
    json_t *fewer = mixed(arena_printf(keep, "--max-weights %d", (int)number(coarse, "weight_bytes")));
    ck_assert_double_le(number(fewer, "weight_bytes"), number(coarse, "weight_bytes"));
    json_decref(fine), json_decref(coarse), json_decref(fewer);
}
END_TEST

/* The layers that read a layer of 4 bits keep theirs. */
START_TEST(mixed_takes_one_layer_alone)
{
    json_t *eight =
        doctor(arena_printf(keep, "%s/fashion.onnx --calibrate %s/calibration.npy " NORMALISE, fashion, fashion));
    const int bytes = (int)number(eight, "weight_bytes");
    json_t *one = mixed(arena_printf(keep, "--max-weights %d", bytes - 1));
    ck_assert_uint_eq(with_bits(one, 4), 1);
    json_t *f = json_array_get(json_object_get(one, "formats"), 0), *layers = json_object_get(one, "layers");
    const char *said = strstr(json_string_value(json_object_get(f, "reason")), "alone, ");
    ck_assert_int_lt((int)number(one, "weight_bytes"), bytes);
    ck_assert_int_eq(layer_bytes(one), layer_bytes(eight) - atoi(said + strlen("alone, ")));
    size_t fewer = 0;
    for (size_t i = 0; i < json_array_size(layers); i++)
        fewer += number(json_array_get(layers, i), "weight_bytes") <
                 number(json_array_get(json_object_get(eight, "layers"), i), "weight_bytes");
    ck_assert_uint_eq(fewer, 1);
    json_decref(eight), json_decref(one);
}
END_TEST

/* Where the target has no float unit, or the DSP extension, or weights are counted. */
static const char *const counting[] = {"-t cortex-m0plus", "-t cortex-m4", "--max-weights 200000"};

START_TEST(mixed_gives_16_bits)
{
    double eight = fashion_sqnr("");
    json_t *fine = mixed(arena_printf(keep, "--min-sqnr %.2f %s", eight + 1, counting[_i]));
    ck_assert_double_ge(number(fine, "sqnr_db"), eight + 1);
    size_t i, sixteen = 0;
    json_t *f;
    json_array_foreach(json_object_get(fine, "formats"), i, f) sixteen += number(f, "activation_bits") == 16;
    ck_assert_uint_ge(sixteen, 1);
    ck_assert_uint_eq(sixteen, json_array_size(json_object_get(fine, "formats")));
    ck_assert_double_le(number(fine, "weight_bytes"), 200000);
    json_decref(fine);
}
END_TEST

START_TEST(mixed_gives_float_beside_16_bits)
{
    const double sixteen = fashion_sqnr("--quantize int16x8");
    json_t *finer = mixed(arena_printf(keep, "--min-sqnr %.2f --max-weights 200000", sixteen + 1));
    ck_assert_double_ge(number(finer, "sqnr_db"), sixteen + 1);
    size_t i, count[17] = {0};
    json_t *f;
    json_array_foreach(json_object_get(finer, "formats"), i, f)
    {
        const int bits = (int)number(f, "activation_bits");
        ck_assert_int_eq((int)number(f, "weight_bits"), bits == 16 ? 8 : 16);
        count[bits]++;
    }
    ck_assert_uint_ge(count[0], 1);
    ck_assert_uint_ge(count[16], 1);
    json_decref(finer);
}
END_TEST

/* Neither step in floats between 8 and 16 bits, nor other bytes on another target. */
START_TEST(sixteen_bits_are_the_same_on_every_target)
{
    static const char *const targets[] = {"host", "cortex-m4", "cortex-m0plus", "rv32imc"};
    const char *options = arena_printf(keep,
                                       "%s/fashion.onnx --quantize mixed --min-sqnr %.2f --max-weights 200000 "
                                       "--calibrate %s/calibration.npy " NORMALISE,
                                       fashion, fashion_sqnr("") + 1, fashion);
    save_image();
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        ShellResult r =
            shell(keep, lab, "%s run %s -i image.npy -t %s -o sixteen-%s.npy", adze, options, targets[i], targets[i]);
        if (r.status == 5)
            continue;
        ck_assert_msg(r.status == 0, "%s: %s", targets[i], r.err);
        r = shell(keep, lab, "cmp sixteen-host.npy sixteen-%s.npy", targets[i]);
        ck_assert_msg(r.status == 0, "%s: %s", targets[i], r.out);
    }
    ShellResult r =
        shell(keep, lab, "%s compile %s -t cortex-m0plus -o sixteen && cat sixteen/fashion.json", adze, options);
    ck_assert_msg(strstr(r.out, "requantize_i8_i16") && strstr(r.out, "requantize_i16_i8"), "%s%s", r.out, r.err);
    ck_assert_msg(strstr(r.out, "\"float_steps\": 2,") != NULL, "%s", r.out);
}
END_TEST

/* Two scores a hundredth apart, of which 8 bits make one. */
static void save_close_scores(void)
{
    static int64_t labels[SAMPLES];
    for (int i = 0; i < SAMPLES; i++)
        labels[i] = 1;
    must(npy_write(diag, io_join(keep, lab, "ones.npy"), &(Tensor){DT_I64, {1, {SAMPLES}}, labels}));
    must(npy_write(diag, io_join(keep, lab, "few-labels.npy"), &(Tensor){DT_I64, {1, {SAMPLES - 1}}, labels}));
    labels[0] = 144;
    must(npy_write(diag, io_join(keep, lab, "labels144.npy"), &(Tensor){DT_I64, {1, {SAMPLES}}, labels}));
    save_model("close", " const %flat: i64[2] = [1, 144]\n const %v: f32[144,2] = fill(0.1)\n"
                        " const %c: f32[2] = [0, 0.01]\n %f = Reshape(%x, %flat)\n"
                        " %y = Gemm(%f, %v, %c) name \"scores\"\n output %y\n");
}

START_TEST(mixed_keeps_the_accuracy)
{
    static const char *const targets[] = {"host", "cortex-m0plus"};
    static const int bits[] = {0, 16};
    save_close_scores();
    json_t *eight = doctor("close.txt --calibrate x.npy --calibrate-labels ones.npy");
    ck_assert_int_eq((int)number(eight, "labelled"), SAMPLES);
    ck_assert_int_eq((int)number(eight, "float_correct"), SAMPLES);
    ck_assert_int_lt((int)number(eight, "correct"), SAMPLES * 9 / 10);
    json_t *kept = doctor(arena_printf(keep,
                                       "close.txt --calibrate x.npy --calibrate-labels ones.npy --quantize mixed "
                                       "--max-loss 2 -t %s",
                                       targets[_i]));
    ck_assert_int_ge((int)number(kept, "correct"), SAMPLES - SAMPLES * 2 / 100);
    ck_assert_int_eq((int)number(json_array_get(json_object_get(kept, "formats"), 0), "activation_bits"), bits[_i]);
    json_decref(eight), json_decref(kept);
}
END_TEST

START_TEST(mixed_compiles_to_what_was_chosen)
{
    json_t *chosen = mixed("--max-weights 60000");
    ShellResult r = shell(keep, lab,
                          "%s compile %s/fashion.onnx --quantize mixed --max-weights 60000 --calibrate "
                          "%s/calibration.npy " NORMALISE " -o mixed && cat mixed/fashion.json",
                          adze, fashion, fashion);
    ck_assert_msg(r.status == 0, "%s", r.err);
    ck_assert_uint_ge(with_bits(chosen, 4), 1);
    ck_assert_ptr_nonnull(strstr(r.out, "weights of 4 bits"));
    ck_assert_int_le((int)number(chosen, "weight_bytes"), 60000);
    const char *bytes = arena_printf(keep, "\"weight_bytes\": %d,", (int)number(chosen, "weight_bytes"));
    ck_assert_msg(strstr(r.out, bytes) != NULL, "no %s in %s", bytes, r.out);
    json_decref(chosen);
}
END_TEST

START_TEST(mixed_says_when_no_choice_serves)
{
    static const char *const bad[][2] = {{"--max-weights 10", "--max-weights"},
                                         {"--min-sqnr 300", "--min-sqnr"},
                                         {"--min-sqnr 300 --max-weights 20", "--max-weights: "}};
    save_model("model", CONV " %y = Sigmoid(%c)\n output %y\n");
    ShellResult r =
        shell(keep, lab, "%s compile model.txt -o out --quantize mixed --calibrate x.npy %s", adze, bad[_i][0]);
    ck_assert_msg(r.status == 4, "%d: %s", r.status, r.err);
    ck_assert_ptr_nonnull(strstr(r.err, bad[_i][1]));
}
END_TEST

START_TEST(the_same_bytes_again)
{
    const char *command =
        arena_printf(keep,
                     "%s compile %s/fashion.onnx --quantize int8 --calibrate %s/calibration.npy " NORMALISE
                     " --stop-after calibrate --dump-after calibrate",
                     adze, fashion, fashion);
    ShellResult a = shell(keep, lab, "%s", command), b = shell(keep, lab, "%s", command);
    ck_assert_msg(a.status == 0, "%s", a.err);
    ck_assert_str_eq(a.out, b.out);
    ck_assert_ptr_nonnull(strstr(a.out, "QuantizeLinear"));
}
END_TEST

START_TEST(misuse_is_named)
{
    static const char *const bad[][2] = {
        {"--quantize int8", "--quantize needs data"},
        {"--calibrate x.npy", "--calibrate without --quantize"},
        {"--quantize int8 --calibrate nan.npy", "holds NaN"},
        {"--quantize int8 --calibrate shape.npy", "does not hold samples for input"},
        {"--quantize int8 --calibrate absent.npy", "absent.npy"},
        {"--quantize int8 --calibrate integers.npy", "holds i32"},
        {"--quantize int8 --calibrate none.npy", "holds no samples"},
        {"--quantize int8 --calibrate infinite.npy", "an infinity"},
        {"--quantize int8 --calibrate folder", "folder"},
        {"--quantize mixed --calibrate x.npy", "needs a budget"},
        {"--quantize int8 --calibrate x.npy --min-sqnr 30", "are for --quantize mixed"},
        {"--quantize int8 --calibrate x.npy --group 32", "--group is for weights of 4 bits"},
        {"--quantize int8 --calibrate x.npy --max-loss 1", "are for --quantize mixed"},
        {"--quantize mixed --calibrate x.npy --max-loss 1", "--calibrate-labels Y.npy"},
        {"--quantize mixed --calibrate x.npy --calibrate-labels ones.npy --max-loss -1", "points from 0 to 100"},
        {"--quantize mixed --calibrate x.npy --calibrate-labels few-labels.npy --max-loss 1", "63 labels"},
        {"--quantize mixed --calibrate x.npy --calibrate-labels x.npy --max-loss 1", "labels of type f32"},
        {"--quantize mixed --calibrate x.npy --calibrate-labels absent.npy --max-loss 1", "absent.npy"},
        {"--quantize mixed --calibrate x.npy --calibrate-labels labels144.npy --max-loss 1", "label 144 of sample 0"},
        {"--quantize w4 --calibrate x.npy --group 12", "--group 12: a multiple of 4 from 16 to 256"},
        {"--quantize w4 --calibrate x.npy --group 260", "--group 260"},
        {"--quantize w4 --calibrate x.npy --group 18", "--group 18"},
        {"--quantize int9 --calibrate x.npy", "is none of"},
    };
    save_model("model", CONV " %y = Sigmoid(%c)\n output %y\n");
    save_close_scores();
    ShellResult r = shell(keep, lab, "%s compile model.txt -o out %s", adze, bad[_i][0]);
    ck_assert_int_ne(r.status, 0);
    ck_assert_msg(strstr(r.err, bad[_i][1]) != NULL, "%s: %s", bad[_i][0], r.err);
    ck_assert(!io_exists(io_join(keep, lab, "out")));
}
END_TEST

START_TEST(inspect_shows_the_quantised_program)
{
    ShellResult r = shell(keep, lab,
                          "%s inspect %s/fashion.onnx -t cortex-m4 --quantize int8 --calibrate "
                          "%s/calibration.npy " NORMALISE,
                          adze, fashion, fashion);
    ck_assert_msg(r.status == 0, "%s", r.err);
    ck_assert_msg(strstr(r.out, "qconv") != NULL, "%s", r.out);
}
END_TEST

START_TEST(a_pipeline_file_says_the_same)
{
    const char *text = arena_printf(keep,
                                    "model: %s/fashion.onnx\nquantize: int8\ncalibrate: [%s/calibration.npy]\n"
                                    "preprocess: [scale=1/255, mean=0.2860, std=0.3530]\n",
                                    fashion, fashion);
    must(io_write(diag, io_join(keep, lab, "pipeline.yaml"), text, strlen(text)));
    ShellResult r = shell(keep, lab,
                          "%s compile -c pipeline.yaml -o by-file && %s compile %s/fashion.onnx --quantize int8 "
                          "--calibrate %s/calibration.npy --preprocess scale=1/255 --preprocess mean=0.2860 "
                          "--preprocess std=0.3530 -o by-options && diff by-file/fashion_weights.c "
                          "by-options/fashion_weights.c",
                          adze, adze, fashion, fashion);
    ck_assert_msg(r.status == 0, "%s%s", r.out, r.err);
}
END_TEST

/* While it calibrates; the folder from before stays as it was. */
START_TEST(an_interrupt_leaves_nothing_behind)
{
    ShellResult r =
        shell(keep, lab,
              "mkdir stop && cd stop && %s compile %s/fashion.onnx -o out >/dev/null && ls -l "
              "--full-time out >before; for i in 1 3 5; do timeout --preserve-status -s INT 0.$i %s compile "
              "%s/fashion.onnx --name again --quantize int8 --calibrate %s/calibration.npy " NORMALISE
              " -o out; [ $? = 0 ] && exit 0; ls -l --full-time out | cmp - before || exit 1; "
              "[ $(ls -A | wc -l) = 2 ] || { ls -A; exit 1; }; done",
              adze, fashion, adze, fashion, fashion);
    ck_assert_msg(r.status == 0, "%s%s", r.out, r.err);
}
END_TEST

/* Over 144 classes that are almost alike. */
START_TEST(a_flat_softmax_keeps_its_steps)
{
    save_model("flat", " const %flat: i64[2] = [1, 144]\n const %v: f32[144,144] = random(5)\n"
                       " const %u: f32[144,5] = random(6)\n const %k: f32[] = [0.02]\n %f = Reshape(%x, %flat)\n"
                       " %g = Gemm(%f, %v)\n %h = Mul(%g, %k)\n %s = Softmax(%h) {axis=1} name \"soft\"\n"
                       " %y = Gemm(%s, %u)\n output %y\n");
    json_t *eight = doctor("flat.txt --calibrate x.npy"),
           *sixteen = doctor("flat.txt --calibrate x.npy --quantize int16x8");
    ck_assert_double_gt(number(eight, "sqnr_db"), 35);
    ck_assert_str_eq(cause_of(eight, "soft"), "");
    ck_assert_str_eq(cause_of(sixteen, "soft"), "");
    ShellResult r = shell(keep, lab, "%s inspect flat.txt -t cortex-m4 --calibrate x.npy --quantize int8", adze);
    ck_assert_msg(strstr(r.out, "QSoftmax") != NULL, "%s%s", r.out, r.err);
    json_decref(eight), json_decref(sixteen);
}
END_TEST

/* The last state of a GRU, a second output and float, is read by a product through a view. */
START_TEST(a_view_of_a_float_result_has_a_range)
{
    save_model("sequence", " const %shape: i64[3] = [6, 1, 24]\n const %gw: f32[1,24,24] = random(5)\n"
                           " const %gr: f32[1,24,8] = random(6)\n const %axis: i64[1] = [0]\n"
                           " const %fw: f32[8,5] = random(7)\n %c = Conv(%x, %w, %b)\n %r = Relu(%c)\n"
                           " %s = Reshape(%r, %shape)\n _, %h = GRU(%s, %gw, %gr) {hidden_size=8}\n"
                           " %q = Squeeze(%h, %axis)\n %y = Gemm(%q, %fw)\n output %y\n");
    json_t *root = doctor("sequence.txt --calibrate x.npy");
    ck_assert_double_gt(number(root, "sqnr_db"), 25);
    ShellResult r = shell(keep, lab, "%s compile sequence.txt --quantize int8 --calibrate x.npy -o sequence", adze);
    ck_assert_msg(r.status == 0, "%s", r.err);
    json_decref(root);
}
END_TEST

START_TEST(constant_data_are_a_warning)
{
    save_model("model", CONV " %y = Sigmoid(%c)\n output %y\n");
    ShellResult r = shell(keep, lab, "%s compile model.txt -o constant --quantize int8 --calibrate same.npy", adze);
    ck_assert_msg(r.status == 0, "%s", r.err);
    ck_assert_msg(strstr(r.err, "same.npy': all 288 elements are 0") != NULL, "%s", r.err);
}
END_TEST

START_TEST(names_of_nothing_are_a_warning)
{
    static const char *const unknown[][2] = {{"--keep-float nobody", "--keep-float: no layer is named 'nobody'"},
                                             {"--widest nobody", "--widest: no layer is named 'nobody'"},
                                             {"--range nobody=0,1", "--range 'nobody=0,1' fixes nothing"},
                                             {"--range c=1,0", "--range 'c=1,0' fixes nothing"}};
    save_model("model", CONV " %y = Sigmoid(%c)\n output %y\n");
    ShellResult r =
        shell(keep, lab, "%s compile model.txt -o nobody --quantize int8 --calibrate x.npy %s", adze, unknown[_i][0]);
    ck_assert_msg(r.status == 0, "%s", r.err);
    ck_assert_msg(strstr(r.err, unknown[_i][1]) != NULL, "%s", r.err);
    r = shell(keep, lab,
              "%s compile model.txt -o nobody --quantize int8 --calibrate x.npy --keep-float c --widest y "
              "--range c=-9,9",
              adze);
    ck_assert_msg(r.status == 0 && !strstr(r.err, "warning"), "%s", r.err);
}
END_TEST

static void save_bad(void)
{
    float x[2 * ELEMENTS] = {0};
    Tensor t = {DT_F32, {4, {2, 4, 6, 6}}, x}, s = {DT_F32, {4, {2, 4, 6, 3}}, x};
    must(npy_write(diag, io_join(keep, lab, "shape.npy"), &s));
    Tensor integers = {DT_I32, {4, {2, 4, 6, 6}}, x}, none = {DT_F32, {4, {0, 4, 6, 6}}, x};
    must(npy_write(diag, io_join(keep, lab, "integers.npy"), &integers));
    must(npy_write(diag, io_join(keep, lab, "none.npy"), &none));
    must(npy_write(diag, io_join(keep, lab, "same.npy"), &t));
    must(io_make_dir(diag, io_join(keep, lab, "folder")));
    x[7] = INFINITY;
    must(npy_write(diag, io_join(keep, lab, "infinite.npy"), &t));
    x[7] = NAN;
    must(npy_write(diag, io_join(keep, lab, "nan.npy"), &t));
}

int main(void)
{
    keep = arena_new();
    diag = diag_new(keep);
    adze = realpath(getenv("ADZE") ? getenv("ADZE") : "build/adze", NULL);
    fashion = realpath("examples/fashion", NULL);
    lab = io_temp_dir(keep, diag, NULL, "adze-test-");
    must(adze && fashion && lab);
    save_samples("x.npy", 1);
    save_samples("small.npy", 0.2f);
    save_bad();
    Suite *suite = suite_create("doctor");
    TCase *tc = tcase_create("doctor");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, planted_faults_are_named, 0, FAULTS);
    tcase_add_loop_test(tc, fix_repairs, 0, REPAIRS);
    tcase_add_test(tc, an_amplified_error_names_its_source);
    tcase_add_test(tc, a_result_that_is_not_a_number_is_the_worst);
    tcase_add_test(tc, the_page_has_a_bar_for_each_layer);
    tcase_add_test(tc, groups_keep_small_weights);
    tcase_add_test(tc, groups_are_the_same_on_every_target);
    tcase_add_test(tc, mixed_keeps_its_budget);
    tcase_add_test(tc, mixed_takes_one_layer_alone);
    tcase_add_loop_test(tc, mixed_gives_16_bits, 0, 3);
    tcase_add_test(tc, mixed_gives_float_beside_16_bits);
    tcase_add_test(tc, sixteen_bits_are_the_same_on_every_target);
    tcase_add_loop_test(tc, mixed_keeps_the_accuracy, 0, 2);
    tcase_add_test(tc, mixed_compiles_to_what_was_chosen);
    tcase_add_loop_test(tc, mixed_says_when_no_choice_serves, 0, 3);
    tcase_add_test(tc, a_flat_softmax_keeps_its_steps);
    tcase_add_test(tc, a_view_of_a_float_result_has_a_range);
    tcase_add_test(tc, constant_data_are_a_warning);
    tcase_add_loop_test(tc, names_of_nothing_are_a_warning, 0, 4);
    tcase_add_test(tc, inspect_shows_the_quantised_program);
    tcase_add_test(tc, a_pipeline_file_says_the_same);
    tcase_add_test(tc, an_interrupt_leaves_nothing_behind);
    tcase_add_test(tc, few_samples_do_not_saturate_the_next);
    tcase_add_test(tc, methods_earn_their_cost);
    tcase_add_test(tc, the_same_bytes_again);
    tcase_add_loop_test(tc, misuse_is_named, 0, 23);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    arena_free(keep);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
