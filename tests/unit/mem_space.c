/* Guest memory: random calls against a shadow array, and against the host kernel's own mmap family on a twin window;
 * watched code pages; fault-surviving copies; growth; the Sv48 rule.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/base.h"
#include "harness.h"
#include "mem/mem.h"

#define LOW 0x10000ull
#define PAGES 192u
#define LIMIT (LOW + PAGES * MEM_PAGE)
#define SPACE 0x7fff0000ull /* the address sanitizer's shadow begins above */
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

static struct mem_space *space;   /* what the signal handler must reach */
static volatile unsigned changes; /* written by the signal handler */
static volatile uint64_t change_start, change_end;

static void on_change(void *ctx, uint64_t start, uint64_t end)
{
    changes++;
    change_start = start;
    change_end = end;
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    uint64_t addr = (uint64_t)info->si_addr, resume;
    bool write = uc->uc_mcontext.gregs[REG_ERR] & 2;

    if (sig == SIGSEGV && ((write && mem_write_fault(space, addr)) || mem_grow(space, addr)))
        return;
    resume = mem_fault_fixup((uint64_t)uc->uc_mcontext.gregs[REG_RIP]);
    if (!resume)
        _exit(99);
    uc->uc_mcontext.gregs[REG_RIP] = (greg_t)resume;
}

static struct mem_space *make(uint64_t limit)
{
    struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
    struct err err = ERR_INIT;

    space = mem_space_new(limit, on_change, NULL, &err);
    CHECK(space != NULL);
    mem_set_mmap_base(space, limit);
    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGBUS, &sa, NULL);
    return space;
}

static uint64_t seed = 12345;
static uint32_t rnd(uint32_t n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % n;
}

/* ---- shadow: what each page must be ---- */
struct page {
    bool mapped;
    int prot;
    unsigned char first; /* its first byte */
};
static struct page shadow[PAGES];

static uint64_t addr_of(unsigned page)
{
    return LOW + (uint64_t)page * MEM_PAGE;
}

static void verify(struct mem_space *m)
{
    uint64_t total = 0;
    struct mem_area a;

    for (unsigned i = 0; i < PAGES; i++) {
        bool found = mem_find(m, addr_of(i), &a);
        unsigned char byte = 0;
        int status = mem_read(m, addr_of(i), &byte, 1);

        CHECK_EQ(mem_query(m, addr_of(i)), shadow[i].mapped ? shadow[i].prot : -1);
        CHECK_EQ(found, shadow[i].mapped);
        if (found)
            CHECK_EQ(a.prot, (uint8_t)shadow[i].prot);
        CHECK_EQ(status, shadow[i].mapped && shadow[i].prot ? 0 : -EFAULT);
        if (!status)
            CHECK_EQ(byte, shadow[i].first);
        total += shadow[i].mapped ? MEM_PAGE : 0;
    }
    CHECK_EQ(mem_total(m), total);
    /* sorted, without overlap, neighbours merged */
    for (uint64_t at = 0, end = 0, prot = 9; mem_next(m, at, &a); at = a.end) {
        CHECK(a.start < a.end && a.start >= end);
        CHECK(a.start > end || a.prot != prot);
        end = a.end;
        prot = a.prot;
    }
}

static bool shadow_free(unsigned page, unsigned count)
{
    for (unsigned i = page; i < page + count; i++)
        if (i >= PAGES || shadow[i].mapped)
            return false;
    return true;
}

static bool shadow_hole(unsigned count)
{
    for (unsigned i = 0; i + count <= PAGES; i++)
        if (shadow_free(i, count))
            return true;
    return false;
}

static void shadow_set(unsigned page, unsigned count, struct page value)
{
    for (unsigned i = page; i < page + count; i++)
        shadow[i] = value;
}

static const int prots[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC,
    PROT_READ | PROT_WRITE | PROT_EXEC, PROT_READ | PROT_WRITE};

