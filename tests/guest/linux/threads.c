/* Threads: numbers, join, locks of all kinds, signals to one thread, cancellation, the setuid broadcast, who exits first. */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "facts.h"

static atomic_int counter, hits;
static pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER, robust, inherit;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static long unsynced;
static __thread int tls = 5;

static void *count_up(void *arg)
{
    tls += (int)(long)arg;
    for (int i = 0; i < 20000; i++) {
        counter++;
        pthread_mutex_lock(&plain);
        unsynced++;
        pthread_mutex_unlock(&plain);
    }
    return (void *)(long)tls;
}

static void *die_holding(void *arg)
{
    pthread_mutex_lock(arg);
    return NULL;
}

static void *wait_cond(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&plain);
    hits++;
    pthread_cond_wait(&cond, &plain);
    hits++;
    pthread_mutex_unlock(&plain);
    return NULL;
}

static atomic_int handler_tid;

static void on_usr1(int signo)
{
    (void)signo;
    handler_tid = (int)syscall(SYS_gettid);
}

static void *wait_signal(void *arg)
{
    struct timespec ts = {.tv_sec = 5};

    *(atomic_int *)arg = (int)syscall(SYS_gettid);
    return (void *)(long)nanosleep(&ts, NULL);
}

static void *sleep_long(void *arg)
{
    (void)arg;
    for (;;)
        pause();
}

static void *tiny(void *arg)
{
    return arg;
}

static void *exit_later(void *arg)
{
    (void)arg;
    usleep(50000);
    exit(23);
}

static void *exec_like_exit(void *arg)
{
    (void)arg;
    for (;;)
        counter++;
}

static void *set_ids(void *arg)
{
    (void)arg;
    return (void *)(long)setgid(getgid()); /* glibc makes every thread do it, by signal 33 */
}

static int status_of(void (*fn)(void))
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        fn();
        _exit(99);
    }
    waitpid(pid, &status, 0);
    return status;
}

static void main_exits_first(void)
{
    pthread_t t;

    pthread_create(&t, NULL, exit_later, NULL);
    pthread_exit(NULL);
}

static void group_exit(void)
{
    pthread_t t;

    for (int i = 0; i < 3; i++)
        pthread_create(&t, NULL, exec_like_exit, NULL);
    usleep(20000);
    exit(24);
}

static void kill_group(void)
{
    pthread_t t;

    for (int i = 0; i < 3; i++)
        pthread_create(&t, NULL, exec_like_exit, NULL);
    usleep(20000);
    raise(SIGTERM);
    pause();
}

int main(void)
{
    pthread_t t[8];
    void *r;
    int sum = 0;

    for (long i = 0; i < 8; i++)
        pthread_create(&t[i], NULL, count_up, (void *)i);
    for (int i = 0; i < 8; i++) {
        pthread_join(t[i], &r);
        sum += (int)(long)r;
    }
    CHECK(counter == 160000, "atomic additions of 8 threads");
    CHECK(unsynced == 160000, "additions under a mutex");
    CHECK(sum == 8 * 5 + 28 && tls == 5, "thread-local storage");

    for (int i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, wait_cond, NULL);
    while (hits < 4)
        sched_yield();
    pthread_mutex_lock(&plain);
    pthread_cond_broadcast(&cond);
    pthread_mutex_unlock(&plain);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    CHECK(hits == 8, "condition variable");

    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&robust, &attr);
    pthread_create(&t[0], NULL, die_holding, &robust);
    pthread_join(t[0], NULL);
    CHECK(pthread_mutex_lock(&robust) == EOWNERDEAD, "a robust mutex tells that its owner died");
    CHECK(pthread_mutex_consistent(&robust) == 0 && pthread_mutex_unlock(&robust) == 0, "and can be repaired");
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
    CHECK(pthread_mutex_init(&inherit, &attr) == 0 && pthread_mutex_lock(&inherit) == 0 &&
            pthread_mutex_unlock(&inherit) == 0,
        "a mutex with priority inheritance");

    struct sigaction act = {.sa_handler = on_usr1};
    atomic_int tid = 0;
    sigaction(SIGUSR1, &act, NULL);
    pthread_create(&t[0], NULL, wait_signal, &tid);
    while (!tid)
        sched_yield();
    usleep(10000);
    pthread_kill(t[0], SIGUSR1);
    pthread_join(t[0], &r);
    CHECK(handler_tid == tid && (long)r == -1, "pthread_kill interrupts that thread");

    pthread_create(&t[0], NULL, sleep_long, NULL);
    usleep(10000);
    pthread_cancel(t[0]);
    pthread_join(t[0], &r);
    CHECK(r == PTHREAD_CANCELED, "pthread_cancel of a sleeping thread");

    for (int i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, sleep_long, NULL);
    pthread_create(&t[4], NULL, set_ids, NULL);
    pthread_join(t[4], &r);
    CHECK((long)r == 0, "setgid reaches every thread");
    for (int i = 0; i < 4; i++) {
        pthread_cancel(t[i]);
        pthread_join(t[i], NULL);
    }

    int many = 0;
    for (long i = 0; i < 2000; i++) {
        pthread_create(&t[0], NULL, tiny, (void *)i);
        pthread_join(t[0], &r);
        many += (long)r == i;
    }
    CHECK(many == 2000, "2,000 threads, one after the other");

    int status = status_of(main_exits_first);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 23, "the main thread may end first");
    status = status_of(group_exit);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 24, "exit ends running threads");
    status = status_of(kill_group);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "a fatal signal ends them all");
    return check_done();
}
