/* A product of float matrices in the order that compilers vectorise: natively four lanes and more at once. */
#include "bench.h"

#define SIDE 192

static float a[SIDE][SIDE], b[SIDE][SIDE], c[SIDE][SIDE];

static void multiply(void)
{
    for (int i = 0; i < SIDE; i++)
        for (int k = 0; k < SIDE; k++)
            for (int j = 0; j < SIDE; j++)
                c[i][j] += a[i][k] * b[k][j];
}

int main(int argc, char **argv)
{
    unsigned long n = bench_repetitions(argc, argv);
    uint64_t sum = 0;
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            a[i][j] = (float)((i * 7 + j * 3) % 17 - 8) / 8;
            b[i][j] = (float)((i * 5 + j * 11) % 19 - 9) / 16;
        }
    for (unsigned long i = 0; i < n; i++)
        multiply();
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++)
            sum = bench_mix_double(sum, c[i][j]);
    return bench_result("matmul", n, sum);
}
