#include "settle/age.h"

#include "base/number.h"

bool age_allows(int64_t max_age_ms, int64_t first_unix_ms, int64_t next_unix_ms, struct error *err)
{
    if (max_age_ms < 0 || first_unix_ms < 0 || next_unix_ms <= first_unix_ms)
        return true;
    if (next_unix_ms - first_unix_ms <= max_age_ms)
        return true;
    char most[NUMBER_TEXT_SIZE];
    number_duration_text(max_age_ms, most);
    return error_set(err, ERROR_EXPIRED,
                     "the next attempt would be more than max_age, %s, after the first", most);
}
