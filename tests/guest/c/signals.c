/* Signals: handlers with siginfo and context, faults at the exact instruction and address, handlers that change the context,
 * alternate stacks, masks, real-time queues, EINTR and SA_RESTART, timers in loops that make no call, death and core by signal.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "out.h"

static sigjmp_buf back;
static siginfo_t info;
static uintptr_t pc_of(void *context)
{
#ifdef __riscv
    return ((ucontext_t *)context)->uc_mcontext.__gregs[REG_PC];
#else
    return (uintptr_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
#endif
}
static uintptr_t pc;
static void note(int number, siginfo_t *si, void *context)
{
    (void)number;
    info = *si;
    pc = pc_of(context);
    siglongjmp(back, 1);
}

static void handle(int number, void (*fn)(int, siginfo_t *, void *), int flags)
{
    struct sigaction action = {.sa_sigaction = fn, .sa_flags = SA_SIGINFO | flags};
    sigemptyset(&action.sa_mask);
    CHECK(sigaction(number, &action, NULL) == 0);
}

/* The faulting access alone in a function, so that the pc can be checked against it. */
__attribute__((noinline, noclone)) static int load(volatile int *p)
{
    return *p;
}
__attribute__((noinline, noclone)) static void store(volatile int *p, int v)
{
    *p = v;
}

static void faults(void)
{
    char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(page, 4096, PROT_NONE);
    mprotect(page + 4096, 4096, PROT_READ);
    handle(SIGSEGV, note, 0);
    handle(SIGBUS, note, 0);
    struct {
        const char *name;
        void *address;
        int write;
    } cases[] = {{"null", NULL, 0}, {"low", (void *)0x10, 1}, {"none", page + 100, 0},
        {"read-only", page + 4096 + 48, 1}, {"none, write", page + 8, 1}};
    for (size_t i = 0; i < LEN(cases); i++)
        for (int n = 0; n < 3; n++) {
            if (sigsetjmp(back, 1) == 0) {
                if (cases[i].write)
                    store(cases[i].address, 1);
                else
                    load(cases[i].address);
                printf("%s: no fault\n", cases[i].name);
            } else if (n == 2) {
                uintptr_t fn = cases[i].write ? (uintptr_t)store : (uintptr_t)load;
                printf("%s: signal %d code %d, address %s, pc %s\n", cases[i].name, info.si_signo, info.si_code,
                    info.si_addr == cases[i].address ? "right" : "wrong", pc >= fn && pc < fn + 64 ? "right" : "wrong");
            }
        }
    FILE *file = tmpfile();
    char *mapped = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fileno(file), 0);
    if (sigsetjmp(back, 1) == 0)
        load((int *)(mapped + 4096));
    else
        printf("beyond the file: signal %d code %d %s\n", info.si_signo, info.si_code,
            info.si_addr == mapped + 4096 ? "right" : "wrong");
    /* code that may not be executed: the address and the pc are the jump's goal */
    void (*volatile data)(void) = (void (*)(void))(uintptr_t)(page + 4096);
    if (sigsetjmp(back, 1) == 0)
        data();
    else
        printf("not executable: signal %d code %d %s %s\n", info.si_signo, info.si_code,
            info.si_addr == (void *)data ? "right" : "wrong", pc == (uintptr_t)data ? "right" : "wrong");
    void (*volatile wild)(void) = (void (*)(void))0x123456788;
    if (sigsetjmp(back, 1) == 0)
        wild();
    else
        printf("wild jump: signal %d code %d %s %s\n", info.si_signo, info.si_code,
            info.si_addr == (void *)wild ? "right" : "wrong", pc == (uintptr_t)wild ? "right" : "wrong");
}

