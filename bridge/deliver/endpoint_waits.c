/* How many requests of an endpoint are of use at once, when the next one may go, and what should
 * rather wait elsewhere. Pure. */
#include "deliver/endpoint.h"

#define USEFUL_LEAST 16
#define US_A_PLACE   50 /* no worker is faster than one delivery in that */
#define TURNS_AWAY   3  /* a request waits to be sent, to be answered, to be read */

static int64_t oldest_us(const struct endpoint *endpoint, int64_t now_ms)
{
    if (list_empty(&endpoint->sending))
        return 0;
    const struct delivery *oldest = CONTAINER_OF(endpoint->sending.next, struct delivery, link);
    return (now_ms - oldest->sent_ms) * 1000;
}

static int64_t most_of(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t least_of(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* How long one takes, as things go now: by those that are over, or by the one that waits for its
 * answer for longest, which may never come. */
static int64_t one_us(const struct endpoint *endpoint, int64_t now_ms)
{
    return most_of(endpoint->duration_us, oldest_us(endpoint, now_ms));
}

/* … of which as much is the receiver's. */
static int64_t slow_us(const struct endpoint *endpoint, int64_t now_ms, int64_t busy_us)
{
    return most_of(one_us(endpoint, now_ms) - TURNS_AWAY * busy_us, 0);
}

unsigned endpoint_useful(const struct endpoint *endpoint, int64_t now_ms, int64_t busy_us)
{
    int64_t useful = USEFUL_LEAST + slow_us(endpoint, now_ms, busy_us) / US_A_PLACE;
    return (unsigned)least_of(useful, endpoint_places(endpoint));
}

int64_t endpoint_next_ms(const struct endpoint *endpoint, int64_t now_ms)
{
    int64_t next_ms = breaker_next_ms(&endpoint->breaker, now_ms);
    int64_t rate_ms = endpoint->limited ? rate_next_ms(&endpoint->rate, now_ms) : now_ms;
    bool paced = endpoint_is_doubtful(endpoint) && endpoint->in_flight > 0;
    int64_t paced_ms = paced ? endpoint->paced_ms : now_ms;
    return most_of(paced_ms, most_of(rate_ms, next_ms));
}

/* How long it takes to send so many. Doubtful endpoints don't get all the places they may have. */
static int64_t sending_ms(const struct endpoint *endpoint, int64_t count, int64_t now_ms)
{
    unsigned at_once =
        endpoint_is_doubtful(endpoint) ? endpoint->in_flight : endpoint->in_flight_most;
    return count * one_us(endpoint, now_ms) / 1000 / most_of(at_once, 1);
}

/* Who waits elsewhere while the queue is full asks again before long: by then the receiver may
 * answer faster. For one that does not answer at all it is as long again as it has been silent. */
static int64_t queue_ms(const struct endpoint *endpoint, int64_t now_ms)
{
    if (endpoint_is_doubtful(endpoint))
        return least_of(most_of(now_ms - endpoint->silent_ms, ENDPOINT_SILENT_LEAST_MS),
                        ENDPOINT_SILENT_MOST_MS);
    int64_t queued = endpoint->record_count + endpoint->again_count + endpoint_queued(endpoint);
    int64_t wait_ms = most_of(sending_ms(endpoint, queued, now_ms), ENDPOINT_MOMENT_MS);
    return least_of(wait_ms, ENDPOINT_FULL_MOST_MS);
}

/* Is a whole queue soon sent, so that others may wait for that? */
static bool is_quick(const struct endpoint *endpoint, const struct worker_load *load)
{
    int64_t places = most_of(endpoint->in_flight_most, 1);
    int64_t queue_us = slow_us(endpoint, load->now_ms, load->busy_us) * ENDPOINT_PLENTY / places;
    bool waits = endpoint->limited || !list_empty(&endpoint->held) ||
                 breaker_next_ms(&endpoint->breaker, load->now_ms) > load->now_ms;
    return !waits && !endpoint_is_doubtful(endpoint) && queue_us < ENDPOINT_QUICK_US;
}

bool endpoint_has_plenty(const struct endpoint *endpoint, const struct worker_load *load)
{
    return endpoint_queued(endpoint) >= ENDPOINT_PLENTY && is_quick(endpoint, load);
}

/* How many may queue: of the worker's room a part, and of a receiver that is slow by its rate, or
 * may never answer, few. */
static int64_t queue_most(const struct endpoint *endpoint, const struct worker_load *load)
{
    int64_t part = most_of((int64_t)(load->room / ENDPOINT_ROOM_PART), ENDPOINT_QUEUE_ALWAYS);
    bool few = endpoint->limited || endpoint_is_new(endpoint);
    return few ? least_of(part, ENDPOINT_PLENTY) : part;
}

/* What has a rate waits for that, and not for the receiver. */
static bool is_full(const struct endpoint *endpoint, bool retry, const struct worker_load *load)
{
    int64_t queued = endpoint_queued(endpoint);
    if (retry && endpoint->again_count >= ENDPOINT_AGAIN)
        return true;
    if (endpoint->alone)
        return false;
    if (queued >= queue_most(endpoint, load))
        return !is_quick(endpoint, load);
    int64_t ahead = queued + (retry ? endpoint->again_count : 0);
    return !endpoint->limited && ahead >= ENDPOINT_QUEUE_ALWAYS &&
           sending_ms(endpoint, ahead, load->now_ms) > ENDPOINT_MOMENT_MS;
}

/* How long it takes until the rate lets it go, behind what queues here: of retries one goes for
 * three others. */
static int64_t rated_ms(const struct endpoint *endpoint, bool retry, int64_t now_ms)
{
    int64_t retries = endpoint->again_count + endpoint->tried_count;
    int64_t others = endpoint->record_count + endpoint->queued_count;
    int64_t between = retry ? (retries + 1) * 3 : others / 3;
    int64_t ahead =
        retry ? retries + least_of(others, between) : others + least_of(retries, between);
    int64_t next_ms = rate_next_ms(&endpoint->rate, now_ms);
    if (next_ms == RATE_NEVER)
        return RATE_NEVER;
    return most_of(next_ms - now_ms, rate_takes_ms(&endpoint->rate, ahead));
}

/* However slow the rate, one retry waits here: all others would take each turn before one that
 * comes from elsewhere. */
static bool is_over_rate(const struct endpoint *endpoint, bool retry, int64_t now_ms)
{
    bool only_one = retry && endpoint->again_count + endpoint->tried_count == 0;
    int64_t most_ms = only_one ? ENDPOINT_DELAY_MOST_MS : ENDPOINT_RATED_MS;
    return rated_ms(endpoint, retry, now_ms) > most_ms;
}

/* Until the next turn that nobody else has. As far as it is looked there is always one who comes
 * for it, and those beyond ask again. */
static int64_t book_ms(struct endpoint *endpoint, bool retry, int64_t now_ms)
{
    int64_t first_ms = rated_ms(endpoint, retry, now_ms);
    if (first_ms >= ENDPOINT_DELAY_MOST_MS)
        return ENDPOINT_DELAY_MOST_MS;
    first_ms = now_ms + most_of(first_ms, ENDPOINT_MOMENT_MS);
    int64_t turn_ms = endpoint->booked_from_ms + rate_takes_ms(&endpoint->rate, endpoint->booked);
    if (turn_ms < first_ms) {
        endpoint->booked_from_ms = turn_ms = first_ms;
        endpoint->booked = 0;
    }
    if (turn_ms - now_ms >= ENDPOINT_DELAY_MOST_MS || endpoint->booked >= RATE_TOKENS_MOST)
        return ENDPOINT_DELAY_MOST_MS;
    endpoint->booked++;
    return turn_ms - now_ms;
}

int64_t endpoint_delay_ms(struct endpoint *endpoint, bool retry, const struct worker_load *load,
                          bool *booked)
{
    int64_t now_ms = load->now_ms;
    int64_t wait_ms = breaker_expected_ms(&endpoint->breaker, now_ms) - now_ms;
    *booked = false;
    if (wait_ms <= ENDPOINT_MOMENT_MS) {
        bool full = is_full(endpoint, retry, load);
        *booked = endpoint->limited && (full || is_over_rate(endpoint, retry, now_ms));
        if (*booked)
            return book_ms(endpoint, retry, now_ms);
        if (!full)
            return 0;
        return queue_ms(endpoint, now_ms);
    }
    if (retry && endpoint->again_count < ENDPOINT_PROBES)
        return 0;
    return least_of(wait_ms, ENDPOINT_DELAY_MOST_MS);
}

/* How much keeps others waiting. What keeps keys in order stays. */
static unsigned in_the_way(const struct endpoint *endpoint)
{
    if (endpoint->ordered)
        return 0;
    unsigned queued = endpoint->alone ? endpoint->visiting : endpoint_queued(endpoint);
    return endpoint_too_many_again(endpoint) + queued;
}

int64_t endpoint_overdue_ms(const struct endpoint *endpoint, int64_t now_ms)
{
    unsigned ahead = in_the_way(endpoint);
    if (ahead == 0)
        return 0;
    int64_t wait_ms = breaker_expected_ms(&endpoint->breaker, now_ms) - now_ms;
    if (wait_ms > ENDPOINT_OVERDUE_MS)
        return least_of(wait_ms, ENDPOINT_DELAY_MOST_MS);
    bool stuck = endpoint_is_doubtful(endpoint) && !endpoint->alone && !endpoint->limited &&
                 one_us(endpoint, now_ms) > ENDPOINT_MOMENT_MS * INT64_C(1000) &&
                 sending_ms(endpoint, ahead, now_ms) > ENDPOINT_OVERDUE_MS;
    return stuck ? queue_ms(endpoint, now_ms) : 0;
}

bool endpoint_admit(struct endpoint *endpoint, struct delivery *delivery, int64_t now_ms)
{
    if (endpoint->limited && !rate_take(&endpoint->rate, now_ms))
        return false;
    delivery->pass = breaker_pass(&endpoint->breaker, now_ms);
    if (delivery->pass == 0) {
        if (endpoint->limited)
            rate_give_back(&endpoint->rate);
        return false;
    }
    endpoint->paced_ms =
        now_ms + endpoint->duration_us / 1000 / most_of(endpoint_places(endpoint), 1);
    return true;
}
