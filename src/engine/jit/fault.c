/* fault.c - SIGSEGV and SIGBUS of the host while guest code runs: a write to a watched code page is retried, everything
 * else is the guest's own fault, made into an event. Runs in the signal handler of the thread that faulted.
 */
#include "engine/jit/jit_int.h"

#include <sys/mman.h>
#include <ucontext.h>

#define RETRIES_MAX 64

static bool is_write(const ucontext_t *uc)
{
    return uc->uc_mcontext.gregs[REG_ERR] & 2; /* Intel SDM vol. 3, 4.7: W/R bit of the page-fault error code */
}

/* Two threads may write to one watched page: the second finds it writable already. Retry, but not for ever: a mapping
 * that the host refuses to write for another reason would loop. */
static bool raced_write(struct cpu_thread *t, uint64_t pc, uint64_t addr)
{
    int prot = mem_query(t->engine->mem, addr);

    if (prot < 0 || !(prot & PROT_WRITE))
        return false;
    if (t->retry_pc != pc || t->retry_addr != addr)
        t->retries = 0;
    t->retry_pc = pc;
    t->retry_addr = addr;
    return t->retries++ < RETRIES_MAX;
}

enum cpu_fault_result jit_host_fault(struct cpu_thread *t, int sig, siginfo_t *info, void *ucv)
{
    ucontext_t *uc = ucv;
    uint64_t addr = (uint64_t)info->si_addr, pc = (uint64_t)uc->uc_mcontext.gregs[REG_RIP];
    bool kernel_knows = info->si_code > 0 && info->si_code != SI_KERNEL;
    bool write = is_write(uc);

    if (!t)
        return CPU_FAULT_NOT_OURS;
    if (sig == SIGSEGV && write && kernel_knows && addr < mem_space_limit(t->engine->mem) &&
        (mem_write_fault(t->engine->mem, addr) || raced_write(t, pc, addr)))
        return CPU_FAULT_RESUME;
    if (sig == SIGSEGV && info->si_code == SEGV_MAPERR && mem_grow(t->engine->mem, addr))
        return CPU_FAULT_RESUME;
    t->fault = (struct cpu_event){.kind = CPU_FAULT, .addr = addr, .access = write ? CPU_WRITE : CPU_READ};
    if (sig == SIGBUS)
        t->fault.fault = CPU_FAULT_BUS;
    else
        t->fault.fault = info->si_code == SEGV_ACCERR ? CPU_FAULT_PROTECTED : CPU_FAULT_UNMAPPED;
    t->fault_inexact = !kernel_knows;
    return cg_recover(t->rt, uc) ? CPU_FAULT_RESUME : CPU_FAULT_NOT_OURS;
}