static void illegal(void)
{
    handle(SIGILL, note, 0);
    handle(SIGTRAP, note, 0);
    if (sigsetjmp(back, 1) == 0)
#ifdef __riscv
        __asm__ volatile("unimp");
#else
        __asm__ volatile("ud2");
#endif
    else
        printf("illegal: signal %d, address is the pc: %d\n", info.si_signo, (uintptr_t)info.si_addr == pc);
    if (sigsetjmp(back, 1) == 0)
#ifdef __riscv
        __asm__ volatile("ebreak");
#else
        __asm__ volatile("int3");
#endif
    else
        printf("breakpoint: signal %d\n", info.si_signo);
}

/* A handler maps the missing page and returns: the access is done again. Another skips the access through the context. */
static volatile int mended;
static void mend(int number, siginfo_t *si, void *context)
{
    (void)number;
    (void)context;
    uintptr_t start = (uintptr_t)si->si_addr & ~(uintptr_t)4095;
    CHECK(mprotect((void *)start, 4096, PROT_READ | PROT_WRITE) == 0);
    mended++;
}
static void restart(void)
{
    enum { PAGES = 50 };
    char *p = mmap(NULL, PAGES * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    handle(SIGSEGV, mend, 0);
    uint64_t total = 0;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < PAGES; i++) {
            volatile uint64_t *v = (uint64_t *)(p + i * 4096 + 8 * i);
            *v += (uint64_t)(i + round);
            total += *v;
        }
        mprotect(p, PAGES * 4096, round ? PROT_READ : PROT_NONE);
    }
    printf("mended: %d %" PRIu64 "\n", mended, total);
}

static volatile sig_atomic_t on_alternate;
static char alternate[65536];
static void overflow_handler(int number, siginfo_t *si, void *context)
{
    (void)number;
    (void)si;
    (void)context;
    char here;
    on_alternate = &here > alternate && &here < alternate + sizeof alternate;
    siglongjmp(back, 1);
}
__attribute__((noinline)) static int bottomless(int n)
{
    volatile char frame[2000];
    frame[n % 2000] = 1;
    return bottomless(n + 1) + frame[0];
}
static void overflow(void)
{
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate}, old;
    sigaltstack(&stack, NULL);
    handle(SIGSEGV, overflow_handler, SA_ONSTACK);
    if (sigsetjmp(back, 1) == 0)
        bottomless(0);
    sigaltstack(NULL, &old);
    printf("overflow: on the alternate stack %d, still set %d\n", (int)on_alternate,
        old.ss_sp == alternate && old.ss_flags == 0);
    stack.ss_flags = SS_DISABLE;
    sigaltstack(&stack, NULL);
}

static volatile int order[64], ordered;
static void queue(int number, siginfo_t *si, void *context)
{
    (void)context;
    if (ordered < 64)
        order[ordered++] = number * 100 + si->si_value.sival_int;
}
static void queues(void)
{
    sigset_t set;
    sigemptyset(&set);
    int numbers[] = {SIGRTMIN + 2, SIGRTMIN, SIGRTMAX, SIGUSR1, SIGRTMIN + 1};
    for (size_t i = 0; i < LEN(numbers); i++) {
        handle(numbers[i], queue, 0);
        sigaddset(&set, numbers[i]);
    }
    sigprocmask(SIG_BLOCK, &set, NULL);
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < LEN(numbers); i++)
            sigqueue(getpid(), numbers[i], (union sigval){.sival_int = round});
    sigset_t pending;
    sigpending(&pending);
    printf("pending: %d %d\n", sigismember(&pending, SIGRTMAX), sigismember(&pending, SIGUSR2));
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    int seen[70][4] = {{0}}, rt = 0, usr = 0, sorted = 1;
    for (int i = 0; i < ordered; i++) {
        int number = order[i] / 100, value = order[i] % 100;
        if (number == SIGUSR1)
            usr++;
        else
            rt++, sorted &= seen[number][3] == value, seen[number][3]++;
    }
    printf("queued: %d real-time ones, each in its order: %d, and %d of the other\n", rt, sorted, usr);
    sigset_t wait_set;
    siginfo_t si;
    sigemptyset(&wait_set);
    sigaddset(&wait_set, SIGRTMIN + 5);
    sigprocmask(SIG_BLOCK, &wait_set, NULL);
    sigqueue(getpid(), SIGRTMIN + 5, (union sigval){.sival_int = 77});
    int got = sigwaitinfo(&wait_set, &si);
    struct timespec zero = {0, 1000000};
    printf("sigwaitinfo: %d %d, then %d\n", got - SIGRTMIN, si.si_value.sival_int,
        sigtimedwait(&wait_set, &si, &zero) == -1 && errno == EAGAIN);
}

