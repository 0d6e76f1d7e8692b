/* The happy path: topics.state is read, the letters that are offered choose keys, and the topic of
 * dead letters is read once more for all letters of these.
 * What can fail: Kafka; memory, which holds those letters until they are in order. */
#include "inspect/replay_plan.h"

#include <stdlib.h>

#include "base/clock.h"
#include "inspect/parked.h"
#include "inspect/parkings.h"

/* After that long without a letter of the last event of a span there will be none: it has been
 * deleted, or its topic made anew; or it has never been stored, and then its event is not finished
 * and will be read again. */
#define GONE_MS (60 * INT64_C(60000))

struct replay_plan {
    const struct settings *settings;
    const struct letters_wanted *wanted;
    struct parkings parkings;
    struct parked_letters letters;
    bool any_chosen;
    uint64_t left_out;
};

/* ── which ───────────────────────────────────────────────────────────────── */

static bool any_ordered(const struct settings *settings)
{
    for (size_t i = 0; i < settings->subscription_count; i++)
        if (settings->subscriptions[i].delivery.ordered)
            return true;
    return false;
}

static void choose(struct replay_plan *plan, struct parked_key *parked)
{
    parked->chosen = true;
    plan->any_chosen = true;
}

/* Where no letter is asked for in particular, also keys of which there is none any more. */
static void choose_all(struct replay_plan *plan)
{
    const struct letters_wanted *wanted = plan->wanted;
    if (wanted->reason.data || wanted->limit || wanted->since_unix_ms != LETTERS_ANY_TIME ||
        wanted->until_unix_ms != LETTERS_ANY_TIME)
        return;
    struct parked_key *parked = parkings_first(&plan->parkings);
    for (; parked; parked = parkings_next(&plan->parkings, parked)) {
        const struct subscription *sub = settings_find(plan->settings, parked->subscription);
        if (sub && sub->delivery.ordered &&
            (!wanted->subscription.data || slice_equal(wanted->subscription, parked->subscription)))
            choose(plan, parked);
    }
}

struct replay_plan *replay_plan_open(const struct settings *settings,
                                     const struct letters_wanted *wanted, struct error *err)
{
    struct replay_plan *plan = calloc(1, sizeof *plan);
    if (!plan) {
        error_set(err, ERROR_MEMORY, "no memory for a replay");
        return NULL;
    }
    plan->settings = settings;
    plan->wanted = wanted;
    parkings_init(&plan->parkings);
    if (wanted->id_count > 0 || !any_ordered(settings))
        return plan;
    if (!parkings_read(&plan->parkings, settings, err)) {
        replay_plan_close(plan);
        return NULL;
    }
    choose_all(plan);
    return plan;
}

int64_t replay_plan_number(const struct replay_plan *plan)
{
    int64_t number = clock_unix_ms();
    const struct parked_key *parked = parkings_first(&plan->parkings);
    for (; parked; parked = parkings_next(&plan->parkings, parked)) {
        int64_t failed = parking_replay(&parked->parking);
        number = failed >= number && failed < INT64_MAX ? failed + 1 : number;
    }
    return number;
}

void replay_plan_close(struct replay_plan *plan)
{
    if (!plan)
        return;
    parked_finish(&plan->letters);
    parkings_finish(&plan->parkings);
    free(plan);
}

static bool keep(struct replay_plan *plan, const struct dead_letter *letter, struct error *err)
{
    return parked_add(&plan->letters, letter) ||
           error_set(err, ERROR_MEMORY, "no memory for a dead letter");
}

/* A key may be parked although nothing parks it any more, as it was configured before. */
bool replay_plan_offer(struct replay_plan *plan, const struct dead_letter *letter, bool *now,
                       struct error *err)
{
    const struct letter *said = &letter->letter;
    const struct subscription *sub = settings_find(plan->settings, said->subscription);
    *now = !sub || !sub->delivery.ordered || !letter->key.data;
    if (*now)
        return true;
    if (plan->wanted->id_count > 0)
        return keep(plan, letter, err);
    struct parked_key *parked = parkings_find(&plan->parkings, said->subscription, letter->key);
    *now = !parked && sub->delivery.exhausted != EXHAUSTED_PARK;
    if (parked && parkings_want(parked, said))
        choose(plan, parked);
    else if (!*now)
        plan->left_out++;
    return true;
}

