/* jq's values from JSON text, and back. Only for the child: libjq may crash on either way. */
#ifndef JQ_CHILD_VALUE_H
#define JQ_CHILD_VALUE_H

#include <stdbool.h>

#include <jv.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/jtext.h"

/* By our own reader, not by jq's: it takes what a path takes, nested as deeply, and half a
 * surrogate pair is U+FFFD here and there. `scratch` is for strings with escapes. */
jv child_value(const struct jtext *json, struct buffer *scratch);

/* Takes `value`. Numbers as jq writes them, all else as we do. Stops where `out` is full. False: it
 * is nested too deeply for JSON that anybody reads again. */
bool child_value_add(struct buffer *out, jv value) MUST_CHECK;

#endif
