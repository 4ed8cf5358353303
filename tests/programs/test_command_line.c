/* adze as a user meets it: exit statuses, what the messages name, and what is on disk afterwards. $ADZE is the program
 * (default build/adze). All tests run in a folder of their own that holds the same small files. */
#include "tests/load/model.h"
#include "tests/support/tools.h"

#include "base/io.h"
#include "base/npy.h"

#include <check.h>
#include <jansson.h>
#include <stdio.h>

static Arena *keep;
static Diag *diag;
static const char *adze, *lab, *root;

static void save(const char *name, const void *data, size_t size)
{
    ck_assert(io_write(diag, io_join(keep, lab, name), data, size));
}

static void save_npy(const char *name, DType type, const char *dims, const void *data)
{
    Tensor t = {.type = type, .data = data};
    for (const char *p = dims; *p; p++) /* "23" is [2,3] */
        t.shape.dim[t.shape.rank++] = *p - '0';
    ck_assert(npy_write(diag, io_join(keep, lab, name), &t));
}

/* y = Relu(x + [1,-2,3]) */
static void save_tiny(void)
{
    static const float w[] = {1, -2, 3};
    Buf g = {0};
    put_message(&g, 1, node("Add", "x w", "sum"));
    put_message(&g, 1, node("Relu", "sum", "y"));
    put_text(&g, 2, "tiny");
    put_message(&g, 5, raw_tensor("w", 1, "3", w, sizeof w));
    put_message(&g, 11, value_info("x", 1, "2,3"));
    put_message(&g, 12, value_info("y", 1, "2,3"));
    Buf m = model(g);
    save("tiny.onnx", m.data, m.length);
    buf_free(&m);
}

/* y = sr == 16000 ? Relu(x + [1,-2,3]) : -x */
static void save_rate(void)
{
    static const char text[] = "graph \"rate\" opset \"\" 13 {\n  input %x: f32[2,3]\n  input %sr: i64[]\n"
                               "  const %w: f32[3] = [1, -2, 3]\n  const %rate: i64[] = [16000]\n"
                               "  %wide = Equal(%sr, %rate)\n  %y = If(%wide) {then_branch=graph \"a\" {\n"
                               "    %s = Add(%x, %w)\n    %r = Relu(%s)\n    output %r\n"
                               "  }, else_branch=graph \"b\" {\n    %n = Neg(%x)\n    output %n\n  }}\n"
                               "  output %y\n}\n";
    save("rate.txt", text, sizeof text - 1);
}

/* y = Relu(x + [1,-2,3]), of as many rows as there are */
static void save_open(void)
{
    static const char text[] = "graph \"open\" opset \"\" 13 {\n  input %x: f32[?rows,3]\n"
                               "  const %w: f32[3] = [1, -2, 3]\n  %s = Add(%x, %w)\n  %y = Relu(%s)\n"
                               "  output %y\n}\n";
    save("open.txt", text, sizeof text - 1);
}

static Buf named_node(const char *name, const char *op, const char *input, const char *output)
{
    Buf n = node(op, input, output);
    put_text(&n, 3, name);
    return n;
}

static void save_unsupported(void)
{
    Buf g = {0};
    put_message(&g, 1, named_node("first", "Frobnicate", "x", "a"));
    put_message(&g, 1, named_node("between", "Relu", "a", "b"));
    put_message(&g, 1, named_node("second", "Defenestrate", "b", "y"));
    put_text(&g, 2, "two");
    put_message(&g, 11, value_info("x", 1, "2,3"));
    put_message(&g, 12, value_info("y", 1, "2,3"));
    Buf m = model(g);
    save("two.onnx", m.data, m.length);
    buf_free(&m);
}

static const float x[6] = {0, 1, 2, -3, 4, -5}, y[6] = {1, 0, 5, 0, 2, 0};