uint64_t replay_plan_left_out(const struct replay_plan *plan)
{
    return plan->left_out;
}

/* ── in order ────────────────────────────────────────────────────────────── */

static bool on_found(void *context, const struct dead_letter *letter, struct error *err)
{
    struct replay_plan *plan = context;
    const struct letter *said = &letter->letter;
    if (!letter->key.data)
        return true;
    struct parked_key *parked = parkings_find(&plan->parkings, said->subscription, letter->key);
    return !parked || !parked->chosen || !parkings_want(parked, said) || keep(plan, letter, err);
}

static void on_garbage(void *context, int32_t partition, int64_t place, const char *why)
{
    (void)context, (void)partition, (void)place, (void)why; /* told when it was offered */
}

static bool gather(struct replay_plan *plan, struct error *err)
{
    const struct letters_wanted all = {
        .subscription = plan->wanted->subscription,
        .since_unix_ms = LETTERS_ANY_TIME,
        .until_unix_ms = LETTERS_ANY_TIME,
    };
    const struct letters_hooks hooks = {plan, on_found, on_garbage, NULL, NULL};
    return !plan->any_chosen || letters_read(plan->settings, &all, &hooks, err);
}

/* That no letter comes any more of the last event that the key is parked for. */
static bool is_gone(const struct parked_key *parked)
{
    return clock_unix_ms() - parked->said_unix_ms >= GONE_MS;
}

/* Behind the last letter of a partition: all up to it will have been delivered. What is parked
 * behind that, as a letter that was not there yet when they were read, stays so. */
static bool give_end(const struct parked_key *parked, const struct dead_letter *last,
                     replay_give *give, void *context, struct error *err)
{
    struct dead_letter end = *last;
    const struct span *span =
        parking_find(&parked->parking, last->letter.topic, last->letter.partition);
    if (span && span->last > end.letter.offset && is_gone(parked))
        end.letter.offset = span->last;
    return give(context, &end, ENVELOPE_RELEASE, err);
}

static bool give_one(struct replay_plan *plan, const struct parked_letter *item, replay_give *give,
                     void *context, struct error *err)
{
    const struct dead_letter *letter = &item->copy.letter;
    const struct letter *said = &letter->letter;
    struct parked_key *parked = parkings_find(&plan->parkings, said->subscription, letter->key);
    if (!parked)
        return give(context, letter, ENVELOPE_ALONE, err);
    if (!give(context, letter, ENVELOPE_EVENT, err))
        return false;
    if (!item->last)
        return true;
    bool fine = give_end(parked, letter, give, context, err);
    parking_pass(&parked->parking, said->topic, said->partition, INT64_MAX); /* done with */
    return fine;
}

/* The partitions of a key of which there is no letter any more. */
static bool give_rest(const struct parked_key *parked, replay_give *give, void *context,
                      struct error *err)
{
    for (const struct held_span *held = parked->parking.first; held; held = held->next) {
        const struct dead_letter end = {
            .key = parked->key,
            .letter = {.subscription = parked->subscription,
                       .topic = slice_of(held->span.topic),
                       .partition = held->span.partition,
                       .offset = held->span.last,
                       .timestamp_ms = -1},
        };
        if (!give(context, &end, ENVELOPE_RELEASE, err))
            return false;
    }
    return true;
}

bool replay_plan_give(struct replay_plan *plan, replay_give *give, void *context, struct error *err)
{
    if (!gather(plan, err))
        return false;
    parked_sort(&plan->letters);
    for (size_t i = 0; i < plan->letters.count; i++)
        if (!give_one(plan, &plan->letters.items[i], give, context, err))
            return false;
    struct parked_key *parked = parkings_first(&plan->parkings);
    for (; parked; parked = parkings_next(&plan->parkings, parked))
        if (parked->chosen && is_gone(parked) && !give_rest(parked, give, context, err))
            return false;
    return true;
}
