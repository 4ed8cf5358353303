/* Inside ir/: the words of the text form (docs/ir.md) that print.c and read.c share. */
#ifndef ADZE_IR_TEXT_H
#define ADZE_IR_TEXT_H

#include "base/buf.h"
#include "base/diag.h"
#include "base/dtype.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAX_LISTED = 64 };                      /* elements printed as a list; longer constants are printed as hex */
enum { MAX_MADE_ELEMENTS = 64 * 1024 * 1024 }; /* of fill() and random(), in one text */
enum { MAX_NESTED_GRAPHS = 16, MAX_ATTRS = 1000, NUMBER_BYTES = 64 };

bool is_word_char(char c); /* letters, digits and _ . / + - */
bool is_word(const char *s);
bool is_digits(const char *s);
int hex_digit(char c); /* its value, or -1 */
/* In quotes, with \" \\ \n and \xNN for everything that is not printable ASCII. */
void print_quoted(Buf *out, const char *s);
/* As it is when it is a word, else quoted. */
void print_word(Buf *out, const char *s);

/* A whole number as such, else the shortest decimal that reads back to the same bits; NaNs are "nan". */
void print_f32(Buf *out, float f);
/* Constant data: "[1, 2]" or "hex\"...\"". */
void print_data(Buf *out, const Tensor *t);

/* The text being read; `at` is the next character. */
typedef struct {
    Diag *diag;
    const char *text;
    size_t size, at;
    size_t token; /* where the current token begins: where errors point to */
    Arena *keep, *scratch;
    int64_t made_elements;
} Input;

/* Reports "LINE:COLUMN: ..." at the current token; returns false. */
bool input_error(Input *in, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The next character behind spaces and comments, or -1 at the end. */
int input_peek(Input *in);
bool input_accept(Input *in, char c);
bool input_expect(Input *in, char c);
/* The next character is c, without a space in front. */
bool input_next_is(const Input *in, char c);
/* A word, in scratch; `what` says in errors what was expected. */
bool input_word(Input *in, const char *what, const char **word);
/* Whether the next word is this one; then it is taken. */
bool input_accept_word(Input *in, const char *word);
bool input_quoted(Input *in, const char **s);
bool input_word_or_quoted(Input *in, const char *what, const char **s);
bool input_int(Input *in, int64_t min, int64_t max, int64_t *value);

/* An integer, decimal or 0x hexadecimal: sign and magnitude; false when it is none or has more than 64 bits. */
bool parse_int(const char *word, bool *negative, uint64_t *magnitude);
bool parse_int64(const char *word, int64_t *value);
/* A decimal or hexadecimal number, nan, inf; false when it is none or too large. */
bool parse_f32(const char *word, float *value);

/* What stands behind "=" of a constant: a list, hex"...", fill(X) or random(SEED). Sets t->data. */
bool read_data(Input *in, Tensor *t);

#endif
