/* Sockets: streams, datagrams, descriptors in messages, many messages, names, options, polling. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static void pass_descriptor(void)
{
    int pair[2], p[2], got;
    char byte = 'x', text[8] = "";
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.head = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    struct iovec iov = {&byte, 1};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};

    SHOW(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    SHOW(pipe(p));
    memcpy(CMSG_DATA(&control.head), &p[1], sizeof(int));
    SHOW(sendmsg(pair[0], &m, 0));
    memset(&control, 0, sizeof(control));
    byte = 0;
    SHOW(recvmsg(pair[1], &m, MSG_CMSG_CLOEXEC));
    memcpy(&got, CMSG_DATA(&control.head), sizeof(int));
    SHOW(control.head.cmsg_type == SCM_RIGHTS && byte == 'x');
    SHOW(write(got, "through", 7));
    SHOW(read(p[0], text, 7));
    SHOW_STR(text);
    SHOW(send(pair[0], "peek", 4, 0));
    SHOW(recv(pair[1], text, 2, MSG_PEEK));
    SHOW(recv(pair[1], text, 8, MSG_DONTWAIT));
    SHOW(recv(pair[1], text, 8, MSG_DONTWAIT));
    SHOW(shutdown(pair[0], SHUT_WR));
    SHOW(recv(pair[1], text, 8, 0));
}

static void inet_stream(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, peer;
    socklen_t len = sizeof(a);
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, c, status;
    struct timeval limit = {0, 50000};
    char buf[16] = "";

    SHOW(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
    SHOW(bind(s, (struct sockaddr *)&a, sizeof(a)));
    SHOW(getsockname(s, (struct sockaddr *)&a, &len));
    SHOW(len);
    SHOW(listen(s, 5));
    if (fork() == 0) {
        c = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(c, (struct sockaddr *)&a, sizeof(a)) == 0 && write(c, "client", 6) == 6)
            _exit(7);
        _exit(1);
    }
    len = sizeof(peer);
    c = accept4(s, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK);
    SHOW(c >= 0);
    SHOW(peer.sin_addr.s_addr == a.sin_addr.s_addr);
    SHOW(wait(&status) > 0);
    SHOW(WEXITSTATUS(status));
    SHOW(recvfrom(c, buf, sizeof(buf), 0, NULL, NULL));
    SHOW_STR(buf);
    len = sizeof(one);
    SHOW(getsockopt(c, IPPROTO_TCP, TCP_NODELAY, &one, &len));
    SHOW(one);
    SHOW(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
    SHOW(accept(s, NULL, NULL));
    SHOW(getsockopt(c, 12345, 1, &one, &len));
    SHOW(connect(socket(AF_INET, SOCK_STREAM, 0),
        (struct sockaddr *)&(struct sockaddr_in){
            .sin_family = AF_INET, .sin_port = htons(1), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)},
        sizeof(a)));
}

static void datagrams(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX}, from;
    int a = socket(AF_UNIX, SOCK_DGRAM, 0), b = socket(AF_UNIX, SOCK_DGRAM, 0);
    char one[8] = "one", two[8] = "two", in1[8] = "", in2[8] = "";
    struct iovec iov[4] = {{one, 3}, {two, 3}, {in1, 7}, {in2, 7}};
    struct mmsghdr out[2] = {{{.msg_iov = &iov[0], .msg_iovlen = 1}}, {{.msg_iov = &iov[1], .msg_iovlen = 1}}};
    struct mmsghdr in[2] = {{{.msg_iov = &iov[2], .msg_iovlen = 1}}, {{.msg_iov = &iov[3], .msg_iovlen = 1}}};
    socklen_t len = sizeof(from), name_len;

    name_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
        (size_t)sprintf(name.sun_path + 1, "lodge-%d", getpid()));
    SHOW(bind(a, (struct sockaddr *)&name, name_len));
    SHOW(connect(b, (struct sockaddr *)&name, name_len));
    SHOW(sendmmsg(b, out, 2, 0));
    SHOW(recvmmsg(a, in, 2, 0, NULL));
    SHOW(in[1].msg_len);
    SHOW_STR(in1);
    SHOW_STR(in2);
    SHOW(sendto(a, "x", 1, 0, (struct sockaddr *)&(struct sockaddr_un){AF_UNIX, "/nowhere"}, sizeof(from)));
    SHOW(write(b, "y", 1));
    SHOW(recvfrom(a, in1, 8, 0, (struct sockaddr *)&from, &len));
    SHOW(socket(AF_INET, 99, 0));
    SHOW(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) >= 0);
}

static void waiting(void)
{
    struct epoll_event e = {.events = EPOLLIN, .data.u64 = 0x123456789abcdef0}, got[4];
    struct itimerspec when = {.it_value = {0, 2000000}};
    struct timespec zero = {0};
    int p[2], ep = epoll_create1(EPOLL_CLOEXEC), ev = eventfd(3, EFD_NONBLOCK),
              timer = timerfd_create(CLOCK_MONOTONIC, 0);
    struct pollfd fds[2];
    uint64_t count;
    fd_set set;
    int n;

    SHOW(pipe(p));
    SHOW(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e));
    SHOW(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e));
    SHOW(epoll_wait(ep, got, 4, 0));
    SHOW(write(p[1], "x", 1));
    SHOW(epoll_wait(ep, got, 4, -1));
    SHOW(got[0].data.u64 == 0x123456789abcdef0 && got[0].events == EPOLLIN);
    SHOW(epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL));
    SHOW(epoll_wait(ep, got, 0, 0));
    fds[0] = (struct pollfd){p[0], POLLIN, 0};
    fds[1] = (struct pollfd){777, POLLIN, 0};
    SHOW(poll(fds, 2, 100));
    SHOW(fds[0].revents);
    SHOW(fds[1].revents);
    SHOW(ppoll(fds, 0, &zero, NULL));
    FD_ZERO(&set);
    FD_SET(p[0], &set);
    SHOW(select(p[0] + 1, &set, NULL, NULL, &(struct timeval){1, 0}));
    FD_SET(50, &set);
    SHOW(select(51, &set, NULL, NULL, &(struct timeval){0, 0}));
    SHOW(ioctl(p[0], FIONREAD, &n));
    SHOW(n);
    SHOW(read(ev, &count, 8));
    SHOW(count);
    SHOW(read(ev, &count, 8));
    SHOW(timerfd_settime(timer, 0, &when, NULL));
    SHOW(read(timer, &count, 8));
    SHOW(count);
    SHOW(ioctl(p[0], TIOCGWINSZ, got));
    SHOW(ioctl(socket(AF_INET, SOCK_DGRAM, 0), SIOCGIFINDEX, &(struct ifreq){.ifr_name = "lo"}));
}

int main(void)
{
    pass_descriptor();
    inet_stream();
    datagrams();
    waiting();
    return 0;
}
