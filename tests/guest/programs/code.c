/* Code that changes: written, overwritten by a store, by another thread and by the kernel, moved by mappings, and gone.
 * A translator that keeps an old translation returns an old number. */
#include "guest.h"

typedef int function(void);

static size_t page;
static sigjmp_buf escape;
static void *volatile fault_address;

static int call(void *code)
{
    return ((function *)(uintptr_t)code)();
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    (void)number, (void)context;
    fault_address = info->si_addr;
    siglongjmp(escape, 1);
}

static bool call_faults(void *code)
{
    fault_address = NULL;
    if (!sigsetjmp(escape, 1))
        call(code);
    return fault_address == code;
}

static void overwrite(void)
{
    char *code = mmap(NULL, page, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    need(code != MAP_FAILED, "mmap of a writable and executable page");
    bool right = true;
    for (unsigned i = 0; i < 2000; i++) {
        code_return(code, i);
        right = call(code) == (int)i && right;
    }
    ok(right, "a function overwritten 2,000 times returns its latest value");
    for (unsigned i = 0; i < 64; i++)
        code_return(code + 32 * i, i);
    for (unsigned i = 0; i < 64; i++)
        right = call(code + 32 * i) == (int)i && right;
    ok(right, "64 functions in one page");
    code_return(code + 32 * 7, 1007);
    ok(call(code + 32 * 7) == 1007 && call(code + 32 * 6) == 6 && call(code + 32 * 8) == 8, "one of them overwritten");

    volatile int *data = (volatile int *)(void *)(code + page - 64);
    long sum = 0;
    for (int i = 0; i < 5000; i++) {
        *data = i;
        sum += *data + call(code);
    }
    ok(sum == 5000L * 4999 / 2, "data written beside code that runs");
    munmap(code, page);
}

static void by_the_kernel(void)
{
    char *code = mmap(NULL, page, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char image[64];
    int ends[2];
    need(code != MAP_FAILED && !pipe(ends), "set-up");
    bool right = true;
    for (unsigned i = 0; i < 100; i++) {
        size_t size = code_return(image, i);
        need(write(ends[1], image, size) == (ssize_t)size, "write");
        right = read(ends[0], code, size) == (ssize_t)size && right;
        __builtin___clear_cache(code, code + size);
        right = call(code) == (int)i && right;
    }
    ok(right, "code that read(2) puts over code that has run");
    munmap(code, page);
    close(ends[0]);
    close(ends[1]);
}

static void by_mappings(void)
{
    int fd = memfd_create("code", 0);
    need(fd >= 0 && !ftruncate(fd, (off_t)(2 * page)), "memfd");
    char *write_view = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *run_view = mmap(NULL, page, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    need(write_view != MAP_FAILED && run_view != MAP_FAILED, "two views of one file");
    bool right = true;
    for (unsigned i = 0; i < 300; i++) {
        size_t size = code_return(write_view, i);
        __builtin___clear_cache(run_view, run_view + size);
        right = call(run_view) == (int)i && right;
    }
    ok(right, "code written through another mapping of the same page");

    code_return(write_view + page, 42);
    need(mmap(run_view, page, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, fd, (off_t)page) == run_view, "map over");
    ok(call(run_view) == 42, "another page mapped over code");
    ok(!mprotect(run_view, page, PROT_READ) && call_faults(run_view), "without execute permission the call faults");
    ok(!mprotect(run_view, page, PROT_READ | PROT_EXEC) && call(run_view) == 42, "with it again it runs");
    char *moved = mremap(run_view, page, page, MREMAP_MAYMOVE | MREMAP_FIXED, write_view);
    ok(moved == write_view && call(moved) == 42, "moved by mremap it runs there");
    ok(call_faults(run_view), "and no longer here");
    munmap(moved, 2 * page);
    ok(call_faults(moved), "and nowhere once it is unmapped");
    close(fd);
}

static void write_xor_execute(void)
{
    char *code = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool right = code != MAP_FAILED;
    for (unsigned i = 0; i < 200; i++) {
        right = !mprotect(code, page, PROT_READ | PROT_WRITE) && right;
        code_return(code, i);
        right = !mprotect(code, page, PROT_READ | PROT_EXEC) && call(code) == (int)i && right;
    }
    ok(right, "writable and executable in turn, as JITs do it");
    munmap(code, page);
}

struct shared {
    char *code;
    atomic_uint stop, calls, wrong;
};

static void *caller(void *argument)
{
    struct shared *s = argument;
    while (!atomic_load(&s->stop)) {
        int value = call(s->code);
        if (value != 100 && value != 200)
            atomic_fetch_add(&s->wrong, 1);
        atomic_fetch_add(&s->calls, 1);
    }
    return NULL;
}

/* One aligned word is stored at once, so that every call sees the one or the other. */
static void by_another_thread(void)
{
    struct shared s = {
        .code = mmap(NULL, page, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)};
    pthread_t threads[3];
    uint64_t one, two;
    need(s.code != MAP_FAILED, "mmap");
    code_return(s.code, 200);
    memcpy(&two, s.code, sizeof two);
    code_return(s.code, 100);
    memcpy(&one, s.code, sizeof one);
    for (int i = 0; i < 3; i++)
        need(!pthread_create(&threads[i], NULL, caller, &s), "pthread_create");
    for (int i = 0; i < 300; i++) {
        atomic_store((_Atomic uint64_t *)(void *)s.code, i & 1 ? one : two);
        __builtin___clear_cache(s.code, s.code + 8);
        usleep(100);
    }
    unsigned before = atomic_load(&s.calls);
    for (int i = 0; i < 3000 && atomic_load(&s.calls) < before + 1000; i++)
        usleep(1000);
    atomic_store(&s.stop, 1);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    ok(!s.wrong && s.calls >= before + 1000, "three threads call what a fourth overwrites");
    ok(call(s.code) == 100, "and all end with the last");
    munmap(s.code, page);
}

static int child_overwrites(void *code)
{
    code_return(code, 2);
    return call(code);
}

static void across_fork(void)
{
    char *code = mmap(NULL, page, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    need(code != MAP_FAILED, "mmap");
    code_return(code, 1);
    need(call(code) == 1, "call");
    int status = in_child(child_overwrites, code);
    ok(WIFEXITED(status) && WEXITSTATUS(status) == 2, "a child overwrites its copy");
    ok(call(code) == 1, "the parent keeps its own");
    munmap(code, page);
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    guest_start();
    page = (size_t)sysconf(_SC_PAGESIZE);
    sigaction(SIGSEGV, &action, NULL);
    overwrite();
    by_the_kernel();
    by_mappings();
    write_xor_execute();
    by_another_thread();
    across_fork();
    return guest_end();
}