static void save_vectors(void)
{
    static const char *const folders[] = {"good", "differ", "shape", "dtype", "none", "rate", "one"};
    static const int64_t sr = 16000;
    static const double x64[6];
    float off[6];
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        ck_assert(io_make_dir(diag, io_join(keep, lab, folders[i])));
    memcpy(off, y, sizeof off);
    off[4] += 0.01f;
    save_npy("good/in0_0.npy", DT_F32, "23", x);
    save_npy("good/out0_0.npy", DT_F32, "23", y);
    save_npy("differ/in0_0.npy", DT_F32, "23", x);
    save_npy("differ/out0_0.npy", DT_F32, "23", off);
    save_npy("shape/in0_0.npy", DT_F32, "32", x);
    save_npy("shape/out0_0.npy", DT_F32, "23", y);
    save_npy("rate/in0_0.npy", DT_F32, "23", x);
    save_npy("rate/in1_0.npy", DT_I64, "", &sr);
    save_npy("rate/out0_0.npy", DT_F32, "23", y);
    save_npy("one/in0_0.npy", DT_F32, "23", x);
    save_npy("one/out0_0.npy", DT_F32, "23", y);
    save_npy("dtype/in0_0.npy", DT_F64, "23", x64);
    save_npy("dtype/out0_0.npy", DT_F32, "23", y);
}

static void setup(void)
{
    keep = arena_new();
    diag = diag_new(keep);
    lab = io_temp_dir(keep, diag, NULL, "adze-test-");
    ck_assert(lab != NULL);
    save_tiny();
    save_rate();
    save_open();
    save_unsupported();
    save_vectors();
    save("empty.onnx", "", 0);
    save("text.onnx", "this is no model\n", 17);
    save("typo.yaml", "extends: cortex-m4\n  \nflag: [-O2]\n", 34);
}

static void teardown(void)
{
    io_remove_tree(lab);
    arena_free(keep);
}

static const char *listing(void)
{
    return shell(keep, lab, "find . | sort").out;
}

#define EXPECT(r, wanted, text)                                                                                        \
    ck_assert_msg((r).status == (wanted) && strstr(*(r).err ? (r).err : (r).out, (text)),                              \
                  "status %d, expected %d and '%s' in: %s%s", (r).status, (wanted), (text), (r).out, (r).err)

typedef struct {
    const char *arguments;
    int status;
    const char *says[3]; /* on stdout when status is 0, else on stderr */
} Row;

