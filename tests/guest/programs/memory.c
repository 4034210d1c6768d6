/* Memory: mappings, protections, sharing, the break, the stack, and system calls that meet bad addresses. */
#include "guest.h"

static size_t page;

static char *map(size_t pages, int protection)
{
    char *at = mmap(NULL, pages * page, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    need(at != MAP_FAILED, "mmap");
    return at;
}

static bool all_are(const char *p, size_t n, char c)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != c)
            return false;
    return true;
}

static void mappings(void)
{
    char *p = map(4, PROT_READ | PROT_WRITE);
    ok(all_are(p, 4 * page, 0), "new memory is zero");
    memset(p, 'x', 4 * page);
    ok(mmap(p + page, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p + page &&
            all_are(p + page, page, 0) && all_are(p + 2 * page, 2 * page, 'x'),
        "MAP_FIXED replaces what was there, and only that");
    ok(mmap(p, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED &&
            errno == EEXIST,
        "MAP_FIXED_NOREPLACE does not");
    ok(!madvise(p + 2 * page, page, MADV_DONTNEED) && all_are(p + 2 * page, page, 0), "MADV_DONTNEED forgets");
    char *bigger = mremap(p, 4 * page, 1000 * page, MREMAP_MAYMOVE);
    ok(bigger != MAP_FAILED && all_are(bigger, page, 'x') && all_are(bigger + 4 * page, 996 * page, 0), "mremap grows");
    ok(mremap(bigger, 1000 * page, page, 0) == bigger && all_are(bigger, page, 'x'), "and shrinks");
    unsigned char in_core[1];
    ok(mincore(bigger + 2 * page, page, in_core) < 0 && errno == ENOMEM, "what it left is unmapped");
    ok(!mincore(bigger, page, in_core) && (in_core[0] & 1), "mincore");
    ok(!munmap(bigger, page) && mprotect(bigger, page, PROT_READ) < 0 && errno == ENOMEM, "munmap");
    ok(mmap((void *)1, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED &&
            errno == EINVAL,
        "an address that is not a page's");
    ok(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EINVAL, "a length of 0");
    ok(mmap(NULL, (size_t)1 << 62, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == ENOMEM,
        "more than there is");
    char *large =
        mmap(NULL, (size_t)4 << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    need(large != MAP_FAILED, "4 GiB");
    large[0] = large[((size_t)4 << 30) - 1] = 1;
    ok(!munmap(large, (size_t)4 << 30), "4 GiB of address space");
    for (int i = 0; i < 2000; i++) {
        char *each = map(1 + (unsigned)i % 5, PROT_READ | PROT_WRITE);
        each[0] = 1;
        munmap(each, (1 + (unsigned)i % 5) * page);
    }
    ok(true, "two thousand mappings come and go");
}

static void files(void)
{
    int fd = memfd_create("file", 0);
    char text[32] = "";
    need(fd >= 0 && !ftruncate(fd, (off_t)(3 * page)), "memfd");
    char *shared = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *copy = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    need(shared != MAP_FAILED && copy != MAP_FAILED, "mmap of a file");
    copy[5] = 'c';
    strcpy(shared + page, "shared");
    ok(pread(fd, text, 7, (off_t)page) == 7 && !strcmp(text, "shared"), "a store to a shared mapping is in the file");
    ok(pwrite(fd, "file", 5, (off_t)page) == 5 && !strcmp(copy + page, "file"), "a write is in the mappings");
    ok(!shared[5] && copy[5] == 'c', "a private store is not in the file");
    char *second = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, (off_t)page);
    ok(second != MAP_FAILED && !strcmp(second, "file"), "a mapping at an offset");
    ok(!msync(shared, 3 * page, MS_SYNC), "msync");
    ok(mmap(NULL, page, PROT_READ, MAP_SHARED, fd, 5) == MAP_FAILED && errno == EINVAL,
        "an offset that is not a page's");
    close(fd);
    ok(!strcmp(second, "file"), "a mapping survives its descriptor");
    munmap(shared, 3 * page);
    munmap(copy, 3 * page);
    munmap(second, page);
}

static int store(void *at)
{
    ((int *)at)[0] = 77;
    ((int *)at)[1]++;
    return 0;
}

static void across_fork(void)
{
    int *shared = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int *own = (int *)(void *)map(1, PROT_READ | PROT_WRITE);
    need(shared != MAP_FAILED, "mmap");
    in_child(store, shared);
    in_child(store, own);
    ok(shared[0] == 77 && shared[1] == 1, "a child's store to shared memory");
    ok(own[0] == 0 && own[1] == 0, "and to its own copy");
    munmap(shared, page);
    munmap(own, page);
}

static void heap(void)
{
    char *first = sbrk(0);
    ok(sbrk((intptr_t)(10 * page)) == first && all_are(first, 10 * page, 0), "the break grows, by zeros");
    memset(first, 'b', 10 * page);
    ok(sbrk((intptr_t)(-10 * page)) == first + 10 * page, "and shrinks");
    ok(sbrk((intptr_t)(10 * page)) == first && all_are(first + page, 9 * page, 0), "and grows by zeros again");
    sbrk((intptr_t)(-10 * page));
}

__attribute__((noinline)) static size_t deep(size_t n)
{
    volatile char frame[16384];
    frame[0] = frame[sizeof frame - 1] = (char)n;
    return n ? deep(n - 1) + (frame[0] == (char)n) : 0;
}

static int too_deep(void *unused)
{
    struct rlimit small = {1 << 20, 1 << 20}, none = {0};
    (void)unused;
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_STACK, &small);
    return deep(1000) == 1000;
}

static void stack(void)
{
    ok(deep(400) == 400, "the stack grows to 6 MiB");
    int status = in_child(too_deep, NULL);
    ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "beyond its limit: SIGSEGV");
}

static void bad_addresses(void)
{
    char *p = map(3, PROT_READ | PROT_WRITE);
    int ends[2];
    need(!pipe(ends) && !mprotect(p + page, page, PROT_READ) && !munmap(p + 2 * page, page), "set-up");
    ok(write(ends[1], p + 2 * page, 4) < 0 && errno == EFAULT, "write from nowhere: EFAULT");
    need(write(ends[1], "12345678", 8) == 8, "write");
    ok(read(ends[0], p + page, 4) < 0 && errno == EFAULT, "read to a read-only page: EFAULT");
    ok(getcwd((char *)16, 100) == NULL && errno == EFAULT, "getcwd to nowhere");
    ok(open((char *)(p + 2 * page), O_RDONLY) < 0 && errno == EFAULT, "a path from nowhere");
    ok(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, p + page) < 0 && errno == EFAULT, "a time to a read-only page");
    memcpy(p + page - 3, "/x", 3);
    ok(open(p + page - 3, O_RDONLY) < 0 && errno == ENOENT, "a path that ends with its page");
    close(ends[0]);
    close(ends[1]);
    munmap(p, 2 * page);
}

static void listed(void)
{
    char *p = map(5, PROT_READ | PROT_WRITE), line[512], want[64];
    need(!mprotect(p + 2 * page, page, PROT_READ), "mprotect");
    FILE *maps = fopen("/proc/self/maps", "r");
    bool found = false, program = false, stack_found = false;
    need(maps != NULL, "/proc/self/maps");
    snprintf(want, sizeof want, "%lx-%lx r--p", (long)(uintptr_t)(p + 2 * page), (long)(uintptr_t)(p + 3 * page));
    while (fgets(line, sizeof line, maps)) {
        unsigned long low, high;
        char permissions[5];
        if (sscanf(line, "%lx-%lx %4s", &low, &high, permissions) != 3)
            continue;
        found = found || !strncmp(line, want, strlen(want));
        program = program || (low <= (uintptr_t)listed && (uintptr_t)listed < high && permissions[2] == 'x');
        stack_found = stack_found || (low <= (uintptr_t)line && (uintptr_t)line < high && strstr(line, "[stack]"));
    }
    fclose(maps);
    ok(found && program && stack_found, "/proc/self/maps: a mapping, the program, the stack");
    munmap(p, 5 * page);
}

int main(void)
{
    guest_start();
    page = (size_t)sysconf(_SC_PAGESIZE);
    mappings();
    files();
    across_fork();
    heap();
    stack();
    bad_addresses();
    listed();
    return guest_end();
}
