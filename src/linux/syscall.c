/* System-call dispatch: number -> table entry -> argument checks -> the host, a handler, or a refusal. The table is
 * abi/generic.def; its argument classes say which guest ranges the kernel reads and writes, so a call that only passes
 * through needs no code of its own.
 */
#include "linux/syscall_int.h"

#include <string.h>
#include <sys/syscall.h>

#include "linux/abi/host_nr.h"
#include "linux/sys_c.h"

#define RESTART_SYS LINUX_ERESTARTSYS
#define RESTART_ONCE LINUX_ERESTARTNOHAND

/* Argument classes as initialisers of struct linux_arg. */
#define FD                                                                                                             \
    {                                                                                                                  \
        LINUX_ARG_FD                                                                                                   \
    }
#define DFD                                                                                                            \
    {                                                                                                                  \
        LINUX_ARG_DFD                                                                                                  \
    }
#define MFD                                                                                                            \
    {                                                                                                                  \
        LINUX_ARG_MFD                                                                                                  \
    }
#define PATH                                                                                                           \
    {                                                                                                                  \
        LINUX_ARG_PATH                                                                                                 \
    }
#define LPATH                                                                                                          \
    {                                                                                                                  \
        LINUX_ARG_LPATH                                                                                                \
    }
#define NPATH                                                                                                          \
    {                                                                                                                  \
        LINUX_ARG_NPATH                                                                                                \
    }
#define STR                                                                                                            \
    {                                                                                                                  \
        LINUX_ARG_STR                                                                                                  \
    }
#define INT                                                                                                            \
    {                                                                                                                  \
        LINUX_ARG_INT                                                                                                  \
    }
#define UINT                                                                                                           \
    {                                                                                                                  \
        LINUX_ARG_UINT                                                                                                 \
    }
#define LONG                                                                                                           \
    {                                                                                                                  \
        LINUX_ARG_LONG                                                                                                 \
    }
#define SIZE                                                                                                           \
    {                                                                                                                  \
        LINUX_ARG_SIZE                                                                                                 \
    }
#define HEX                                                                                                            \
    {                                                                                                                  \
        LINUX_ARG_HEX                                                                                                  \
    }
#define OCT                                                                                                            \
    {                                                                                                                  \
        LINUX_ARG_OCT                                                                                                  \
    }
#define PTR                                                                                                            \
    {                                                                                                                  \
        LINUX_ARG_PTR                                                                                                  \
    }
#define IN(n)                                                                                                          \
    {                                                                                                                  \
        LINUX_ARG_IN, n                                                                                                \
    }
#define BIN(n)                                                                                                         \
    {                                                                                                                  \
        LINUX_ARG_BIN, n                                                                                               \
    }
#define OUT(n)                                                                                                         \
    {                                                                                                                  \
        LINUX_ARG_OUT, n                                                                                               \
    }
#define SIN(s)                                                                                                         \
    {                                                                                                                  \
        LINUX_ARG_SIN, 0, LINUX_STRUCT_##s                                                                             \
    }
#define SOUT(s)                                                                                                        \
    {                                                                                                                  \
        LINUX_ARG_SOUT, 0, LINUX_STRUCT_##s                                                                            \
    }
#define SIO(s)                                                                                                         \
    {                                                                                                                  \
        LINUX_ARG_SIO, 0, LINUX_STRUCT_##s                                                                             \
    }
#define NIN(n, s)                                                                                                      \
    {                                                                                                                  \
        LINUX_ARG_NIN, n, LINUX_STRUCT_##s                                                                             \
    }
#define NOUT(n, s)                                                                                                     \
    {                                                                                                                  \
        LINUX_ARG_NOUT, n, LINUX_STRUCT_##s                                                                            \
    }
#define IOVIN(n)                                                                                                       \
    {                                                                                                                  \
        LINUX_ARG_IOVIN, n                                                                                             \
    }
#define IOVOUT(n)                                                                                                      \
    {                                                                                                                  \
        LINUX_ARG_IOVOUT, n                                                                                            \
    }
#define SAIN(n)                                                                                                        \
    {                                                                                                                  \
        LINUX_ARG_SAIN, n                                                                                              \
    }
#define SAOUT(n)                                                                                                       \
    {                                                                                                                  \
        LINUX_ARG_SAOUT, n                                                                                             \
    }
#define MSG                                                                                                            \
    {                                                                                                                  \
        LINUX_ARG_MSG                                                                                                  \
    }
#define F(s)                                                                                                           \
    {                                                                                                                  \
        LINUX_ARG_FLAGS, 0, LINUX_SET_##s                                                                              \
    }
#define E(s)                                                                                                           \
    {                                                                                                                  \
        LINUX_ARG_ENUM, 0, LINUX_SET_##s                                                                               \
    }
#define SIG                                                                                                            \
    {                                                                                                                  \
        LINUX_ARG_SIG                                                                                                  \
    }
#define SIGSET(n)                                                                                                      \
    {                                                                                                                  \
        LINUX_ARG_SIGSET, n                                                                                            \
    }
