/* --io-layout: the caller's images have channels last, files keep the model's order. $ADZE is adze. */
#include "tests/support/tools.h"

#include "base/io.h"
#include "base/npy.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHANNELS = 3, PIXELS = 30 };

static Arena *keep;
static Diag *diag;
static const char *adze, *lab, *model;

#define RUN(...) must(__LINE__, arena_printf(keep, __VA_ARGS__))

static const char *must(int line, const char *command)
{
    ShellResult r = shell(keep, lab, "%s", command);
    ck_assert_msg(r.status == 0, "line %d: %s\nended with %d:\n%.3000s%.3000s", line, command, r.status, r.out, r.err);
    return r.out;
}

static void save(const char *name, const float *data, Shape shape)
{
    Tensor t = {DT_F32, shape, data};
    ck_assert(npy_write(diag, io_join(keep, lab, name), &t));
}

static void setup(void)
{
    static float x[CHANNELS * PIXELS], gate[4] = {0.5f, -1, 2, 0.25f};
    keep = arena_new();
    diag = diag_new(keep);
    lab = io_temp_dir(keep, diag, NULL, "adze-test-");
    ck_assert(lab != NULL);
    for (int i = 0; i < CHANNELS * PIXELS; i++)
        x[i] = (float)(i * 37 % 101) / 50 - 1;
    save("x.npy", x, (Shape){.rank = 4, .dim = {1, CHANNELS, 6, 5}});
    save("gate.npy", gate, (Shape){.rank = 4, .dim = {1, 4, 1, 1}});
}

static void teardown(void)
{
    io_remove_tree(lab);
    arena_free(keep);
}

static const char *text_of(const char *name)
{
    FileBytes f;
    ck_assert(io_map(diag, io_join(keep, lab, name), &f));
    return arena_strndup(keep, f.data, f.size);
}

static int count_of(const char *text, const char *word)
{
    int count = 0;
    for (const char *at = text; (at = strstr(at, word)); at++)
        count++;
    return count;
}

static bool same_files(const char *a, const char *b)
{
    return shell(keep, lab, "cmp %s %s", a, b).status == 0;
}

static const char *const layouts[] = {"--io-layout nhwc", "--io-layout x=nhwc --io-layout y=nhwc", "--io-layout y=nhwc",
                                      "--io-layout gate=nhwc", "--io-layout nhwc --io-layout y=nchw"};

START_TEST(files_keep_the_order_of_the_model)
{
    const char *inputs = "-i x.npy -i gate.npy";
    RUN("%s run %s %s -o plain.npy", adze, model, inputs);
    RUN("%s run %s %s -o turned.npy %s", adze, model, inputs, layouts[_i]);
    ck_assert(same_files("plain.0.npy", "turned.0.npy"));
    RUN("mkdir v && cp x.npy v/in0_0.npy && cp gate.npy v/in1_0.npy && cp plain.0.npy v/out0_0.npy && cp plain.1.npy "
        "v/out1_0.npy");
    RUN("%s verify %s --vectors v %s --rtol 1e-6 --atol 1e-5", adze, model, layouts[_i]);
    RUN("%s golden %s --vectors v %s -o golden", adze, model, layouts[_i]);
    ck_assert(same_files("plain.0.npy", "golden/out0_0.npy") && same_files("x.npy", "golden/in0_0.npy"));
    RUN("%s verify %s --vectors golden --rtol 1e-6 --atol 1e-5", adze, model);
    RUN("%s golden %s --vectors v %s --selftest -o self --name m", adze, model, layouts[_i]);
    const char *check =
        "#include \"m_selftest.h\"\nstatic void put(char c) { (void)c; }\nint main(void) { return m_selftest(put); }\n";
    ck_assert(io_write(diag, io_join(keep, lab, "main.c"), check, strlen(check)));
    RUN("gcc -std=c99 -O2 -Iself -o check main.c self/*.c -lm && ./check");
}
END_TEST

