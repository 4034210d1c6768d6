/* /proc/self/maps and smaps: the host's mappings below the guest's limit, with the protection that the guest asked for (the
 * host's is never executable, and pages with translated code are read-only there), and with the guest's heap, stack and vDSO
 * labelled.
 */
#include "linux/proc_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "linux/limits_int.h"

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

/* Of smaps: details begin with a capital. */
static bool is_header(const char *line)
{
    return (*line >= '0' && *line <= '9') || (*line >= 'a' && *line <= 'f');
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
        if (!is_header(line)) {
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

bool linux_maps_path(uint64_t addr, char out[LINUX_PATH_MAX])
{
    _cleanup_free_ char *host = host_file("/proc/self/maps");
    struct mapping m;
    char *save = NULL;

    for (char *line = host ? strtok_r(host, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
        if (!parse(line, &m) || m.end <= addr)
            continue;
        if (m.start > addr || m.path[0] != '/' || strlen(m.path) >= LINUX_PATH_MAX)
            return false;
        strcpy(out, m.path);
        return true;
    }
    return false;
}

/* ---- another guest's ---- */

static char *host_file_at(int dirfd, const char *name)
{
    _cleanup_close_ int fd = linux_own_open(dirfd, name, O_RDONLY);
    struct strbuf text = {0};
    char part[4096];
    ssize_t n;

    if (fd < 0)
        return NULL;
    while ((n = read(fd, part, sizeof(part))) > 0)
        strbuf_addn(&text, part, (size_t)n);
    strbuf_addc(&text, '\0');
    return text.data;
}

int linux_maps_other(struct linux_thread *t, int dirfd, const char *name, struct strbuf *out)
{
    _cleanup_free_ char *host = host_file_at(dirfd, name);
    uint64_t limit = mem_space_limit(t->process->mm->mem);
    char *save = NULL;

    if (!host)
        return -errno;
    for (char *line = strtok_r(host, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (is_header(line) && strtoull(line, NULL, 16) >= limit)
            break;
        strbuf_addf(out, "%s\n", line);
    }
    return 0;
}

enum { STACK_SHOWN = 132 << 10 }; /* as memory.c counts a stack that is mapped whole */

void linux_maps_sizes(struct linux_thread *t, struct maps_sizes *out)
{
    const struct linux_mm *mm = t->process->mm;

    out->total = linux_memory_size(t);
    out->data = mem_data(mm->mem);
    out->stack = mm->stack_top - mm->stack_low < STACK_SHOWN ? mm->stack_top - mm->stack_low : STACK_SHOWN;
}

/* The stack is the highest mapping of a guest. */
int linux_maps_sizes_other(struct linux_thread *t, int dirfd, struct maps_sizes *out)
{
    _cleanup_free_ char *host = host_file_at(dirfd, "maps");
    uint64_t limit = mem_space_limit(t->process->mm->mem), last = 0;
    struct mapping m;
    char *save = NULL;

    *out = (struct maps_sizes){0};
    if (!host)
        return -errno;
    for (char *line = strtok_r(host, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (!parse(line, &m) || m.start >= limit)
            break;
        last = m.end - m.start;
        out->total += last;
        if (m.perms[1] == 'w' && m.perms[3] == 'p')
            out->data += last;
    }
    out->stack = last < STACK_SHOWN ? last : STACK_SHOWN;
    out->total -= last - out->stack;
    out->data -= out->data < last ? out->data : last;
    return 0;
}
