/* The system-call table: complete, consistent, and dispatching with the checks that the argument classes promise.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "linux/ioctl_int.h"
#include "linux/poll_int.h"
#include "linux/stat_int.h"
#include "linux/syscall_int.h"
#include "linux_fixture.h"

static const struct linux_config plain = {.trace_fd = -1};

TEST(names_are_unique)
{
    for (int i = 0; i < LINUX_CALL_MAX; i++) {
        const struct linux_call *a = linux_call_find((uint64_t)i);

        for (int j = 0; a && j < i; j++) {
            const struct linux_call *b = linux_call_find((uint64_t)j);

            if (b && strcmp(a->name, b->name) == 0)
                FAIL("%s is both %d and %d", a->name, j, i);
        }
    }
}

TEST(length_arguments_exist)
{
    for (uint64_t i = 0; i < LINUX_CALL_MAX; i++) {
        const struct linux_call *c = linux_call_find(i);
        int n = 0;

        while (c && n < 6 && c->args[n].kind)
            n++;
        for (int k = 0; k < n; k++)
            if (c->args[k].ref > n)
                FAIL("%s: argument %d takes its length from argument %d of %d", c->name, k + 1, c->args[k].ref, n);
    }
}

TEST(unknown_numbers)
{
    CHECK(!linux_call_find(244)); /* arch-specific, not used by riscv64 */
    CHECK(!linux_call_find(471));
    CHECK(!linux_call_find(~0ull));
    CHECK_EQ(linux_syscall(fixture_thread(&plain), 300, (uint64_t[6]){0}), -ENOSYS);
}

/* Against the kernel's own list of riscv64 numbers, where the cross compiler brings it. */
TEST_TIMEOUT(agrees_with_kernel_headers, 60)
{
    FILE *f = popen("echo '#include <asm/unistd.h>' | riscv64-linux-gnu-gcc -E -dM - 2>/dev/null", "r");
    char line[256], name[128];
    int nr, seen = 0;

    while (f && fgets(line, sizeof(line), f)) {
        const struct linux_call *c;

        if (sscanf(line, "#define __NR_%127s %d", name, &nr) != 2 || !strcmp(name, "syscalls") ||
            !strncmp(name, "arch_specific", 13))
            continue;
        c = linux_call_find((uint64_t)nr);
        if (!c)
            FAIL("%d (%s) is not in the table", nr, name);
        CHECK_STR(c->name, name);
        seen++;
    }
    if (f)
        pclose(f);
    if (!seen)
        SKIP("no riscv64-linux-gnu-gcc");
    CHECK(seen > 250);
}

/* Sizes and offsets by the riscv64 compiler's own headers. */
TEST_TIMEOUT(layouts_agree_with_cross_compiler, 60)
{
    FILE *f;

    if (system("riscv64-linux-gnu-gcc --version >/dev/null 2>&1") != 0)
        SKIP("no riscv64-linux-gnu-gcc");
    f = popen("riscv64-linux-gnu-gcc -fsyntax-only -xc -", "w");
    CHECK(f != NULL);
    fprintf(f, "#include <stddef.h>\n#include <asm/stat.h>\n#include <asm/sembuf.h>\n#include <linux/eventpoll.h>\n");
#define AT(type, field, offset)                                                                                        \
    fprintf(f, "_Static_assert(offsetof(struct %s, %s) == %zu, \"%s\");\n", type, field, (size_t)(offset), field)
#define OF(field) offsetof(struct linux_stat, field)
    fprintf(f, "_Static_assert(sizeof(struct stat) == %zu, \"stat\");\n", sizeof(struct linux_stat));
    AT("stat", "st_ino", OF(st_ino));
    AT("stat", "st_mode", OF(st_mode));
    AT("stat", "st_nlink", OF(st_nlink));
    AT("stat", "st_gid", OF(st_gid));
    AT("stat", "st_rdev", OF(st_rdev));
    AT("stat", "st_size", OF(st_size));
    AT("stat", "st_blksize", OF(st_blksize));
    AT("stat", "st_blocks", OF(st_blocks));
    AT("stat", "st_atime", OF(st_atime_sec));
    AT("stat", "st_mtime_nsec", OF(st_mtime_nsec));
    AT("stat", "st_ctime_nsec", OF(st_ctime_nsec));
    AT("epoll_event", "data", offsetof(struct linux_epoll_event, data));
    AT("semid64_ds", "sem_ctime", 56);
    AT("semid64_ds", "sem_nsems", 64);
    CHECK_EQ(pclose(f), 0);
}

