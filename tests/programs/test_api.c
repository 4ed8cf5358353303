/* Generated code as a firmware engineer uses it: several models in one program, threads, C++, CMake, hooks and
 * placement, the three forms of the weights, state. The programs are in tests/programs/api; $ADZE is adze. */
#include "tests/support/tools.h"

#include "base/io.h"
#include "base/npy.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Arena *keep;
static Diag *diag;
static const char *adze, *lab, *root;

static void setup(void)
{
    keep = arena_new();
    diag = diag_new(keep);
    lab = io_temp_dir(keep, diag, NULL, "adze-test-");
    ck_assert(lab != NULL);
}

static void teardown(void)
{
    io_remove_tree(lab);
    arena_free(keep);
}

/* A command line in the lab that must succeed; its output. */
#define RUN(...) must(__LINE__, arena_printf(keep, __VA_ARGS__))

static const char *must(int line, const char *command)
{
    ShellResult r = shell(keep, lab, "%s", command);
    ck_assert_msg(r.status == 0, "line %d: %s\nended with %d:\n%.3000s%.3000s", line, command, r.status, r.out, r.err);
    return r.out;
}

static const char warnings[] = "-Wall -Wextra -Wconversion -Wpedantic -Wshadow -Werror";

static void compile(const char *model, const char *folder, const char *options)
{
    RUN("%s compile %s/tests/programs/api/%s.txt -o %s %s", adze, root, model, folder, options);
}

static const char *program(const char *name)
{
    return arena_printf(keep, "%s/tests/programs/api/%s", root, name);
}

START_TEST(two_models_share_a_program_and_memory)
{
    compile("first", "first", "-O speed");
    compile("second", "second", "");
    RUN("gcc -std=c99 -O2 %s -Ifirst -Isecond -o two %s first/*.c second/*.c -lm && ./two >c.txt", warnings,
        program("two.c"));
    if (!tool_here("g++"))
        return;
    RUN("gcc -c -O2 first/*.c second/*.c && g++ %s -Ifirst -Isecond -x c++ -c -o two.o %s && g++ -o two++ *.o -lm && "
        "./two++ >c++.txt && cmp c.txt c++.txt",
        warnings, program("two.c"));
}
END_TEST

START_TEST(external_symbols_begin_with_the_name)
{
    static const char *const options[] = {"", "--weights incbin", "--weights bin"};
    for (int i = 0; i < 3; i++) {
        compile("first", arena_printf(keep, "m%d", i), options[i]);
        compile("counter", arena_printf(keep, "s%d", i), "--state next:sum --name first");
        RUN("for f in [ms]%d/*.[cS]; do (cd $(dirname $f) && gcc -std=c99 %s -c $(basename $f)) || exit 1; done", i,
            warnings);
        if (tool_here("clang"))
            RUN("for f in [ms]%d/*.c; do clang -std=c11 %s -fsyntax-only $f || exit 1; done", i, warnings);
        const char *other =
            RUN("nm -g --defined-only m%d/*.o s%d/*.o | grep ' [A-Za-z] ' | grep -v ' first_' || true", i, i);
        ck_assert_msg(!*other, "%s", other);
        const char *mutable = RUN("nm m%d/*.o s%d/*.o | grep ' [bBdDcC] ' || true", i, i);
        ck_assert_msg(!*mutable, "%s", mutable);
    }
}
END_TEST

START_TEST(threads_do_not_meet)
{
    compile("first", "first", "");
    ShellResult r =
        shell(keep, lab, "echo 'int main(void) { return 0; }' >t.c && gcc -fsanitize=thread t.c -o t && ./t");
    const char *sanitizer = r.status == 0 ? "-fsanitize=thread" : "";
    if (r.status != 0)
        printf("skipped: no thread sanitizer here\n");
    RUN("gcc -std=c99 -g -O1 %s -Ifirst -o threads %s first/*.c -lm -lpthread && ./threads", sanitizer,
        program("threads.c"));
}
END_TEST

/* Two memories: the arena is cut where the fast one ends, the program computes the same, also under another name. */
START_TEST(arenas_in_two_memories)
{
    static const char yaml[] = "extends: %s\nmemories:\n  - {name: flash, bytes: 1M, speed: 2}\n"
                               "  - {name: dtcm, bytes: 32K, speed: 1}\n  - {name: psram, bytes: 16M, speed: 4}\n";
    static const char *const bases[] = {"x86-64", "cortex-m4"};
    float x[784];
    for (int i = 0; i < 784; i++)
        x[i] = (float)(i % 23) / 23.0f;
    Tensor t = {DT_F32, {4, {1, 1, 28, 28}}, x};
    ck_assert(npy_write(diag, io_join(keep, lab, "x.npy"), &t));
    RUN("cp %s/examples/fashion/fashion.onnx . && %s golden fashion.onnx -i x.npy -o golden", root, adze);
    for (int i = 0; i < 2; i++) {
        Target target;
        const char *text = arena_printf(keep, yaml, bases[i]);
        ck_assert(io_write(diag, io_join(keep, lab, "two.yaml"), text, strlen(text)));
        ck_assert(target_load(keep, diag, bases[i], &target));
        if (target_tools_here(&target))
            RUN("%s verify fashion.onnx -t two.yaml --golden golden", adze);
    }
    RUN("%s compile fashion.onnx -t two.yaml -o two && gcc -std=c99 %s -c -o two.o two/fashion.c", adze, warnings);
    const char *macros = RUN("grep -E 'define FASHION_ARENA(_PSRAM)?_BYTES|ARENA_COUNT' two/fashion.h");
    int count = 0, fast = 0, slow = 0;
    ck_assert_msg(
        sscanf(macros,
               "#define FASHION_ARENA_COUNT %d #define FASHION_ARENA_BYTES %d #define FASHION_ARENA_PSRAM_BYTES %d",
               &count, &fast, &slow) == 3,
        "%s", macros);
    ck_assert(count == 2 && fast > 16384 && fast <= 32768 && slow > 0);
}
END_TEST

