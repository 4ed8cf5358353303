/* The report: its numbers, its JSON and its page, for a model whose names try to break out of them. */
#include "emit/measure.h"
#include "base/io.h"
#include "compile.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static Arena *keep;

/* A residual block, and names as an attacker would choose them: markup, quotes, bytes that are no UTF-8. */
static const char model[] =
    "graph \"g\" opset \"\" 13 {\n"
    "  input %\"<script>alert(1)</script>\": f32[1,4,8,8]\n"
    "  const %w1: f32[4,4,3,3] = random(1)\n"
    "  const %w2: f32[4,4,3,3] = random(2)\n"
    "  const %b: f32[4] = random(3)\n"
    "  const %s: f32[4] = fill(0.5)\n"
    "  %c1 = Conv(%\"<script>alert(1)</script>\", %w1, %b) {pads=[1,1,1,1]} name \"a\\\"b'c&d\"\n"
    "  %n1 = BatchNormalization(%c1, %s, %s, %s, %s) name \"\\xff\\xfe<b>\"\n"
    "  %r1 = Relu(%n1) name \"</title></svg>\"\n"
    "  %c2 = Conv(%r1, %w2, %b) {pads=[1,1,1,1]} name \"second\"\n"
    "  %a1 = Add(%r1, %c2)\n"
    "  %r2 = Relu(%a1)\n"
    "  %0 = Tanh(%r2) name \"tanh\"\n"
    "  %soft = Softmax(%0) {axis=1} name \"soft\"\n"
    "  %e = Exp(%soft) name \"exp\"\n"
    "  %t = Sin(%e) name \"sin\"\n"
    "  %p = GlobalAveragePool(%t) name \"pool\"\n"
    "  output %p\n}\n";

static Compilation *compiled(const char *text)
{
    Diag *d = diag_new(keep);
    const char *dir = io_temp_dir(keep, d, NULL, "adze-test-");
    const char *file = io_join(keep, dir, "net.txt");
    ck_assert(io_write(d, file, text, strlen(text)));
    Compilation *c = NEW(keep, Compilation);
    *c = (Compilation){.keep = keep, .diag = d, .options = {.model = file, .target_name = "cortex-m4"}};
    bool ok = compile_plan(c);
    diag_flush(d, stderr);
    ck_assert(ok);
    return c;
}

static const Report *report_for(Compilation *c)
{
    EmitOptions o = compile_emit_options(c);
    return report_of_plan(keep, c->plan, &c->target, &o);
}

static const char *page_of(const Report *r)
{
    Buf b = {0};
    report_html(r, &b);
    const char *text = arena_strdup(keep, buf_text(&b));
    buf_free(&b);
    return text;
}

START_TEST(numbers_are_those_of_the_plan)
{
    Compilation *c = compiled(model);
    const Report *r = report_for(c);
    size_t most = 0;
    int64_t macs = 0;
    ck_assert_uint_eq(r->layer_count, c->plan->steps.count);
    for (size_t i = 0; i < r->layer_count; i++) {
        most = r->layers[i].live_bytes > most ? r->layers[i].live_bytes : most;
        macs += r->layers[i].step->macs;
    }
    ck_assert_uint_eq(most, c->plan->arena_lower_bound);
    ck_assert_uint_eq(r->arena_bytes, c->plan->arena_bytes);
    ck_assert_int_eq(r->macs, macs);
    ck_assert_int_ge(r->macs, 2 * 4 * 4 * 9 * 64);
    ck_assert_int_eq(r->parameters, 2 * 4 * 4 * 9 + 2 * 4);
    ck_assert_uint_eq(r->io_bytes, 4 * 64 * 4 + 4 * 4);
    for (size_t i = 0; i < r->blocks.count; i++)
        ck_assert_uint_le(r->blocks.items[i].offset + r->blocks.items[i].bytes, r->arena_bytes);
}
END_TEST

static const LayerReport *layer_named(const Report *r, const char *title)
{
    for (size_t i = 0; i < r->layer_count; i++)
        if (strcmp(r->layers[i].title, title) == 0)
            return &r->layers[i];
    ck_abort_msg("no layer %s", title);
    return NULL;
}

