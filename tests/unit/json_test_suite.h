/* JSONTestSuite's cases as a table. */
#ifndef UNIT_JSON_TEST_SUITE_H
#define UNIT_JSON_TEST_SUITE_H

#include <stdbool.h>

#include "base/slice.h"

static const struct {
    const char *name;
    struct slice text;
    bool read; /* or refused */
} json_test_suite[] = {
#define READ(name, text)    {name, SLICE_INIT(text), true},
#define REFUSED(name, text) {name, SLICE_INIT(text), false},
#include "json_test_suite.def"
#undef READ
#undef REFUSED
};

#endif
