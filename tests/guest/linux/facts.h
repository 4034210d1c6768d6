/* facts.h - for guest tests: every line that is printed is a fact that must hold natively, under qemu and under lodge alike.
 */
#ifndef FACTS_H
#define FACTS_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_failed;

#define CHECK(cond, name)                                                                                              \
    do {                                                                                                               \
        int check_ok = (cond) ? 1 : 0;                                                                                 \
        printf("%s - %s\n", check_ok ? "ok" : "not ok", name);                                                         \
        if (!check_ok) {                                                                                               \
            printf("# %s:%d: %s (errno %d)\n", __FILE__, __LINE__, #cond, errno);                                      \
            check_failed = 1;                                                                                          \
        }                                                                                                              \
        fflush(stdout);                                                                                                \
    } while (0)

static inline int check_done(void)
{
    printf("done\n");
    return check_failed;
}

/* The interrupted pc of a ucontext. */
#if defined(__riscv)
#define UC_PC(uc) ((unsigned long)(uc)->uc_mcontext.__gregs[0])
#define UC_SET_PC(uc, pc) ((uc)->uc_mcontext.__gregs[0] = (pc))
#define UC_SP(uc) ((unsigned long)(uc)->uc_mcontext.__gregs[2])
#elif defined(__x86_64__)
#define UC_PC(uc) ((unsigned long)(uc)->uc_mcontext.gregs[REG_RIP])
#define UC_SET_PC(uc, pc) ((uc)->uc_mcontext.gregs[REG_RIP] = (long)(pc))
#define UC_SP(uc) ((unsigned long)(uc)->uc_mcontext.gregs[REG_RSP])
#endif

#endif
