/* What the benchmark programs share: the repetition count and one line of result.
 *
 * Every program takes its repetitions as its only argument and prints `NAME REPETITIONS CHECKSUM`, the same on every
 * CPU: bench/run compares the lines, so nothing here may depend on the clock, addresses or the size of long double. */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline unsigned long bench_repetitions(int argc, char **argv)
{
    unsigned long n = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
    if (!n) {
        fprintf(stderr, "usage: %s REPETITIONS\n", argv[0]);
        exit(2);
    }
    return n;
}

static inline int bench_result(const char *name, unsigned long repetitions, uint64_t checksum)
{
    printf("%s %lu %016llx\n", name, repetitions, (unsigned long long)checksum);
    return 0;
}

/* The checksum of what a program computed: FNV-1a over 64-bit words. */
static inline uint64_t bench_mix(uint64_t sum, uint64_t word)
{
    return (sum ^ word) * 0x100000001b3u;
}

static inline uint64_t bench_mix_double(uint64_t sum, double value)
{
    uint64_t word;
    memcpy(&word, &value, sizeof word);
    return bench_mix(sum, word);
}

/* xorshift64: the inputs, the same everywhere. */
static inline uint64_t bench_random(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}

#endif
