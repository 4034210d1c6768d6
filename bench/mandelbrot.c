/* The Mandelbrot set in double: multiplications, additions, one comparison a step. */
#include "bench.h"

#define SIDE 64
#define LIMIT 250

static unsigned escape(double cr, double ci)
{
    double zr = 0, zi = 0;
    for (unsigned i = 0; i < LIMIT; i++) {
        double rr = zr * zr, ii = zi * zi;
        if (rr + ii > 4.0)
            return i;
        zi = 2.0 * zr * zi + ci;
        zr = rr - ii + cr;
    }
    return LIMIT;
}

int main(int argc, char **argv)
{
    unsigned long n = bench_repetitions(argc, argv);
    uint64_t sum = 0;
    for (unsigned long i = 0; i < n; i++)
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++)
                sum = bench_mix(sum, escape(-2.0 + (x + (double)(i % 7) / 8) * 2.5 / SIDE, -1.25 + y * 2.5 / SIDE));
    return bench_result("mandelbrot", n, sum);
}
