/* Any bytes as a registry's answers, at each step and with each status that means something: a step
 * is only left forwards, and what is refused says why. */
#include <stdint.h>
#include <stdlib.h>

#include "decode/registration.h"

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void answer(enum registration_step before, int status, struct slice body)
{
    enum registration_step step = before;
    struct error err = {0};
    uint32_t id = 0;
    bool taken = registration_take(&step, status, body, &id, &err);
    check(taken ? step > before : step == before);
    check(taken == (err.kind == ERROR_NONE));
    check(taken || err.text[0]);
    check(err.kind != ERROR_INPUT || status == 200 || status == 409 || status == 422);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 401, 404, 409, 422, 500};
    struct slice body = {data ? (const char *)data : "", size};
    for (int step = REGISTRATION_FIND; step < REGISTRATION_DONE; step++)
        for (size_t i = 0; i < COUNT_OF(statuses); i++)
            answer((enum registration_step)step, statuses[i], body);
    return 0;
}
