#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void reserve(Buf *b, size_t more)
{
    if (more > SIZE_MAX - b->length - 1)
        out_of_memory();
    size_t need = b->length + more + 1;
    if (need <= b->capacity)
        return;
    size_t wider = b->capacity < SIZE_MAX / 2 ? b->capacity * 2 : need;
    if (wider < need)
        wider = need;
    if (wider < 256)
        wider = 256;
    char *p = realloc(b->data, wider);
    if (!p)
        out_of_memory();
    b->data = p;
    b->capacity = wider;
}

void buf_write(Buf *b, const void *bytes, size_t n)
{
    reserve(b, n);
    if (n)
        memcpy(b->data + b->length, bytes, n);
    b->length += n;
    b->data[b->length] = 0;
}

void buf_puts(Buf *b, const char *s)
{
    buf_write(b, s, strlen(s));
}

void buf_putc(Buf *b, char c)
{
    buf_write(b, &c, 1);
}

void buf_printf(Buf *b, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0)
        out_of_memory();
    reserve(b, (size_t)n);
    vsnprintf(b->data + b->length, (size_t)n + 1, format, again);
    va_end(again);
    b->length += (size_t)n;
}

const char *buf_text(const Buf *b)
{
    return b->data ? b->data : "";
}

void buf_free(Buf *b)
{
    free(b->data);
    *b = (Buf){0};
}
