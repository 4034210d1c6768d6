/* A pointer chase through 32 MiB in random order: every load waits for the one before and for memory. */
#include "bench.h"

#define SLOTS (32u << 20 >> 6)

struct slot {
    struct slot *next;
    uint64_t value;
    char rest_of_line[48];
};

int main(int argc, char **argv)
{
    unsigned long n = bench_repetitions(argc, argv);
    struct slot *slots = malloc(SLOTS * sizeof *slots);
    uint32_t *order = malloc(SLOTS * sizeof *order);
    uint64_t seed = 88172645463325252u, sum = 0;
    if (!slots || !order)
        return 1;
    for (uint32_t i = 0; i < SLOTS; i++)
        order[i] = i;
    for (uint32_t i = SLOTS - 1; i > 0; i--) {
        uint32_t j = (uint32_t)(bench_random(&seed) % (i + 1)), other = order[i];
        order[i] = order[j];
        order[j] = other;
    }
    for (uint32_t i = 0; i < SLOTS; i++) {
        slots[order[i]].next = &slots[order[(i + 1) % SLOTS]];
        slots[order[i]].value = i;
    }
    const struct slot *at = &slots[order[0]];
    for (unsigned long i = 0; i < n; i++)
        for (int hop = 0; hop < 10000; hop++, at = at->next)
            sum += at->value;
    return bench_result("chase", n, sum);
}
