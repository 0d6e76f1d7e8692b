/* A text that must not be seen: a token, a password, a signing key. It is wiped when it goes, and
 * as a struct of its own it can't be given to printf or the log by mistake; only secret_reveal,
 * which is easy to search for, lets it out. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>

#include "base/slice.h"

struct secret {
    char *bytes; /* NUL-terminated; NULL: there is none */
    size_t size;
};

/* A copy of `text`; ends the program when there is no memory (start-up and reload only). */
struct secret secret_copy(struct slice text);
void secret_finish(struct secret *secret);

static inline struct slice secret_reveal(const struct secret *secret)
{
    return (struct slice){secret->bytes, secret->size};
}

/* Equal? In a time that depends on the lengths alone. */
bool secret_equal(const struct secret *secret, struct slice text);

#endif