static void op_map(struct mem_space *m)
{
    static const int kinds[] = {0, MAP_FIXED, MAP_FIXED_NOREPLACE};
    unsigned page = rnd(PAGES), count = 1 + rnd(12), kind = rnd(3);
    int prot = prots[rnd(ARRAY_LEN(prots))], flags = MAP_PRIVATE | MAP_ANONYMOUS | kinds[kind];
    bool fits = page + count <= PAGES, is_free = fits && shadow_free(page, count);
    int64_t at = mem_map(m, addr_of(page), (uint64_t)count * MEM_PAGE - rnd(MEM_PAGE), prot, flags, -1, 0);

    if (kind == 0 && !is_free) {
        CHECK_EQ(at >= 0, shadow_hole(count));
        if (at < 0) {
            CHECK_EQ(at, (int64_t)-ENOMEM);
            return;
        }
        page = (unsigned)(((uint64_t)at - LOW) / MEM_PAGE);
        CHECK(shadow_free(page, count));
    } else if (!fits || (kind == 2 && !is_free)) {
        CHECK_EQ(at, fits ? (int64_t)-EEXIST : (int64_t)-ENOMEM);
        return;
    } else {
        CHECK_EQ(at, (int64_t)addr_of(page));
    }
    shadow_set(page, count, (struct page){true, prot, 0});
}

static void op_unmap(struct mem_space *m)
{
    unsigned page = rnd(PAGES), count = 1 + rnd(10);
    int64_t status = mem_unmap(m, addr_of(page), (uint64_t)count * MEM_PAGE);

    CHECK_EQ(status, page + count <= PAGES ? (int64_t)0 : (int64_t)-EINVAL);
    if (!status)
        shadow_set(page, count, (struct page){0});
}

static void op_protect(struct mem_space *m)
{
    unsigned page = rnd(PAGES), count = 1 + rnd(10), i;
    int prot = prots[rnd(ARRAY_LEN(prots))];
    int64_t status = mem_protect(m, addr_of(page), (uint64_t)count * MEM_PAGE, prot);

    if (page + count > PAGES) {
        CHECK_EQ(status, (int64_t)-ENOMEM);
        return;
    }
    for (i = page; i < page + count && shadow[i].mapped; i++)
        shadow[i].prot = prot;
    CHECK_EQ(status, i == page + count ? (int64_t)0 : (int64_t)-ENOMEM);
}

static void op_write(struct mem_space *m)
{
    unsigned page = rnd(PAGES);
    unsigned char byte = (unsigned char)rnd(256);
    int status;

    if (rnd(2))
        mem_prepare_write(m, addr_of(page), 1);
    changes = 0;
    status = mem_write(m, addr_of(page), &byte, 1);
    CHECK_EQ(status, shadow[page].mapped && (shadow[page].prot & PROT_WRITE) ? 0 : -EFAULT);
    if (!status)
        shadow[page].first = byte;
}

/* Moves that succeed must move; whether they may is the twin test's business. */
static void op_remap(struct mem_space *m)
{
    unsigned page = rnd(PAGES), count = 1 + rnd(6), new_count = 1 + rnd(12), to;
    struct page old[16] = {0};
    int64_t at;

    if (page + count > PAGES)
        return;
    memcpy(old, &shadow[page], count * sizeof(old[0]));
    at = mem_remap(m, addr_of(page), (uint64_t)count * MEM_PAGE, (uint64_t)new_count * MEM_PAGE, MREMAP_MAYMOVE, 0);
    if (at < 0) {
        CHECK(at == -EFAULT || (at == -ENOMEM && !shadow_hole(new_count)));
        return;
    }
    to = (unsigned)(((uint64_t)at - LOW) / MEM_PAGE);
    shadow_set(page, count, (struct page){0});
    CHECK(shadow_free(to, new_count));
    for (unsigned i = 0; i < new_count; i++)
        shadow[to + i] = i < count ? old[i] : (struct page){true, old[0].prot, 0};
}

