/* Code generation. Nothing yet.
 */
#include "base/err.h"
