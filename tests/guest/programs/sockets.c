/* Sockets of several families, with everything that a message carries beside its bytes. */
#include "guest.h"
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

static void send_with(int to, const void *data, size_t size, int type, const void *what, size_t length)
{
    char control[256] = {0};
    struct iovec part = {(void *)(uintptr_t)data, size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control};
    message.msg_controllen = CMSG_SPACE(length);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = type;
    header->cmsg_len = CMSG_LEN(length);
    memcpy(CMSG_DATA(header), what, length);
    need(sendmsg(to, &message, 0) == (ssize_t)size, "sendmsg");
}

static void descriptors(void)
{
    int pair[2], ends[2], got[2] = {-1, -1};
    char data[8], control[256];
    need(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair) && !pipe(ends), "socketpair");
    send_with(pair[0], "fd", 2, SCM_RIGHTS, ends, sizeof ends);
    struct iovec part = {data, sizeof data};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ok(recvmsg(pair[1], &message, MSG_CMSG_CLOEXEC) == 2, "recvmsg");
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    need(header && header->cmsg_type == SCM_RIGHTS && header->cmsg_len == CMSG_LEN(sizeof got), "control data");
    memcpy(got, CMSG_DATA(header), sizeof got);
    ok(fcntl(got[0], F_GETFD) == FD_CLOEXEC, "MSG_CMSG_CLOEXEC");
    ok(write(got[1], "through", 7) == 7 && read(ends[0], data, 8) == 7, "two descriptors passed along");
    int on = 1;
    struct ucred me = {getpid(), getuid(), getgid()}, peer;
    setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
    send_with(pair[0], "c", 1, SCM_CREDENTIALS, &me, sizeof me);
    message.msg_controllen = sizeof control;
    need(recvmsg(pair[1], &message, 0) == 1, "recvmsg");
    header = CMSG_FIRSTHDR(&message);
    ok(header && header->cmsg_type == SCM_CREDENTIALS && ((struct ucred *)(void *)CMSG_DATA(header))->pid == getpid(),
        "who sends");
    socklen_t length = sizeof peer;
    ok(!getsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &peer, &length) && peer.pid == getpid() && peer.uid == getuid(),
        "the peer");
    for (int i = 0; i < 2; i++)
        close(pair[i]), close(ends[i]), close(got[i]);
}

static void unix_datagrams(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX}, from;
    int server = socket(AF_UNIX, SOCK_DGRAM, 0), client = socket(AF_UNIX, SOCK_DGRAM, 0);
    char data[16];
    int size = snprintf(name.sun_path + 1, 64, "guest-%d", getpid());
    socklen_t length = (socklen_t)(sizeof(sa_family_t) + 1 + (size_t)size), got = sizeof from;
    ok(!bind(server, (struct sockaddr *)&name, length), "an abstract name");
    need(!bind(client, (struct sockaddr *)&(struct sockaddr_un){.sun_family = AF_UNIX}, sizeof(sa_family_t)),
        "autobind");
    ok(sendto(client, "hello", 5, 0, (struct sockaddr *)&name, length) == 5, "sendto");
    ok(recvfrom(server, data, 3, MSG_TRUNC, (struct sockaddr *)&from, &got) == 5 && got == sizeof(sa_family_t) + 6,
        "recvfrom");
    ok(recv(server, data, 3, MSG_DONTWAIT) < 0 && errno == EAGAIN, "MSG_DONTWAIT");
    close(server), close(client);
}

