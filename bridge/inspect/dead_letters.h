/* The dead letters that somebody wants to see, read from their topic. Owner: one thread, which it
 * blocks. No consumer group is touched, and no running instance is needed. */
#ifndef INSPECT_DEAD_LETTERS_H
#define INSPECT_DEAD_LETTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "config/settings.h"
#include "inspect/letter.h"

/* A letter as it stands in the topic. Valid until the hook that got it returns. */
struct dead_letter {
    int32_t partition;
    int64_t place;      /* its offset in the topic of dead letters; named PARTITION:PLACE */
    struct slice key;   /* data NULL: a null key */
    struct slice value; /* data NULL: a tombstone */
    const struct record_header *headers; /* all of them, as they stand there */
    size_t header_count;
    struct letter letter;
};

/* One in memory of its own. */
struct letter_copy {
    struct dead_letter letter;
    struct record *bytes;
};

/* False: no memory. */
bool letter_copy(const struct dead_letter *from, struct letter_copy *copy) MUST_CHECK;
void letter_copy_finish(struct letter_copy *copy);

/* Which: all that are not excluded. Zero-initialised with since_unix_ms and until_unix_ms as
 * LETTERS_ANY_TIME: every one. */
struct letters_wanted {
    struct slice subscription; /* data NULL: any */
    struct slice reason;       /* data NULL: any */
    int64_t since_unix_ms;     /* given up then or later */
    int64_t until_unix_ms;     /* before then */
    const char *const *ids;    /* any of these: PARTITION:OFFSET there, else grapnel-id */
    size_t id_count;           /* 0: any */
    uint64_t limit;            /* only the last so many; 0: all */
};

#define LETTERS_ANY_TIME INT64_MIN

/* What keeps a letter from being wanted. */
enum letters_bar {
    LETTERS_NO_BAR,
    LETTERS_NOT_NAMED,
    LETTERS_SUBSCRIPTION,
    LETTERS_REASON,
    LETTERS_SINCE,
    LETTERS_UNTIL,
    LETTERS_LIMIT,
};

struct letters_hooks {
    void *context;
    /* The letters wanted, in each partition's order; with a limit by their time. False and `err`
     * ends the reading. */
    bool (*found)(void *context, const struct dead_letter *letter, struct error *err);
    /* A record that would be wanted as far as can be told, and is no dead letter. */
    void (*garbage)(void *context, int32_t partition, int64_t place, const char *why);
    /* Called often; may be NULL. */
    void (*progress)(void *context, int64_t done, int64_t total);
    /* A letter that is named, and left out by something else; may be NULL. */
    void (*left_out)(void *context, const struct dead_letter *letter, enum letters_bar bar);
};

/* Reads all that the topic holds now; but of what is named by its grapnel-id, and is from before
 * `since`, nothing is told. False and ERROR_KAFKA, ERROR_INPUT where there is no such
 * topic, or what a hook said. */
bool letters_read(const struct settings *settings, const struct letters_wanted *wanted,
                  const struct letters_hooks *hooks, struct error *err) MUST_CHECK;

/* "3:17": true, and what it names. */
bool letter_position(struct slice text, int32_t *partition, int64_t *place);

/* Is the letter one of those, the limit aside? What comes first of what says no, the names before
 * all. Pure. */
enum letters_bar letters_bar(const struct letters_wanted *wanted, const struct dead_letter *letter);

/* Does `id` name it? Pure. */
bool letter_is(const struct dead_letter *letter, const char *id);

#endif
