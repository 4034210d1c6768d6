/* system.c - `lodge system binfmt`: whether the host's kernel starts riscv64 programs through lodge.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "cli/cli.h"
#include "vm/vm.h"

struct binfmt_fields {
    bool do_register, unregister, status;
};

#define FIELD(name) offsetof(struct binfmt_fields, name)
static const struct cli_option options[] = {
    {"register", 0, CLI_FLAG, FIELD(do_register), NULL, "start riscv64 programs through lodge, host-wide (root)"},
    {"unregister", 0, CLI_FLAG, FIELD(unregister), NULL, "no longer (root)"},
    {"status", 0, CLI_FLAG, FIELD(status), NULL, "what the kernel has (default)"},
    {0},
};

static int do_register(struct err *err)
{
    _cleanup_free_ char *path = NULL;
    _cleanup_close_ int fd = vm_guest_open(&path, err);

    return fd < 0 ? fd : vm_binfmt_register(VM_BINFMT_DIR, path, err);
}

static int show_status(void)
{
    _cleanup_free_ char *text = vm_binfmt_status(VM_BINFMT_DIR, NULL);

    if (text)
        printf("riscv64: registered\n%s", text);
    else
        printf("riscv64: not registered\n");
    return 0;
}

static int run_system(const struct cli_verb *verb, int argc, char **argv)
{
    static const char usage[] = "lodge system binfmt [--register|--unregister|--status]";
    struct binfmt_fields f = {0};
    struct err err = ERR_INIT;
    bool topic = argc > 1 && str_eq(argv[1], "binfmt");
    int i = cli_parse(verb, argc - topic, argv + topic, &f), status;

    if (i <= 0)
        return i < 0 ? VM_EXIT_LODGE : 0;
    if (!topic)
        return cli_fail(
            VM_EXIT_LODGE, usage, argc > 1 ? "system: %s: no such topic" : "system: a topic is missing", argv[1]);
    if (i != argc - topic)
        return cli_fail(VM_EXIT_LODGE, usage, "system: binfmt: %s: takes no arguments", argv[i + topic]);
    if (f.do_register + f.unregister + f.status > 1)
        return cli_fail(VM_EXIT_LODGE, usage, "system: binfmt: one of --register, --unregister and --status at a time");
    if (!f.do_register && !f.unregister)
        return show_status();
    status = f.do_register ? do_register(&err) : vm_binfmt_unregister(VM_BINFMT_DIR, &err);
    if (status < 0)
        return cli_fail(VM_EXIT_LODGE, geteuid() ? "this needs root" : "", "system: %s", err.text);
    return 0;
}

const struct cli_verb cli_system = {
    "system", "binfmt", "tells or changes what lodge is registered for on this host", options, run_system};