static void streams(int family)
{
    union {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
    } address = {0}, peer;
    socklen_t length = family == AF_INET ? sizeof address.four : sizeof address.six;
    char data[64] = "";
    int on = 1, value = 0, listener = socket(family, SOCK_STREAM, 0),
        client = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.any.sa_family = (sa_family_t)family;
    if (family == AF_INET)
        address.four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else
        address.six.sin6_addr = in6addr_loopback;
    if (listener < 0 || bind(listener, &address.any, length)) {
        printf("# no addresses of family %d here\n", family);
        return;
    }
    ok(!listen(listener, 5) && !getsockname(listener, &address.any, &length),
        family == AF_INET ? "listen" : "listen, IPv6");
    ok(!connect(client, &address.any, length), "connect");
    socklen_t got = sizeof peer;
    int server = accept4(listener, &peer.any, &got, SOCK_NONBLOCK);
    ok(server >= 0 && got == length && (fcntl(server, F_GETFL) & O_NONBLOCK), "accept4");
    ok(recv(server, data, 4, 0) < 0 && errno == EAGAIN, "nothing is there yet");
    ok(!setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "TCP_NODELAY");
    got = sizeof value;
    ok(!getsockopt(client, IPPROTO_TCP, TCP_NODELAY, &value, &got) && value && got == sizeof value,
        "which is told back");
    need(send(client, "stream", 6, MSG_NOSIGNAL) == 6, "send");
    struct pollfd polled = {server, POLLIN, 0};
    ok(poll(&polled, 1, 5000) == 1 && recv(server, data, 9, MSG_PEEK) == 6 && recv(server, data, 9, 0) == 6,
        "MSG_PEEK");
    struct timeval little = {0, 10000};
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &little, sizeof little);
    ok(recv(client, data, 4, 0) < 0 && errno == EAGAIN, "SO_RCVTIMEO");
    ok(!shutdown(client, SHUT_WR) && poll(&polled, 1, 5000) == 1 && recv(server, data, 9, 0) == 0, "shutdown");
    close(client), close(server);
    signal(SIGPIPE, SIG_IGN);
    client = socket(family, SOCK_STREAM, 0);
    close(listener);
    ok(connect(client, &address.any, length) < 0 && errno == ECONNREFUSED, "connect to nobody");
    close(client);
}

static void several_messages(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int server = socket(AF_INET, SOCK_DGRAM, 0), client = socket(AF_INET, SOCK_DGRAM, 0);
    char in[3][16] = {""};
    struct iovec out_parts[3] = {{"one", 3}, {"three", 5}, {"", 0}}, in_parts[3];
    struct mmsghdr out[3] = {0}, got[3] = {0};
    need(!bind(server, (struct sockaddr *)&address, length) &&
            !getsockname(server, (struct sockaddr *)&address, &length),
        "bind");
    need(!connect(client, (struct sockaddr *)&address, length), "connect");
    for (int i = 0; i < 3; i++) {
        in_parts[i] = (struct iovec){in[i], 16};
        out[i].msg_hdr = (struct msghdr){.msg_iov = &out_parts[i], .msg_iovlen = 1};
        got[i].msg_hdr = (struct msghdr){.msg_iov = &in_parts[i], .msg_iovlen = 1};
    }
    ok(sendmmsg(client, out, 3, 0) == 3 && out[1].msg_len == 5, "sendmmsg");
    ok(recvmmsg(server, got, 3, MSG_WAITFORONE, NULL) == 3 && got[1].msg_len == 5 && !got[2].msg_len &&
            !memcmp(in[1], "three", 5),
        "recvmmsg");
    close(server), close(client);
}

static void netlink(void)
{
    struct {
        struct nlmsghdr header;
        struct rtgenmsg family;
    } ask = {{.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtgenmsg)),
                 .nlmsg_type = RTM_GETLINK,
                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                 .nlmsg_seq = 7},
        {AF_UNSPEC}};
    static char answer[65536] __attribute__((aligned(8)));
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    bool loopback = false;
    need(fd >= 0 && send(fd, &ask, ask.header.nlmsg_len, 0) > 0, "netlink");
    ssize_t size = recv(fd, answer, sizeof answer, 0);
    unsigned left = size > 0 ? (unsigned)size : 0;
    for (struct nlmsghdr *m = (void *)answer; NLMSG_OK(m, left) && m->nlmsg_type == RTM_NEWLINK;
         m = NLMSG_NEXT(m, left))
        loopback = loopback || ((struct ifinfomsg *)NLMSG_DATA(m))->ifi_index == 1;
    ok(loopback, "netlink lists the loopback device");
    close(fd);
}

int main(void)
{
    guest_start();
    descriptors();
    unix_datagrams();
    streams(AF_INET);
    streams(AF_INET6);
    several_messages();
    netlink();
    return guest_end();
}
