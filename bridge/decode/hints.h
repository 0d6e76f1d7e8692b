/* What the headers of a record say of its value, found in one walk. Pure. */
#ifndef DECODE_HINTS_H
#define DECODE_HINTS_H

#include "consume/record.h"

/* Each is the last header of that name; data NULL: there is none. Borrows the record. */
struct hints {
    struct slice specversion;  /* ce_specversion: it is a CloudEvent in binary mode */
    struct slice id;           /* ce_id */
    struct slice source;       /* ce_source */
    struct slice type;         /* ce_type */
    struct slice content_type; /* content-type, in any case, as some producers write it */
    struct slice schema_id;    /* __value_schema_id */
};

void hints_find(const struct record *record, struct hints *hints);

#endif
