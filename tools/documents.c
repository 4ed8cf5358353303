/* Prints a generated document: `documents operators` docs/operators.md, `documents manual` docs/adze.1: make docs. */
#include "commands/commands.h"
#include "ops/ops.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    Buf text = {0};
    if (argc == 2 && strcmp(argv[1], "operators") == 0)
        operators_markdown(&text);
    else if (argc == 2 && strcmp(argv[1], "manual") == 0)
        manual_page(&text);
    else
        return fputs("usage: documents operators|manual\n", stderr), 2;
    fputs(buf_text(&text), stdout);
    buf_free(&text);
    return fflush(stdout) || ferror(stdout);
}
