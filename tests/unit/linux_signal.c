/* The call that a signal can take back: with a signal queued it is not made; a signal that comes while it sleeps makes it
 * return; its result is not lost otherwise.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "harness.h"
#include "linux/abi/riscv64_int.h"
#include "linux/host_x64.h"
#include "linux/linux_int.h"

static volatile sig_atomic_t in_window, ticks;
static _Atomic unsigned queued;

/* What linux/signal.c does in its handler. */
static void on_alarm(int signo, siginfo_t *info, void *context)
{
    uint64_t pc = host_pc(context);

    (void)signo, (void)info;
    ticks++;
    queued = 1;
    if (pc >= (uint64_t)linux_host_call_start && pc < (uint64_t)linux_host_call_end) {
        in_window++;
        host_pc_set(context, (uint64_t)linux_host_call_abort);
    }
}

static void catch_alarm(int flags)
{
    struct sigaction act = {.sa_sigaction = on_alarm, .sa_flags = SA_SIGINFO | flags};

    sigaction(SIGALRM, &act, NULL);
}

TEST(result_of_the_kernel)
{
    queued = 0;
    CHECK(linux_host_call_raw(&queued, SYS_getpid, 0, 0, 0, 0, 0, 0) == getpid());
    CHECK(linux_host_call_raw(&queued, SYS_close, (uint64_t)-1, 0, 0, 0, 0, 0) == -EBADF);
}

TEST(six_arguments_arrive)
{
    char *p = (char *)linux_host_call_raw(&queued, SYS_mmap, 0, 4096, 3, 0x22, (uint64_t)-1, 0);

    CHECK((int64_t)p > 0);
    p[0] = 1;
    CHECK(linux_host_call_raw(&queued, SYS_munmap, (uint64_t)p, 4096, 0, 0, 0, 0) == 0);
}

TEST(not_made_when_a_signal_waits)
{
    int fds[2];
    char c;

    CHECK(pipe(fds) == 0);
    queued = 1;
    CHECK(linux_host_call_raw(&queued, SYS_write, (uint64_t)fds[1], (uint64_t) "x", 1, 0, 0, 0) == -LINUX_ERESTARTSYS);
    queued = 0;
    CHECK(linux_host_call_raw(&queued, SYS_write, (uint64_t)fds[1], (uint64_t) "x", 1, 0, 0, 0) == 1);
    CHECK(read(fds[0], &c, 1) == 1);
}

/* Without SA_RESTART the kernel says EINTR; with it, it steps back to the instruction and the handler takes the call back. */
TEST(sleeping_call_returns)
{
    struct itimerval soon = {{0, 0}, {0, 20000}};
    int fds[2];
    char c;

#ifdef __SANITIZE_THREAD__
    SKIP("the thread sanitizer holds signals back until its own calls");
#endif

    CHECK(pipe(fds) == 0);
    catch_alarm(0);
    queued = 0;
    setitimer(ITIMER_REAL, &soon, NULL);
    CHECK(linux_host_call_raw(&queued, SYS_read, (uint64_t)fds[0], (uint64_t)&c, 1, 0, 0, 0) == -EINTR);
    catch_alarm(SA_RESTART);
    queued = 0;
    in_window = 0;
    setitimer(ITIMER_REAL, &soon, NULL);
    CHECK(linux_host_call_raw(&queued, SYS_read, (uint64_t)fds[0], (uint64_t)&c, 1, 0, 0, 0) == -LINUX_ERESTARTSYS);
    CHECK(in_window == 1);
}

/* A byte that was read is never lost, whatever the signal hits: the race that the window closes. */
TEST(no_result_is_lost)
{
    struct itimerval often = {{0, 100}, {0, 100}}, never = {{0, 0}, {0, 0}};
    int fds[2];
    unsigned got = 0;

    CHECK(pipe(fds) == 0);
    catch_alarm(SA_RESTART);
    setitimer(ITIMER_REAL, &often, NULL);
    for (unsigned i = 0; i < 20000; i++) {
        unsigned char c = (unsigned char)i, back = 0;
        int64_t r;

        do {
            queued = 0;
            r = linux_host_call_raw(&queued, SYS_write, (uint64_t)fds[1], (uint64_t)&c, 1, 0, 0, 0);
        } while (r == -LINUX_ERESTARTSYS || r == -EINTR);
        do {
            queued = 0;
            r = linux_host_call_raw(&queued, SYS_read, (uint64_t)fds[0], (uint64_t)&back, 1, 0, 0, 0);
        } while (r == -LINUX_ERESTARTSYS || r == -EINTR);
        got += r == 1 && back == c;
    }
    setitimer(ITIMER_REAL, &never, NULL);
    CHECK(got == 20000);
    CHECK(ticks > 0);
}

/* The offsets that guests know by heart (glibc's setjmp-like code, unwinders): uapi headers of arch/riscv. */
TEST(riscv64_frame)
{
    CHECK(sizeof(struct riscv64_frame) == 1088);
    CHECK(offsetof(struct riscv64_frame, uc) == 128);
    CHECK(offsetof(struct riscv64_ucontext, sigmask) == 40);
    CHECK(offsetof(struct riscv64_ucontext, mcontext) == 176);
    CHECK(offsetof(struct riscv64_sigcontext, fp) == 256);
}
