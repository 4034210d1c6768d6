/* The sun and its four large planets, Newton's law, a symplectic step: double arithmetic with division and square root.
 */
#include "bench.h"
#include <math.h>

#define BODIES 5
#define DAYS 365.24
#define SUN (4 * M_PI * M_PI)

/* Positions in astronomical units, velocities in units a day, masses in suns (JPL ephemeris of J2000, rounded). */
static double x[BODIES][3] = {
    {0, 0, 0},
    {4.841431442, -1.160320044, -0.103622044},
    {8.343366718, 4.124798564, -0.403523417},
    {12.894369562, -15.111151401, -0.223307578},
    {15.379697114, -25.919314609, 0.179258772},
};
static double v[BODIES][3] = {
    {0, 0, 0},
    {0.001660076642, 0.007699011184, -0.0000690460016},
    {-0.002767425107, 0.004998528012, 0.0000230417297},
    {0.002964601375, 0.002378471739, -0.0000296589568},
    {0.002680677724, 0.001628241700, -0.0000951592254},
};
static double mass[BODIES] = {1, 0.000954791938, 0.000285885980, 0.0000436624404, 0.0000515138902};

static void advance(double dt)
{
    for (int i = 0; i < BODIES; i++)
        for (int j = i + 1; j < BODIES; j++) {
            double d[3], square = 0;
            for (int k = 0; k < 3; k++) {
                d[k] = x[i][k] - x[j][k];
                square += d[k] * d[k];
            }
            double pull = dt / (square * sqrt(square));
            for (int k = 0; k < 3; k++) {
                v[i][k] -= d[k] * mass[j] * pull;
                v[j][k] += d[k] * mass[i] * pull;
            }
        }
    for (int i = 0; i < BODIES; i++)
        for (int k = 0; k < 3; k++)
            x[i][k] += dt * v[i][k];
}

int main(int argc, char **argv)
{
    unsigned long n = bench_repetitions(argc, argv);
    uint64_t sum = 0;
    for (int i = 0; i < BODIES; i++) {
        mass[i] *= SUN;
        for (int k = 0; k < 3; k++) {
            v[i][k] *= DAYS;
            if (i)
                v[0][k] -= v[i][k] * mass[i] / SUN; /* the whole stays where it is */
        }
    }
    for (unsigned long i = 0; i < n; i++)
        for (int j = 0; j < 1000; j++)
            advance(0.01);
    for (int i = 0; i < BODIES; i++)
        for (int k = 0; k < 3; k++)
            sum = bench_mix_double(sum, x[i][k]);
    return bench_result("nbody", n, sum);
}
