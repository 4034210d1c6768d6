/* ELF headers that lie: each mutation of a good file is refused with -ENOEXEC and a reason, or is harmless. The vDSO image is
 * read back with the same reader and by walking its tables as a dynamic linker does. `#!` lines by the kernel's rules.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/base.h"
#include "cpu/cpu.h"
#include "cpu/rv64/rv64.h"
#include "harness.h"
#include "linux/abi/abi.h"
#include "linux/load_int.h"

#define LIMIT ((uint64_t)1 << 38)

static const struct cpu_ops *const cpus[] = {&rv64_cpu_ops, NULL};

struct file {
    Elf64_Ehdr h;
    Elf64_Phdr ph[5];
    char interp[32];
    uint8_t rest[8192];
};

static struct file good(void)
{
    struct file f = {.h = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                         .e_type = ET_DYN,
                         .e_machine = EM_RISCV,
                         .e_version = EV_CURRENT,
                         .e_entry = 0x400,
                         .e_phoff = sizeof(Elf64_Ehdr),
                         .e_phentsize = sizeof(Elf64_Phdr),
                         .e_phnum = 5}};

    f.ph[0] = (Elf64_Phdr){PT_LOAD, PF_R | PF_X, 0, 0, 0, 0x1000, 0x1000, 0x1000};
    f.ph[1] = (Elf64_Phdr){PT_LOAD, PF_R | PF_W, 0x1000, 0x11000, 0x11000, 0x800, 0x3000, 0x10000};
    f.ph[2] = (Elf64_Phdr){PT_INTERP, PF_R, offsetof(struct file, interp), 0, 0, 9, 9, 1};
    f.ph[3] = (Elf64_Phdr){PT_GNU_STACK, PF_R | PF_W | PF_X, 0, 0, 0, 0, 0, 16};
    f.ph[4] = (Elf64_Phdr){PT_NOTE, PF_R, UINT64_MAX, UINT64_MAX, 0, UINT64_MAX, UINT64_MAX, 3};
    strcpy(f.interp, "/lib/ld1");
    return f;
}

static int read_bytes(const void *data, size_t size, struct elf_program *p, struct err *err)
{
    _cleanup_close_ int fd = memfd_create("elf", MFD_CLOEXEC);

    CHECK_EQ(fd_write_full(fd, data, size), 0);
    return elf_read(fd, cpus, LIMIT, p, err);
}

static int read_elf(const struct file *f)
{
    struct err err = ERR_INIT;
    struct elf_program p;
    int status = read_bytes(f, sizeof(*f), &p, &err);

    CHECK(status == 0 || err.text[0]);
    CHECK(status == 0 || p.segments == NULL);
    elf_fini(&p);
    return status;
}

TEST(a_good_file)
{
    struct file f = good();
    struct err err = ERR_INIT;
    struct elf_program p;

    CHECK_EQ(read_bytes(&f, sizeof(f), &p, &err), 0);
    CHECK(p.cpu == &rv64_cpu_ops && p.pie && p.has_stack_flags && p.exec_stack);
    CHECK_EQ(p.nsegments, 2u);
    CHECK_EQ(p.low, (uint64_t)0);
    CHECK_EQ(p.high, (uint64_t)0x14000);
    CHECK_EQ(p.align, (uint64_t)0x10000);
    CHECK_EQ(p.phdr, (uint64_t)sizeof(Elf64_Ehdr));
    CHECK_STR(p.interp, "/lib/ld1");
    elf_fini(&p);
}

#define REFUSED(...)                                                                                                   \
    do {                                                                                                               \
        struct file f = good();                                                                                        \
        __VA_ARGS__;                                                                                                   \
        CHECK_EQ(read_elf(&f), -ENOEXEC);                                                                              \
    } while (0)

TEST(lies_are_refused)
{
    REFUSED(f.h.e_ident[0] = 0);
    REFUSED(f.h.e_ident[EI_CLASS] = ELFCLASS32);
    REFUSED(f.h.e_ident[EI_DATA] = ELFDATA2MSB);
    REFUSED(f.h.e_machine = EM_X86_64);
    REFUSED(f.h.e_type = ET_REL);
    REFUSED(f.h.e_type = ET_CORE);
    REFUSED(f.h.e_phnum = 0);
    REFUSED(f.h.e_phnum = 0xffff); /* PN_XNUM: 100,000 headers */
    REFUSED(f.h.e_phnum = 1000);   /* more than the file holds */
    REFUSED(f.h.e_phentsize = 32);
    REFUSED(f.h.e_phoff = UINT64_MAX - 8);
    REFUSED(f.h.e_phoff = sizeof(f) - 8);
    REFUSED(f.ph[0].p_type = f.ph[1].p_type = PT_NULL);
    REFUSED(f.ph[1].p_filesz = f.ph[1].p_memsz + 1);
    REFUSED(f.ph[1].p_memsz = UINT64_MAX);
    REFUSED(f.ph[1].p_vaddr = LIMIT);
    REFUSED(f.ph[1].p_vaddr = UINT64_MAX - 0xfff);
    REFUSED(f.ph[1].p_offset = 0x100000);
    REFUSED(f.ph[1].p_offset = UINT64_MAX - 0xfff);
    REFUSED(f.ph[1].p_offset++);
    REFUSED(f.ph[1].p_vaddr = 0x800, f.ph[1].p_offset = 0x800); /* overlap */
    REFUSED(f.ph[2].p_filesz = 1);
    REFUSED(f.ph[2].p_filesz = PATH_MAX + 1);
    REFUSED(f.ph[2].p_filesz = 8); /* not terminated */
    REFUSED(f.ph[2].p_offset = UINT64_MAX);
    REFUSED(f.interp[0] = 0);
}

