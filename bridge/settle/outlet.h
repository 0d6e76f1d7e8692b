/* An outlet: one topic that is written to, and whether what is written there is stored.
 *
 * It fails from the first write that does, or from when none of those under way has been stored for
 * a while (librdkafka tries again for ever what a broker can't store just now, and says nothing of
 * it), until one is stored. A record that is refused for itself says nothing of the topic but that
 * it is there.
 *
 * Pure: no clock. Owner: the recorder. */
#ifndef SETTLE_OUTLET_H
#define SETTLE_OUTLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OUTLET_LATE_MS 5000

/* Zero-initialised is valid. */
struct outlet {
    size_t under_way;
    int64_t since_ms;  /* nothing has been stored since, though something was under way */
    int64_t purged_ms; /* when something was called back last */
    bool failing;
};

void outlet_send(struct outlet *outlet, int64_t now_ms);

/* What was sent is stored, has failed, or is refused for itself. */
void outlet_stored(struct outlet *outlet, int64_t now_ms);
void outlet_failed(struct outlet *outlet);
void outlet_refused(struct outlet *outlet);

/* It was called back, which says nothing of the topic; or all was that is under way. What is sent
 * soon after is that again, and has been waiting since then. */
void outlet_purged(struct outlet *outlet, int64_t now_ms);
void outlet_purged_all(struct outlet *outlet, int64_t now_ms);

/* Nothing has been stored for OUTLET_LATE_MS: it fails, if it did not yet. True once in that time:
 * is the topic still there? */
bool outlet_is_late(struct outlet *outlet, int64_t now_ms);

#endif
