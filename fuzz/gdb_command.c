/* A hostile debugger: the input is one packet's data for a stopped guest of one thread. Registers and memory are those of a
 * small fake CPU. */
#include <errno.h>
#include <string.h>

#include "debug/gdb_int.h"
#include "fuzz.h"

static struct cpu_state state;
static uint8_t memory[256];

static uint64_t reg_get(const struct cpu_state *s, unsigned reg)
{
    return s->pc + reg;
}

static void reg_set(struct cpu_state *s, unsigned reg, uint64_t value)
{
    s->pc = value - reg;
}

static const struct cpu_reg_desc regs[] = {
    {"r0", 64, "int", NULL}, {"pc", 64, "code_ptr", NULL}, {"f0", 64, "ieee_double", "float"}};
static const struct cpu_ops cpu = {
    .regs = regs, .nregs = 3, .gdb_arch = "riscv:rv64", .reg_get = reg_get, .reg_set = reg_set};

static unsigned threads(void *ctx, int *tids, unsigned max)
{
    return max ? (tids[0] = 1, 1u) : 0;
}
static struct cpu_state *thread_state(void *ctx, int tid)
{
    return tid == 1 ? &state : NULL;
}
static int guest_read(void *ctx, uint64_t addr, void *buf, size_t len)
{
    return addr < sizeof(memory) && len <= sizeof(memory) - addr ? (memcpy(buf, memory + addr, len), 0) : -EFAULT;
}
static int guest_write(void *ctx, uint64_t addr, const void *buf, size_t len)
{
    return addr < sizeof(memory) && len <= sizeof(memory) - addr ? (memcpy(memory + addr, buf, len), 0) : -EFAULT;
}
static void breakpoint(void *ctx, uint64_t pc, bool set)
{
}
static void nothing(void *ctx)
{
}
static size_t auxv(void *ctx, void *buf, size_t size)
{
    return memset(buf, 7, 64), (size_t)64;
}
static const char *exec_file(void *ctx)
{
    return "/bin/true";
}
static const struct debug_callbacks callbacks = {
    threads, thread_state, guest_read, guest_write, breakpoint, nothing, nothing, auxv, exec_file, NULL, NULL};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct debug d = {
        .cpu = &cpu, .callbacks = &callbacks, .socket.fd = -1, .attached = true, .stopping = true, .stop_tid = 1};
    struct gdb_waiter waiter = {.tid = 1, .order = GDB_HOLD};
    char *packet = x_strndup((const char *)data, size);

    pthread_mutex_init(&d.lock, NULL);
    pthread_cond_init(&d.resumed, NULL);
    pthread_cond_init(&d.arrived, NULL);
    d.query_tid = 1;
    d.waiters = &waiter;
    gdb_command(&d, packet, strlen(packet));
    strbuf_fini(&d.reply);
    vec_fini(&d.breakpoints);
    x_free(packet);
    return 0;
}