static const Row rows[] = {
    {"", 2, {"adze COMMAND", "wrong usage"}},
    {"--help", 0, {"adze COMMAND", "compile", "wrong usage"}},
    {"--version", 0, {"adze "}},
    {"compile --help", 0, {"--output", "--target", "MODEL.onnx"}},
    {"run --help", 0, {"--input", "--target"}},
    {"verify --help", 0, {"--vectors", "--rtol"}},
    {"targets --help", 0, {"adze targets"}},
    {"frobnicate", 2, {"adze: error: ", "unknown command 'frobnicate'", "hint: "}},
    {"compile --frobnicate", 2, {"unknown option '--frobnicate'", "hint: "}},
    {"targets --vectors good", 2, {"unknown option '--vectors'"}},
    {"compile -o out", 2, {"no model given"}},
    {"compile tiny.onnx two.onnx -o out", 2, {"more than one model"}},
    {"compile tiny.onnx", 2, {"-o DIR"}},
    {"compile tiny.onnx -o", 2, {"needs a value"}},
    {"compile tiny.onnx -o out -O fast", 2, {"'fast'", "size", "speed"}},
    {"compile missing.onnx -o out", 1, {"missing.onnx", "No such file"}},
    {"compile . -o out", 1, {"'.'", "folder"}},
    {"compile empty.onnx -o out", 1, {"empty.onnx", "empty"}},
    {"compile text.onnx -o out", 1, {"text.onnx", "text"}},
    {"compile two.onnx -o out", 1, {"'first' (Frobnicate)", "'second' (Defenestrate)"}},
    {"compile tiny.onnx -t pdp11 -o out", 1, {"no target 'pdp11'", "adze targets"}},
    {"compile tiny.onnx -t missing.yaml -o out", 1, {"missing.yaml"}},
    {"compile tiny.onnx -t typo.yaml -o out", 1, {"typo.yaml:3:1", "unknown key 'flag'", "flags"}},
    {"compile tiny.onnx -o good", 1, {"good", "holds no output of adze"}},
    {"compile tiny.onnx -o text.onnx", 1, {"text.onnx", "is a file"}},
    {"run tiny.onnx -o y.npy", 1, {"0 input", "1"}},
    {"run tiny.onnx -i missing.npy -o y.npy", 1, {"missing.npy"}},
    {"run tiny.onnx -i text.onnx -o y.npy", 1, {"text.onnx"}},
    {"run tiny.onnx -i good/in0_0.npy", 2, {"-o "}},
    {"verify tiny.onnx", 2, {"--vectors"}},
    {"verify tiny.onnx --vectors missing", 1, {"missing"}},
    {"verify tiny.onnx --vectors none", 1, {"none", "no golden vectors"}},
    {"verify tiny.onnx --vectors shape", 1, {"shape/in0_0.npy", "f32 [3,2]", "f32 [2,3]"}},
    {"verify tiny.onnx --vectors dtype", 1, {"dtype/in0_0.npy", "f64 [2,3]", "f32 [2,3]"}},
    {"verify tiny.onnx --vectors differ", 3, {"case 0", "element 4"}},
    {"verify tiny.onnx --vectors differ --atol 0.1", 0, {"ok"}},
    {"verify tiny.onnx --vectors good", 0, {"ok"}},
    {"compile open.txt -o out", 1, {"input 'x'", "--shape", "'rows'=1"}},
    {"inspect open.txt --shape x=2,3", 0, {"It compiles"}},
    {"inspect open.txt --dim rows=2", 0, {"It compiles"}},
    {"inspect open.txt --dim row=2", 1, {"no input has a dimension 'row'", "named dimensions: 'rows'"}},
    {"inspect open.txt --shape y=2,3", 1, {"no input 'y'", "its inputs: 'x'"}},
    {"inspect open.txt --shape x=2,4", 1, {"--shape: input 'x'", "[?,3]", "[2,4]"}},
    {"verify open.txt --vectors good", 0, {"ok"}},
    {"verify open.txt --vectors shape",
     1,
     {"shape/in0_0.npy holds the shape [3,2]", "input 'x' of shape [?,3]", "hint: "}},
    {"verify two.onnx --vectors good", 1, {"'first' (Frobnicate)", "'second' (Defenestrate)"}},
    {"verify rate.txt --vectors rate", 1, {"(If)", "'wide' is known only at run time", "--input-value"}},
    {"inspect rate.txt", 1, {"1 If node", "'wide' is known only at run time", "--input-value"}},
    {"inspect rate.txt --input-value sr=16000", 0, {"It compiles"}},
    {"verify rate.txt --vectors rate --input-value sr=16000", 0, {"ok"}},
    {"verify rate.txt --vectors one --input-value sr=16000", 0, {"ok"}},
    {"verify rate.txt --vectors rate --input-value sr=8000", 1, {"rate/in1_0.npy", "other values", "'sr'"}},
    {"verify rate.txt --vectors one --input-value sr=8000", 3, {"case 0", "6 outside"}},
    {"compile rate.txt --input-value zr=1 -o out", 1, {"'zr=1' names no input", "'x'"}},
    {"compile rate.txt --input-value 16000 -o out", 1, {"names no input", "INPUT=VALUE"}},
    {"compile rate.txt --input-value sr=1,2 -o out", 1, {"2 values", "1 elements"}},
    {"compile rate.txt --input-value sr=1.5 -o out", 1, {"'sr=1.5' is not", "type i64"}},
    {"compile rate.txt --input-value sr=9223372036854775808 -o out", 1, {"is not", "type i64"}},
    {"compile rate.txt --input-value sr= -o out", 1, {"is not", "type i64"}},
    {"compile rate.txt --input-value x=nan -o out", 1, {"is not", "type f32"}},
    {"compile rate.txt --input-value x=1,2,3,4,5 -o out", 1, {"5 values", "6 elements"}},
    {"targets", 0, {"cortex-m4", "rv32imc", "x86-64"}},
    {"targets cortex-m4", 0, {"arm-none-eabi-gcc", "dsp", "kernels"}},
    {"targets pdp11", 1, {"no target 'pdp11'"}},
};

