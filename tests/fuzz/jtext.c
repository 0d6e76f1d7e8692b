/* Any bytes: read as JSON or refused; what is read has values that read as JSON again. */
#include <stdlib.h>

#include "base/jtext.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The name that a member bears leads to a member; the text of a value is a value. */
static void check_value(const struct jtext *json, uint32_t token, struct buffer *scratch)
{
    struct jtext again = {0};
    struct slice text = jtext_value(json, token);
    if (!jtext_read(&again, text, NULL) || again.count != json->tokens[token].next - token)
        abort();
    if (jtext_kind(text) == JTEXT_STRING) {
        buffer_clear(scratch);
        struct slice content = jtext_string(text, scratch);
        struct buffer escaped = {0};
        jtext_add_string(&escaped, content);
        if (!jtext_read(&again, buffer_slice(&escaped), NULL))
            abort();
        jtext_member(json, JTEXT_ROOT, content);
        buffer_finish(&escaped);
    }
    jtext_element(json, token, -1);
    jtext_finish(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jtext json = {0};
    struct buffer scratch = {0};
    if (jtext_read(&json, (struct slice){(const char *)data, size}, NULL))
        for (uint32_t i = 0; i < json.count && i < 200; i++)
            check_value(&json, i, &scratch);
    buffer_finish(&scratch);
    jtext_finish(&json);
    return 0;
}
