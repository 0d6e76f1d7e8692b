#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "decode/scalar.h"

static void assert_text(struct buffer *out, const char *expected)
{
    assert_string_equal(buffer_text(out), expected);
    buffer_clear(out);
}

static void writes_the_shortest_digits_of_a_double(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } rows[] = {
        {0, "0"},
        {-0.0, "-0"},
        {1, "1"},
        {-41.10, "-41.1"},
        {0.1, "0.1"},
        {0.1 + 0.2, "0.30000000000000004"},
        {0.000001, "0.000001"},
        {0.0000001, "1e-07"},
        {1.0 / 3, "0.3333333333333333"},
        {123456789.123456, "123456789.123456"},
        {9007199254740993.0, "9007199254740992"},
        {1e22, "1e+22"},
        {5e-324, "5e-324"},
        {DBL_MAX, "1.7976931348623157e+308"},
        {(double)NAN, "\"NaN\""},
        {HUGE_VAL, "\"Infinity\""},
        {-HUGE_VAL, "\"-Infinity\""},
    };
    struct buffer out = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        scalar_add_double(&out, rows[i].value);
        assert_text(&out, rows[i].text);
    }
    buffer_finish(&out);
}

static void writes_the_shortest_digits_of_a_float(void **state)
{
    (void)state;
    static const struct {
        float value;
        const char *text;
    } rows[] = {
        {0, "0"},
        {41.10F, "41.1"},
        {0.1F, "0.1"},
        {16777216.0F, "16777216"},
        {1.0F / 3, "0.33333334"},
        {1e-45F, "1e-45"},
        {FLT_MAX, "3.4028235e+38"},
        {(float)NAN, "\"NaN\""},
        {-HUGE_VALF, "\"-Infinity\""},
    };
    struct buffer out = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        scalar_add_float(&out, rows[i].value);
        assert_text(&out, rows[i].text);
    }
    buffer_finish(&out);
}

/* Numbers of all sizes; those with few digits are the ones that have a short way of their own. */
static void reads_back_every_number(void **state)
{
    (void)state;
    struct buffer out = {0};
    uint64_t bits = 88172645463325252U;
    for (int i = 0; i < 200000; i++) {
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        double value;
        memcpy(&value, &bits, sizeof value);
        if (i % 2)
            value = (double)(int64_t)(bits % 2000000000000) / (i % 4 == 1 ? 100 : 1e7);
        if (!isfinite(value))
            continue;
        buffer_clear(&out);
        scalar_add_double(&out, value);
        const char *text = buffer_text(&out);
        char shorter[40];
        snprintf(shorter, sizeof shorter, "%.15g", value);
        if (strtod(text, NULL) != value ||
            (strtod(shorter, NULL) == value && strlen(text) > strlen(shorter) &&
             !strchr(shorter, 'e')))
            fail_msg("%a became %s", value, text);
    }
    buffer_finish(&out);
}

