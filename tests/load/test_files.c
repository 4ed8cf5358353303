/* Models and tensors in files: paths in messages, external data, TensorProto files. */
#include "base/hash.h"
#include "base/io.h"
#include "load/load.h"
#include "tests/load/model.h"

#include <check.h>
#include <unistd.h>

static Arena *a;
static Diag *d;
static const char *root;

static void setup(void)
{
    a = arena_new();
    d = diag_new(a);
    root = io_temp_dir(a, d, NULL, "load-");
}

static const char *file(const char *name, const void *data, size_t n)
{
    const char *path = io_join(a, root, name);
    ck_assert(io_make_dir(d, io_dirname(a, path)) && io_write(d, path, data, n));
    return path;
}

static void put_entry(Buf *t, const char *key, const char *value)
{
    Buf entry = {0};
    if (!value)
        return;
    put_text(&entry, 1, key);
    put_text(&entry, 2, value);
    put_message(t, 13, entry);
}

/* A model in m/ whose one output is the f32 initializer w [2] in an external file. */
static Graph *load_external(const char *location, const char *offset, const char *length)
{
    Buf g = {0}, t = tensor("w", 1, "2");
    put_entry(&t, "location", location);
    put_entry(&t, "offset", offset);
    put_entry(&t, "length", length);
    put_entry(&t, "checksum", "ignored");
    put_int(&t, 14, 1);
    put_message(&g, 5, t);
    put_message(&g, 12, value_info("w", 1, NULL));
    Buf m = model(g);
    const char *path = file("m/model.onnx", m.data, m.length);
    buf_free(&m);
    return load_onnx(a, d, path, NULL);
}

static const float numbers[] = {1, 2, 3, 4};

START_TEST(external_data_is_found)
{
    file("m/w.bin", numbers, sizeof numbers);
    file("m/sub/w.bin", numbers, sizeof numbers);
    static const char *const places[][3] = {
        {"w.bin", "4", "8"}, {"sub/w.bin", "4", NULL}, {"./w.bin", "4", "8"}, {"sub//w.bin", "4", "8"}};
    for (size_t i = 0; i < 4; i++) {
        Graph *g = load_external(places[i][0], places[i][1], places[i][2]);
        diag_flush(d, stdout);
        ck_assert_ptr_nonnull(g);
        ck_assert_mem_eq(node_in(g->first, 0)->data, numbers + 1, 8);
    }
    Graph *g = load_external("w.bin", NULL, NULL);
    ck_assert_ptr_nonnull(g);
    ck_assert_mem_eq(node_in(g->first, 0)->data, numbers, 8);
    ck_assert_ptr_nonnull(load_external("w.bin", "2", NULL)); /* not aligned: copied */
}
END_TEST

/* What sha256sum says of the file; another byte anywhere in it, used or not, is another hash. */
START_TEST(external_data_is_hashed)
{
    unsigned char bytes[16];
    memcpy(bytes, numbers, sizeof bytes);
    for (int i = 0; i < 2; i++) {
        file("m/w.bin", bytes, sizeof bytes);
        const Graph *g = load_external("w.bin", NULL, NULL);
        ck_assert_ptr_nonnull(g);
        ck_assert_str_eq(g->data_sha256, sha256(bytes, sizeof bytes).hex);
        bytes[15] ^= 1;
    }
}
END_TEST

static const struct {
    const char *location, *offset, *length, *says;
} bad_places[] = {
    {"w.bin", "12", "8", "which has 16"},
    {"w.bin", "99", "8", "which has 16"},
    {"w.bin", "18446744073709551612", "8", "which has 16"},
    {"w.bin", "18446744073709551616", "8", "is not a size"},
    {"w.bin", "-4", "8", "is not a size"},
    {"w.bin", "0x4", "8", "is not a size"},
    {"w.bin", "", "8", "is not a size"},
    {"w.bin", "0", "12", "need 8 bytes"},
    {"absent.bin", "0", "8", "No such file"},
    {"../secret", "0", "8", "outside the model's folder"},
    {"sub/../../secret", "0", "8", "outside the model's folder"},
    {"sub/..", "0", "8", "outside the model's folder"},
    {"/etc/passwd", "0", "8", "outside the model's folder"},
    {"link", "0", "8", "link to outside"},
    {"linked/secret", "0", "8", "link to outside"},
    {"sub", "0", "8", "folder"},
    {"", "0", "8", "no location"},
    {NULL, "0", "8", "no location"},
};

