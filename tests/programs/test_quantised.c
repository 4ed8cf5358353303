/* A quantised network on every target: no step in floats, no soft-float function in a Cortex-M0+, ONNX Runtime's
 * outputs, and the same bytes everywhere. With ../shared the five networks of MLPerf Tiny as well. */
#include "tests/support/programs.h"
#include "tests/support/tools.h"

#include "base/hash.h"
#include "base/io.h"
#include "base/npy.h"
#include "emit/measure.h"
#include "target/program.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const targets[] = {"host", "cortex-m0plus", "cortex-m4", "rv32imc", "aarch64"};
static const char *const networks[] = {
    "examples/fashion/int8/fashion-int8.onnx",      "tests/programs/tokens/tokens.onnx",
    "../shared/mlperf-tiny/ad01-int8io/model.onnx", "../shared/mlperf-tiny/kws-int8io/model.onnx",
    "../shared/mlperf-tiny/sww-int8io/model.onnx",  "../shared/mlperf-tiny/resnet8-int8io/model.onnx",
    "../shared/mlperf-tiny/vww-int8io/model.onnx",
};
enum { TARGETS = sizeof targets / sizeof *targets, NETWORKS = sizeof networks / sizeof *networks };

static Arena *keep;

/* Those of other folders are only here for a developer. */
static bool model_here(const char *path)
{
    if (access(path, R_OK) == 0)
        return true;
    printf("skipped: %s is not here\n", path);
    return false;
}

/* The program's outputs for the case; NULL when the target's tools are missing. */
static unsigned char *outputs(const char *path, const char *target, size_t *bytes, const char **undefined)
{
    Diag *d = diag_new(keep);
    Compilation c;
    Target machine;
    Program program;
    RunResult result = {0};
    Tensor in;
    RunOptions run = {.timeout_seconds = 250};
    BuildOptions build = {.without_sizes = true};
    ck_assert(target_load(keep, d, target, &machine));
    if (!target_tools_here(&machine))
        return NULL;
    const char *work = io_temp_dir(keep, d, NULL, "adze-test-"), *folder = io_join(keep, work, "model");
    bool ok = io_make_dir(d, folder) && emit_model(keep, d, path, target, MODE_DEFAULT, folder, &c) &&
              program_build_with(keep, d, &c.target, folder, c.name, work, &build, &program);
    const char *slash = strrchr(path, '/');
    const char *vector = arena_printf(keep, "%.*s/vectors/in0_0.npy", (int)(slash - path), path);
    size_t in_bytes = 0;
    ok = ok && npy_read(keep, d, vector, &in) && tensor_bytes(&in, &in_bytes) &&
         tensor_bytes(&(Tensor){c.graph->outputs.items[0]->type, c.graph->outputs.items[0]->shape, NULL}, bytes);
    unsigned char *out = ok ? arena_alloc(keep, *bytes) : NULL;
    ok = ok && program_run(keep, d, &program, in.data, in_bytes, 1, out, *bytes, &run, &result);
    if (ok && undefined)
        *undefined = shell(keep, NULL,
                           "arm-none-eabi-nm %s | grep -E "
                           "'__aeabi_(f|d|i2f|i2d|ui2|l2f|l2d|ul2)|__(add|sub|mul|div)[sd]f3' || true",
                           program.elf)
                         .out;
    diag_flush(d, stdout);
    io_remove_tree(work);
    ck_assert_msg(ok, "%s does not run on %s", path, target);
    return out;
}

START_TEST(no_step_in_floats)
{
    Diag *d = diag_new(keep);
    Compilation c = {.keep = keep, .diag = d, .options = {.model = networks[_i], .target_name = "cortex-m0plus"}};
    if (!model_here(networks[_i]))
        return;
    bool planned = compile_plan(&c);
    diag_flush(d, stdout);
    ck_assert(planned);
    EmitOptions options = compile_emit_options(&c);
    ck_assert_uint_eq(report_of_plan(keep, c.plan, &c.target, &options)->float_steps, 0);
}
END_TEST