static void op_watch(struct mem_space *m)
{
    unsigned page = rnd(PAGES);

    mem_watch_code(m, addr_of(page) + rnd(MEM_PAGE), addr_of(page) + MEM_PAGE + 4);
    if (shadow[page].mapped && (shadow[page].prot & PROT_WRITE) && rnd(2)) {
        changes = 0;
        *(volatile unsigned char *)addr_of(page) = shadow[page].first = (unsigned char)rnd(256);
        CHECK_EQ(changes, 1u);
        CHECK_EQ(change_start, addr_of(page));
    }
}

TEST_TIMEOUT(random_calls_against_a_shadow, 120)
{
    struct mem_space *m = make(LIMIT);

    for (int i = 0; i < 6000; i++) {
        switch (rnd(8)) {
        case 0:
        case 1: op_map(m); break;
        case 2: op_unmap(m); break;
        case 3: op_protect(m); break;
        case 4: op_write(m); break;
        case 5: op_remap(m); break;
        default: op_watch(m); break;
        }
        verify(m);
    }
}

/* ---- the host kernel as the model: the same calls on a window of its own ---- */
static uint64_t twin;

static int64_t host(void *p)
{
    return p == MAP_FAILED ? -errno : (int64_t)p;
}

static int64_t relative(int64_t result, uint64_t base)
{
    return result < 0 || result == 0 ? result : result - (int64_t)base;
}

