#include "decode/scalar.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>

#include "base/clock.h"

#define NUMBER_BYTES 40

/* ── floating point ──────────────────────────────────────────────────────── */

static const char *name_of_none(double value)
{
    return isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
}

static void add_fraction(struct buffer *out, uint32_t millionths)
{
    char digits[8] = ".";
    for (int i = 6; i > 0; i--, millionths /= 10)
        digits[i] = (char)('0' + millionths % 10);
    size_t size = 7;
    while (digits[size - 1] == '0')
        size--;
    buffer_add(out, digits, size);
}

/* What people write, such as 41.1: at most six decimals and fifteen digits. Dividing two exact
 * numbers rounds as reading those digits does, and no shorter text comes to the same. */
static bool add_plain(struct buffer *out, double value)
{
    double millionths = nearbyint(value * 1e6);
    if (!(fabs(millionths) < 1e15) || millionths == 0 || millionths / 1e6 != value)
        return false;
    int64_t whole = (int64_t)fabs(millionths);
    if (value < 0)
        buffer_add_char(out, '-');
    buffer_add_int(out, whole / 1000000);
    if (whole % 1000000)
        add_fraction(out, (uint32_t)(whole % 1000000));
    return true;
}

/* Below the normal numbers digits have less to tell: there it takes fewer than 6, or 15. */
void scalar_add_float(struct buffer *out, float value)
{
    char text[NUMBER_BYTES];
    if (!isfinite(value)) {
        buffer_add_text(out, name_of_none((double)value));
        return;
    }
    for (int digits = fabsf(value) < FLT_MIN ? 1 : 6; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value)
            break;
    }
    buffer_add_text(out, text);
}

