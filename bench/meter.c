/* meter FD COMMAND [ARG...] - run a command and write what it and everything it started cost, as one line, to
 * descriptor FD:
 *
 *     WALL_US USER_US SYSTEM_US MAX_RSS_KIB WAIT_STATUS
 *
 * A C program, static and small, because Linux counts the memory of the process that calls exec into the maximum of the
 * program that it becomes (exec_mmap): started by Python, everything would seem to need Python's memory. Orphans come
 * to this process (PR_SET_CHILD_SUBREAPER), so a translator that forks a helper, or daemons left behind, are counted
 * too; the time ends when the last is gone. */
#define _GNU_SOURCE /* environ */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static long long us(struct timeval t)
{
    return t.tv_sec * 1000000LL + t.tv_usec;
}

int main(int argc, char **argv)
{
    struct rusage cost;
    int status = 0, result = -1;
    pid_t pid, child;

    if (argc < 3) {
        dprintf(2, "usage: meter FD COMMAND [ARG...]\n");
        return 2;
    }
    int fd = atoi(argv[1]);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
        return 2;
    long long start = now_us();
    int error = posix_spawnp(&child, argv[2], NULL, NULL, argv + 2, environ);
    if (error) {
        dprintf(2, "meter: %s: %s\n", argv[2], strerror(error));
        child = 0;
        result = 127 << 8;
    }
    while ((pid = wait(&status)) > 0 || errno == EINTR)
        if (pid == child)
            result = status;
    long long wall = now_us() - start;
    getrusage(RUSAGE_CHILDREN, &cost);
    dprintf(fd, "%lld %lld %lld %ld %d\n", wall, us(cost.ru_utime), us(cost.ru_stime), cost.ru_maxrss, result);
    return 0;
}
