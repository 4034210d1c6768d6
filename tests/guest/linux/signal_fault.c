/* Faults as signals: number, code, address and pc are exact; a handler may repair, jump away, or nest. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "facts.h"

static sigjmp_buf back;
static volatile int got_signo, got_code;
static void *volatile got_addr;
static volatile unsigned long got_pc;
extern char access_here[], store_here[], ill_here[];

#if defined(__riscv)
#define ILL_SIZE 4
#else
#define ILL_SIZE 2
#endif

static void away(int signo, siginfo_t *info, void *context)
{
    got_signo = signo;
    got_code = info->si_code;
    got_addr = info->si_addr;
    got_pc = UC_PC((ucontext_t *)context);
    siglongjmp(back, 1);
}

static void install(int signo, void (*handler)(int, siginfo_t *, void *), int flags)
{
    struct sigaction act = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};

    sigaction(signo, &act, NULL);
}

__attribute__((noinline)) static uint64_t load(volatile void *p)
{
    uint64_t v;

#if defined(__riscv)
    __asm__ volatile(".globl access_here\naccess_here: ld %0, 0(%1)" : "=r"(v) : "r"(p) : "memory");
#else
    __asm__ volatile(".globl access_here\naccess_here: movq (%1), %0" : "=r"(v) : "r"(p) : "memory");
#endif
    return v;
}

__attribute__((noinline)) static void store(volatile void *p, uint64_t v)
{
#if defined(__riscv)
    __asm__ volatile(".globl store_here\nstore_here: sd %0, 0(%1)" : : "r"(v), "r"(p) : "memory");
#else
    __asm__ volatile(".globl store_here\nstore_here: movq %0, (%1)" : : "r"(v), "r"(p) : "memory");
#endif
}

__attribute__((noinline)) static void illegal(void)
{
#if defined(__riscv)
    __asm__ volatile(".globl ill_here\nill_here: .word 0xffffffff");
#else
    __asm__ volatile(".globl ill_here\nill_here: ud2");
#endif
}

static void skip(int signo, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;

    got_signo = signo;
    got_addr = info->si_addr;
    UC_SET_PC(uc, UC_PC(uc) + ILL_SIZE);
}

static char *repair_page;
static volatile int repairs;

static void repair(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)context;
    repairs++;
    if (info->si_addr != repair_page + 8)
        _exit(9);
    mprotect(repair_page, 4096, PROT_READ | PROT_WRITE);
}

static volatile int depth;

static void nested(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
    depth++;
    if (depth < 5)
        store((void *)8, 1); /* SA_NODEFER: a fault inside the handler for faults */
    siglongjmp(back, 1);
}

static int child_status(void (*fn)(void))
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        fn();
        _exit(0);
    }
    waitpid(pid, &status, 0);
    return status;
}

static void die_segv(void)
{
    signal(SIGSEGV, SIG_DFL);
    load((void *)16);
}

static void die_ignored(void)
{
    signal(SIGSEGV, SIG_IGN); /* a fault is not ignored */
    load((void *)16);
}

static void die_blocked(void)
{
    sigset_t set;

    install(SIGSEGV, away, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGSEGV);
    sigprocmask(SIG_BLOCK, &set, NULL);
    load((void *)16);
}

static void die_ill(void)
{
    signal(SIGILL, SIG_DFL);
    illegal();
}

static void die_no_stack(void)
{
    stack_t ss = {.ss_sp = (void *)0x1000, .ss_size = 1 << 16};

    signal(SIGSEGV, SIG_DFL);
    sigaltstack(&ss, NULL); /* nothing is mapped there */
    install(SIGUSR1, away, SA_ONSTACK);
    raise(SIGUSR1);
}

int main(void)
{
    char *ro = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *none = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    FILE *file = tmpfile();
    char *past = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(file), 0);
    char *nx = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    install(SIGSEGV, away, 0);
    install(SIGBUS, away, 0);
    install(SIGILL, away, 0);
    install(SIGTRAP, away, 0);

    if (!sigsetjmp(back, 1))
        load((void *)0x123450);
    CHECK(got_signo == SIGSEGV && got_code == SEGV_MAPERR, "load of nothing: SEGV_MAPERR");
    CHECK(got_addr == (void *)0x123450, "its address");
    CHECK(got_pc == (unsigned long)access_here, "its pc");
    if (!sigsetjmp(back, 1))
        store(ro + 40, 1);
    CHECK(got_signo == SIGSEGV && got_code == SEGV_ACCERR && got_addr == ro + 40,
        "store to a read-only page: SEGV_ACCERR");
    CHECK(got_pc == (unsigned long)store_here, "its pc");
    if (!sigsetjmp(back, 1))
        load(none + 8);
    CHECK(got_signo == SIGSEGV && got_code == SEGV_ACCERR && got_addr == none + 8,
        "load of a PROT_NONE page: SEGV_ACCERR");
    if (!sigsetjmp(back, 1))
        store(past + 4096, 1);
    CHECK(
        got_signo == SIGBUS && got_code == BUS_ADRERR && got_addr == past + 4096, "past the end of a file: BUS_ADRERR");
    if (!sigsetjmp(back, 1))
        ((void (*)(void))nx)();
    CHECK(got_signo == SIGSEGV && got_code == SEGV_ACCERR && got_addr == nx && got_pc == (unsigned long)nx,
        "jump into data: SEGV_ACCERR at the target");
    if (!sigsetjmp(back, 1))
        ((void (*)(void))0x5000)();
    CHECK(got_signo == SIGSEGV && got_code == SEGV_MAPERR && got_pc == 0x5000, "wild jump: SEGV_MAPERR at the target");
    if (!sigsetjmp(back, 1))
        illegal();
    CHECK(got_signo == SIGILL && got_addr == ill_here && got_pc == (unsigned long)ill_here, "illegal instruction");

    install(SIGILL, skip, 0);
    got_signo = 0;
    illegal();
    CHECK(got_signo == SIGILL, "a handler may change the pc");

    repair_page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    install(SIGSEGV, repair, 0);
    store(repair_page + 8, 77);
    CHECK(repairs == 1 && load(repair_page + 8) == 77, "a handler may repair, and the store is made again");

    install(SIGSEGV, nested, SA_NODEFER);
    if (!sigsetjmp(back, 1))
        load((void *)8);
    CHECK(depth == 5, "faults nest under SA_NODEFER");

    CHECK((child_status(die_segv) & 0x7f) == SIGSEGV, "default action of a fault");
    CHECK((child_status(die_ignored) & 0x7f) == SIGSEGV, "an ignored fault kills");
    CHECK((child_status(die_blocked) & 0x7f) == SIGSEGV, "a blocked fault kills");
    CHECK((child_status(die_ill) & 0x7f) == SIGILL, "default action of an illegal instruction");
    CHECK((child_status(die_no_stack) & 0x7f) == SIGSEGV, "no room for a frame: SIGSEGV");
    return check_done();
}
