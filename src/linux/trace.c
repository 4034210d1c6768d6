/* --trace linux: system calls as strace(1) prints them. A line is written with one write(2) when its call is over; calls that
 * do not return are printed before.
 */
#include "linux/syscall_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "linux/sys_c.h"

static void emit(struct linux_thread *t, struct strbuf *line)
{
    strbuf_addc(line, '\n');
    if (write(t->process->config->trace_fd, line->data, line->len) < 0)
        return; /* nobody reads the trace any more: the guest goes on */
}

void linux_trace_enter(struct linux_thread *t, uint64_t nr, const uint64_t a[6])
{
    const struct linux_call *call = linux_call_find(nr);

    if (call && (str_eq(call->name, "exit") || str_eq(call->name, "exit_group")))
        linux_trace_call(t, nr, a, 0);
}

void linux_trace_call(struct linux_thread *t, uint64_t nr, const uint64_t a[6], int64_t result)
{
    const struct linux_call *call = linux_call_find(nr);
    _cleanup_strbuf_ struct strbuf line = {0};

    strbuf_addf(&line, "[pid %d] ", t->tid);
    if (call)
        strbuf_addf(&line, "%s(", call->name);
    else
        strbuf_addf(&line, "syscall_%lu(", (unsigned long)nr);
    for (int i = 0; i < 6 && (!call || call->args[i].kind); i++)
        strbuf_addf(&line, i ? ", %#lx" : "%#lx", (unsigned long)a[i]);
    strbuf_addf(&line, ") = %ld", (long)result);
    emit(t, &line);
}

void linux_trace_note(struct linux_thread *t, const char *format, ...)
{
    _cleanup_strbuf_ struct strbuf line = {0};
    va_list args;

    if (t->process->config->trace_fd < 0)
        return;
    strbuf_addf(&line, "[pid %d] ", t->tid);
    va_start(args, format);
    strbuf_vaddf(&line, format, args);
    va_end(args);
    emit(t, &line);
}
