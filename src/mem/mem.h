/* mem.h - guest memory of a process guest, kind `direct`: a guest address is a host address.
 *
 * The guest owns [0, limit): with the Sv39 layout limit is 2^38, and nothing of lodge or of the host's C library is
 * ever mapped below it (the kernel puts a static-pie, its stack, vdso and mmap area far above). So guest loads and
 * stores need no base register, host system calls take guest pointers as they are, and a MAP_FIXED cannot hit lodge.
 * With the Sv48 layout (limit 2^47) lodge's own mappings lie inside: what the area list does not own is only ever taken
 * with MAP_FIXED_NOREPLACE.
 *
 * The area list is the truth about the guest's view: protection as the guest asked for it, PROT_EXEC included. The host
 * mapping differs in two ways: it is never executable, and a writable page that holds translated code is read-only in
 * the host (a *watched* page) until somebody writes to it.
 *
 * Every function takes the space's own lock unless it says otherwise; mem_lock exists for callers that must combine
 * steps. Addresses and lengths are bytes; results are guest addresses or a negative errno as a Linux kernel would give
 * it.
 */
#ifndef LODGE_MEM_H
#define LODGE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

#define MEM_PAGE 4096u

struct mem_space;
struct mem_area {
    uint64_t start, end;
    uint8_t prot; /* PROT_READ | PROT_WRITE | PROT_EXEC as the guest sees it */
    bool shared;  /* MAP_SHARED */
    bool anonymous;
    bool growsdown;
    bool shm;        /* attached by shmat */
    bool dontfork;   /* madvise(MADV_DONTFORK) */
    uint32_t id;     /* of the mem_map that made it: pieces of one file mapping have one id */
    uint64_t offset; /* of start in the mapped object (file offset; from 0 for the others) */
};

/* limit: first address the guest may not have. on_code_change is called (space lock held, never from a signal handler
 * that interrupted a lock holder) when translated code in [start, end) must be thrown away: unmapped, made
 * non-executable, mapped over, written to. */
struct mem_space *mem_space_new(
    uint64_t limit, void (*on_code_change)(void *ctx, uint64_t start, uint64_t end), void *ctx, struct err *err);
void mem_space_free(struct mem_space *m); /* forgets; does not unmap */
uint64_t mem_space_limit(const struct mem_space *m);
void mem_set_code_change(
    struct mem_space *m, void (*on_code_change)(void *ctx, uint64_t start, uint64_t end), void *ctx);
void mem_lock(struct mem_space *m); /* recursive */
void mem_unlock(struct mem_space *m);

/* mmap(2) family with Linux's semantics inside [0, limit). A hint or none: lodge chooses, top-down below the mmap base
 * as Linux does. */
int64_t mem_map(struct mem_space *m, uint64_t addr, uint64_t len, int prot, int flags, int fd, uint64_t offset);
int64_t mem_unmap(struct mem_space *m, uint64_t addr, uint64_t len);
int64_t mem_protect(struct mem_space *m, uint64_t addr, uint64_t len, int prot);
int64_t mem_remap(struct mem_space *m, uint64_t old, uint64_t old_len, uint64_t new_len, int flags, uint64_t new_addr);
/* remap_file_pages(2): other pages of the same shared object, from pgoff on; 0 or a negative errno. */
int64_t mem_remap_pages(struct mem_space *m, uint64_t start, uint64_t len, int prot, uint64_t pgoff, int flags);
int64_t mem_shmat(struct mem_space *m, int shmid, uint64_t addr, int flags);
int64_t mem_shmdt(struct mem_space *m, uint64_t addr);
void mem_set_mmap_base(struct mem_space *m, uint64_t base); /* new mappings go below it */
void mem_set_lock_future(struct mem_space *m, bool on);     /* mlockall(MCL_FUTURE): new mappings are locked */
/* madvise(MADV_DONTFORK, MADV_DOFORK), already done in the host: the area list of a fork's child lacks such areas. */
void mem_set_dontfork(struct mem_space *m, uint64_t start, uint64_t end, bool on);
/* A fault on an unmapped page below a MAP_GROWSDOWN area: grows it and says true (the access is to be retried) where
 * RLIMIT_STACK and the guard gap allow. For the SIGSEGV handler of a thread that holds no lodge lock. */
bool mem_grow(struct mem_space *m, uint64_t addr);
uint64_t mem_total(struct mem_space *m); /* bytes that the guest has mapped */
uint64_t mem_data(struct mem_space *m);  /* of these private, writable and no stack: what RLIMIT_DATA counts */

/* The area that holds addr. False: nothing mapped. Async-signal-safe variants never block: see mem_query. */
bool mem_find(struct mem_space *m, uint64_t addr, struct mem_area *out);
bool mem_next(struct mem_space *m, uint64_t addr, struct mem_area *out); /* first area that ends after addr */
/* Lock-free, async-signal-safe: guest protection bits of the page at addr, or -1 if unmapped (may be a moment old). */
int mem_query(struct mem_space *m, uint64_t addr);

/* Translated code. watch: code was read from [start, end); pages that are writable for the guest are write-protected in
 * the host. Call before the bytes are read. */
void mem_watch_code(struct mem_space *m, uint64_t start, uint64_t end);
/* Throws away what was translated from [start, end) (on_code_change) and makes its pages plain ones again: the bytes
 * changed behind the pages' back (MADV_DONTNEED, riscv_flush_icache on shared memory, a debugger). */
void mem_forget_code(struct mem_space *m, uint64_t start, uint64_t end);
/* A host write fault at addr: true if the page was watched; it is writable again and on_code_change was called. For use
 * in the SIGSEGV (never SIGBUS) handler of a thread running guest code or a guest copy (it holds no lodge lock then).
 */
bool mem_write_fault(struct mem_space *m, uint64_t addr);
/* Makes [addr, addr+len) writable in the host where the guest may write, before a system call that writes there. Cheap
 * when nothing is watched. */
void mem_prepare_write(struct mem_space *m, uint64_t addr, uint64_t len);
/* The same for a call that may sleep while others run code from those pages: the pages that the guest may both write and
 * execute stay writable until mem_unpin(owner), which throws away what was translated from them meanwhile. owner: a thread's
 * number. True: something is pinned. */
bool mem_pin(struct mem_space *m, uint64_t addr, uint64_t len, int owner);
void mem_unpin(struct mem_space *m, int owner); /* -1: everybody's, in a fork's child */

/* Guest memory accessors: check the range against the limit and survive faults. 0 or -EFAULT (then nothing is promised
 * about what was copied before the fault). */
int mem_read(struct mem_space *m, uint64_t addr, void *buf, size_t len);
int mem_write(struct mem_space *m, uint64_t addr, const void *buf, size_t len);
/* Copies a NUL-terminated string; returns its length, -EFAULT or -ENAMETOOLONG. */
ssize_t mem_read_string(struct mem_space *m, uint64_t addr, char *buf, size_t size);
/* Atomics for the interpreter and futex words; 0 or -EFAULT. size 1, 2, 4, 8, aligned. */
int mem_cas(struct mem_space *m, uint64_t addr, unsigned size, uint64_t *expected_old, uint64_t desired);
/* In the SIGSEGV/SIGBUS handler: if pc lies in one of the copy routines, returns the address to go on at, else 0.
 * Async-signal-safe. */
uint64_t mem_fault_fixup(uint64_t pc);

/* Fork: the lock is held across fork. */
void mem_fork_prepare(struct mem_space *m);
void mem_fork_done(struct mem_space *m);

#endif
