/* Weights as a file (--weights bin) that the program maps: mapped FILE. What cannot be its file is refused. */
#include "first.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

static first_arena arena;
static uint64_t copy[FIRST_WEIGHTS_FILE_BYTES / 8 + 2];

static int refuses(const void *weights)
{
    const size_t bytes = FIRST_WEIGHTS_FILE_BYTES;
    unsigned char *bad = (unsigned char *)copy;
    memcpy(bad, weights, bytes);
    if (first_check_weights(bad, bytes) != FIRST_OK || first_check_weights(bad, bytes + 8) != FIRST_OK)
        return 0;
    if (first_check_weights(NULL, bytes) != FIRST_NULL_POINTER)
        return 0;
    if (first_check_weights(bad, bytes - 1) != FIRST_WEIGHTS_TRUNCATED ||
        first_check_weights(bad, 7) != FIRST_WEIGHTS_FOREIGN)
        return 0;
    bad[bytes - 1] ^= 1;
    if (first_check_weights(bad, bytes) != FIRST_WEIGHTS_DAMAGED)
        return 0;
    bad[40] ^= 1;
    if (first_check_weights(bad, bytes) != FIRST_WEIGHTS_FOREIGN)
        return 0;
    memmove(bad + 4, weights, bytes);
    return first_check_weights(bad + 4, bytes) == FIRST_WEIGHTS_MISALIGNED;
}

int main(int argc, char **argv)
{
    float image[FIRST_INPUT_0_ELEMENTS], y[FIRST_OUTPUT_0_ELEMENTS];
    int file = argc == 2 ? open(argv[1], O_RDONLY) : -1;
    const void *weights = mmap(NULL, FIRST_WEIGHTS_FILE_BYTES, PROT_READ, MAP_PRIVATE, file, 0);
    if (weights == MAP_FAILED)
        return 1;
    if (!refuses(weights))
        return 2;
    for (int i = 0; i < FIRST_INPUT_0_ELEMENTS; i++)
        image[i] = (float)(i % 7) * 0.25f - 0.5f;
    if (first_run(&arena, (const char *)weights + 4, image, y) != FIRST_WEIGHTS_MISALIGNED ||
        first_run(&arena, NULL, image, y) != FIRST_NULL_POINTER)
        return 3;
    if (first_run(&arena, weights, image, y) != FIRST_OK)
        return 4;
    for (int i = 0; i < FIRST_OUTPUT_0_ELEMENTS; i++)
        printf("%a\n", (double)y[i]);
    return 0;
}
