/* Calls for the trace: the same on every machine, no addresses in what strace prints. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

int main(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct iovec iov[2] = {{"one", 3}, {"two", 3}};
    struct stat st;
    struct pollfd p;
    sigset_t set;
    char buf[40];
    int fds[2], fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

    open("/nowhere", O_RDONLY);
    write(1, "a \"line\"\n", 9);
    syscall(SYS_pipe2, fds, 0);
    writev(fds[1], iov, 2);
    read(fds[0], buf, 40);
    write(fds[1], "0123456789012345678901234567890123456789", 40);
    read(fds[0], buf, 40);
    close(99);
    lseek(fd, 5, SEEK_SET);
    fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    dup3(fd, 10, O_CLOEXEC);
    ftruncate(fd, 5);
    fstat(fds[0], &st);
    p = (struct pollfd){.fd = fds[1], .events = POLLOUT};
    syscall(SYS_ppoll, &p, 1, NULL, NULL, 8);
    sendto(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_IP), "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL,
        (struct sockaddr *)&a, sizeof(a));
    mkdirat(AT_FDCWD, "d", 0750);
    unlinkat(AT_FDCWD, "d", AT_REMOVEDIR);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    kill(0, 0);
    umask(022);
    syscall(4000, 1, 2, 3, 4, 5, 6);
    _exit(3);
}
