/* Code that the kernel writes: by calls into pages that can be written and executed, by calls that were asleep when code was run
 * from their buffer, by process_vm_writev and /proc/self/mem, through files and through other mappings. After the
 * instruction cache was flushed the new code runs, and no call fails with EFAULT.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "facts.h"

#define PAGE 4096
#define RWX (PROT_READ | PROT_WRITE | PROT_EXEC)
enum { SIZE = 8 };

/* A function that returns n. */
static void make(void *at, int n)
{
#if defined(__riscv)
    unsigned code[2] = {0x513 | (unsigned)n << 20, 0x8067};
#else
    unsigned char code[SIZE] = {0xb8, (unsigned char)n, 0, 0, 0, 0xc3};
#endif
    memcpy(at, code, SIZE);
}

static int run(char *at)
{
    __builtin___clear_cache(at, at + SIZE);
    return ((int (*)(void))at)();
}

static void plain_calls(char *code)
{
    char next[SIZE];
    int p[2], fd = memfd_create("x", 0), self = open("/proc/self/mem", O_RDWR);
    struct iovec in = {next, SIZE}, out = {code, SIZE};

    make(code, 1);
    CHECK(run(code) == 1, "stores");
    make(next, 2);
    CHECK(pwrite(fd, next, SIZE, 0) == SIZE && pread(fd, code, SIZE, 0) == SIZE && run(code) == 2, "pread");
    make(next, 3);
    CHECK(pipe(p) == 0 && write(p[1], next, SIZE) == SIZE && readv(p[0], &out, 1) == SIZE && run(code) == 3, "readv");
    make(next, 4);
    CHECK(process_vm_writev(getpid(), &in, 1, &out, 1, 0) == SIZE && run(code) == 4, "process_vm_writev");
    make(next, 5);
    CHECK(pwrite(self, next, SIZE, (off_t)(long)code) == SIZE && run(code) == 5, "pwrite to /proc/self/mem");
    make(next, 6);
    CHECK(lseek(self, (off_t)(long)code, SEEK_SET) != -1 && write(self, next, SIZE) == SIZE && run(code) == 6,
        "write to /proc/self/mem");
    close(self);
    close(fd);
}

static void shared_file(void)
{
    char next[SIZE], *code, *other;
    int fd = memfd_create("x", 0), p[2];

    make(next, 1);
    CHECK(ftruncate(fd, PAGE) == 0 && pwrite(fd, next, SIZE, 0) == SIZE && pipe(p) == 0, "a file");
    code = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    other = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(run(code) == 1, "code from a shared file");
    make(next, 2);
    CHECK(pwrite(fd, next, SIZE, 0) == SIZE && run(code) == 2, "write(2) to the file");
    make(other, 3);
    CHECK(run(code) == 3, "stores through another mapping");
    make(next, 4);
    CHECK(write(p[1], next, SIZE) == SIZE && splice(p[0], NULL, fd, &(loff_t){0}, SIZE, 0) == SIZE && run(code) == 4,
        "splice");
    if (fork() == 0) {
        make(other, 5);
        _exit(0);
    }
    wait(NULL);
    CHECK(run(code) == 5, "stores of another process");
    munmap(code, PAGE);
    munmap(other, PAGE);
    close(fd);
}

static struct sleeper {
    int fd;
    char *to;
    long got;
    int how;
    volatile int ready;
} sleeper;

static void *sleep_in_call(void *arg)
{
    struct sleeper *s = arg;
    struct iovec iov = {s->to, SIZE};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

    s->ready = 1;
    s->got = s->how == 0 ? read(s->fd, s->to, SIZE)
        : s->how == 1    ? recv(s->fd, s->to, SIZE, 0)
        : s->how == 2    ? recvmsg(s->fd, &msg, 0)
                         : readv(s->fd, &iov, 1);
    return NULL;
}

/* The call sleeps; code runs from the page that its buffer lies in; the data come. */
static void asleep(char *code, int how, const char *name)
{
    char next[SIZE];
    pthread_t thread;
    int s[2], before;

    socketpair(AF_UNIX, SOCK_DGRAM, 0, s);
    make(code, 1);
    make(code + 512, 2);
    sleeper = (struct sleeper){.fd = s[0], .to = code + 512, .how = how};
    pthread_create(&thread, NULL, sleep_in_call, &sleeper);
    while (!sleeper.ready)
        sched_yield();
    usleep(50000);
    before = run(code) * 10 + run(code + 512);
    make(next, 3);
    write(s[1], next, SIZE);
    pthread_join(thread, NULL);
    CHECK(before == 12 && sleeper.got == SIZE, name);
    CHECK(run(code + 512) == 3 && run(code) == 1, "and the new code runs");
    make(code + 512, 4);
    CHECK(run(code + 512) == 4, "stores after it");
    close(s[0]);
    close(s[1]);
}

static volatile int stop;

static void *reader(void *arg)
{
    int zero = open("/dev/zero", O_RDONLY);
    long bad = 0;

    while (!stop)
        bad += read(zero, (char *)arg + 2048, 64) != 64;
    close(zero);
    return (void *)bad;
}

/* Watched, written, watched, ... by many calls. */
static void storm(char *code)
{
    pthread_t threads[2];
    int wrong = 0;
    void *bad;

    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, reader, code);
    for (int i = 0; i < 300; i++) {
        make(code, i % 100);
        wrong += run(code) != i % 100;
    }
    stop = 1;
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], &bad);
        CHECK(bad == NULL, "no read fails while code beside its buffer is run");
    }
    CHECK(wrong == 0, "and the code is always the newest");
}

int main(void)
{
    char *code = mmap(NULL, PAGE, RWX, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    plain_calls(code);
    shared_file();
    asleep(code, 0, "read");
    asleep(code, 1, "recv");
    asleep(code, 2, "recvmsg");
    asleep(code, 3, "readv");
    storm(code);
    return check_done();
}
