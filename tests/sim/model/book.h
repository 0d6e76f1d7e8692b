/* The model's book: every event, for every subscription, and what became of it; and what each group
 * has committed, as far as each process knows. For the files of model/ only. */
#ifndef SIM_MODEL_BOOK_H
#define SIM_MODEL_BOOK_H

#include "sim/model/model.h"
#include "sim/world/world.h"

#define GROUP_RETRIES                                                                              \
    SUBSCRIPTIONS_MOST /* the groups: one a subscription, then that of retries                     \
                        */
#define GROUPS         (SUBSCRIPTIONS_MOST + 1)
#define LOGS_MOST      128
#define PROCESSES_MOST 64

/* What is to become of an event. */
enum expectation {
    EXPECT_NOTHING, /* the subscription does not want it */
    EXPECT_REQUEST,
    EXPECT_DECODE, /* a dead letter at once, for this reason */
    EXPECT_RENDER,
};

/* A record in a retry topic that carries an event on. */
struct carrier {
    struct carrier *next;
    const struct kafka_log *log;
    int64_t offset;
};

/* One event, for one subscription. */
struct fate {
    enum expectation expectation;
    bool in_scope; /* it is not from before the subscription's beginning */
    unsigned
        carriers; /* records in Kafka that carry it and are not committed: the source's, retries */
    struct carrier *retries;

    bool letter;        /* a dead letter is stored */
    bool letter_result; /* and its result */
    bool delivered;     /* the result of a delivery is stored */
    unsigned finals;    /* results that are stored and final */
    int64_t settled_us; /* when it was final */
    int64_t touched_us; /* when somebody did something with it last */
    const struct process *touched_by;

    int64_t taken_us; /* when its record came into memory */
    const struct process *taken_by;

    unsigned sent;
    int64_t sent_us;  /* the last time */
    int64_t first_us; /* the first time since its record came into memory */
    unsigned arrived;
    unsigned under_way;     /* sent, and not heard of */
    struct process *sender; /* of the last request */
    unsigned answered;      /* answers of success that were heard */
    unsigned allowed;       /* so many of them are no breach */
    struct process *answered_by;
    int64_t answered_us;
    int64_t failed_us; /* when its last request was answered, and not with success; 0: it was not */
    int last_status;   /* of the last answer heard; 0: none */
    enum error_kind last_kind;
    bool told_410;
    bool retry_seen;
    int64_t retry_us;         /* when its last one was stored, */
    unsigned in_a_row;        /* and how many were before it, each soon after the other */
    unsigned retry_attempts;  /* as its last retry says */
    int64_t first_attempt_ms; /* as its first retry says; -1 */
};

/* Which offsets of a log a group has committed as finished: below the offset, or in the metadata.
 */
struct coverage {
    int64_t offset; /* -1: nothing is committed */
    int64_t begin;  /* what lies below was never the group's to deliver */
    bool begun;     /* a member has committed: its beginning is settled */
    uint8_t *covered;
    size_t count;
};

/* A partition in the hands of a process. */
struct holding {
    bool assigned;
    bool expired;  /* others have it, and the process does not know yet */
    bool returned; /* given back in peace, and nobody has read back what is committed since */
    int64_t assigned_us;
    uint8_t *known; /* covered, as it was when the process read it back */
    size_t known_count;
    int64_t fetched; /* offsets below this one */
    int64_t before;  /* the same, of the assignment before, which ended then: */
    int64_t ended_us;
};

struct book {
    const struct scenario *scenario;
    struct model_event *events;
    size_t event_count;
    size_t event_capacity;
    const struct kafka_record **records;    /* of the events */
    struct fate *fates[SUBSCRIPTIONS_MOST]; /* by event */
    const struct kafka_log *logs[LOGS_MOST];
    struct coverage *coverages[GROUPS][LOGS_MOST];
    struct holding *holdings[PROCESSES_MOST][GROUPS][LOGS_MOST];
    struct process *processes[PROCESSES_MOST];
    int64_t disturbed_us[PROCESSES_MOST]; /* until then; [0]: all */
    int64_t stopped_us[PROCESSES_MOST];   /* when it ended after a clean stop; 0: it has not */
    int64_t calm_since_us;                /* nobody started, stopped, joined or left since */
    int64_t moved_us[GROUPS];             /* when a reload brought or took its subscription */
    int64_t rebalanced_us[GROUPS];        /* when the last rebalance began, or was over */
    int64_t rebalancing_us[GROUPS];       /* since when one is under way; 0: none is */
    int64_t dragged_us[GROUPS];           /* when one was over that took long; 0: none has */
    struct {
        bool well;
        int64_t since_us;
    } receivers[SUBSCRIPTIONS_MOST];
};

