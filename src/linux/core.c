/* core.c - the guest's core file, in the guest's format (elf.h, fs/binfmt_elf.c): notes with the registers of every thread,
 * then the memory that belongs to the program alone. Written where core_pattern names a plain file and RLIMIT_CORE allows.
 */
#include <elf.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "base/str.h"
#include "linux/abi/abi.h"
#include "linux/guest.h"
#include "linux/signal_int.h"

enum { REGS_MAX = 512, FPREGS_MAX = 1024, AUXV_MAX = 4096, COPY = 1 << 16 };

/* elf_prstatus of a 64-bit CPU up to pr_reg, and what follows it. */
struct prstatus {
    int si_signo, si_code, si_errno;
    int16_t cursig;
    uint64_t sigpend, sighold;
    int32_t pid, ppid, pgrp, sid;
    uint64_t times[8];
};
_Static_assert(sizeof(struct prstatus) == 112, "pr_reg's offset");

struct prpsinfo {
    char state, sname, zomb, nice;
    uint64_t flag;
    uint32_t uid, gid;
    int32_t pid, ppid, pgrp, sid;
    char fname[16], psargs[80];
};
_Static_assert(sizeof(struct prpsinfo) == 136, "elf_prpsinfo");

static void add_note(struct strbuf *out, uint32_t type, const void *data, uint32_t size)
{
    static const char padding[4];
    Elf64_Nhdr head = {.n_namesz = 5, .n_descsz = size, .n_type = type};

    strbuf_addn(out, &head, sizeof(head));
    strbuf_addn(out, "CORE\0\0\0", 8);
    strbuf_addn(out, data, size);
    strbuf_addn(out, padding, -size & 3);
}

/* The registers of a thread that is running elsewhere are those of its last event. */
static void add_thread(struct strbuf *out, struct linux_thread *t, const siginfo_t *info)
{
    const struct linux_abi *abi = t->process->abi;
    const struct cpu_state *s = t->process->ops->thread_state(t->cpu);
    uint8_t regs[sizeof(struct prstatus) + REGS_MAX + 8] = {0}, fpregs[FPREGS_MAX];
    struct prstatus head = {
        .si_signo = info->si_signo,
        .si_code = info->si_code,
        .cursig = (int16_t)info->si_signo,
        .sighold = t->sigmask,
        .pid = t->tid,
        .ppid = getppid(),
        .pgrp = getpgrp(),
        .sid = getsid(0),
    };
    uint32_t size = abi->core_regs(s, regs + sizeof(head));

    memcpy(regs, &head, sizeof(head));
    add_note(out, NT_PRSTATUS, regs, (uint32_t)sizeof(head) + size + 8); /* pr_fpvalid, padding */
    add_note(out, NT_FPREGSET, fpregs, abi->core_fpregs(s, fpregs));
}

static void add_process(struct strbuf *out, struct linux_thread *t, const siginfo_t *info)
{
    struct linux_mm *mm = t->process->mm;
    struct prpsinfo ps = {
        .sname = 'R',
        .uid = getuid(),
        .gid = getgid(),
        .pid = getpid(),
        .ppid = getppid(),
        .pgrp = getpgrp(),
        .sid = getsid(0),
    };
    uint8_t auxv[AUXV_MAX];
    uint64_t len = mm->arg_end - mm->arg_start;
    const char *slash = strrchr(t->process->exe, '/');

    slash = slash ? slash + 1 : t->process->exe;
    memcpy(ps.fname, slash, strnlen(slash, sizeof(ps.fname) - 1));
    len = len < sizeof(ps.psargs) - 1 ? len : sizeof(ps.psargs) - 1;
    if (!guest_read(t, mm->arg_start, ps.psargs, len))
        for (uint64_t i = 0; i + 1 < len; i++)
            ps.psargs[i] = ps.psargs[i] ? ps.psargs[i] : ' ';
    add_note(out, NT_PRPSINFO, &ps, sizeof(ps));
    add_note(out, NT_SIGINFO, info, sizeof(*info));
    len = mm->auxv_end - mm->auxv_start;
    if (len <= sizeof(auxv) && !guest_read(t, mm->auxv_start, auxv, len))
        add_note(out, NT_AUXV, auxv, (uint32_t)len);
}

static void add_notes(struct strbuf *out, struct linux_thread *t, const siginfo_t *info)
{
    siginfo_t none = {0};

    add_thread(out, t, info);
    add_process(out, t, info);
    for (struct linux_thread *other = t->process->threads; other; other = other->next)
        if (other != t && other->cpu)
            add_thread(out, other, &none);
}

/* What coredump_filter's default takes: private memory that can be read; of a file's private mapping lodge cannot tell the
 * changed pages, so all of it that is writable. */
