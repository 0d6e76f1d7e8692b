#include "sim/http/receiver.h"

#include "sim/world/world.h"

#define SUBSCRIPTIONS_MOST 16
#define USUAL_US           INT64_C(20000)

static struct {
    enum behaviour behaviour;
    int64_t value;
    int64_t percent;
    int64_t slow_us;
    bool mended;
} now[SUBSCRIPTIONS_MOST];

static int64_t rejects;
static int64_t fails;

void receiver_set(unsigned subscription, enum behaviour behaviour, int64_t value, int64_t percent,
                  int64_t slow_us)
{
    now[subscription].behaviour = behaviour;
    now[subscription].value = value;
    now[subscription].percent = percent;
    now[subscription].slow_us = slow_us;
}

void receiver_set_taste(int64_t rejects_per_million, int64_t fails_per_million)
{
    rejects = rejects_per_million;
    fails = fails_per_million;
}

void receiver_mend(unsigned subscription)
{
    now[subscription].mended = true;
}

int receiver_dislikes(unsigned subscription, int64_t number)
{
    struct dice dice = dice_for(world_seed(), "taste", (uint64_t)number * 64 + subscription);
    if (now[subscription].mended)
        return 0;
    if (dice_chance(&dice, rejects))
        return 400;
    return dice_chance(&dice, fails) ? 500 : 0;
}

static struct reception behave(unsigned subscription)
{
    struct reception reception = {.takes = true, .answers = true, .retry_after = -1};
    switch (now[subscription].behaviour) {
    case RECEIVER_WELL:
        reception.status = 200;
        break;
    case RECEIVER_STATUS:
        reception.status = (int)now[subscription].value;
        break;
    case RECEIVER_BUSY:
        reception.status = 503;
        reception.retry_after = (int)now[subscription].value;
        break;
    case RECEIVER_HANGS:
        reception.answers = false;
        break;
    case RECEIVER_REFUSES:
        reception.takes = false;
        reception.kind = ERROR_CONNECT;
        break;
    case RECEIVER_RESETS:
        reception.kind = ERROR_CONNECT;
        break;
    case RECEIVER_GARBAGE:
        reception.kind = ERROR_PROTOCOL;
        break;
    }
    return reception;
}

struct reception receiver_receive(unsigned subscription, int64_t number, unsigned attempt)
{
    struct dice dice =
        dice_for(world_seed(), "receiver", ((uint64_t)number * 64 + subscription) * 1024 + attempt);
    int64_t most_us = now[subscription].slow_us > USUAL_US ? now[subscription].slow_us : USUAL_US;
    struct reception reception = {.takes = true, .answers = true, .status = 200, .retry_after = -1};
    if (dice_below(&dice, 100) < now[subscription].percent)
        reception = behave(subscription);
    reception.wait_us = dice_between(&dice, 500, most_us);
    int disliked = receiver_dislikes(subscription, number);
    if (disliked && reception.status == 200)
        reception.status = disliked;
    return reception;
}