static volatile sig_atomic_t ticks;
static void tick(int number, siginfo_t *si, void *context)
{
    (void)number;
    (void)si;
    (void)context;
    ticks++;
}
static void timers(void)
{
    struct itimerval every = {{0, 2000}, {0, 2000}}, off = {{0, 0}, {0, 0}};
    handle(SIGALRM, tick, SA_RESTART);
    setitimer(ITIMER_REAL, &every, NULL);
    uint64_t x = 1, loops = 0;
    while (ticks < 50) {
        for (int i = 0; i < 1000; i++)
            x = x * 6364136223846793005u + 1442695040888963407u;
        loops++;
    }
    OPAQUE(x);
    setitimer(ITIMER_REAL, &off, NULL);
    printf("ticks: %s\n", ticks >= 50 && loops > 0 ? "came" : "missing");
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 3, .sigev_value.sival_int = 5};
    handle(SIGRTMIN + 3, queue, 0);
    ordered = 0;
    CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
    struct itimerspec once = {{0, 0}, {0, 5000000}};
    timer_settime(timer, 0, &once, NULL);
    while (ordered == 0)
        usleep(1000);
    printf("timer: %d\n", order[0] - (SIGRTMIN + 3) * 100);
    timer_delete(timer);
}

static void interrupted(void)
{
    int pipes[2];
    char c;
    CHECK(pipe(pipes) == 0);
    struct itimerval soon = {{0, 0}, {0, 20000}};
    handle(SIGALRM, tick, 0);
    setitimer(ITIMER_REAL, &soon, NULL);
    ssize_t n = read(pipes[0], &c, 1);
    printf("read without SA_RESTART: %zd %s\n", n, n < 0 && errno == EINTR ? "EINTR" : "?");
    handle(SIGALRM, tick, SA_RESTART);
    pid_t pid = fork();
    if (pid == 0) {
        usleep(80000);
        _exit(write(pipes[1], "x", 1) != 1);
    }
    setitimer(ITIMER_REAL, &soon, NULL);
    n = read(pipes[0], &c, 1);
    printf("read with SA_RESTART: %zd\n", n);
    waitpid(pid, NULL, 0);
    struct timespec request = {5, 0}, left = {0, 0};
    setitimer(ITIMER_REAL, &soon, NULL);
    int slept = nanosleep(&request, &left);
    printf("nanosleep: %d %s\n", slept, errno == EINTR && left.tv_sec == 4 ? "EINTR with 4 s left" : "?");
    sigset_t none;
    sigemptyset(&none);
    setitimer(ITIMER_REAL, &soon, NULL);
    printf("sigsuspend: %d\n", sigsuspend(&none) == -1 && errno == EINTR);
}

static volatile int depth, deepest, raises;
static void nested(int number, siginfo_t *si, void *context)
{
    (void)si;
    (void)context;
    if (++depth > deepest)
        deepest = depth;
    if (raises-- > 0)
        raise(number);
    depth--;
}
static void nesting(void)
{
    raises = 4;
    handle(SIGUSR2, nested, SA_NODEFER);
    raise(SIGUSR2);
    printf("nested: %d", deepest);
    deepest = 0;
    raises = 3;
    handle(SIGUSR2, nested, 0);
    raise(SIGUSR2);
    printf(" %d", deepest);
    raises = 0;
    handle(SIGUSR2, nested, SA_RESETHAND);
    raise(SIGUSR2);
    struct sigaction now;
    sigaction(SIGUSR2, NULL, &now);
    printf(" %d\n", now.sa_handler == SIG_DFL);
    signal(SIGUSR2, SIG_IGN);
    raise(SIGUSR2);
}

