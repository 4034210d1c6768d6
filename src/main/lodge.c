/* lodge: what people type.
 */
#include <stdio.h>

int main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    fprintf(stderr, "lodge: no verb works yet\n");
    return 125;
}
