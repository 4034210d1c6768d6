/* The smallest guest worth showing: says where it runs and what it was given. */
#include <stdio.h>
#include <sys/utsname.h>

int main(int argc, char **argv)
{
    struct utsname host;

    if (uname(&host) != 0)
        return 1;
    printf("hello from a %s program on %s\n", host.machine, host.sysname);
    for (int i = 1; i < argc; i++)
        printf("argument %d: %s\n", i, argv[i]);
    return 0;
}
