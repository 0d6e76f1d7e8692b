/* Any lines as an answer's head, and what is behind the first NUL as its body. */
#include <assert.h>
#include <stdint.h>

#include "net/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool take_head(struct answer *answer, struct slice head)
{
    while (head.size) {
        const char *end = memchr(head.data, '\n', head.size);
        size_t size = end ? (size_t)(end - head.data) + 1 : head.size;
        if (!answer_take_line(answer, (struct slice){head.data, size}))
            return false;
        head = slice_from(head, size);
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct answer answer;
    const char *text = (const char *)data;
    const char *nul = size ? memchr(text, '\0', size) : NULL;
    size_t head_bytes = nul ? (size_t)(nul - text) : size;
    answer_clear(&answer);
    bool fine = take_head(&answer, (struct slice){text, head_bytes});
    assert(fine == !answer.broken);
    assert(!answer.complete || answer.status >= 200);
    assert(!answer.has_retry_after || strlen(answer.retry_after) < ANSWER_RETRY_AFTER);
    for (size_t at = head_bytes; at < size; at += 7)
        if (!answer_take_body(&answer, (struct slice){text + at, size - at < 7 ? size - at : 7}))
            break;
    assert(answer_body(&answer).size <= HTTP_RESPONSE_BYTES);
    return 0;
}
