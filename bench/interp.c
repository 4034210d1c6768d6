/* A bytecode interpreter with threaded code: an indirect jump after every operation, as in Python's, Lua's or Perl's
 * loops. The program counts primes below a limit by trial division, hashing as it goes. */
#include "bench.h"

enum op { SET, MOV, ADD, ADDI, MUL, MOD, LT, JNZ, JZ, JMP, XORSHIFT, HALT };

struct insn {
    uint8_t op, a, b, c;
    int32_t imm;
};

/* r0 candidate, r1 divisor, r2 scratch, r3 count, r4 hash, r5 limit */
static const struct insn code[] = {
    {SET, 0, 0, 0, 2},       /*  0 candidate = 2 */
    {SET, 3, 0, 0, 0},       /*  1 */
    {SET, 1, 0, 0, 2},       /*  2 next: divisor = 2 */
    {MUL, 2, 1, 1, 0},       /*  3 loop: divisor * divisor */
    {LT, 2, 0, 2, 0},        /*  4 candidate < that: prime */
    {JNZ, 2, 0, 0, 10},      /*  5 */
    {MOD, 2, 0, 1, 0},       /*  6 */
    {JZ, 2, 0, 0, 12},       /*  7 divides: not prime */
    {ADDI, 1, 1, 0, 1},      /*  8 */
    {JMP, 0, 0, 0, 3},       /*  9 */
    {ADDI, 3, 3, 0, 1},      /* 10 prime: count it */
    {ADD, 4, 4, 0, 0},       /* 11 */
    {XORSHIFT, 4, 4, 0, 13}, /* 12 */
    {ADDI, 0, 0, 0, 1},      /* 13 */
    {LT, 2, 0, 5, 0},        /* 14 */
    {JNZ, 2, 0, 0, 2},       /* 15 */
    {HALT, 0, 0, 0, 0},      /* 16 */
};

static uint64_t run(const struct insn *pc, uint64_t r[8])
{
    static const void *const labels[] = {
        &&set, &&mov, &&add, &&addi, &&mul, &&mod, &&lt, &&jnz, &&jz, &&jmp, &&xorshift, &&halt};
    const struct insn *start = pc, *at;
#define NEXT() goto *labels[(at = pc++)->op]
    NEXT();
set:
    r[at->a] = (uint64_t)(int64_t)at->imm;
    NEXT();
mov:
    r[at->a] = r[at->b];
    NEXT();
add:
    r[at->a] = r[at->b] + r[at->c];
    NEXT();
addi:
    r[at->a] = r[at->b] + (uint64_t)(int64_t)at->imm;
    NEXT();
mul:
    r[at->a] = r[at->b] * r[at->c];
    NEXT();
mod:
    r[at->a] = (uint32_t)r[at->b] % (uint32_t)r[at->c];
    NEXT();
lt:
    r[at->a] = r[at->b] < r[at->c];
    NEXT();
jnz:
    if (r[at->a])
        pc = start + at->imm;
    NEXT();
jz:
    if (!r[at->a])
        pc = start + at->imm;
    NEXT();
jmp:
    pc = start + at->imm;
    NEXT();
xorshift:
    r[at->a] = r[at->b] ^ r[at->b] << at->imm ^ r[at->b] >> 7;
    NEXT();
halt:
    return r[4] + r[3];
}

int main(int argc, char **argv)
{
    unsigned long n = bench_repetitions(argc, argv);
    uint64_t sum = 0;
    for (unsigned long i = 0; i < n; i++) {
        uint64_t r[8] = {[4] = i, [5] = 2000};
        sum = bench_mix(sum, run(code, r));
    }
    return bench_result("interp", n, sum);
}
