/* What the guest programs share. Each is one static program that checks what Linux and its CPU promise, the same source
 * for every CPU, and prints TAP; natively every line is `ok`. tests/e2e/guests.sh builds and runs them. */
#ifndef GUEST_H
#define GUEST_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static int guest_count, guest_failures;

/* One check; errno is told when it fails, so set it to 0 where it says nothing. */
static inline void ok(bool condition, const char *name)
{
    int error = errno;
    guest_failures += !condition;
    printf("%s %d - %s\n", condition ? "ok" : "not ok", ++guest_count, name);
    if (!condition)
        printf("# errno %d: %s\n", error, strerror(error));
    fflush(stdout);
}

/* A setup step that must work before anything can be checked. */
static inline void need(bool condition, const char *name)
{
    if (condition)
        return;
    printf("Bail out! %s: %s\n", name, strerror(errno));
    exit(2);
}

static inline void guest_start(void)
{
    alarm(100); /* a test that hangs ends by a signal that no check here blocks */
    errno = 0;
}

static inline int guest_end(void)
{
    printf("1..%d\n", guest_count);
    return guest_failures ? 1 : 0;
}

/* Run f(argument) in a child and return its wait status. */
static inline int in_child(int (*f)(void *), void *argument)
{
    int status = -1;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        _exit(f(argument));
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

/* The program counter of a signal's context. */
static inline uintptr_t context_pc(const void *context)
{
    const ucontext_t *uc = context;
#if defined __riscv
    return uc->uc_mcontext.__gregs[REG_PC];
#elif defined __x86_64__
    return (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];
#elif defined __aarch64__
    return uc->uc_mcontext.pc;
#endif
}

/* Machine code of `return VALUE;`, 0 <= VALUE < 2048; returns its length. */
static inline size_t code_return(void *at, unsigned value)
{
#if defined __riscv
    uint32_t words[] = {value << 20 | 10 << 7 | 0x13, 0x00008067}; /* addi a0, zero, value; ret */
#elif defined __aarch64__
    uint32_t words[] = {0x52800000 | value << 5, 0xd65f03c0}; /* mov w0, value; ret */
#elif defined __x86_64__
    unsigned char words[] = {0xb8, (unsigned char)value, (unsigned char)(value >> 8), 0, 0, 0xc3}; /* mov eax; ret */
#endif
    memcpy(at, words, sizeof words);
    __builtin___clear_cache(at, (char *)at + sizeof words);
    return sizeof words;
}

#endif
