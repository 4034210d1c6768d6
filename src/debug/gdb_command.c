/* gdb_command.c - what gdb asks of a stopped guest (GDB manual, E.2 Packets, E.4 General Query Packets). Unknown packets get the
 * empty answer, as the protocol wants it.
 */
#include "debug/gdb_int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"

#define READ_MAX 4096

static bool reply(struct debug *d, const char *text)
{
    strbuf_clear(&d->reply);
    strbuf_add(&d->reply, text);
    return true;
}

static struct cpu_state *query_state(struct debug *d)
{
    int tid = d->query_tid > 0 ? d->query_tid : d->stop_tid;

    gdb_wait_parked(d, tid);
    return d->callbacks->state(d->ctx, tid);
}

/* ---- registers and memory ---------------------------------------------------------------------------------------- */

static bool read_registers(struct debug *d)
{
    struct cpu_state *s = query_state(d);

    if (!s)
        return reply(d, "E03");
    strbuf_clear(&d->reply);
    for (unsigned i = 0; i < d->cpu->nregs; i++) {
        uint64_t v = d->cpu->reg_get(s, i);

        packet_add_hex(&d->reply, &v, d->cpu->regs[i].bits / 8u);
    }
    return true;
}

static bool write_registers(struct debug *d, const char *p)
{
    struct cpu_state *s = query_state(d);

    if (!s)
        return reply(d, "E03");
    for (unsigned i = 0; i < d->cpu->nregs && *p; i++) {
        unsigned bytes = d->cpu->regs[i].bits / 8u;
        uint64_t v = 0;

        if (!packet_unhex(p, &v, bytes))
            return reply(d, "E22");
        d->cpu->reg_set(s, i, v);
        p += 2 * bytes;
    }
    return reply(d, "OK");
}

static bool one_register(struct debug *d, const char *p, bool write)
{
    uint64_t number = packet_hex(&p), v = 0;
    struct cpu_state *s = query_state(d);

    if (number >= d->cpu->nregs || !s)
        return reply(d, "E22");
    if (write) {
        if (*p != '=' || !packet_unhex(p + 1, &v, d->cpu->regs[number].bits / 8u))
            return reply(d, "E22");
        d->cpu->reg_set(s, (unsigned)number, v);
        return reply(d, "OK");
    }
    v = d->cpu->reg_get(s, (unsigned)number);
    strbuf_clear(&d->reply);
    packet_add_hex(&d->reply, &v, d->cpu->regs[number].bits / 8u);
    return true;
}

/* As much as can be read from addr on: gdb asks across the ends of mappings. */
static bool read_memory(struct debug *d, const char *p)
{
    uint64_t addr = packet_hex(&p), len = *p == ',' ? (p++, packet_hex(&p)) : 0;
    char buf[READ_MAX];

    if (len > sizeof(buf))
        len = sizeof(buf);
    while (len && d->callbacks->read(d->ctx, addr, buf, len))
        len /= 2;
    if (!len)
        return reply(d, "E14");
    strbuf_clear(&d->reply);
    packet_add_hex(&d->reply, buf, len);
    return true;
}

static bool write_memory(struct debug *d, const char *p)
{
    uint64_t addr = packet_hex(&p), len = *p == ',' ? (p++, packet_hex(&p)) : 0;
    char buf[READ_MAX];

    if (*p != ':' || len > sizeof(buf) || !packet_unhex(p + 1, buf, len))
        return reply(d, "E22");
    return reply(d, d->callbacks->write(d->ctx, addr, buf, len) ? "E14" : "OK");
}

static bool breakpoint(struct debug *d, const char *p, bool set)
{
    char kind = *p++;
    uint64_t addr;

    if ((kind != '0' && kind != '1') || *p != ',')
        return reply(d, "");
    p++;
    addr = packet_hex(&p);
    gdb_breakpoint(d, addr, set);
    return reply(d, "OK");
}

/* ---- threads and running ----------------------------------------------------------------------------------------- */

static bool thread_exists(struct debug *d, int tid)
{
    int tids[GDB_THREADS_MAX];
    unsigned n = d->callbacks->threads(d->ctx, tids, GDB_THREADS_MAX);

    for (unsigned i = 0; i < n; i++)
        if (tids[i] == tid)
            return true;
    return false;
}

