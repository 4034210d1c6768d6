/* A guest that misbehaves: `bad WHAT`. What the kernel does about it shows as its exit status or signal, and is the same
 * natively and under lodge. tests/e2e/bad_guest.sh runs each. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef __riscv
#define RETURN_7 0x00700513u, 0x00008067u /* li a0, 7; ret */
#define RETURN_9 0x00900513u, 0x00008067u
#define ILLEGAL 0x00000000u
#else
#define RETURN_7 0x000007b8u, 0x0000c300u /* mov eax, 7; ret */
#define RETURN_9 0x000009b8u, 0x0000c300u
#define ILLEGAL 0x0b0f0b0fu /* ud2 */
#endif

#define CHECK(x)                                                                                                       \
    do {                                                                                                               \
        if (!(x)) {                                                                                                    \
            printf("line %d: %s: %s\n", __LINE__, #x, strerror(errno));                                                \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

static const uint32_t code_7[] = {RETURN_7}, code_9[] = {RETURN_9}, code_illegal[] = {ILLEGAL, ILLEGAL};

static uint32_t *code_page(const uint32_t *code, size_t size)
{
    uint32_t *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(p != MAP_FAILED);
    memcpy(p, code, size);
    __builtin___clear_cache((char *)p, (char *)p + 4096);
    return p;
}

static int call(const void *code)
{
    int (*f)(void);

    memcpy(&f, &code, sizeof(f));
    return f();
}

static int jump_null(void)
{
    return call((void *)(uintptr_t)0);
}
static int jump_wild(void)
{
    return call((void *)(uintptr_t)0x1234567000);
}
static int jump_kernel(void)
{
    return call((void *)(uintptr_t)0xffffffffffff0000);
}
static int jump_noncanonical(void)
{
    return call((void *)(uintptr_t)0x8000000000000000);
}
static int jump_stack(void)
{
    uint32_t code[2];

    memcpy(code, code_7, sizeof(code));
    return call(code);
}
static int jump_data(void)
{
    static uint32_t code[2];

    memcpy(code, code_7, sizeof(code));
    return call(code);
}
static int illegal(void)
{
    return call(code_page(code_illegal, sizeof(code_illegal)));
}
static int page_end(void) /* the instruction goes on where nothing is */
{
    char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(p != MAP_FAILED && munmap(p + 4096, 4096) == 0);
    memcpy(p + 4094, code_7, 2);
    return call(p + 4094);
}
static int write_text(void)
{
    volatile char *p;
    int (*f)(void) = write_text;

    memcpy(&p, &f, sizeof(p));
    *p = 0;
    return 1;
}
static int read_kernel(void)
{
    return *(volatile int *)(uintptr_t)0xffffffff81000000;
}
static int read_host(void)
{
    return *(volatile char *)(uintptr_t)0x7ffffffff000 & 0;
}
static int write_null(void)
{
    *(volatile int *)(uintptr_t)8 = 1;
    return 1;
}
static int unmap_text(void)
{
    uintptr_t here = (uintptr_t)unmap_text & ~4095ul;

    munmap((void *)(here - 4096), 3 * 4096);
    return 1;
}
static int unmap_all(void)
{
    munmap((void *)4096, (1ul << 38) - 8192);
    return 1;
}
static int unmap_stack(void)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0) & ~4095ul;

    munmap((void *)(here - (1 << 20)), (1 << 20) + 65536);
    return 1;
}
static int bad_stack(void) /* a signal with nowhere to put its frame */
{
    stack_t ss = {.ss_sp = (void *)0x10000000, .ss_size = 65536};
    struct sigaction act = {.sa_handler = (void (*)(int))(uintptr_t)0x1000, .sa_flags = SA_ONSTACK};

    CHECK(sigaltstack(&ss, NULL) == 0 && sigaction(SIGUSR1, &act, NULL) == 0);
    raise(SIGUSR1);
    return 1;
}
static int bad_handler(void)
{
    struct sigaction act = {.sa_handler = (void (*)(int))(uintptr_t)0x1001};

    CHECK(sigaction(SIGSEGV, &act, NULL) == 0);
    return *(volatile int *)(uintptr_t)16;
}
static int bus(void)
{
    char name[] = "/tmp/bus.XXXXXX"; /* cut off behind its mapping */
    int fd = mkstemp(name);
    volatile char *p;

    unlink(name);
    CHECK(ftruncate(fd, 4096) == 0);
    p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    CHECK(p != MAP_FAILED && ftruncate(fd, 0) == 0);
    return *p;
}
static int bus_code(void)
{
    char name[] = "/tmp/bus.XXXXXX";
    int fd = mkstemp(name);
    void *p;

    unlink(name);
    CHECK(ftruncate(fd, 4096) == 0);
    p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    CHECK(p != MAP_FAILED && ftruncate(fd, 0) == 0);
    return call(p);
}

/* ---- threads that pull the ground away ---- */

static void *volatile shared_code;
static volatile int stop, seen_9;

static void *runs_it(void *arg)
{
    while (!stop) {
        int r = call(shared_code);

        if (r == 9)
            seen_9++;
        if (r != 7 && r != 9)
            _exit(3);
    }
    return arg;
}
static int rewrite(void) /* one word at a time, back and forth, while others run it */
{
    pthread_t t[3];
    uint32_t *p = code_page(code_7, sizeof(code_7));

    shared_code = p;
    for (int i = 0; i < 3; i++)
        CHECK(pthread_create(&t[i], NULL, runs_it, NULL) == 0);
    for (int i = 0; i < 3000; i++) {
        __atomic_store_n(p, (i & 1 ? code_9 : code_7)[0], __ATOMIC_SEQ_CST);
        __builtin___clear_cache((char *)p, (char *)p + 64);
    }
    __atomic_store_n(p, code_9[0], __ATOMIC_SEQ_CST);
    __builtin___clear_cache((char *)p, (char *)p + 64);
    seen_9 = 0;
    while (!seen_9)
        sched_yield();
    stop = 1;
    for (int i = 0; i < 3; i++)
        pthread_join(t[i], NULL);
    return 7;
}
static int unmap_running(void) /* the others die of it */
{
    pthread_t t;
    uint32_t *p = code_page(code_7, sizeof(code_7));

    shared_code = p;
    for (int i = 0; i < 3; i++)
        CHECK(pthread_create(&t, NULL, runs_it, NULL) == 0);
    usleep(20000);
    munmap(p, 4096);
    pause();
    return 1;
}
static int protect_running(void)
{
    pthread_t t;
    uint32_t *p = code_page(code_7, sizeof(code_7));

    shared_code = p;
    CHECK(pthread_create(&t, NULL, runs_it, NULL) == 0);
    usleep(20000);
    mprotect(p, 4096, PROT_READ);
    pause();
    return 1;
}
static int remap_running(void) /* what is mapped over it is what runs from then on */
{
    pthread_t t;
    uint32_t *p = code_page(code_7, sizeof(code_7)), *q = code_page(code_9, sizeof(code_9));

    shared_code = p;
    CHECK(pthread_create(&t, NULL, runs_it, NULL) == 0);
    usleep(20000);
    CHECK(mremap(q, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, p) == p);
    while (!seen_9)
        sched_yield();
    stop = 1;
    pthread_join(t, NULL);
    return 7;
}

/* ---- storms and limits ---- */

static volatile int alarms;
static void on_alarm(int signo)
{
    (void)signo;
    alarms++;
}
static void storm(int flags)
{
    struct sigaction act = {.sa_handler = on_alarm, .sa_flags = flags};
    struct itimerval every = {{0, 100}, {0, 100}};

    CHECK(sigaction(SIGALRM, &act, NULL) == 0 && setitimer(ITIMER_REAL, &every, NULL) == 0);
}
static void calm(void)
{
    struct itimerval never = {{0, 0}, {0, 0}};

    setitimer(ITIMER_REAL, &never, NULL);
}
/* A pipe, a child, sleeps and locks under an alarm each 100 us: nothing is lost, nothing is done twice. */
static int eintr(int flags)
{
    int fds[2], n = 0, interrupted = 0, status;
    char byte;
    pid_t pid;
    struct timespec left = {0, 30000000};

    CHECK(pipe(fds) == 0);
    pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 200; i++) {
            byte = (char)i;
            usleep(300);
            CHECK(write(fds[1], &byte, 1) == 1);
        }
        _exit(5);
    }
    close(fds[1]);
    storm(flags);
    for (;;) {
        ssize_t r = read(fds[0], &byte, 1);

        if (r < 0) {
            CHECK(errno == EINTR);
            interrupted++;
            continue;
        }
        if (r == 0)
            break;
        CHECK(byte == (char)n);
        n++;
    }
    CHECK(n == 200);
    while (nanosleep(&left, &left) < 0)
        CHECK(errno == EINTR);
    while (waitpid(pid, &status, 0) < 0)
        CHECK(errno == EINTR);
    calm();
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 5);
    CHECK(alarms > 20);
    CHECK(flags & SA_RESTART ? interrupted == 0 : interrupted > 0);
    return 7;
}
static int eintr_plain(void)
{
    return eintr(0);
}
static int eintr_restart(void)
{
    return eintr(SA_RESTART);
}