START_TEST(cmake_adds_the_folder)
{
    static const char *const options[] = {"", "--weights incbin"};
    if (!tool_here("cmake"))
        return;
    for (int i = 0; i < 2; i++) {
        RUN("mkdir m%d && cp %s m%d", i, program("two.c"), i);
        compile("first", arena_printf(keep, "m%d/first", i), options[i]);
        compile("second", arena_printf(keep, "m%d/second", i), options[!i]);
        RUN("cmake -S %s -B b%d -DMODELS=%s/m%d && cmake --build b%d && b%d/app", program("cmake"), i, lab, i, i, i);
    }
    RUN("cmake -S m1/first -B alone && cmake --build alone && test -f alone/libfirst.a");
    RUN("touch -d 2100-01-01 m1/first/first_weights.bin && cmake --build alone | grep -q first_weights.S"); /* a
                                                                                                               dependency
                                                                                                             */
}
END_TEST

START_TEST(hooks_and_placement)
{
    compile("first", "first", "");
    RUN("gcc -std=c99 -I%s -Ifirst '-DFIRST_CONFIG=\"hooks.h\"' -o hooked %s first/*.c -lm && ./hooked", program(""),
        program("hooked.c"));
    RUN("objdump -h hooked | grep -A1 external_flash | grep -q READONLY");
    compile("first", "incbin", "--weights incbin");
    RUN("cd incbin && gcc -c '-DFIRST_WEIGHTS_SECTION=\".external_flash\"' first_weights.S && "
        "objdump -h first_weights.o | grep -q external_flash");
}
END_TEST

static const struct {
    const char *compiler, *flags;
} assemblers[] = {
    {"gcc", ""},
    {"clang", ""},
    {"arm-none-eabi-gcc", "-mcpu=cortex-m4 -mthumb"},
    {"riscv64-unknown-elf-gcc", "-march=rv32imc -mabi=ilp32"},
    {"aarch64-linux-gnu-gcc", ""},
};

START_TEST(weights_through_the_assembler)
{
    if (!tool_here(assemblers[_i].compiler))
        return;
    compile("first", "m", "--weights incbin");
    RUN("%s %s %s -Im -c m/first_weights.S -o w.o", assemblers[_i].compiler, assemblers[_i].flags, warnings);
    RUN("size=$(($(stat -c %%s m/first_weights.bin) - 64)) && readelf -sW w.o | "
        "awk -v s=$size '$8 == \"first_weights\" && $3 == s && $4 == \"OBJECT\" && $5 == \"GLOBAL\" {n++} END {exit n "
        "!= 1}'");
    RUN("readelf -SW w.o | awk '/rodata.first_weights/ {sub(/.*rodata/, \"\"); if ($NF >= 8 && $7 == \"A\") n++} END "
        "{exit n != 1}'");
    RUN("readelf -SW w.o | grep -q note.GNU-stack && ! readelf -SW w.o | grep GNU-stack | grep -q X");
}
END_TEST

START_TEST(the_three_forms_compute_the_same)
{
    compile("second", "second", "");
    compile("first", "c", "");
    compile("first", "incbin", "--weights incbin");
    compile("first", "bin", "--weights bin");
    RUN("gcc -std=c99 -O2 -Ic -Isecond -o c.run %s c/*.c second/*.c -lm && ./c.run >c.txt", program("two.c"));
    RUN("gcc -std=c99 -O2 -Iincbin -Isecond -o i.run %s incbin/*.c incbin/*.S second/*.c -lm && ./i.run >i.txt",
        program("two.c"));
    RUN("gcc -std=c99 -D_POSIX_C_SOURCE=200809L -O2 %s -Ibin -o b.run %s bin/*.c -lm && ./b.run bin/first_weights.bin "
        ">b.txt",
        warnings, program("mapped.c"));
    RUN("cmp c.txt i.txt && cmp c.txt b.txt");
    RUN("cmp incbin/first_weights.bin bin/first_weights.bin && ! ls bin/first_weights.c bin/first_weights.S "
        "2>/dev/null");
}
END_TEST