static bool thread_list(struct debug *d)
{
    int tids[GDB_THREADS_MAX];
    unsigned n = d->callbacks->threads(d->ctx, tids, GDB_THREADS_MAX);

    strbuf_clear(&d->reply);
    for (unsigned i = 0; i < n; i++)
        strbuf_addf(&d->reply, "%c%x", i ? ',' : 'm', tids[i]);
    return true;
}

static int thread_id(const char *p)
{
    return strncmp(p, "-1", 2) == 0 ? -1 : (int)packet_hex(&p);
}

/* vCont;ACTION[:THREAD]... : the leftmost action that names a thread is its action; gdb_resume touches only threads that have no
 * order yet, so going from left to right does that. */
static bool vcont(struct debug *d, const char *p)
{
    while (*p == ';') {
        char action = *++p;
        enum gdb_order order = action == 's' || action == 'S' ? GDB_STEP : GDB_CONTINUE;
        int signal = 0, tid = 0;

        if (!action || !strchr("csCS", action))
            return reply(d, "E22");
        p++;
        if (action == 'C' || action == 'S')
            signal = (int)packet_hex(&p);
        if (*p == ':') {
            tid = thread_id(p + 1);
            p += strcspn(p, ";");
        }
        gdb_resume(d, tid < 0 ? 0 : tid, order, signal);
    }
    gdb_go(d);
    return false;
}

/* c, s, C, S: the thread that stopped gets the order and the signal, the others go on. */
static bool resume(struct debug *d, const char *p)
{
    enum gdb_order order = *p == 's' || *p == 'S' ? GDB_STEP : GDB_CONTINUE;
    const char *rest = p + 1;
    int signal = *p == 'C' || *p == 'S' ? (int)packet_hex(&rest) : 0;

    gdb_resume(d, d->stop_tid, order, signal);
    gdb_resume(d, 0, GDB_CONTINUE, 0);
    gdb_go(d);
    return false;
}

/* ---- queries ----------------------------------------------------------------------------------------------------- */

static void feature(struct debug *d, struct strbuf *out, const char *group, const char *name, unsigned *reg)
{
    strbuf_addf(out, "<feature name=\"%s\">", name);
    for (; *reg < d->cpu->nregs && str_eq(d->cpu->regs[*reg].gdb_group ? d->cpu->regs[*reg].gdb_group : group, group);
         ++*reg)
        strbuf_addf(out, "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\" regnum=\"%u\"/>", d->cpu->regs[*reg].name,
            d->cpu->regs[*reg].bits, d->cpu->regs[*reg].gdb_type, *reg);
    strbuf_add(out, "</feature>");
}

/* The CPU's registers in the order of its table, a feature for each run of one group. gdb wants the features' standard names:
 * org.gnu.gdb.riscv.cpu and .fpu. */
static void target_xml(struct debug *d, struct strbuf *out)
{
    const char *arch = d->cpu->gdb_arch;
    size_t family = strcspn(arch, ":");
    unsigned reg = 0;

    strbuf_addf(out,
        "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target><architecture>%s</architecture>",
        arch);
    while (reg < d->cpu->nregs) {
        const char *group = d->cpu->regs[reg].gdb_group ? d->cpu->regs[reg].gdb_group : "general";
        _cleanup_free_ char *name =
            x_asprintf("org.gnu.gdb.%.*s.%s", (int)family, arch, str_eq(group, "float") ? "fpu" : "cpu");

        feature(d, out, group, name, &reg);
    }
    strbuf_add(out, "</target>");
}

/* qXfer: a part [offset, offset + length) of a document: `m` and more follows, `l` and it is the last. */
static bool xfer(struct debug *d, const char *range, const void *data, size_t size)
{
    uint64_t offset = packet_hex(&range), len = *range == ',' ? (range++, packet_hex(&range)) : 0;

    if (offset > size)
        return reply(d, "E01");
    len = MIN(len, size - offset);
    len = MIN(len, (uint64_t)PACKET_MAX / 2 - 16);
    strbuf_clear(&d->reply);
    strbuf_addc(&d->reply, offset + len < size ? 'm' : 'l');
    strbuf_addn(&d->reply, (const char *)data + offset, len);
    return true;
}