/* No row writes anything but messages. */
START_TEST(status_messages_and_nothing_left_behind)
{
    const Row *row = &rows[_i];
    const char *before = listing();
    ShellResult r = shell(keep, lab, "%s %s", adze, row->arguments);
    ck_assert_msg(r.status == row->status, "adze %s: status %d, expected %d: %s", row->arguments, r.status, row->status,
                  r.err);
    for (int i = 0; i < 3 && row->says[i]; i++) /* verify prints its verdict on stdout */
        ck_assert_msg(strstr(row->status == 0 || row->status == 3 ? r.out : r.err, row->says[i]),
                      "adze %s: no '%s' in: %s%s", row->arguments, row->says[i], r.out, r.err);
    ck_assert_str_eq(listing(), before);
}
END_TEST

START_TEST(a_model_cut_anywhere_is_named)
{
    static const size_t cuts[] = {1, 2, 10, 100, 1000, 100000, 200000, 340000};
    FileBytes file;
    ck_assert(io_map(diag, io_join(keep, root, "examples/fashion/fashion.onnx"), &file));
    size_t size = cuts[_i] < file.size ? cuts[_i] : file.size - 1;
    save("cut.onnx", file.data, size);
    io_unmap(&file);
    const char *before = listing();
    ShellResult r = shell(keep, lab, "%s compile cut.onnx -o out", adze);
    EXPECT(r, 1, "adze: error: cut.onnx: ");
    ck_assert_str_eq(r.out, "");
    ck_assert_str_eq(listing(), before);
}
END_TEST

START_TEST(an_output_folder_is_replaced_as_a_whole)
{
    ShellResult r =
        shell(keep, lab, "%s compile tiny.onnx --name one -o out && ls out && %s compile tiny.onnx --name two -o out",
              adze, adze);
    EXPECT(r, 0, "one.h");
    ck_assert(io_exists(io_join(keep, lab, "out/two.h")) && !io_exists(io_join(keep, lab, "out/one.h")));
    r = shell(keep, lab,
              "find out -type f | xargs sha256sum >before; %s compile two.onnx --name two -o out || sha256sum --quiet "
              "-c before",
              adze);
    EXPECT(r, 0, "Frobnicate");
    ck_assert_str_eq(r.out, "");
}
END_TEST

START_TEST(a_missing_compiler_is_named_with_its_package)
{
    const char *before = listing();
    ShellResult r = shell(keep, lab, "PATH=/nowhere %s verify tiny.onnx --vectors good", adze);
    EXPECT(r, 5, "gcc is not installed; hint: apt install gcc");
    r = shell(keep, lab, "PATH=/nowhere %s run tiny.onnx -t cortex-m4 -i good/in0_0.npy -o y.npy", adze);
    EXPECT(r, 5, "apt install gcc-arm-none-eabi");
    ck_assert_str_eq(listing(), before);
}
END_TEST

START_TEST(a_fixed_input_is_no_argument)
{
    ShellResult r =
        shell(keep, lab, "%s compile rate.txt --input-value sr=16000 -o out && grep rate_run out/rate.h", adze);
    EXPECT(r, 0, "rate_run(rate_arena *arena, const float *x, float *y)");
    r = shell(keep, lab, "%s run rate.txt --input-value sr=16000 --input-value x=2,1,0,1,1,1 -o y.npy", adze);
    EXPECT(r, 0, "arena");
    Tensor got;
    static const float want[] = {3, 0, 3, 2, 0, 4};
    ck_assert(npy_read(keep, diag, io_join(keep, lab, "y.npy"), &got));
    ck_assert_mem_eq(got.data, want, sizeof want);
}
END_TEST

