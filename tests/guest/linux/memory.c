/* Limits of memory, and areas that grow: RLIMIT_AS and RLIMIT_DATA in every call that maps, system calls that write below the
 * part of a MAP_GROWSDOWN area that has grown so far.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "facts.h"

#define MB ((size_t)1 << 20)
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static size_t in_use(void)
{
    FILE *f = fopen("/proc/self/statm", "r");
    unsigned long pages = 0;

    if (f && fscanf(f, "%lu", &pages) != 1)
        pages = 0;
    if (f)
        fclose(f);
    return pages * 4096;
}

static int refused(void *p)
{
    return p == MAP_FAILED && errno == ENOMEM;
}

static void limit(int resource, size_t bytes)
{
    struct rlimit r = {bytes, RLIM_INFINITY};

    setrlimit(resource, &r);
}

static void address_space(void)
{
    size_t now = in_use();
    char *p, *q;
    int shm = shmget(IPC_PRIVATE, 64 * MB, IPC_CREAT | 0600);

    CHECK(now > 4096 && now < 64 * MB, "statm shows the guest's memory only");
    p = mmap(NULL, 4 * MB, RW, ANON, -1, 0);
    CHECK(in_use() >= now + 4 * MB && in_use() < now + 5 * MB, "statm follows mmap");
    limit(RLIMIT_AS, in_use() + 8 * MB);
    CHECK(refused(mmap(NULL, 16 * MB, RW, ANON, -1, 0)), "mmap beyond RLIMIT_AS");
    CHECK(refused(mmap(NULL, 16 * MB, PROT_NONE, ANON | MAP_NORESERVE, -1, 0)), "a reservation beyond RLIMIT_AS");
    CHECK(refused(mremap(p, 4 * MB, 32 * MB, MREMAP_MAYMOVE)), "mremap beyond RLIMIT_AS");
    CHECK(sbrk(16 * MB) == (void *)-1 && errno == ENOMEM, "brk beyond RLIMIT_AS");
    CHECK(shmat(shm, NULL, 0) == (void *)-1 && errno == ENOMEM, "shmat beyond RLIMIT_AS");
    CHECK((q = mmap(NULL, 6 * MB, RW, ANON, -1, 0)) != MAP_FAILED, "mmap within");
    CHECK(mmap(p, 4 * MB, RW, ANON | MAP_FIXED, -1, 0) == p, "what MAP_FIXED replaces does not count");
    CHECK(mremap(p, 4 * MB, 2 * MB, 0) == p, "shrinking");
    munmap(q, 6 * MB);
    CHECK(mremap(p, 2 * MB, 6 * MB, MREMAP_MAYMOVE) != MAP_FAILED, "mremap within");
    CHECK(malloc(64 * MB) == NULL, "malloc says so");
    if (fork() == 0)
        _exit(refused(mmap(NULL, 16 * MB, RW, ANON, -1, 0)) ? 0 : 1);
    int status = -1;
    wait(&status);
    CHECK(status == 0, "the child has the limit too");
    limit(RLIMIT_AS, RLIM_INFINITY);
    CHECK((q = mmap(NULL, 64 * MB, RW, ANON, -1, 0)) != MAP_FAILED, "without the limit again");
    munmap(q, 64 * MB);
    shmctl(shm, IPC_RMID, NULL);
}

static void data(void)
{
    char *p;

    limit(RLIMIT_DATA, 32 * MB);
    CHECK(refused(mmap(NULL, 64 * MB, RW, ANON, -1, 0)), "private writable memory beyond RLIMIT_DATA");
    CHECK(sbrk(64 * MB) == (void *)-1, "brk beyond RLIMIT_DATA");
    CHECK((p = mmap(NULL, 64 * MB, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) != MAP_FAILED, "shared memory is no data");
    munmap(p, 64 * MB);
    CHECK((p = mmap(NULL, 64 * MB, PROT_READ, ANON, -1, 0)) != MAP_FAILED, "nor is what cannot be written");
    CHECK(mprotect(p, 64 * MB, RW) == -1 && errno == ENOMEM, "until it is to be written");
    CHECK(mprotect(p, 4 * MB, RW) == 0, "a part of it within the limit");
    CHECK(refused(mremap(p, 4 * MB, 64 * MB, MREMAP_MAYMOVE)), "mremap beyond RLIMIT_DATA");
    munmap(p, 64 * MB);
    limit(RLIMIT_DATA, RLIM_INFINITY);
}

static void grows(void)
{
    size_t size = 64 * 4096, gap = 300 * 4096;
    char *room = mmap(NULL, size + gap + 4 * MB, PROT_NONE, ANON, -1, 0), *top = room + gap + 4 * MB;
    struct stat st;
    int p[2], zero = open("/dev/zero", O_RDONLY);

    munmap(room, size + gap + 4 * MB);
    top = mmap(top, size, RW, ANON | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
    CHECK(pipe(p) == 0 && write(p[1], "hello", 5) == 5, "a pipe");
    CHECK(read(p[0], top - 100, 5) == 5 && !memcmp(top - 100, "hello", 5), "read(2) below what has grown");
    CHECK(read(zero, top - 40 * 4096, 20 * 4096) == 20 * 4096, "several pages");
    CHECK(fstat(zero, (struct stat *)(top - 60 * 4096)) == 0, "fstat");
    CHECK(write(p[1], top - 80 * 4096, 16) == 16, "write(2) from there");
    CHECK(stat("/", &st) == 0 && stat(top - 100 * 4096, &st) == -1 && errno == ENOENT, "a path that lies there");
    CHECK(read(zero, (char *)4096, 16) == -1 && errno == EFAULT, "where nothing grows, EFAULT");
    munmap(top - 100 * 4096, size + 100 * 4096);
}

/* Which page of the file each page shows. */
static int pages_are(const char *p, const char *want)
{
    for (int i = 0; want[i]; i++)
        if (p[4096 * i] != want[i])
            return 0;
    return 1;
}

static void other_pages(void)
{
    int fd = memfd_create("pages", 0);
    char *p, *private;

    ftruncate(fd, 4 * 4096);
    for (int i = 0; i < 4; i++)
        pwrite(fd, &"abcd"[i], 1, 4096 * i);
    p = mmap(NULL, 4 * 4096, RW, MAP_SHARED, fd, 0);
    private = mmap(NULL, 4096, RW, MAP_PRIVATE, fd, 0);
    CHECK(remap_file_pages(p, 4096, 0, 3, 0) == 0 && pages_are(p, "dbcd"), "remap_file_pages");
    CHECK(remap_file_pages(p + 2 * 4096, 2 * 4096, 0, 0, 0) == 0 && pages_are(p, "dbab"), "two of them");
    p[4096 * 2] = 'x';
    CHECK(pages_are(p, "dbxb") && pread(fd, p + 4096, 1, 0) == 1 && p[4096] == 'x', "they are the file's");
    CHECK(remap_file_pages(p, 4096, PROT_READ, 1, 0) == -1 && errno == EINVAL, "with a protection");
    CHECK(remap_file_pages(private, 4096, 0, 1, 0) == -1 && errno == EINVAL, "of a private mapping");
    CHECK(mprotect(p, 4 * 4096, PROT_READ) == 0 && munmap(p, 4 * 4096) == 0, "they are mappings like others");
    munmap(private, 4096);
    close(fd);
}

static int deep(int n)
{
    volatile char page[4096];

    page[0] = 1;
    return n ? deep(n - 1) + page[0] : 0;
}

int main(void)
{
    address_space();
    data();
    grows();
    other_pages();
    CHECK(deep(1000) == 1000, "the stack");
    return check_done();
}