static void writes_every_digit_of_a_decimal(void **state)
{
    (void)state;
    static const struct {
        struct slice bytes;
        unsigned scale;
        const char *text;
    } rows[] = {
        {SLICE_INIT("\x10\x0E"), 2, "41.10"},
        {SLICE_INIT("\xEF\xF2"), 2, "-41.10"},
        {SLICE_INIT(""), 2, "0.00"},
        {SLICE_INIT("\0"), 0, "0"},
        {SLICE_INIT("\xFF"), 3, "-0.001"},
        {SLICE_INIT("\x05"), 5, "0.00005"},
        {SLICE_INIT("\x80"), 0, "-128"},
        {SLICE_INIT("\0\0\0\0\0\0\0\0\0\0\0\x07"), 1, "0.7"},
        {SLICE_INIT("\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), 0, "9223372036854775807"},
        {SLICE_INIT("\x80\0\0\0\0\0\0\0"), 1, "-922337203685477580.8"},
        {SLICE_INIT("\0\x80\0\0\0\0\0\0\0"), 0, "9223372036854775808"},
        {SLICE_INIT("\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), 4, "-922337203685477.5809"},
        {SLICE_INIT("\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), 0,
         "-170141183460469231731687303715884105728"},
        {SLICE_INIT("\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), 38,
         "1.70141183460469231731687303715884105727"},
        {SLICE_INIT("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), 0, "-1"},
    };
    struct buffer out = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_true(scalar_add_decimal(&out, rows[i].bytes, rows[i].scale));
        assert_text(&out, rows[i].text);
    }
    static const char long_one[SCALAR_DECIMAL_BYTES + 1] = {1};
    assert_true(scalar_add_decimal(&out, (struct slice){long_one, SCALAR_DECIMAL_BYTES}, 0));
    assert_int_equal(out.size, 2464);
    assert_false(scalar_add_decimal(&out, (struct slice){long_one, sizeof long_one}, 0));
    buffer_finish(&out);
}

static void writes_dates_and_timestamps(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        unsigned digits; /* 0: days */
        bool local;
        const char *text;
    } rows[] = {
        {20780, 0, false, "\"2026-11-23\""},
        {-1, 0, false, "\"1969-12-31\""},
        {-719529, 0, false, "\"-0001-12-31\""},
        {-719528, 0, false, "\"0000-01-01\""},
        {2932896, 0, false, "\"9999-12-31\""},
        {2932897, 0, false, "\"+10000-01-01\""},
        {INT32_MAX, 0, false, "\"+5881580-07-11\""},
        {INT32_MIN, 0, false, "\"-5877641-06-23\""},
        {1795446245123, 3, false, "\"2026-11-23T15:04:05.123Z\""},
        {1795446245123456, 6, false, "\"2026-11-23T15:04:05.123456Z\""},
        {1795446245123456789, 9, true, "\"2026-11-23T15:04:05.123456789\""},
        {-1, 3, true, "\"1969-12-31T23:59:59.999\""},
        {0, 6, false, "\"1970-01-01T00:00:00.000000Z\""},
        {INT64_MAX, 3, false, "\"+292278994-08-17T07:12:55.807Z\""},
        {INT64_MIN, 3, true, "\"-292275055-05-16T16:47:04.192\""},
        {INT64_MIN, 9, false, "\"1677-09-21T00:12:43.145224192Z\""},
    };
    struct buffer out = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (rows[i].digits)
            scalar_add_timestamp(&out, rows[i].value, rows[i].digits, rows[i].local);
        else
            scalar_add_date(&out, rows[i].value);
        assert_text(&out, rows[i].text);
    }
    buffer_finish(&out);
}

static void refuses_a_time_that_is_not_within_a_day(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        unsigned digits;
        const char *text; /* NULL: refused */
    } rows[] = {
        {0, 3, "\"00:00:00.000\""},
        {86399999, 3, "\"23:59:59.999\""},
        {54245123456, 6, "\"15:04:05.123456\""},
        {86400000, 3, NULL},
        {-1, 6, NULL},
        {86400000000, 6, NULL},
        {INT64_MIN, 6, NULL},
    };
    struct buffer out = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(scalar_add_time(&out, rows[i].value, rows[i].digits), !!rows[i].text);
        assert_text(&out, rows[i].text ? rows[i].text : "");
    }
    buffer_finish(&out);
}

static void writes_durations_and_uuids(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        const char *text;
    } rows[] = {
        {"\x01\0\0\0\x02\0\0\0\xBC\x0B\0\0", "\"P1M2DT3.004S\""},
        {"\0\0\0\0\0\0\0\0\0\0\0\0", "\"PT0S\""},
        {"\x0E\0\0\0\0\0\0\0\0\0\0\0", "\"P14M\""},
        {"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
         "\"P4294967295M4294967295DT4294967.295S\""},
    };
    struct buffer out = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        scalar_add_duration(&out, rows[i].bytes);
        assert_text(&out, rows[i].text);
    }
    scalar_add_uuid(&out, "\x5F\x0C\x1F\x5E\x8C\x1D\x4A\x55\x9F\x6B\x1E\x6A\x2F\x1C\x9D\x77");
    assert_text(&out, "\"5f0c1f5e-8c1d-4a55-9f6b-1e6a2f1c9d77\"");
    buffer_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_the_shortest_digits_of_a_double),
        cmocka_unit_test(writes_the_shortest_digits_of_a_float),
        cmocka_unit_test(reads_back_every_number),
        cmocka_unit_test(writes_every_digit_of_a_decimal),
        cmocka_unit_test(writes_dates_and_timestamps),
        cmocka_unit_test(refuses_a_time_that_is_not_within_a_day),
        cmocka_unit_test(writes_durations_and_uuids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
