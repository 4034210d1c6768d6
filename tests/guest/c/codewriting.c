/* Programs that write code: RWX pages, W^X flips, two mappings of one memfd, code on the stack's page, code overwritten while
 * another thread runs it, the running function's own page, unmapping and mapping anew, a small JIT with many functions.
 * Natively the same lines come from plain C: what the written code computes is known.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "out.h"

typedef uint64_t fn1(uint64_t);

#ifdef __riscv
static uint32_t addi(int rd, int rs, int imm)
{
    return (uint32_t)imm << 20 | (uint32_t)rs << 15 | (uint32_t)rd << 7 | 0x13;
}
static uint32_t mul(int rd, int a, int b)
{
    return 1u << 25 | (uint32_t)b << 20 | (uint32_t)a << 15 | (uint32_t)rd << 7 | 0x33;
}
enum { A0 = 10, T0 = 5, RET = 0x00008067 };

/* x * m + a */
static void emit(uint32_t *p, int m, int a)
{
    p[0] = addi(T0, 0, m);
    p[1] = mul(A0, A0, T0);
    p[2] = addi(A0, A0, a);
    p[3] = RET;
}
static uint64_t call(void *code, uint64_t x, int m, int a)
{
    (void)m, (void)a;
    return ((fn1 *)code)(x);
}
#else
static void emit(uint32_t *p, int m, int a)
{
    p[0] = (uint32_t)m, p[1] = (uint32_t)a;
}
static uint64_t call(void *code, uint64_t x, int m, int a)
{
    (void)code;
    return x * (uint64_t)(int64_t)m + (uint64_t)(int64_t)a;
}
#endif

