/* Handlers, masks, queues, alternate stacks, waiting for signals: every number is the program's. */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "facts.h"

static int order[64], n_order, values[64];
static volatile unsigned long handler_sp;
static stack_t seen_stack;
static volatile sig_atomic_t count, last_code, last_pid;

static void record(int signo, siginfo_t *info, void *context)
{
    (void)context;
    values[n_order] = info->si_value.sival_int;
    order[n_order++ % 64] = signo;
    last_code = info->si_code;
    last_pid = info->si_pid;
    count++;
}

static void on_stack(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
    handler_sp = (unsigned long)__builtin_frame_address(0);
    sigaltstack(NULL, &seen_stack);
}

static void install(int signo, void (*handler)(int, siginfo_t *, void *), int flags, int blocked)
{
    struct sigaction act = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};

    sigemptyset(&act.sa_mask);
    if (blocked)
        sigaddset(&act.sa_mask, blocked);
    if (sigaction(signo, &act, NULL))
        perror("sigaction");
}

static void set_mask(int how, int signo)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, signo);
    sigprocmask(how, &set, NULL);
}

static volatile int in_first, second_inside;

static void first(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
    in_first = 1;
    raise(SIGUSR2); /* blocked by sa_mask: after this handler */
    in_first = 0;
}

static void second(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
    second_inside = in_first;
    count++;
}

/* Kernel's interface, for the numbers that libc keeps to itself. */
struct raw_action {
    void *handler;
    unsigned long flags;
#if defined(__x86_64__)
    void *restorer;
#endif
    uint64_t mask;
};

static volatile int raw_count;

static void raw_handler(int signo)
{
    raw_count += signo;
}

#if defined(__x86_64__)
__attribute__((naked)) static void raw_restorer(void)
{
    __asm__("mov $15, %eax\nsyscall");
}
#endif

static int raw_signal(int signo)
{
    struct raw_action act = {.handler = (void *)raw_handler}, back;

#if defined(__x86_64__)
    act.flags = 0x04000000;
    act.restorer = (void *)raw_restorer;
#endif
    raw_count = 0;
    if (syscall(SYS_rt_sigaction, signo, &act, NULL, 8) || syscall(SYS_rt_sigaction, signo, NULL, &back, 8))
        return 0;
    syscall(SYS_tgkill, getpid(), (int)syscall(SYS_gettid), signo);
    return raw_count == signo && back.handler == (void *)raw_handler;
}

static void test_basic(void)
{
    install(SIGUSR1, record, 0, 0);
    raise(SIGUSR1);
    CHECK(count == 1 && order[0] == SIGUSR1, "raise runs the handler before it returns");
    CHECK(last_code == SI_TKILL && last_pid == getpid(), "si_code SI_TKILL, si_pid");
    kill(getpid(), SIGUSR1);
    CHECK(count == 2 && last_code == SI_USER, "kill to oneself: SI_USER");

    install(SIGUSR1, first, 0, SIGUSR2);
    install(SIGUSR2, second, 0, 0);
    count = 0;
    raise(SIGUSR1);
    CHECK(count == 1 && !second_inside, "sa_mask holds a signal back until the handler returns");

    install(SIGUSR1, record, SA_RESETHAND, 0);
    raise(SIGUSR1);
    struct sigaction old;
    sigaction(SIGUSR1, NULL, &old);
    CHECK(old.sa_handler == SIG_DFL, "SA_RESETHAND");
    CHECK(sigaction(SIGKILL, &old, NULL) == -1 && errno == EINVAL, "SIGKILL cannot be caught");
    CHECK(raw_signal(32) && raw_signal(33) && raw_signal(64), "32, 33 and 64 are the program's");
}

static void test_queue(void)
{
    sigset_t pending;

    n_order = 0;
    for (int s = SIGRTMIN; s < SIGRTMIN + 3; s++)
        install(s, record, 0, 0);
    install(SIGUSR1, record, 0, 0);
    for (int s = SIGRTMIN; s < SIGRTMIN + 3; s++)
        set_mask(SIG_BLOCK, s);
    set_mask(SIG_BLOCK, SIGUSR1);
    for (int i = 0; i < 3; i++)
        for (int s = SIGRTMIN + 2; s >= SIGRTMIN; s--)
            sigqueue(getpid(), s, (union sigval){.sival_int = 10 * (s - SIGRTMIN) + i});
    kill(getpid(), SIGUSR1);
    kill(getpid(), SIGUSR1);
    sigpending(&pending);
    CHECK(
        sigismember(&pending, SIGRTMIN + 1) && sigismember(&pending, SIGUSR1) && n_order == 0, "pending while blocked");
    /* one after the other, so that the order is that of the queue */
    set_mask(SIG_UNBLOCK, SIGUSR1);
    CHECK(n_order == 1 && order[0] == SIGUSR1, "a classic signal is queued once");
    for (int s = SIGRTMIN; s < SIGRTMIN + 3; s++)
        set_mask(SIG_UNBLOCK, s);
    int sorted = n_order == 10;
    for (int i = 0; i < 9; i++)
        sorted &= order[1 + i] == SIGRTMIN + i / 3;
    CHECK(sorted, "real-time signals are all delivered");
    /* within one number: the frame that is built last runs first only when they are taken at once; here each was */
    int sum = 0;
    for (int i = 1; i < 10; i++)
        sum += values[i];
    CHECK(sum == 3 * (0 + 10 + 20) + 3 * (0 + 1 + 2), "with their values");
}

