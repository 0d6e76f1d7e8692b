/* A scenario: everything that is decided before a run begins. The topics, the subscriptions, what
 * is published, how the receivers behave, which instances start and stop, and what goes wrong when.
 *
 * A plain value of numbers, made from a seed (generate.c), which can be written as text and read
 * again (scenario_text.c): a scenario that has found something is kept as text, so that a generator
 * that has changed since does not change what it tests. Fields are listed once, here. */
#ifndef SIM_PLAY_SCENARIO_H
#define SIM_PLAY_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/compiler.h"

#define TOPICS_MOST        4
#define SUBSCRIPTIONS_MOST 6
#define VARIANTS_MOST      3
#define INSTANCES_MOST     4
#define WAITS_MOST         4
#define PHASES_MOST        40
#define BURSTS_MOST        40
#define FAULTS_MOST        80

/* results.record; RESULTS_NONE: topics.results is null */
enum scenario_results { RESULTS_FINAL, RESULTS_ATTEMPTS, RESULTS_FAILURES, RESULTS_NONE };

#define SCENARIO_WORLD(F)                                                                          \
    F(seed)              /* of all chance while it runs */                                         \
    F(length_ms)         /* then no more is published, and nothing goes wrong any more */          \
    F(latency_us)        /* of a message to or from Kafka, usually */                              \
    F(slow_per_million)  /* of them take far longer */                                             \
    F(wake_us)           /* for a thread to go on, usually */                                      \
    F(stall_per_million) /* of the times it takes up to stall_us */                                \
    F(stall_us)                                                                                    \
    F(preempt_per_million) /* of calls into a library that another thread comes between */         \
    F(own_partitions)      /* of the topics that grapnel creates */                                \
    F(group_delay_ms)      /* group.initial.rebalance.delay.ms */                                  \
    F(session_ms)          /* session.timeout.ms */                                                \
    F(heartbeat_ms)        /* heartbeat.interval.ms */                                             \
    F(results)             /* enum scenario_results */                                             \
    F(named)               /* 1: namespace: sim */                                                 \
    F(workers)             /* limits.workers */                                                    \
    F(in_flight)           /* limits.in_flight */                                                  \
    F(memory_kb)           /* limits.memory */                                                     \
    F(grace_ms)            /* shutdown_grace */                                                    \
    F(rejects_per_million) /* events that are answered 400, whatever else */                       \
    F(fails_per_million)   /* events that are answered 500 */                                      \
    F(batch_messages)      /* batch.num.messages of the producers */                               \
    F(transactional)       /* 1: transactional: true */

#define SCENARIO_TOPIC(F)                                                                          \
    F(partitions)                                                                                  \
    F(at_ms) /* created then; 0: there from the beginning */

#define SCENARIO_SUBSCRIPTION(F)                                                                   \
    F(topics)      /* a bit for each */                                                            \
    F(by_pattern)  /* 1: named by a regular expression */                                          \
    F(types)       /* a bit for each event type; 0: all */                                         \
    F(earliest)    /* 1: start: earliest; 0: latest */                                             \
    F(needs_field) /* 1: a header is made of a field that some events lack */                      \
    F(own_id)      /* 1: id is an expression */                                                    \
    F(timeout_ms)                                                                                  \
    F(in_flight)                                                                                   \
    F(rate)                             /* a second; 0: unlimited */                               \
    F(failures)                         /* breaker.failures; 0: no breaker */                      \
    F(pause_ms)                         /* breaker.pause */                                        \
    F(max_age_ms)                       /* 0: none */                                              \
    F(jitter)                           /* percent */                                              \
    F(ordered)                          /* 1: order: key */                                        \
    F(parks)                            /* 1: exhausted: park */                                   \
    F(stops)                            /* 1: exhausted: stop */                                   \
    F(group)                            /* 0: its own; else gN, shared */                          \
    F(wait0) F(wait1) F(wait2) F(wait3) /* retry.schedule in ms; -1: not that many */

/* A version of the configuration: an instance is started with one, and may be given another. */
#define SCENARIO_VARIANT(F)                                                                        \
    F(absent)    /* a bit for each subscription that is not in it */                               \
    F(waits)     /* how many of its waits each subscription has, at most */                        \
    F(longer)    /* 1: all waits are half as long again */                                         \
    F(in_flight) /* each subscription's, at most; 0: as many as it has */

/* A receiver's behaviour, from then on: enum behaviour. */
#define SCENARIO_PHASE(F) F(at_ms) F(subscription) F(behaviour) F(value) F(percent) F(slow_ms)

