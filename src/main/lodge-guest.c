/* lodge-guest: runs one process guest. Started by `lodge run`, by itself when a guest executes another program, or by the
 * kernel through binfmt_misc; never by hand. So its options are for programs: `--NAME=VALUE`, then `--`, the program's path
 * and the guest's argv, argv[0] included.
 *
 * binfmt_misc is known by AT_EXECFD (flags O or C): then there are no options, and argv is lodge-guest's own name, the
 * program's path and (flag P) the guest's argv.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "base/base.h"
#include "cpu/cpu.h"
#include "linux/linux.h"

#ifndef AT_FLAGS_PRESERVE_ARGV0
#define AT_FLAGS_PRESERVE_ARGV0 1
#endif

enum { EXIT_LODGE = 125, EXIT_NOT_EXECUTABLE = 126 };

struct guest_option {
    const char *name;
    enum { OPT_TEXT, OPT_FD, OPT_FLAG } kind;
    size_t at; /* offset in struct linux_config */
};

#define OPTION(name, kind, field)                                                                                      \
    {                                                                                                                  \
        name, kind, offsetof(struct linux_config, field)                                                               \
    }
static const struct guest_option options[] = {
    OPTION("engine", OPT_TEXT, tier),
    OPTION("sysroot", OPT_TEXT, sysroot),
    OPTION("gdb", OPT_TEXT, gdb),
    OPTION("trace-fd", OPT_FD, trace_fd),
    OPTION("self-fd", OPT_FD, self_fd),
    OPTION("exec-fd", OPT_FD, exec_fd),
    OPTION("limits", OPT_TEXT, limits),
    OPTION("seccomp-fd", OPT_FD, seccomp_fd),
    OPTION("trace-root", OPT_FD, trace_root),
    OPTION("sv48", OPT_FLAG, sv48),
};

static bool set_option(struct linux_config *c, const struct guest_option *o, const char *value)
{
    char *field = (char *)c + o->at, *end;

    switch (o->kind) {
    case OPT_TEXT: *(const char **)field = value; return true;
    case OPT_FLAG: *(bool *)field = true; return true;
    case OPT_FD: *(int *)field = (int)strtol(value, &end, 10); return *value && !*end;
    }
    return false;
}

static bool parse_option(struct linux_config *c, const char *text)
{
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        const char *rest = str_after(text, options[i].name);

        if (rest && (*rest == '=' || *rest == 0))
            return set_option(c, &options[i], *rest ? rest + 1 : "");
    }
    return false;
}

/* The engine by its name; "auto" and the tiers are the translating engine's. */
static const struct cpu_engine_ops *choose_engine(const char *tier)
{
    return str_eq(tier, "interp") ? &interp_engine_ops : &jit_engine_ops;
}

static int parse(struct linux_config *c, int argc, char **argv)
{
    int i = 1;
    unsigned long fd;

    errno = 0;
    fd = getauxval(AT_EXECFD);
    if (errno == 0 && argc >= 2) {
        bool named = (getauxval(AT_FLAGS) & AT_FLAGS_PRESERVE_ARGV0) && argc > 2;

        c->exec_fd = (int)fd;
        c->path = argv[1];
        c->argv = argv + (named ? 2 : 1);
        return 0;
    }
    for (; i < argc && str_after(argv[i], "--"); i++) {
        if (!argv[i][2])
            break;
        if (!parse_option(c, argv[i] + 2)) {
            log_line("lodge-guest: unknown option: %s", argv[i]);
            return -EINVAL;
        }
    }
    if (i + 1 >= argc) {
        log_line("lodge-guest: this program is started by lodge: use `lodge run`");
        return -EINVAL;
    }
    c->path = argv[i + 1];
    c->argv = argv + i + 2;
    return 0;
}

int main(int argc, char **argv)
{
    static const struct cpu_ops *const cpus[] = {&rv64_cpu_ops, NULL};
    struct linux_config config = {.cpus = cpus,
        .exec_fd = -1,
        .trace_fd = -1,
        .self_fd = -1,
        .seccomp_fd = -1,
        .tier = "auto",
        .envp = environ,
        .own_args = argc > 0 ? argv[0] : NULL};
    struct err err = ERR_INIT;
    int status;

    log_init(secure_getenv("LODGE_DEBUG"));
    if (parse(&config, argc, argv) < 0)
        return EXIT_LODGE;
    config.engine = choose_engine(config.tier);
    status = linux_run(&config, &err);
    log_line("lodge: %s", err.text);
    if (status == EXIT_NOT_EXECUTABLE && err.code == -ENOENT && !config.sysroot)
        log_line("hint: `lodge run --sysroot DIR` looks for interpreters and libraries in DIR first");
    _exit(status); /* nothing is taken down: the process was the guest */
}
