/* What a build pipeline relies on (docs/pipelines.md): pipeline files, dependency files, golden folders, an output
 * folder that survives signals and full disks, colours on terminals only. A row is a shell script in a folder of its
 * own that holds tiny.onnx (one Sigmoid of [batch,3]), x.npy and an out/ written before ("old"); $ADZE is the program.
 */
#include "tests/support/tools.h"

#include "base/io.h"
#include "base/npy.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Arena *keep;
static Diag *diag;
static const char *adze, *lab;

static void setup(void)
{
    static const float x[6] = {0, 1, 2, -3, 4, -5};
    Tensor t = {DT_F32, {2, {2, 3}}, x};
    keep = arena_new();
    diag = diag_new(keep);
    lab = io_temp_dir(keep, diag, NULL, "adze-test-");
    ck_assert(lab && npy_write(diag, io_join(keep, lab, "x.npy"), &t));
    ShellResult r = shell(keep, lab,
                          "cp %s/tests/fuzz/corpus/model/dynamic.onnx tiny.onnx && "
                          "%s compile tiny.onnx --dim batch=2 --name old -o out && ln -s %s adze",
                          getenv("OLDPWD"), adze, adze);
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

#define YAML(text) "printf '" text "' >p.yaml; "
#define OLD "; s=$?; test -e out/old.h && test ! -e out/tiny.h && ! ls -d .adze-* 2>/dev/null || s=99; exit $s"

static const Row pipeline_rows[] = {
    {YAML("model: tiny.onnx\\ntarget: cortex-m4\\ndim: {batch: 2}\\noutput: new\\n") "./adze compile -c p.yaml && ls "
                                                                                     "new",
     0, "tiny.h"},
    {"mkdir d && cp tiny.onnx d && printf 'model: tiny.onnx\\ndim: [batch=2]\\noutput: new\\n' >d/p.yaml && "
     "./adze compile -c d/p.yaml && ls d/new",
     0, "tiny.h"},
    {YAML("model: tiny.onnx\\ntarget: cortex-m4\\nname: one\\ndim: {batch: 2}\\n") "./adze compile -c p.yaml --name "
                                                                                   "two -t "
                                                                                   "rv32imc -o new && ls new",
     0, "two.h"},
    {YAML("model: tiny.onnx\\nshape: {x: [2, 3]}\\nweights: bin\\n") "./adze compile -c p.yaml -o new && ls new", 0,
     "tiny.h"},
    {YAML("model: tiny.onnx\\noutputs: out\\n") "./adze compile -c p.yaml" OLD, 1, "p.yaml:2:1: unknown key 'outputs'"},
    {YAML("model: tiny.onnx\\nrtol: lots\\n") "./adze compile -c p.yaml -o out" OLD, 1, "p.yaml:2:7: 'rtol'"},
    {YAML("model: tiny.onnx\\njson: maybe\\n") "./adze compile -c p.yaml -o out" OLD, 1, "p.yaml:2:7: 'json'"},
    {YAML("model: tiny.onnx\\nweights: gold\\n") "./adze compile -c p.yaml -o out" OLD, 1,
     "p.yaml:2:10: 'weights': 'gold' is none of c|incbin|bin"},
    {YAML("model: tiny.onnx\\nname: a\\nname: b\\n") "./adze compile -c p.yaml -o out" OLD, 1, "p.yaml:3:1"},
    {YAML("model: [tiny.onnx\\n") "./adze compile -c p.yaml -o out" OLD, 1, "p.yaml:2:1"},
    {YAML("model: tiny.onnx\\ndim: {batch: -1}\\n") "./adze compile -c p.yaml -o out" OLD, 1, "p.yaml:2:14"},
    {"echo '- model' >p.yaml; ./adze compile -c p.yaml -o out" OLD, 1, "p.yaml:1:1"},
    {"./adze compile -c nowhere.yaml -o out" OLD, 1, "nowhere.yaml"},
    {YAML("model: tiny.onnx\\ndim: {batch: 2}\\ninput: [x.npy]\\noutput: g\\n") "./adze golden -c p.yaml && ls g", 0,
     "golden.json"},
};

static const Row folder_rows[] = {
    {"./adze compile tiny.onnx --dim batch=2 -o out && ls out", 0, "tiny.h"},
    {"(ulimit -f 1; ./adze compile tiny.onnx --dim batch=2 -o out)" OLD, 1, "File too large"},
    {"mkdir mine && echo precious >mine/file; ./adze compile tiny.onnx --dim batch=2 -o mine; s=$?; cat mine/file; "
     "exit $s",
     1, "precious"},
    {"mkdir empty && ./adze compile tiny.onnx --dim batch=2 -o empty && ls empty", 0, "tiny.h"},
    {"ln -s out link && ./adze compile tiny.onnx --dim batch=2 -o link && test -L link && ls out", 0, "tiny.h"},
    {"cd out && ../adze compile ../tiny.onnx --dim batch=2 -o . && ls", 0, "tiny.h"},
    {"./adze compile tiny.onnx --dim batch=2 -o a/b/c && ls a/b/c", 0, "tiny.h"},
    {"./adze compile tiny.onnx --dim batch=2 --json -o new >/dev/full; s=$?; exit $s", 1, "standard output"},
    {"./adze compile tiny.onnx --dim batch=2 -o new --depfile new.d && cat new.d", 0, "new/tiny.h"},
    {"printf 'all: new/tiny.c\\nnew/tiny.c:\\n\\t./adze compile tiny.onnx --dim batch=2 -o new --depfile "
     "new.d\\n-include "
     "new.d\\n' >Makefile; "
     "make -s && make -q && sleep 1 && echo '# changed' >>tiny.onnx && ! make -q && echo rebuilds",
     0, "rebuilds"},
    {"./adze golden tiny.onnx -i x.npy -o g && ./adze verify tiny.onnx --golden g", 0, "ok: 1 case"},
    {"./adze golden tiny.onnx -i x.npy -o g && printf 'X' | dd of=g/out0_0.npy bs=1 seek=140 conv=notrunc 2>/dev/null; "
     "./adze verify tiny.onnx --golden g",
     1, "the file has been changed"},
    {"./adze golden tiny.onnx -i x.npy -o g && rm g/golden.json; ./adze verify tiny.onnx --golden g", 1,
     "holds no golden.json"},
    {"./adze golden tiny.onnx -i x.npy -o g && ./adze verify tiny.onnx --golden g --vectors g", 2, "two sources"},
};

static const Row terminal_rows[] = {
    {"script -qec './adze compile none.onnx -o new' /dev/null | cat -v", 0, "^["},
    {"script -qec 'NO_COLOR=1 ./adze compile none.onnx -o new' /dev/null | cat -v | grep -v '\\^\\['", 0,
     "adze: error: "},
    {"./adze compile none.onnx -o new 2>&1 | cat -v | grep -v '\\^\\['", 0, "adze: error: "},
    {"./adze compile tiny.onnx --dim batch=2 -o new 2>&1 | cat -v", 0, "new: 1 layers"},
};

static void check_row(const Row *row)
{
    ShellResult r = shell(keep, lab, "%s", row->script);
    ck_assert_msg(r.status == row->status, "%s\nstatus %d, expected %d: %s%s", row->script, r.status, row->status,
                  r.out, r.err);
    ck_assert_msg(strstr(r.out, row->says) || strstr(r.err, row->says), "%s\nno '%s' in: %s%s", row->script, row->says,
                  r.out, r.err);
}

START_TEST(pipeline_file)
{
    check_row(&pipeline_rows[_i]);
}
END_TEST

START_TEST(output_folder)
{
    check_row(&folder_rows[_i]);
}
END_TEST

START_TEST(terminal)
{
    if (tool_here("script"))
        check_row(&terminal_rows[_i]);
}
END_TEST

/* A signal at any moment: the old folder or the new one, and nothing beside it. */
START_TEST(signals)
{
    static const char *const names[] = {"INT", "TERM", "HUP"};
    ShellResult r = shell(
        keep, lab,
        "for i in 0 1 2 3 4 5 6 7 8 9 a b c d e f; do\n"
        "  ./adze compile $OLDPWD/examples/fashion/fashion.onnx --name new$i -o out >/dev/null & p=$!\n"
        "  sleep 0.0$i 2>/dev/null || sleep 0.012; kill -%s $p 2>/dev/null; wait $p\n"
        "  n=$(ls out | grep -c json) m=$(basename out/*.json .json)\n"
        "  [ $n = 1 ] && [ -e out/$m.c ] && [ -e out/$m.h ] && [ -e out/CMakeLists.txt ] || { ls -a out; exit 1; }\n"
        "done; ls -d .adze-* 2>/dev/null && exit 1; exit 0",
        names[_i]);
    ck_assert_msg(r.status == 0, "status %d: %s%s", r.status, r.out, r.err);
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
    setenv("OLDPWD", here, 1);
    Suite *suite = suite_create("pipelines");
    TCase *tc = tcase_create("shell");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, pipeline_file, 0, sizeof pipeline_rows / sizeof *pipeline_rows);
    tcase_add_loop_test(tc, output_folder, 0, sizeof folder_rows / sizeof *folder_rows);
    tcase_add_loop_test(tc, terminal, 0, sizeof terminal_rows / sizeof *terminal_rows);
    tcase_add_loop_test(tc, signals, 0, 3);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    free(program);
    free(here);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
