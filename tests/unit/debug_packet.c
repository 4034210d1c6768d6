/* The framing of gdb's protocol over a socket pair: checksums, escapes, acknowledgements, damaged and endless packets. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"
#include "debug/packet.h"
#include "harness.h"

static struct packet_reader reader;
static int peer;

static void connect_pair(void)
{
    int fd[2];

    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    reader = (struct packet_reader){.fd = fd[0]};
    peer = fd[1];
}

static void peer_sends(const char *text)
{
    CHECK_EQ(write(peer, text, strlen(text)), (ssize_t)strlen(text));
}

static const char *peer_got(void)
{
    static char buf[256];
    ssize_t n = recv(peer, buf, sizeof(buf) - 1, MSG_DONTWAIT);

    buf[n > 0 ? n : 0] = 0;
    return buf;
}

TEST(a_good_packet_is_acknowledged)
{
    char data[64];
    size_t len;

    connect_pair();
    peer_sends("+$qC#b4");
    CHECK_EQ(packet_read(&reader, data, sizeof(data), &len), PACKET_DATA);
    CHECK_STR(data, "qC");
    CHECK_STR(peer_got(), "+");
}

TEST(a_wrong_checksum_asks_again)
{
    char data[64];
    size_t len;

    connect_pair();
    peer_sends("$qC#b5$qC#b4");
    CHECK_EQ(packet_read(&reader, data, sizeof(data), &len), PACKET_DATA);
    CHECK_STR(peer_got(), "-+");
}

TEST(escapes_go_both_ways)
{
    char data[64];
    size_t len;

    connect_pair();
    reader.no_ack = true;
    CHECK(packet_write(&reader, "a}b#c$d*", 8));
    CHECK_STR(peer_got(), "$a}]b}\003c}\004d}\n#ec");
    peer_sends("$a}]b}\003c}\004d}\n#ec");
    CHECK_EQ(packet_read(&reader, data, sizeof(data), &len), PACKET_DATA);
    CHECK_STR(data, "a}b#c$d*");
}

TEST(an_interrupt_is_not_a_packet)
{
    char data[64];
    size_t len;

    connect_pair();
    peer_sends("\003");
    CHECK_EQ(packet_read(&reader, data, sizeof(data), &len), PACKET_INTERRUPT);
    close(peer);
    CHECK_EQ(packet_read(&reader, data, sizeof(data), &len), PACKET_EOF);
}

TEST(a_packet_that_does_not_fit_is_refused_whole)
{
    char data[8];
    size_t len;

    connect_pair();
    peer_sends("$0123456789abcdef#bb$g#67");
    CHECK_EQ(packet_read(&reader, data, sizeof(data), &len), PACKET_DATA);
    CHECK_STR(data, "g");
    CHECK_STR(peer_got(), "-+");
}

TEST(hex)
{
    const char *p = "1f,2";
    uint8_t bytes[2];
    struct strbuf out = {0};

    CHECK_EQ(packet_hex(&p), (uint64_t)0x1f);
    CHECK_STR(p, ",2");
    CHECK(packet_unhex("a05F", bytes, 2));
    packet_add_hex(&out, bytes, 2);
    CHECK_STR(out.data, "a05f");
    CHECK(!packet_unhex("a05", bytes, 2));
    strbuf_fini(&out);
}
