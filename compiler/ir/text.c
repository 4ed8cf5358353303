#include "ir/text.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

bool is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("_./+-", c) != NULL);
}

bool is_word(const char *s)
{
    const char *end = s;
    while (is_word_char(*end))
        end++;
    return end > s && !*end;
}

bool is_digits(const char *s)
{
    return *s && s[strspn(s, "0123456789")] == 0;
}

int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

void print_quoted(Buf *out, const char *s)
{
    buf_putc(out, '"');
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else if (c == '\n')
            buf_puts(out, "\\n");
        else if (c < 0x20 || c >= 0x7f)
            buf_printf(out, "\\x%02x", c);
        else
            buf_putc(out, (char)c);
    }
    buf_putc(out, '"');
}

void print_word(Buf *out, const char *s)
{
    if (is_word(s))
        buf_puts(out, s);
    else
        print_quoted(out, s);
}

bool input_error(Input *in, const char *format, ...)
{
    size_t line = 1, column = 1;
    for (size_t i = 0; i < in->token && i < in->size; i++) {
        column++;
        if (in->text[i] == '\n') {
            line++;
            column = 1;
        }
    }
    va_list args;
    va_start(args, format);
    const char *text = arena_vprintf(in->scratch, format, args);
    va_end(args);
    return diag_error(in->diag, "%zu:%zu: %s", line, column, text);
}

int input_peek(Input *in)
{
    bool comment = false;
    for (; in->at < in->size; in->at++) {
        char c = in->text[in->at];
        if (c == '#')
            comment = true;
        else if (c == '\n')
            comment = false;
        else if (!comment && c != ' ' && c != '\t' && c != '\r')
            break;
    }
    in->token = in->at;
    return in->at < in->size ? (unsigned char)in->text[in->at] : -1;
}

bool input_accept(Input *in, char c)
{
    if (input_peek(in) != (unsigned char)c)
        return false;
    in->at++;
    return true;
}

/* What stands at the current token, for messages. */
static const char *found(const Input *in)
{
    if (in->token >= in->size)
        return "the end";
    size_t n = 1;
    if (is_word_char(in->text[in->token]))
        while (n < 40 && in->token + n < in->size && is_word_char(in->text[in->token + n]))
            n++;
    return diag_quote(in->scratch, arena_strndup(in->scratch, in->text + in->token, n));
}

bool input_expect(Input *in, char c)
{
    return input_accept(in, c) || input_error(in, "expected '%c', found %s", c, found(in));
}

bool input_next_is(const Input *in, char c)
{
    return in->at < in->size && in->text[in->at] == c;
}

static size_t word_length(const Input *in)
{
    size_t n = 0;
    while (in->at + n < in->size && is_word_char(in->text[in->at + n]))
        n++;
    return n;
}

bool input_word(Input *in, const char *what, const char **word)
{
    input_peek(in);
    size_t n = word_length(in);
    if (n == 0)
        return input_error(in, "expected %s, found %s", what, found(in));
    *word = arena_strndup(in->scratch, in->text + in->at, n);
    in->at += n;
    return true;
}

bool input_accept_word(Input *in, const char *word)
{
    input_peek(in);
    size_t n = word_length(in);
    if (n != strlen(word) || memcmp(in->text + in->at, word, n) != 0)
        return false;
    in->at += n;
    return true;
}

/* The character behind a backslash. */
static bool read_escape(Input *in, char *c)
{
    char kind = in->at < in->size ? in->text[in->at++] : 0;
    if (kind == '"' || kind == '\\') {
        *c = kind;
        return true;
    }
    if (kind == 'n' || kind == 't') {
        *c = kind == 'n' ? '\n' : '\t';
        return true;
    }
    if (kind == 'x' && in->size - in->at >= 2) {
        int high = hex_digit(in->text[in->at]), low = hex_digit(in->text[in->at + 1]);
        in->at += 2;
        *c = (char)(high * 16 + low);
        if (high >= 0 && low >= 0 && *c)
            return true;
    }
    return input_error(in, "unknown escape in a string; supported: \\\" \\\\ \\n \\t and \\x01 to \\xff");
}

bool input_quoted(Input *in, const char **s)
{
    if (!input_accept(in, '"'))
        return input_error(in, "expected a quoted string, found %s", found(in));
    Buf b = {0};
    bool closed = false, good = true;
    while (good && !closed && in->at < in->size) {
        char c = in->text[in->at++];
        closed = c == '"';
        if (c == '\n' || c == 0)
            break;
        if (c == '\\')
            good = read_escape(in, &c);
        if (!closed)
            buf_putc(&b, c);
    }
    *s = arena_strdup(in->scratch, buf_text(&b));
    buf_free(&b);
    return good && (closed || input_error(in, "the string has no closing quote on its line"));
}

bool input_word_or_quoted(Input *in, const char *what, const char **s)
{
    return input_peek(in) == '"' ? input_quoted(in, s) : input_word(in, what, s);
}

bool input_int(Input *in, int64_t min, int64_t max, int64_t *value)
{
    const char *word;
    if (!input_word(in, "an integer", &word))
        return false;
    if (!parse_int64(word, value) || *value < min || *value > max)
        return input_error(in, "expected an integer from %lld to %lld, found %s", (long long)min, (long long)max,
                           found(in));
    return true;
}

bool parse_int(const char *word, bool *negative, uint64_t *magnitude)
{
    *negative = *word == '-';
    word += *negative;
    unsigned base = word[0] == '0' && (word[1] == 'x' || word[1] == 'X') ? 16 : 10;
    word += base == 16 ? 2 : 0;
    *magnitude = 0;
    if (!*word)
        return false;
    for (; *word; word++) {
        int digit = hex_digit(*word);
        if (digit < 0 || (unsigned)digit >= base || *magnitude > (UINT64_MAX - (unsigned)digit) / base)
            return false;
        *magnitude = *magnitude * base + (unsigned)digit;
    }
    return true;
}

bool parse_int64(const char *word, int64_t *value)
{
    bool negative;
    uint64_t magnitude;
    if (!parse_int(word, &negative, &magnitude) || magnitude > (uint64_t)INT64_MAX + negative)
        return false;
    *value = (int64_t)(negative ? 0 - magnitude : magnitude);
    return true;
}

bool parse_f32(const char *word, float *value)
{
    const char *digits = word + (*word == '-');
    if (strcmp(digits, "inf") == 0 || strcmp(word, "nan") == 0) {
        *value = *digits == 'n' ? NAN : *word == '-' ? -INFINITY : INFINITY;
        return true;
    }
    if (!strchr("0123456789.", *digits) || strlen(word) >= NUMBER_BYTES)
        return false;
    char *end;
    *value = strtof(word, &end);
    return !*end && end > digits && isfinite(*value);
}
