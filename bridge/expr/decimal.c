#include "expr/decimal.h"

#include <stdbool.h>
#include <stdint.h>

/* Exponents beyond this are all the same: no number has as many digits. */
#define EXPONENT_MAX INT64_C(1000000000000)

/* 0.DIGITS times ten to the power of `scale`, or zero. */
struct decimal {
    bool negative;
    struct slice digits; /* from the first that is not 0; a point may be among them */
    int64_t scale;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_plain(struct slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!is_digit(text.data[i]))
            return false;
    return true;
}

static int64_t exponent_of(struct slice text)
{
    bool negative = text.size > 0 && *text.data == '-';
    int64_t value = 0;
    for (size_t i = 0; i < text.size; i++)
        if (is_digit(text.data[i]) && value < EXPONENT_MAX)
            value = value * 10 + (text.data[i] - '0');
    return negative ? -value : value;
}

static struct decimal read_decimal(struct slice text)
{
    struct decimal number = {.negative = *text.data == '-'};
    struct slice digits = slice_from(text, number.negative);
    size_t mantissa = 0;
    while (mantissa < digits.size && (digits.data[mantissa] | 0x20) != 'e')
        mantissa++;
    if (mantissa < digits.size)
        number.scale = exponent_of(slice_from(digits, mantissa + 1));
    digits.size = mantissa;
    size_t whole = 0;
    while (whole < digits.size && digits.data[whole] != '.')
        whole++;
    number.scale += (int64_t)whole;
    for (; digits.size > 0 && !(*digits.data > '0'); digits = slice_from(digits, 1))
        if (*digits.data == '0')
            number.scale--;
    number.digits = digits;
    return number;
}

/* The next digit, 0 behind the last; moves on. */
static char next_digit(struct slice *digits)
{
    if (digits->size > 0 && *digits->data == '.')
        *digits = slice_from(*digits, 1);
    if (digits->size == 0)
        return '0';
    char digit = *digits->data;
    *digits = slice_from(*digits, 1);
    return digit;
}

/* Without their signs; neither is zero. */
static int compare_sizes(struct decimal a, struct decimal b)
{
    if (a.scale != b.scale)
        return a.scale < b.scale ? -1 : 1;
    while (a.digits.size > 0 || b.digits.size > 0) {
        char left = next_digit(&a.digits);
        char right = next_digit(&b.digits);
        if (left != right)
            return left < right ? -1 : 1;
    }
    return 0;
}

static int sign_of(const struct decimal *number)
{
    if (number->digits.size == 0)
        return 0;
    return number->negative ? -1 : 1;
}

int decimal_compare(struct slice a, struct slice b)
{
    if (is_plain(a) && is_plain(b)) {
        if (a.size != b.size)
            return a.size < b.size ? -1 : 1;
        return memcmp(a.data, b.data, a.size);
    }
    struct decimal left = read_decimal(a);
    struct decimal right = read_decimal(b);
    int sign = sign_of(&left);
    if (sign != sign_of(&right))
        return sign < sign_of(&right) ? -1 : 1;
    return sign == 0 ? 0 : sign * compare_sizes(left, right);
}
