/* out.h - for the C programs in this folder: each prints what it computes, one named line a topic, and the same source built
 * natively must print the same. So nothing here may depend on the CPU: no undefined behaviour, no sign of a NaN, no address,
 * no `long double`, no plain `char` whose sign matters.
 */
#ifndef OUT_H
#define OUT_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEN(a) (sizeof(a) / sizeof *(a))

/* Keeps the optimiser from computing with what it knows of a value. */
#define OPAQUE(x) __asm__ volatile("" : "+r"(x))

/* FNV-1a over 64-bit words: many results in one printed number. */
struct sum {
    uint64_t h;
};

static inline void sum_add(struct sum *s, uint64_t v)
{
    for (int i = 0; i < 8; i++, v >>= 8)
        s->h = (s->h ^ (v & 0xff)) * 0x100000001b3u;
}

#define SUM_INIT                                                                                                       \
    {                                                                                                                  \
        0xcbf29ce484222325u                                                                                            \
    }

static inline void out(const char *name, uint64_t v)
{
    printf("%s: %016" PRIx64 "\n", name, v);
}

/* The same pseudo-random numbers everywhere (splitmix64). */
static inline uint64_t next(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* A self-check: what is wrong is said and counted by the exit status. */
#define CHECK(cond)                                                                                                    \
    do {                                                                                                               \
        if (!(cond)) {                                                                                                 \
            printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #cond);                                                  \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

#endif