#define SIGSETOUT(n)                                                                                                   \
    {                                                                                                                  \
        LINUX_ARG_SIGSETOUT, n                                                                                         \
    }
#define STRV                                                                                                           \
    {                                                                                                                  \
        LINUX_ARG_STRV                                                                                                 \
    }
#define ENVP                                                                                                           \
    {                                                                                                                  \
        LINUX_ARG_ENVP                                                                                                 \
    }
#define ACTIN                                                                                                          \
    {                                                                                                                  \
        LINUX_ARG_ACTIN                                                                                                \
    }
#define ACTOUT                                                                                                         \
    {                                                                                                                  \
        LINUX_ARG_ACTOUT                                                                                               \
    }
#define POLLFDS(n)                                                                                                     \
    {                                                                                                                  \
        LINUX_ARG_POLLFDS, n                                                                                           \
    }
#define EPOLLIN                                                                                                        \
    {                                                                                                                  \
        LINUX_ARG_EPOLLIN                                                                                              \
    }
#define EPOLLOUT                                                                                                       \
    {                                                                                                                  \
        LINUX_ARG_EPOLLOUT                                                                                             \
    }
#define MSGOUT                                                                                                         \
    {                                                                                                                  \
        LINUX_ARG_MSGOUT                                                                                               \
    }
#define IOCTL                                                                                                          \
    {                                                                                                                  \
        LINUX_ARG_IOCTL                                                                                                \
    }
#define FDPAIR                                                                                                         \
    {                                                                                                                  \
        LINUX_ARG_FDPAIR                                                                                               \
    }

#define PASS(nr, name, ...) [nr] = {#name, NULL, __NR_##name, 0, LINUX_CALL_PASS, {__VA_ARGS__}},
#define BLOCK(nr, name, class, ...) [nr] = {#name, NULL, __NR_##name, RESTART_##class, LINUX_CALL_BLOCK, {__VA_ARGS__}},
#define OWN(nr, name, ...) [nr] = {#name, linux_sys_##name, 0, 0, LINUX_CALL_OWN, {__VA_ARGS__}},
#define REFUSE(nr, name, error, ...) [nr] = {#name, NULL, 0, error, LINUX_CALL_REFUSE, {__VA_ARGS__}},
static const struct linux_call calls[LINUX_CALL_MAX] = {
#include "linux/abi/generic.def"
};

static const uint16_t struct_size[] = {
#define X(name, size) [LINUX_STRUCT_##name] = size,
    LINUX_STRUCTS(X)
#undef X
};

const struct linux_call *linux_call_find(uint64_t nr)
{
    return nr < LINUX_CALL_MAX && calls[nr].name ? &calls[nr] : NULL;
}

