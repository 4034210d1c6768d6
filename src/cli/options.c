/* options.c - parses what a table describes, and prints the table as help.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "cli/cli.h"

int cli_fail(int status, const char *hint, const char *fmt, ...)
{
    va_list args;

    fputs("lodge: ", stderr);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    if (hint[0])
        fprintf(stderr, "hint: %s\n", hint);
    return status;
}

static void show_help(const struct cli_verb *verb)
{
    printf("lodge %s%s %s\n%s\n", verb->name, verb->options->name ? " [OPTIONS]" : "", verb->arguments, verb->help);
    if (verb->options->name)
        printf("\nOptions:\n");
    for (const struct cli_option *o = verb->options; o->name; o++) {
        char left[64], letter[8] = "    ";

        if (o->letter)
            snprintf(letter, sizeof(letter), "-%c, ", o->letter);
        snprintf(left, sizeof(left), "%s--%s%s%s%s", letter, o->name,
            o->kind == CLI_OPTIONAL ? "[="
                : o->value          ? " "
                                    : "",
            o->value ? o->value : "", o->kind == CLI_OPTIONAL ? "]" : "");
        printf("  %-30s %s\n", left, o->help);
    }
}

static int bad_option(const struct cli_verb *verb, const char *what, const char *text)
{
    _cleanup_free_ char *hint = x_asprintf("`lodge %s --help` lists the options", verb->name);

    return cli_fail(-1, hint, "%s: %s: %s", verb->name, text, what);
}

/* Stores the value of option o, which was given as arg; text: the value inside arg, or NULL. Returns how many further arguments
 * it took, or -1. */
static int store(
    const struct cli_verb *verb, const struct cli_option *o, const char *arg, char *text, char *next, void *fields)
{
    char *field = (char *)fields + o->at;
    bool wants = o->kind == CLI_TEXT || o->kind == CLI_LIST;
    char *value = text ? text : wants ? next : NULL;

    if (wants && !value)
        return bad_option(verb, "a value is missing", arg);
    if (o->kind == CLI_FLAG && text)
        return bad_option(verb, "takes no value", arg);
    switch (o->kind) {
    case CLI_FLAG: *(bool *)field = true; break;
    case CLI_TEXT: *(const char **)field = value; break;
    case CLI_OPTIONAL: *(const char **)field = value ? value : ""; break;
    case CLI_LIST: vec_push(&((struct cli_list *)field)->items, value); break;
    }
    return wants && !text;
}

/* Options as getopt_long has them: `--name VALUE`, `--name=VALUE`, `-n VALUE`, and as podman also takes them `-nVALUE` and
 * `-n=VALUE`. */
static const struct cli_option *find(const struct cli_verb *verb, char *arg, char **text)
{
    size_t len = strcspn(arg, "=");

    *text = NULL;
    for (const struct cli_option *o = verb->options; o->name; o++) {
        if (arg[1] == '-' && strlen(o->name) == len - 2 && !strncmp(o->name, arg + 2, len - 2)) {
            *text = arg[len] ? strchr(arg, '=') + 1 : NULL;
            return o;
        }
        if (arg[1] != '-' && o->letter == arg[1] && (!arg[2] || o->kind != CLI_FLAG)) {
            *text = arg[2] ? arg + 2 + (arg[2] == '=') : NULL;
            return o;
        }
    }
    return NULL;
}

int cli_parse(const struct cli_verb *verb, int argc, char **argv, void *fields)
{
    int i = 1;

    while (i < argc && argv[i][0] == '-' && argv[i][1]) {
        const struct cli_option *o;
        char *text;
        int took;

        if (str_eq(argv[i], "--"))
            return i + 1;
        if (str_eq(argv[i], "--help") || str_eq(argv[i], "-h")) {
            show_help(verb);
            return 0;
        }
        o = find(verb, argv[i], &text);
        if (!o)
            return bad_option(verb, "no such option", argv[i]);
        took = store(verb, o, argv[i], text, i + 1 < argc ? argv[i + 1] : NULL, fields);
        if (took < 0)
            return -1;
        i += 1 + took;
    }
    return i;
}
