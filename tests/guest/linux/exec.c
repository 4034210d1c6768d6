/* What execve sees and says: with "child" it tells what it was given; else it tries what must fail, and starts itself in the
 * ways that programs use. Run natively by tests/e2e/run.sh too: both must print the same. The argument is a folder to write in.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static char *args[] = {"zero", "child", "", "three", NULL};
static char *env[] = {"FOO=bar", NULL};

static void fails(const char *what, const char *path, char *const *argv)
{
    execve(path, argv, env);
    printf("%s: %s\n", what, strerror(errno));
    fflush(stdout);
}

static void report(const char *what, pid_t pid)
{
    int status;

    waitpid(pid, &status, 0);
    printf("%s: exit %d, signal %d\n", what, WEXITSTATUS(status), WTERMSIG(status));
    fflush(stdout);
}

static int child(int argc, char **argv)
{
    char comm[32] = "", cmdline[64];
    FILE *f = fopen("/proc/self/comm", "r");
    size_t n;

    if (!f || !fgets(comm, sizeof(comm), f))
        return 1;
    fclose(f);
    comm[strcspn(comm, "\n")] = 0;
    f = fopen("/proc/self/cmdline", "r");
    n = f ? fread(cmdline, 1, sizeof(cmdline), f) : 0;
    if (argc == 4 && argv[3][0] == 'f') /* fexecve: kernels before 6.14 say the descriptor's number */
        comm[0] = 0;
    printf("argc %d argv0 %s FOO %s secure %lu comm %s\n", argc, argv[0], getenv("FOO"), getauxval(AT_SECURE), comm);
    printf("cmdline of %zu bytes begins with %s\n", n, cmdline);
    return 42;
}

static void write_script(const char *path, const char *text)
{
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0755);

    if (write(fd, text, strlen(text)) < 0)
        exit(1);
    close(fd);
}

int main(int argc, char **argv)
{
    char path[512], text[600];
    struct rlimit three = {3, 64};
    int fd;
    pid_t pid;

    if (argc > 1 && !strcmp(argv[1], "child"))
        return child(argc, argv);
    if (argc > 2 && !strcmp(argv[1], "-x")) { /* as the interpreter of a script */
        printf("script %s %s %s\n", strrchr(argv[0], '/'), strrchr(argv[2], '/'), argc > 3 ? argv[3] : "-");
        return 7;
    }
    fails("missing", "/nonexistent", args);
    fails("a directory", "/etc", args);
    fails("not executable", "/etc/passwd", args);
    fails("through a file", "/etc/passwd/x", args);
    fails("empty name", "", args);
    fails("wild argv", argv[0], (char **)8);
    fails("wild argv[0]", argv[0], (char *[]){(char *)8, NULL});
    snprintf(path, sizeof(path), "%s/empty", argv[1]);
    write_script(path, "");
    fails("an empty file", path, args);
    write_script(path, "#!\n");
    fails("no interpreter's name", path, args);
    write_script(path, "#!/nonexistent\n");
    fails("a missing interpreter", path, args);
    snprintf(text, sizeof(text), "#!%s\n", path);
    write_script(path, text);
    fails("its own interpreter", path, args);
    printf("posix_spawn of nothing: %s\n", strerror(posix_spawn(&pid, "/nonexistent", NULL, NULL, args, env)));
    fflush(stdout);
    posix_spawn(&pid, argv[0], NULL, NULL, args, env);
    report("posix_spawn", pid);
    if (!(pid = fork()))
        fails("execve", "/proc/self/exe", args);
    report("/proc/self/exe", pid);
    fd = open(argv[0], O_RDONLY | O_CLOEXEC);
    if (!(pid = fork()))
        args[3] = "fd", fexecve(fd, args, env);
    report("fexecve", pid);
    close(fd);
    snprintf(text, sizeof(text), "#! %s  -x \nrest", argv[0]);
    write_script(path, text);
    if (!(pid = vfork()))
        execve(path, (char *[]){"x", "one", NULL}, env), _exit(99);
    report("a script", pid);
    setrlimit(RLIMIT_NOFILE, &three);
    fd = open("/dev/null", O_RDONLY);
    printf("the fourth descriptor: %s\n", fd < 0 ? strerror(errno) : "open");
    fflush(stdout);
    if (!(pid = fork()))
        fails("execve", argv[0], args);
    report("with no free descriptor", pid);
    return 0;
}
