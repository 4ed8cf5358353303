/* memcpy and its kin, by words where the alignment allows. Without -fno-tree-loop-distribute-patterns gcc would turn
 * the loops into calls of these very functions. */
#include <stddef.h>
#include <stdint.h>

typedef uintptr_t __attribute__((may_alias)) Word;
enum { WORD = sizeof(Word) };
#define PLAIN __attribute__((optimize("no-tree-loop-distribute-patterns")))

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);

PLAIN void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    unsigned char *t = to;
    const unsigned char *f = from;
    if ((uintptr_t)t % WORD == (uintptr_t)f % WORD) {
        for (; n && (uintptr_t)t % WORD; n--)
            *t++ = *f++;
        for (; n >= 4 * WORD; n -= 4 * WORD, t += 4 * WORD, f += 4 * WORD) {
            const Word *w = (const Word *)f;
            Word a = w[0], b = w[1], c = w[2], d = w[3];
            Word *v = (Word *)t;
            v[0] = a, v[1] = b, v[2] = c, v[3] = d;
        }
        for (; n >= WORD; n -= WORD, t += WORD, f += WORD)
            *(Word *)t = *(const Word *)f;
    }
    for (; n; n--)
        *t++ = *f++;
    return to;
}

PLAIN void *memmove(void *to, const void *from, size_t n)
{
    unsigned char *t = to;
    const unsigned char *f = from;
    if ((uintptr_t)t - (uintptr_t)f >= n)
        return memcpy(to, from, n);
    if ((uintptr_t)t % WORD == (uintptr_t)f % WORD) {
        for (; n && (uintptr_t)(t + n) % WORD; n--)
            t[n - 1] = f[n - 1];
        for (; n >= WORD; n -= WORD)
            *(Word *)(t + n - WORD) = *(const Word *)(f + n - WORD);
    }
    for (; n; n--)
        t[n - 1] = f[n - 1];
    return to;
}

PLAIN void *memset(void *to, int byte, size_t n)
{
    unsigned char *t = to;
    Word word = (unsigned char)byte * (~(Word)0 / 255);
    for (; n && (uintptr_t)t % WORD; n--)
        *t++ = (unsigned char)byte;
    for (; n >= WORD; n -= WORD, t += WORD)
        *(Word *)t = word;
    for (; n; n--)
        *t++ = (unsigned char)byte;
    return to;
}

PLAIN int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *p = a, *q = b;
    for (; n; n--, p++, q++)
        if (*p != *q)
            return *p - *q;
    return 0;
}