TEST(every_truncation)
{
    struct file f = good();

    for (size_t size = 0; size < 0x1900; size++) {
        struct err err = ERR_INIT;
        struct elf_program p;
        int status = read_bytes(&f, size, &p, &err);

        CHECK_EQ(status, size < 0x1800 ? -ENOEXEC : 0);
        elf_fini(&p);
    }
}

TEST_TIMEOUT(random_headers_never_break_it, 60)
{
    uint64_t seed = 7;

    for (int i = 0; i < 20000; i++) {
        struct file f = good();

        for (int n = 0; n < 4; n++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            ((uint8_t *)&f)[(seed >> 20) % offsetof(struct file, rest)] = (uint8_t)(seed >> 56);
        }
        read_elf(&f);
    }
}

/* ---- mapping ---- */

TEST(segments_are_mapped_and_zeroed)
{
    struct file f = good();
    struct err err = ERR_INIT;
    struct mem_space *m = mem_space_new(0x7fff0000, NULL, NULL, &err);
    _cleanup_close_ int fd = memfd_create("elf", 0);
    const uint64_t bias = 0x100000;
    struct elf_program p;
    uint8_t page[0x1000];

    memset(f.rest, 0xaa, sizeof(f.rest));
    CHECK_EQ(fd_write_full(fd, &f, sizeof(f)), 0);
    CHECK_EQ(elf_read(fd, cpus, LIMIT, &p, &err), 0);
    CHECK_EQ(elf_map(m, fd, &p, bias, false, &err), 0);
    CHECK_EQ(mem_query(m, bias), PROT_READ | PROT_EXEC);
    CHECK_EQ(mem_query(m, bias + 0x1000), -1);
    CHECK_EQ(mem_query(m, bias + 0x13000), PROT_READ | PROT_WRITE);
    CHECK_EQ(mem_query(m, bias + 0x14000), -1);
    CHECK_EQ(mem_read(m, bias + 0x11000, page, sizeof(page)), 0);
    for (size_t i = 0; i < sizeof(page); i++)
        CHECK_EQ(page[i], i < 0x800 ? 0xaa : 0);
    CHECK(elf_map(m, fd, &p, bias, false, &err) < 0); /* somebody is there */
    elf_fini(&p);
    mem_space_free(m);
}

/* ---- the vDSO ---- */

static const Elf64_Dyn *dyn_find(const uint8_t *image, int64_t tag)
{
    const Elf64_Ehdr *h = (const Elf64_Ehdr *)image;
    const Elf64_Phdr *ph = (const Elf64_Phdr *)(image + h->e_phoff);

    for (unsigned i = 0; i < h->e_phnum; i++)
        if (ph[i].p_type == PT_DYNAMIC)
            for (const Elf64_Dyn *d = (const Elf64_Dyn *)(image + ph[i].p_offset); d->d_tag; d++)
                if (d->d_tag == tag)
                    return d;
    FAIL("no dynamic entry %ld", (long)tag);
}

static const void *dyn_at(const uint8_t *image, int64_t tag)
{
    return image + dyn_find(image, tag)->d_un.d_ptr;
}

