/* What the host CPU can do (cpuid; Intel SDM volume 2A, CPUID). AVX and what builds on it count only if the kernel saves ymm
 * registers (XGETBV), which __builtin_cpu_supports takes care of.
 */
#include "codegen/codegen.h"

void cg_host_detect(struct cg_host *h)
{
    __builtin_cpu_init();
    *h = (struct cg_host){
        .sse41 = __builtin_cpu_supports("sse4.1"),
        .popcnt = __builtin_cpu_supports("popcnt"),
        .lzcnt = __builtin_cpu_supports("lzcnt"),
        .bmi1 = __builtin_cpu_supports("bmi"),
        .avx = __builtin_cpu_supports("avx"),
        .pclmul = __builtin_cpu_supports("pclmul"),
    };
    /* These are VEX encoded: without AVX state they are unusable. */
    h->bmi2 = h->avx && __builtin_cpu_supports("bmi2");
    h->bmi1 = h->avx && h->bmi1;
    h->avx2 = h->avx && __builtin_cpu_supports("avx2");
    h->fma = h->avx && __builtin_cpu_supports("fma");
    h->f16c = h->avx && __builtin_cpu_supports("f16c");
}
