/* A wire: one connection of a client to the cluster. Requests are served one after the other, as a
 * broker does with those of one connection, and answered in that order.
 *
 * What can happen to a request: it is served and answered; the connection is lost before it
 * arrives, or after it was served and before the answer is there, and then the client is told only
 * that there is no answer; it arrives late, at times after the client has connected again. */
#ifndef SIM_KAFKA_WIRE_H
#define SIM_KAFKA_WIRE_H

#include <stdbool.h>
#include <stdint.h>
#include <librdkafka/rdkafka.h>

#include "base/list.h"
#include "sim/world/dice.h"
#include "sim/world/process.h"
#include "sim/world/world.h"

struct wire {
    struct list link; /* among all */
    struct process *process;
    bool up;
    void (*changed)(struct wire *wire); /* it is up, or down; on behalf of the process */
    struct list requests;               /* that have not been answered, in order */
    int64_t there_us;                   /* when what was sent last arrives, */
    int64_t here_us;                    /* and what was answered last */
    struct world_event connect;
    int64_t backoff_us;
    struct dice dice;
};

/* First member of each request. Its memory is the simulation's own, so that it outlives a killed
 * client. */
struct wire_request {
    struct list link;
    struct wire *wire; /* NULL: nobody waits for the answer any more */
    struct world_event event;
    enum { WIRE_GOING, WIRE_ARRIVED, WIRE_SERVED, WIRE_COMING } stage;

    /* At the cluster. Ends, at once or some time, with wire_answer. */
    void (*serve)(struct wire_request *request);
    /* At the client, on its behalf: the answer is in the request, or `code` says why there is none.
     */
    void (*done)(struct wire_request *request, rd_kafka_resp_err_t code);
    /* Frees it, after `done` or when there is nobody to tell. */
    void (*destroy)(struct wire_request *request);
};

/* How long messages are under way, in each direction, usually; now and then far longer. */
void wire_set_latency(int64_t most_us, int64_t slow_per_million);

/* Connects for as long as the wire exists, again and again where need be. */
void wire_open(struct wire *wire, struct process *process, void (*changed)(struct wire *wire));

/* The client's end is gone: nobody is told anything. What is under way may still arrive. */
void wire_close(struct wire *wire);

/* Only while it is up. */
void wire_send(struct wire *wire, struct wire_request *request);
void wire_answer(struct wire_request *request);

/* Loses the connections of that process, or (NULL) all there are. */
void wire_cut(const struct process *process);

/* No connection comes about until then; those that are there are lost. */
void wire_set_down(int64_t until_us);

/* They stay, but nothing is served until then. */
void wire_set_hung(int64_t until_us);

#endif
