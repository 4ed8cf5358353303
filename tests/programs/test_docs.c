/* The documentation is true: commands in it run, files in it are read, links in it lead somewhere, the generated part
 * is what would be generated.
 *
 * A command is an indented line, or one in a block ```sh, that begins with adze, build/adze or make; three spaces or a
 * `#` end it. They run in a folder that holds what readers are told to have: kws.onnx, vad.txt, x.npy, samples.npy,
 * labels.npy, vectors/, and each block of YAML whose first line is `# NAME.yaml`. make is asked only what it would do.
 */
#include "tests/support/programs.h"
#include "tests/support/tools.h"

#include "base/io.h"
#include "base/npy.h"
#include "commands/commands.h"
#include "ops/ops.h"
#include "tests/load/model.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Arena *keep;
static Diag *diag;
static const char *adze, *lab;
static StringList pages;

static const char *page_text(const char *path)
{
    FileBytes file;
    ck_assert_msg(io_map(diag, path, &file), "%s cannot be read", path);
    const char *text = arena_strndup(keep, file.size ? file.data : "", file.size);
    io_unmap(&file);
    return text;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

typedef struct {
    const char *page, *language; /* of a block ```language; "": indented or no language; NULL: prose */
    const char *line;
    int number;
} Line;

/* Calls see() for each line of a page, then once with line NULL. */
static void read_page(const char *path, void (*see)(const Line *))
{
    Line l = {.page = path};
    const char *text = page_text(path);
    for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n') {
        l.line = arena_strndup(keep, at, strcspn(at, "\n"));
        l.number++;
        if (begins(l.line, "```")) {
            l.language = l.language ? NULL : arena_strdup(keep, l.line + 3);
            continue;
        }
        const char *language = l.language;
        if (!l.language && begins(l.line, "    ")) {
            l.language = "";
            l.line += 4;
        }
        see(&l);
        l.language = language;
    }
    l.line = NULL;
    see(&l);
}

static StringList commands, places; /* "README.md:14" */

/* Behind three spaces, unless they align the model's name: "adze run     kws.onnx -t host     compile, execute". */
static void cut_prose(char *command)
{
    for (char *at = command; (at = strstr(at, "   ")) != NULL; at += strspn(at, " ")) {
        if (begins(at + strspn(at, " "), "kws.onnx"))
            continue;
        *at = 0;
        return;
    }
}

static void see_command(const Line *l)
{
    static const char *const first[] = {"adze ", "build/adze ", "make ", "make\n"};
    if (!l->line || !l->language || (strcmp(l->language, "") != 0 && strcmp(l->language, "sh") != 0))
        return;
    const char *line = arena_printf(keep, "%s\n", l->line);
    for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
        if (!begins(line, first[i]) || strstr(line, "..."))
            continue;
        char *command = arena_strdup(keep, line);
        command[strcspn(command, "#\n")] = 0;
        cut_prose(command);
        array_push(keep, &commands, (const char *)command);
        array_push(keep, &places, (const char *)arena_printf(keep, "%s:%d", l->page, l->number));
        return;
    }
}

static StringList yaml_files; /* below lab */

/* Writes the blocks of YAML that say their name. */
static void see_yaml(const Line *l)
{
    static Buf text;
    static const char *name;
    if (l->line && l->language && strcmp(l->language, "yaml") == 0) {
        size_t n = strlen(l->line);
        if (!name && begins(l->line, "# ") && n > 7 && strcmp(l->line + n - 5, ".yaml") == 0)
            name = io_join(keep, lab, l->line + 2);
        buf_printf(&text, "%s\n", l->line);
        return;
    }
    if (name) {
        ck_assert(io_write(diag, name, buf_text(&text), text.length));
        array_push(keep, &yaml_files, name);
    }
    buf_free(&text);
    text = (Buf){0};
    name = NULL;
}

static void see_graph(const Line *l)
{
    static Buf text;
    if (l->line && l->language && strcmp(l->language, "graph") == 0) {
        buf_printf(&text, "%s\n", l->line);
        return;
    }
    if (text.length) {
        Graph *g = graph_read(keep, diag, text.data, text.length, l->page);
        diag_flush(diag, stdout);
        ck_assert_msg(g != NULL, "a graph of %s cannot be read", l->page);
    }
    buf_free(&text);
    text = (Buf){0};
}

/* [text](path#part) with a path of the repository. */
static void see_links(const Line *l)
{
    if (!l->line || l->language)
        return;
    for (const char *at = l->line; (at = strstr(at, "](")) != NULL;) {
        at += 2;
        size_t n = strcspn(at, ")#");
        if (n == 0 || begins(at, "http"))
            continue;
        const char *to = io_join(keep, io_dirname(keep, l->page), arena_strndup(keep, at, n));
        ck_assert_msg(io_exists(to), "%s:%d: there is no %s", l->page, l->number, to);
    }
}

