/* The model: what must be true, whatever grapnel does. It knows what was published, what the
 * receivers got and answered, and what is stored in Kafka; of grapnel's code it knows nothing. It
 * reads results, dead letters, retries and commits as README.md describes them, by code of its own.
 *
 * Everything that happens is told to it, and it ends the run where a promise is broken.
 *
 *   model.c          the book: every event, for every subscription, and what became of it
 *   model_store.c    what grapnel writes: results, dead letters, retries
 *   model_stray.c    what strangers write to a retry topic
 *   model_commit.c   what it commits, and takes back
 *   model_send.c     what it sends
 *   model_order.c    which first
 *   model_limits.c   rates, breakers, memory
 *   model_state.c    what is disabled is not sent
 *   model_hold.c     nowhere to write, nothing taken
 *   model_reload.c   another configuration for who runs: which is whose, and what it leaves alone
 *   model_time.c     what must happen within some time; and the end */
#ifndef SIM_MODEL_MODEL_H
#define SIM_MODEL_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "net/http.h"
#include "sim/kafka/cluster.h"
#include "sim/kafka/group.h"
#include "sim/play/scenario.h"
#include "sim/world/process.h"

/* A request, as the receiver's side knows it. */
struct model_request {
    unsigned subscription;
    int64_t number;   /* of the event */
    unsigned attempt; /* which request for it, of all instances: from 1 */
    uint64_t sent;    /* which request of all */
    unsigned engine;  /* which worker's */
    struct process *by;
};

/* What an event is like. */
enum event_kind { EVENT_FINE, EVENT_UNFIT, EVENT_POISON, EVENT_EMPTY };

/* An event that is published. */
struct model_event {
    const struct kafka_log *log;
    enum event_kind kind;
    unsigned type;
    int64_t published_us;
    int64_t key_before; /* the one of its key before it in its partition, */
    int64_t key_after;  /* and behind it; -1: none */
};

void model_begin(const struct scenario *scenario);

/* ── told by the play ────────────────────────────────────────────────────── */

/* It is stored next. Its number is the record's, and counts up from 0. */
void model_publishing(const struct model_event *event, int64_t number);
void model_started(struct process *process, unsigned variant);
/* It has another configuration now. */
void model_reloaded(struct process *process, unsigned variant);
void model_stopping(struct process *process);
void model_stopped(struct process *process);
void model_killed(struct process *process);

/* Something goes wrong, until then, for that process or (NULL) for all: no promise of what is kept
 * in time holds until some time after, and what is sent twice for it is excused. */
void model_disturbed(struct process *process, int64_t until_us);

/* A receiver's behaviour has changed. */
void model_receiver(unsigned subscription, bool well);

/* Once a virtual second. */
void model_tick(void);

int64_t model_patience_us(void);

/* Is nothing left to do? If not and `why`, says what. */
bool model_drained(bool why);

/* Where it is remembered that nothing is to be sent for it; NULL: that is not so. */
const struct kafka_log *model_disabled(unsigned subscription);

/* When all is over. */
void model_end(void);

/* ── told by Kafka ───────────────────────────────────────────────────────── */

void model_stored(const struct kafka_log *log, const struct kafka_record *record,
                  const struct process *by);
/* What that process writes to the topic is stored, or will be with its transaction. */
void model_accepted(const struct process *by, const char *topic);
/* It is not stored. */
void model_refused(const struct process *by, const char *topic, rd_kafka_resp_err_t code);
/* It went with its transaction: nobody is told whether it would have been stored. */
void model_purged(const struct process *by, const char *topic);
/* The topic has been made: what was refused since it was missing says nothing any more. */
void model_made(const char *topic);
void model_committed(const char *group, const struct kafka_log *log, int64_t offset,
                     const char *metadata, const struct group_offsets *commit);
/* After each commit that was accepted: is anything lost by it? */
void model_check_lost(void);
/* A member is taken for dead: others get its partitions, whether it knows or not. */
void model_expired(const struct process *process, const char *group);
/* A rebalance has begun, or is over: all have joined. */
void model_rebalancing(const char *group, bool begins);

/* ── told by the library ─────────────────────────────────────────────────── */

/* Committed offsets were asked for; `whole`: by the application, which sees the metadata too. */
void model_read_back(const char *group, const struct kafka_log *log, const struct process *by,
                     bool whole);
void model_assigned(const struct process *process, const char *group, const struct kafka_log *log);
void model_given_back(struct process *process, const char *group, const struct kafka_log *log,
                      bool lost);
void model_fetched(const struct process *process, const char *group, const struct kafka_log *log,
                   int64_t offset);
/* It is the application's now. */
void model_taken(const struct process *process, const char *group, const struct kafka_log *log,
                 int64_t offset);

/* ── told by HTTP ────────────────────────────────────────────────────────── */

/* Fills in who it is for. */
void model_sent(const struct http_request *request, unsigned engine, struct model_request *made);
void model_arrived(const struct model_request *request);
/* Nobody waits for its answer any more. */
void model_unheard(const struct model_request *request);
void model_heard(const struct model_request *request, const struct http_exchange *exchange);

#endif
