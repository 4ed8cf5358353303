/* Classifies the images of images.u8 (28x28 bytes each) and counts how many match labels.u8 (a byte each). The same
 * source runs on a PC and on a Cortex-M board: board.h stands for whatever your firmware reads its sensors with. */
#include "board.h"
#include "fashion.h"

enum { PIXELS = FASHION_INPUT_0_ELEMENTS, CLASSES = FASHION_OUTPUT_0_ELEMENTS };

static fashion_arena arena;

static void print_number(unsigned long n)
{
    char digits[24], *d = digits + sizeof digits - 1;
    *d = 0;
    do
        *--d = (char)('0' + n % 10);
    while ((n /= 10) != 0);
    board_print(d);
}

/* What the network was trained on: bytes scaled to mean 0 and deviation 1. */
static void normalise(const unsigned char *image, float *input)
{
    for (int i = 0; i < PIXELS; i++)
        input[i] = ((float)image[i] / 255.0f - 0.2860f) / 0.3530f;
}

static int argmax(const float *scores)
{
    int best = 0;
    for (int i = 1; i < CLASSES; i++)
        if (scores[i] > scores[best])
            best = i;
    return best;
}

int main(void)
{
    static unsigned char image[PIXELS];
    static float input[PIXELS], scores[CLASSES];
    unsigned long count = 0, right = 0;
    int images = board_open("images.u8", 0), labels = board_open("labels.u8", 0);
    if (images < 0 || labels < 0) {
        board_print("images.u8 or labels.u8 is missing\n");
        return 1;
    }
    uint64_t start = board_nanoseconds();
    unsigned char label;
    while (board_read(images, image, sizeof image) == sizeof image && board_read(labels, &label, 1) == 1) {
        normalise(image, input);
        BOARD_BEGIN();
        int status = fashion_run(&arena, input, scores);
        BOARD_END();
        if (status != FASHION_OK)
            return 1;
        count++;
        right += argmax(scores) == label;
    }
    uint64_t spent = board_nanoseconds() - start;
    print_number(right);
    board_print(" of ");
    print_number(count);
    board_print(" images classified as labelled");
    if (count) {
        board_print(" (accuracy ");
        print_number(right * 1000 / count / 10);
        board_print(".");
        print_number(right * 1000 / count % 10);
        board_print(" %)");
    }
    if (spent && count) {
        board_print(", ");
        print_number((unsigned long)(spent / count / 1000));
        board_print(" us an image");
    }
    board_print("\n");
    return 0;
}
