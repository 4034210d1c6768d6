/* Errors: every function that can fail takes `struct err *err` last, returns 0 or a negative errno (or a pointer,
 * NULL on failure), and touches `err` only on failure. Each layer adds context on the way up, so that the text
 * reads outermost first, as the command line prints it: "what failed: which thing: why".
 *
 *     if (elf_load(path, &image, err) < 0)
 *         return err_wrap(err, "run %s", path);
 *
 * `err` may be NULL where the caller does not want the text; the code is returned all the same.
 */
#ifndef LODGE_BASE_ERR_H
#define LODGE_BASE_ERR_H

#define ERR_TEXT_MAX 512

struct err {
    int code; /* negative errno; 0: nothing has failed */
    char text[ERR_TEXT_MAX];
};

/* Empty value: `struct err err = ERR_INIT;` */
#define ERR_INIT                                                                                                       \
    {                                                                                                                  \
        0, ""                                                                                                          \
    }

/* Sets the text (cut at ERR_TEXT_MAX - 1 bytes) and returns `code`, which is a negative errno. */
int err_set(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* As err_set, with ": " and the description of errno `-code` appended. */
int err_errno(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Puts "CONTEXT: " before the text and returns the code that `err` holds. Over-long texts lose their end.
 * With err == NULL there is no code to return: the answer is -EIO, so keep the code yourself where it matters. */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