START_TEST(run_writes_what_verify_expects)
{
    ShellResult r = shell(keep, lab, "%s run tiny.onnx -i good/in0_0.npy -o y.npy", adze);
    EXPECT(r, 0, "arena");
    Tensor got;
    ck_assert(npy_read(keep, diag, io_join(keep, lab, "y.npy"), &got));
    ck_assert_int_eq(got.type, DT_F32);
    ck_assert_int_eq(got.shape.rank, 2);
    ck_assert_mem_eq(got.data, y, sizeof y);
    r = shell(keep, lab, "cp y.npy good/out0_0.npy && %s verify tiny.onnx --vectors good --rtol 0 --atol 0", adze);
    EXPECT(r, 0, "ok");
}
END_TEST

static json_t *parse(const char *text)
{
    json_error_t error;
    json_t *root_object = json_loads(text, 0, &error);
    ck_assert_msg(root_object != NULL, "%s in:\n%s", error.text, text);
    return root_object;
}

static void has_numbers(json_t *o, const char *const *keys)
{
    for (; *keys; keys++)
        ck_assert_msg(json_is_number(json_object_get(o, *keys)), "no number '%s'", *keys);
}

static void keys_are_snake_case(json_t *value)
{
    const char *key;
    json_t *inner;
    size_t i;
    json_object_foreach(value, key, inner)
    {
        ck_assert_msg(strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(key), "key '%s'", key);
        keys_are_snake_case(inner);
    }
    json_array_foreach(value, i, inner)
    {
        keys_are_snake_case(inner);
    }
}

START_TEST(json_of_verify)
{
    static const char *const total[] = {"arena_bytes", "arena_lower_bound", "code_bytes", "weight_bytes",
                                        "data_bytes",  "library_bytes",     NULL};
    for (int differs = 0; differs < 2; differs++) {
        ShellResult r = shell(keep, lab, "%s verify tiny.onnx --json --vectors %s", adze, differs ? "differ" : "good");
        ck_assert_msg(r.status == (differs ? 3 : 0), "status %d: %s", r.status, r.err);
        json_t *o = parse(r.out), *t = json_object_get(o, "total");
        has_numbers(t, total);
        ck_assert(json_is_number(json_object_get(t, "seconds")) || json_is_number(json_object_get(t, "instructions")));
        ck_assert(json_is_true(json_object_get(o, "passed")) == !differs);
        keys_are_snake_case(o);
        json_decref(o);
    }
}
END_TEST

START_TEST(json_of_compile)
{
    static const char *const total[] = {"macs", "parameters", "weight_bytes", "arena_bytes", "arena_lower_bound", NULL};
    ShellResult r =
        shell(keep, lab, "%s compile %s/examples/fashion/fashion.onnx --json -t cortex-m4 -o out", adze, root);
    ck_assert_msg(r.status == 0, "status %d: %s", r.status, r.err);
    json_t *o = parse(r.out);
    has_numbers(json_object_get(o, "total"), total);
    ck_assert_uint_gt(json_array_size(json_object_get(o, "layers")), 5);
    keys_are_snake_case(o);
    json_decref(o);
}
END_TEST

int main(void)
{
    char *program = realpath(getenv("ADZE") ? getenv("ADZE") : "build/adze", NULL), *here = realpath(".", NULL);
    if (!program || !here) {
        fputs("no program build/adze; run: make\n", stderr);
        return EXIT_FAILURE;
    }
    adze = program;
    root = here;
    Suite *suite = suite_create("command line");
    TCase *tc = tcase_create("commands");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, status_messages_and_nothing_left_behind, 0, sizeof rows / sizeof *rows);
    tcase_add_loop_test(tc, a_model_cut_anywhere_is_named, 0, 8);
    tcase_add_test(tc, an_output_folder_is_replaced_as_a_whole);
    tcase_add_test(tc, a_missing_compiler_is_named_with_its_package);
    tcase_add_test(tc, a_fixed_input_is_no_argument);
    tcase_add_test(tc, run_writes_what_verify_expects);
    tcase_add_test(tc, json_of_verify);
    tcase_add_test(tc, json_of_compile);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    free(program);
    free(here);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