/* y = x * [1,2,3,4] */
static void save_model(void)
{
    static const float w[] = {1, 2, 3, 4}, x[] = {1, 1, 2, -1}, y[] = {1, 2, 6, -4};
    Buf g = {0};
    put_message(&g, 1, node("Mul", "x w", "y"));
    put_text(&g, 2, "kws");
    put_message(&g, 5, raw_tensor("w", 1, "4", w, sizeof w));
    put_message(&g, 11, value_info("x", 1, "1,4"));
    put_message(&g, 12, value_info("y", 1, "1,4"));
    Buf m = model(g);
    ck_assert(io_write(diag, io_join(keep, lab, "kws.onnx"), m.data, m.length));
    buf_free(&m);
    Tensor in = {DT_F32, {2, {1, 4}}, x}, out = {DT_F32, {2, {1, 4}}, y};
    static const float all[] = {1, 1, 2, -1, 0, 3, -1, 2};
    static const uint8_t classes[] = {2, 3};
    Tensor samples = {DT_F32, {2, {2, 4}}, all}, labels = {DT_U8, {1, {2}}, classes};
    ck_assert(npy_write(diag, io_join(keep, lab, "samples.npy"), &samples) &&
              npy_write(diag, io_join(keep, lab, "labels.npy"), &labels));
    ck_assert(io_make_dir(diag, io_join(keep, lab, "vectors")) && npy_write(diag, io_join(keep, lab, "x.npy"), &in) &&
              npy_write(diag, io_join(keep, lab, "vectors/in0_0.npy"), &in) &&
              npy_write(diag, io_join(keep, lab, "vectors/out0_0.npy"), &out));
}

/* A model with two states, in text form. */
static void save_recurrent(void)
{
    static const char text[] =
        "graph \"vad\" opset \"\" 13 {\n input %x: f32[4]\n input %h: f32[4]\n input %c: f32[4]\n"
        " %hn = Add(%h, %x)\n %cn = Mul(%c, %hn)\n %speech = Sub(%cn, %h)\n"
        " output %speech\n output %hn\n output %cn\n}\n";
    ck_assert(io_write(diag, io_join(keep, lab, "vad.txt"), text, sizeof text - 1));
}

START_TEST(commands_run)
{
    Target t;
    ck_assert(target_load(keep, diag, "cortex-m4", &t));
    bool tools = target_tools_here(&t) && tool_here("gcc");
    save_model();
    save_recurrent();
    for (size_t i = 0; i < pages.count; i++)
        read_page(pages.items[i], see_yaml);
    for (size_t i = 0; i < pages.count; i++)
        read_page(pages.items[i], see_command);
    ck_assert_uint_ge(commands.count, 5);
    for (size_t i = 0; i < commands.count; i++) {
        const char *command = commands.items[i];
        bool is_make = begins(command, "make");
        if (!tools && !is_make && !strstr(command, "adze compile") && !strstr(command, "adze targets"))
            continue;
        ShellResult r =
            is_make ? shell(keep, NULL, "make -n %s", command + 4)
                    : shell(keep, lab, "mkdir -p build && ln -sf '%s' build/adze && PATH=$PWD/build:$PATH && %s", adze,
                            command);
        ck_assert_msg(r.status == 0, "%s: %s\nstatus %d: %s%s", places.items[i], command, r.status, r.out, r.err);
    }
}
END_TEST

START_TEST(target_files_load)
{
    for (size_t i = 0; i < pages.count; i++)
        read_page(pages.items[i], see_yaml);
    ck_assert_uint_ge(yaml_files.count, 1);
    for (size_t i = 0; i < yaml_files.count; i++) {
        if (!strstr(page_text(yaml_files.items[i]), "\nextends:"))
            continue;
        ShellResult r = shell(keep, NULL, "%s targets %s", adze, yaml_files.items[i]);
        ck_assert_msg(r.status == 0, "%s: %s", yaml_files.items[i], r.err);
    }
}
END_TEST

START_TEST(graphs_read_and_links_lead_somewhere)
{
    for (size_t i = 0; i < pages.count; i++) {
        read_page(pages.items[i], see_graph);
        read_page(pages.items[i], see_links);
    }
}
END_TEST

START_TEST(operators_are_those_of_the_table)
{
    Buf want = {0};
    operators_markdown(&want);
    ck_assert_msg(strcmp(page_text("docs/operators.md"), buf_text(&want)) == 0,
                  "docs/operators.md is not what the table says; hint: make docs");
    buf_free(&want);
}
END_TEST

START_TEST(the_manual_is_that_of_the_tables)
{
    Buf want = {0};
    manual_page(&want);
    ck_assert_msg(strcmp(page_text("docs/adze.1"), buf_text(&want)) == 0,
                  "docs/adze.1 is not what the tables say; hint: make docs");
    buf_free(&want);
    if (tool_here("man")) {
        ShellResult r =
            shell(keep, NULL, "LC_ALL=C.UTF-8 MANROFFSEQ= man --warnings -E UTF-8 -l -Tutf8 -Z docs/adze.1 >/dev/null");
        ck_assert_msg(r.status == 0 && !*r.err, "man: %s", r.err);
    }
}
END_TEST

static bool prepare(const char *program)
{
    NameList names = {0};
    if (!program) {
        fputs("no program build/adze; run: make\n", stderr);
        return false;
    }
    adze = program;
    lab = io_temp_dir(keep, diag, NULL, "adze-test-");
    array_push(keep, &pages, "README.md");
    if (!lab || !io_list(keep, diag, "docs", &names))
        return false;
    for (size_t i = 0; i < names.count; i++)
        if (strstr(names.items[i], ".md"))
            array_push(keep, &pages, io_join(keep, "docs", names.items[i]));
    return true;
}

int main(void)
{
    keep = arena_new();
    diag = diag_new(keep);
    char *program = realpath(getenv("ADZE") ? getenv("ADZE") : "build/adze", NULL);
    if (!prepare(program))
        return EXIT_FAILURE;
    Suite *suite = suite_create("documentation");
    TCase *tc = tcase_create("docs");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, commands_run);
    tcase_add_test(tc, target_files_load);
    tcase_add_test(tc, graphs_read_and_links_lead_somewhere);
    tcase_add_test(tc, operators_are_those_of_the_table);
    tcase_add_test(tc, the_manual_is_that_of_the_tables);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    arena_free(keep);
    free(program);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
