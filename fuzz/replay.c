/* Runs a fuzz target over every file of a folder, where there is no libFuzzer: one TAP line a file, plus one for no
 * bytes. usage: fuzz-NAME FOLDER|FILE...
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/base.h"
#include "fuzz.h"

static int count, failed;

static void replay(const char *path)
{
    struct err err = ERR_INIT;
    size_t size = 0;
    _cleanup_free_ char *text = fd_read_file(path, 16 << 20, &size, &err);
    uint8_t *data;

    count++;
    if (!text) {
        printf("not ok %d - %s\n", count, err.text);
        failed++;
        return;
    }
    data = malloc(size); /* exactly as long as the input: the sanitizer sees a read behind it */
    memcpy(data, text, size);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    printf("ok %d - %s\n", count, path);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct dirent **names;
    struct stat st;
    int n;

    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    printf("ok %d - no bytes\n", ++count);
    for (int i = 1; i < argc; i++) {
        if (stat(argv[i], &st) == 0 && !S_ISDIR(st.st_mode)) {
            replay(argv[i]);
            continue;
        }
        n = scandir(argv[i], &names, NULL, alphasort);
        for (int k = 0; k < n; k++) {
            _cleanup_free_ char *path = x_asprintf("%s/%s", argv[i], names[k]->d_name);

            if (names[k]->d_name[0] != '.')
                replay(path);
            free(names[k]);
        }
        if (n >= 0)
            free(names);
    }
    printf("1..%d\n", count);
    return failed != 0;
}
