/* The command line: the input is the arguments of `lodge run` and `lodge system`, a line each. Whatever they are, parsing ends
 * with an index among them, or says no. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "cli/cli.h"
#include "fuzz.h"

static void parse(const struct cli_verb *verb, int argc, char **argv)
{
    _Alignas(16) char fields[4096] = {0}; /* larger than any verb's struct */
    int at = cli_parse(verb, argc, argv, fields);

    if (at < -1 || at > argc)
        abort();
    for (const struct cli_option *o = verb->options; o->name; o++)
        if (o->kind == CLI_LIST)
            vec_fini(&((struct cli_list *)(void *)(fields + o->at))->items);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *text = x_strndup((const char *)data, size);
    char *argv[66] = {(char[]){"run"}}, *rest = text, *word;
    int argc = 1, out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY | O_CLOEXEC);

    fflush(stdout);
    dup2(null, STDOUT_FILENO); /* --help */
    dup2(null, STDERR_FILENO); /* what is wrong with the arguments */
    while (argc < 65 && (word = strsep(&rest, "\n")))
        argv[argc++] = word;
    parse(&cli_run, argc, argv);
    parse(&cli_system, argc, argv);
    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    close(out);
    close(err);
    close(null);
    return 0;
}
