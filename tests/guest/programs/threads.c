/* Threads: atomics of every size, mutexes of every kind, cancellation, thread-local data, and a process that outlives
 * its main thread. */
#include "guest.h"
#include <linux/futex.h>
#include <semaphore.h>

#define THREADS 8
#define ROUNDS 20000

static struct {
    _Atomic uint8_t u8;
    _Atomic uint16_t u16;
    _Atomic uint32_t u32;
    _Atomic uint64_t u64, max, bits, swapped, compared;
    uint64_t guarded;
    pthread_mutex_t mutex;
    pthread_barrier_t barrier;
} shared = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static _Thread_local uint64_t local;

static void *count(void *argument)
{
    uint64_t me = (uint64_t)(uintptr_t)argument;
    pthread_barrier_wait(&shared.barrier);
    for (uint64_t i = 0; i < ROUNDS; i++) {
        shared.u8++;
        shared.u16 += 3;
        shared.u32 -= 5;
        shared.u64 += me;
        atomic_fetch_xor(&shared.bits, me * i);
        atomic_fetch_add(&shared.swapped, atomic_exchange(&shared.max, i) & 0);
        uint64_t old = atomic_load(&shared.compared);
        while (!atomic_compare_exchange_weak(&shared.compared, &old, old * 3 + 1 - old * 2))
            ;
        pthread_mutex_lock(&shared.mutex);
        shared.guarded++;
        pthread_mutex_unlock(&shared.mutex);
        local += me;
    }
    return (void *)(uintptr_t)local;
}

static void atomics(void)
{
    pthread_t threads[THREADS];
    uint64_t locals = 0, sum = 0, bits = 0;
    pthread_barrier_init(&shared.barrier, NULL, THREADS);
    for (uint64_t i = 0; i < THREADS; i++)
        need(!pthread_create(&threads[i], NULL, count, (void *)(uintptr_t)(i + 1)), "pthread_create");
    for (uint64_t i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        locals += (uint64_t)(uintptr_t)result;
        sum += (i + 1) * ROUNDS;
        for (uint64_t j = 0; j < ROUNDS; j++)
            bits ^= (i + 1) * j;
    }
    errno = 0;
    ok(shared.u8 == (uint8_t)(THREADS * ROUNDS) && shared.u16 == (uint16_t)(3 * THREADS * ROUNDS),
        "8 and 16 bits, atomically");
    ok(shared.u32 == (uint32_t)(-5 * THREADS * ROUNDS) && shared.u64 == sum && shared.bits == bits, "32 and 64 bits");
    ok(shared.compared == THREADS * ROUNDS, "compare and exchange");
    ok(shared.guarded == THREADS * ROUNDS, "a mutex");
    ok(locals == sum && !local, "thread-local data");
}

static void *die_with_lock(void *mutex)
{
    pthread_mutex_lock(mutex);
    return NULL;
}

static void kinds_of_mutexes(void)
{
    pthread_mutexattr_t attributes;
    pthread_mutex_t robust, inherit;
    pthread_t thread;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&robust, &attributes);
    pthread_create(&thread, NULL, die_with_lock, &robust);
    pthread_join(thread, NULL);
    ok(pthread_mutex_lock(&robust) == EOWNERDEAD, "a robust mutex tells that its owner died");
    pthread_mutex_consistent(&robust);
    pthread_mutex_unlock(&robust);

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
    pthread_mutex_init(&inherit, &attributes);
    struct timespec soon;
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_sec++;
    pthread_mutex_lock(&inherit);
    ok(pthread_mutex_timedlock(&inherit, &soon) == ETIMEDOUT, "a priority-inheriting mutex: the time is over");
    ok(!pthread_mutex_unlock(&inherit), "and is unlocked");
}

static void robust_across_processes(void)
{
    pthread_mutexattr_t attributes;
    pthread_mutex_t *mutex = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    need(mutex != MAP_FAILED, "mmap");
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(mutex, &attributes);
    pid_t pid = fork();
    if (pid == 0) {
        pthread_mutex_lock(mutex);
        kill(getpid(), SIGKILL);
    }
    waitpid(pid, NULL, 0);
    ok(pthread_mutex_lock(mutex) == EOWNERDEAD, "a killed process's shared robust mutex, too");
}

