/* Clocks, sleeping, timers of all kinds. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#include "facts.h"

static atomic_int fired, value, code, notified;

static void on_timer(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)context;
    fired++;
    value = info->si_value.sival_int;
    code = info->si_code;
}

static void notify(union sigval v)
{
    notified += v.sival_int;
}

static long ms_since(const struct timespec *start)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000;
}

static void wait_for(atomic_int *what, int at_least)
{
    for (int i = 0; i < 5000 && *what < at_least; i++)
        usleep(1000);
}

static void test_timer(void)
{
    struct sigaction act = {.sa_sigaction = on_timer, .sa_flags = SA_SIGINFO | SA_RESTART};
    struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 3, .sigev_value.sival_int = 77};
    struct itimerspec it = {{0, 2000000}, {0, 2000000}}, now;
    timer_t timer;

    sigaction(SIGRTMIN + 3, &act, NULL);
    CHECK(timer_create(CLOCK_MONOTONIC, &ev, &timer) == 0, "timer_create");
    CHECK(timer_settime(timer, 0, &it, NULL) == 0, "timer_settime");
    wait_for(&fired, 3);
    CHECK(fired >= 3 && value == 77 && code == SI_TIMER, "a timer's signal and value");
    CHECK(timer_gettime(timer, &now) == 0 && now.it_interval.tv_nsec == 2000000, "timer_gettime");
    CHECK(timer_getoverrun(timer) >= 0 && timer_delete(timer) == 0, "timer_delete");
    CHECK(timer_settime(timer, 0, &it, NULL) == -1 && errno == EINVAL, "then it is gone");

    ev = (struct sigevent){.sigev_notify = SIGEV_THREAD, .sigev_notify_function = notify, .sigev_value.sival_int = 5};
    it = (struct itimerspec){{0, 0}, {0, 1000000}};
    CHECK(timer_create(CLOCK_REALTIME, &ev, &timer) == 0 && timer_settime(timer, 0, &it, NULL) == 0, "SIGEV_THREAD");
    wait_for(&notified, 5);
    CHECK(notified == 5, "calls a function in a thread");
    timer_delete(timer);

    ev = (struct sigevent){.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN + 3};
    ev._sigev_un._tid = (int)syscall(SYS_gettid);
    fired = 0;
    CHECK(
        timer_create(CLOCK_MONOTONIC, &ev, &timer) == 0 && timer_settime(timer, 0, &it, NULL) == 0, "SIGEV_THREAD_ID");
    wait_for(&fired, 1);
    CHECK(fired == 1, "signals that thread");
    timer_delete(timer);
}

static void test_sleep(void)
{
    struct timespec start, at, ts = {.tv_nsec = 20000000};

    clock_gettime(CLOCK_MONOTONIC, &start);
    CHECK(nanosleep(&ts, NULL) == 0 && ms_since(&start) >= 20, "nanosleep");
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_nsec += 20000000;
    at.tv_sec += at.tv_nsec / 1000000000;
    at.tv_nsec %= 1000000000;
    clock_gettime(CLOCK_MONOTONIC, &start);
    CHECK(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == 0 && ms_since(&start) >= 19,
        "clock_nanosleep to a time");
    CHECK(clock_nanosleep(12345, 0, &ts, NULL) == EINVAL, "unknown clock");
    ts.tv_nsec = 2000000000;
    CHECK(nanosleep(&ts, NULL) == -1 && errno == EINVAL, "bad nanoseconds");
}

static void test_clocks(void)
{
    struct timespec a, b;
    struct timeval tv;
    struct tms tms;
    unsigned cpu = 999;

    CHECK(clock_getres(CLOCK_MONOTONIC, &a) == 0 && a.tv_sec == 0, "clock_getres");
    clock_gettime(CLOCK_REALTIME, &a);
    gettimeofday(&tv, NULL);
    CHECK(tv.tv_sec - a.tv_sec <= 1 && time(NULL) - a.tv_sec <= 1, "gettimeofday and time agree with the clock");
    int forward = 1;
    clock_gettime(CLOCK_MONOTONIC, &a);
    for (int i = 0; i < 1000; i++, a = b) {
        clock_gettime(CLOCK_MONOTONIC, &b);
        forward &= b.tv_sec > a.tv_sec || (b.tv_sec == a.tv_sec && b.tv_nsec >= a.tv_nsec);
    }
    CHECK(forward, "the monotonic clock never goes back");
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    for (volatile int i = 0; i < 1000000; i++)
        ;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    CHECK(b.tv_sec > a.tv_sec || b.tv_nsec > a.tv_nsec, "processor time passes");
    CHECK(times(&tms) != -1, "times");
    CHECK(syscall(SYS_getcpu, &cpu, NULL, NULL) == 0 && cpu < 999 && sched_getcpu() >= 0, "getcpu");
    CHECK(clock_gettime(12345, &a) == -1 && errno == EINVAL, "unknown clock");
}

static void test_itimer(void)
{
    struct sigaction act = {.sa_sigaction = on_timer, .sa_flags = SA_SIGINFO | SA_RESTART};
    struct itimerval it = {{0, 0}, {0, 5000}}, now;
    int fd = timerfd_create(CLOCK_MONOTONIC, 0);
    struct itimerspec its = {{0, 3000000}, {0, 3000000}};
    uint64_t count = 0;

    fired = 0;
    sigaction(SIGALRM, &act, NULL);
    CHECK(setitimer(ITIMER_REAL, &it, NULL) == 0, "setitimer");
    wait_for(&fired, 1);
    CHECK(fired == 1 && getitimer(ITIMER_REAL, &now) == 0 && now.it_value.tv_usec == 0, "fires once");
    fired = 0;
    sigaction(SIGVTALRM, &act, NULL);
    setitimer(ITIMER_VIRTUAL, &it, NULL);
    for (volatile long i = 0; !fired && i < 2000000000; i++)
        ;
    CHECK(fired == 1, "ITIMER_VIRTUAL");
    timerfd_settime(fd, 0, &its, NULL);
    CHECK(read(fd, &count, 8) == 8 && count >= 1, "timerfd");
}

int main(void)
{
    test_timer();
    test_sleep();
    test_clocks();
    test_itimer();
    return check_done();
}
