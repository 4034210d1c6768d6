/* Calls and returns: Fibonacci and Ackermann by recursion, nothing else. */
#include "bench.h"

#define NOINLINE __attribute__((noinline, optimize("no-optimize-sibling-calls")))

NOINLINE static unsigned fib(unsigned n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

NOINLINE static unsigned ackermann(unsigned m, unsigned n)
{
    if (!m)
        return n + 1;
    return ackermann(m - 1, n ? ackermann(m, n - 1) : 1);
}

int main(int argc, char **argv)
{
    unsigned long n = bench_repetitions(argc, argv);
    uint64_t sum = 0;
    for (unsigned long i = 0; i < n; i++)
        sum = bench_mix(sum, fib(22 + (i & 1)) + ackermann(2, 20 + (unsigned)(i & 3)));
    return bench_result("call", n, sum);
}
