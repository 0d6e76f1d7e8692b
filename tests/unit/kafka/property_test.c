#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "kafka/property.h"

static void names_the_property_that_was_meant(void **state)
{
    (void)state;
    static const struct {
        const char *typed;
        const char *meant;
    } rows[] = {
        {"bootstrap.server", "bootstrap.servers"},  {"sasl.usrename", "sasl.username"},
        {"ssl.ca.locations", "ssl.ca.location"},    {"compression.typ", "compression.type"},
        {"security_protocol", "security.protocol"}, {"auto.offset.rest", "auto.offset.reset"},
        {"bootstrap.servers", "bootstrap.servers"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char nearest[PROPERTY_NAME_BYTES];
        assert_true(property_nearest(slice_of(rows[i].typed), nearest));
        assert_string_equal(nearest, rows[i].meant);
    }
}

static void is_silent_where_none_is_near(void **state)
{
    (void)state;
    static const char *const names[] = {"", "host", "-----------", "Property",
                                        "username.and.password"};
    char nearest[PROPERTY_NAME_BYTES];
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (property_nearest(slice_of(names[i]), nearest))
            fail_msg("'%s' is taken for %s", names[i], nearest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_the_property_that_was_meant),
        cmocka_unit_test(is_silent_where_none_is_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
