/* The translating engine. Nothing yet.
 */
#include "base/err.h"
