/* Processes: fork, vfork, exec in all its forms, spawn, wait, names, limits, and what /proc says of oneself. */
#include "guest.h"
#include <dirent.h>
#include <elf.h>
#include <spawn.h>
#include <sys/auxv.h>

extern char **environ;
static char self[4096];

static int exit_status(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* What the program does as a child: report how it was started, as an exit status. */
static int as_child(int argc, char **argv)
{
    const char *what = argv[1];
    if (!strcmp(what, "--arguments"))
        return argc == 5 && !strcmp(argv[2], "") && !strcmp(argv[3], "a b\n") && !strcmp(argv[4], "\xff") ? 7 : 1;
    if (!strcmp(what, "--environment"))
        return environ[0] && !strcmp(environ[0], "ONLY=this") && !environ[1] ? 8 : 1;
    if (!strcmp(what, "--name"))
        return !strcmp(argv[0], "another name") ? 9 : 1;
    if (!strcmp(what, "--descriptors")) { /* which of the first 64 are open */
        int open = 0;
        for (int fd = 0; fd < 64; fd++)
            open += fcntl(fd, F_GETFD) >= 0;
        return open;
    }
    if (!strcmp(what, "--masks")) {
        sigset_t set;
        struct sigaction action;
        sigprocmask(SIG_BLOCK, NULL, &set);
        sigaction(SIGUSR2, NULL, &action);
        bool ignored = action.sa_handler == SIG_IGN;
        sigaction(SIGUSR1, NULL, &action);
        return sigismember(&set, SIGHUP) && ignored && action.sa_handler == SIG_DFL ? 10 : 1;
    }
    return 99;
}

static int run(char *const argv[], char *const envp[])
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        execve(self, argv, envp);
        _exit(98);
    }
    waitpid(pid, &status, 0);
    return exit_status(status);
}

static void on_signal(int number)
{
    (void)number;
}

static void arguments(void)
{
    ok(run((char *[]){"x", "--arguments", "", "a b\n", "\xff", NULL}, environ) == 7, "arguments arrive as they are");
    ok(run((char *[]){"x", "--environment", NULL}, (char *[]){"ONLY=this", NULL}) == 8,
        "the environment is the given one");
    ok(run((char *[]){"another name", "--name", NULL}, environ) == 9, "argv[0] is free");
    char *big = malloc(100001);
    memset(big, 'x', 100000);
    big[100000] = 0;
    ok(run((char *[]){"x", "--none", big, NULL}, environ) == 99, "an argument of 100,000 bytes");
    free(big);
    int first = open("/dev/null", O_RDONLY), second = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int before = as_child(2, (char *[]){"x", "--descriptors", NULL});
    ok(run((char *[]){"x", "--descriptors", NULL}, environ) == before - 1,
        "O_CLOEXEC, and no descriptor that is not ours");
    close(first);
    close(second);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGUSR2, SIG_IGN);
    signal(SIGUSR1, on_signal);
    ok(run((char *[]){"x", "--masks", NULL}, environ) == 10, "exec keeps the mask and ignored signals, not handlers");
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    signal(SIGUSR2, SIG_DFL);
    signal(SIGUSR1, SIG_DFL);
}

static void failures(void)
{
    ok(execv("/nonexistent", (char *[]){"x", NULL}) < 0 && errno == ENOENT, "exec of nothing: ENOENT");
    ok(execv("/etc/passwd", (char *[]){"x", NULL}) < 0 && errno == EACCES, "exec of what is not executable: EACCES");
    ok(execv("/tmp", (char *[]){"x", NULL}) < 0 && errno == EACCES, "exec of a directory: EACCES");
    char path[] = "/tmp/guest-XXXXXX";
    int fd = mkstemp(path);
    need(fd >= 0 && write(fd, "\177ELF", 4) == 4 && !fchmod(fd, 0755), "a bad program");
    close(fd);
    ok(execv(path, (char *[]){"x", NULL}) < 0 && errno == ENOEXEC, "exec of four bytes of an ELF file: ENOEXEC");
    pid_t pid;
    ok(posix_spawn(&pid, "/nonexistent", NULL, NULL, (char *[]){"x", NULL}, environ) == ENOENT,
        "posix_spawn of nothing: ENOENT");
    unlink(path);
}

static void scripts(void)
{
    char path[] = "/tmp/guest-XXXXXX", text[4200];
    int status, fd = mkstemp(path);
    int length = snprintf(text, sizeof text, "#!%s --script\n", self);
    need(fd >= 0 && length < 256 && write(fd, text, (size_t)length) == length && !fchmod(fd, 0755), "a script");
    close(fd);
    pid_t pid = fork();
    if (pid == 0) {
        execl(path, "ignored", "one", NULL);
        _exit(98);
    }
    waitpid(pid, &status, 0);
    ok(exit_status(status) == 12, "a script's interpreter gets its argument, the path and the rest");
    unlink(path);
}

static void spawn(void)
{
    static volatile int shared;
    int status;
    pid_t pid = vfork();
    if (pid == 0) {
        shared = 5;
        _exit(3);
    }
    waitpid(pid, &status, 0);
    ok(shared == 5 && exit_status(status) == 3, "vfork shares memory until the child ends");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 40, "/dev/null", O_RDONLY, 0);
    int before = as_child(2, (char *[]){"x", "--descriptors", NULL});
    need(!posix_spawn(&pid, self, &actions, NULL, (char *[]){"x", "--descriptors", NULL}, environ), "posix_spawn");
    waitpid(pid, &status, 0);
    ok(exit_status(status) == before + 1, "posix_spawn with a file action");
    int fd = open(self, O_RDONLY | O_CLOEXEC);
    pid = fork();
    if (pid == 0) {
        fexecve(fd, (char *[]){"another name", "--name", NULL}, environ);
        _exit(98);
    }
    waitpid(pid, &status, 0);
    ok(exit_status(status) == 9, "fexecve");
    close(fd);
}