static const char *operators_of(const LayerReport *l)
{
    const char *text = "";
    for (size_t i = 0; i < l->operators.count; i++)
        text = arena_printf(keep, "%s%s%s", text, i ? "+" : "", l->operators.items[i]);
    return text;
}

START_TEST(layers_say_what_is_fused_and_what_is_in_place)
{
    const Report *r = report_for(compiled(model));
    ck_assert_str_eq(operators_of(layer_named(r, "a\"b'c&d")), "Conv+BatchNormalization+Relu");
    ck_assert_str_eq(operators_of(layer_named(r, "second")), "Conv+Add+Relu");
    ck_assert_ptr_nonnull(strstr(layer_named(r, "second")->in_place, "as another operand, too"));
    ck_assert_ptr_nonnull(strstr(layer_named(r, "tanh")->in_place, "overwrites"));
    ck_assert_ptr_nonnull(
        strstr(layer_named(r, "soft")->in_place, "overwrites 'tanh'")); /* not the buffer's first tensor */
    ck_assert_str_eq(operators_of(layer_named(r, "sin")), "Exp+Sin");
    ck_assert_ptr_nonnull(strstr(layer_named(r, "sin")->in_place, "overwrites 'soft'"));
    ck_assert_ptr_nonnull(strstr(layer_named(r, "pool")->in_place, "no: "));
    ck_assert_uint_gt(layer_named(r, "second")->notes.count, 0);
}
END_TEST

static const char *const total_keys[] = {"macs",
                                         "macs_saved",
                                         "parameters",
                                         "weight_bytes",
                                         "arena_bytes",
                                         "arena_text",
                                         "arena_lower_bound",
                                         "input_output_bytes",
                                         "arena_and_input_output_bytes"};
static const char *const layer_keys[] = {"name",       "operator",     "operators",        "kernel",
                                         "macs",       "parameters",   "weight_bytes",     "scratch_bytes",
                                         "live_bytes", "output_shape", "output_bytes",     "input_shapes",
                                         "in_place",   "notes",        "in_place_decision"};
static const char *const root_keys[] = {"adze_version", "name",     "model",  "model_sha256", "target",
                                        "inputs",       "outputs",  "layers", "memory_map",   "passes",
                                        "notes",        "memories", "total"};

static void has_keys(const json_t *o, const char *const *keys, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(json_object_get(o, keys[i]) != NULL, "no key %s", keys[i]);
}

START_TEST(json_has_its_keys)
{
    json_t *root = report_json(report_for(compiled(model)));
    has_keys(root, root_keys, sizeof root_keys / sizeof *root_keys);
    has_keys(json_object_get(root, "total"), total_keys, sizeof total_keys / sizeof *total_keys);
    json_t *layers = json_object_get(root, "layers");
    ck_assert_uint_ge(json_array_size(layers), 3);
    for (size_t i = 0; i < json_array_size(layers); i++)
        has_keys(json_array_get(layers, i), layer_keys, sizeof layer_keys / sizeof *layer_keys);
    const char *name = json_string_value(json_object_get(json_array_get(json_object_get(root, "inputs"), 0), "name"));
    ck_assert_str_eq(name, "<script>alert(1)</script>");
    ck_assert_uint_gt(json_array_size(json_object_get(root, "passes")), 5);
    char *text = json_dumps(root, 0);
    ck_assert_ptr_nonnull(text);
    free(text);
    json_decref(root);
}
END_TEST

/* ---- A tiny checker: tags balance, attributes are quoted ---- */

static bool is_void(const char *name)
{
    return strcmp(name, "meta") == 0 || strcmp(name, "br") == 0;
}

static const char *end_of_tag(const char *at)
{
    for (char quote = 0; *at; at++) {
        if (quote)
            quote = *at == quote ? 0 : quote;
        else if (*at == '"')
            quote = '"';
        else if (*at == '>')
            return at;
        else
            ck_assert_msg(*at != '<' && *at != '\'', "a %c inside a tag: %.60s", *at, at);
    }
    ck_abort_msg("a tag does not end");
    return at;
}

