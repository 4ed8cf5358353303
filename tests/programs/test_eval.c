/* adze eval: accuracy of the emitted program, and the forms that samples come in. $ADZE is the program. The data are
 * the 1,000 images of examples/fashion. */
#include "tests/support/tools.h"

#include "base/io.h"
#include "base/npy.h"
#include "commands/preprocess.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <png.h>

static Arena *keep;
static Diag *diag;
static const char *adze, *lab, *model;
static const unsigned char *images;

static void must(bool ok)
{
    if (!ok)
        abort();
}

#define NORMALISE "'(x/255-0.2860)/0.3530'"

static void save_npy(const char *name, DType type, Shape shape, const void *data)
{
    Tensor t = {type, shape, data};
    must(npy_write(diag, io_join(keep, lab, name), &t));
}

static void save_images(void)
{
    FileBytes pixels, labels;
    must(io_map(diag, "examples/fashion/images.u8", &pixels));
    must(io_map(diag, "examples/fashion/labels.u8", &labels));
    images = pixels.data;
    save_npy("x.npy", DT_U8, (Shape){3, {1000, 28, 28}}, pixels.data);
    save_npy("y.npy", DT_U8, (Shape){1, {1000}}, labels.data);
    save_npy("y9.npy", DT_U8, (Shape){1, {9}}, labels.data);
    save_npy("few.npy", DT_U8, (Shape){3, {9, 28, 28}}, pixels.data);
    float *floats = NEW_ARRAY(keep, float, 9 * 784);
    for (int i = 0; i < 9 * 784; i++)
        floats[i] = (float)((images[i] / 255.0 - 0.2860) / 0.3530);
    save_npy("float.npy", DT_F32, (Shape){4, {9, 1, 28, 28}}, floats);
    must(io_make_dir(diag, io_join(keep, lab, "vectors")));
    for (int i = 0; i < 9; i++)
        save_npy(arena_printf(keep, "vectors/in0_%d.npy", i), DT_F32, (Shape){4, {1, 1, 28, 28}}, floats + i * 784);
    floats[5 * 784] = 0.0f / 0.0f;
    save_npy("nan.npy", DT_F32, (Shape){4, {9, 1, 28, 28}}, floats);
    memset(floats, 0, 9 * 784 * sizeof *floats);
    save_npy("zero.npy", DT_F32, (Shape){4, {9, 1, 28, 28}}, floats);
    save_npy("shape.npy", DT_F32, (Shape){4, {9, 1, 28, 14}}, floats);
    save_npy("empty.npy", DT_F32, (Shape){4, {0, 1, 28, 28}}, floats);
}

static void save_pictures(void)
{
    for (int i = 0; i < 9; i++) {
        png_image p = {.version = PNG_IMAGE_VERSION, .width = 28, .height = 28, .format = PNG_FORMAT_GRAY};
        must(io_make_dir(diag, io_join(keep, lab, "png")));
        must(png_image_write_to_file(&p, io_join(keep, lab, arena_printf(keep, "png/%d.png", i)), 0, images + i * 784,
                                     0, NULL));
    }
}

static void save_jpegs(void)
{
    must(io_make_dir(diag, io_join(keep, lab, "jpeg")));
    for (int i = 0; i < 9; i++) {
        struct jpeg_compress_struct c;
        struct jpeg_error_mgr e;
        FILE *f = fopen(io_join(keep, lab, arena_printf(keep, "jpeg/%d.jpg", i)), "wb");
        c.err = jpeg_std_error(&e);
        jpeg_create_compress(&c);
        jpeg_stdio_dest(&c, f);
        c.image_width = c.image_height = 28;
        c.input_components = 1;
        c.in_color_space = JCS_GRAYSCALE;
        jpeg_set_defaults(&c);
        jpeg_set_quality(&c, 100, TRUE);
        jpeg_start_compress(&c, TRUE);
        for (int y = 0; y < 28; y++) {
            JSAMPROW row = (JSAMPROW)images + i * 784 + y * 28;
            jpeg_write_scanlines(&c, &row, 1);
        }
        jpeg_finish_compress(&c);
        jpeg_destroy_compress(&c);
        must(fclose(f) == 0);
    }
}

static ShellResult eval(const char *arguments)
{
    return shell(keep, lab, "%s eval %s %s", adze, model, arguments);
}

