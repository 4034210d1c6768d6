/* base: what every room stands on, in one include. Each header can be included alone.
 */
#ifndef LODGE_BASE_BASE_H
#define LODGE_BASE_BASE_H

#include "base/alloc.h"
#include "base/bits.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/str.h"
#include "base/vec.h"

#endif