static void check_balance(const char *page)
{
    char open[64][16];
    int depth = 0;
    for (const char *at = strchr(page, '<'); at; at = strchr(at, '<')) {
        char name[16] = "";
        bool closing = at[1] == '/';
        const char *from = at + 1 + closing, *end = end_of_tag(at + 1);
        size_t n = strcspn(from, " >/");
        at = end;
        ck_assert_msg(n < sizeof name, "tag %.30s", from);
        memcpy(name, from, n);
        if (name[0] == '!' || is_void(name) || end[-1] == '/')
            continue;
        if (closing) {
            ck_assert_int_gt(depth, 0);
            ck_assert_str_eq(open[--depth], name);
            continue;
        }
        ck_assert_int_lt(depth, 63);
        memcpy(open[depth++], name, sizeof name);
    }
    ck_assert_int_eq(depth, 0);
}

static size_t count_of(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *at = strstr(text, what); at; at = strstr(at + 1, what))
        n++;
    return n;
}

START_TEST(page_is_well_formed_and_stands_alone)
{
    const Report *r = report_for(compiled(model));
    const char *page = page_of(r);
    static const char *const foreign[] = {
        "<script", "<link", "<img", "src=", "href=", "http:", "https:", "@import", "url(h"};
    check_balance(page);
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        ck_assert_msg(!strstr(page, foreign[i]), "the page holds %s", foreign[i]);
    ck_assert_uint_eq(count_of(page, "<svg "), 1);
    ck_assert_uint_eq(count_of(page, "<g class="), r->blocks.count);
    ck_assert_uint_eq(count_of(page, "<g class=\"conv\"><title>") + count_of(page, "<g class=\"elem\"><title>") +
                          count_of(page, "<g class=\"norm\"><title>") + count_of(page, "<g class=\"pool\"><title>") +
                          count_of(page, "<g class=\"move\"><title>") + count_of(page, "<g class=\"scratch\"><title>"),
                      r->blocks.count);
}
END_TEST

START_TEST(names_are_escaped)
{
    const char *page = page_of(report_for(compiled(model)));
    ck_assert_ptr_nonnull(strstr(page, "&lt;script&gt;alert(1)&lt;/script&gt;"));
    ck_assert_ptr_nonnull(strstr(page, "a&quot;b&#39;c&amp;d"));
    ck_assert_ptr_nonnull(strstr(page, "\\xff\\xfe&lt;b&gt;"));
    ck_assert_ptr_null(strchr(page, '\xff'));
}
END_TEST

START_TEST(text_is_escaped)
{
    static const struct {
        const char *text, *html;
        size_t max;
    } rows[] = {
        {"a<b>\"'&", "a&lt;b&gt;&quot;&#39;&amp;", 100},
        {"gr\xc3\xb6\xc3\x9f", "gr\xc3\xb6\xc3\x9f", 100},
        {"\x01\x7f", "\\x01\\x7f", 100},
        {"\xc2\x85", "\\xc2\\x85", 100},
        {"\xed\xa0\x80", "\\xed\\xa0\\x80", 100},
        {"\xc0\xaf", "\\xc0\\xaf", 100},
        {"abcdef",
         "\xe2\x80\xa6"
         "def",
         3},
        {"abc", "abc", 3},
    };
    Buf b = {0};
    html_short(&b, rows[_i].text, rows[_i].max);
    ck_assert_str_eq(buf_text(&b), rows[_i].html);
    buf_free(&b);
}
END_TEST

START_TEST(same_plan_same_bytes)
{
    ck_assert_str_eq(page_of(report_for(compiled(model))), page_of(report_for(compiled(model))));
}
END_TEST

static const Report *report_with(size_t flash, size_t ram)
{
    Compilation *c = compiled(model);
    c->target.memories.count = 0;
    if (flash)
        array_push(keep, &c->target.memories, ((Memory){.name = "flash", .bytes = flash, .speed = 2}));
    array_push(keep, &c->target.memories, ((Memory){.name = "ram", .bytes = ram, .speed = 1}));
    return report_for(c);
}