TEST(stat_conversion)
{
    struct stat host;
    struct linux_stat guest;

    memset(&host, 0, sizeof(host));
    host.st_dev = 0x1122334455667788;
    host.st_mode = S_IFREG | 0644;
    host.st_nlink = 3;
    host.st_size = 1ll << 40;
    host.st_blksize = 4096;
    host.st_mtim.tv_sec = -5;
    host.st_mtim.tv_nsec = 999999999;
    linux_stat_convert(&guest, &host);
    CHECK_EQ(guest.st_dev, 0x1122334455667788ull);
    CHECK_EQ(guest.st_mode, 0100644u);
    CHECK_EQ(guest.st_nlink, 3u);
    CHECK_EQ(guest.st_size, 1ll << 40);
    CHECK_EQ(guest.st_blksize, 4096);
    CHECK_EQ(guest.st_mtime_sec, -5ll);
    CHECK_EQ(guest.st_mtime_nsec, 999999999ull);
}

static int64_t call(struct linux_thread *t, uint64_t nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    return linux_syscall(t, nr, (uint64_t[6]){a, b, c, d});
}
#define P(x) ((uint64_t)(uintptr_t)(x))

TEST(files_pass)
{
    struct linux_thread *t = fixture_thread(&plain);
    char path[] = "/tmp/lodge-table-XXXXXX", buf[16] = "";
    struct linux_stat st;
    int64_t fd;
    int made = mkstemp(path);

    CHECK(made >= 0);
    fd = call(t, 56, (uint64_t)AT_FDCWD, P(path), O_RDWR, 0);
    CHECK(fd >= 0);
    CHECK_EQ(call(t, 64, (uint64_t)fd, P("hello"), 5, 0), 5);
    CHECK_EQ(call(t, 67, (uint64_t)fd, P(buf), sizeof(buf), 0), 5);
    CHECK_STR(buf, "hello");
    CHECK_EQ(call(t, 80, (uint64_t)fd, P(&st), 0, 0), 0);
    CHECK_EQ(st.st_size, 5);
    CHECK_EQ(call(t, 79, (uint64_t)AT_FDCWD, P(path), P(&st), 0), 0);
    CHECK_EQ(st.st_mode, S_IFREG | 0600u);
    CHECK_EQ(call(t, 57, (uint64_t)fd, 0, 0, 0), 0);
    CHECK_EQ(call(t, 57, (uint64_t)fd, 0, 0, 0), -EBADF);
    unlink(path);
    CHECK_EQ(call(t, 56, (uint64_t)AT_FDCWD, P(path), O_RDONLY, 0), -ENOENT);
}

TEST(buffers_outside_the_guest)
{
    struct linux_thread *t = fixture_thread(&plain);
    int fds[2];

    CHECK_EQ(call(t, 59, P(fds), 0, 0, 0), 0);
    CHECK_EQ(call(t, 64, (uint64_t)fds[1], 1ull << 47, 1, 0), -EFAULT);
    CHECK_EQ(call(t, 64, (uint64_t)fds[1], (1ull << 47) - 1, 2, 0), -EFAULT);
    CHECK_EQ(call(t, 63, (uint64_t)fds[0], P(fds), ~0ull, 0), -EFAULT);
    CHECK_EQ(call(t, 59, ~0ull << 20, 0, 0, 0), -EFAULT);
    CHECK_EQ(call(t, 65, (uint64_t)fds[0], 8, 1, 0), -EFAULT);
}

TEST(epoll_events_convert)
{
    struct linux_thread *t = fixture_thread(&plain);
    struct linux_epoll_event e[2] = {{.events = EPOLLIN, .data = 0xfeedfacecafebeef}};
    int fds[2];
    int64_t ep = call(t, 20, 0, 0, 0, 0);

    CHECK(pipe(fds) == 0 && ep >= 0);
    CHECK_EQ(call(t, 21, (uint64_t)ep, EPOLL_CTL_ADD, (uint64_t)fds[0], P(e)), 0);
    CHECK_EQ(write(fds[1], "x", 1), 1);
    memset(e, 0xaa, sizeof(e));
    CHECK_EQ(linux_syscall(t, 22, (uint64_t[6]){(uint64_t)ep, P(e), 2, 0, 0, 0}), 1);
    CHECK_EQ(e[0].events, (uint32_t)EPOLLIN);
    CHECK_EQ(e[0].data, 0xfeedfacecafebeefull);
    CHECK_EQ(e[1].events, 0xaaaaaaaau);
}

