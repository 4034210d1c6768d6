/* Guest memory. Nothing yet.
 */
#include "base/err.h"
