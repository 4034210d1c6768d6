/* gdb stub and profile. Nothing yet.
 */
#include "base/err.h"
