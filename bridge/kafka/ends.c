#include "kafka/ends.h"

#include <stdlib.h>
#include <string.h>

#include "kafka/client.h"
#include "loop/thread.h"

#define TIMEOUT_MS 1000

enum ends_message { ENDS_QUESTION, ENDS_STOP };

struct ends {
    struct ends_hooks hooks;
    struct loop *loop;
    struct mailbox *mailbox;
    struct thread *thread;
    rd_kafka_t *rk;
    struct message stop;
};

/* ── questions ───────────────────────────────────────────────────────────── */

struct ends_question *ends_question_create(const char *asker)
{
    size_t size = strlen(asker) + 1;
    struct ends_question *question = calloc(1, sizeof *question + size);
    if (!question)
        return NULL;
    memcpy(question->asker, asker, size);
    question->low = rd_kafka_topic_partition_list_new(16);
    question->end = rd_kafka_topic_partition_list_new(16);
    return question;
}

void ends_question_add(struct ends_question *question, const char *topic, int32_t partition)
{
    rd_kafka_topic_partition_list_add(question->low, topic, partition)->offset =
        RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_topic_partition_list_add(question->end, topic, partition)->offset =
        RD_KAFKA_OFFSET_END;
}

void ends_question_destroy(struct ends_question *question)
{
    rd_kafka_topic_partition_list_destroy(question->low);
    rd_kafka_topic_partition_list_destroy(question->end);
    free(question);
}

static void handle(void *context, struct message *message)
{
    struct ends *ends = context;
    if (message->type == ENDS_STOP) {
        loop_stop(ends->loop);
        return;
    }
    struct ends_question *question = CONTAINER_OF(message, struct ends_question, message);
    question->answered = !rd_kafka_offsets_for_times(ends->rk, question->low, TIMEOUT_MS) &&
                         !rd_kafka_offsets_for_times(ends->rk, question->end, TIMEOUT_MS);
    ends->hooks.answer(ends->hooks.context, question);
}

/* ── life ────────────────────────────────────────────────────────────────── */

static bool open_client(struct ends *ends, const struct named_texts *properties, struct error *err)
{
    static const struct client_property own[] = {
        {"enable.auto.commit", "false", false},
        {"client.id", "grapnel", true},
        {0},
    };
    rd_kafka_conf_t *conf = client_conf(properties, own, err);
    if (!conf)
        return false;
    ends->rk = client_create(RD_KAFKA_CONSUMER, conf, err);
    return ends->rk;
}

struct ends *ends_create(const struct named_texts *properties, const struct ends_hooks *hooks,
                         struct error *err)
{
    struct ends *ends = calloc(1, sizeof *ends);
    if (!ends) {
        error_set(err, ERROR_MEMORY, "no memory to ask for the ends of partitions");
        return NULL;
    }
    ends->hooks = *hooks;
    ends->stop.type = ENDS_STOP;
    ends->loop = loop_create(err);
    if (ends->loop)
        ends->mailbox = mailbox_create(ends->loop, handle, ends, err);
    if (ends->mailbox && open_client(ends, properties, err))
        return ends;
    ends_destroy(ends);
    return NULL;
}

bool ends_start(struct ends *ends, struct error *err)
{
    ends->thread = thread_start("ends", ends->loop, err);
    return ends->thread != NULL;
}

void ends_ask(struct ends *ends, struct ends_question *question)
{
    question->message.type = ENDS_QUESTION;
    mailbox_post(ends->mailbox, &question->message);
}

void ends_stop(struct ends *ends)
{
    if (!ends->thread)
        return;
    mailbox_post(ends->mailbox, &ends->stop);
    thread_join(ends->thread);
    ends->thread = NULL;
}

void ends_destroy(struct ends *ends)
{
    if (!ends)
        return;
    struct list left;
    list_init(&left);
    if (ends->mailbox)
        mailbox_empty(ends->mailbox, &left);
    for (struct list *link = list_pop(&left); link; link = list_pop(&left)) {
        struct message *message = CONTAINER_OF(link, struct message, link);
        if (message->type == ENDS_QUESTION)
            ends_question_destroy(CONTAINER_OF(message, struct ends_question, message));
    }
    if (ends->rk)
        rd_kafka_destroy(ends->rk);
    mailbox_destroy(ends->mailbox);
    loop_destroy(ends->loop);
    free(ends);
}
