/* memcpy, memmove, memset, memcmp, strlen and memchr of the C library, over sizes from 1 byte to 64 KiB and all
 * alignments, small ones most often. */
#include "bench.h"

#define SPACE (80u << 10)
#define PLANS 4096

static unsigned char from[SPACE], to[SPACE];

static struct plan {
    uint32_t size;
    uint16_t source, target;
} plans[PLANS];

static void make_plans(void)
{
    uint64_t seed = 42;
    for (int i = 0; i < PLANS; i++) {
        uint64_t r = bench_random(&seed);
        int bits = (int)(r & 15); /* sizes up to 2^bits, cut to what is common: half stay below 256 */
        plans[i].size = 1 + (uint32_t)(r >> 8 & ((1u << (bits > 11 && (r >> 4 & 15) ? bits - 8 : bits)) - 1));
        plans[i].source = (uint16_t)(r >> 32 & 63);
        plans[i].target = (uint16_t)(r >> 40 & 63);
    }
    plans[PLANS / 2].size = 64u << 10;
}

int main(int argc, char **argv)
{
    unsigned long n = bench_repetitions(argc, argv);
    uint64_t sum = 0;
    make_plans();
    for (unsigned i = 0; i < SPACE; i++)
        from[i] = (unsigned char)(1 + i % 251);
    for (unsigned long i = 0; i < n; i++) {
        for (int j = 0; j < PLANS; j++) {
            const struct plan *p = &plans[j];
            memcpy(to + p->target, from + p->source, p->size);
            switch (j & 7) {
            case 0: sum += (unsigned)memcmp(to + p->target, from + p->source, p->size) + 1; break;
            case 1: memmove(to + p->target + 3, to + p->target, p->size); break;
            case 2: memset(to + p->target, j, p->size); break;
            case 3:
                to[p->target + p->size] = 0;
                sum += strlen((char *)to + p->target);
                break;
            case 4: sum += memchr(to + p->target, 0, p->size) != NULL; break;
            default: break;
            }
            sum = bench_mix(sum, to[p->target + p->size / 2]);
        }
    }
    return bench_result("memcpy", n, sum);
}
