/* The riscv64 guest CPU. Nothing yet.
 */
#include "base/err.h"
