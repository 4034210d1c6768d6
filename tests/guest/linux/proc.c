/* /proc as the program sees it: itself, not its translator. Prints yes or no for each question. */
#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define ASK(question) printf("%s: %s\n", #question, (question) ? "yes" : "no")

extern char **environ;

static size_t slurp(const char *path, char *buf, size_t size)
{
    int fd = open(path, O_RDONLY);
    size_t n = 0;
    ssize_t r;

    while (fd >= 0 && n < size - 1 && (r = read(fd, buf + n, size - 1 - n)) > 0)
        n += (size_t)r;
    buf[n] = '\0';
    if (fd >= 0)
        close(fd);
    return n;
}

/* Permissions and name of the mapping that holds the address. */
static int find_map(const void *address, char perms[5], char name[256])
{
    FILE *f = fopen("/proc/self/maps", "r");
    unsigned long start, end;
    char line[600];
    int found = 0;

    while (f && fgets(line, sizeof(line), f)) {
        name[0] = '\0';
        if (sscanf(line, "%lx-%lx %4s %*x %*s %*u %255s", &start, &end, perms, name) >= 3 &&
            (unsigned long)address >= start && (unsigned long)address < end) {
            found = 1;
            break;
        }
    }
    if (f)
        fclose(f);
    return found;
}

static void maps(const char *exe)
{
    char perms[5], name[256];
    int local;
    char *anonymous = mmap(NULL, 12288, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void *heap = sbrk(4096);

    ASK(find_map((void *)maps, perms, name));
    ASK(!strcmp(perms, "r-xp") && !strcmp(name, exe));
    ASK(find_map(heap, perms, name) && !strcmp(perms, "rw-p") && !strcmp(name, "[heap]"));
    ASK(find_map(&local, perms, name) && !strcmp(perms, "rw-p") && !strcmp(name, "[stack]"));
    ASK(find_map((void *)getauxval(AT_SYSINFO_EHDR), perms, name) && !strcmp(perms, "r-xp") && !strcmp(name, "[vdso]"));
    mprotect(anonymous + 4096, 4096, PROT_READ | PROT_EXEC);
    ASK(find_map(anonymous, perms, name) && !strcmp(perms, "rw-p"));
    ASK(find_map(anonymous + 4096, perms, name) && !strcmp(perms, "r-xp"));
    munmap(anonymous, 12288);
    ASK(!find_map(anonymous + 4096, perms, name));
}

static void strings(char **argv, const char *exe)
{
    static char buf[1 << 16];
    char link[4096] = "";
    struct stat a, b;
    size_t n;
    int dir = open("/proc/self", O_RDONLY | O_DIRECTORY);

    n = slurp("/proc/self/cmdline", buf, sizeof(buf));
    ASK(!strcmp(buf, argv[0]) && n > strlen(argv[0]) && !strcmp(buf + strlen(argv[0]) + 1, argv[1]));
    slurp("/proc/self/environ", buf, sizeof(buf));
    ASK(environ[0] && !strcmp(buf, environ[0]));
    ASK(readlink("/proc/self/exe", link, sizeof(link)) > 0 && !strcmp(link, exe));
    memset(link, 0, sizeof(link));
    ASK(readlinkat(dir, "exe", link, sizeof(link)) > 0 && !strcmp(link, exe));
    sprintf(buf, "/proc/%d/exe", getpid());
    memset(link, 0, sizeof(link));
    ASK(readlink(buf, link, sizeof(link)) > 0 && !strcmp(link, exe));
    ASK(stat("/proc/self/exe", &a) == 0 && stat(exe, &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev);
    ASK(lstat("/proc/self/exe", &a) == 0 && S_ISLNK(a.st_mode));
    n = slurp("/proc/self/comm", buf, sizeof(buf));
    ASK(!strncmp(buf, strrchr(exe, '/') + 1, n - 1));
    slurp("/proc/thread-self/comm", buf, sizeof(buf));
    ASK(!strncmp(buf, strrchr(exe, '/') + 1, n - 1));
    close(dir);
}

static void numbers(void)
{
    static char buf[1 << 16];
    unsigned long stack = 0, *p;
    size_t n = slurp("/proc/self/auxv", buf, sizeof(buf));
    int same = 1;

    ASK(n >= 16 && n % 16 == 0);
    for (p = (unsigned long *)buf; p < (unsigned long *)(buf + n) && p[0] != AT_NULL; p += 2)
        same &= p[0] == AT_HWCAP || p[0] == AT_HWCAP2 || getauxval(p[0]) == p[1]; /* libc changes those on x86 */
    ASK(same);
    slurp("/proc/self/stat", buf, sizeof(buf));
    ASK(atoi(buf) == getpid());
    sscanf(strrchr(buf, ')') + 2,
        "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %*u %*u %*d "
        "%*u %*u %*u %lu",
        &stack);
    ASK(stack > (unsigned long)&same && stack - (unsigned long)&same < 1 << 20);
    slurp("/proc/self/status", buf, sizeof(buf));
    ASK(strstr(buf, "Name:") == buf && strstr(buf, "Threads:\t1\n"));
}

static void descriptors(void)
{
    struct dirent *e;
    int seen = 0, open_fds = 0;
    DIR *d = opendir("/proc/self/fd");

    while (d && (e = readdir(d)) != NULL)
        seen += e->d_name[0] != '.';
    if (d)
        closedir(d);
    printf("%d descriptors seen\n", seen);
    for (int fd = 0; fd < 70000; fd++)
        open_fds += fcntl(fd, F_GETFD) >= 0;
    printf("%d descriptors open\n", open_fds);
}

static void run_again(const char *exe)
{
    int status;

    fflush(stdout);
    if (fork() == 0) {
        struct rlimit limit = {3, 3};

        close_range(3, ~0u, 0);
        setrlimit(RLIMIT_NOFILE, &limit);
        execl(exe, "again", NULL);
        _exit(1);
    }
    wait(&status);
    printf("status %d\n", WEXITSTATUS(status));
}

/* posix_spawn makes a child that shares memory, not descriptors: the parent's stay as they are. */
static void spawn(const char *exe)
{
    char *args[] = {"spawned", NULL};
    int before = dup(0), status, open_fds = 0;
    pid_t pid;

    for (int i = 0; i < 3; i++) {
        int result = posix_spawn(&pid, exe, NULL, NULL, args, environ);

        waitpid(pid, &status, 0);
        printf("spawn %d\n", result);
    }
    for (int fd = 0; fd < 70000; fd++)
        open_fds += fcntl(fd, F_GETFD) >= 0;
    printf("status %d, %d descriptors open\n", WEXITSTATUS(status), open_fds);
    ASK(fcntl(before, F_GETFD) >= 0);
    ASK(posix_spawn(&pid, "/nowhere", NULL, NULL, args, environ) == ENOENT);
}

int main(int argc, char **argv)
{
    char exe[4096];

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc < 2) {
        char name[17] = "";

        prctl(PR_GET_NAME, name);
        printf("again: %s, next descriptor %d\n", name, open("/", O_RDONLY));
        return 42;
    }
    if (!realpath(argv[0], exe))
        return 1;
    maps(exe);
    strings(argv, exe);
    numbers();
    descriptors();
    spawn(exe);
    run_again(exe);
    run_again("/proc/self/exe");
    return 0;
}
