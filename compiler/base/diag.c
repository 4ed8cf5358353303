#include "base/diag.h"
#include "base/buf.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_SHOWN = 100, MAX_QUOTED = 200 };

Diag *diag_new(Arena *a)
{
    Diag *d = NEW(a, Diag);
    d->arena = a;
    return d;
}

static void add(Diag *d, Severity severity, const char *format, va_list args)
{
    char *text = arena_vprintf(d->arena, format, args);
    if (d->file)
        text = arena_printf(d->arena, "%s: %s", d->file, text);
    Message m = {severity, text};
    array_push(d->arena, &d->messages, m);
    d->error_count += severity == DIAG_ERROR;
}

bool diag_error(Diag *d, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(d, DIAG_ERROR, format, args);
    va_end(args);
    return false;
}

void diag_warning(Diag *d, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(d, DIAG_WARNING, format, args);
    va_end(args);
}

void diag_note(Diag *d, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(d, DIAG_NOTE, format, args);
    va_end(args);
}

/* Length of the UTF-8 sequence at s, or 0 when it is not one that may be shown. */
static int utf8_length(const unsigned char *s)
{
    if (s[0] >= 0x20 && s[0] < 0x7f)
        return 1;
    int n = s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3 : s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;
    for (int i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    return n == 2 && s[0] == 0xc2 && s[1] < 0xa0 ? 0 : n; /* C1 control characters */
}

const char *diag_quote(Arena *a, const char *name)
{
    Buf b = {0};
    buf_putc(&b, '\'');
    const unsigned char *s = (const unsigned char *)(name ? name : "");
    while (*s) {
        if (b.length > MAX_QUOTED) {
            buf_puts(&b, "...");
            break;
        }
        int n = utf8_length(s);
        if (n == 0) {
            buf_printf(&b, "\\x%02x", *s++);
        } else {
            buf_write(&b, s, (size_t)n);
            s += n;
        }
    }
    buf_putc(&b, '\'');
    char *copy = arena_strdup(a, buf_text(&b));
    buf_free(&b);
    return copy;
}

/* Colours are for people: https://no-color.org */
static bool coloured(FILE *out)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(fileno(out)) && !(no_color && *no_color) && !(term && strcmp(term, "dumb") == 0);
}

void diag_flush(Diag *d, FILE *out)
{
    static const char *const words[2][3] = {
        {"note", "warning", "error"},
        {"\033[1mnote\033[0m", "\033[1;33mwarning\033[0m", "\033[1;31merror\033[0m"},
    };
    const char *const *word = words[coloured(out)];
    size_t hidden = 0;
    for (size_t i = d->flushed; i < d->messages.count; i++) {
        const Message *m = &d->messages.items[i];
        if (i - d->flushed >= MAX_SHOWN)
            hidden++;
        else
            fprintf(out, "adze: %s: %s\n", word[m->severity], m->text);
    }
    if (hidden)
        fprintf(out, "adze: note: %zu more messages of this kind\n", hidden);
    d->flushed = d->messages.count;
}
