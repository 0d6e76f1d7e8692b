/* Promise 5: while results or dead letters can't be stored nothing more is taken. */
#include <string.h>

#include "sim/model/book.h"

#define TOPICS_REFUSED 16
#define NOTICED_US     INT64_C(9000000) /* by then it is seen that nothing is stored */

/* Since when what a process writes to a topic is not stored. */
static struct {
    const struct process *by;
    char topic[64];
    int64_t since_us;
} refusals[TOPICS_REFUSED];

/* One record that is too large, or not as the topic wants it, says nothing of the others. */
static bool is_for_itself(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || code == RD_KAFKA_RESP_ERR_INVALID_RECORD;
}

void model_accepted(const struct process *by, const char *topic)
{
    for (unsigned i = 0; i < TOPICS_REFUSED; i++)
        if (refusals[i].by == by && strcmp(refusals[i].topic, topic) == 0)
            refusals[i].by = NULL;
}

void model_purged(const struct process *by, const char *topic)
{
    model_accepted(by, topic);
}

void model_made(const char *topic)
{
    for (unsigned i = 0; i < TOPICS_REFUSED; i++)
        if (strcmp(refusals[i].topic, topic) == 0)
            refusals[i].by = NULL;
}

void model_refused(const struct process *by, const char *topic, rd_kafka_resp_err_t code)
{
    unsigned free_place = TOPICS_REFUSED;
    if (is_for_itself(code)) {
        model_accepted(by, topic);
        return;
    }
    for (unsigned i = 0; i < TOPICS_REFUSED; i++) {
        if (refusals[i].by == by && strcmp(refusals[i].topic, topic) == 0)
            return;
        if (!refusals[i].by || !refusals[i].by->alive)
            free_place = i;
    }
    if (free_place == TOPICS_REFUSED)
        return;
    refusals[free_place].by = by;
    refusals[free_place].since_us = world_now_us();
    strcpy(refusals[free_place].topic, topic);
}

void hold_fetched(const struct process *process)
{
    for (unsigned i = 0; i < TOPICS_REFUSED; i++)
        if (refusals[i].by == process && world_now_us() - refusals[i].since_us > NOTICED_US)
            world_fail("promise 5: %s takes more, and what it writes to %s is not stored",
                       process->name, refusals[i].topic);
}
