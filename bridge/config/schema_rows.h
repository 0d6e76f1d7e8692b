/* The row macros of the .def tables, for the one file that makes a table of each. It defines
 * SCHEMA_STRUCT, the struct whose fields the rows fill, before it includes this. The columns are
 * explained in subscription.def. Included once a .c file, and nowhere else. */
#ifndef CONFIG_SCHEMA_ROWS_H
#define CONFIG_SCHEMA_ROWS_H

#include "config/schema.h"

#define SCHEMA_FIELD(member)                                                                       \
    offsetof(SCHEMA_STRUCT, member), sizeof(((const SCHEMA_STRUCT *)0)->member)

#define GROUP(path, fallback, reload, text)                                                        \
    {#path, &schema_group, SCHEMA_NO_FIELD, 0, fallback, NULL, NULL, NULL, reload, false, text},
#define KEY(path, type, member, fallback, min, max, reload, text)                                  \
    {#path, &schema_##type, SCHEMA_FIELD(member), fallback, min, max, NULL, reload, false, text},
#define CHOICE(path, type, member, fallback, values, reload, text)                                 \
    {#path, &schema_##type, SCHEMA_FIELD(member), fallback, NULL, NULL, values, reload, false,     \
     text},
#define FIXED(path, fallback, values, reload, text)                                                \
    {#path, &schema_choice, SCHEMA_NO_FIELD, 0, fallback, NULL, NULL, values, reload, false, text},
#define PART(path, fallback, reload, text)                                                         \
    {#path, &schema_any, SCHEMA_NO_FIELD, 0, fallback, NULL, NULL, NULL, reload, false, text},
#define LATER(path, type, fallback, reload, text)                                                  \
    {#path, &schema_##type, SCHEMA_NO_FIELD, 0, fallback, NULL, NULL, NULL, reload, true, text},

#endif
