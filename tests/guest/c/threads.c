/* POSIX threads: thread-local storage of every model, mutexes of every kind, condition variables, rwlocks, semaphores, once,
 * keys, cancellation, small and large stacks, barriers, robust mutexes across processes, fork out of a threaded process.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "out.h"

static _Thread_local int zero;
static _Thread_local uint64_t initial = 0x1122334455667788;
static __thread char buffer[3000] __attribute__((aligned(64)));
static pthread_key_t key;
static _Atomic int destroyed;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int onced;
static void once_fn(void)
{
    onced++;
}
static void destructor(void *value)
{
    destroyed += (int)(intptr_t)value;
}

static void *local(void *arg)
{
    int me = (int)(intptr_t)arg;
    CHECK(zero == 0 && initial == 0x1122334455667788 && ((uintptr_t)buffer & 63) == 0);
    pthread_setspecific(key, (void *)(intptr_t)me);
    pthread_once(&once, once_fn);
    for (int i = 0; i < 1000; i++) {
        zero += me;
        initial ^= (uint64_t)i * (uint64_t)me;
        buffer[i * 3] = (char)me;
    }
    return (void *)(uintptr_t)(initial + (uint64_t)zero);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER, not_full = PTHREAD_COND_INITIALIZER;
static int queue[16], head, tail, ended;
static void *producer(void *arg)
{
    int base = (int)(intptr_t)arg;
    for (int i = 0; i < 3000; i++) {
        pthread_mutex_lock(&mutex);
        while (tail - head == 16)
            pthread_cond_wait(&not_full, &mutex);
        queue[tail++ % 16] = base + i;
        pthread_cond_signal(&not_empty);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}
static void *consumer(void *arg)
{
    (void)arg;
    intptr_t total = 0;
    for (;;) {
        pthread_mutex_lock(&mutex);
        while (tail == head && !ended)
            pthread_cond_wait(&not_empty, &mutex);
        if (tail == head) {
            pthread_mutex_unlock(&mutex);
            return (void *)total;
        }
        total += queue[head++ % 16];
        pthread_cond_broadcast(&not_full);
        pthread_mutex_unlock(&mutex);
    }
}

static void queues(void)
{
    pthread_t p[3], c[3];
    for (intptr_t i = 0; i < 3; i++) {
        pthread_create(&c[i], NULL, consumer, NULL);
        pthread_create(&p[i], NULL, producer, (void *)(i * 100000));
    }
    for (int i = 0; i < 3; i++)
        pthread_join(p[i], NULL);
    pthread_mutex_lock(&mutex);
    ended = 1;
    pthread_cond_broadcast(&not_empty);
    pthread_mutex_unlock(&mutex);
    intptr_t total = 0;
    for (int i = 0; i < 3; i++) {
        void *part;
        pthread_join(c[i], &part);
        total += (intptr_t)part;
    }
    printf("queue: %ld\n", (long)total);
}

static pthread_mutex_t kinds[4];
static long guarded[4];
static void *lockers(void *arg)
{
    (void)arg;
    for (int i = 0; i < 4000; i++) {
        int k = i % 4;
        while (k == 2 && pthread_mutex_trylock(&kinds[2]) != 0)
            ;
        if (k != 2)
            pthread_mutex_lock(&kinds[k]);
        guarded[k]++;
        if (k == 1) {
            CHECK(pthread_mutex_lock(&kinds[1]) == 0);
            pthread_mutex_unlock(&kinds[1]);
        }
        pthread_mutex_unlock(&kinds[k]);
    }
    return NULL;
}

static void mutexes(void)
{
    int types[] = {PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_ADAPTIVE_NP};
    pthread_t t[4];
    for (int i = 0; i < 4; i++) {
        pthread_mutexattr_t attr;
        pthread_mutexattr_init(&attr);
        pthread_mutexattr_settype(&attr, types[i]);
        if (i == 0)
            pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
        CHECK(pthread_mutex_init(&kinds[i], &attr) == 0);
    }
    for (int i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, lockers, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    printf("mutexes: %ld %ld %ld %ld\n", guarded[0], guarded[1], guarded[2], guarded[3]);
    pthread_mutex_lock(&kinds[2]);
    CHECK(pthread_mutex_lock(&kinds[2]) == EDEADLK);
    struct timespec soon;
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec += 20000000;
    soon.tv_sec += soon.tv_nsec / 1000000000;
    soon.tv_nsec %= 1000000000;
    pthread_mutex_lock(&mutex);
    CHECK(pthread_cond_timedwait(&not_empty, &mutex, &soon) == ETIMEDOUT);
    pthread_mutex_unlock(&mutex);
}

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static sem_t semaphore;
static long shared_a, shared_b;
static void *readers(void *arg)
{
    long me = (long)(intptr_t)arg;
    for (int i = 0; i < 2000; i++) {
        if (i % 10 == me) {
            pthread_rwlock_wrlock(&rwlock);
            shared_a++;
            shared_b--;
        } else {
            pthread_rwlock_rdlock(&rwlock);
            CHECK(shared_a + shared_b == 0);
        }
        pthread_rwlock_unlock(&rwlock);
    }
    sem_post(&semaphore);
    return NULL;
}

static _Atomic int cleaned;
static void cleanup(void *arg)
{
    cleaned += (int)(intptr_t)arg;
}
static void *cancelled(void *arg)
{
    pthread_cleanup_push(cleanup, arg);
    if ((intptr_t)arg == 1)
        pause();
    else
        for (;;)
            pthread_testcancel();
    pthread_cleanup_pop(0);
    return NULL;
}

static void cancel(void)
{
    for (intptr_t i = 1; i <= 2; i++) {
        pthread_t t;
        void *result;
        pthread_create(&t, NULL, cancelled, (void *)i);
        usleep(20000);
        pthread_cancel(t);
        pthread_join(t, &result);
        CHECK(result == PTHREAD_CANCELED);
    }
    printf("cancelled: %d\n", cleaned);
}

static void *deep(void *arg)
{
    volatile char frame[4096];
    intptr_t n = (intptr_t)arg;
    frame[0] = (char)n;
    return n == 0 ? (void *)1 : (void *)((intptr_t)deep((void *)(n - 1)) + frame[0] - (char)n + 1);
}

static void stacks(void)
{
    size_t sizes[] = {16384 + 65536, 1 << 20, 64 << 20};
    for (size_t i = 0; i < LEN(sizes); i++) {
        pthread_attr_t attr;
        pthread_t t;
        void *result;
        pthread_attr_init(&attr);
        pthread_attr_setstacksize(&attr, sizes[i]);
        CHECK(pthread_create(&t, &attr, deep, (void *)(intptr_t)(sizes[i] / 8192)) == 0);
        pthread_join(t, &result);
        printf("stack of %zu: %ld\n", sizes[i], (long)(intptr_t)result);
    }
}

static void processes(void)
{
    struct shared {
        pthread_mutex_t robust;
        pthread_barrier_t barrier;
        sem_t done;
        long count;
    } *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&s->robust, &attr);
    sem_init(&s->done, 1, 0);
    for (int i = 0; i < 3; i++)
        if (fork() == 0) {
            for (int k = 0; k < 500; k++) {
                if (pthread_mutex_lock(&s->robust) == EOWNERDEAD)
                    pthread_mutex_consistent(&s->robust);
                s->count++;
                pthread_mutex_unlock(&s->robust);
            }
            pthread_mutex_lock(&s->robust); /* dies with it */
            sem_post(&s->done);
            _exit(0);
        }
    for (int i = 0; i < 3; i++)
        sem_wait(&s->done);
    while (wait(NULL) > 0)
        ;
    int got = pthread_mutex_lock(&s->robust);
    printf("robust: %ld %s\n", s->count, got == EOWNERDEAD ? "owner died" : "?");
}