void scalar_add_double(struct buffer *out, double value)
{
    char text[NUMBER_BYTES];
    if (!isfinite(value)) {
        buffer_add_text(out, name_of_none(value));
        return;
    }
    if (add_plain(out, value))
        return;
    for (int digits = fabs(value) < DBL_MIN ? 1 : 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    buffer_add_text(out, text);
}

/* ── decimals ────────────────────────────────────────────────────────────── */

static void add_zeros(struct buffer *out, size_t count)
{
    char *room = buffer_reserve(out, count);
    if (!room)
        return;
    memset(room, '0', count);
    out->size += count;
}

/* `digits` without a sign, and the point put in. */
static void add_scaled(struct buffer *out, struct slice digits, unsigned scale)
{
    if (digits.size > scale) {
        buffer_add(out, digits.data, digits.size - scale);
        digits = slice_from(digits, digits.size - scale);
    } else {
        buffer_add_char(out, '0');
    }
    if (scale == 0)
        return;
    buffer_add_char(out, '.');
    add_zeros(out, scale - digits.size);
    buffer_add_slice(out, digits);
}

static void add_small(struct buffer *out, struct slice bytes, unsigned scale)
{
    char text[24];
    uint64_t value = (signed char)bytes.data[0] < 0 ? UINT64_MAX : 0;
    for (size_t i = 0; i < bytes.size; i++)
        value = value << 8 | (unsigned char)bytes.data[i];
    bool negative = value >> 63;
    if (negative)
        buffer_add_char(out, '-');
    int size =
        snprintf(text, sizeof text, "%llu", (unsigned long long)(negative ? 0 - value : value));
    add_scaled(out, (struct slice){text, (size_t)size}, scale);
}

/* Of a negative number the magnitude is the complement, and one. */
static BIGNUM *read_magnitude(struct slice bytes, bool negative)
{
    unsigned char magnitude[SCALAR_DECIMAL_BYTES];
    for (size_t i = 0; i < bytes.size; i++)
        magnitude[i] = (unsigned char)(negative ? ~bytes.data[i] : bytes.data[i]);
    BIGNUM *number = BN_bin2bn(magnitude, (int)bytes.size, NULL);
    if (number && negative && !BN_add_word(number, 1)) {
        BN_free(number);
        return NULL;
    }
    return number;
}

static bool add_big(struct buffer *out, struct slice bytes, unsigned scale)
{
    bool negative = (signed char)bytes.data[0] < 0;
    BIGNUM *number = read_magnitude(bytes, negative);
    char *digits = number ? BN_bn2dec(number) : NULL;
    if (digits && negative)
        buffer_add_char(out, '-');
    if (digits)
        add_scaled(out, slice_of(digits), scale);
    bool fine = digits;
    OPENSSL_free(digits);
    BN_free(number);
    return fine;
}

bool scalar_add_decimal(struct buffer *out, struct slice bytes, unsigned scale)
{
    if (bytes.size > SCALAR_DECIMAL_BYTES)
        return false;
    if (bytes.size == 0)
        add_scaled(out, SLICE("0"), scale);
    else if (bytes.size <= 8)
        add_small(out, bytes, scale);
    else
        return add_big(out, bytes, scale);
    return true;
}

/* ── times ───────────────────────────────────────────────────────────────── */

static int64_t per_second(unsigned digits)
{
    return digits == 3 ? 1000 : digits == 6 ? 1000000 : 1000000000;
}

/* `width` digits of value, and what is behind them. */
static char *put(char *at, uint64_t value, unsigned width, char after)
{
    for (unsigned i = width; i > 0; i--, value /= 10)
        at[i - 1] = (char)('0' + value % 10);
    at[width] = after;
    return at + width + 1;
}

static char *put_date(char *at, int64_t days)
{
    struct clock_date date = clock_date(days);
    if (date.year < 0 || date.year > 9999)
        at += sprintf(at, "%+05lld-", (long long)date.year);
    else
        at = put(at, (uint64_t)date.year, 4, '-');
    at = put(at, date.month, 2, '-');
    return put(at, date.day, 2, 'T');
}

static char *put_time(char *at, int64_t value, unsigned digits)
{
    int64_t unit = per_second(digits);
    int64_t seconds = value / unit;
    at = put(at, (uint64_t)seconds / 3600, 2, ':');
    at = put(at, (uint64_t)seconds / 60 % 60, 2, ':');
    at = put(at, (uint64_t)seconds % 60, 2, '.');
    return put(at, (uint64_t)(value % unit), digits, '"');
}

void scalar_add_date(struct buffer *out, int64_t days)
{
    char text[NUMBER_BYTES] = "\"";
    char *end = put_date(text + 1, days);
    end[-1] = '"';
    buffer_add(out, text, (size_t)(end - text));
}

bool scalar_add_time(struct buffer *out, int64_t value, unsigned digits)
{
    char text[NUMBER_BYTES] = "\"";
    if (value < 0 || value >= per_second(digits) * 86400)
        return false;
    char *end = put_time(text + 1, value, digits);
    buffer_add(out, text, (size_t)(end - text));
    return true;
}

void scalar_add_timestamp(struct buffer *out, int64_t value, unsigned digits, bool local)
{
    char text[64] = "\"";
    int64_t day = per_second(digits) * 86400;
    int64_t days = value / day;
    int64_t rest = value % day;
    if (rest < 0) {
        rest += day;
        days--;
    }
    char *end = put_time(put_date(text + 1, days), rest, digits);
    if (!local) {
        end[-1] = 'Z';
        *end++ = '"';
    }
    buffer_add(out, text, (size_t)(end - text));
}

static uint32_t little_endian(const char *bytes)
{
    const unsigned char *b = (const unsigned char *)bytes;
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

void scalar_add_duration(struct buffer *out, const char bytes[12])
{
    uint32_t months = little_endian(bytes);
    uint32_t days = little_endian(bytes + 4);
    uint32_t ms = little_endian(bytes + 8);
    buffer_add_text(out, "\"P");
    if (months)
        buffer_print(out, "%uM", months);
    if (days)
        buffer_print(out, "%uD", days);
    if (ms)
        buffer_print(out, "T%u.%03uS", ms / 1000, ms % 1000);
    else if (!months && !days)
        buffer_add_text(out, "T0S");
    buffer_add_char(out, '"');
}

void scalar_write_uuid(const char bytes[16], char text[SCALAR_UUID_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *text++ = '-';
        *text++ = digits[(unsigned char)bytes[i] >> 4];
        *text++ = digits[(unsigned char)bytes[i] & 15];
    }
    *text = '\0';
}

void scalar_add_uuid(struct buffer *out, const char bytes[16])
{
    char text[SCALAR_UUID_SIZE];
    scalar_write_uuid(bytes, text);
    buffer_print(out, "\"%s\"", text);
}