START_TEST(external_data_stays_in_the_folder)
{
    file("secret", numbers, sizeof numbers);
    file("m/w.bin", numbers, sizeof numbers);
    file("m/sub/w.bin", numbers, sizeof numbers);
    ck_assert_int_eq(symlink("../secret", io_join(a, root, "m/link")), 0);
    ck_assert_int_eq(symlink("..", io_join(a, root, "m/linked")), 0);
    ck_assert_ptr_null(load_external(bad_places[_i].location, bad_places[_i].offset, bad_places[_i].length));
    ck_assert_uint_eq(d->error_count, 1);
    ck_assert_msg(mentions(d, bad_places[_i].says), "%s", d->messages.items[0].text);
}
END_TEST

/* A folder whose name begins like the model's is another one. */
START_TEST(a_neighbour_is_outside)
{
    file("m2/w.bin", numbers, sizeof numbers);
    file("m/x", "", 0);
    ck_assert_int_eq(symlink("../m2/w.bin", io_join(a, root, "m/link")), 0);
    ck_assert_ptr_null(load_external("link", "0", "8"));
    ck_assert(mentions(d, "link to outside"));
}
END_TEST

START_TEST(messages_name_the_file)
{
    const char *path = file("bad\n.onnx", "text", 4);
    ck_assert_ptr_null(load_onnx(a, d, path, NULL));
    ck_assert(mentions(d, "bad\\x0a.onnx: not an ONNX file"));
    ck_assert_ptr_null(load_onnx(a, d, root, NULL));
    ck_assert(mentions(d, "it is a folder"));
    ck_assert_ptr_null(load_onnx(a, d, file("empty.onnx", "", 0), NULL));
    ck_assert(mentions(d, "empty.onnx: not an ONNX file: it is empty"));
}
END_TEST

START_TEST(tensor_files)
{
    Tensor out;
    Buf t = raw_tensor("input_0", 1, "22", numbers, sizeof numbers);
    d->file = "kept";
    ck_assert(load_tensor_pb(a, d, file("input_0.pb", t.data, t.length), &out));
    ck_assert_str_eq(d->file, "kept");
    ck_assert(out.type == DT_F32 && out.shape.rank == 2 && out.shape.dim[1] == 2);
    ck_assert_mem_eq(out.data, numbers, sizeof numbers);
    ck_assert(!load_tensor_pb(a, d, file("cut.pb", t.data, t.length - 1), &out));
    ck_assert(mentions(d, "cut.pb: damaged TensorProto"));
    ck_assert(!load_tensor_pb(a, d, file("empty.pb", "", 0), &out));
    ck_assert(mentions(d, "empty.pb: not a tensor"));
    ck_assert(!load_tensor_pb(a, d, io_join(a, root, "absent.pb"), &out));
    buf_free(&t);
    t = tensor("", 8, "2");
    put_text(&t, 6, "one");
    put_bytes(&t, 6, "", 0);
    ck_assert(load_tensor_bytes(a, d, NULL, t.data, t.length, &out));
    ck_assert_str_eq(((const char *const *)out.data)[0], "one");
    ck_assert_str_eq(((const char *const *)out.data)[1], "");
    buf_free(&t);
}
END_TEST

/* Larger than what is given back to the system after copying, and not aligned: the copy is right. */
START_TEST(large_tensors)
{
    size_t count = (3 << 20) / 4;
    float *data = xmalloc(count * 4);
    for (size_t i = 0; i < count; i++)
        data[i] = (float)i;
    static const char *const names[] = {"a", "ab", "abc", "abcd"}; /* they move the data */
    for (int i = 0; i < 4; i++) {
        Buf g = {0}, t = {0};
        put_int(&t, 1, (int64_t)count);
        put_int(&t, 2, 1);
        put_text(&t, 8, names[i]);
        put_bytes(&t, 9, data, count * 4);
        put_message(&g, 5, t);
        put_message(&g, 12, value_info(names[i], 1, NULL));
        Buf m = model(g);
        Graph *loaded = load_onnx(a, d, file("large.onnx", m.data, m.length), NULL);
        buf_free(&m);
        ck_assert_ptr_nonnull(loaded);
        ck_assert_uint_eq((uintptr_t)node_in(loaded->first, 0)->data % 4, 0);
        ck_assert_mem_eq(node_in(loaded->first, 0)->data, data, count * 4);
    }
    free(data);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("load: files");
    TCase *c = tcase_create("files");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, setup, NULL);
    tcase_add_test(c, external_data_is_found);
    tcase_add_test(c, external_data_is_hashed);
    tcase_add_loop_test(c, external_data_stays_in_the_folder, 0, sizeof bad_places / sizeof *bad_places);
    tcase_add_test(c, a_neighbour_is_outside);
    tcase_add_test(c, messages_name_the_file);
    tcase_add_test(c, tensor_files);
    tcase_add_test(c, large_tensors);
    suite_add_tcase(s, c);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
