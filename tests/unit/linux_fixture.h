/* linux_fixture.h - a guest thread without an engine, for tests of system calls: its memory is all of the process (Sv48
 * layout), so that host pointers serve as guest addresses.
 */
#ifndef LODGE_TESTS_LINUX_FIXTURE_H
#define LODGE_TESTS_LINUX_FIXTURE_H

#include <signal.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/alloc.h"
#include "harness.h"
#include "linux/abi/abi.h"
#include "linux/linux_int.h"

/* Accesses of guest memory survive faults as under the signal layer's handler. */
static inline void fixture_fault(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    uint64_t at = mem_fault_fixup((uint64_t)uc->uc_mcontext.gregs[REG_RIP]);

    if (!at)
        signal(sig, SIG_DFL);
    else
        uc->uc_mcontext.gregs[REG_RIP] = (long long)at;
}

static inline void fixture_code_change(void *ctx, uint64_t start, uint64_t end)
{
}

static struct linux_thread *fixture_made[256]; /* kept to the end of the test: nothing is lost */

static inline struct linux_thread *fixture_thread(const struct linux_config *config)
{
    struct linux_thread *t = x_new(struct linux_thread);
    struct linux_process *p = x_new(struct linux_process);
    struct err err = ERR_INIT;
    struct sigaction fault = {.sa_sigaction = fixture_fault, .sa_flags = SA_SIGINFO};

    sigaction(SIGSEGV, &fault, NULL);
    p->config = config;
    p->abi = &linux_abi_riscv64;
    p->trace_fd = config->trace_fd;
    p->mm = x_new(struct linux_mm);
    p->mm->mem = mem_space_new(1ull << 47, fixture_code_change, NULL, &err);
    if (!p->mm->mem)
        FAIL("%s", err.text);
    pthread_mutex_init(&p->lock, NULL);
    p->threads = t;
    t->process = p;
    t->tid = getpid();
    for (unsigned i = 0;; i++) {
        CHECK(i < sizeof(fixture_made) / sizeof(fixture_made[0]));
        if (fixture_made[i])
            continue;
        fixture_made[i] = t;
        return t;
    }
}

#endif