static bool is_dumped(const struct mem_area *area)
{
    return (area->prot & PROT_READ) && !area->shared && (area->anonymous || (area->prot & PROT_WRITE));
}

static void put_segment(int fd, struct linux_thread *t, const struct mem_area *area, uint64_t offset)
{
    static uint8_t copy[COPY]; /* one thread dumps, and the stack may be short */

    for (uint64_t at = area->start; at < area->end; at += COPY) {
        uint64_t len = area->end - at < COPY ? area->end - at : COPY;

        if (!guest_read(t, at, copy, len) && pwrite(fd, copy, len, (off_t)(offset + at - area->start)) < 0)
            return;
    }
}

static void put_core(int fd, struct linux_thread *t, const siginfo_t *info)
{
    struct mem_space *m = t->process->mm->mem;
    _cleanup_strbuf_ struct strbuf notes = {0}, heads = {0};
    struct mem_area area;
    uint16_t count = 1;
    uint64_t at;
    Elf64_Ehdr eh = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, t->process->cpu->elf_class, t->process->cpu->elf_data,
            EV_CURRENT},
        .e_type = ET_CORE,
        .e_machine = t->process->cpu->elf_machine,
        .e_version = EV_CURRENT,
        .e_phoff = sizeof(eh),
        .e_ehsize = sizeof(eh),
        .e_phentsize = sizeof(Elf64_Phdr),
    };

    add_notes(&notes, t, info);
    for (uint64_t a = 0; mem_next(m, a, &area); a = area.end)
        count++;
    eh.e_phnum = count;
    at = sizeof(eh) + count * sizeof(Elf64_Phdr);
    strbuf_addn(&heads, &eh, sizeof(eh));
    strbuf_addn(&heads, &(Elf64_Phdr){.p_type = PT_NOTE, .p_offset = at, .p_filesz = notes.len}, sizeof(Elf64_Phdr));
    at = (at + notes.len + MEM_PAGE - 1) & ~(uint64_t)(MEM_PAGE - 1);
    for (uint64_t a = 0; count-- > 1 && mem_next(m, a, &area); a = area.end) {
        uint64_t size = area.end - area.start;
        Elf64_Phdr ph = {
            .p_type = PT_LOAD,
            .p_offset = at,
            .p_vaddr = area.start,
            .p_memsz = size,
            .p_filesz = is_dumped(&area) ? size : 0,
            .p_flags = (area.prot & PROT_READ ? PF_R : 0u) | (area.prot & PROT_WRITE ? PF_W : 0u) |
                (area.prot & PROT_EXEC ? PF_X : 0u),
            .p_align = MEM_PAGE,
        };

        strbuf_addn(&heads, &ph, sizeof(ph));
        if (ph.p_filesz)
            put_segment(fd, t, &area, at);
        at += ph.p_filesz;
    }
    strbuf_addn(&heads, notes.data, notes.len);
    if (pwrite(fd, heads.data, heads.len, 0) < 0 || ftruncate(fd, (off_t)at) < 0)
        return; /* the limit or the disk: what is there stays, as the kernel does it */
}

/* core_pattern when it is a file name: %p is the process number, %% a percent sign; other % marks are left out. */
static bool core_name(char *name, size_t size)
{
    char pattern[256];
    int fd = open("/proc/sys/kernel/core_pattern", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, pattern, sizeof(pattern) - 1);
    struct strbuf out = {0};
    bool ok;

    if (fd >= 0)
        close(fd);
    if (n <= 0 || pattern[0] == '|' || pattern[0] == '@')
        return false;
    pattern[n] = '\0';
    pattern[strcspn(pattern, "\n")] = '\0';
    for (const char *p = pattern; *p; p++) {
        if (*p != '%')
            strbuf_addc(&out, *p);
        else if (*++p == 'p')
            strbuf_addf(&out, "%d", (int)getpid());
        else if (*p == '%')
            strbuf_addc(&out, '%');
        else if (!*p)
            break;
    }
    ok = out.len && out.len < size;
    if (ok)
        memcpy(name, strbuf_text(&out), out.len + 1);
    strbuf_fini(&out);
    return ok;
}

void linux_core_write(struct linux_thread *t, const siginfo_t *info)
{
    char name[256];
    struct rlimit limit;
    int fd;

    if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 1) /* a set-id program's would show what its user may not see */
        return;
    if (getrlimit(RLIMIT_CORE, &limit) || limit.rlim_cur < MEM_PAGE || !core_name(name, sizeof(name)))
        return;
    unlink(name);
    fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    linux_signal_host_plain(SIGXFSZ, (uint64_t)SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit); /* cuts the file where RLIMIT_CORE says; the process is about to end */
    put_core(fd, t, info);
    close(fd);
}
