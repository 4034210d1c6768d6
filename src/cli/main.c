/* main.c - finds the verb. What all verbs share: --help, and one way to say that something went wrong.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"
#include "cli/cli.h"
#include "vm/vm.h"

static const struct cli_verb *const verbs[] = {&cli_run, &cli_system, &cli_version};

static int show_verbs(void)
{
    printf("lodge VERB [OPTIONS] ARGUMENTS\nRuns anything as a virtual machine.\n\nVerbs:\n");
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        printf("  %-10s %s\n", verbs[i]->name, verbs[i]->help);
    printf("\n`lodge VERB --help` tells a verb's options.\n");
    return 0;
}

static int show_version(const struct cli_verb *verb, int argc, char **argv)
{
    int i = cli_parse(verb, argc, argv, NULL);

    if (i > 0 && i < argc)
        return cli_fail(VM_EXIT_LODGE, "", "version: %s: takes no arguments", argv[i]);
    if (i > 0)
        printf("lodge version %s\n", LODGE_VERSION);
    return i < 0 ? VM_EXIT_LODGE : 0;
}

static const struct cli_option no_options[] = {{0}};
const struct cli_verb cli_version = {"version", "", "tells lodge's version", no_options, show_version};

int cli_main(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : NULL;

    log_init(getenv("LODGE_DEBUG"));
    if (!verb)
        return cli_fail(VM_EXIT_LODGE, "`lodge --help` lists the verbs", "no verb given");
    if (str_eq(verb, "--help") || str_eq(verb, "-h") || str_eq(verb, "help"))
        return show_verbs();
    if (str_eq(verb, "--version"))
        verb = "version";
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (str_eq(verbs[i]->name, verb))
            return verbs[i]->run(verbs[i], argc - 1, argv + 1);
    return cli_fail(VM_EXIT_LODGE, "`lodge --help` lists the verbs", "%s: no such verb", verb);
}
