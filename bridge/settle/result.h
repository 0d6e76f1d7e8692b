/* A result record: schemas/delivery-result.avsc, in JSON. */
#ifndef SETTLE_RESULT_H
#define SETTLE_RESULT_H

#include "base/buffer.h"
#include "config/settings.h"
#include "settle/verdict.h"

/* Does `results.record` ask for a record of this? */
bool result_wanted(enum results_record which, enum fate_kind fate);

/* Adds the JSON object. Times are ISO 8601 UTC with milliseconds; bytes of an answer that are not
 * UTF-8 become U+FFFD. */
void result_write(const struct verdict *verdict, struct buffer *out);

#endif
