#include "auth/sign.h"

#include <stdlib.h>

#include "auth/sign_method.h"

static const struct sign_method *const methods[] = {
#define SIGN_STYLE(name, method) [SIGN_##name] = &(method),
#include "auth/sign.def"
#undef SIGN_STYLE
};

struct signer {
    const struct sign_method *method;
    size_t key_count;
    void *keys[];
};

static bool add_keys(struct signer *signer, const struct texts *secrets, struct problems *problems)
{
    bool ok = true;
    for (size_t i = 0; i < secrets->count; i++) {
        const struct text *secret = &secrets->items[i];
        void *key = signer->method->create_key(text_slice(secret));
        if (key)
            signer->keys[signer->key_count++] = key;
        else
            problems_add(problems, secret->at, "a secret of this style is %s",
                         signer->method->secret_form);
        ok = ok && key;
    }
    return ok;
}

struct signer *signer_create(const struct subscription *sub, struct problems *problems)
{
    if (sub->sign_style == SIGN_NONE || sub->sign_secrets.count == 0)
        return NULL;
    struct signer *signer =
        calloc(1, sizeof *signer + sub->sign_secrets.count * sizeof signer->keys[0]);
    if (!signer) {
        problems_add(problems, sub->at, "no memory for the signing keys");
        return NULL;
    }
    signer->method = methods[sub->sign_style];
    if (add_keys(signer, &sub->sign_secrets, problems))
        return signer;
    signer_destroy(signer);
    return NULL;
}

void signer_destroy(struct signer *signer)
{
    if (!signer)
        return;
    for (size_t i = 0; i < signer->key_count; i++)
        signer->method->destroy_key(signer->keys[i]);
    free(signer);
}

bool signer_sign(const struct signer *signer, const struct sign_input *input,
                 struct buffer *headers)
{
    return !signer || signer->method->sign(signer->keys, signer->key_count, input, headers);
}

bool signer_owns_header(const struct signer *signer, struct slice name)
{
    if (!signer)
        return false;
    for (const char *const *header = signer->method->headers; *header; header++)
        if (slice_equal_nocase(name, slice_of(*header)))
            return true;
    return false;
}