static void test_wait(void)
{
    sigset_t set;
    siginfo_t info;
    struct timespec zero = {0}, ms = {.tv_nsec = 20000000};

    sigemptyset(&set);
    for (int i = 0; i < 3; i++)
        sigaddset(&set, SIGRTMIN + i);
    sigprocmask(SIG_BLOCK, &set, NULL);
    for (int i = 0; i < 3; i++)
        sigqueue(getpid(), SIGRTMIN + 2 - i, (union sigval){.sival_int = i});
    sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 9});
    CHECK(sigwaitinfo(&set, &info) == SIGRTMIN && info.si_value.sival_int == 2 && info.si_code == SI_QUEUE,
        "sigwaitinfo: lowest number first");
    CHECK(sigwaitinfo(&set, &info) == SIGRTMIN && info.si_value.sival_int == 9, "then in order of arrival");
    CHECK(sigtimedwait(&set, &info, &zero) == SIGRTMIN + 1, "sigtimedwait");
    CHECK(sigwaitinfo(&set, &info) == SIGRTMIN + 2, "sigwaitinfo");
    CHECK(sigtimedwait(&set, &info, &ms) == -1 && errno == EAGAIN, "sigtimedwait times out");

    int fd = signalfd(-1, &set, 0);
    struct signalfd_siginfo si;
    sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 42});
    CHECK(read(fd, &si, sizeof(si)) == sizeof(si) && (int)si.ssi_signo == SIGRTMIN + 1 && si.ssi_int == 42, "signalfd");
    close(fd);
    sigprocmask(SIG_UNBLOCK, &set, NULL);

    set_mask(SIG_BLOCK, SIGUSR1);
    install(SIGUSR1, record, 0, 0);
    count = 0;
    kill(getpid(), SIGUSR1);
    sigemptyset(&set);
    CHECK(count == 0 && sigsuspend(&set) == -1 && errno == EINTR && count == 1, "sigsuspend lets a pending signal in");
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    CHECK(sigismember(&now, SIGUSR1), "and the mask is as before");
    kill(getpid(), SIGUSR1);
    CHECK(ppoll(NULL, 0, NULL, &set) == -1 && errno == EINTR && count == 2, "ppoll lets a pending signal in");
    sigprocmask(SIG_BLOCK, NULL, &now);
    CHECK(sigismember(&now, SIGUSR1), "and the mask is as before");
    set_mask(SIG_UNBLOCK, SIGUSR1);
}

static void test_altstack(void)
{
    size_t size = 65536;
    char *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack_t ss = {.ss_sp = mem, .ss_size = size}, old;

    CHECK(sigaltstack(&ss, NULL) == 0, "sigaltstack");
    install(SIGUSR1, on_stack, SA_ONSTACK, 0);
    raise(SIGUSR1);
    CHECK(handler_sp > (unsigned long)mem && handler_sp <= (unsigned long)mem + size, "SA_ONSTACK runs there");
    CHECK(seen_stack.ss_flags & SS_ONSTACK, "and says so");
    sigaltstack(NULL, &old);
    CHECK(old.ss_sp == mem && old.ss_size == size && !(old.ss_flags & SS_ONSTACK), "afterwards it is free");
    ss.ss_flags = (int)(1u << 31); /* SS_AUTODISARM */
    CHECK(sigaltstack(&ss, NULL) == 0, "SS_AUTODISARM");
    raise(SIGUSR1);
    CHECK(seen_stack.ss_flags == SS_DISABLE, "is disabled in the handler");
    sigaltstack(NULL, &old);
    CHECK(old.ss_sp == mem && old.ss_flags == (int)(1u << 31), "and armed again after it");
    ss = (stack_t){.ss_sp = mem, .ss_size = 100};
    CHECK(sigaltstack(&ss, NULL) == -1 && errno == ENOMEM, "too small");
    ss = (stack_t){.ss_flags = SS_DISABLE};
    CHECK(sigaltstack(&ss, NULL) == 0, "SS_DISABLE");
}

static int pipe_fd[2];

static void write_later(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
    count++;
    if (count == 3 && write(pipe_fd[1], "x", 1) != 1)
        _exit(9);
}

static void alarms(int on)
{
    struct itimerval it = {{0, on ? 10000 : 0}, {0, on ? 10000 : 0}};

    setitimer(ITIMER_REAL, &it, NULL);
}

static void test_restart(void)
{
    char c = 0;
    struct timespec want = {.tv_sec = 10}, rem = {0};

    if (pipe(pipe_fd))
        _exit(9);
    count = 0;
    install(SIGALRM, write_later, SA_RESTART, 0);
    alarms(1);
    CHECK(read(pipe_fd[0], &c, 1) == 1 && c == 'x' && count >= 3, "SA_RESTART: read goes on");
    alarms(0);
    count = 10;
    install(SIGALRM, write_later, 0, 0);
    alarms(1);
    CHECK(read(pipe_fd[0], &c, 1) == -1 && errno == EINTR, "without it: EINTR");
    alarms(0);
    install(SIGALRM, write_later, SA_RESTART, 0);
    alarms(1);
    struct pollfd p = {.fd = pipe_fd[0], .events = POLLIN};
    CHECK(poll(&p, 1, 5000) == -1 && errno == EINTR, "poll: EINTR in spite of SA_RESTART");
    CHECK(nanosleep(&want, &rem) == -1 && errno == EINTR && rem.tv_sec == 9, "nanosleep: EINTR and the rest");
    alarms(0);
}

int main(void)
{
    test_basic();
    test_queue();
    test_wait();
    test_altstack();
    test_restart();
    return check_done();
}
