/* `adze bench`. A row is a shell script in a folder that holds tiny.onnx (one Sigmoid of [batch,3]), x.npy, m4.json (a
 * result for cortex-m4) and a python3 that has no packages; $MODEL is the Fashion-MNIST network. */
#include "tests/support/tools.h"

#include "base/io.h"
#include "base/npy.h"
#include "target/stack.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Arena *keep;
static Diag *diag;
static const char *lab;

#define TINY "adze bench tiny.onnx --dim batch=2 "
#define M4 TINY "-t cortex-m4 "

static void setup(void)
{
    static const float x[6] = {0, 1, 2, -3, 4, -5};
    Tensor t = {DT_F32, {2, {2, 3}}, x};
    keep = arena_new();
    diag = diag_new(keep);
    lab = io_temp_dir(keep, diag, NULL, "adze-test-");
    ck_assert(lab && npy_write(diag, io_join(keep, lab, "x.npy"), &t));
    ShellResult r =
        shell(keep, lab,
              "cp $HOME_OF_TESTS/tests/fuzz/corpus/model/dynamic.onnx tiny.onnx && mkdir bin && "
              "printf '#!/bin/sh\\nexit 3\\n' >bin/python3 && chmod +x bin/python3 && " M4 "--json >m4.json");
    ck_assert_msg(r.status == 0, "%s", r.err);
}

static void teardown(void)
{
    io_remove_tree(lab);
    arena_free(keep);
}

typedef struct {
    const char *script;
    int status;
    const char *says; /* somewhere on stdout or stderr */
} Row;

static const Row rows[] = {
    {M4 "--json >again.json && cmp m4.json again.json && echo same", 0, "same"},
    {M4 "-i x.npy", 0, "sigmoid"},
    {"mkdir v && cp x.npy v/in0_0.npy && cp x.npy v/out0_0.npy && " M4 "--vectors v", 0, "total"},
    {"adze run tiny.onnx --dim batch=2 -t cortex-m4 -i x.npy -o y.npy --json >r.json && mkdir -p w && "
     "cp x.npy w/in0_0.npy && cp y.npy w/out0_0.npy && "
     "adze verify tiny.onnx --dim batch=2 -t cortex-m4 --vectors w --json >v.json && "
     "for f in m4 r v; do sed '1,/total/d' $f.json | grep -oE '(code|weight|data|library)_bytes.: [0-9]+'; done | "
     "sort | uniq -c | grep -c ' 3 '",
     0, "4"},
    {M4 "-i x.npy --vectors v", 2, "two sources"},
    {M4 "--compare m4.json", 0, "new / old"},
    {"sed 's/\"instructions\": [0-9]*/\"instructions\": 100/' m4.json >o.json; " M4 "--compare o.json", 4,
     "instructions: "},
    {"sed 's/\"code_bytes\": [0-9]*/\"code_bytes\": 10/' m4.json >o.json; " M4 "--compare o.json --json", 4,
     "\"code_bytes\"\n"},
    {"sed 's/\"code_bytes\": [0-9]*/\"code_bytes\": 10/' m4.json >o.json; " M4 "--compare o.json --threshold 1e9", 0,
     "code_bytes"},
    {TINY "-t host --compare m4.json", 1, "was measured for target 'cortex-m4'"},
    {"echo '{}' >o.json; " M4 "--compare o.json", 1, "no result of 'adze bench --json'"},
    {"echo '{' >o.json; " M4 "--compare o.json", 1, "o.json"},
    {M4 "--threshold 2", 2, "--threshold"},
    {M4 "--peer onnxruntime", 2, "-t host"},
    {"PATH=$PWD/bin:$PATH; " TINY "--peer onnxruntime", 5, "python3 -m pip install"},
    {TINY "--json", 0, "\"median_seconds\""},
    {TINY "--name other --disable none", 1, "none"},
};

START_TEST(row)
{
    const Row *k = &rows[_i];
    ShellResult r = shell(keep, lab, "%s", k->script);
    ck_assert_msg(r.status == k->status, "%s\nstatus %d, expected %d: %s%s", k->script, r.status, k->status, r.out,
                  r.err);
    ck_assert_msg(strstr(r.out, k->says) || strstr(r.err, k->says), "%s\nno '%s' in: %s%s", k->script, k->says, r.out,
                  r.err);
}
END_TEST

START_TEST(peer)
{
    ShellResult there = shell(keep, lab, "python3 -c 'import onnxruntime, numpy'");
    if (there.status != 0) {
        puts("skipped: no Python packages onnxruntime and numpy");
        return;
    }
    ShellResult r = shell(keep, lab, TINY "-i x.npy --peer onnxruntime");
    ck_assert_msg(r.status == 0 && strstr(r.out, "adze / ONNX Runtime "), "%s%s", r.out, r.err);
}
END_TEST

static double number(const char *text, const char *key)
{
    const char *at = strstr(text, key);
    ck_assert_msg(at, "no %s", key);
    return strtod(at + strlen(key), NULL);
}