static void *forker(void *arg)
{
    intptr_t bad = 0;
    for (int i = 0; i < 15; i++) {
        int status = 0;
        pid_t pid = fork();
        if (pid == 0) {
            char *p = malloc(5000);
            memset(p, 1, 5000);
            free(p);
            _exit((int)(intptr_t)arg + i);
        }
        waitpid(pid, &status, 0);
        bad += !WIFEXITED(status) || WEXITSTATUS(status) != (int)(intptr_t)arg + i;
    }
    return (void *)bad;
}

int main(void)
{
    pthread_t t[8];
    pthread_key_create(&key, destructor);
    for (intptr_t i = 0; i < 8; i++)
        pthread_create(&t[i], NULL, local, (void *)(i + 1));
    struct sum s = SUM_INIT;
    for (int i = 0; i < 8; i++) {
        void *result;
        pthread_join(t[i], &result);
        sum_add(&s, (uint64_t)(uintptr_t)result);
    }
    out("thread-local", s.h);
    printf("keys: %d, once: %d\n", destroyed, onced);
    queues();
    mutexes();
    sem_init(&semaphore, 0, 0);
    for (intptr_t i = 0; i < 4; i++) {
        pthread_create(&t[i], NULL, readers, (void *)i);
        pthread_detach(t[i]);
    }
    for (int i = 0; i < 4; i++)
        sem_wait(&semaphore);
    printf("rwlock: %ld %ld\n", shared_a, shared_b);
    cancel();
    stacks();
    fflush(stdout);
    processes();
    fflush(stdout);
    for (intptr_t i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, forker, (void *)(i * 20));
    intptr_t bad = 0;
    for (int i = 0; i < 4; i++) {
        void *result;
        pthread_join(t[i], &result);
        bad += (intptr_t)result;
    }
    printf("forks gone wrong: %ld\n", (long)bad);
    return 0;
}
