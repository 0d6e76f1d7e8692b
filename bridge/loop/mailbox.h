/* Messages to a loop's thread. Posting moves the message: the sender keeps no pointer to it.
 *
 * A message is a struct with its link inside, so posting allocates nothing and can't fail. What
 * bounds a mailbox is what bounds its messages: each belongs to a record that is counted against
 * limits.memory, or there is a fixed number of its kind. */
#ifndef LOOP_MAILBOX_H
#define LOOP_MAILBOX_H

#include "base/error.h"
#include "base/list.h"
#include "loop/loop.h"

struct mailbox;

/* First member of everything that is posted; `type` is an enum of the receiver's header. */
struct message {
    struct list link;
    int type;
};

/* Called on the loop's thread for each message; it then owns the message. */
typedef void mailbox_handler(void *context, struct message *message);

struct mailbox *mailbox_create(struct loop *loop, mailbox_handler *handler, void *context,
                               struct error *err);

/* Moves what is inside behind `messages`, unhandled: for those who own it, when the loop has ended.
 */
void mailbox_empty(struct mailbox *mailbox, struct list *messages);

/* NULL is fine. Thread: the loop's, or when none runs. */
void mailbox_destroy(struct mailbox *mailbox);

/* Thread: any. Never blocks for long. */
void mailbox_post(struct mailbox *mailbox, struct message *message);

/* The same for a list of messages, linked by their `link`, which is empty afterwards. */
void mailbox_post_all(struct mailbox *mailbox, struct list *messages);

#endif