/* Layers take their share of the total, and the total is what a program without hooks takes. */
START_TEST(layers)
{
    ShellResult r =
        shell(keep, lab, "adze bench $MODEL -t cortex-m4 --vectors $HOME_OF_TESTS/tests/golden/none --json");
    ck_assert_int_eq(r.status, 1);
    r = shell(keep, lab, "adze bench $MODEL -t cortex-m4 --json");
    ck_assert_msg(r.status == 0, "%s", r.err);
    const char *total = strstr(r.out, "\"total\"");
    ck_assert(total);
    double sum = 0, all = number(total, "\"instructions\": ");
    int count = 0;
    for (const char *at = r.out; (at = strstr(at, "\"instructions\": ")) && at < total; at++, count++)
        sum += strtod(at + strlen("\"instructions\": "), NULL);
    ck_assert_int_eq(count, 14);
    ck_assert_msg(sum < all && sum > 0.99 * all, "layers %.0f of %.0f", sum, all);
    ck_assert_double_le(number(total, "\"instructions_per_mac\": "), 1.9);
    ck_assert_double_le(number(total, "\"code_bytes\": "), 14 * 1024);
    ck_assert_double_ge(number(total, "\"weight_bytes\": "), 4 * 86378);
    ck_assert_double_le(number(total, "\"stack_bytes\": "), number(total, "\"stack_bound_bytes\": "));
}
END_TEST

/* Kernels that are asm statements and are called through pointers count too: 76 bytes the deepest of this network's. */
START_TEST(bound_of_asm)
{
    ShellResult r =
        shell(keep, lab, "adze bench $HOME_OF_TESTS/examples/fashion/int8/fashion-int8.onnx -t cortex-m4 --json");
    ck_assert_msg(r.status == 0, "%s", r.err);
    double measured = number(r.out, "\"stack_bytes\": "), most = number(r.out, "\"stack_bound_bytes\": ");
    ck_assert_double_le(measured, most);
    ck_assert_double_le(most, measured + 500);
}
END_TEST

typedef struct {
    const char *graph;
    bool known;
    size_t bytes, outside;
} CallGraph;

#define NODE(name, bytes) "node: { title: \"" name "\" label: \"" name "\\nk.c:1:1\\n" bytes "\" }\n"
#define EDGE(from, to) "edge: { sourcename: \"" from "\" targetname: \"" to "\" label: \"k.c:2:2\" }\n"

static const CallGraph graphs[] = {
    {NODE("k_run", "24 bytes (static)"), true, 24, 0},
    {NODE("k_run", "24 bytes (static)") NODE("k.c:a", "100 bytes (static)") NODE("k.c:b", "8 bytes (static)")
         EDGE("k_run", "k.c:a") EDGE("k_run", "k.c:b") EDGE("k.c:b", "k.c:a") EDGE("k.c:a", "memcpy"),
     true, 132, 1},
    {NODE("k_run", "24 bytes (static)") EDGE("k_run", "k_run"), false, 0, 0},
    {NODE("k_run", "24 bytes (dynamic)"), false, 0, 0},
    {NODE("k_run", "24 bytes (dynamic,bounded)"), true, 24, 0},
    {NODE("k_run", "24 bytes (static)") EDGE("k_run", "__indirect_call"), false, 0, 0},
    {NODE("k_run", "24 bytes (static)") EDGE("k_run", "__indirect_call") NODE("k.c:a.stack76", "0 bytes (static)")
         NODE("k.c:b", "8 bytes (static)") NODE("k.c:c", "500 bytes (static)") EDGE("k_init", "k.c:c")
             NODE("k_init", "900 bytes (static)"),
     true, 100, 0},
    {NODE("k_run", "24 bytes (static)") EDGE("k_run", "__indirect_call") NODE("k.c:a", "8 bytes (static)")
         EDGE("k.c:a", "__indirect_call"),
     false, 0, 0},
    {NODE("other", "24 bytes (static)"), false, 0, 0},
};

START_TEST(bound)
{
    StackBound s;
    ck_assert(io_write(diag, io_join(keep, lab, "k.ci"), graphs[_i].graph, strlen(graphs[_i].graph)));
    ck_assert(stack_bound(keep, diag, lab, "k_run", &s));
    ck_assert_int_eq(s.known, graphs[_i].known);
    if (s.known)
        ck_assert_uint_eq(s.bytes, graphs[_i].bytes);
    ck_assert_uint_eq(s.outside.count, graphs[_i].outside);
}
END_TEST

int main(void)
{
    char *program = realpath(getenv("ADZE") ? getenv("ADZE") : "build/adze", NULL), *here = realpath(".", NULL);
    if (!program || !here) {
        fputs("no program build/adze; run: make\n", stderr);
        return EXIT_FAILURE;
    }
    Arena *a = arena_new();
    setenv("PATH", arena_printf(a, "%s:%s", io_dirname(a, program), getenv("PATH")), 1);
    setenv("HOME_OF_TESTS", here, 1);
    setenv("MODEL", io_join(a, here, "examples/fashion/fashion.onnx"), 1);
    Suite *suite = suite_create("bench");
    TCase *tc = tcase_create("shell");
    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, row, 0, sizeof rows / sizeof *rows);
    tcase_add_loop_test(tc, bound, 0, sizeof graphs / sizeof *graphs);
    tcase_add_test(tc, peer);
    tcase_add_test(tc, layers);
    tcase_add_test(tc, bound_of_asm);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    if (tool_here("arm-none-eabi-gcc") && tool_here("qemu-system-arm"))
        srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    arena_free(a);
    free(program);
    free(here);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