/* Events that are published: `count` of them, spread over `over_ms`. */
#define SCENARIO_BURST(F)                                                                          \
    F(at_ms)                                                                                       \
    F(topic)                                                                                       \
    F(count)                                                                                       \
    F(over_ms)                                                                                     \
    F(bytes)                                                                                       \
    F(keys)               /* how many different ones; 0: no key */                                 \
    F(poison_per_million) /* are not JSON */                                                       \
    F(empty_per_million)  /* have no value */                                                      \
    F(unfit_per_million)  /* lack the field */                                                     \
    F(strays_per_million) /* so many more go to a retry topic */

#define SCENARIO_FAULT(F) F(at_ms) F(kind) F(instance) F(value) F(for_ms)

enum fault_kind {
    FAULT_START, /* the instance, with the variant `value`; nothing if it runs */
    FAULT_STOP,  /* by SIGTERM */
    FAULT_KILL,
    FAULT_CUT,           /* its connections to Kafka are lost */
    FAULT_ISOLATED,      /* it can't reach Kafka */
    FAULT_DOWN,          /* nobody can */
    FAULT_HUNG,          /* Kafka does not answer */
    FAULT_COMMITS,       /* are answered with the error `value` */
    FAULT_RESULTS,       /* are answered with the error `value` */
    FAULT_LETTERS,       /* dead letters: the same */
    FAULT_RETRIES,       /* the retry topics: the same */
    FAULT_SMALL_LETTERS, /* dead letters may only have `value` bytes */
    FAULT_DELETED,       /* the topic of results (0) or dead letters (1) is deleted */
    FAULT_CLOCK,         /* the instance's wall clock steps by `value` ms */
    FAULT_MEMORY,        /* `value` of a million of its allocations fail */
    FAULT_STALL,         /* its threads don't get on */
    FAULT_RELOAD,        /* it gets the variant `value`, by SIGHUP */
    FAULT_KINDS
};

#define SCENARIO_FIELD(name) int64_t name;
struct scenario_world {
    SCENARIO_WORLD(SCENARIO_FIELD)
};
struct scenario_topic {
    SCENARIO_TOPIC(SCENARIO_FIELD)
};
struct scenario_subscription {
    SCENARIO_SUBSCRIPTION(SCENARIO_FIELD)
};
struct scenario_variant {
    SCENARIO_VARIANT(SCENARIO_FIELD)
};
struct scenario_phase {
    SCENARIO_PHASE(SCENARIO_FIELD)
};
struct scenario_burst {
    SCENARIO_BURST(SCENARIO_FIELD)
};
struct scenario_fault {
    SCENARIO_FAULT(SCENARIO_FIELD)
};
#undef SCENARIO_FIELD

struct scenario {
    struct scenario_world world;
    struct scenario_topic topics[TOPICS_MOST];
    struct scenario_subscription subscriptions[SUBSCRIPTIONS_MOST];
    struct scenario_variant
        variants[VARIANTS_MOST]; /* the last is the one that is left at the end */
    struct scenario_phase phases[PHASES_MOST];
    struct scenario_burst bursts[BURSTS_MOST];
    struct scenario_fault faults[FAULTS_MOST];
    size_t topic_count;
    size_t subscription_count;
    size_t variant_count;
    size_t phase_count;
    size_t burst_count;
    size_t fault_count;
};

/* The `i`th wait of a subscription in that variant, in ms; -1: it has not so many. */
int64_t scenario_wait_ms(const struct scenario *scenario, unsigned subscription, unsigned variant,
                         unsigned i);

/* How many waits it has there. */
unsigned scenario_waits(const struct scenario *scenario, unsigned subscription, unsigned variant);

/* Is it left out of that variant? */
bool scenario_lacks(const struct scenario *scenario, unsigned variant, unsigned subscription);

/* The first subscription of that one's consumer group. */
unsigned scenario_leader(const struct scenario *scenario, unsigned subscription);

/* Makes one of a seed. */
void scenario_generate(struct scenario *scenario, uint64_t seed);

void scenario_write(const struct scenario *scenario, FILE *out);

/* False, and a line on standard error: it is not one. */
bool scenario_read(struct scenario *scenario, const char *path) MUST_CHECK;

/* grapnel.yaml for an instance of that variant. */
void scenario_write_yaml(const struct scenario *scenario, unsigned variant, FILE *out);

#endif
