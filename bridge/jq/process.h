/* A jq child from outside: started, asked, ended. Owner: one thread. */
#ifndef JQ_PROCESS_H
#define JQ_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/slice.h"
#include "jq/protocol.h"

struct jq_process {
    int socket;
    pid_t pid; /* 0: there is none */
};

/* False is ERROR_SYSTEM. */
bool jq_process_start(struct jq_process *process, struct error *err) MUST_CHECK;

/* Zero-initialised is fine. Kills it. */
void jq_process_end(struct jq_process *process);

/* Has it ended by itself, since it was last asked? */
bool jq_process_is_gone(const struct jq_process *process);

struct jq_order {
    enum jq_order_kind kind;
    struct slice program;
    struct slice input; /* JSON */
    size_t limit;       /* bytes of the result */
};

struct jq_answer {
    enum jq_outcome outcome;
    struct buffer text; /* the owner's, who reuses it; it holds a result or what jq says */
};

/* Sends an order and waits for its answer. On false the process has been ended (but for an order
 * that is too large to send), and `err` says why: ERROR_RENDER when it is the order's fault (more
 * time or memory than there is, or libjq crashed), ERROR_SYSTEM or ERROR_MEMORY when it is not. */
bool jq_process_ask(struct jq_process *process, const struct jq_order *order,
                    struct jq_answer *answer, struct error *err) MUST_CHECK;

#endif
