/* Prints docs/operators.md: make docs. */
#include "base/buf.h"
#include "ops/ops.h"

#include <stdio.h>

int main(void)
{
    Buf text = {0};
    operators_markdown(&text);
    fputs(buf_text(&text), stdout);
    buf_free(&text);
    return fflush(stdout) || ferror(stdout);
}