START_TEST(the_same_bytes_on_every_target)
{
    size_t bytes, first_bytes = 0;
    const unsigned char *first = NULL;
    if (!model_here(networks[_i]))
        return;
    for (size_t t = 0; t < TARGETS; t++) {
        const char *soft = "";
        bool m0 = !strcmp(targets[t], "cortex-m0plus");
        const unsigned char *out = outputs(networks[_i], targets[t], &bytes, m0 ? &soft : NULL);
        if (!out)
            continue;
        ck_assert_msg(!*soft, "soft-float functions in %s: %s", networks[_i], soft);
        if (!first) {
            first = out;
            first_bytes = bytes;
            printf("%s: %s\n", networks[_i], sha256(out, bytes).hex);
        }
        ck_assert_uint_eq(bytes, first_bytes);
        ck_assert_msg(!memcmp(out, first, bytes), "%s: the hash on %s is %s", networks[_i], targets[t],
                      sha256(out, bytes).hex);
    }
}
END_TEST

/* Outputs are those of exact real arithmetic; ties that fixed point rounds upwards are one step. */
START_TEST(as_onnx_runtime)
{
    const char *path = networks[_i], *slash = strrchr(path, '/');
    if (!model_here(path))
        return;
    const char *adze = getenv("ADZE") ? getenv("ADZE") : "build/adze";
    ShellResult r = shell(keep, NULL, "%s verify %s --vectors %.*s/vectors --rtol 0 --atol 0 --quantile 0.999", adze,
                          path, (int)(slash - path), path);
    ck_assert_msg(r.status == 0, "%s: %s%s", path, r.out, r.err);
    r = shell(keep, NULL, "%s verify %s --vectors %.*s/vectors --rtol 0 --atol 1", adze, path, (int)(slash - path),
              path);
    ck_assert_msg(r.status == 0, "%s: %s%s", path, r.out, r.err);
}
END_TEST

/* Scale and zero point in the header, and the functions that use them, also for a C++ compiler. */
START_TEST(the_interface_says_what_integers_mean)
{
    static const char program[] =
        "#include \"model/fashion_int8.h\"\n#include <stdio.h>\n"
        "int main(void)\n{\n"
        "    printf(\"%d %d %d %d %d\\n\", fashion_int8_input_0_of_real(0), fashion_int8_input_0_of_real(1e9f),\n"
        "           fashion_int8_input_0_of_real(-1e9f), fashion_int8_input_0_of_real(0.0111f * 3),\n"
        "           (int)(1000 * fashion_int8_output_0_real(FASHION_INT8_OUTPUT_0_ZERO_POINT + 10)));\n"
        "    return 0;\n}\n";
    Diag *d = diag_new(keep);
    Compilation c;
    if (!tool_here(_i ? "g++" : "gcc"))
        return;
    const char *dir = io_temp_dir(keep, d, NULL, "adze-test-"), *folder = io_join(keep, dir, "model");
    bool ok = io_make_dir(d, folder) && emit_model(keep, d, networks[0], "host", MODE_DEFAULT, folder, &c) &&
              io_write(d, io_join(keep, dir, _i ? "main.cc" : "main.c"), program, strlen(program));
    diag_flush(d, stdout);
    ck_assert(ok);
    ShellResult r = shell(keep, dir, "%s -Wall -Wextra -Wconversion -Wpedantic -Werror -o main main.* && ./main",
                          _i ? "g++ -std=c++11" : "gcc -std=c99");
    io_remove_tree(dir);
    ck_assert_msg(r.status == 0, "%s%s", r.out, r.err);
    ck_assert_str_eq(r.out, "-55 127 -128 -52 371\n");
}
END_TEST

int main(void)
{
    keep = arena_new();
    Suite *suite = suite_create("quantised networks");
    TCase *tc = tcase_create("quantised");
    tcase_add_loop_test(tc, no_step_in_floats, 0, NETWORKS);
    tcase_add_loop_test(tc, the_same_bytes_on_every_target, 0, NETWORKS);
    tcase_add_loop_test(tc, as_onnx_runtime, 0, NETWORKS);
    tcase_add_loop_test(tc, the_interface_says_what_integers_mean, 0, 2);
    tcase_set_timeout(tc, 300);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    arena_free(keep);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