START_TEST(fits_or_does_not)
{
    const Report *r = report_with(1 << 20, 1 << 20);
    size_t flash = r->weight_bytes, ram = r->arena_bytes + r->io_bytes;
    ck_assert(r->fits_all);
    ck_assert_uint_eq(r->fits.count, 2);
    r = report_with(flash, ram);
    ck_assert(r->fits_all);
    ck_assert_ptr_nonnull(strstr(r->fits.items[1].sentence, "Fits into ram"));
    ck_assert_ptr_nonnull(strstr(r->fits.items[1].sentence, "(100.0 %); 0 bytes remain"));
    r = report_with(flash - 1, ram - 7);
    ck_assert(!r->fits_all);
    ck_assert_ptr_nonnull(strstr(r->fits.items[0].sentence, "Does not fit into flash"));
    ck_assert_ptr_nonnull(strstr(r->fits.items[1].sentence, "Does not fit into ram"));
    ck_assert_ptr_nonnull(strstr(r->fits.items[1].sentence, ", 7 more than the"));
    ck_assert_ptr_nonnull(strstr(page_of(r), "class=\"bad\">Does not fit into ram"));
}
END_TEST

START_TEST(without_flash_weights_are_in_ram)
{
    const Report *r = report_with(0, 1 << 20);
    ck_assert_uint_eq(r->fits.count, 1);
    ck_assert_uint_eq(r->fits.items[0].need, r->arena_bytes + r->io_bytes + r->weight_bytes);
}
END_TEST

START_TEST(numbers_are_readable)
{
    ck_assert_str_eq(with_commas(0), "0");
    ck_assert_str_eq(with_commas(999), "999");
    ck_assert_str_eq(with_commas(-1234), "-1,234");
    ck_assert_str_eq(with_commas(1234567), "1,234,567");
    ck_assert_str_eq(with_unit(1023), "1023 B");
    ck_assert_str_eq(with_unit(1536), "1.5 KiB");
}
END_TEST

START_TEST(integer_layers_have_the_colours_of_float_ones)
{
    static const Kind pairs[][2] = {
        {KIND_QCONV, KIND_CONV},      {KIND_QDEPTHWISE, KIND_DEPTHWISE}, {KIND_QGEMM, KIND_GEMM},
        {KIND_QCONV_WIDE, KIND_CONV}, {KIND_QGEMM_WIDE, KIND_GEMM},      {KIND_QMATMUL, KIND_MATMUL},
        {KIND_QADD, KIND_BINARY},     {KIND_QMUL, KIND_BINARY},          {KIND_QAVGPOOL, KIND_AVGPOOL},
        {KIND_QLOOKUP, KIND_UNARY},   {KIND_QSOFTMAX, KIND_SOFTMAX}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        ck_assert_str_eq(kind_class(pairs[i][0]), kind_class(pairs[i][1]));
}
END_TEST

/* Three hundred layers: the page stays small, and the map has a width that can be scrolled. */
START_TEST(large_model)
{
    Buf b = {0};
    buf_puts(&b, "graph \"g\" opset \"\" 13 {\n  input %x0: f32[1,64]\n  const %w: f32[64,64] = random(1)\n");
    for (int i = 0; i < 300; i++)
        buf_printf(&b, "  %%x%d = MatMul(%%x%d, %%w) name \"layer%d\"\n", i + 1, i, i);
    buf_puts(&b, "  output %x300\n}\n");
    const Report *r = report_for(compiled(buf_text(&b)));
    const char *page = page_of(r);
    check_balance(page);
    ck_assert_uint_eq(r->layer_count, 300);
    ck_assert_int_eq(r->parameters, 64 * 64);
    ck_assert_uint_lt(strlen(page), 600000);
    ck_assert_ptr_nonnull(strstr(page, "<svg width=\"4290\""));
    buf_free(&b);
}
END_TEST

int main(void)
{
    keep = arena_new();
    Suite *suite = suite_create("emit: report");
    TCase *tc = tcase_create("report");
    tcase_add_test(tc, numbers_are_those_of_the_plan);
    tcase_add_test(tc, layers_say_what_is_fused_and_what_is_in_place);
    tcase_add_test(tc, json_has_its_keys);
    tcase_add_test(tc, page_is_well_formed_and_stands_alone);
    tcase_add_test(tc, names_are_escaped);
    tcase_add_loop_test(tc, text_is_escaped, 0, 8);
    tcase_add_test(tc, same_plan_same_bytes);
    tcase_add_test(tc, fits_or_does_not);
    tcase_add_test(tc, without_flash_weights_are_in_ram);
    tcase_add_test(tc, numbers_are_readable);
    tcase_add_test(tc, integer_layers_have_the_colours_of_float_ones);
    tcase_add_test(tc, large_model);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    arena_free(keep);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