static void twin_step(struct mem_space *m, uint64_t base)
{
    static const int remap_flags[] = {0, MREMAP_MAYMOVE | MREMAP_FIXED,
        MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, MREMAP_FIXED, MREMAP_MAYMOVE | MREMAP_FIXED | 8,
        MREMAP_DONTUNMAP};
    uint64_t off = (uint64_t)rnd(64) * MEM_PAGE + (rnd(40) ? 0 : 8),
             len = (uint64_t)rnd(9) * MEM_PAGE + (rnd(4) ? 0 : 100);
    uint64_t to = (uint64_t)rnd(64) * MEM_PAGE, new_len = rnd(3) ? len : (uint64_t)rnd(9) * MEM_PAGE;
    int prot = prots[rnd(3)], shared = rnd(3) ? MAP_PRIVATE : MAP_SHARED, rf = remap_flags[rnd(ARRAY_LEN(remap_flags))];
    int64_t got, want;

    switch (rnd(4)) {
    case 0:
        got = mem_map(m, base + off, len, prot, shared | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        want = host(mmap((void *)(twin + off), len, prot, shared | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
        break;
    case 1:
        got = mem_unmap(m, base + off, len);
        want = munmap((void *)(twin + off), len) ? -errno : 0;
        break;
    case 2:
        got = mem_protect(m, base + off, len, prot);
        want = mprotect((void *)(twin + off), len, prot) ? -errno : 0;
        break;
    default:
        if (rf & MREMAP_DONTUNMAP) /* kernels differ in whether they round the lengths before they compare them */
            len = align_up(len, MEM_PAGE), new_len = align_up(new_len, MEM_PAGE);
        got = mem_remap(m, base + off, len, new_len, rf, base + to);
        want = host(mremap((void *)(twin + off), len, new_len, rf, (void *)(twin + to)));
        break;
    }
    if (relative(got, base) != relative(want, twin))
        FAIL("off %#lx len %#lx new %#lx to %#lx flags %#x prot %d: got %ld, host %ld", (unsigned long)off,
            (unsigned long)len, (unsigned long)new_len, (unsigned long)to, (unsigned)rf, prot,
            (long)relative(got, base), (long)relative(want, twin));
}

static void twin_compare(struct mem_space *m, uint64_t base)
{
    for (uint64_t off = 0; off < 80 * MEM_PAGE; off += MEM_PAGE) {
        bool mapped = !(msync((void *)(twin + off), MEM_PAGE, MS_ASYNC) && errno == ENOMEM);
        bool ours = !(msync((void *)(base + off), MEM_PAGE, MS_ASYNC) && errno == ENOMEM);

        CHECK_EQ(mem_query(m, base + off) >= 0, mapped);
        CHECK_EQ(ours, mapped);
    }
}

TEST_TIMEOUT(random_calls_against_the_host_kernel, 120)
{
    uint64_t base = 0x20000000;
    struct mem_space *m = make(0x28000000);

    twin = 0x30000000;
    for (int i = 0; i < 20000; i++) {
        twin_step(m, base);
        if (i % 8 == 0)
            twin_compare(m, base);
    }
}

TEST(errors_as_linux_gives_them)
{
    struct mem_space *m = make(SPACE);
    const int anon = MAP_PRIVATE | MAP_ANONYMOUS;
    int64_t at;

    CHECK_EQ(mem_map(m, 0, 0, PROT_READ, anon, -1, 0), (int64_t)-EINVAL);
    CHECK_EQ(mem_map(m, 0, 4096, PROT_READ, anon, -1, 5), (int64_t)-EINVAL);
    CHECK_EQ(mem_map(m, 0, UINT64_MAX, PROT_READ, anon, -1, 0), (int64_t)-ENOMEM);
    CHECK_EQ(mem_map(m, 0, (uint64_t)1 << 62, PROT_READ, anon, -1, 0), (int64_t)-ENOMEM);
    CHECK_EQ(mem_map(m, SPACE - 4096, 8192, PROT_READ, anon | MAP_FIXED, -1, 0), (int64_t)-ENOMEM);
    CHECK_EQ(mem_map(m, 0x10001, 4096, PROT_READ, anon | MAP_FIXED, -1, 0), (int64_t)-EINVAL);
    CHECK_EQ(mem_map(m, 0, 4096, PROT_READ, MAP_PRIVATE, 987, 0), (int64_t)-EBADF);
    CHECK_EQ(mem_map(m, 0, 4096, PROT_READ, MAP_ANONYMOUS, -1, 0), (int64_t)-EINVAL);
    CHECK_EQ(mem_unmap(m, 0x10000, 0), (int64_t)-EINVAL);
    CHECK_EQ(mem_unmap(m, 0x10001, 4096), (int64_t)-EINVAL);
    CHECK_EQ(mem_unmap(m, 0x10000, (uint64_t)1 << 40), (int64_t)-EINVAL);
    CHECK_EQ(mem_protect(m, 0x10000, 4096, PROT_READ), (int64_t)-ENOMEM);
    CHECK_EQ(mem_protect(m, 0x10000, 0, PROT_READ), (int64_t)0);
    CHECK_EQ(mem_protect(m, 0x10000, 4096, 0x100), (int64_t)-EINVAL);
    at = mem_map(m, 0, 4096, PROT_READ, anon, -1, 0);
    CHECK(at > 0);
    CHECK_EQ(mem_remap(m, (uint64_t)at, 0, 4096, MREMAP_MAYMOVE, 0), (int64_t)-EINVAL);
    CHECK_EQ(mem_remap(m, (uint64_t)at, 8192, 16384, MREMAP_MAYMOVE, 0), (int64_t)-EFAULT);
    CHECK_EQ(mem_remap(m, 0x10000, 4096, 8192, MREMAP_MAYMOVE, 0), (int64_t)-EFAULT);
    CHECK_EQ(mem_remap(m, (uint64_t)at, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, (uint64_t)at), (int64_t)-EINVAL);
}

/* A refused mapping leaves what was there alone. */
TEST(failed_map_keeps_the_old_one)
{
    struct mem_space *m = make(SPACE);
    int fd = open("/proc/self/exe", O_RDONLY);
    int64_t at = mem_map(m, 0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    *(char *)at = 7;
    CHECK_EQ(mem_map(m, (uint64_t)at, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0), (int64_t)-EACCES);
    CHECK_EQ(mem_query(m, (uint64_t)at), PROT_READ | PROT_WRITE);
    CHECK_EQ(*(char *)at, 7);
}

TEST(shared_file_mappings_and_their_pieces)
{
    struct mem_space *m = make(SPACE);
    int fd = memfd_create("t", 0);
    struct mem_area a;
    int64_t one, two;
    char c = 0;

    CHECK_EQ(ftruncate(fd, 0x4000), 0);
    one = mem_map(m, 0, 0x4000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    two = mem_map(m, 0, 0x1000, PROT_READ, MAP_SHARED, fd, 0x2000);
    *(char *)(one + 0x2000) = 'x';
    CHECK_EQ(mem_read(m, (uint64_t)two, &c, 1), 0);
    CHECK_EQ(c, 'x');
    CHECK_EQ(mem_protect(m, (uint64_t)one + 0x1000, 0x1000, PROT_READ), (int64_t)0);
    CHECK(mem_find(m, (uint64_t)one + 0x3000, &a));
    CHECK_EQ(a.offset, (uint64_t)0x2000);
    CHECK_EQ(mem_protect(m, (uint64_t)one + 0x1000, 0x1000, PROT_READ | PROT_WRITE), (int64_t)0);
    CHECK(mem_find(m, (uint64_t)one + 0x3000, &a));
    CHECK_EQ(a.offset, (uint64_t)0);
    /* duplicated by an old length of 0 */
    two = mem_remap(m, (uint64_t)one, 0, 0x4000, MREMAP_MAYMOVE, 0);
    CHECK(two > 0 && two != one);
    CHECK_EQ(*(char *)(two + 0x2000), 'x');
    CHECK_EQ(mem_query(m, (uint64_t)one), PROT_READ | PROT_WRITE);
    /* past the end of the file: SIGBUS, survived */
    CHECK_EQ(ftruncate(fd, 0x1000), 0);
    CHECK_EQ(mem_read(m, (uint64_t)one + 0x2000, &c, 1), -EFAULT);
    CHECK_EQ(mem_write(m, (uint64_t)one + 0x2000, &c, 1), -EFAULT);
}

TEST(watched_pages_catch_stores_and_calls)
{
    struct mem_space *m = make(SPACE);
    const int rwx = PROT_READ | PROT_WRITE | PROT_EXEC;
    uint64_t at = (uint64_t)mem_map(m, 0, 0x4000, rwx, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), v = 0;
    int fd = open("/dev/zero", O_RDONLY);

    mem_watch_code(m, at + 0xffe, at + 0x1002); /* straddles two pages */
    *(volatile char *)(at + 0x2000) = 1;
    CHECK_EQ(changes, 0u);
    *(volatile char *)(at + 0x1800) = 1;
    CHECK_EQ(changes, 1u);
    CHECK_EQ(change_start, at + 0x1000);
    CHECK_EQ(change_end, at + 0x2000);
    CHECK_EQ(read(fd, (void *)at, 8), (ssize_t)-1); /* the kernel sees the protection */
    mem_prepare_write(m, at, 8);
    CHECK_EQ(changes, 2u);
    CHECK_EQ(read(fd, (void *)at, 8), (ssize_t)8);
    mem_watch_code(m, at, at + 4);
    CHECK_EQ(mem_cas(m, at, 8, &v, 5), 0);
    CHECK_EQ(changes, 3u);
    CHECK_EQ(*(uint64_t *)at, (uint64_t)5);
    /* not writable, so nothing to watch; becoming writable starts the watch, and the code lives on until a store */
    CHECK_EQ(mem_protect(m, at, 0x1000, PROT_READ | PROT_EXEC), (int64_t)0);
    mem_watch_code(m, at, at + 4);
    CHECK_EQ(mem_protect(m, at, 0x1000, rwx), (int64_t)0);
    CHECK_EQ(changes, 3u);
    *(volatile char *)at = 1;
    CHECK_EQ(changes, 4u);
    /* no longer executable: gone at once */
    mem_watch_code(m, at, at + 4);
    CHECK_EQ(mem_protect(m, at, 0x1000, PROT_READ | PROT_WRITE), (int64_t)0);
    CHECK_EQ(changes, 5u);
    *(volatile char *)at = 2;
    CHECK_EQ(changes, 5u);
    CHECK_EQ(mem_protect(m, at, 0x1000, rwx), (int64_t)0);
    mem_watch_code(m, at, at + 4);
    CHECK_EQ(mem_unmap(m, at, 0x1000), (int64_t)0);
    CHECK_EQ(changes, 6u);
    CHECK_EQ(mem_write_fault(m, at), false);
}

TEST(copies_survive)
{
    struct mem_space *m = make(SPACE);
    uint64_t at = (uint64_t)mem_map(m, 0x100000, 0x1000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), v;
    char buf[64];

    CHECK_EQ(at, (uint64_t)0x100000);
    strcpy((char *)at + 0xff0, "hello");
    CHECK_EQ(mem_read_string(m, at + 0xff0, buf, sizeof(buf)), (ssize_t)5);
    CHECK_STR(buf, "hello");
    CHECK_EQ(mem_read_string(m, at + 0xff0, buf, 5), (ssize_t)-ENAMETOOLONG);
    memset((char *)at + 0xff0, 'a', 16);
    CHECK_EQ(mem_read_string(m, at + 0xff0, buf, sizeof(buf)), (ssize_t)-EFAULT);
    for (size_t len = 1; len < 16; len++)
        CHECK_EQ(mem_read(m, at + 0x1000 - len + 1, buf, len), -EFAULT);
    CHECK_EQ(mem_write(m, at + 0xffc, buf, 8), -EFAULT);
    CHECK_EQ(mem_read(m, (uint64_t)1 << 40, buf, 1), -EFAULT);
    CHECK_EQ(mem_read(m, UINT64_MAX, buf, 2), -EFAULT);
    CHECK_EQ(mem_read(m, at, buf, 0), 0);
    for (unsigned size = 1; size <= 8; size *= 2) {
        v = *(uint64_t *)at = 0x1122334455667788;
        v &= mask64(size * 8);
        CHECK_EQ(mem_cas(m, at, size, &v, 0), 0);
        CHECK_EQ(*(uint64_t *)at, 0x1122334455667788 & ~mask64(size * 8));
        v = 1;
        CHECK_EQ(mem_cas(m, at, size, &v, 7), 0); /* does not match: tells what is there */
        CHECK_EQ(v, (uint64_t)0);
        CHECK_EQ(mem_cas(m, at + 0x1000, size, &v, 7), -EFAULT);
    }
}

TEST(growsdown)
{
    struct mem_space *m = make(SPACE);
    struct rlimit limit = {0x40000, RLIM_INFINITY};
    uint64_t top = 0x40000000, start = top - 0x2000;

    CHECK_EQ(setrlimit(RLIMIT_STACK, &limit), 0);
    CHECK_EQ(mem_map(m, start, 0x2000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED,
                 -1, 0),
        (int64_t)start);
    *(volatile char *)(start - 0x5000) = 1;
    CHECK_EQ(mem_query(m, start - 0x5000), PROT_READ | PROT_WRITE);
    CHECK_EQ(mem_query(m, start - 0x5001), -1);
    CHECK_EQ(mem_grow(m, top - 0x41000), false); /* RLIMIT_STACK */
    CHECK_EQ(mem_map(m, start - 0x100000, 0x1000, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
        (int64_t)(start - 0x100000));
    CHECK_EQ(mem_grow(m, start - 0x6000), false); /* the guard gap */
    /* nothing is put into the gap by choice */
    CHECK_EQ(mem_unmap(m, start - 0x100000, 0x1000), (int64_t)0);
    mem_set_mmap_base(m, top);
    CHECK_EQ(
        mem_map(m, 0, 0x1000, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), (int64_t)(start - 0x5000 - 0x101000));
}

TEST(shm_attach_and_detach)
{
    struct mem_space *m = make(SPACE);
    int id = shmget(IPC_PRIVATE, 0x3000, IPC_CREAT | 0600);
    uint64_t one, two;

    if (id < 0)
        SKIP("no System V shared memory here");
    one = (uint64_t)mem_shmat(m, id, 0, 0);
    two = (uint64_t)mem_shmat(m, id, 0x200123, SHM_RND | SHM_RDONLY);
    shmctl(id, IPC_RMID, NULL);
    CHECK_EQ(two, (uint64_t)0x200000);
    CHECK(one < SPACE);
    *(char *)(one + 0x1000) = 9;
    CHECK_EQ(*(char *)(two + 0x1000), 9);
    CHECK_EQ(mem_query(m, two), PROT_READ);
    CHECK_EQ(mem_shmat(m, id, two, 0), (int64_t)-EINVAL);
    CHECK_EQ(mem_unmap(m, one + 0x1000, 0x1000), (int64_t)0);
    CHECK_EQ(mem_shmdt(m, one + 0x1000), (int64_t)-EINVAL);
    CHECK_EQ(mem_shmdt(m, one), (int64_t)0);
    CHECK_EQ(mem_query(m, one + 0x2000), -1);
    CHECK_EQ(mem_query(m, two), PROT_READ);
    CHECK_EQ(mem_shmdt(m, two), (int64_t)0);
    CHECK_EQ(mem_total(m), (uint64_t)0);
}

/* With Sv48 lodge's own mappings lie inside: they are never replaced, and choices avoid them. */
TEST(sv48_never_takes_what_is_not_the_guests)
{
    struct mem_space *m = make((uint64_t)1 << 47);
    char *own = mmap(NULL, 0x3000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t addr = (uint64_t)own;
    int64_t at;

    munmap(own + 0x1000, 0x1000);
    own[0] = own[0x2000] = 5;
    CHECK_EQ(mem_map(m, addr + 0x1000, 0x1000, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
        (int64_t)(addr + 0x1000));
    CHECK_EQ(mem_map(m, addr, 0x3000, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), (int64_t)-ENOMEM);
    CHECK_EQ(mem_query(m, addr + 0x1000), PROT_READ);
    CHECK_EQ(mem_unmap(m, addr, 0x3000), (int64_t)0);
    CHECK_EQ(own[0] + own[0x2000], 10);
    mem_set_mmap_base(m, addr + 0x3000);
    at = mem_map(m, 0, 0x3000, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(at > 0 && (uint64_t)at + 0x3000 <= addr);
    CHECK_EQ(own[0] + own[0x2000], 10);
}

TEST(dontfork)
{
    struct mem_space *m = make(SPACE);
    uint64_t at = (uint64_t)mem_map(m, 0, 0x3000, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int status;
    pid_t pid;

    CHECK_EQ(madvise((void *)(at + 0x1000), 0x1000, MADV_DONTFORK), 0);
    mem_set_dontfork(m, at + 0x1000, at + 0x2000, true);
    mem_fork_prepare(m);
    pid = fork();
    mem_fork_done(m);
    if (pid == 0)
        _exit(
            mem_query(m, at) == PROT_READ && mem_query(m, at + 0x1000) == -1 && mem_query(m, at + 0x2000) == PROT_READ);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(WEXITSTATUS(status), 1);
    CHECK_EQ(mem_query(m, at + 0x1000), PROT_READ);
    mem_lock(m);
    mem_lock(m); /* recursive */
    mem_unlock(m);
    mem_unlock(m);
}
