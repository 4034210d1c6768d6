/* --trace linux: lines as strace prints them.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "linux/stat_int.h"
#include "linux/trace_int.h"
#include "linux_fixture.h"

static const struct linux_config plain = {.trace_fd = -1};
#define P(x) ((uint64_t)(uintptr_t)(x))

static void check_line(const char *want, int64_t result, uint64_t nr, const uint64_t a[6])
{
    struct strbuf out = {0};

    linux_trace_format(fixture_thread(&plain), &out, nr, a, result, true);
    CHECK_STR(strbuf_text(&out), want);
    strbuf_fini(&out);
}
#define LINE(want, result, nr, ...) check_line(want, result, nr, (const uint64_t[6]){__VA_ARGS__})

TEST(paths_and_flags)
{
    LINE("openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY|O_CLOEXEC) = 3", 3, 56, (uint64_t)AT_FDCWD, P("/etc/passwd"),
        O_RDONLY | O_CLOEXEC, 0);
    LINE("openat(AT_FDCWD, \"x\", O_WRONLY|O_CREAT|O_TRUNC, 0644) = -1 EACCES (Permission denied)", -EACCES, 56,
        (uint64_t)AT_FDCWD, P("x"), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    LINE("faccessat(AT_FDCWD, \"/a\", F_OK) = -1 ENOENT (No such file or directory)", -ENOENT, 48, (uint64_t)AT_FDCWD,
        P("/a"), 0);
    LINE("faccessat(5, NULL, R_OK|X_OK) = -1 EFAULT (Bad address)", -EFAULT, 48, 5, 0, R_OK | X_OK);
    LINE("unlinkat(AT_FDCWD, \"d\", AT_REMOVEDIR) = 0", 0, 35, (uint64_t)AT_FDCWD, P("d"), AT_REMOVEDIR);
    LINE("umask(022) = 077", 077, 166, 022);
}

TEST(buffers)
{
    LINE("write(1, \"hello\\n\", 6) = 6", 6, 64, 1, P("hello\n"), 6);
    LINE("read(0, \"ab\", 100) = 2", 2, 63, 0, P("abcdef"), 100);
    LINE("write(2, \"0123456789012345678901234567890\\\"\"..., 40) = 40", 40, 64, 2,
        P("0123456789012345678901234567890\"12345678"), 40);
    LINE("write(1, \"\\0\\1\\0012\\377\", 5) = 5", 5, 64, 1, P("\0\1\0012\377"), 5);
    LINE("read(9, 0x1000, 4) = -1 EBADF (Bad file descriptor)", -EBADF, 63, 9, 0x1000, 4);
}

TEST(memory)
{
    LINE("mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x3f00001000", 0x3f00001000, 222,
        0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, ~0ull, 0);
    LINE("mprotect(0x1000, 4096, PROT_NONE) = 0", 0, 226, 0x1000, 4096, 0);
    LINE("brk(NULL) = 0x12000", 0x12000, 214, 0);
}

TEST(structures)
{
    const struct linux_stat st = {.st_mode = S_IFREG | 0644, .st_size = 12};
    const int64_t ts[2] = {1, 500};
    const struct iovec iov[2] = {{(void *)(uintptr_t) "ab", 2}, {(void *)(uintptr_t) "c", 1}};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(80), .sin_addr.s_addr = htonl(0x7f000001)};
    const struct pollfd p = {.fd = 3, .events = POLLIN, .revents = POLLIN | POLLHUP};
    const int pair[2] = {3, 4};

    LINE("fstat(3, {st_mode=S_IFREG|0644, st_size=12, ...}) = 0", 0, 80, 3, P(&st));
    LINE("nanosleep({tv_sec=1, tv_nsec=500}, NULL) = 0", 0, 101, P(ts), 0);
    LINE("writev(1, [{iov_base=\"ab\", iov_len=2}, {iov_base=\"c\", iov_len=1}], 2) = 3", 3, 66, 1, P(iov), 2);
    LINE("connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}, 16) = 0", 0, 203, 3,
        P(&in), 16);
    LINE("ppoll([{fd=3, events=POLLIN}], 1, NULL, NULL, 8) = 1 ([{fd=3, revents=POLLIN|POLLHUP}])", 1, 73, P(&p), 1, 0,
        0, 8);
    LINE("pipe2([3, 4], O_CLOEXEC) = 0", 0, 59, P(pair), O_CLOEXEC);
}

TEST(signals_and_restart)
{
    const uint64_t mask = 1ull << (SIGINT - 1) | 1ull << (SIGCHLD - 1), action[3] = {0x1234, SA_RESTART, 0};

    LINE("rt_sigprocmask(SIG_BLOCK, [INT CHLD], NULL, 8) = 0", 0, 135, SIG_BLOCK, P(&mask), 0, 8);
    LINE("rt_sigaction(SIGCHLD, {sa_handler=0x1234, sa_mask=[], sa_flags=SA_RESTART}, NULL, 8) = 0", 0, 134, SIGCHLD,
        P(action), 0, 8);
    LINE("kill(0, SIGRT_1) = 0", 0, 129, 0, 33);
    LINE("read(0, 0x10, 1) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)", -LINUX_ERESTARTSYS, 63, 0, 0x10, 1);
}

TEST(fewer_arguments)
{
    LINE("fcntl(3, F_GETFL) = 0x8002 (flags O_RDWR|O_LARGEFILE)", 0x8002, 25, 3, F_GETFL, 77);
    LINE("fcntl(3, F_SETFD, FD_CLOEXEC) = 0", 0, 25, 3, F_SETFD, 1);
    LINE("futex(0x1000, FUTEX_WAKE_PRIVATE, 1) = 0", 0, 98, 0x1000, 129, 1, 5, 5, 5);
    LINE("getpid() = 17", 17, 172, 9, 9);
    LINE("syscall_0x12c(0x1, 0, 0, 0, 0, 0) = -1 ENOSYS (Function not implemented)", -ENOSYS, 300, 1);
}
