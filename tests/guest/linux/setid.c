/* Says who it is: real, effective and saved ids, AT_SECURE. With "ids UID GID", becomes that user before; with "exec PATH
 * [ARG...]", executes PATH instead.
 */
#define _GNU_SOURCE
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    uid_t u[3];
    gid_t g[3];

    if (argc > 3 && !strcmp(argv[1], "ids")) {
        gid_t gid = (gid_t)atoi(argv[3]);
        uid_t uid = (uid_t)atoi(argv[2]);

        if (setgroups(0, NULL) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid))
            perror("ids");
        argv += 3;
        argc -= 3;
    }
    if (argc > 2 && !strcmp(argv[1], "exec")) {
        execv(argv[2], argv + 2);
        perror("execv");
        return 1;
    }
    getresuid(&u[0], &u[1], &u[2]);
    getresgid(&g[0], &g[1], &g[2]);
    printf("uid %u %u %u gid %u %u %u secure %lu\n", u[0], u[1], u[2], g[0], g[1], g[2], getauxval(AT_SECURE));
    return 0;
}