static void save(const char *file, const float *data, int count)
{
    Tensor t = {.type = DT_F32, .shape = {1, {count}}, .data = data};
    ck_assert(npy_write(diag, io_join(keep, lab, file), &t));
}

/* As programs of a target, linked by adze itself. */
START_TEST(every_form_runs_on_a_target)
{
    static const char *const targets[] = {"host", "cortex-m4"}, *const forms[] = {"c", "incbin", "bin"};
    static const float data[8] = {1, -2, 3, 0.5f, 0, 7, -1, 2};
    Target t;
    Tensor x = {.type = DT_F32, .shape = {2, {1, 8}}, .data = data};
    ck_assert(target_load(keep, diag, targets[_i], &t) && npy_write(diag, io_join(keep, lab, "x.npy"), &x));
    if (!target_tools_here(&t))
        return;
    for (int i = 0; i < 3; i++)
        RUN("%s run %s/tests/programs/api/second.txt -t %s --weights %s -i x.npy -o y%d.npy", adze, root, targets[_i],
            forms[i], i);
    RUN("cmp y0.npy y1.npy && cmp y0.npy y2.npy");
}
END_TEST

/* Consecutive steps: sum' = sum + x, y = sum' * sum. The files of the state's input hold something else. */
static void save_steps(void)
{
    static const float zeros[4];
    float sum[4] = {0};
    for (int k = 0; k < 4; k++) {
        float x[4], y[4];
        for (int i = 0; i < 4; i++) {
            x[i] = (float)(k * 3 - i);
            y[i] = (sum[i] + x[i]) * sum[i];
            sum[i] += x[i];
        }
        save(arena_printf(keep, "v/in0_%d.npy", k), x, 4);
        save(arena_printf(keep, "v/in1_%d.npy", k), zeros, 4);
        save(arena_printf(keep, "v/out0_%d.npy", k), y, 4);
        save(arena_printf(keep, "v/out1_%d.npy", k), sum, 4);
    }
}

START_TEST(state_lasts_from_case_to_case)
{
    static const char *const targets[] = {"host", "cortex-m4"};
    Target t;
    ck_assert(target_load(keep, diag, targets[_i], &t) && io_make_dir(diag, io_join(keep, lab, "v")));
    if (!target_tools_here(&t))
        return;
    save_steps();
    const char *verify =
        arena_printf(keep, "%s verify %s/tests/programs/api/counter.txt -t %s --vectors v --atol 0 --rtol 0", adze,
                     root, targets[_i]);
    RUN("%s --state next:sum", verify);
    ck_assert_int_eq(shell(keep, lab, "%s", verify).status, EXIT_DIFFERS);
    RUN("rm v/in1_*");
    RUN("%s --state next:sum --weights bin", verify); /* the files of a state are not needed; no constants: no file */
    RUN("cp v/out1_1.npy v/out1_3.npy");              /* the state behind the last case is compared as well */
    ck_assert_int_eq(shell(keep, lab, "%s --state next:sum", verify).status, EXIT_DIFFERS);
}
END_TEST

START_TEST(wrong_options_are_refused)
{
    static const struct {
        const char *options;
        int status;
        const char *message;
    } rows[] = {
        {"--weights xml", EXIT_USAGE, "'xml'"},
        {"--state next", EXIT_INPUT, "expected OUTPUT:INPUT"},
        {"--state next:x --state y:x", EXIT_INPUT, "bound twice"},
        {"--state y:data", EXIT_INPUT, "no input"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ShellResult r =
            shell(keep, lab, "%s compile %s/tests/programs/api/counter.txt -o out %s", adze, root, rows[i].options);
        ck_assert_msg(r.status == rows[i].status && strstr(r.err, rows[i].message), "%s: %d %s", rows[i].options,
                      r.status, r.err);
        ck_assert(!io_exists(io_join(keep, lab, "out")));
    }
}
END_TEST

int main(void)
{
    char *program_path = realpath(getenv("ADZE") ? getenv("ADZE") : "build/adze", NULL), *here = realpath(".", NULL);
    if (!program_path || !here) {
        fputs("no program build/adze; run: make\n", stderr);
        return EXIT_FAILURE;
    }
    adze = program_path;
    root = here;
    Suite *suite = suite_create("generated API");
    TCase *tc = tcase_create("programs");
    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, two_models_share_a_program_and_memory);
    tcase_add_test(tc, external_symbols_begin_with_the_name);
    tcase_add_test(tc, threads_do_not_meet);
    tcase_add_test(tc, arenas_in_two_memories);
    tcase_add_test(tc, cmake_adds_the_folder);
    tcase_add_test(tc, hooks_and_placement);
    tcase_add_loop_test(tc, weights_through_the_assembler, 0, sizeof assemblers / sizeof *assemblers);
    tcase_add_test(tc, the_three_forms_compute_the_same);
    tcase_add_loop_test(tc, every_form_runs_on_a_target, 0, 2);
    tcase_add_loop_test(tc, state_lasts_from_case_to_case, 0, 2);
    tcase_add_test(tc, wrong_options_are_refused);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    free(program_path);
    free(here);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
