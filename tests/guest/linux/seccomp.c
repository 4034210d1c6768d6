/* Seccomp filters over the program's own call numbers. */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#ifdef __riscv
#define ARCH AUDIT_ARCH_RISCV64
#else
#define ARCH AUDIT_ARCH_X86_64
#endif

static int filter(unsigned op, unsigned flags, int nr, uint32_t action)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)nr, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, action),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog prog = {sizeof(code) / sizeof(code[0]), code};

    return (int)syscall(SYS_seccomp, op, flags, &prog);
}

static void on_sigsys(int sig, siginfo_t *info, void *context)
{
    (void)context;
    printf("signal %d code %d errno %d right call %d right arch %d\n", sig, info->si_code, info->si_errno,
        info->si_syscall == SYS_getsid, info->si_arch == ARCH);
}

static void *thread(void *arg)
{
    (void)arg;
    return (void *)syscall(SYS_getpgid, 0);
}

static void show_death(const char *what, void (*body)(void))
{
    int status;

    fflush(stdout);
    if (fork() == 0) {
        body();
        _exit(0);
    }
    wait(&status);
    printf("%s: exited %d status %d signalled %d signal %d\n", what, WIFEXITED(status),
        WIFEXITED(status) ? WEXITSTATUS(status) : 0, WIFSIGNALED(status), WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

static void killed(void)
{
    filter(SECCOMP_SET_MODE_FILTER, 0, SYS_getppid, SECCOMP_RET_KILL_PROCESS);
    getppid();
}

static void strict(void)
{
    syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, 0);
    getppid();
}

static void over_exec(void)
{
    filter(SECCOMP_SET_MODE_FILTER, 0, SYS_getppid, SECCOMP_RET_ERRNO | 99);
    execl("/proc/self/exe", "seccomp", "after-exec", NULL);
    _exit(98);
}

int main(int argc, char **argv)
{
    struct sigaction act = {.sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO};
    uint32_t action = SECCOMP_RET_TRAP;
    pthread_t t;
    void *result;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 1) {
        errno = 0;
        return syscall(SYS_getppid) == -1 && errno == 99 && prctl(PR_GET_SECCOMP) == 2 ? 42 : 1;
    }
    SHOW(prctl(PR_GET_SECCOMP));
    SHOW(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action));
    SHOW(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    SHOW(filter(SECCOMP_SET_MODE_FILTER, 0, SYS_getppid, SECCOMP_RET_ERRNO | 55));
    SHOW(prctl(PR_GET_SECCOMP));
    SHOW(syscall(SYS_getppid) == -1 && errno == 55);
    SHOW(filter(SECCOMP_SET_MODE_FILTER, 0, SYS_getppid, SECCOMP_RET_ERRNO | 0));
    SHOW(syscall(SYS_getppid) == 0);
    SHOW(filter(SECCOMP_SET_MODE_FILTER, 999, SYS_getppid, SECCOMP_RET_ALLOW));
    SHOW(filter(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, SYS_getpgid, SECCOMP_RET_ERRNO | 3));
    pthread_create(&t, NULL, thread, NULL);
    pthread_join(t, &result);
    SHOW((long)result);
    sigaction(SIGSYS, &act, NULL);
    SHOW(filter(SECCOMP_SET_MODE_FILTER, 0, SYS_getsid, SECCOMP_RET_TRAP | 1234));
    syscall(SYS_getsid, 0);
    show_death("killed", killed);
    show_death("strict", strict);
    show_death("over exec", over_exec);
    return 0;
}
