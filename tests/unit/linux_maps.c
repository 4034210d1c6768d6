/* /proc/self/maps: the guest's areas with its own protection and labels, in the kernel's form, and nothing of lodge.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "linux/proc_int.h"
#include "linux_fixture.h"

#define BASE 0x10000000u
#define PAGE 4096u

static struct linux_thread *guest(void)
{
    static const struct linux_config config = {.trace_fd = -1};
    struct linux_thread *t = fixture_thread(&config);
    struct err err = ERR_INIT;

    mem_space_free(t->process->mm->mem);
    t->process->mm->mem = mem_space_new(1ull << 38, fixture_code_change, NULL, &err);
    if (!t->process->mm->mem)
        FAIL("%s", err.text);
    return t;
}

static void map(struct linux_thread *t, uint64_t at, uint64_t pages, int prot)
{
    CHECK_EQ(mem_map(t->process->mm->mem, at, pages * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
        (int64_t)at);
}

TEST(labels_and_protection)
{
    struct linux_thread *t = guest();
    struct linux_mm *mm = t->process->mm;
    _cleanup_strbuf_ struct strbuf out = {0};

    map(t, BASE, 3, PROT_READ | PROT_WRITE);
    map(t, BASE + 4 * PAGE, 1, PROT_READ | PROT_EXEC);
    map(t, BASE + 8 * PAGE, 2, PROT_READ | PROT_WRITE);
    map(t, BASE + 16 * PAGE, 1, PROT_NONE);
    mm->brk_start = BASE + 8 * PAGE;
    mm->brk = BASE + 10 * PAGE;
    mm->stack_low = BASE;
    mm->stack_top = BASE + 3 * PAGE;
    mm->vdso = BASE + 4 * PAGE;
    CHECK_EQ(linux_maps(t, &out), 0);
    CHECK_STR(strbuf_text(&out),
        "10000000-10003000 rw-p 00000000 00:00 0                                  [stack]\n"
        "10004000-10005000 r-xp 00000000 00:00 0                                  [vdso]\n"
        "10008000-1000a000 rw-p 00000000 00:00 0                                  [heap]\n"
        "10010000-10011000 ---p 00000000 00:00 0 \n");
    CHECK_EQ(linux_memory_size(t), 7ull * PAGE);
}

/* lodge write-protects one page of three: the guest still has one mapping. */
TEST(watched_pages_do_not_show)
{
    struct linux_thread *t = guest();
    _cleanup_strbuf_ struct strbuf out = {0};

    map(t, BASE, 3, PROT_READ | PROT_WRITE | PROT_EXEC);
    mem_watch_code(t->process->mm->mem, BASE + PAGE, BASE + PAGE + 4);
    CHECK_EQ(linux_maps(t, &out), 0);
    CHECK_STR(strbuf_text(&out), "10000000-10003000 rwxp 00000000 00:00 0 \n");
}

TEST(files)
{
    struct linux_thread *t = guest();
    _cleanup_strbuf_ struct strbuf out = {0};
    char path[] = "/tmp/lodge-maps-XXXXXX", *line;
    int fd = mkstemp(path);

    CHECK(fd >= 0 && ftruncate(fd, 8 * PAGE) == 0);
    CHECK_EQ(
        mem_map(t->process->mm->mem, BASE, 4 * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, PAGE), BASE);
    CHECK_EQ(mem_protect(t->process->mm->mem, BASE + 2 * PAGE, PAGE, PROT_READ), 0);
    unlink(path);
    CHECK_EQ(linux_maps(t, &out), 0);
    line = out.data;
    CHECK(str_after(line, "10000000-10002000 r-xp 00001000 "));
    CHECK(strstr(line, path) != NULL);
    line = strchr(line, '\n') + 1;
    CHECK(str_after(line, "10002000-10003000 r--p 00003000 "));
    line = strchr(line, '\n') + 1;
    CHECK(str_after(line, "10003000-10004000 r-xp 00004000 "));
    CHECK_STR(strchr(line, '\n') + 1, "");
}

TEST(smaps_has_details_of_the_guest_only)
{
    struct linux_thread *t = guest();
    _cleanup_strbuf_ struct strbuf out = {0};

    map(t, BASE, 3, PROT_READ | PROT_EXEC);
    CHECK_EQ(linux_smaps(t, &out), 0);
    CHECK(str_after(out.data, "10000000-10003000 r-xp 00000000 00:00 0 \nSize:                 12 kB\n"));
    CHECK(strstr(out.data, "VmFlags:") != NULL);
    CHECK_EQ(strstr(strstr(out.data, "Size:") + 1, "\nSize:"), NULL); /* one mapping */
}
