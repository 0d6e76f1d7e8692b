/* What a thread and its jq child say to each other, over a socket: a header, and behind it the
 * parts that it counts. One order at a time, each with one reply. */
#ifndef JQ_PROTOCOL_H
#define JQ_PROTOCOL_H

#include <stdint.h>

/* The limits of one order, both of the child's own time and memory. */
#define JQ_RUN_MS       100  /* of CPU: a machine that is busy is no mistake of the program */
#define JQ_COMPILE_MS   2000 /* the same; 10 to 50 are usual */
#define JQ_MEMORY_BYTES (256u << 20) /* on top of what the child begins with */

/* Order and reply go this way and no other: the longest that a thread waits for them. */
#define JQ_WALL_MS 10000

#define JQ_ERROR_BYTES 300 /* of what jq says of an event */

enum jq_order_kind {
    JQ_ORDER_CHECK, /* does it compile? The input is an object of the variables there are */
    JQ_ORDER_RUN,   /* the first result */
    JQ_ORDER_TEST,  /* the same: is it true, false or null? */
};

struct jq_request {
    uint32_t kind; /* of order */
    uint32_t program_bytes;
    uint32_t input_bytes; /* JSON */
    uint32_t limit;       /* bytes of the result */
};

enum jq_outcome {
    JQ_REPLY_RESULT, /* JSON; of a check nothing */
    JQ_REPLY_EMPTY,  /* there is no result */
    JQ_REPLY_ERROR,  /* the program failed, or doesn't compile: what jq says */
    JQ_REPLY_TOO_LARGE,
};

struct jq_reply {
    uint32_t outcome;
    uint32_t bytes;
};

/* How a child ends that can't reply; one whose time is over ends by SIGPROF. */
enum jq_exit { JQ_EXIT_DONE, JQ_EXIT_MEMORY = 10, JQ_EXIT_UNCONFINED };

#endif