/* Float registers and flags survive a handler that uses them. */
static volatile double in_handler;
static void floats(int number, siginfo_t *si, void *context)
{
    (void)number;
    (void)si;
    (void)context;
    double x = 1;
    for (int i = 0; i < 20; i++)
        x = x * 1.1 + in_handler;
    in_handler = x;
    ticks++;
}
static void float_state(void)
{
    struct itimerval every = {{0, 1000}, {0, 1000}}, off = {{0, 0}, {0, 0}};
    handle(SIGALRM, floats, SA_RESTART);
    ticks = 0;
    setitimer(ITIMER_REAL, &every, NULL);
    double a = 1, b = 2, c = 3, d = 0;
    int bad = 0;
    while (ticks < 30) {
        a = 1, b = 2, c = 3, d = 0;
        for (int i = 0; i < 500; i++)
            d += a * 0.5, a += 0.25, b = b * 1.0 + a, c -= 0.125;
        bad += d != 15843.75 || b <= a || c != -59.5;
    }
    setitimer(ITIMER_REAL, &off, NULL);
    printf("float state: %d %.2f\n", bad != 0, d);
}

static void deaths(void)
{
    int numbers[] = {SIGTERM, SIGKILL, SIGSEGV, SIGABRT, SIGILL, SIGFPE, SIGALRM, SIGRTMIN, SIGRTMAX, SIGPIPE};
    for (size_t i = 0; i < LEN(numbers); i++) {
        pid_t pid = fork();
        if (pid == 0) {
            signal(numbers[i], SIG_DFL);
            raise(numbers[i]);
            _exit(1);
        }
        int status;
        waitpid(pid, &status, 0);
        printf("%s%d", i ? " " : "deaths: ", WIFSIGNALED(status) ? WTERMSIG(status) : -1);
    }
    pid_t pid = fork();
    int status;
    if (pid == 0) {
        signal(SIGSEGV, SIG_DFL);
        store((int *)8, 1);
        _exit(1);
    }
    waitpid(pid, &status, 0);
    printf(" fault: %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : -1);
    int pipes[2];
    CHECK(pipe(pipes) == 0);
    pid = fork();
    if (pid == 0) {
        char c;
        raise(SIGSTOP);
        _exit(read(pipes[0], &c, 1) == 1 ? 9 : 1);
    }
    waitpid(pid, &status, WUNTRACED);
    printf("stopped: %d", WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    kill(pid, SIGCONT);
    waitpid(pid, &status, WCONTINUED);
    printf(" continued: %d", WIFCONTINUED(status));
    CHECK(write(pipes[1], "x", 1) == 1);
    waitpid(pid, &status, 0);
    printf(" exited: %d\n", WEXITSTATUS(status));
}

static void *storm_loop(void *arg)
{
    volatile int *stop = arg;
    uint64_t x = 0;
    while (!*stop)
        x = x * 3 + 1;
    return (void *)(uintptr_t)(x & 0);
}
static void storm(void)
{
    static volatile int stop;
    pthread_t t[3];
    handle(SIGUSR1, tick, SA_RESTART);
    for (int i = 0; i < 3; i++)
        pthread_create(&t[i], NULL, storm_loop, (void *)&stop);
    ticks = 0;
    for (int i = 0; i < 1500; i++) {
        CHECK(pthread_kill(t[i % 3], SIGUSR1) == 0);
        if (i % 100 == 0)
            usleep(500);
    }
    for (int i = 0; i < 1000 && ticks == 0; i++)
        usleep(1000);
    stop = 1;
    for (int i = 0; i < 3; i++)
        pthread_join(t[i], NULL);
    printf("storm: %s\n", ticks > 0 ? "weathered" : "nothing came");
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    faults();
    illegal();
    restart();
    overflow();
    queues();
    timers();
    interrupted();
    nesting();
    float_state();
    deaths();
    storm();
    return 0;
}