static bool query_xfer(struct debug *d, const char *p)
{
    _cleanup_strbuf_ struct strbuf document = {0};
    const char *range;

    if ((range = str_after(p, "features:read:target.xml:"))) {
        target_xml(d, &document);
        return xfer(d, range, document.data, document.len);
    }
    if ((range = str_after(p, "auxv:read::"))) {
        char auxv[2048];
        size_t n = d->callbacks->auxv(d->ctx, auxv, sizeof(auxv));

        return xfer(d, range, auxv, n);
    }
    if ((range = str_after(p, "exec-file:read:")) && (range = strchr(range, ':')) && d->callbacks->exec_file(d->ctx))
        return xfer(d, range + 1, d->callbacks->exec_file(d->ctx), strlen(d->callbacks->exec_file(d->ctx)));
    return reply(d, "");
}

static bool query(struct debug *d, const char *p)
{
    const char *rest;

    if (str_after(p, "qSupported")) {
        strbuf_clear(&d->reply);
        strbuf_addf(&d->reply,
            "PacketSize=%x;qXfer:features:read+;qXfer:auxv:read+;qXfer:exec-file:read+;QStartNoAckMode+;"
            "vContSupported+;swbreak+",
            PACKET_MAX / 2);
        return true;
    }
    if ((rest = str_after(p, "qXfer:")))
        return query_xfer(d, rest);
    if (str_eq(p, "qfThreadInfo"))
        return thread_list(d);
    if (str_eq(p, "qsThreadInfo"))
        return reply(d, "l");
    if (str_eq(p, "qC")) {
        strbuf_clear(&d->reply);
        strbuf_addf(&d->reply, "QC%x", d->stop_tid);
        return true;
    }
    if (str_after(p, "qAttached"))
        return reply(d, "0");
    if (str_after(p, "qSymbol"))
        return reply(d, "OK");
    if (str_eq(p, "QStartNoAckMode")) {
        reply(d, "OK");
        packet_write(&d->socket, d->reply.data, d->reply.len);
        d->socket.no_ack = true;
        return false;
    }
    return reply(d, "");
}

bool gdb_command(struct debug *d, const char *packet, size_t len)
{
    (void)len;
    switch (packet[0]) {
    case '?':
        strbuf_clear(&d->reply);
        strbuf_addf(&d->reply, "T%02xthread:%x;", d->stop_signal, d->stop_tid);
        return true;
    case 'g': return read_registers(d);
    case 'G': return write_registers(d, packet + 1);
    case 'p': return one_register(d, packet + 1, false);
    case 'P': return one_register(d, packet + 1, true);
    case 'm': return read_memory(d, packet + 1);
    case 'M': return write_memory(d, packet + 1);
    case 'Z': return breakpoint(d, packet + 1, true);
    case 'z': return breakpoint(d, packet + 1, false);
    case 'H':
        if (packet[1] == 'g')
            d->query_tid = thread_id(packet + 2);
        return reply(d, "OK");
    case 'T': return reply(d, thread_exists(d, thread_id(packet + 1)) ? "OK" : "E03");
    case 'c':
    case 's':
    case 'C':
    case 'S': return resume(d, packet);
    case 'v':
        if (str_eq(packet, "vCont?"))
            return reply(d, "vCont;c;C;s;S");
        if (str_after(packet, "vCont"))
            return vcont(d, packet + 5);
        if (str_after(packet, "vKill")) {
            reply(d, "OK"); /* before there is nobody to say it */
            packet_write(&d->socket, d->reply.data, d->reply.len);
            d->callbacks->kill(d->ctx);
            return false;
        }
        return reply(d, "");
    case 'q':
    case 'Q': return query(d, packet);
    case 'D':
        reply(d, "OK");
        packet_write(&d->socket, d->reply.data, d->reply.len);
        gdb_detach(d);
        return false;
    case 'k': d->callbacks->kill(d->ctx); return false;
    default: return reply(d, "");
    }
}