START_TEST(all_samples_are_run)
{
    ShellResult r = eval("--data x.npy --labels y.npy --top 5 --preprocess " NORMALISE);
    ck_assert_msg(r.status == 0, "%s", r.err);
    ck_assert_ptr_nonnull(strstr(r.out, "accuracy 93.30 % (933 of 1000), top 5 100.00 %"));
    ck_assert_str_eq(r.err, "");
    r = eval("--json --data x.npy --labels y.npy --preprocess " NORMALISE);
    ck_assert_ptr_nonnull(strstr(r.out, "\"correct\": 933"));
}
END_TEST

/* The same nine images in every form give the same answer. */
START_TEST(samples_come_in_many_forms)
{
    static const char *const forms[] = {
        "few.npy --preprocess " NORMALISE,
        "float.npy",
        "few.npz --preprocess " NORMALISE,
        "deflated.npz --preprocess " NORMALISE,
        "vectors",
        "png --preprocess " NORMALISE,
        "jpeg --preprocess scale=1/255 --preprocess mean=0.2860 --preprocess std=0.3530"};
    ck_assert_int_eq(shell(keep, lab,
                           "python3 -c \"import zipfile as z\nfor n,m in ('few',0),('deflated',8):\n "
                           "z.ZipFile(n+'.npz','w',m).write('few.npy','anything.npy')\"")
                         .status,
                     0);
    ShellResult r = eval(arena_printf(keep, "--labels y9.npy --data %s", forms[_i]));
    ck_assert_msg(r.status == 0, "%s: %s", forms[_i], r.err);
    ck_assert_msg(strstr(r.out, "(9 of 9)") != NULL, "%s: %s", forms[_i], r.out);
}
END_TEST

START_TEST(bad_samples_are_named)
{
    static const char *const bad[][2] = {
        {"few.npy", "--preprocess says how raw data become inputs"},
        {"nan.npy", "sample 5 holds NaN"},
        {"shape.npy", "shape [9,1,28,14] does not hold samples for input"},
        {"empty.npy", "holds no samples"},
        {"cut.npz", "cut short"},
        {"bomb.npz", "damaged, encrypted or too large"},
        {"cut.npy", "it is damaged"},
        {"broken", "broken/0.png"},
        {"mixed --preprocess " NORMALISE, "hint: --preprocess resize"},
        {"absent.npy", "absent.npy"},
        {"float.npy --preprocess x*x", "'x*x' is not understood"},
        {"float.npy --preprocess mean=1,2", "mean has 2 numbers"},
        {"float.npy --data float.npy", "data for 2 inputs, but the model has 1"},
    };
    ck_assert_int_eq(
        shell(keep, lab,
              "python3 -c \"import zipfile as z\nz.ZipFile('a.npz','w',8).writestr('a.npy',bytes(100000))\n"
              "b=open('a.npz','rb').read()\nopen('cut.npz','wb').write(b[:80])\n"
              "i=b.index(b'PK\\1\\2')\nopen('bomb.npz','wb').write(b[:i+24]+b'\\0\\0\\0\\x70'+b[i+28:])\" && "
              "head -c 500 few.npy >cut.npy && mkdir -p broken mixed && head -c 100 png/0.png >broken/0.png && "
              "cp png/0.png mixed/0.png && "
              "python3 -c \"import zlib,struct\ndef c(t,b): return struct.pack('>I',len(b))+t+b+struct.pack('>I',"
              "zlib.crc32(t+b))\nopen('mixed/1.png','wb').write(b'\\x89PNG\\r\\n\\x1a\\n'+c(b'IHDR',"
              "struct.pack('>IIBBBBB',2,2,8,0,0,0,0))+c(b'IDAT',zlib.compress(bytes(6)))+c(b'IEND',b''))\"")
            .status,
        0);
    ShellResult r = eval(arena_printf(keep, "--labels y9.npy --data %s", bad[_i][0]));
    ck_assert_msg(r.status == 1, "%s: status %d, %s", bad[_i][0], r.status, r.err);
    ck_assert_msg(strstr(r.err, bad[_i][1]) != NULL, "%s: %s", bad[_i][0], r.err);
}
END_TEST

