/* 1,000 forks out of 8 threads that compute, allocate and take signals meanwhile: every child runs code that the parent has
 * translated and code that it has not, uses the heap, and leaves with the right status.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "facts.h"

enum { THREADS = 8, FORKS = 125 };

static atomic_int good, bad;

static void on_alarm(int signo)
{
    (void)signo;
}

static unsigned work(unsigned seed)
{
    char *p = malloc(64 + seed % 1000);
    unsigned sum = seed;

    for (int i = 0; i < 64; i++) {
        p[i] = (char)(seed + (unsigned)i);
        sum = sum * 31 + (unsigned char)p[i];
    }
    free(p);
    return sum;
}

static void *in_child_thread(void *arg)
{
    return (void *)(long)work((unsigned)(long)arg);
}

static int child(unsigned seed, unsigned want)
{
    pthread_t thread;
    void *got;

    if (work(seed) != want)
        return 1;
    if (seed % 16)
        return 42;
    /* now and then the child starts a thread of its own, and a child of its own */
    if (pthread_create(&thread, NULL, in_child_thread, (void *)(long)seed) || pthread_join(thread, &got))
        return 2;
    if ((unsigned)(long)got != want)
        return 3;
    pid_t pid = fork();
    int status;
    if (pid == 0)
        _exit(work(seed) == want ? 7 : 8);
    return waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 7 ? 42 : 4;
}

static void *run(void *arg)
{
    for (int i = 0; i < FORKS; i++) {
        unsigned seed = (unsigned)(long)arg * 1000 + (unsigned)i, want = work(seed);
        int status = 0;
        pid_t pid = fork();

        if (pid == 0)
            _exit(child(seed, want));
        while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
            ;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 42)
            good++;
        else
            bad++;
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    struct itimerval it = {{0, 5000}, {0, 5000}};
    struct sigaction act = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};

    sigaction(SIGALRM, &act, NULL);
    setitimer(ITIMER_REAL, &it, NULL);
    for (long i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, run, (void *)i);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK(good == THREADS * FORKS && bad == 0, "every child is right");
    return check_done();
}
