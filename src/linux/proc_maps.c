/* /proc/self/maps and smaps: the host's mappings below the guest's limit, with the protection that the guest asked for (the
 * host's is never executable, and pages with translated code are read-only there), and with the guest's heap, stack and vDSO
 * labelled.
 */
#include "linux/proc_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fd.h"

#define PATH_COLUMN 73 /* fs/proc/task_mmu.c: seq_setwidth(25 + sizeof(void *) * 6 - 1) */

/* One line of maps. */
struct mapping {
    uint64_t start, end, offset, inode;
    char perms[5];
    char dev[16];
    const char *path; /* borrowed from the host's text; "" if none */
};

static bool parse(char *line, struct mapping *m)
{
    unsigned long start, end, offset, inode;
    int at = 0;

    if (sscanf(line, "%lx-%lx %4s %lx %15s %lu%n", &start, &end, m->perms, &offset, m->dev, &inode, &at) < 6)
        return false;
    m->start = start;
    m->end = end;
    m->offset = offset;
    m->inode = inode;
    m->path = line + at + strspn(line + at, " ");
    return true;
}

static const char *label(const struct linux_mm *mm, const struct mapping *m)
{
    if (*m->path)
        return m->path;
    if (m->start < mm->brk && m->end > mm->brk_start)
        return "[heap]";
    if (m->start < mm->stack_top && m->end > mm->stack_low)
        return "[stack]";
    if (mm->vdso && m->start <= mm->vdso && m->end > mm->vdso)
        return "[vdso]";
    return "";
}

static void print(const struct linux_mm *mm, struct strbuf *out, const struct mapping *m)
{
    const char *name = label(mm, m);
    size_t from = out->len;

    strbuf_addf(out, "%08lx-%08lx %s %08lx %s %lu ", (unsigned long)m->start, (unsigned long)m->end, m->perms,
        (unsigned long)m->offset, m->dev, (unsigned long)m->inode);
    while (*name && out->len - from < PATH_COLUMN)
        strbuf_addc(out, ' ');
    strbuf_addf(out, "%s\n", name);
}

static void set_perms(struct mapping *m, const struct mem_area *area)
{
    m->perms[0] = area->prot & PROT_READ ? 'r' : '-';
    m->perms[1] = area->prot & PROT_WRITE ? 'w' : '-';
    m->perms[2] = area->prot & PROT_EXEC ? 'x' : '-';
}

/* Was what the guest sees as one mapping split by lodge's own protection? */
static bool continues(const struct mapping *m, const struct mapping *next)
{
    return m->end == next->start && m->inode == next->inode && str_eq(m->perms, next->perms) &&
        str_eq(m->dev, next->dev) && str_eq(m->path, next->path) &&
        (!m->inode || m->offset + (m->end - m->start) == next->offset);
}

/* Adds the part of the host's mapping that the guest owns, piece by piece; *last is printed when it is complete. */
static void add(struct linux_thread *t, struct strbuf *out, const struct mapping *host, struct mapping *last)
{
    struct linux_mm *mm = t->process->mm;
    struct mem_area area;

    for (uint64_t at = host->start; at < host->end && mem_next(mm->mem, at, &area) && area.start < host->end;
         at = area.end) {
        struct mapping piece = *host;

        piece.start = area.start > at ? area.start : at;
        piece.end = area.end < host->end ? area.end : host->end;
        piece.offset = host->inode ? host->offset + (piece.start - host->start) : host->offset;
        set_perms(&piece, &area);
        if (last->end && continues(last, &piece)) {
            last->end = piece.end;
            continue;
        }
        if (last->end)
            print(mm, out, last);
        *last = piece;
    }
}

static char *host_file(const char *path)
{
    return fd_read_file(path, 256u << 20, NULL, NULL);
}

int linux_maps(struct linux_thread *t, struct strbuf *out)
{
    _cleanup_free_ char *host = host_file("/proc/self/maps");
    struct mapping m, last = {0};
    char *save = NULL;

    if (!host)
        return -ENOENT;
    for (char *line = strtok_r(host, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (!parse(line, &m) || m.start >= mem_space_limit(t->process->mm->mem))
            break;
        add(t, out, &m, &last);
    }
    if (last.end)
        print(t->process->mm, out, &last);
    return 0;
}

int linux_smaps(struct linux_thread *t, struct strbuf *out)
{
    _cleanup_free_ char *host = host_file("/proc/self/smaps");
    struct linux_mm *mm = t->process->mm;
    struct mem_area area;
    struct mapping m;
    char *save = NULL;
    bool shown = false;

    if (!host)
        return -ENOENT;
    for (char *line = strtok_r(host, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        bool header =
            (*line >= '0' && *line <= '9') || (*line >= 'a' && *line <= 'f'); /* details begin with a capital */

        if (!header) {
            if (shown)
                strbuf_addf(out, "%s\n", line);
            continue;
        }
        if (!parse(line, &m) || m.start >= mem_space_limit(mm->mem))
            break;
        shown = mem_next(mm->mem, m.start, &area) && area.start < m.end;
        if (!shown)
            continue;
        set_perms(&m, &area);
        print(mm, out, &m);
    }
    return 0;
}

uint64_t linux_maps_size(struct linux_thread *t)
{
    struct mem_area area;
    uint64_t size = 0;

    for (uint64_t at = 0; mem_next(t->process->mm->mem, at, &area); at = area.end)
        size += area.end - area.start;
    return size;
}
