/* kernels.def and the parameter structs: what every row and every description owes. */
#include "ops/run.h"

#include "adze.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

START_TEST(functions_are_unique)
{
    for (size_t i = 0; i < kernel_count; i++)
        for (size_t k = 0; k < i; k++)
            ck_assert_str_ne(kernels[i].function, kernels[k].function);
}
END_TEST

START_TEST(headers_exist)
{
    for (size_t i = 0; i < kernel_count; i++) {
        char path[256];
        snprintf(path, sizeof path, "runtime/%s", kernels[i].header);
        ck_assert_msg(access(path, R_OK) == 0, "%s: no %s", kernels[i].function, path);
        snprintf(path, sizeof path, "%s/", kernels[i].set);
        ck_assert_msg(strncmp(kernels[i].header, path, strlen(path)) == 0, "%s of set %s is in %s", kernels[i].function,
                      kernels[i].set, kernels[i].header);
    }
}
END_TEST

/* adze_<what>_<type>_<set> */
START_TEST(names)
{
    for (size_t i = 0; i < kernel_count; i++) {
        const char *last = strrchr(kernels[i].function, '_');
        ck_assert(strncmp(kernels[i].function, "adze_", 5) == 0);
        ck_assert_str_eq(last + 1, kernels[i].set);
    }
}
END_TEST

START_TEST(params_are_described)
{
    for (size_t i = 0; i < kernel_count; i++)
        ck_assert_msg(param_struct(kernels[i].params) != NULL, "%s: %s", kernels[i].function, kernels[i].params);
    ck_assert_ptr_null(param_struct("adze_nothing_params"));
}
END_TEST

static bool is_word(const void *context, const char *feature)
{
    (void)context;
    return *feature && !strchr(feature, ' ');
}

static bool is_not(const void *context, const char *feature)
{
    return strcmp(context, feature) != 0;
}

/* A row needs each of its features. */
START_TEST(features_are_words)
{
    int several = 0;
    for (size_t i = 0; i < kernel_count; i++) {
        const Kernel *k = &kernels[i];
        ck_assert_msg(kernel_features(k, is_word, NULL), "%s: \"%s\"", k->function, k->feature);
        if (strcmp(k->feature, "avx2 f16c half") != 0)
            continue;
        several++;
        ck_assert(!kernel_features(k, is_not, "avx2") && !kernel_features(k, is_not, "f16c"));
        ck_assert(!kernel_features(k, is_not, "half") && kernel_features(k, is_not, "dsp"));
    }
    ck_assert_int_eq(several, 3);
}
END_TEST

/* Packing comes with its size and its inverse; scratch with a function. */
START_TEST(packing_is_whole)
{
    for (size_t i = 0; i < kernel_count; i++) {
        const Kernel *k = &kernels[i];
        ck_assert_msg(!k->pack == !k->packed && !k->pack == !k->unpack, "%s", k->function);
        ck_assert_msg(strcmp(k->set, "ref") != 0 || k->pack || (!k->accepts && !*k->feature), "%s", k->function);
        ck_assert_msg(k->run || *k->feature, "%s cannot be run", k->function);
    }
}
END_TEST

static bool entry_is_type(const char *entry, size_t length)
{
    char name[16] = {0};
    if (length == 1 && *entry == '*')
        return true;
    if (length == 2 && *entry == '=')
        return strchr("1248", entry[1]) != NULL;
    ck_assert_uint_lt(length, sizeof name);
    memcpy(name, entry, length);
    return dtype_from_name(name) != DT_NONE;
}

START_TEST(types_are_types)
{
    for (size_t i = 0; i < kernel_count; i++) {
        const char *at = kernels[i].types;
        ck_assert_ptr_nonnull(strchr(at, '>'));
        while (*at) {
            size_t length = strcspn(at, ",>");
            ck_assert_msg(entry_is_type(at, length), "%s: %s", kernels[i].function, kernels[i].types);
            at += length + (at[length] != '\0');
        }
    }
}
END_TEST

/* Every byte of a struct belongs to exactly one field, so that what the emitter prints is all there is. */
START_TEST(fields_cover_structs)
{
    for (size_t i = 0; i < kernel_count; i++) {
        const ParamStruct *s = param_struct(kernels[i].params);
        unsigned char covered[PARAMS_MAX_BYTES] = {0};
        ck_assert_uint_le(s->bytes, sizeof covered);
        for (size_t f = 0; f < s->field_count; f++) {
            const ParamField *field = &s->fields[f];
            ck_assert_ptr_nonnull(strchr("ifucb", field->type));
            for (size_t b = 0; b < (size_t)field->count * 4; b++) {
                ck_assert_uint_lt(field->offset + b, s->bytes);
                covered[field->offset + b]++;
            }
            ck_assert(f == 0 || s->fields[f - 1].offset < field->offset);
        }
        for (size_t b = 0; b < s->bytes; b++)
            ck_assert_msg(covered[b] == 1, "%s: byte %zu", s->name, b);
    }
}
END_TEST

