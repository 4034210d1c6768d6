/* trace_int.h - pieces of --trace linux: values by name (trace_value.c), structures (trace_struct.c), lines (trace.c).
 */
#ifndef LODGE_LINUX_TRACE_INT_H
#define LODGE_LINUX_TRACE_INT_H

#include "base/str.h"
#include "linux/syscall_int.h"

#define TRACE_STRING 32 /* bytes of a buffer that are shown, as strace's default */

/* ---- trace_value.c ---- */
void trace_flags(struct strbuf *out, enum linux_set set, uint64_t value);
void trace_enum(struct strbuf *out, enum linux_set set, uint64_t value);
bool trace_has(enum linux_set set, uint64_t value); /* the set has a name for the value */
void trace_signal(struct strbuf *out, int signo);
void trace_signal_set(struct strbuf *out, uint64_t mask);
void trace_errno(struct strbuf *out, int error); /* "ENOENT (No such file or directory)" */
/* len bytes in quotes, escaped as in C; more: "..." follows. */
void trace_quote(struct strbuf *out, const void *bytes, size_t len, bool more);

/* ---- trace_struct.c ---- each prints NULL for address 0 and the address where it cannot be read */
void trace_pointer(struct strbuf *out, uint64_t addr);
void trace_buffer(struct linux_thread *t, struct strbuf *out, uint64_t addr, uint64_t len);
void trace_string(struct linux_thread *t, struct strbuf *out, uint64_t addr, size_t max); /* NUL-terminated */
void trace_vector(struct linux_thread *t, struct strbuf *out, uint64_t addr);
void trace_vector_count(struct linux_thread *t, struct strbuf *out, uint64_t addr);
void trace_struct(struct linux_thread *t, struct strbuf *out, enum linux_struct type, uint64_t addr);
void trace_iovec(struct linux_thread *t, struct strbuf *out, uint64_t addr, uint64_t count, uint64_t bytes);
void trace_sockaddr(struct linux_thread *t, struct strbuf *out, uint64_t addr, uint64_t len);
void trace_message(struct linux_thread *t, struct strbuf *out, uint64_t addr, uint64_t bytes);
void trace_poll(struct linux_thread *t, struct strbuf *out, uint64_t addr, uint64_t count, bool result);
void trace_epoll(struct linux_thread *t, struct strbuf *out, uint64_t addr, int64_t count); /* count < 0: one event */
void trace_action(struct linux_thread *t, struct strbuf *out, uint64_t addr);
void trace_ioctl(struct linux_thread *t, struct strbuf *out, uint32_t request, uint64_t addr, bool ok);

/* ---- trace.c ---- */
/* One line without prefix and newline, as strace prints it. */
void linux_trace_format(
    struct linux_thread *t, struct strbuf *out, uint64_t nr, const uint64_t a[6], int64_t result, bool returns);

#endif