START_TEST(the_border_has_no_transpose)
{
    RUN("%s compile %s -o plain --name m", adze, model);
    RUN("%s compile %s -o turned --name m --io-layout nhwc", adze, model);
    const char *plain = text_of("plain/m.json"), *turned = text_of("turned/m.json"), *header = text_of("turned/m.h");
    ck_assert_int_eq(count_of(plain, "\"Transpose\"") > 0, 1);
    ck_assert_int_eq(count_of(turned, "\"Transpose\""), 0);
    ck_assert_ptr_nonnull(strstr(header, "M_INPUT_0_SHAPE {1, 6, 5, 3}"));
    ck_assert_ptr_nonnull(strstr(header, "M_INPUT_0_CHANNELS_LAST 1"));
    ck_assert_ptr_nonnull(strstr(header, "M_OUTPUT_0_CHANNELS_LAST 1"));
    ck_assert_ptr_nonnull(strstr(header, "M_OUTPUT_1_CHANNELS_LAST 0"));
    ck_assert_ptr_nonnull(strstr(header, "channels last (the model has float [1][3][6][5])"));
    ck_assert_ptr_nonnull(strstr(header, "--io-layout nhwc"));
}
END_TEST

/* The program itself, called from C, with an image that is stored pixel by pixel. */
START_TEST(the_caller_hands_over_pixels)
{
    RUN("%s compile %s -o plain --name plain", adze, model);
    RUN("%s compile %s -o turned --name turned --io-layout x=nhwc", adze, model);
    const char *program = "#include \"plain.h\"\n#include \"turned.h\"\n#include <math.h>\n"
                          "static plain_arena a; static turned_arena b;\n"
                          "int main(void) {\n"
                          "    float x[90], t[90], gate[4] = {1, 2, 3, 4}, y[120], z[120], s[1], u[1];\n"
                          "    for (int i = 0; i < 90; i++) t[i % 30 * 3 + i / 30] = x[i] = (float)(i * i % 17);\n"
                          "    if (plain_run(&a, x, gate, y, s) || turned_run(&b, t, gate, z, u)) return 1;\n"
                          "    for (int i = 0; i < 120; i++) if (fabsf(y[i] - z[i]) > 1e-5f) return 2;\n"
                          "    return y[7] == 0;\n}\n";
    ck_assert(io_write(diag, io_join(keep, lab, "main.c"), program, strlen(program)));
    RUN("gcc -std=c99 -O2 -Iplain -Iturned -o both main.c plain/*.c turned/*.c -lm && ./both");
}
END_TEST

START_TEST(wrong_words_are_refused)
{
    static const char *const rows[][2] = {
        {"nwhc", "NAME=nchw"}, {"z=nhwc", "names no input or output"}, {"score=nhwc", "1 axes"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ShellResult r = shell(keep, lab, "%s compile %s -o out --io-layout %s", adze, model, rows[i][0]);
        ck_assert_msg(r.status == EXIT_INPUT && strstr(r.err, rows[i][1]), "%s: %d %s", rows[i][0], r.status, r.err);
    }
}
END_TEST

int main(void)
{
    char *program_path = realpath(getenv("ADZE") ? getenv("ADZE") : "build/adze", NULL);
    char *text = realpath("tests/programs/api/image.txt", NULL);
    if (!program_path || !text) {
        fputs("no program build/adze; run: make\n", stderr);
        return EXIT_FAILURE;
    }
    adze = program_path;
    model = text;
    Suite *suite = suite_create("layout of inputs and outputs");
    TCase *tc = tcase_create("programs");
    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, files_keep_the_order_of_the_model, 0, (int)(sizeof layouts / sizeof *layouts));
    tcase_add_test(tc, the_border_has_no_transpose);
    tcase_add_test(tc, the_caller_hands_over_pixels);
    tcase_add_test(tc, wrong_words_are_refused);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    free(program_path);
    free(text);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
