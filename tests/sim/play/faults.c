#include <stdio.h>
#include <string.h>

#include "sim/kafka/cluster.h"
#include "sim/kafka/group.h"
#include "sim/kafka/wire.h"
#include "sim/model/model.h"
#include "sim/play/instance.h"
#include "sim/play/play.h"
#include "sim/world/fiber.h"
#include "sim/world/process.h"
#include "sim/world/world.h"

#define LETTERS "grapnel.dead-letters"
#define RESULTS "grapnel.results"
#define RETRIES "grapnel.retry."

#define LETTER_BYTES_MOST (64 << 20)
#define STALL_OF_NOTE_MS  500
#define REFUSED_AGAIN_US  INT64_C(50000000) /* a record that is refused is tried again, but late */

struct planned {
    struct world_event begin;
    struct world_event end;
    const struct scenario_fault *fault;
};

static struct planned plan[FAULTS_MOST];
static size_t plan_count;

static int64_t until_us(const struct scenario_fault *fault)
{
    return world_now_us() + fault->for_ms * 1000;
}

static void refuse(const char *prefix, const struct scenario_fault *fault)
{
    for (struct kafka_topic *topic = cluster_next(NULL); topic; topic = cluster_next(topic)) {
        if (strncmp(topic->name, prefix, strlen(prefix)) != 0)
            continue;
        topic->refuses = (rd_kafka_resp_err_t)fault->value;
        topic->refuses_until_us = until_us(fault);
    }
}

static void limit_letters(int64_t bytes)
{
    struct kafka_topic *topic = cluster_topic(LETTERS);
    if (topic)
        topic->max_message_bytes = (size_t)bytes;
}

static void delete_topic(const struct scenario_fault *fault)
{
    struct kafka_topic *topic = cluster_topic(fault->value ? LETTERS : RESULTS);
    if (topic)
        cluster_delete(topic);
}

/* What befalls one instance. */
static void strike(struct process *process, const struct scenario_fault *fault)
{
    switch ((enum fault_kind)fault->kind) {
    case FAULT_CUT:
        wire_cut(process);
        break;
    case FAULT_ISOLATED:
        process->cut_off_until_us = until_us(fault);
        wire_cut(process);
        break;
    case FAULT_CLOCK:
        process->wall_offset_us += fault->value * 1000;
        break;
    case FAULT_MEMORY:
        process->memory.fails_per_million = fault->value;
        break;
    case FAULT_STALL:
        fiber_stall_all(&process->threads, until_us(fault));
        break;
    default:
        break;
    }
    if (fault->kind != FAULT_CLOCK &&
        !(fault->kind == FAULT_STALL && fault->for_ms < STALL_OF_NOTE_MS))
        model_disturbed(process, until_us(fault));
}

/* What befalls Kafka. */
static void upset(const struct scenario_fault *fault)
{
    switch ((enum fault_kind)fault->kind) {
    case FAULT_DOWN:
        wire_set_down(until_us(fault));
        break;
    case FAULT_HUNG:
        wire_set_hung(until_us(fault));
        break;
    case FAULT_COMMITS:
        group_refuse_commits((rd_kafka_resp_err_t)fault->value, until_us(fault));
        break;
    case FAULT_RESULTS:
        refuse(RESULTS, fault);
        break;
    case FAULT_LETTERS:
        refuse(LETTERS, fault);
        break;
    case FAULT_RETRIES:
        refuse(RETRIES, fault);
        break;
    case FAULT_SMALL_LETTERS:
        limit_letters(fault->value);
        break;
    case FAULT_DELETED:
        delete_topic(fault);
        break;
    default:
        break;
    }
    bool refuses = fault->kind >= FAULT_RESULTS && fault->kind <= FAULT_SMALL_LETTERS;
    model_disturbed(NULL, until_us(fault) + (refuses ? REFUSED_AGAIN_US : 0));
}

static void begin(struct world_event *event)
{
    struct planned *planned = CONTAINER_OF(event, struct planned, begin);
    const struct scenario_fault *fault = planned->fault;
    unsigned number = (unsigned)fault->instance;
    struct process *process = instance_process(number);
    instances_bury();
    world_trace("fault: kind %d, instance %u, value %lld, for %lld ms", (int)fault->kind, number,
                (long long)fault->value, (long long)fault->for_ms);
    if (fault->kind == FAULT_START)
        instance_start(number, (unsigned)fault->value);
    else if (fault->kind == FAULT_STOP)
        instance_stop(number);
    else if (fault->kind == FAULT_KILL)
        instance_kill(number);
    else if (fault->kind == FAULT_RELOAD)
        instance_reload(number, (unsigned)fault->value);
    else if (fault->kind >= FAULT_DOWN && fault->kind <= FAULT_DELETED)
        upset(fault);
    else if (process && process->alive)
        strike(process, fault);
    if (fault->for_ms)
        world_after(&planned->end, fault->for_ms * 1000);
}

/* Of those that don't end by themselves. */
static void end(struct world_event *event)
{
    const struct scenario_fault *fault = CONTAINER_OF(event, struct planned, end)->fault;
    struct process *process = instance_process((unsigned)fault->instance);
    if (fault->kind == FAULT_SMALL_LETTERS)
        limit_letters(LETTER_BYTES_MOST);
    else if (fault->kind == FAULT_MEMORY && process)
        process->memory.fails_per_million = 0;
}

void faults_begin(const struct scenario *scenario)
{
    plan_count = scenario->fault_count;
    for (size_t i = 0; i < plan_count; i++) {
        plan[i] = (struct planned){
            .begin = {.fire = begin}, .end = {.fire = end}, .fault = &scenario->faults[i]};
        world_at(&plan[i].begin, scenario->faults[i].at_ms * 1000);
    }
}

static void end_refusals(void)
{
    for (struct kafka_topic *topic = cluster_next(NULL); topic; topic = cluster_next(topic))
        topic->refuses_until_us = 0;
    group_refuse_commits(RD_KAFKA_RESP_ERR_NO_ERROR, 0);
    limit_letters(LETTER_BYTES_MOST);
}

void faults_end(void)
{
    for (size_t i = 0; i < plan_count; i++) {
        world_cancel(&plan[i].begin);
        world_cancel(&plan[i].end);
    }
    wire_set_down(0);
    wire_set_hung(0);
    end_refusals();
    for (unsigned i = 0; i < INSTANCES_MOST; i++) {
        struct process *process = instance_process(i);
        if (!process)
            continue;
        process->cut_off_until_us = 0;
        process->wall_offset_us = 0;
        process->memory.fails_per_million = 0;
    }
}