static void *exec_in_thread(void *unused)
{
    execl(self, "another name", "--name", NULL);
    return unused;
}

static int thread_execs(void *unused)
{
    pthread_t thread;
    (void)unused;
    pthread_create(&thread, NULL, exec_in_thread, NULL);
    pause();
    return 1;
}

static int orphan(void *ends)
{
    if (fork() == 0) {
        usleep(50000);
        char c = getppid() == *((pid_t *)ends + 2) ? 'y' : 'n';
        _exit(write(((int *)ends)[1], &c, 1) != 1);
    }
    return 0;
}

static void waiting(void)
{
    ok(exit_status(in_child(thread_execs, NULL)) == 9, "exec out of a thread that is not the first");
    siginfo_t info;
    pid_t pid = fork();
    if (pid == 0)
        _exit(44);
    ok(!waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) && info.si_status == 44 && info.si_code == CLD_EXITED,
        "waitid");
    struct rusage cost;
    ok(wait4(pid, NULL, 0, &cost) == pid && cost.ru_maxrss > 0, "and it can be waited for again");
    ok(waitpid(pid, NULL, 0) < 0 && errno == ECHILD, "once");
    int ends[3];
    char c = 0;
    need(!pipe(ends) && !prctl(PR_SET_CHILD_SUBREAPER, 1), "subreaper");
    ends[2] = getpid();
    in_child(orphan, ends);
    ok(read(ends[0], &c, 1) == 1 && c == 'y', "an orphan comes to the subreaper");
    wait(NULL);
    close(ends[0]);
    close(ends[1]);
}

static ssize_t slurp(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = 0;
    return n;
}

static void about_oneself(char **argv)
{
    char text[8192], link[4096] = "";
    ok(slurp("/proc/self/cmdline", text, sizeof text) == (ssize_t)strlen(argv[0]) + 1 && !strcmp(text, argv[0]),
        "cmdline");
    ok(readlink("/proc/self/exe", link, sizeof link - 1) > 0 && !strcmp(link, self), "exe");
    const char *base = strrchr(self, '/') + 1;
    slurp("/proc/self/comm", text, sizeof text);
    ok(!strncmp(text, base, strlen(base) < 15 ? strlen(base) : 15), "comm is the program's name");
    setenv("LATER", "x", 1);
    slurp("/proc/self/environ", text, sizeof text);
    ok(environ && !strstr(text, "LATER") && strchr(text, '='), "environ is the first environment");
    ssize_t n = slurp("/proc/self/auxv", text, sizeof text);
    uint64_t pair[2] = {0};
    for (ssize_t at = 0; at + 16 <= n; at += 16) {
        memcpy(pair, text + at, 16);
        if (pair[0] == AT_ENTRY)
            break;
    }
    ok(pair[0] == AT_ENTRY && pair[1] == getauxval(AT_ENTRY), "auxv");
    ok(getauxval(AT_PAGESZ) == (unsigned long)sysconf(_SC_PAGESIZE) && getauxval(AT_RANDOM), "the auxiliary vector");
    slurp("/proc/self/stat", text, sizeof text);
    ok(atoi(text) == getpid() && strstr(text, base) == strchr(text, '(') + 1, "stat");
}

static int return_eleven(void *unused)
{
    (void)unused;
    return 11;
}

static void descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    struct dirent *entry;
    int listed = 0, open_ones = 0;
    need(dir != NULL, "/proc/self/fd");
    while ((entry = readdir(dir)))
        listed += entry->d_name[0] != '.';
    for (int fd = 0; fd < 65536; fd++)
        open_ones += fcntl(fd, F_GETFD) >= 0;
    ok(listed == open_ones, "/proc/self/fd lists what is open, and nothing else");
    closedir(dir);
    struct rlimit limit, few = {3, 3};
    getrlimit(RLIMIT_NOFILE, &limit);
    few.rlim_max = limit.rlim_max;
    need(!setrlimit(RLIMIT_NOFILE, &few), "setrlimit");
    ok(open("/dev/null", O_RDONLY) < 0 && errno == EMFILE, "RLIMIT_NOFILE of 3 leaves no descriptor");
    ok(getpid() == syscall(SYS_getpid) && exit_status(in_child(return_eleven, NULL)) == 11, "and the rest still works");
    setrlimit(RLIMIT_NOFILE, &limit);
    int fd = open("/dev/null", O_RDONLY);
    ok(fd == 3, "the lowest free number is 3");
    ok(dup2(fd, 900) == 900 && !syscall(SYS_close_range, 3, ~0u, 0), "close_range of everything");
    ok(fcntl(fd, F_GETFD) < 0 && fcntl(900, F_GETFD) < 0 && run((char *[]){"x", "--descriptors", NULL}, environ) == 3,
        "closes everything of ours, and exec still works");
}

int main(int argc, char **argv)
{
    if (argc >= 2 && !strcmp(argv[1], "--script"))
        return argc == 4 && !strncmp(argv[2], "/tmp/guest-", 11) && !strcmp(argv[3], "one") ? 12 : 1;
    if (argc > 1)
        return as_child(argc, argv);
    guest_start();
    need(realpath(argv[0], self) != NULL, "my own path");
    about_oneself(argv);
    arguments();
    failures();
    scripts();
    spawn();
    waiting();
    descriptors();
    return guest_end();
}