TEST(uname_tells_the_guest_cpu)
{
    struct utsname u;

    CHECK_EQ(call(fixture_thread(&plain), 160, P(&u), 0, 0, 0), 0);
    CHECK_STR(u.sysname, "Linux");
    CHECK_STR(u.machine, "riscv64");
}

TEST(refused_calls)
{
    struct linux_thread *t = fixture_thread(&plain);

    CHECK_EQ(call(t, 425, 8, 0, 0, 0), -ENOSYS); /* io_uring_setup */
    CHECK_EQ(call(t, 282, 0, 0, 0, 0), -ENOSYS); /* userfaultfd */
    CHECK_EQ(call(t, 280, 0, 0, 0, 0), -EPERM);  /* bpf */
}

/* The kernel finds what lies in the directory given as the root. */
TEST(sysroot)
{
    struct linux_config config = {.trace_fd = -1};
    struct linux_thread *t = fixture_thread(&config);
    char dir[] = "/tmp/lodge-root-XXXXXX", path[200], buf[8] = "";
    int64_t fd;
    FILE *f;

    CHECK(mkdtemp(dir) != NULL);
    config.sysroot = dir;
    snprintf(path, sizeof(path), "%s/inside", dir);
    f = fopen(path, "w");
    CHECK(f != NULL);
    fputs("in", f);
    fclose(f);
    snprintf(path, sizeof(path), "%s/link", dir);
    CHECK_EQ(symlink("/inside", path), 0);
    fd = call(t, 56, (uint64_t)AT_FDCWD, P("/link"), O_RDONLY, 0); /* an absolute link stays in the sysroot */
    CHECK(fd >= 0);
    CHECK_EQ(read((int)fd, buf, sizeof(buf)), 2);
    CHECK_EQ(call(t, 48, (uint64_t)AT_FDCWD, P("/inside"), R_OK, 0), 0);
    CHECK_EQ(call(t, 78, (uint64_t)AT_FDCWD, P("/link"), P(path), sizeof(path)), 7);
    CHECK_EQ(call(t, 48, (uint64_t)AT_FDCWD, P("/etc"), R_OK, 0), 0); /* not in the sysroot: the host's */
    CHECK_EQ(call(t, 48, (uint64_t)AT_FDCWD, P("/outside"), R_OK, 0), -ENOENT);
    unlink(path);
    snprintf(path, sizeof(path), "rm -r %s", dir);
    CHECK_EQ(system(path), 0);
}

TEST(ioctl_table)
{
    CHECK_STR(linux_ioctl_find(0x5413)->name, "TIOCGWINSZ");
    CHECK(linux_ioctl_find(0x5413)->writes);
    CHECK_EQ(linux_ioctl_find(0x5401)->size, 36);
    CHECK(!linux_ioctl_find(0x12345678));
}

TEST(proc_files)
{
    struct linux_thread *t = fixture_thread(&plain);
    char buf[4096];
    int64_t fd, n;
    int dir = open("/proc/self", O_RDONLY | O_DIRECTORY);

    if (dir < 0)
        SKIP("no /proc");
    strcpy(t->process->exe, "/bin/sh");
    CHECK_EQ(call(t, 78, (uint64_t)AT_FDCWD, P("/proc/self/exe"), P(buf), sizeof(buf)), 7);
    CHECK_MEM(buf, "/bin/sh", 7);
    CHECK_EQ(call(t, 78, (uint64_t)dir, P("exe"), P(buf), 4), 4);
    CHECK_EQ(call(t, 78, (uint64_t)dir, P("../self/task/../exe"), P(buf), 4), 4);
    memcpy(buf, "arg0\0arg1", 10);
    t->process->mm->arg_start = P(buf);
    t->process->mm->arg_end = P(buf) + 10;
    fd = call(t, 56, (uint64_t)dir, P("cmdline"), O_RDONLY, 0);
    CHECK(fd >= 0);
    n = read((int)fd, buf + 100, 100);
    CHECK_EQ(n, 10);
    CHECK_MEM(buf + 100, "arg0\0arg1", 10);
    fd = call(t, 56, (uint64_t)AT_FDCWD, P("/proc/cpuinfo"), O_RDONLY, 0);
    CHECK(fd >= 0);
    n = read((int)fd, buf, sizeof(buf) - 1);
    CHECK(n > 0);
    buf[n] = '\0';
    CHECK(strstr(buf, "isa\t\t: rv64") != NULL);
    /* a file of that name elsewhere is nobody's business */
    CHECK_EQ(call(t, 56, (uint64_t)AT_FDCWD, P("/tmp/cpuinfo"), O_RDONLY, 0), -ENOENT);
}
