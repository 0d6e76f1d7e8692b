#include "kafka/askers.h"

#include <stdlib.h>

#include "kafka/client.h"
#include "loop/flag.h"
#include "loop/thread.h"

/* So that one group whose coordinator is gone does not keep all others waiting. The last one is for
 * what nobody waits for. */
#define THREADS 4

enum asker_message { ASKER_QUESTION, ASKER_STOP };

struct asker {
    struct askers *askers;
    struct loop *loop;
    struct mailbox *mailbox;
    struct thread *thread;
    struct message stop;
};

struct askers {
    struct askers_hooks hooks;
    struct flag stopping;
    rd_kafka_t *rk;
    struct asker threads[THREADS];
};

static void handle(void *context, struct message *message)
{
    struct asker *asker = context;
    struct askers *askers = asker->askers;
    if (message->type == ASKER_STOP) {
        loop_stop(asker->loop);
        return;
    }
    struct question *question = CONTAINER_OF(message, struct question, message);
    if (!flag_is_set(&askers->stopping))
        question->ask(question, askers->rk);
    askers->hooks.answer(askers->hooks.context, question);
}

static bool open_client(struct askers *askers, const struct named_texts *properties,
                        struct error *err)
{
    static const struct client_property own[] = {
        {"enable.auto.commit", "false", false},
        {"client.id", "grapnel", true},
        {0},
    };
    rd_kafka_conf_t *conf = client_conf(properties, own, err);
    if (!conf)
        return false;
    askers->rk = client_create(RD_KAFKA_CONSUMER, conf, err);
    return askers->rk;
}

static bool open_asker(struct askers *askers, struct asker *asker, struct error *err)
{
    asker->askers = askers;
    asker->stop.type = ASKER_STOP;
    asker->loop = loop_create(err);
    if (asker->loop)
        asker->mailbox = mailbox_create(asker->loop, handle, asker, err);
    return asker->mailbox;
}

struct askers *askers_create(const struct named_texts *properties, const struct askers_hooks *hooks,
                             struct error *err)
{
    struct askers *askers = calloc(1, sizeof *askers);
    if (!askers) {
        error_set(err, ERROR_MEMORY, "no memory for those who ask Kafka");
        return NULL;
    }
    askers->hooks = *hooks;
    bool fine = open_client(askers, properties, err);
    for (size_t i = 0; fine && i < THREADS; i++)
        fine = open_asker(askers, &askers->threads[i], err);
    if (fine)
        return askers;
    askers_destroy(askers);
    return NULL;
}

bool askers_start(struct askers *askers, struct error *err)
{
    for (size_t i = 0; i < THREADS; i++) {
        struct asker *asker = &askers->threads[i];
        asker->thread = thread_start("asker", asker->loop, err);
        if (!asker->thread)
            return false;
    }
    return true;
}

static void post(struct asker *asker, struct question *question)
{
    question->message.type = ASKER_QUESTION;
    mailbox_post(asker->mailbox, &question->message);
}

void askers_ask(struct askers *askers, unsigned turn, struct question *question)
{
    post(&askers->threads[turn % (THREADS - 1)], question);
}

void askers_ask_idly(struct askers *askers, struct question *question)
{
    post(&askers->threads[THREADS - 1], question);
}

void askers_stop(struct askers *askers)
{
    flag_put(&askers->stopping, true);
    for (size_t i = 0; i < THREADS; i++)
        if (askers->threads[i].thread)
            mailbox_post(askers->threads[i].mailbox, &askers->threads[i].stop);
    for (size_t i = 0; i < THREADS; i++) {
        thread_join(askers->threads[i].thread);
        askers->threads[i].thread = NULL;
    }
}

void askers_destroy(struct askers *askers)
{
    if (!askers)
        return;
    for (size_t i = 0; i < THREADS; i++) {
        mailbox_destroy(askers->threads[i].mailbox);
        loop_destroy(askers->threads[i].loop);
    }
    if (askers->rk)
        rd_kafka_destroy(askers->rk);
    free(askers);
}
