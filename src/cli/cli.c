/* Command line. Nothing yet.
 */
#include "base/err.h"
