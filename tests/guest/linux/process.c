/* What a parent sees of its children: exits, deaths, stops and continues; vfork, posix_spawn, clone flags; limits. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "facts.h"

extern char **environ;
static volatile int shared_value, chld_count, chld_code, chld_pid;

static void on_chld(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)context;
    chld_count++;
    chld_code = info->si_code;
    chld_pid = info->si_pid;
}

static void on_cont(int signo)
{
    (void)signo;
}

static void test_states(void)
{
    int status;
    siginfo_t info = {0};
    int go[2], piped = pipe(go);
    char c = piped ? 0 : 1;
    pid_t pid = fork();

    if (pid == 0) {
        struct sigaction act = {.sa_handler = on_cont};

        sigaction(SIGCONT, &act, NULL);
        raise(SIGSTOP);
        if (read(go[0], &c, 1) != 1) /* the parent has seen that it runs again */
            _exit(2);
        raise(SIGTSTP); /* default action: stop */
        raise(SIGUSR1);
        _exit(1);
    }
    CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP, "stopped");
    kill(pid, SIGCONT);
    CHECK(waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status), "continued");
    CHECK(write(go[1], &c, 1) == 1, "pipe");
    CHECK(waitid(P_PID, (id_t)pid, &info, WSTOPPED) == 0 && info.si_code == CLD_STOPPED && info.si_status == SIGTSTP,
        "stopped by SIGTSTP");
    kill(pid, SIGCONT);
    CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1, "killed by SIGUSR1");
    pid = fork();
    if (pid == 0)
        _exit(77);
    struct rusage usage;
    CHECK(wait4(-1, &status, 0, &usage) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 77, "wait4: exit status");
    CHECK(waitpid(-1, &status, 0) == -1 && errno == ECHILD, "no child left");
}

static void test_chld(void)
{
    struct sigaction act = {.sa_sigaction = on_chld, .sa_flags = SA_SIGINFO | SA_RESTART};
    int status;

    sigaction(SIGCHLD, &act, NULL);
    pid_t pid = fork();
    if (pid == 0)
        _exit(3);
    CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 3, "waitpid with a SIGCHLD handler");
    CHECK(chld_count == 1 && chld_code == CLD_EXITED && chld_pid == pid, "SIGCHLD tells who");
    signal(SIGCHLD, SIG_IGN);
    pid = fork();
    if (pid == 0)
        _exit(3);
    CHECK(waitpid(pid, &status, 0) == -1 && errno == ECHILD, "SIG_IGN: no zombie");
    signal(SIGCHLD, SIG_DFL);
}

static void test_spawn(void)
{
    char *argv[] = {(char *)"x", NULL};
    pid_t pid;
    int status;

    shared_value = 1;
    pid = vfork();
    if (pid == 0) {
        shared_value = 2;
        _exit(5);
    }
    CHECK(shared_value == 2, "vfork shares memory");
    CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 5, "and has a status");
    CHECK(posix_spawn(&pid, "/nonexistent/file", NULL, NULL, argv, environ) == ENOENT,
        "posix_spawn of a missing file: ENOENT");
    pid = vfork();
    if (pid == 0) {
        signal(SIGTERM, SIG_IGN); /* its own table */
        kill(getpid(), SIGKILL);
    }
    waitpid(pid, &status, 0);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "a vfork child that is killed");
    struct sigaction act;
    sigaction(SIGTERM, NULL, &act);
    CHECK(act.sa_handler == SIG_DFL, "does not change the parent's handlers");
}

#if defined(__riscv)
static long raw_clone(unsigned long flags, void *stack, int *ptid, void *tls, int *ctid)
{
    return syscall(SYS_clone, flags, stack, ptid, tls, ctid);
}
#else
static long raw_clone(unsigned long flags, void *stack, int *ptid, void *tls, int *ctid)
{
    return syscall(SYS_clone, flags, stack, ptid, ctid, tls);
}
#endif

static int clone_fn(void *arg)
{
    shared_value = *(int *)arg;
    return 11;
}

static void test_clone(void)
{
    int ptid = 0, *ctid = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), status,
        value = 33;
    static char stack[65536] __attribute__((aligned(16)));
    long pid = raw_clone(SIGCHLD | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID, NULL, &ptid, NULL, ctid);

    if (pid == 0)
        _exit(*ctid == (int)syscall(SYS_gettid) ? 1 : 2);
    waitpid((pid_t)pid, &status, 0);
    CHECK(ptid == pid && *ctid == pid && WEXITSTATUS(status) == 1, "CLONE_PARENT_SETTID, CLONE_CHILD_SETTID");
    shared_value = 0;
    pid = clone(clone_fn, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, &value);
    CHECK(waitpid((pid_t)pid, &status, 0) == pid && WEXITSTATUS(status) == 11 && shared_value == 33,
        "clone with CLONE_VM | CLONE_VFORK");
    value = 44;
    pid = clone(clone_fn, stack + sizeof(stack), SIGCHLD, &value);
    CHECK(waitpid((pid_t)pid, &status, 0) == pid && WEXITSTATUS(status) == 11 && shared_value == 33,
        "clone with a stack and its own memory");
    value = 55;
    pid = clone(clone_fn, stack + sizeof(stack), CLONE_VM | SIGCHLD, &value);
    CHECK(waitpid((pid_t)pid, &status, 0) == pid && WEXITSTATUS(status) == 11 && shared_value == 55,
        "clone with CLONE_VM alone");
    CHECK(raw_clone(CLONE_THREAD | SIGCHLD, NULL, NULL, NULL, NULL) == -1 && errno == EINVAL,
        "CLONE_THREAD alone: EINVAL");
    struct {
        unsigned long flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
    } args = {.exit_signal = SIGCHLD};
    pid = syscall(SYS_clone3, &args, sizeof(args));
    if (pid == 0)
        _exit(6);
    CHECK(waitpid((pid_t)pid, &status, 0) == pid && WEXITSTATUS(status) == 6, "clone3");
}

static void test_limits(void)
{
    struct rlimit limit = {64, 128}, got;
    char name[16] = {0};

    CHECK(setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}) == 0, "setrlimit");
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0 && getrlimit(RLIMIT_NOFILE, &got) == 0 && got.rlim_cur == 64 &&
            got.rlim_max == 128,
        "RLIMIT_NOFILE");
    limit = (struct rlimit){1ul << 30, RLIM_INFINITY};
    CHECK(
        setrlimit(RLIMIT_AS, &limit) == 0 && getrlimit(RLIMIT_AS, &got) == 0 && got.rlim_cur == 1ul << 30, "RLIMIT_AS");
    CHECK(prctl(PR_SET_NAME, "a name that is too long") == 0 && prctl(PR_GET_NAME, name) == 0 &&
            !strcmp(name, "a name that is "),
        "PR_SET_NAME");
    CHECK(prctl(PR_SET_PDEATHSIG, SIGTERM) == 0, "PR_SET_PDEATHSIG");
    int sig = 0;
    CHECK(prctl(PR_GET_PDEATHSIG, &sig) == 0 && sig == SIGTERM, "PR_GET_PDEATHSIG");
    CHECK(prctl(12345) == -1 && errno == EINVAL, "unknown prctl");
}

int main(void)
{
    test_states();
    test_chld();
    test_spawn();
    test_clone();
    test_limits();
    return check_done();
}