static int address_space(void)
{
    struct rlimit limit = {256 << 20, 256 << 20};
    size_t got = 0;

    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
    for (;;) {
        char *p = malloc(1 << 20);

        if (!p)
            break;
        p[0] = 1;
        got++;
    }
    CHECK(errno == ENOMEM && got > 16 && got <= 256);
    CHECK(mmap(NULL, 1ul << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == ENOMEM);
    return 7;
}
static int descriptors(void)
{
    struct rlimit limit = {8, 8};
    int n = 0, fds[2];

    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    while (dup(1) >= 0)
        n++;
    CHECK(errno == EMFILE && n == 5);
    CHECK(pipe(fds) < 0 && errno == EMFILE);
    CHECK(open("/proc/self/maps", O_RDONLY) < 0 && errno == EMFILE);
    CHECK(fork() >= 0);
    execl("/proc/self/exe", "bad", "seven", (char *)NULL);
    return 1;
}
static int waits(void) /* with code of its own in a page that it may write and execute */
{
    CHECK(call(code_page(code_7, sizeof(code_7))) == 7);
    puts("waits");
    pause();
    return 1;
}
static int seven(void)
{
    return 7;
}
static int disk_full(void)
{
    static char block[65536];
    int fd = open("full", O_CREAT | O_WRONLY | O_TRUNC, 0600);
    ssize_t n;
    FILE *f;

    CHECK(fd >= 0);
    do
        n = write(fd, block, sizeof(block));
    while (n > 0);
    CHECK(n < 0 && errno == ENOSPC);
    CHECK((f = fopen("other", "w")) != NULL);
    fputs("text", f);
    CHECK(fclose(f) == EOF && errno == ENOSPC);
    return 7;
}
static int small_stack(void) /* of 64 KB: nothing but its signal when it is used up */
{
    volatile char *p = __builtin_frame_address(0);

    for (;;)
        *(p -= 1024) = 1;
}

#define WHAT(name)                                                                                                     \
    {                                                                                                                  \
#name, name                                                                                                    \
    }
static const struct {
    const char *name;
    int (*run)(void);
} all[] = {WHAT(jump_null), WHAT(jump_wild), WHAT(jump_kernel), WHAT(jump_noncanonical), WHAT(jump_stack),
    WHAT(jump_data), WHAT(illegal), WHAT(page_end), WHAT(write_text), WHAT(read_kernel), WHAT(read_host),
    WHAT(write_null), WHAT(unmap_text), WHAT(unmap_all), WHAT(unmap_stack), WHAT(bad_stack), WHAT(bad_handler),
    WHAT(bus), WHAT(bus_code), WHAT(rewrite), WHAT(unmap_running), WHAT(protect_running), WHAT(remap_running),
    WHAT(eintr_plain), WHAT(eintr_restart), WHAT(address_space), WHAT(descriptors), WHAT(waits), WHAT(seven),
    WHAT(disk_full), WHAT(small_stack)};

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    for (size_t i = 0; argc > 1 && i < sizeof(all) / sizeof(all[0]); i++)
        if (!strcmp(all[i].name, argv[1]))
            return all[i].run();
    return 99;
}
