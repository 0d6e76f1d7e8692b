#include "loop/mailbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct mailbox {
    struct loop *loop;
    struct loop_io io;
    mailbox_handler *handler;
    void *context;
    pthread_mutex_t lock;
    struct list messages; /* under the lock */
};

void mailbox_empty(struct mailbox *mailbox, struct list *messages)
{
    pthread_mutex_lock(&mailbox->lock);
    list_move_all(messages, &mailbox->messages);
    pthread_mutex_unlock(&mailbox->lock);
}

/* Takes everything under the lock, handles it outside. */
static void drain(struct loop_io *io, uint32_t events)
{
    (void)events;
    struct mailbox *mailbox = CONTAINER_OF(io, struct mailbox, io);
    uint64_t count = 0;
    ssize_t ignored = read(io->fd, &count, sizeof count);
    (void)ignored;
    struct list taken;
    list_init(&taken);
    mailbox_empty(mailbox, &taken);
    for (struct list *link = list_pop(&taken); link; link = list_pop(&taken))
        mailbox->handler(mailbox->context, CONTAINER_OF(link, struct message, link));
}

struct mailbox *mailbox_create(struct loop *loop, mailbox_handler *handler, void *context,
                               struct error *err)
{
    struct mailbox *mailbox = calloc(1, sizeof *mailbox);
    if (!mailbox) {
        error_set(err, ERROR_MEMORY, "no memory for a mailbox");
        return NULL;
    }
    mailbox->loop = loop;
    mailbox->handler = handler;
    mailbox->context = context;
    mailbox->io.ready = drain;
    list_init(&mailbox->messages);
    pthread_mutex_init(&mailbox->lock, NULL);
    mailbox->io.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (mailbox->io.fd < 0) {
        error_set(err, ERROR_SYSTEM, "eventfd failed with errno %d", errno);
        pthread_mutex_destroy(&mailbox->lock);
        free(mailbox);
        return NULL;
    }
    if (!loop_watch(loop, &mailbox->io, EPOLLIN, err)) {
        mailbox_destroy(mailbox);
        return NULL;
    }
    return mailbox;
}

void mailbox_destroy(struct mailbox *mailbox)
{
    if (!mailbox)
        return;
    loop_unwatch(mailbox->loop, &mailbox->io);
    close(mailbox->io.fd);
    pthread_mutex_destroy(&mailbox->lock);
    free(mailbox);
}

void mailbox_post_all(struct mailbox *mailbox, struct list *messages)
{
    if (list_empty(messages))
        return;
    pthread_mutex_lock(&mailbox->lock);
    bool was_empty = list_empty(&mailbox->messages);
    list_move_all(&mailbox->messages, messages);
    pthread_mutex_unlock(&mailbox->lock);
    if (!was_empty)
        return; /* the one who filled it has woken the reader */
    uint64_t one = 1;
    ssize_t ignored = write(mailbox->io.fd, &one, sizeof one);
    (void)ignored;
}

void mailbox_post(struct mailbox *mailbox, struct message *message)
{
    struct list single;
    list_init(&single);
    list_push(&single, &message->link);
    mailbox_post_all(mailbox, &single);
}
