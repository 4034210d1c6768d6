/* What the host CPU can do. The C library has asked the CPU when the process began: asking again would cost more than it
 * looks, for under a hypervisor each CPUID is a trap of microseconds. "Active" is also what the kernel saves the registers
 * for (XGETBV).
 */
#include <sys/platform/x86.h>

#include "codegen/codegen.h"

void cg_host_detect(struct cg_host *h)
{
    *h = (struct cg_host){
        .sse41 = CPU_FEATURE_ACTIVE(SSE4_1),
        .popcnt = CPU_FEATURE_ACTIVE(POPCNT),
        .lzcnt = CPU_FEATURE_ACTIVE(LZCNT),
        .avx = CPU_FEATURE_ACTIVE(AVX),
        .pclmul = CPU_FEATURE_ACTIVE(PCLMULQDQ),
    };
    /* These are VEX encoded: without AVX state they are unusable. */
    h->bmi1 = h->avx && CPU_FEATURE_ACTIVE(BMI1);
    h->bmi2 = h->avx && CPU_FEATURE_ACTIVE(BMI2);
    h->avx2 = h->avx && CPU_FEATURE_ACTIVE(AVX2);
    h->fma = h->avx && CPU_FEATURE_ACTIVE(FMA);
    h->f16c = h->avx && CPU_FEATURE_ACTIVE(F16C);
}