int64_t linux_host(long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
    int64_t result;
    register uint64_t r10 __asm__("r10") = d;
    register uint64_t r8 __asm__("r8") = e;
    register uint64_t r9 __asm__("r9") = f;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

int64_t linux_block(struct linux_thread *t, long nr, const uint64_t a[6])
{
    int64_t result = linux_host_call(t, nr, a[0], a[1], a[2], a[3], a[4], a[5]);

    return result == -LINUX_ERESTARTSYS && !t->has_saved_mask ? -LINUX_ERESTARTNOINTR : result;
}

int64_t linux_block_once(struct linux_thread *t, long nr, const uint64_t a[6])
{
    int64_t result = linux_host_call(t, nr, a[0], a[1], a[2], a[3], a[4], a[5]);

    return result == -LINUX_ERESTARTSYS ? -LINUX_ERESTARTNOHAND : result;
}

const char *linux_call_name(uint64_t nr)
{
    const struct linux_call *call = linux_call_find(nr);

    return call ? call->name : NULL;
}

/* An array of `count` structs; counts that no kernel accepts are left to the kernel. */
static int check_array(struct linux_thread *t, const struct linux_arg *arg, uint64_t addr, uint64_t count)
{
    if (count > 1u << 24)
        return 0;
    count *= struct_size[arg->type];
    return arg->kind == LINUX_ARG_NOUT ? linux_buffer_out(t, addr, count) : linux_buffer_in(t, addr, count);
}

/* A socket address to be written: at most as long as the int at len_addr says. */
static int check_sockaddr_out(struct linux_thread *t, uint64_t addr, uint64_t len_addr)
{
    int len;

    if (!addr)
        return 0;
    if (linux_get(t, len_addr, &len, sizeof(len)))
        return -EFAULT;
    return len > 0 ? linux_buffer_out(t, addr, (uint64_t)len) : 0;
}

static int check_arg(struct linux_thread *t, const struct linux_arg *arg, uint64_t value, const uint64_t a[6])
{
    uint64_t length = arg->ref ? a[arg->ref - 1] : 0;

    switch ((enum linux_arg_kind)arg->kind) {
    case LINUX_ARG_FD:
    case LINUX_ARG_DFD:
    case LINUX_ARG_MFD: return linux_fd_hidden((int)value) ? -EBADF : 0;
    case LINUX_ARG_PATH:
    case LINUX_ARG_LPATH:
    case LINUX_ARG_NPATH:
    case LINUX_ARG_STR: return linux_buffer_in(t, value, 1);
    case LINUX_ARG_IN:
    case LINUX_ARG_BIN: return linux_buffer_in(t, value, length);
    case LINUX_ARG_OUT: return linux_buffer_out(t, value, length);
    case LINUX_ARG_SIN: return linux_buffer_in(t, value, struct_size[arg->type]);
    case LINUX_ARG_SOUT:
    case LINUX_ARG_SIO: return linux_buffer_out(t, value, struct_size[arg->type]);
    case LINUX_ARG_NIN:
    case LINUX_ARG_NOUT: return check_array(t, arg, value, length);
    case LINUX_ARG_IOVIN: return linux_buffer_iov(t, value, length, false);
    case LINUX_ARG_IOVOUT: return linux_buffer_iov(t, value, length, true);
    case LINUX_ARG_SAIN: return linux_buffer_in(t, value, value ? (uint32_t)length : 0);
    case LINUX_ARG_SAOUT: return check_sockaddr_out(t, value, length);
    case LINUX_ARG_FDPAIR: return linux_buffer_out(t, value, 8);
    case LINUX_ARG_SIGSET:
    case LINUX_ARG_SIGSETOUT:
    case LINUX_ARG_STRV:
    case LINUX_ARG_ENVP:
    case LINUX_ARG_ACTIN:
    case LINUX_ARG_ACTOUT:
    case LINUX_ARG_POLLFDS:
    case LINUX_ARG_EPOLLIN:
    case LINUX_ARG_EPOLLOUT:
    case LINUX_ARG_MSGOUT:
    case LINUX_ARG_IOCTL:
    case LINUX_ARG_MSG:
    case LINUX_ARG_NONE:
    case LINUX_ARG_INT:
    case LINUX_ARG_UINT:
    case LINUX_ARG_LONG:
    case LINUX_ARG_SIZE:
    case LINUX_ARG_HEX:
    case LINUX_ARG_OCT:
    case LINUX_ARG_PTR:
    case LINUX_ARG_FLAGS:
    case LINUX_ARG_ENUM:
    case LINUX_ARG_SIG: return 0;
    }
    return 0;
}

static int64_t host_call(struct linux_thread *t, const struct linux_call *call, const uint64_t a[6])
{
    if (call->kind == LINUX_CALL_BLOCK) {
        int64_t r = call->code == RESTART_SYS ? linux_block(t, call->host, a) : linux_block_once(t, call->host, a);

        if (__builtin_expect(t->process->mem_opened, 0) && r > 0 && call->args[0].kind == LINUX_ARG_FD)
            linux_proc_mem_written(t, (int)a[0]);
        return r;
    }
    return linux_host(call->host, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* Paths that exist in the sysroot are replaced; out of line, for it needs room on the stack. */
static __attribute__((noinline)) int64_t host_call_sysroot(
    struct linux_thread *t, const struct linux_call *call, const uint64_t a[6])
{
    char path[LINUX_PATH_MAX];
    uint64_t b[6];
    int64_t r;

    memcpy(b, a, sizeof(b));
    for (int i = 0; i < 6; i++) {
        bool nofollow = call->args[i].kind == LINUX_ARG_LPATH;

        if ((call->args[i].kind != LINUX_ARG_PATH && !nofollow) || !a[i])
            continue;
        r = linux_path_get(t, a[i], path, nofollow);
        if (r < 0)
            return r;
        b[i] = LINUX_PTR(path);
        break; /* no call has two of them */
    }
    return host_call(t, call, b);
}

static int64_t dispatch(struct linux_thread *t, const struct linux_call *call, const uint64_t a[6])
{
    if (call->kind == LINUX_CALL_REFUSE)
        return -(int64_t)call->code;
    for (int i = 0; i < 6 && call->args[i].kind; i++) {
        int r = check_arg(t, &call->args[i], a[i], a);

        if (r)
            return r;
    }
    if (call->kind == LINUX_CALL_OWN)
        return call->own ? call->own(t, a) : -ENOSYS;
    if (t->process->config->sysroot)
        return host_call_sysroot(t, call, a);
    return host_call(t, call, a);
}

int64_t linux_syscall(struct linux_thread *t, uint64_t nr, const uint64_t a[6])
{
    const struct linux_call *call = linux_call_find(nr);
    bool trace = t->process->trace_fd >= 0;
    bool go = true;
    int64_t result = 0;

    if (trace)
        linux_trace_enter(t, nr, a);
    if (__builtin_expect(atomic_load_explicit(&t->seccomp, memory_order_relaxed) != NULL, 0))
        result = linux_seccomp_check(t, nr, a, &go);
    if (go)
        result = call ? dispatch(t, call, a) : -ENOSYS;
    if (__builtin_expect(t->pinned, 0)) {
        mem_unpin(t->process->mm->mem, t->tid);
        t->pinned = false;
    }
    if (trace)
        linux_trace_call(t, nr, a, result);
    return result;
}
