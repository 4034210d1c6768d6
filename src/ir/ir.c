/* Intermediate representation. Nothing yet.
 */
#include "base/err.h"
