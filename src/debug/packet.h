/* packet.h - framing of the gdb remote serial protocol: `$data#checksum`, acknowledged by + or - until QStartNoAckMode. */
#ifndef LODGE_DEBUG_PACKET_H
#define LODGE_DEBUG_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strbuf;

#define PACKET_MAX 16384

struct packet_reader {
    int fd;
    bool no_ack;
    size_t start, end;
    char in[4096];
};

enum packet_kind { PACKET_EOF, PACKET_DATA, PACKET_INTERRUPT };
/* Blocks for the next packet; its data (unescaped, terminated) is in out[0..*len). A packet longer than size - 1 counts as
 * damaged. */
enum packet_kind packet_read(struct packet_reader *r, char *out, size_t size, size_t *len);
/* Escapes and sends. False: the connection is gone. */
bool packet_write(struct packet_reader *r, const char *data, size_t len);

int packet_hex_digit(char c); /* -1: none */
/* Parses hex digits at *p up to anything else. */
uint64_t packet_hex(const char **p);
/* 2 * len digits to len bytes; false if a digit is missing. */
bool packet_unhex(const char *text, void *buf, size_t len);
void packet_add_hex(struct strbuf *out, const void *data, size_t len);

#endif
