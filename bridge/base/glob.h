/* Patterns in which `*` stands for any characters, none included; all else for itself. */
#ifndef BASE_GLOB_H
#define BASE_GLOB_H

#include <stdbool.h>

#include "base/slice.h"

/* Does the whole of `text` match? Takes at most pattern × text steps, usually one a byte. */
bool glob_match(struct slice pattern, struct slice text);

#endif
