/* libcurl's multi handle on our loop: its sockets and its timer. Owner: the loop's thread.
 *
 * What costs is saved here. curl asks for and lets go of a connection's socket around every single
 * request; what it wants is only noted, and told to epoll once before the loop waits, so that a
 * kept connection in steady use costs no epoll_ctl at all. And its timer, which it sets and clears
 * as often, is a number until then. */
#ifndef NET_ENGINE_H
#define NET_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <curl/curl.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/list.h"
#include "loop/loop.h"

struct engine_socket;

struct engine {
    struct loop *loop;
    CURLM *multi;
    struct loop_timer timer;
    int64_t due_ms;                 /* curl's timer; -1: none */
    struct list changed;            /* sockets that want other events than epoll knows */
    struct engine_socket **sockets; /* by file descriptor */
    size_t socket_count;
    uint64_t opened;
    bool timer_changed;
};

bool engine_init(struct engine *engine, struct loop *loop, unsigned connections,
                 struct error *err) MUST_CHECK;

/* Call when no easy handle is in it any more. Closes the connections. */
void engine_finish(struct engine *engine);

/* Makes `easy` open and close its sockets by this engine. */
void engine_adopt(struct engine *engine, CURL *easy);

/* Runs what curl wants to be run by now: new requests above all. */
void engine_run(struct engine *engine);

/* Makes sure that the loop does not wait before engine_run: after a request was added. */
void engine_wake(struct engine *engine);

/* Tells the loop what curl waits for. The last thing before the loop waits. */
void engine_settle(struct engine *engine);

#endif
