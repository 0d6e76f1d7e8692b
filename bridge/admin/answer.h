/* An answer of the admin listener before it goes out. Owner: whoever holds the struct. */
#ifndef ADMIN_ANSWER_H
#define ADMIN_ANSWER_H

#include "base/buffer.h"

struct answer {
    unsigned status;
    const char *content_type; /* static */
    struct buffer body;
    const char *challenge; /* WWW-Authenticate, static; NULL: none */
    char allow[64];        /* Allow; "": none */
};

#endif
