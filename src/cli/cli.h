/* cli.h - the command line: verbs and options in tables, from which parsing and --help both come. One file a verb.
 */
#ifndef LODGE_CLI_H
#define LODGE_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/vec.h"

int cli_main(int argc, char **argv); /* the exit status */

/* ---- options (options.c) ---- */
enum cli_kind {
    CLI_FLAG,     /* bool */
    CLI_TEXT,     /* const char *: --name VALUE or --name=VALUE */
    CLI_OPTIONAL, /* const char *: --name or --name=VALUE; "" without one */
    CLI_LIST,     /* struct cli_list: may be given again */
};
struct cli_list {
    VEC(char *) items;
};
struct cli_option {
    const char *name; /* long, without dashes; NULL ends a table */
    char letter;      /* or 0 */
    enum cli_kind kind;
    size_t at;         /* offset of the field in the verb's own struct */
    const char *value; /* what --help calls the value */
    const char *help;
};
struct cli_verb {
    const char *name;
    const char *arguments; /* after the options, for --help */
    const char *help;      /* one line */
    const struct cli_option *options;
    int (*run)(const struct cli_verb *verb, int argc, char **argv); /* argv[0] is the verb */
};

/* Parses up to the first argument that is no option, or "--"; returns its index, 0 when --help was shown, or -1 after
 * an error was reported. */
int cli_parse(const struct cli_verb *verb, int argc, char **argv, void *fields);

/* `lodge: TEXT`, and the hint as a second line unless it is "". Returns status. */
int cli_fail(int status, const char *hint, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

extern const struct cli_verb cli_run, cli_system, cli_version;

#endif
