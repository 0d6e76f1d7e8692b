/* Numbers as they are written in JSON, compared by what they are: 1.0 is 1, 12345678901234567890 is
 * not 12345678901234567891, and 1e400 is less than 1e401. Pure. */
#ifndef EXPR_DECIMAL_H
#define EXPR_DECIMAL_H

#include "base/slice.h"

/* Below, at or above 0 as `a` is less than, equal to or greater than `b`: valid JSON numbers. */
int decimal_compare(struct slice a, struct slice b);

#endif
