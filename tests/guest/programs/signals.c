/* Signals: precise faults, stacks, restart, queues, every number, and what a parent sees. */
#include "guest.h"

static volatile sig_atomic_t got, got_code, got_value;
static void *volatile got_address;
static volatile uintptr_t got_pc, got_sp;
static sigjmp_buf escape;

static void on_fault(int number, siginfo_t *info, void *context)
{
    char here;
    got = number;
    got_code = info->si_code;
    got_address = info->si_addr;
    got_pc = context_pc(context);
    got_sp = (uintptr_t)&here;
    siglongjmp(escape, 1);
}

static void on_signal(int number, siginfo_t *info, void *context)
{
    (void)context;
    got = number;
    got_code = info->si_code;
    got_value = info->si_value.sival_int;
}

static void install(int number, void (*handler)(int, siginfo_t *, void *), int flags)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};
    sigemptyset(&action.sa_mask);
    need(!sigaction(number, &action, NULL), "sigaction");
}

__attribute__((noinline)) static int load(const volatile int *p)
{
    int v = *p;
    __asm__ volatile("" ::"r"(v));
    return v;
}

static void faults(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *map = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    need(map != MAP_FAILED && !mprotect(map + page, page, PROT_READ) && !munmap(map + 2 * page, page), "mmap");
    install(SIGSEGV, on_fault, 0);
    if (!sigsetjmp(escape, 1))
        load((int *)(map + 2 * page + 12));
    ok(got == SIGSEGV && got_code == SEGV_MAPERR && got_address == map + 2 * page + 12,
        "load from nowhere: its address");
    ok(got_pc - (uintptr_t)load < 64, "and the pc of the load");
    got = 0;
    if (!sigsetjmp(escape, 1))
        *(volatile char *)(map + page + 5) = 1;
    ok(got == SIGSEGV && got_code == SEGV_ACCERR && got_address == map + page + 5, "store to a read-only page");
    got = 0;
    if (!sigsetjmp(escape, 1))
        ((void (*)(void))(uintptr_t)map)();
    ok(got == SIGSEGV && got_code == SEGV_ACCERR && got_pc == (uintptr_t)map,
        "jump to a page without execute permission");
    got = 0;
    if (!sigsetjmp(escape, 1))
        ((void (*)(void))16)();
    ok(got == SIGSEGV && got_pc == 16 && got_address == (void *)16, "jump to nowhere: pc and address are there");
    install(SIGILL, on_fault, 0);
    got = 0;
    if (!sigsetjmp(escape, 1)) {
#if defined __x86_64__
        __asm__ volatile("ud2");
#else
        __asm__ volatile(".2byte 0, 0");
#endif
    }
    ok(got == SIGILL && got_address == (void *)got_pc, "an illegal instruction: its address is the pc");
    install(SIGBUS, on_fault, 0);
    int fd = memfd_create("short", 0);
    char *file = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, 0);
    need(file != MAP_FAILED, "mmap of a file");
    if (!sigsetjmp(escape, 1))
        load((int *)file);
    ok(got == SIGBUS && got_code == BUS_ADRERR && got_address == file, "a mapping beyond the end of its file");
    munmap(file, page);
    munmap(map, 2 * page);
    close(fd);
}

static void stacks(void)
{
    static char space[1 << 16];
    stack_t stack = {.ss_sp = space, .ss_size = sizeof space}, old;
    need(!sigaltstack(&stack, NULL), "sigaltstack");
    install(SIGSEGV, on_fault, SA_ONSTACK);
    got_sp = 0;
    if (!sigsetjmp(escape, 1))
        load((int *)8);
    ok(got_sp - (uintptr_t)space < sizeof space, "the handler runs on the alternate stack");
    ok(!sigaltstack(NULL, &old) && old.ss_sp == space && old.ss_size == sizeof space, "which can be asked for");
    stack.ss_flags = SS_DISABLE;
    sigaltstack(&stack, NULL);
    signal(SIGSEGV, SIG_DFL);
}

static int read_with_alarm(int flags)
{
    int ends[2];
    char c;
    struct itimerval soon = {.it_value.tv_usec = 30000};
    need(!pipe(ends), "pipe");
    install(SIGALRM, on_signal, flags);
    got = 0;
    pid_t pid = fork();
    if (pid == 0) {
        usleep(150000);
        _exit(write(ends[1], "x", 1) != 1);
    }
    setitimer(ITIMER_REAL, &soon, NULL);
    ssize_t n = read(ends[0], &c, 1);
    int error = errno;
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    close(ends[0]);
    close(ends[1]);
    return n == 1 ? 0 : error;
}

static void restart(void)
{
    ok(read_with_alarm(SA_RESTART) == 0 && got == SIGALRM, "SA_RESTART: read goes on after the handler");
    ok(read_with_alarm(0) == EINTR && got == SIGALRM, "without it: EINTR");
    signal(SIGALRM, SIG_DFL);
    alarm(100);
}

