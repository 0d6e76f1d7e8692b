/* A worker from the inside: for worker.c (its life and its messages), arrival.c (records become
 * deliveries), sending.c (deliveries become requests), ordered.c (their order), changing.c (what is
 * configured) and leaving.c (what is given up), and no one else. */
#ifndef DELIVER_WORKER_PRIVATE_H
#define DELIVER_WORKER_PRIVATE_H

#include "base/heap.h"
#include "deliver/endpoint.h"
#include "deliver/places.h"
#include "deliver/worker.h"

enum worker_message {
    WORKER_RECORD,
    WORKER_ERRAND,
    WORKER_NEWS,
    WORKER_GIVE_UP,
    WORKER_STATE,
    WORKER_CHANGE,
    WORKER_SHARE,
    WORKER_DRAIN,
    WORKER_STOP,
};

/* A record for one of its subscriptions, which this worker serves; with a claim. */
struct errand {
    struct message message; /* its link may wait for a schema */
    struct list all;        /* in the worker's list of those that do */
    struct record *record;
    unsigned subscription;
};

/* A partition is being taken away. Kept while an attempt of it may be under way, which is its
 * delivery's last. */
struct give_up {
    struct message message;
    struct record_home home;
    bool sent;
    int64_t forget_ms;
};

/* What is remembered. */
struct remembered {
    struct message message;
    enum worker_state state;
    unsigned subscription;
    struct slice key; /* data NULL: of none */
    struct span span;
    char bytes[]; /* of the key and the topic */
};

/* There is another catalog. */
struct change {
    struct message message;
    const struct catalog *catalog;
    const void *with;
};

/* What this instance has of a lane. */
struct share {
    unsigned here;
    unsigned whole; /* 0: not known */
};

struct share_news {
    struct message message;
    unsigned lane;
    struct share share;
};

/* What one worker's breaker tells those of the others. */
struct news {
    struct message message;
    unsigned route;
    struct breaker_news news;
};

struct worker {
    struct worker_options options;
    struct catalog_use *use;
    struct share *shares; /* by the catalog's lanes */
    size_t share_count;
    struct share retries_share;
    struct loop *loop;
    struct mailbox *mailbox;
    struct thread *thread;
    struct http *http;
    struct decoder *decoder;
    struct jq *jq;
    struct gzip *gzip;
    struct list errands; /* that wait for a schema */
    struct metrics_block *metrics;
    struct siphash_seed seed;    /* of the keys that are kept in order */
    struct endpoint **endpoints; /* by the catalog's places; NULL: nothing has come for it yet */
    size_t endpoint_count;
    struct places places;
    struct heap ready; /* of endpoints that could send: who holds least comes first */
    struct list held;  /* of doubtful ones that could, if those held less; the next one first */
    unsigned turns;    /* so many of them are among the ready all the same */
    struct heap later; /* records that are not due yet, or wait for a schema */
    struct loop_timer later_timer;
    struct loop_timer more_timer; /* there was more to do than one turn had time for */
    struct loop_timer hold_timer;
    struct list held_new; /* of new ones that could, if others of those held less */
    bool new_may_go;      /* they hold less now */
    bool sifted;          /* in this turn something was nobody's */
    struct list sifting;  /* endpoints of which the last records were nobody's */
    struct list lined_up; /* records that take their turns among those of their keys */
    struct list fanout;   /* records that become deliveries at once, of several perhaps */
    bool plenty;          /* an endpoint that sends them quickly has enough of these for a while */
    size_t deliveries;    /* there are */
    size_t deliveries_most; /* nothing more is fanned out then */
    struct list decoded;    /* shared events that are, the oldest first */
    unsigned decoded_count;
    struct list events; /* shared events for reuse, as many as have been in use */
    struct list left;   /* give_up, the newest first */
    struct attempt **free_attempts;
    size_t free_count;
    size_t request_bytes;      /* what those under way take */
    size_t request_bytes_most; /* nothing more is sent then */
    struct loop_step step;
    int64_t busy_us; /* how long a turn of the loop took of late: a moving average */
    uint64_t connections_counted;
    struct message drain;
    struct message stop;
    bool draining;
};

/* worker.c */

/* The subscription's endpoint, made where there is none. */
struct endpoint *worker_endpoint(struct worker *worker, const struct route *route);

/* changing.c */
void worker_use(struct worker *worker, const struct catalog *catalog);
void worker_end_use(struct worker *worker, struct catalog_use *use);
void worker_obey_change(struct worker *worker, struct change *change);
void worker_obey_share(struct worker *worker, struct share_news *news);

/* The delivery's route is its endpoint's; if that has none, the one it had. */
void worker_renew_route(struct delivery *delivery);

/* Is it the same URL? NULL: none. */
bool worker_same_receiver(const struct route *a, const struct route *b);

/* Sets what the endpoint may send by its route, which it has. */
void worker_limit(struct worker *worker, struct endpoint *endpoint);

/* arrival.c */
/* How many places in flight the worker has for it. */
unsigned worker_places(const struct worker *worker, const struct route *route);
void worker_receive(struct worker *worker, struct record *record);

/* What takes time is done in parts of a turn of the loop, so that sockets are looked at between. */
bool worker_is_late(int64_t since_us);
void worker_take_turns(struct worker *worker);
void worker_fan_out(struct worker *worker);
void worker_run_errand(struct worker *worker, struct errand *errand);
void worker_schemas_known(void *context, struct list *waiters);
void worker_later_due(struct loop_timer *timer);

/* sending.c */
void worker_note_ready(struct worker *worker, struct endpoint *endpoint);
void worker_woken(struct loop_timer *timer);
void worker_hear(struct worker *worker, struct news *news);
void worker_before_wait(struct loop_step *step);
void worker_attempt_over(void *context, struct attempt *attempt, struct delivery *delivery,
                         const struct outcome *outcome);
void worker_retry_due(struct loop_timer *timer);

/* Takes the request back, and abandons the delivery. */
void worker_cancel(struct worker *worker, struct delivery *delivery, bool read_again);

/* ordered.c: order: key, and what is disabled */

/* False: no memory, and nothing has become of it. */
bool worker_order(struct worker *worker, struct delivery *delivery, struct error *err) MUST_CHECK;

/* It is over, or given up: the next of its key may go. */
void worker_leave_turn(struct worker *worker, struct delivery *delivery);

/* Out of the order what waits and came from there (NULL: all), for the caller's list. */
void worker_drop_waiting(struct endpoint *endpoint, const struct record_home *home,
                         struct list *deliveries);
void worker_obey(struct worker *worker, struct remembered *remembered);

/* leaving.c */
void worker_abandon_endpoint(struct worker *worker, struct endpoint *endpoint);
/* Finds another way for it; `read_again`: by being read again, since it is not known what came of
 * it, or its partition is somebody else's. */
void worker_abandon(struct worker *worker, struct delivery *delivery, bool read_again);

/* Takes the order. */
void worker_leave_home(struct worker *worker, struct give_up *order);

/* The newest order to give up what came from there; NULL: none. */
const struct give_up *worker_left(const struct worker *worker, const struct record_home *home);

/* Those whose time is over. */
void worker_forget_left(struct worker *worker, int64_t now_ms);
void worker_abandon_idle(struct worker *worker);
void worker_abandon_sent(struct worker *worker);

#endif
