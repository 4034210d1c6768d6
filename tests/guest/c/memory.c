/* Memory calls of a process: mmap in all its kinds, holes and splits, mprotect, mremap, brk, shared memory across fork,
 * madvise, mincore, files mapped and written, low and fixed addresses, 64 MB touched page by page.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#include "out.h"

static char *map(size_t pages, int prot)
{
    return mmap(NULL, pages * 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static int readable(const void *p)
{
    int pipes[2], ok;
    CHECK(pipe(pipes) == 0);
    ok = write(pipes[1], p, 1) == 1;
    CHECK(ok || errno == EFAULT);
    close(pipes[0]);
    close(pipes[1]);
    return ok;
}

static void holes(void)
{
    char *p = map(10, PROT_READ | PROT_WRITE);
    for (int i = 0; i < 10; i++)
        p[i * 4096] = (char)i;
    munmap(p + 3 * 4096, 2 * 4096);
    mprotect(p + 7 * 4096, 4096, PROT_NONE);
    printf("holes:");
    for (int i = 0; i < 10; i++)
        printf(" %d", readable(p + i * 4096));
    CHECK(
        mmap(p + 3 * 4096, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == p + 3 * 4096);
    CHECK(mmap(p, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED &&
        errno == EEXIST);
    mprotect(p + 7 * 4096, 4096, PROT_READ);
    printf(" | %d %d %d\n", p[7 * 4096], p[3 * 4096], p[9 * 4096]);
    char *fixed = mmap(
        (void *)0x10000000, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    CHECK(fixed == (void *)0x10000000);
    fixed[5000] = 7;
    CHECK(munmap(p, 10 * 4096) == 0 && munmap(p, 4096) == 0 && munmap(p + 1, 4096) == -1 && errno == EINVAL);
    CHECK(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EINVAL);
    CHECK(mmap(NULL, 1ull << 60, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == MAP_FAILED &&
        errno == ENOMEM);
    CHECK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 999, 0) == MAP_FAILED && errno == EBADF);
}

static void moves(void)
{
    char *p = map(4, PROT_READ | PROT_WRITE);
    memset(p, 'm', 4 * 4096);
    p = mremap(p, 4 * 4096, 4000 * 4096, MREMAP_MAYMOVE);
    CHECK(p != MAP_FAILED && p[4 * 4096 - 1] == 'm' && p[4 * 4096] == 0);
    p[3999 * 4096] = 'e';
    char *q = mremap(p, 4000 * 4096, 2 * 4096, 0);
    CHECK(q == p && !readable(p + 3 * 4096));
    char *goal = map(2, PROT_NONE);
    q = mremap(p, 2 * 4096, 2 * 4096, MREMAP_MAYMOVE | MREMAP_FIXED, goal);
    CHECK(q == goal && q[0] == 'm' && !readable(p));
    CHECK(mremap(p, 4096, 8192, 0) == MAP_FAILED && errno == EFAULT);
    printf("moves: %c %c\n", q[0], q[8191]);
}

static void brks(void)
{
    char *start = sbrk(0);
    CHECK(sbrk(100000) == start);
    memset(start, 'b', 100000);
    char *end = sbrk(0);
    CHECK(end == start + 100000 && brk(start + 5000) == 0);
    CHECK(sbrk(20000) == start + 5000 && start[4999] == 'b' && start[9000] == 0);
    printf("brk: %ld\n", (long)((char *)sbrk(0) - start));
}

static void files(void)
{
    char name[] = "/tmp/lodge-mem-XXXXXX";
    int fd = mkstemp(name);
    CHECK(fd >= 0 && unlink(name) == 0 && ftruncate(fd, 10000) == 0);
    char *shared = mmap(NULL, 12288, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0),
         *private = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 4096);
    strcpy(shared + 4096, "through the map");
    char line[40] = "";
    CHECK(pread(fd, line, 15, 4096) == 15);
    private[0] = 'T';
    CHECK(pwrite(fd, "file", 4, 8) == 4 && msync(shared, 12288, MS_SYNC) == 0);
    printf("files: %s | %.4s | %c%c\n", line, shared + 8, shared[4096], private[0]);
    CHECK(read(open("/dev/zero", O_RDONLY), shared, 4096) == 4096 && shared[8] == 0);
    CHECK(mprotect(shared, 4096, PROT_READ) == 0 && read(open("/dev/zero", O_RDONLY), shared, 10) == -1 &&
        errno == EFAULT);
    int readonly = open("/proc/self/exe", O_RDONLY);
    CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, readonly, 0) == MAP_FAILED && errno == EACCES);
    char *self = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, readonly, 0);
    printf("own image: %d%c%c%c\n", self[0], self[1], self[2], self[3]);
}

static void shares(void)
{
    int *anonymous = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), private = 1;
    int id = shmget(IPC_PRIVATE, 8192, IPC_CREAT | 0600);
    int *system_v = shmat(id, NULL, 0);
    CHECK(system_v != (void *)-1 && shmctl(id, IPC_RMID, NULL) == 0);
    int memfd = memfd_create("m", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    CHECK(ftruncate(memfd, 4096) == 0);
    int *mem = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
    pid_t pid = fork();
    if (pid == 0) {
        *anonymous = 11, *system_v = 12, *mem = 13, private = 14;
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    printf("shares: %d %d %d %d", *anonymous, *system_v, *mem, private);
    CHECK(shmdt(system_v) == 0 && munmap(mem, 4096) == 0 && fcntl(memfd, F_ADD_SEALS, F_SEAL_WRITE) == 0);
    printf(" %d\n", write(memfd, "x", 1) == -1 && errno == EPERM);
}

static void advice(void)
{
    char *p = map(16, PROT_READ | PROT_WRITE);
    memset(p, 'x', 16 * 4096);
    CHECK(madvise(p + 4096, 4096, MADV_DONTNEED) == 0);
    unsigned char vec[16];
    CHECK(mincore(p, 16 * 4096, vec) == 0);
    printf("advice: %d %d %d %d", p[0], vec[0] & 1, vec[1] & 1, p[4096]);
    CHECK(madvise(p, 4096, MADV_DONTFORK) == 0 && mlock(p + 8192, 4096) == 0 && munlock(p + 8192, 4096) == 0);
    pid_t pid = fork();
    if (pid == 0)
        _exit(readable(p) * 2 + readable(p + 8192));
    int status;
    waitpid(pid, &status, 0);
    printf(" %d\n", WEXITSTATUS(status));
    CHECK(madvise(p, 4096, 12345) == -1 && errno == EINVAL);
}

static void many(void)
{
    size_t size = 64u << 20;
    char *p = map(size / 4096, PROT_READ | PROT_WRITE);
    struct sum s = SUM_INIT;
    for (size_t i = 0; i < size; i += 4096)
        p[i + i / 4096 % 4096] = (char)(i >> 12);
    for (size_t i = 0; i < size; i += 40960)
        sum_add(&s, (uint8_t)p[i + i / 4096 % 4096]);
    out("64 MB", s.h);
    for (int i = 0; i < 3000; i++) {
        char *q = map(3, i % 2 ? PROT_READ | PROT_WRITE : PROT_READ);
        CHECK(q != MAP_FAILED);
        if (i % 2)
            q[8192] = 1;
        mprotect(q + 4096, 4096, PROT_NONE);
        if (i % 4 == 0)
            munmap(q + 8192, 4096);
    }
    struct rlimit limit = {200u << 20, RLIM_INFINITY};
    (void)limit;
    printf("maps: made\n");
}

int main(void)
{
    holes();
    moves();
    brks();
    files();
    fflush(stdout);
    shares();
    fflush(stdout);
    advice();
    many();
    return 0;
}
