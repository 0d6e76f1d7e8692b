/* Base64 (RFC 4648 §4), both directions. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/slice.h"

void base64_add(struct buffer *buf, struct slice bytes);

/* Strict: the standard alphabet, padded, nothing else. False: `text` is not that, or `buf` failed;
 * what was added until then stays behind its old end. */
bool base64_decode(struct slice text, struct buffer *buf) MUST_CHECK;

#endif
