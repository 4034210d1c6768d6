/* The Linux system-call layer. Nothing yet.
 */
#include "base/err.h"
