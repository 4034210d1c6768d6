/* packet.c - see packet.h; GDB manual, E.1 Overview. */
#include "debug/packet.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

static const char digits[] = "0123456789abcdef";

static int next_byte(struct packet_reader *r)
{
    if (r->start == r->end) {
        ssize_t n = recv(r->fd, r->in, sizeof(r->in), 0);

        if (n <= 0)
            return -1;
        r->start = 0;
        r->end = (size_t)n;
    }
    return (unsigned char)r->in[r->start++];
}

int packet_hex_digit(char c)
{
    const char *p = c ? strchr(digits, c | 0x20) : NULL;

    return p ? (int)(p - digits) : -1;
}

uint64_t packet_hex(const char **p)
{
    uint64_t v = 0;

    for (; packet_hex_digit(**p) >= 0; ++*p)
        v = v << 4 | (unsigned)packet_hex_digit(**p);
    return v;
}

bool packet_unhex(const char *text, void *buf, size_t len)
{
    uint8_t *out = buf;

    for (size_t i = 0; i < len; i++, text += 2) {
        int high = packet_hex_digit(text[0]), low = high < 0 ? -1 : packet_hex_digit(text[1]);

        if (low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

void packet_add_hex(struct strbuf *out, const void *data, size_t len)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < len; i++) {
        strbuf_addc(out, digits[bytes[i] >> 4]);
        strbuf_addc(out, digits[bytes[i] & 15]);
    }
}

/* Reads from after `$` to the checksum. 1: good, 0: damaged, -1: the connection is gone. */
static int read_body(struct packet_reader *r, char *out, size_t size, size_t *len)
{
    uint8_t sum = 0;
    bool fits = true;
    int c, high, low;

    *len = 0;
    while ((c = next_byte(r)) != '#') {
        if (c < 0)
            return -1;
        sum = (uint8_t)(sum + c);
        if (c == '}') {
            if ((c = next_byte(r)) < 0)
                return -1;
            sum = (uint8_t)(sum + c);
            c ^= 0x20;
        }
        if (*len + 1 < size)
            out[(*len)++] = (char)c;
        else
            fits = false;
    }
    out[*len] = 0;
    if ((high = next_byte(r)) < 0 || (low = next_byte(r)) < 0)
        return -1;
    return fits && packet_hex_digit((char)high) * 16 + packet_hex_digit((char)low) == sum;
}

enum packet_kind packet_read(struct packet_reader *r, char *out, size_t size, size_t *len)
{
    for (;;) {
        int c = next_byte(r), good;

        if (c < 0)
            return PACKET_EOF;
        if (c == 3)
            return PACKET_INTERRUPT;
        if (c != '$')
            continue;
        good = read_body(r, out, size, len);
        if (good < 0)
            return PACKET_EOF;
        if (!r->no_ack && send(r->fd, good ? "+" : "-", 1, MSG_NOSIGNAL) != 1)
            return PACKET_EOF;
        if (good)
            return PACKET_DATA;
    }
}

bool packet_write(struct packet_reader *r, const char *data, size_t len)
{
    _cleanup_strbuf_ struct strbuf out = {0};
    uint8_t sum = 0;
    size_t sent = 0;

    strbuf_addc(&out, '$');
    for (size_t i = 0; i < len; i++) {
        char c = data[i];

        if (c == '#' || c == '$' || c == '}' || c == '*') {
            strbuf_addc(&out, '}');
            c ^= 0x20;
        }
        strbuf_addc(&out, c);
    }
    for (size_t i = 1; i < out.len; i++)
        sum = (uint8_t)(sum + (uint8_t)out.data[i]);
    strbuf_addc(&out, '#');
    packet_add_hex(&out, &sum, 1);
    while (sent < out.len) {
        ssize_t n = send(r->fd, out.data + sent, out.len - sent, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        sent += (size_t)n;
    }
    return true;
}
