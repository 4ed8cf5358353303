/* One model in several threads at once, each with an arena of its own. */
#include "first.h"

#include <pthread.h>
#include <string.h>

enum { THREADS = 4, ROUNDS = 50 };

static float image[FIRST_INPUT_0_ELEMENTS], wanted[FIRST_OUTPUT_0_ELEMENTS];
static first_arena arenas[THREADS];
static int wrong[THREADS];

static void *work(void *context)
{
    int k = (int)((first_arena *)context - arenas);
    for (int i = 0; i < ROUNDS; i++) {
        float y[FIRST_OUTPUT_0_ELEMENTS];
        wrong[k] |= first_run(&arenas[k], image, y) != FIRST_OK || memcmp(y, wanted, sizeof y) != 0;
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    int bad = 0;
    for (int i = 0; i < FIRST_INPUT_0_ELEMENTS; i++)
        image[i] = (float)(i % 5) - 2;
    if (first_run(&arenas[0], image, wanted) != FIRST_OK)
        return 1;
    for (int k = 0; k < THREADS; k++)
        if (pthread_create(&threads[k], NULL, work, &arenas[k]) != 0)
            return 2;
    for (int k = 0; k < THREADS; k++)
        pthread_join(threads[k], NULL);
    for (int k = 0; k < THREADS; k++)
        bad |= wrong[k];
    return bad ? 3 : 0;
}