static void queues(void)
{
    sigset_t set, old;
    siginfo_t info;
    bool order = true;
    struct timespec none = {0};
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 3);
    sigprocmask(SIG_BLOCK, &set, &old);
    for (int i = 0; i < 20; i++)
        sigqueue(getpid(), SIGRTMIN + 3, (union sigval){.sival_int = i});
    for (int i = 0; i < 20; i++)
        order = sigwaitinfo(&set, &info) == SIGRTMIN + 3 && info.si_value.sival_int == i && info.si_code == SI_QUEUE &&
            order;
    ok(order, "twenty queued signals in order, with their values");
    ok(sigtimedwait(&set, &info, &none) < 0 && errno == EAGAIN, "and then no more");
    install(SIGRTMIN + 3, on_signal, 0);
    sigqueue(getpid(), SIGRTMIN + 3, (union sigval){.sival_int = 77});
    got = 0;
    sigsuspend(&old);
    ok(got == SIGRTMIN + 3 && got_value == 77, "sigsuspend lets a blocked one through");
    sigprocmask(SIG_SETMASK, &old, NULL);
}

/* The C library keeps 32 and 33 for itself, so this goes to the kernel. */
static void every_number(void)
{
    struct {
        void (*handler)(int, siginfo_t *, void *);
        unsigned long flags;
#if defined __x86_64__
        void (*restorer)(void);
#endif
        unsigned long mask;
    } action = {.handler = on_signal, .flags = SA_SIGINFO};
#if defined __x86_64__
    struct {
        void *handler;
        unsigned long flags;
        void (*restorer)(void);
        unsigned long mask;
    } probe;
    signal(SIGUSR1, SIG_IGN);
    install(SIGUSR1, on_signal, 0);
    syscall(SYS_rt_sigaction, SIGUSR1, NULL, &probe, 8);
    action.restorer = probe.restorer;
    action.flags |= 0x04000000; /* SA_RESTORER */
#endif
    bool all = true;
    for (int number = 1; number <= 64; number++) {
        if (number == SIGKILL || number == SIGSTOP)
            continue;
        got = 0;
        bool worked =
            !syscall(SYS_rt_sigaction, number, &action, NULL, 8) && !syscall(SYS_tgkill, getpid(), gettid(), number);
        if (!worked || got != number)
            printf("# signal %d: got %d\n", number, (int)got);
        all = all && worked && got == number;
    }
    ok(all, "each of the 62 numbers can be handled and sent");
    errno = 0;
    ok(syscall(SYS_rt_sigaction, SIGKILL, &action, NULL, 8) < 0 && errno == EINVAL, "SIGKILL cannot be handled");
}

static int die_of(void *number)
{
    signal(*(int *)number, SIG_DFL);
    struct rlimit none = {0};
    setrlimit(RLIMIT_CORE, &none);
    kill(getpid(), *(int *)number);
    return 0;
}

static int die_of_load(void *unused)
{
    (void)unused;
    int number = 0;
    signal(SIGSEGV, SIG_DFL);
    die_of(&number);
    return load((int *)8);
}

static void as_the_parent_sees_it(void)
{
    bool all = true;
    int numbers[] = {SIGTERM, SIGKILL, SIGABRT, SIGSEGV, SIGUSR1, SIGRTMIN, 64};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        int status = in_child(die_of, &numbers[i]);
        all = all && WIFSIGNALED(status) && WTERMSIG(status) == numbers[i];
    }
    ok(all, "a child that dies of a signal has died of it");
    int status = in_child(die_of_load, NULL);
    ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "a child that loads from nowhere dies of SIGSEGV");
    pid_t pid = fork();
    if (pid == 0)
        for (;;)
            pause();
    kill(pid, SIGSTOP);
    ok(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP, "a child stops");
    kill(pid, SIGCONT);
    ok(waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status), "and goes on");
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
}

static void timers(void)
{
    timer_t timer;
    sigset_t set;
    siginfo_t info;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 5, .sigev_value.sival_int = 9};
    struct itimerspec soon = {.it_value.tv_nsec = 20000000};
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 5);
    sigprocmask(SIG_BLOCK, &set, NULL);
    need(!timer_create(CLOCK_MONOTONIC, &event, &timer) && !timer_settime(timer, 0, &soon, NULL), "timer_create");
    ok(sigwaitinfo(&set, &info) == SIGRTMIN + 5 && info.si_code == SI_TIMER && info.si_value.sival_int == 9,
        "a timer's signal");
    timer_delete(timer);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static volatile sig_atomic_t interrupted;

static void on_tick(int number)
{
    (void)number;
    interrupted++;
}

/* A loop that calls nothing must be interrupted, and its registers must survive. */
static void interrupt_a_loop(void)
{
    struct itimerval often = {.it_value.tv_usec = 1000, .it_interval.tv_usec = 1000}, off = {0};
    uint64_t x = 1, y = 1;
    signal(SIGALRM, on_tick);
    setitimer(ITIMER_REAL, &often, NULL);
    unsigned long steps = 0;
    while (interrupted < 50) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        steps++;
    }
    setitimer(ITIMER_REAL, &off, NULL);
    signal(SIGALRM, SIG_DFL);
    for (unsigned long i = 0; i < steps; i++)
        y = y * 6364136223846793005u + 1442695040888963407u;
    ok(x == y, "fifty ticks interrupt a loop that calls nothing, and change nothing in it");
    alarm(100);
}

int main(void)
{
    guest_start();
    faults();
    stacks();
    restart();
    queues();
    timers();
    as_the_parent_sees_it();
    interrupt_a_loop();
    every_number();
    return guest_end();
}