static void flush(void *p, size_t n)
{
    __builtin___clear_cache((char *)p, (char *)p + n);
}
static void *pages(int n, int prot)
{
    return mmap(NULL, (size_t)n * 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void rwx(void)
{
    uint32_t *p = pages(1, PROT_READ | PROT_WRITE | PROT_EXEC);
    struct sum s = SUM_INIT;
    for (int i = 0; i < 300; i++) {
        emit(p, i % 1000, i % 7 - 3);
        flush(p, 16);
        sum_add(&s, call(p, (uint64_t)i * 1000003, i % 1000, i % 7 - 3));
    }
    /* data beside code: written all the time, the code unchanged */
    emit(p, 3, 5);
    flush(p, 16);
    volatile uint64_t *data = (uint64_t *)(p + 512);
    for (uint64_t i = 0; i < 2000; i++) {
        *data = i;
        sum_add(&s, call(p, *data, 3, 5));
    }
    out("rwx", s.h);
}

static void flips(void)
{
    uint32_t *p = pages(2, PROT_READ | PROT_WRITE);
    struct sum s = SUM_INIT;
    for (int i = 0; i < 100; i++) {
        mprotect(p, 8192, PROT_READ | PROT_WRITE);
        emit(p + 1022, i, 1); /* over the page border */
        emit(p + 100, 2, i);
        mprotect(p, 8192, PROT_READ | PROT_EXEC);
        flush(p, 8192);
        sum_add(&s, call(p + 1022, 77, i, 1) + call(p + 100, 5, 2, i));
    }
    out("flips", s.h);
}

static void two_mappings(void)
{
    int fd = memfd_create("code", 0);
    CHECK(fd >= 0 && ftruncate(fd, 8192) == 0);
    uint32_t *w = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0),
             *x = mmap(NULL, 8192, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    struct sum s = SUM_INIT;
    for (int i = 0; i < 100; i++) {
        emit(w + 16, i, 9);
        flush(x + 16, 16);
        sum_add(&s, call(x + 16, 1234567, i, 9));
    }
    uint32_t code[4];
    for (int i = 0; i < 50; i++) { /* by a system call */
        emit(code, 5, i);
        CHECK(pwrite(fd, code, 16, 256) == 16);
        flush(x + 64, 16);
        sum_add(&s, call(x + 64, 31, 5, i));
    }
    out("two mappings", s.h);
}

static void by_read(void)
{
    uint32_t *p = pages(1, PROT_READ | PROT_WRITE | PROT_EXEC), code[4];
    int pipes[2];
    struct sum s = SUM_INIT;
    CHECK(pipe(pipes) == 0);
    for (int i = 0; i < 100; i++) {
        emit(code, 7, i);
        CHECK(write(pipes[1], code, 16) == 16 &&
            read(pipes[0], p + 8, 16) == 16); /* the kernel writes into the code page */
        flush(p, 4096);
        sum_add(&s, call(p + 8, 11, 7, i));
    }
    out("code by read(2)", s.h);
}

static void anew(void)
{
    struct sum s = SUM_INIT;
    uint32_t *p = pages(1, PROT_READ | PROT_WRITE | PROT_EXEC);
    for (int i = 0; i < 60; i++) {
        emit(p, i, i);
        flush(p, 16);
        sum_add(&s, call(p, 3, i, i));
        if (i % 3 == 0) {
            munmap(p, 4096);
            CHECK(
                mmap(p, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
        } else if (i % 3 == 1) {
            uint32_t *q = pages(1, PROT_READ | PROT_WRITE | PROT_EXEC);
            emit(q, 100, i);
            CHECK(mremap(q, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, p) == p);
            sum_add(&s, call(p, 9, 100, i));
        } else {
            madvise(p, 4096, MADV_DONTNEED);
        }
    }
    out("mapped anew", s.h);
}

static sigjmp_buf back;
static volatile sig_atomic_t caught;
static void handler(int number)
{
    caught = number;
    siglongjmp(back, 1);
}
static void forbidden(void)
{
    uint32_t *p = pages(1, PROT_READ | PROT_WRITE | PROT_EXEC);
    emit(p, 2, 3);
    flush(p, 16);
    uint64_t r = call(p, 4, 2, 3);
    mprotect(p, 4096, PROT_READ | PROT_WRITE);
    signal(SIGSEGV, handler);
#ifdef __riscv
    if (sigsetjmp(back, 1) == 0)
        call(p, 4, 2, 3);
#else
    caught = SIGSEGV;
#endif
    int first = caught;
    caught = 0;
    munmap(p, 4096);
#ifdef __riscv
    if (sigsetjmp(back, 1) == 0)
        call(p, 4, 2, 3);
#else
    caught = SIGSEGV;
#endif
    /* and where nothing was when it was called, there is code now */
    CHECK(mmap(p, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
    emit(p, 5, 6);
    flush(p, 16);
    printf("forbidden: %" PRIu64 " %d %d, then %" PRIu64 "\n", r, first, (int)caught, call(p, 7, 5, 6));
    signal(SIGSEGV, SIG_DFL);
}

/* Two versions of a function, written by one thread while others call it: each result is of one version or the other. */
static uint32_t *hot;
static volatile int stop;
static _Atomic long calls, wrong;
static void *caller(void *arg)
{
    (void)arg;
    while (!stop) {
#ifdef __riscv
        uint64_t r = call(hot, 10, 0, 0);
        __asm__ volatile("fence.i" ::: "memory");
#else
        uint64_t r = 31;
#endif
        if (r != 31 && r != 41)
            wrong++;
        calls++;
    }
    return NULL;
}
static void overwritten(void)
{
    pthread_t t[2];
    hot = pages(1, PROT_READ | PROT_WRITE | PROT_EXEC);
    emit(hot, 3, 1);
    flush(hot, 16);
    for (int i = 0; i < 2; i++)
        pthread_create(&t[i], NULL, caller, NULL);
    for (int i = 0; i < 400; i++) {
#ifdef __riscv
        __atomic_store_n(&hot[0], addi(T0, 0, i % 2 ? 3 : 4), __ATOMIC_RELEASE);
#endif
        flush(hot, 16);
        if (i % 16 == 0)
            usleep(200);
    }
    while (calls < 100)
        usleep(1000);
    stop = 1;
    for (int i = 0; i < 2; i++)
        pthread_join(t[i], NULL);
    printf("overwritten under two threads: %ld wrong\n", wrong);
}

static void many(void)
{
    enum { N = 2000 };
    uint32_t *p = pages(N / 64 + 1, PROT_READ | PROT_WRITE | PROT_EXEC);
    for (int i = 0; i < N; i++)
        emit(p + i * 16, i % 2000, i % 31);
    flush(p, N * 64);
    struct sum s = SUM_INIT;
    uint64_t x = 1;
    for (int round = 0; round < 5; round++)
        for (int i = 0; i < N; i++)
            x = call(p + i * 16, x, i % 2000, i % 31) | 1;
    sum_add(&s, x);
    pid_t pid = getpid();
    for (int i = 0; i < N; i += 10)
        emit(p + i * 16, 1, 1);
    flush(p, N * 64);
    for (int i = 0; i < N; i++)
        x = call(p + i * 16, x, i % 10 ? i % 2000 : 1, i % 10 ? i % 31 : 1) | 1;
    sum_add(&s, x);
    CHECK(getpid() == pid);
    out("many functions", s.h);
}

int main(void)
{
    rwx();
    flips();
    two_mappings();
    by_read();
    anew();
    forbidden();
    overwritten();
    many();
    return 0;
}
