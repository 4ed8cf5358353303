/* Names from a model are data: in HTML they are escaped, and shown as far as they are UTF-8. */
#include "emit/measure.h"

/* Length of the UTF-8 sequence at s, or 0 when it is none. */
static size_t utf8_length(const unsigned char *s)
{
    size_t n = s[0] < 0x80                   ? 1
               : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
               : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
               : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
                                             : 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
        (s[0] == 0xf4 && s[1] > 0x8f))
        return 0; /* overlong, a surrogate, or past U+10FFFF */
    return n;
}

static void put_character(Buf *out, const unsigned char *s, size_t n)
{
    switch (n == 1 ? s[0] : 0) {
    case '&':
        buf_puts(out, "&amp;");
        return;
    case '<':
        buf_puts(out, "&lt;");
        return;
    case '>':
        buf_puts(out, "&gt;");
        return;
    case '"':
        buf_puts(out, "&quot;");
        return;
    case '\'':
        buf_puts(out, "&#39;");
        return;
    }
    if (n == 0 || s[0] < 0x20 || s[0] == 0x7f || (n == 2 && s[0] == 0xc2 && s[1] < 0xa0))
        buf_printf(out, "\\x%02x", s[0]);
    else
        buf_write(out, s, n);
}

/* Bytes of the character at s as put_character shows it; a control character is one. */
static size_t step(const unsigned char *s)
{
    size_t n = utf8_length(s);
    bool control = n == 2 && s[0] == 0xc2 && s[1] < 0xa0;
    return n && !control ? n : 1;
}

void html_short(Buf *out, const char *text, size_t max)
{
    size_t count = 0, left_out;
    for (const unsigned char *s = (const unsigned char *)text; *s; s += step(s))
        count++;
    left_out = count > max ? count - max : 0;
    if (left_out)
        buf_puts(out, "\xe2\x80\xa6");
    for (const unsigned char *s = (const unsigned char *)text; *s; s += step(s)) {
        if (left_out)
            left_out--;
        else
            put_character(out, s, utf8_length(s));
    }
}

void html_text(Buf *out, const char *text)
{
    html_short(out, text, (size_t)-1);
}
