/* A storm of signals against every kind of call: nothing is lost, cut short or done twice. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "facts.h"

static atomic_int ticks;
static volatile double handler_sum;

static void on_tick(int signo)
{
    (void)signo;
    ticks++;
    handler_sum += 0.5 * ticks; /* floating-point registers must survive */
}

static void storm(int on, int flags)
{
    struct sigaction act = {.sa_handler = on_tick, .sa_flags = flags};
    struct itimerval it = {{0, on ? 500 : 0}, {0, on ? 500 : 0}};

    sigaction(SIGALRM, &act, NULL);
    setitimer(ITIMER_REAL, &it, NULL);
}

enum { BYTES = 1 << 20 };

static int pipe_fds[2];

static void *feed(void *arg)
{
    unsigned char buf[777];
    unsigned sent = 0;
    sigset_t all;

    (void)arg;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    while (sent < BYTES) {
        unsigned n = BYTES - sent < sizeof(buf) ? BYTES - sent : (unsigned)sizeof(buf);

        for (unsigned i = 0; i < n; i++)
            buf[i] = (unsigned char)((sent + i) * 7 + (sent + i) / 256);
        if (write(pipe_fds[1], buf, n) != (ssize_t)n)
            return (void *)1;
        sent += n;
        if (sent % 50 == 0)
            usleep(300);
    }
    return NULL;
}

/* Reads all of it; returns how often EINTR came, or -1 if a byte is wrong. */
static long take(void)
{
    unsigned char buf[1000];
    unsigned got = 0;
    long interrupted = 0;

    while (got < BYTES) {
        ssize_t n = read(pipe_fds[0], buf, sizeof(buf));

        if (n < 0 && errno == EINTR) {
            interrupted++;
            continue;
        }
        if (n <= 0)
            return -1;
        for (ssize_t i = 0; i < n; i++, got++)
            if (buf[i] != (unsigned char)(got * 7 + got / 256))
                return -1;
    }
    return interrupted;
}

static double work(void)
{
    double x = 0.5, sum = 0;

    for (int i = 1; i < 300000; i++) {
        x = x * 1.0000001 + 1.0 / i;
        sum += x * x - x / 3;
    }
    return sum;
}

static void *kill_main(void *arg)
{
    pthread_t target = *(pthread_t *)arg;

    for (int i = 0; i < 2000; i++)
        pthread_kill(target, SIGUSR1);
    return NULL;
}

int main(void)
{
    pthread_t t, self = pthread_self();
    double calm = work();
    int sv[2];
    void *bad;
    struct timespec want = {.tv_nsec = 30000000}, start, end;

    if (pipe(pipe_fds))
        return 9;
    storm(1, SA_RESTART);
    CHECK(work() == calm, "computing in a storm");
    pthread_create(&t, NULL, feed, NULL);
    CHECK(take() == 0, "SA_RESTART: reads are never interrupted");
    pthread_join(t, &bad);
    CHECK(!bad, "nor is the writer");
    storm(1, 0);
    pthread_create(&t, NULL, feed, NULL);
    CHECK(take() >= 0, "without it, EINTR loses no byte");
    pthread_join(t, &bad);

    clock_gettime(CLOCK_MONOTONIC, &start);
    struct timespec rem = want;
    while (nanosleep(&rem, &rem) == -1 && errno == EINTR)
        ;
    clock_gettime(CLOCK_MONOTONIC, &end);
    CHECK((end.tv_sec - start.tv_sec) * 1000000000L + end.tv_nsec - start.tv_nsec >= want.tv_nsec,
        "nanosleep goes on with the rest");

    struct epoll_event ev = {.events = EPOLLIN};
    int ep = epoll_create1(0), interrupted = 0;
    socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
    epoll_ctl(ep, EPOLL_CTL_ADD, sv[0], &ev);
    for (int i = 0; i < 20; i++)
        interrupted += epoll_wait(ep, &ev, 1, 1000) == -1 && errno == EINTR;
    CHECK(interrupted == 20, "epoll_wait is always interrupted");

    int file = open("/proc/self/exe", O_RDONLY), good = 1;
    for (int until = ticks + 300; ticks < until;) {
        int n;
        char c;

        good &= ioctl(sv[0], FIONREAD, &n) == 0 && pread(file, &c, 1, 1) == 1 && c == 'E';
    }
    CHECK(good, "calls that need not wait are never interrupted");

    sigset_t none;
    sigemptyset(&none);
    sigset_t block;
    sigemptyset(&block);
    sigaddset(&block, SIGALRM);
    sigprocmask(SIG_BLOCK, &block, NULL);
    int ok = 1;
    for (int i = 0; i < 100; i++) {
        int before = ticks;

        ok &= sigsuspend(&none) == -1 && errno == EINTR && ticks > before;
        before = ticks;
        ok &= ppoll(NULL, 0, NULL, &none) == -1 && errno == EINTR && ticks > before;
        before = ticks;
        for (volatile int spin = 0; spin < 1000; spin++)
            ok &= ticks == before; /* blocked */
    }
    CHECK(ok, "sigsuspend and ppoll, a hundred times");
    sigprocmask(SIG_UNBLOCK, &block, NULL);

    ok = 1;
    for (int i = 0; i < 50; i++) {
        int status;
        pid_t pid = fork();

        if (pid == 0)
            _exit(i);
        while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
            ;
        ok &= WIFEXITED(status) && WEXITSTATUS(status) == i;
    }
    CHECK(ok, "fork and waitpid");
    storm(0, 0);

    struct sigaction act = {.sa_handler = on_tick, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &act, NULL);
    int before = ticks; /* first: all 2000 may become one, at once */
    pthread_create(&t, NULL, kill_main, &self);
    double sum = work();
    pthread_join(t, NULL);
    CHECK(sum == calm && ticks > before, "signals from another thread");
    CHECK(ticks > 100, "there was a storm");
    return check_done();
}
