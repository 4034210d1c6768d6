/* run.c - `lodge run [OPTIONS] GUEST [COMMAND] [ARG...]`.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "cli/cli.h"
#include "vm/vm.h"

struct run_fields {
    const char *sysroot, *trace, *gdb, *engine, *workdir;
    struct cli_list env;
    bool sv48;
};

#define FIELD(name) offsetof(struct run_fields, name)
static const struct cli_option options[] = {
    {"env", 'e', CLI_LIST, FIELD(env), "NAME[=VALUE]", "set an environment variable"},
    {"workdir", 'w', CLI_TEXT, FIELD(workdir), "DIR", "working directory of the guest"},
    {"sysroot", 0, CLI_TEXT, FIELD(sysroot), "DIR",
        "bare program: where its interpreter and libraries are looked up first"},
    {"trace", 0, CLI_TEXT, FIELD(trace), "linux[:FILE]", "show the guest's system calls, on standard error or in FILE"},
    {"gdb", 0, CLI_OPTIONAL, FIELD(gdb), "ADDR:PORT", "wait for a debugger (default 127.0.0.1:1234)"},
    {"engine", 0, CLI_TEXT, FIELD(engine), "auto|interp|quick|lockstep",
        "how instructions are executed (lockstep: twice, and compared)"},
    {"sv48", 0, CLI_FLAG, FIELD(sv48), NULL, "a 47-bit address space instead of 38 bits"},
    {0},
};

/* -1: none; else a descriptor that survives exec, or below -1 after an error was reported. */
static int open_trace(const char *trace)
{
    const char *rest = trace ? str_after(trace, "linux") : NULL;
    int fd;

    if (!trace)
        return -1;
    if (!rest || (*rest && *rest != ':') || str_eq(rest, ":")) {
        cli_fail(0, "lodge traces: linux, linux:FILE", "run: --trace: %s: unknown", trace);
        return -2;
    }
    fd = *rest ? open(rest + 1, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644) : dup(STDERR_FILENO);
    if (fd < 0) {
        cli_fail(0, "", "run: --trace: %s: %s", *rest ? rest + 1 : "standard error", strerror(errno));
        return -2;
    }
    return fd;
}

static bool is_path(const char *guest)
{
    return guest[0] == '/' || str_after(guest, "./") || str_after(guest, "../") || str_eq(guest, ".") ||
        str_eq(guest, "..");
}

static bool is_engine(const char *name)
{
    static const char *const engines[] = {"auto", "interp", "quick", "lockstep"};

    for (size_t i = 0; i < ARRAY_LEN(engines); i++)
        if (str_eq(engines[i], name))
            return true;
    return false;
}

/* A folder, or none was asked for; else errno says why. */
static bool is_sysroot(const char *path)
{
    _cleanup_close_ int fd = path ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;

    return !path || fd >= 0;
}

static int run_path(struct vm_run *r)
{
    struct err err = ERR_INIT;
    const char *hint = "";
    struct stat st;
    int status;

    if (stat(r->guest, &st) < 0)
        return cli_fail(errno == ENOENT || errno == ENOTDIR ? VM_EXIT_NOT_FOUND : VM_EXIT_NOT_EXECUTABLE, "",
            "run: %s: %s", r->guest, strerror(errno));
    if (S_ISDIR(st.st_mode) && !r->command[0])
        return cli_fail(VM_EXIT_LODGE, "lodge run DIR COMMAND [ARG...]",
            "run: %s: a directory needs a command to run in it", r->guest);
    status = S_ISDIR(st.st_mode) ? vm_run_root(r, &err, &hint) : vm_run_file(r, &err);
    return cli_fail(status, hint, "%s", err.text);
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
    struct run_fields f = {0};
    struct vm_run r = {0};
    int i = cli_parse(verb, argc, argv, &f);

    if (i <= 0)
        return i < 0 ? VM_EXIT_LODGE : 0;
    if (i == argc)
        return cli_fail(VM_EXIT_LODGE, "lodge run GUEST [COMMAND] [ARG...]", "run: a guest is missing");
    if (!is_path(argv[i]))
        return cli_fail(VM_EXIT_NOT_FOUND, "a path begins with /, ./ or ../",
            "run: %s: not a path, and lodge has no images yet", argv[i]);
    if (f.engine && !is_engine(f.engine))
        return cli_fail(VM_EXIT_LODGE, "", "run: --engine: %s: no such engine", f.engine);
    if (!is_sysroot(f.sysroot))
        return cli_fail(VM_EXIT_LODGE, "", "run: --sysroot: %s: %s", f.sysroot, strerror(errno));
    vec_push(&f.env.items, NULL);
    r.guest = argv[i];
    r.command = argv + i + 1;
    r.sysroot = f.sysroot;
    r.engine = f.engine;
    r.gdb = f.gdb;
    r.workdir = f.workdir;
    r.env = f.env.items.data;
    r.sv48 = f.sv48;
    r.trace_fd = open_trace(f.trace);
    return r.trace_fd < -1 ? VM_EXIT_LODGE : run_path(&r);
}

const struct cli_verb cli_run = {"run", "GUEST [COMMAND] [ARG...]",
    "runs a program, or a command inside a directory that becomes its root file system", options, run};