START_TEST(constant_data_are_warned_about)
{
    ShellResult r = eval("--labels y9.npy --data zero.npy");
    ck_assert_int_eq(r.status, 0);
    ck_assert_ptr_nonnull(strstr(r.err, "all 7056 elements are 0"));
}
END_TEST

START_TEST(labels_fit)
{
    ShellResult r = eval("--labels y.npy --data float.npy");
    ck_assert_int_eq(r.status, 1);
    ck_assert_ptr_nonnull(strstr(r.err, "1000 labels of type u8 for 9 samples"));
    ck_assert_int_eq(eval("--data float.npy").status, 2);
}
END_TEST

START_TEST(images_are_resized)
{
    ShellResult r = eval("--labels y9.npy --data mixed --preprocess resize=28x28 --preprocess " NORMALISE);
    ck_assert_ptr_nonnull(strstr(r.err, "9 labels of type u8 for 2 samples"));
}
END_TEST

START_TEST(expressions_are_lines)
{
    static const struct {
        const char *text;
        double at_zero, at_ten;
    } good[] = {
        {"x", 0, 10}, {"(x/255-0.5)/0.25", -2, (10 / 255.0 - 0.5) / 0.25}, {"2*x - 3", -3, 17}, {"-(x+1)*2", -2, -22}};
    static const char *const wrong[] = {"",   "x*x",   "1/x",   "x/0",      "y",       "(x",
                                        "x)", "mean=", "std=0", "resize=0", "layout=x"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        StringList list = {0};
        Preprocess p;
        array_push(keep, &list, good[i].text);
        ck_assert(preprocess_parse(diag, &list, &p));
        ck_assert_double_eq_tol(preprocess_apply(&p, 0, 0), good[i].at_zero, 1e-12);
        ck_assert_double_eq_tol(preprocess_apply(&p, 10, 0), good[i].at_ten, 1e-12);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        StringList list = {0};
        Preprocess p;
        array_push(keep, &list, wrong[i]);
        ck_assert_msg(!preprocess_parse(diag, &list, &p), "%s", wrong[i]);
    }
}
END_TEST

static const char *calibration_lines(const char *samples)
{
    ShellResult r =
        shell(keep, lab,
              "%s compile %s -t cortex-m4 --quantize int8 --no-rounding -o said --calibrate %s >/dev/null && "
              "grep CALIBRATION said/*.h && grep -o 'calibration_s.*[0-9]' said/*.json",
              adze, model, samples);
    ck_assert_msg(r.status == 0, "%s: %s", samples, r.err);
    return r.out;
}

/* Header and report say by which samples, as they reached the model: the same nine images in two forms, and others. */
START_TEST(the_calibration_is_identified)
{
    const char *bytes = calibration_lines("few.npy --preprocess " NORMALISE);
    ck_assert_ptr_nonnull(strstr(bytes, "FASHION_CALIBRATION_SAMPLES 9\n"));
    ck_assert_ptr_nonnull(strstr(bytes, "FASHION_CALIBRATION_SHA256 \""));
    ck_assert_ptr_nonnull(strstr(bytes, "calibration_samples\": 9"));
    ck_assert_str_eq(calibration_lines("float.npy"), bytes);
    ck_assert_str_ne(calibration_lines("few.npy --preprocess scale=1/255"), bytes);
}
END_TEST

int main(void)
{
    keep = arena_new();
    diag = diag_new(keep);
    adze = realpath(getenv("ADZE") ? getenv("ADZE") : "build/adze", NULL);
    model = realpath("examples/fashion/fashion.onnx", NULL);
    lab = io_temp_dir(keep, diag, NULL, "adze-test-");
    must(adze && model && lab);
    save_images();
    save_pictures();
    save_jpegs();
    Suite *suite = suite_create("eval");
    TCase *tc = tcase_create("eval");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, all_samples_are_run);
    tcase_add_loop_test(tc, samples_come_in_many_forms, 0, 7);
    tcase_add_loop_test(tc, bad_samples_are_named, 0, 13);
    tcase_add_test(tc, constant_data_are_warned_about);
    tcase_add_test(tc, labels_fit);
    tcase_add_test(tc, the_calibration_is_identified);
    tcase_add_test(tc, images_are_resized);
    tcase_add_test(tc, expressions_are_lines);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    arena_free(keep);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