/* As a dynamic linker does with a GNU hash table. */
static const Elf64_Sym *lookup(const uint8_t *image, const char *name)
{
    const uint32_t *hash = dyn_at(image, DT_GNU_HASH);
    const uint32_t *buckets = hash + 4 + 2 * hash[2], *chain = buckets + hash[0];
    const Elf64_Sym *syms = dyn_at(image, DT_SYMTAB);
    const char *strings = dyn_at(image, DT_STRTAB);
    uint32_t h = 5381;

    for (const char *c = name; *c; c++)
        h = h * 33 + (uint8_t)*c;
    for (uint32_t i = buckets[h % hash[0]];; i++) {
        if ((chain[i - hash[1]] | 1) == (h | 1) && str_eq(strings + syms[i].st_name, name))
            return &syms[i];
        if (chain[i - hash[1]] & 1)
            return NULL;
    }
}

TEST(vdso_is_a_shared_object)
{
    _Alignas(8) uint8_t image[MEM_PAGE];
    const struct linux_vdso_desc *d = linux_abi_riscv64.vdso;
    uint64_t sigreturn;
    size_t size = linux_vdso_build(d, EM_RISCV, image, &sigreturn);
    struct err err = ERR_INIT;
    struct elf_program p;
    const uint16_t *versym;
    const uint32_t *sysv;

    CHECK(size <= sizeof(image));
    CHECK_EQ(read_bytes(image, size, &p, &err), 0);
    elf_fini(&p);
    CHECK_STR((const char *)dyn_at(image, DT_STRTAB) + dyn_find(image, DT_SONAME)->d_un.d_val, "linux-vdso.so.1");
    versym = dyn_at(image, DT_VERSYM);
    sysv = dyn_at(image, DT_HASH);
    CHECK_EQ(sysv[1], d->nfunctions + 1);
    for (unsigned i = 0; i < d->nfunctions; i++) {
        const Elf64_Sym *s = lookup(image, d->functions[i].name);

        CHECK(s != NULL);
        CHECK_MEM(image + s->st_value, d->functions[i].code, 12);
        CHECK_EQ(versym[s - (const Elf64_Sym *)dyn_at(image, DT_SYMTAB)], 2);
    }
    CHECK(lookup(image, "__vdso_nothing") == NULL);
    CHECK_EQ(lookup(image, "__vdso_rt_sigreturn")->st_value, sigreturn);
    CHECK_EQ(*(uint32_t *)(image + sigreturn), 0x08b00893u); /* li a7, 139: what libgcc looks for */
}

/* readelf is the judge of the tables that nobody above reads. */
TEST(vdso_pleases_readelf)
{
    _Alignas(8) uint8_t image[MEM_PAGE];
    uint64_t sigreturn;
    size_t size = linux_vdso_build(linux_abi_riscv64.vdso, EM_RISCV, image, &sigreturn);
    char path[] = "/tmp/lodge-vdso-XXXXXX", command[200];
    int fd = mkstemp(path), status;

    if (system("readelf --version >/dev/null 2>&1") != 0)
        SKIP("readelf is not installed");
    CHECK_EQ(fd_write_full(fd, image, size), 0);
    snprintf(command, sizeof(command), "readelf -Wld %s >%s.out 2>&1 && ! grep -qi 'warning\\|error' %s.out", path,
        path, path);
    status = system(command);
    snprintf(command, sizeof(command), "rm -f %s %s.out", path, path);
    CHECK_EQ(system(command), 0);
    CHECK_EQ(status, 0);
}

/* ---- #! ---- */

static void script(const char *line, int want, const char *want_interp, const char *want_arg)
{
    char buf[257] = "", *interp = NULL, *arg = NULL;

    strncpy(buf, line, 256);
    CHECK_EQ(linux_script_parse(buf, strlen(buf), &interp, &arg), want);
    if (want)
        return;
    CHECK_STR(interp, want_interp);
    CHECK((arg == NULL) == (want_arg == NULL));
    if (arg)
        CHECK_STR(arg, want_arg);
}

TEST(script_lines)
{
    char cut[400];

    script("#!/bin/sh\necho", 0, "/bin/sh", NULL);
    script("#!/bin/sh", 0, "/bin/sh", NULL);
    script("#! \t/bin/sh  -e -x \t\n", 0, "/bin/sh", "-e -x");
    script("#!", -ENOEXEC, NULL, NULL);
    script("#!\n", -ENOEXEC, NULL, NULL);
    script("#!  \n/bin/sh", -ENOEXEC, NULL, NULL);
    script("# !/bin/sh\n", -ENOEXEC, NULL, NULL);
    script("", -ENOEXEC, NULL, NULL);
    memset(cut, 'a', sizeof(cut));
    memcpy(cut, "#!/", 3);
    cut[300] = 0;
    script(cut, -ENOEXEC, NULL, NULL); /* the interpreter's name is cut off */
    cut[10] = ' ';
    script(cut, 0, "/aaaaaaa", cut + 11 + (300 - 256) /* an argument may be cut */);
}