static _Atomic int cleaned;

static void clean(void *unused)
{
    (void)unused;
    cleaned++;
}

static void *block(void *descriptor)
{
    char c;
    pthread_cleanup_push(clean, NULL);
    while (read(*(int *)descriptor, &c, 1) != 1)
        ;
    pthread_cleanup_pop(0);
    return NULL;
}

static void *spin(void *unused)
{
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    pthread_cleanup_push(clean, NULL);
    for (volatile unsigned i = 0;; i++)
        ;
    pthread_cleanup_pop(0);
    return unused;
}

static void cancellation(void)
{
    int ends[2];
    void *result;
    pthread_t thread;
    need(!pipe(ends), "pipe");
    pthread_create(&thread, NULL, block, &ends[0]);
    usleep(20000);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    ok(result == PTHREAD_CANCELED && cleaned == 1, "a thread cancelled in read");
    pthread_create(&thread, NULL, spin, NULL);
    usleep(20000);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    ok(result == PTHREAD_CANCELED && cleaned == 2, "a thread cancelled in a loop");
    close(ends[0]);
    close(ends[1]);
}

static void *wait_for_word(void *word)
{
    return (void *)syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

static void futexes(void)
{
    static _Atomic uint32_t word;
    struct timespec little = {.tv_nsec = 10000000};
    pthread_t thread;
    ok(syscall(SYS_futex, &word, FUTEX_WAIT, 1, NULL, NULL, 0) < 0 && errno == EAGAIN, "futex: the value has changed");
    ok(syscall(SYS_futex, &word, FUTEX_WAIT, 0, &little, NULL, 0) < 0 && errno == ETIMEDOUT, "futex: the time is over");
    pthread_create(&thread, NULL, wait_for_word, (void *)&word);
    long woken = 0;
    for (int i = 0; i < 2000 && woken != 1; i++) {
        usleep(1000);
        woken = syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
    pthread_join(thread, NULL);
    ok(woken == 1, "futex: one is woken");
}

static void *fork_often(void *unused)
{
    (void)unused;
    for (int i = 0; i < 125; i++) {
        int status;
        pid_t pid = fork();
        if (pid == 0)
            _exit((int)(malloc(100) == NULL) + i % 100);
        if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != i % 100)
            return (void *)1;
    }
    return NULL;
}

static void thousand_forks(void)
{
    pthread_t threads[THREADS];
    uintptr_t wrong = 0;
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, fork_often, NULL);
    for (int i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        wrong += (uintptr_t)result;
    }
    ok(!wrong, "a thousand forks out of eight threads");
}

static void *last_thread(void *unused)
{
    (void)unused;
    usleep(30000);
    _exit(23);
}

static int main_thread_ends(void *unused)
{
    pthread_t thread;
    (void)unused;
    pthread_create(&thread, NULL, last_thread, NULL);
    pthread_exit(NULL);
}

static void *load_from(void *nowhere)
{
    return (void *)(intptr_t) * (volatile int *)nowhere;
}

static int thread_crashes(void *unused)
{
    pthread_t thread;
    struct rlimit none = {0};
    (void)unused;
    setrlimit(RLIMIT_CORE, &none);
    pthread_create(&thread, NULL, load_from, (void *)16);
    pause();
    return 0;
}

static void *named(void *name)
{
    char path[64], text[32] = "";
    prctl(PR_SET_NAME, name);
    snprintf(path, sizeof path, "/proc/self/task/%d/comm", gettid());
    int fd = open(path, O_RDONLY);
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    return (void *)(uintptr_t)(n > 0 && !strcmp(text, "worker-7\n"));
}

int main(void)
{
    void *result;
    pthread_t thread;
    guest_start();
    atomics();
    kinds_of_mutexes();
    robust_across_processes();
    cancellation();
    futexes();
    thousand_forks();
    int status = in_child(main_thread_ends, NULL);
    ok(WIFEXITED(status) && WEXITSTATUS(status) == 23, "a process outlives its main thread");
    status = in_child(thread_crashes, NULL);
    ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "a fault in a thread ends the process");
    pthread_create(&thread, NULL, named, "worker-7");
    pthread_join(thread, &result);
    ok(result != NULL, "a thread's name");
    return guest_end();
}
