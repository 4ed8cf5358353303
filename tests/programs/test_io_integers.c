/* --io int8: the caller's inputs and outputs are the network's integers, files hold either. $ADZE is adze. */
#include "tests/support/tools.h"

#include "base/io.h"
#include "base/npy.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIXELS = 40, OUT = 60 };

static Arena *keep;
static Diag *diag;
static const char *adze, *lab, *model, *examples;

#define RUN(...) must(__LINE__, arena_printf(keep, __VA_ARGS__))
static const char *const inputs = "-i x.npy -i gate.npy -i fine.npy -i count.npy";

static const char *must(int line, const char *command)
{
    ShellResult r = shell(keep, lab, "%s", command);
    ck_assert_msg(r.status == 0, "line %d: %s\nended with %d:\n%.3000s%.3000s", line, command, r.status, r.out, r.err);
    return r.out;
}

static void save(const char *name, DType type, const void *data, Shape shape)
{
    Tensor t = {type, shape, data};
    ck_assert(npy_write(diag, io_join(keep, lab, name), &t));
}

static Tensor file(const char *name)
{
    Tensor t;
    ck_assert(npy_read(keep, diag, io_join(keep, lab, name), &t));
    return t;
}

static void setup(void)
{
    static float x[PIXELS], gate[3] = {0.5f, -1, 1.25f}, fine[3] = {-0.1234f, 32.7f, 100};
    static const int32_t count[3] = {1, 2, 3};
    keep = arena_new();
    diag = diag_new(keep);
    lab = io_temp_dir(keep, diag, NULL, "adze-test-");
    ck_assert(lab != NULL);
    for (int i = 0; i < PIXELS; i++)
        x[i] = (float)(i * 37 % 101) / 20 - 2.5f; /* -2.5 to 2.5: below and within the integers */
    save("x.npy", DT_F32, x, (Shape){.rank = 4, .dim = {1, 4, 5, 2}});
    save("gate.npy", DT_F32, gate, (Shape){.rank = 4, .dim = {1, 3, 1, 1}});
    save("fine.npy", DT_F32, fine, (Shape){.rank = 2, .dim = {1, 3}});
    save("count.npy", DT_I32, count, (Shape){.rank = 1, .dim = {3}});
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

START_TEST(the_header_has_the_models_own_types)
{
    static const char *const lines[] = {"M_INPUT_0_TYPE uint8_t\n",
                                        "M_INPUT_0_ZERO_POINT (100)",
                                        "M_INPUT_1_TYPE int8_t\n",
                                        "M_INPUT_2_TYPE int16_t\n",
                                        "M_INPUT_3_TYPE int32_t\n",
                                        "M_OUTPUT_0_TYPE uint8_t\n",
                                        "M_OUTPUT_1_TYPE int8_t\n",
                                        "M_OUTPUT_2_TYPE int16_t\n",
                                        "m_output_2_real(int16_t q)",
                                        "m_input_0_of_real(float",
                                        "--io int8\"\n",
                                        "M_OUTPUT_0_SCALE 2.999999933e-02f",
                                        "of the model, uint8_t [1][4][5][2] (float there)"};
    RUN("%s compile %s -o out --name m --io int8", adze, model);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        ck_assert_msg(strstr(text_of("out/m.h"), lines[i]) != NULL, "no %s", lines[i]);
    ck_assert_ptr_null(strstr(text_of("out/m.c"), "quantize"));
    RUN("%s compile %s -o float --name m --io float", adze, model);
    ck_assert_ptr_nonnull(strstr(text_of("float/m.h"), "M_INPUT_0_TYPE float\n"));
}
END_TEST

/* y of the float program, in steps of its scale: exactly the integers. */
static void compare(const char *reals, const char *integers, DType type, double scale, double zero)
{
    Tensor f = file(reals), q = file(integers);
    ck_assert_int_eq(q.type, type);
    ck_assert(shape_equal(&f.shape, &q.shape));
    for (int64_t i = 0; i < shape_count(&f.shape); i++)
        ck_assert_int_eq(tensor_int(&q, i), (int64_t)(rint(tensor_float(&f, i) / scale) + zero));
}

START_TEST(programs_agree_with_those_of_floats)
{
    RUN("%s run %s %s -o f.npy", adze, model, inputs);
    RUN("%s run %s %s -o q.npy --io int8", adze, model, inputs);
    compare("f.0.npy", "q.0.npy", DT_U8, (double)0.03f, 120);
    compare("f.1.npy", "q.1.npy", DT_I8, (double)0.015f, 3);
    compare("f.2.npy", "q.2.npy", DT_I16, (double)0.001f, 7);
    RUN("cmp f.3.npy q.3.npy");
}
END_TEST

/* Float vectors and those of integers; a wrong one is counted in steps. */
START_TEST(verify_counts_in_steps)
{
    float y[OUT];
    RUN("%s run %s %s -o f.npy", adze, model, inputs);
    RUN("mkdir v && i=0 && for f in x gate fine count; do cp $f.npy v/in${i}_0.npy; cp f.$i.npy v/out${i}_0.npy; "
        "i=$((i+1)); done");
    RUN("%s verify %s --vectors v --io int8", adze, model);
    RUN("%s golden %s --vectors v --io int8 -o golden", adze, model);
    ck_assert_int_eq(file("golden/in0_0.npy").type, DT_U8);
    RUN("%s verify %s --golden golden --io int8", adze, model);
    RUN("%s golden %s --vectors v --io int8 --selftest -o self --name m", adze, model);
    const char *check =
        "#include \"m_selftest.h\"\nstatic void put(char c) { (void)c; }\nint main(void) { return m_selftest(put); }\n";
    ck_assert(io_write(diag, io_join(keep, lab, "main.c"), check, strlen(check)));
    RUN("gcc -std=c99 -O2 -Iself -o check main.c self/*.c && ./check");
    memcpy(y, file("v/out0_0.npy").data, sizeof y);
    y[17] += y[17] > 0 ? -2 * 0.03f : 2 * 0.03f; /* two steps, within the type */
    save("v/out0_0.npy", DT_F32, y, (Shape){.rank = 2, .dim = {1, OUT}});
    ck_assert_int_eq(shell(keep, lab, "%s verify %s --vectors v --io int8 --atol 1", adze, model).status, EXIT_DIFFERS);
    RUN("%s verify %s --vectors v --io int8 --atol 2", adze, model);
}
END_TEST

/* A float network that adze quantises itself; raw images become the integers. */
START_TEST(eval_and_bench)
{
    const char *network = arena_printf(keep,
                                       "%s/fashion.onnx --quantize int8 --calibrate %s/calibration.npy "
                                       "--preprocess '(x/255-0.2860)/0.3530'",
                                       examples, examples);
    uint8_t labels[100];
    FileBytes f;
    ck_assert(io_map(diag, io_join(keep, examples, "labels.u8"), &f));
    memcpy(labels, f.data, sizeof labels);
    save("labels.npy", DT_U8, labels, (Shape){.rank = 1, .dim = {100}});
    ck_assert(io_map(diag, io_join(keep, examples, "images.u8"), &f));
    save("images.npy", DT_U8, f.data, (Shape){.rank = 3, .dim = {100, 28, 28}});
    const char *scored = RUN("%s eval %s --data images.npy --labels labels.npy", adze, network);
    ck_assert_str_eq(scored, RUN("%s eval %s --data images.npy --labels labels.npy --io int8", adze, network));
    RUN("%s bench %s --io int8", adze, network);
    const char *said = RUN("%s inspect %s -t host --io int8", adze, model);
    ck_assert_ptr_nonnull(strstr(said, "steps in floats"));
    ck_assert_ptr_nonnull(strstr(said, " 0 of "));
    const char *yaml = arena_printf(keep, "model: %s\nio: int8\nname: m\noutput: out\n", model);
    ck_assert(io_write(diag, io_join(keep, lab, "adze.yaml"), yaml, strlen(yaml)));
    RUN("%s compile -c adze.yaml", adze);
    ck_assert_ptr_nonnull(strstr(text_of("out/m.h"), "M_INPUT_0_TYPE uint8_t\n"));
}
END_TEST

#define HEAD "graph \"g\" opset \"\" 13 {\ninput %x: f32[2,3]\nconst %s: f32[] = [0.5]\nconst %z: i8[] = [0]\n"
#define TAIL "%q: i8[2,3] = QuantizeLinear(%x, %s, %z)\n%y: f32[2,3] = DequantizeLinear(%q, %s, %z)\noutput %y\n"

static const struct {
    const char *text, *wanted;
} refused[] = {
    {HEAD "%y: f32[2,3] = Relu(%x) name \"n\"\noutput %y\n", "input 'x' is not quantised: node 'n' (Relu) reads"},
    {HEAD "%y: f32[2,3] = Relu(%x) name \"n\"\noutput %y\n", "output 'y' is not quantised: node 'n' (Relu) gives"},
    {HEAD TAIL "%w: f32[2,3] = Neg(%x) name \"n\"\noutput %w\n", "input 'x' is not quantised: node 'n' (Neg) reads"},
    {HEAD TAIL "%w: f32[2,3] = Exp(%y) name \"n\"\noutput %w\n", "output 'w' is not quantised: node 'n' (Exp) gives"},
    {HEAD "const %s2: f32[] = [0.25]\n" TAIL "%r: i8[2,3] = QuantizeLinear(%x, %s2, %z)\noutput %r\n",
     "input 'x' is not quantised: "},
    {HEAD "output %x\n", "input 'x' is not quantised: it is an output"},
    {HEAD "const %c: f32[2] = [1, 2]\nconst %cz: i8[2] = [0, 0]\n"
          "%q: i8[2,3] = QuantizeLinear(%x, %c, %cz) {axis=0} name \"n\"\noutput %q\n",
     "does not have one constant scale"},
    {HEAD "input %t: f32[]\n%q: i8[2,3] = QuantizeLinear(%x, %t, %z) name \"n\"\noutput %q\n",
     "does not have one constant scale"},
};

START_TEST(borders_of_floats_are_named)
{
    const char *text = arena_printf(keep, "%s}\n", refused[_i].text);
    ck_assert(io_write(diag, io_join(keep, lab, "bad.txt"), text, strlen(text)));
    ShellResult r = shell(keep, lab, "%s compile bad.txt -o out --io int8", adze);
    ck_assert_msg(r.status == EXIT_INPUT && strstr(r.err, refused[_i].wanted) && strstr(r.err, "--io float"), "%d: %s",
                  r.status, r.err);
    ck_assert_int_eq(shell(keep, lab, "%s compile bad.txt -o out --io float", adze).status, 0);
}
END_TEST

/* The program's own memory is not the caller's: its scale need not be the same going in and coming out. */
START_TEST(states_stay_as_they_are)
{
    static const char text[] = "graph \"s\" opset \"\" 13 {\ninput %x: f32[1,4]\ninput %h: f32[1,4]\n"
                               "const %s: f32[] = [0.5]\nconst %z: i8[] = [0]\n"
                               "%q: i8[1,4] = QuantizeLinear(%x, %s, %z)\n%r: f32[1,4] = DequantizeLinear(%q, %s, %z)\n"
                               "%n: f32[1,4] = Add(%r, %h)\noutput %n\noutput %r\n}\n";
    ck_assert(io_write(diag, io_join(keep, lab, "s.txt"), text, strlen(text)));
    RUN("%s compile s.txt -o out --name m --io int8 --state n:h", adze);
    ck_assert_ptr_nonnull(strstr(text_of("out/m.h"), "M_INPUT_0_TYPE int8_t\n"));
    ck_assert_ptr_nonnull(strstr(text_of("out/m.h"), "M_OUTPUT_0_TYPE int8_t\n"));
    ck_assert_ptr_nonnull(strstr(text_of("out/m.h"), "float h[4]"));
}
END_TEST

static Suite *suite_of(void)
{
    Suite *suite = suite_create("inputs and outputs of integers");
    TCase *tc = tcase_create("programs");
    tcase_set_timeout(tc, 200);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, the_header_has_the_models_own_types);
    tcase_add_test(tc, programs_agree_with_those_of_floats);
    tcase_add_test(tc, verify_counts_in_steps);
    tcase_add_test(tc, eval_and_bench);
    tcase_add_loop_test(tc, borders_of_floats_are_named, 0, (int)(sizeof refused / sizeof *refused));
    tcase_add_test(tc, states_stay_as_they_are);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    char *program = realpath(getenv("ADZE") ? getenv("ADZE") : "build/adze", NULL);
    char *text = realpath("tests/programs/api/borders.txt", NULL), *folder = realpath("examples/fashion", NULL);
    if (!program || !text || !folder) {
        fputs("no program build/adze; run: make\n", stderr);
        return EXIT_FAILURE;
    }
    adze = program;
    model = text;
    examples = folder;
    SRunner *runner = srunner_create(suite_of());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    free(program);
    free(text);
    free(folder);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
