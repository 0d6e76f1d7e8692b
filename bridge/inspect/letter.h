/* A dead letter's headers read back: what it says of itself, and those it was published with. */
#ifndef INSPECT_LETTER_H
#define INSPECT_LETTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "consume/record.h"

/* Slices borrow the headers it was read from; what is written there is anything but a NUL. */
struct letter {
    struct slice id;
    struct slice subscription;
    struct slice reason;
    struct slice error;
    struct slice status; /* data NULL: there was no answer */
    struct slice attempts;
    struct slice topic; /* where the event was published; fit to be a topic's name */
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms; /* -1: none */
    int64_t failed_unix_ms;
    const struct record_header *published;
    size_t published_count;
};

/* Ours are the last 9 to 11, in the order in which settle/dead_letter.c writes them: whatever the
 * published ones before them are called, they come out as they went in. False and ERROR_DECODE with
 * the first header, from the end, that is not what it should be. */
bool letter_read(const struct record_header *headers, size_t count, struct letter *letter,
                 struct error *err) MUST_CHECK;

#endif