START_TEST(field_values)
{
    const ParamStruct *s = param_struct("adze_matmul_params");
    ck_assert_str_eq(s->fields[1].name, "a_stride");
    ck_assert_int_eq(s->fields[1].count, 4);
    ck_assert_uint_eq(s->fields[1].offset, offsetof(adze_matmul_params, a_stride));
    ck_assert_int_eq(s->fields[s->field_count - 1].type, 'f');
    ck_assert_str_eq(s->fields[s->field_count - 1].name, "alpha");
}
END_TEST

static Step step_of(Kind kind, const char *function, const char *params, Value *a, Value *b, Value *y)
{
    Step s = {.kind = kind, .function = function, .params_type = params};
    s.in[s.in_count++] = a;
    if (b)
        s.in[s.in_count++] = b;
    s.out[s.out_count++] = y;
    return s;
}

static const char *ref_of(Step s)
{
    const Kernel *k = kernel_ref(&s);
    return k ? k->function : "";
}

START_TEST(serves)
{
    Value f32 = {.type = DT_F32}, i64 = {.type = DT_I64}, bools = {.type = DT_BOOL}, text = {.type = DT_STRING};
    Value i32 = {.type = DT_I32}, i4 = {.type = DT_I4}, u8 = {.type = DT_U8};
    const char *broadcast = "adze_broadcast_params", *unary = "adze_unary_params", *copy = "adze_copy_params";
    ck_assert_str_eq(ref_of(step_of(KIND_BINARY, "Add", broadcast, &f32, &f32, &f32)), "adze_add_f32_ref");
    ck_assert_str_eq(ref_of(step_of(KIND_BINARY, "Add", broadcast, &f32, &i64, &f32)), "");
    ck_assert_str_eq(ref_of(step_of(KIND_BINARY, "Nonsense", broadcast, &f32, &f32, &f32)), "");
    ck_assert_str_eq(ref_of(step_of(KIND_BINARY, NULL, broadcast, &f32, &f32, &f32)), "");
    ck_assert_str_eq(ref_of(step_of(KIND_BINARY, "Add", unary, &f32, &f32, &f32)), "");
    ck_assert_str_eq(ref_of(step_of(KIND_BINARY, "Less", broadcast, &i64, &i64, &bools)), "adze_less_i64_ref");
    ck_assert_str_eq(ref_of(step_of(KIND_CAST, NULL, unary, &bools, NULL, &f32)), "adze_cast_bool_f32_ref");
    ck_assert_str_eq(ref_of(step_of(KIND_COPY, NULL, copy, &i64, NULL, &i64)), "adze_copy_8_ref");
    ck_assert_str_eq(ref_of(step_of(KIND_COPY, NULL, copy, &bools, NULL, &bools)), "adze_copy_1_ref");
    ck_assert_str_eq(ref_of(step_of(KIND_COPY, NULL, copy, &text, NULL, &text)), "");
    ck_assert_str_eq(ref_of(step_of(KIND_COPY, NULL, copy, &i4, NULL, &i4)), "");
    ck_assert_str_eq(ref_of(step_of(KIND_GATHER, NULL, "adze_gather_params", &u8, &i32, &u8)), "adze_gather_1_i32_ref");
    /* optional operands: left out at the end, or in the middle; too many serve nobody */
    Step conv = step_of(KIND_CONV, NULL, "adze_conv_params", &f32, &f32, &f32);
    ck_assert_str_eq(ref_of(conv), "adze_conv_f32_ref");
    conv.in[3] = &f32;
    conv.in_count = 4;
    ck_assert_str_eq(ref_of(conv), "adze_conv_f32_ref");
    conv.in[4] = &f32;
    conv.in_count = 5;
    ck_assert_str_eq(ref_of(conv), "");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("kernels: table");
    TCase *t = tcase_create("table");
    tcase_add_test(t, functions_are_unique);
    tcase_add_test(t, headers_exist);
    tcase_add_test(t, names);
    tcase_add_test(t, params_are_described);
    tcase_add_test(t, packing_is_whole);
    tcase_add_test(t, features_are_words);
    tcase_add_test(t, types_are_types);
    tcase_add_test(t, fields_cover_structs);
    tcase_add_test(t, field_values);
    tcase_add_test(t, serves);
    suite_add_tcase(s, t);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
