/* Composition: what is asked for -> engine + surroundings + walls. Nothing yet.
 */
#include "base/err.h"