extern struct book book;

/* A group's number is that of its first subscription. -1: none of grapnel's. */
int book_group(const char *name);
unsigned book_group_of(unsigned subscription);

/* Of such a number, valid until the next call. */
const char *book_group_name(unsigned group);

bool book_is_shared(unsigned group);

/* A transaction has all of a record: what one subscription hands over to a retry topic is stored
 * when the others of its group are done with it too. */
bool book_waits_for_others(unsigned subscription);

bool book_is_retry(const char *topic);
int64_t book_event_at(const struct kafka_log *log, int64_t offset); /* -1: none */

struct fate *book_fate(unsigned subscription, int64_t number);
struct coverage *book_coverage(unsigned group, const struct kafka_log *log);
struct holding *book_holding(const struct process *process, unsigned group,
                             const struct kafka_log *log);
bool book_is_covered(const struct coverage *coverage, int64_t offset);

/* Whose event the record at this place carries, for that group: the first subscription from that
 * one on, and the number. False: nobody's. */
bool book_carried(unsigned group, const struct kafka_log *log, int64_t offset,
                  unsigned *subscription, int64_t *number);

/* Has what becomes of it been stored, as far as results and dead letters are written? */
bool book_is_settled(const struct fate *fate);
bool book_wants_result(bool delivered);

/* Is all well with that process since then, and was for a while before? */
bool book_is_calm(const struct process *process, int64_t since_us);

/* Has an allocation failed anywhere? Without memory to tell of it an event that is delivered is
 * read again, by whoever has its partition then; so is all that has finished there, where there is
 * none to keep that in mind either. */
bool book_lacked_memory(void);

void book_move(void);
/* The same, for one group. */
void book_move_group(unsigned group);
/* Has nothing happened for a while that could move the partitions of that group? */
bool book_is_still(unsigned group);
/* How often an event is tried again at the least, in any configuration. */
unsigned book_shortest_schedule(unsigned subscription);
bool book_is_never_retried(int status);

void book_touch(struct fate *fate, const struct process *by);

/* Has no rebalance of that group taken so long, just now, that nothing could be committed? */
bool book_could_commit(unsigned group);

/* "s0's event 12 (t0 [1] @7)", in a static buffer. */
const char *book_name(unsigned subscription, int64_t number);

/* model_reload.c: which configuration a process has, or had a moment ago, for things under way.
 * Does it lack that subscription? How often does it try again, at the least? */
void reload_started(const struct process *process, unsigned variant);
bool reload_lacks(const struct process *process, unsigned subscription);
unsigned reload_shortest_schedule(const struct process *process, unsigned subscription);
/* Has the subscription come to that process, or gone, so lately that it may not know yet? */
bool reload_turns(const struct process *process, unsigned subscription);
/* When anybody was told of a group first; -1: nobody was. */
int64_t reload_first_us(unsigned group);
void reload_cut_off(const struct model_request *request);
void reload_tick(void);

/* model_commit.c: one more answer of success is no breach, for each event of that holding that is
 * not covered; for those that `only_by` has been answered for, if not NULL. */
void commit_excuse(const struct process *process, unsigned group, const struct kafka_log *log);

/* model_state.c. A record about a subscription or a key; was it disabled at any time since then? */
void state_take(const struct kafka_log *log, const struct kafka_message *message);
bool state_was_told(unsigned subscription); /* by a 410 */
void state_heard(unsigned subscription, int64_t number);
bool state_was_disabled(unsigned subscription, int64_t since_us);
void state_sent(const struct model_request *request);

/* model_hold.c */
void hold_fetched(const struct process *process);

/* model_stray.c. A record of a stranger's in a retry topic: is stored; is one; is a dead letter; is
 * committed as finished, which it may be only then. */
void stray_take(const struct kafka_log *log, int64_t offset);
bool stray_is(const struct kafka_log *log, int64_t offset);
void stray_take_letter(const struct kafka_log *log, int64_t offset, const char *subscription,
                       const char *reason);
void stray_check(const struct kafka_log *log, int64_t offset);

/* model_order.c. `again`: the process has sent it before, and kept it. */
void order_published(int64_t number);
bool order_may_be_parked(unsigned subscription, int64_t number);
bool order_has_failed(unsigned subscription, const struct fate *fate);
void order_sent(const struct model_request *request, bool again);

/* model_time.c: something new is sent. */
void time_begun(const struct process *process, unsigned subscription);

/* model_limits.c */
void limits_sent(const struct model_request *request);
void limits_heard(const struct model_request *request, const struct http_exchange *exchange);
void limits_started(const struct process *process);
void limits_tick(void);
void limits_begin_anew(const struct process *process, unsigned subscription);

#endif
