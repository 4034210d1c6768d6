/* lodge-guest: runs one process guest. Started by lodge, never by hand.
 */
#include "base/log.h"

int main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    log_line("lodge: no guest works yet");
    return 125;
}
