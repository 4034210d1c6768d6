/* What execve keeps and what it resets: ignored signals, the mask, pending signals, numbers, timers, limits; exec out of a
 * thread; a vfork child's exec, and one that fails.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "facts.h"

extern char **environ;
static const char *self;

static void handler(int signo)
{
    (void)signo;
}

static int is_ignored(int signo)
{
    struct sigaction act;

    return sigaction(signo, NULL, &act) == 0 && act.sa_handler == SIG_IGN;
}

/* The new program: one bit a fact that holds. */
static int report(void)
{
    sigset_t mask, pending;
    struct sigaction act;
    stack_t ss;
    struct itimerval it;
    struct rlimit limit;
    int bits = 0;

    sigprocmask(SIG_BLOCK, NULL, &mask);
    sigpending(&pending);
    sigaltstack(NULL, &ss);
    bits |= is_ignored(SIGUSR1) << 0;
    bits |= (sigaction(SIGUSR2, NULL, &act) == 0 && act.sa_handler == SIG_DFL) << 1;
    bits |= is_ignored(SIGSEGV) << 2;
    bits |= (sigismember(&mask, SIGTERM) && !sigismember(&mask, SIGINT)) << 3;
    bits |= sigismember(&pending, SIGTERM) << 4;
    bits |= (ss.ss_flags == SS_DISABLE) << 5;
    bits |= (getitimer(ITIMER_REAL, &it) == 0 && it.it_value.tv_sec > 100) << 6;
    bits |= (getpid() == (int)syscall(SYS_gettid)) << 7;
    if (getrlimit(RLIMIT_AS, &limit) || limit.rlim_cur != 1ul << 36)
        bits = 0;
    return bits;
}

static void run_self(const char *how)
{
    execl(self, self, how, (char *)NULL);
    _exit(98);
}

static void set_up(void)
{
    struct sigaction act = {.sa_handler = handler};
    struct itimerval it = {{0, 0}, {1000, 0}};
    static char stack[65536];
    stack_t ss = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct rlimit limit = {1ul << 36, RLIM_INFINITY};
    sigset_t set;

    signal(SIGUSR1, SIG_IGN);
    signal(SIGSEGV, SIG_IGN);
    sigaction(SIGUSR2, &act, NULL);
    sigaltstack(&ss, NULL);
    setitimer(ITIMER_REAL, &it, NULL);
    setrlimit(RLIMIT_AS, &limit);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    kill(getpid(), SIGTERM);
}

static void *from_thread(void *arg)
{
    run_self(arg);
    return NULL;
}

static void *spin(void *arg)
{
    for (;;)
        *(volatile int *)arg += 1;
    return NULL;
}

static int status_of(pid_t pid)
{
    int status;

    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
    pthread_t t;
    static int count;
    pid_t pid;

    self = argv[0];
    if (argc > 1 && !strcmp(argv[1], "report"))
        return report();
    if (argc > 1)
        return 7;

    pid = fork();
    if (pid == 0) {
        set_up();
        run_self("report");
    }
    CHECK(status_of(pid) == 255, "exec keeps and resets what it should");
    pid = fork();
    if (pid == 0) {
        set_up();
        pthread_create(&t, NULL, spin, &count);
        pthread_create(&t, NULL, from_thread, (void *)"report");
        for (;;)
            pause();
    }
    CHECK(status_of(pid) == 255, "exec out of a thread ends the others and is the process");

    pid = vfork();
    if (pid == 0)
        run_self("seven");
    CHECK(status_of(pid) == 7, "vfork and exec");
    pid = vfork();
    if (pid == 0) {
        execl("/nonexistent", "x", (char *)NULL);
        _exit(errno == ENOENT ? 5 : 6);
    }
    CHECK(status_of(pid) == 5, "vfork and an exec that fails");
    char *args[] = {argv[0], (char *)"seven", NULL};
    CHECK(posix_spawn(&pid, argv[0], NULL, NULL, args, environ) == 0 && status_of(pid) == 7, "posix_spawn");
    posix_spawnattr_t attr;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigdefault(&attr, &set);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    CHECK(posix_spawn(&pid, argv[0], NULL, &attr, args, environ) == 0 && status_of(pid) == 7, "with attributes");
    signal(SIGSEGV, SIG_IGN);
    CHECK(execl("/nonexistent", "x", (char *)NULL) == -1 && errno == ENOENT, "an exec that fails");
    struct sigaction act = {.sa_handler = SIG_DFL};
    sigaction(SIGSEGV, &act, NULL);
    pid = fork();
    if (pid == 0)
        *(volatile int *)16 = 1;
    CHECK(status_of(pid) == 1000 + SIGSEGV, "leaves faults working");
    CHECK(system("exit 9") >> 8 == 9, "system");
    return check_done();
}
