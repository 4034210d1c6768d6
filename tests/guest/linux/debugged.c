/* What tests/e2e/gdb.sh debugs: calls to follow, threads that spin and sleep, a signal; other ways to go on by argv[1]. */
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct point {
    int x, y;
    double z;
};
static struct point origin = {1, 2, 3.5};
static volatile int counter, stop, usr1s;
static pthread_barrier_t ready;

static void on_usr1(int signo)
{
    usr1s += signo == SIGUSR1;
}

static int square(int n)
{
    int result = n * n;

    counter++;
    return result;
}

static int sum_of_squares(int n)
{
    int sum = 0;

    for (int i = 1; i <= n; i++)
        sum += square(i);
    return sum;
}

static void *sleeper(void *arg)
{
    pthread_barrier_wait(&ready);
    while (!stop)
        usleep(1000);
    return arg;
}

static void *spinner(void *arg)
{
    volatile long n = 0;

    pthread_barrier_wait(&ready);
    while (!stop)
        n++;
    return arg;
}

static void all_here(void)
{
    counter = 100;
}

static int with_threads(void)
{
    pthread_t a, b;

    pthread_barrier_init(&ready, NULL, 3);
    pthread_create(&a, NULL, sleeper, NULL);
    pthread_create(&b, NULL, spinner, NULL);
    pthread_barrier_wait(&ready);
    usleep(20000);
    all_here();
    raise(SIGUSR1);
    stop = 1;
    pthread_join(a, NULL);
    pthread_join(b, NULL);
    printf("point %d %d, usr1 %d\n", origin.x, origin.y, usr1s);
    return origin.x + 40;
}

/* The children go through the parent's breakpoints. */
static int with_children(const char *self)
{
    char *argv[] = {(char *)"debugged", (char *)"child", NULL};
    int status, sum = 0;
    pid_t pid = fork();

    if (pid == 0)
        _exit(square(3));
    waitpid(pid, &status, 0);
    sum += WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
    pid = vfork();
    if (pid == 0)
        _exit(square(4));
    waitpid(pid, &status, 0);
    sum += WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
    if (posix_spawn(&pid, self, NULL, NULL, argv, environ))
        return 1;
    waitpid(pid, &status, 0);
    sum += WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
    printf("children %d\n", sum);
    return sum;
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "threads";

    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGUSR1, on_usr1);
    if (!strcmp(how, "child"))
        return square(5);
    printf("sum %d\n", sum_of_squares(4));
    if (!strcmp(how, "threads"))
        return with_threads();
    if (!strcmp(how, "children"))
        return with_children(argv[0]);
    if (!strcmp(how, "sleep")) {
        unsigned left = sleep(2);

        printf("slept, %u left\n", left);
    }
    if (!strcmp(how, "loop")) /* until somebody says stop, or for as often as argv[2] says */
        for (long i = 0; i < atol(argv[2]) && !stop; i++)
            counter += square(2) & 1;
    if (!strcmp(how, "term"))
        raise(SIGTERM);
    if (!strcmp(how, "crash"))
        *(volatile int *)8 = 1;
    printf("done\n");
    return 9;
}
