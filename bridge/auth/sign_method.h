/* What a style of signature has to provide. To add one: a file sign_NAME.c with such a struct in
 * it, a row in sign.def, and its name in config/. */
#ifndef AUTH_SIGN_METHOD_H
#define AUTH_SIGN_METHOD_H

#include <stdbool.h>
#include <stddef.h>

#include "auth/sign.h"
#include "base/compiler.h"

struct sign_method {
    const char *const *headers; /* names of those it makes, NULL at the end */
    const char *secret_form;    /* "whsec_ and …": what a secret of this style looks like */

    /* A prepared key, or NULL when the secret is not of that form. */
    void *(*create_key)(struct slice secret);
    void (*destroy_key)(void *key);

    /* Adds the header lines, signed with each key where the style can carry that. */
    bool (*sign)(void *const *keys, size_t key_count, const struct sign_input *input,
                 struct buffer *headers) MUST_CHECK;
};

#define SIGN_STYLE(name, method) extern const struct sign_method method;
#include "auth/sign.def"
#undef SIGN_STYLE

#endif
