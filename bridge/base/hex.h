/* Bytes as hexadecimal digits, both directions. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/slice.h"

/* Lower-case digits. */
void hex_add(struct buffer *buf, struct slice bytes);

/* Digits of either case, an even number of them. False: `text` is not that, or `buf` failed. */
bool hex_decode(struct slice text, struct buffer *buf) MUST_CHECK;

#endif
