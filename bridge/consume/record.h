/* One message as it was published: bytes, position and headers, in one piece of memory.
 *
 * It is copied once out of librdkafka's buffers, so that what is held is exactly what is counted,
 * and one slow record does not keep a whole fetched batch alive. Its way is a round trip: the
 * source makes it and posts it to a worker; when the last fate that it became is stored it is
 * posted back to the source, which tells the ledger and frees it.
 *
 * Immutable after it is made, but for `claims`: the number of fates still outstanding. */
#ifndef CONSUME_RECORD_H
#define CONSUME_RECORD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/heap.h"
#include "base/slice.h"
#include "loop/mailbox.h"

/* Counted besides the bytes themselves: what its event and deliveries take while it is in memory.
 */
#define RECORD_OVERHEAD_BYTES 512

struct lane;

/* In the place of a subscription. */
#define RECORD_NOBODYS UINT32_MAX       /* of a name that is not known */
#define RECORD_SHARED  (UINT32_MAX - 1) /* to be found out: any of its lane's may want it */

struct record_header {
    struct slice name;
    struct slice value; /* data NULL: a null value */
};

/* Where a record is read from: what its ledger and the committed offset speak of. For a record in
 * a retry topic this is not where the event was published. */
struct record_home {
    struct lane *lane; /* opaque to all but consume/ */
    const char *topic; /* lives as long as the lane */
    int32_t partition;
    uint32_t assignment; /* which assignment of the partition it came by */
    size_t ledger_place; /* where the ledger keeps it */
};

static inline bool record_home_equal(const struct record_home *a, const struct record_home *b)
{
    return a->lane == b->lane && a->topic == b->topic && a->partition == b->partition &&
           a->assignment == b->assignment;
}

struct record {
    struct message message; /* in one mailbox or list at a time */
    struct record_home home;
    unsigned subscription; /* whose it is, a place in the catalog; or one of the two above */
    unsigned group;        /* of RECORD_SHARED: the lane, a place in the catalog */
    const char *topic;     /* where the event was published; NUL-terminated */
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms; /* Kafka's; -1: none */
    struct slice key;     /* data NULL: a null key */
    struct slice value;   /* data NULL: a tombstone */
    const struct record_header *headers;
    size_t header_count;
    unsigned attempts;             /* requests sent before: it comes of a retry topic */
    int64_t first_attempt_unix_ms; /* -1: none yet */
    int64_t nobodys_since_unix_ms; /* a retry's; 0: its subscription has been there */
    int64_t due_unix_ms;           /* not to be tried before; 0: at once */
    int64_t leg_unix_ms;           /* a retry's: until then it waits in its topic */
    unsigned passes;               /* a retry's: how often it has gone on since the last attempt */
    bool is_retry;
    int64_t replay; /* a retry's: which replay brought it back; 0: none */
    bool release;   /* a retry's: no event; all that was parked of its key up to this has come */
    bool alone;     /* a retry's: it is replayed, and not its key */
    struct slice owner;    /* a retry's: the subscription's name */
    enum error_kind wrong; /* a retry's: DISABLED nobody of that name, DECODE no envelope */
    size_t bytes;          /* counted against limits.memory */
    int64_t polled_ms;     /* monotonic */
    struct heap_node due;  /* while it waits for due_unix_ms at its worker */
    void *fates;           /* the recorder's, until a transaction has them */
    atomic_uint claims;    /* and RECORD_ABANDONED */
};

/* What record_create copies from. Slices are borrowed for the call. */
struct record_source {
    struct slice topic;
    struct slice owner;
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms;
    struct slice key;
    struct slice value;
    const struct record_header *headers;
    size_t header_count;
};

/* A copy with one claim on it; NULL when there is no memory. */
struct record *record_create(const struct record_source *from);
void record_destroy(struct record *record);

/* The last header of that name (as later ones replace earlier ones); data NULL if there is none. */
struct slice record_header(const struct record *record, const char *name);

/* One more fate is outstanding. The caller holds a claim itself. Thread: any. */
void record_claim(struct record *record);

/* One fate less. True for the last one: the caller now owns the record and must send it home. */
bool record_release(struct record *record) MUST_CHECK;

/* How many fates are outstanding. Only a caller who holds all of them can rely on it. */
unsigned record_claims(const struct record *record);

/* Gives up: the record will be read again after a restart. The caller holds a claim. Thread: any.
 */
void record_abandon(struct record *record);
bool record_is_abandoned(const struct record *record);

#endif
