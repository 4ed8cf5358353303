/* Two models in one program: first with memory of their own, then in the same memory, one after the other. */
#include "first.h"
#include "second.h"

#include <stdio.h>
#include <string.h>

static union {
    first_arena first;
    second_arena second;
} shared;
static first_arena first_own;
static second_arena second_own;

static int differ(const float *a, const float *b, size_t count)
{
    return memcmp(a, b, count * sizeof *a) != 0;
}

int main(void)
{
    static const int shape[FIRST_INPUT_0_RANK] = FIRST_INPUT_0_SHAPE;
    FIRST_INPUT_0_TYPE image[FIRST_INPUT_0_ELEMENTS];
    SECOND_INPUT_0_TYPE data[SECOND_INPUT_0_ELEMENTS];
    FIRST_OUTPUT_0_TYPE y[FIRST_OUTPUT_0_ELEMENTS], y2[FIRST_OUTPUT_0_ELEMENTS];
    SECOND_OUTPUT_0_TYPE z[SECOND_OUTPUT_0_ELEMENTS], z2[SECOND_OUTPUT_0_ELEMENTS];
    for (int i = 0; i < FIRST_INPUT_0_ELEMENTS; i++)
        image[i] = (float)(i % 7) * 0.25f - 0.5f;
    for (int i = 0; i < SECOND_INPUT_0_ELEMENTS; i++)
        data[i] = (float)i * 0.125f;
    memset(&shared, 0xFF, sizeof shared);
    if (first_run(&first_own, image, y) != FIRST_OK || second_run(&second_own, data, z) != SECOND_OK)
        return 1;
    if (first_run(&shared.first, image, y2) != FIRST_OK || second_run(&shared.second, data, z2) != SECOND_OK)
        return 2;
    if (differ(y, y2, FIRST_OUTPUT_0_ELEMENTS) || differ(z, z2, SECOND_OUTPUT_0_ELEMENTS))
        return 3;
    if (first_run(NULL, image, y) != FIRST_NULL_POINTER || first_run(&first_own, NULL, y) != FIRST_NULL_POINTER ||
        first_run(&first_own, image, NULL) != FIRST_NULL_POINTER)
        return 4;
    if (sizeof(first_arena) != FIRST_ARENA_BYTES || shape[2] != 6 || strcmp(FIRST_INPUT_0_NAME, "image") != 0)
        return 5;
    for (int i = 0; i < FIRST_OUTPUT_0_ELEMENTS; i++)
        printf("%a\n", (double)y[i]);
    return 0;
}
