/* The happy path: a scan of the topic, from `since` on or of the positions named; each record's
 * headers are read, and it is given away if wanted, or with a limit kept until it is known which
 * are the last.
 * What can fail: Kafka; records that are no dead letters, which are told and passed over. */
#include "inspect/dead_letters.h"

#include <stdlib.h>

#include "base/heap.h"
#include "base/number.h"
#include "inspect/scan.h"

#define ASK_MS  5000 /* each question to Kafka at the start */
#define POLL_MS 200

/* A letter, until it is known whether it is one of the last. */
struct kept {
    struct heap_node node;
    struct letter_copy copy;
};

struct reading {
    const struct letters_wanted *wanted;
    const struct letters_hooks *hooks;
    struct scan *scan;
    struct heap last; /* of struct kept, oldest first */
};

/* ── which ───────────────────────────────────────────────────────────────── */

bool letter_position(struct slice text, int32_t *partition, int64_t *place)
{
    const char *colon = text.data ? memchr(text.data, ':', text.size) : NULL;
    if (!colon)
        return false;
    struct slice before = {text.data, (size_t)(colon - text.data)};
    uint64_t first = 0;
    uint64_t second = 0;
    if (!number_count(before, &first, NULL) ||
        !number_count(slice_from(text, before.size + 1), &second, NULL) || first > INT32_MAX ||
        second > INT64_MAX)
        return false;
    *partition = (int32_t)first;
    *place = (int64_t)second;
    return true;
}

bool letter_is(const struct dead_letter *letter, const char *id)
{
    int32_t partition = 0;
    int64_t place = 0;
    if (letter_position(slice_of(id), &partition, &place))
        return partition == letter->partition && place == letter->place;
    return slice_is(letter->letter.id, id);
}

static bool wants_id(const struct letters_wanted *wanted, const struct dead_letter *letter)
{
    for (size_t i = 0; i < wanted->id_count; i++)
        if (letter_is(letter, wanted->ids[i]))
            return true;
    return wanted->id_count == 0;
}

enum letters_bar letters_bar(const struct letters_wanted *wanted, const struct dead_letter *letter)
{
    const struct letter *said = &letter->letter;
    if (!wants_id(wanted, letter))
        return LETTERS_NOT_NAMED;
    if (wanted->subscription.data && !slice_equal(said->subscription, wanted->subscription))
        return LETTERS_SUBSCRIPTION;
    if (wanted->reason.data && !slice_equal(said->reason, wanted->reason))
        return LETTERS_REASON;
    if (wanted->since_unix_ms != LETTERS_ANY_TIME && said->failed_unix_ms < wanted->since_unix_ms)
        return LETTERS_SINCE;
    if (wanted->until_unix_ms != LETTERS_ANY_TIME && said->failed_unix_ms >= wanted->until_unix_ms)
        return LETTERS_UNTIL;
    return LETTERS_NO_BAR;
}

/* Garbage has no headers to choose by; a position names it, or nothing but a time excludes it. */
static bool wants_garbage(const struct letters_wanted *wanted, int32_t partition, int64_t place)
{
    const struct dead_letter nameless = {.partition = partition, .place = place};
    if (wanted->id_count > 0)
        return wants_id(wanted, &nameless);
    return !wanted->subscription.data && !wanted->reason.data;
}

/* Where every id is a position only what lies between the first and the last of them is read. */
static void choose_positions(void *context, int32_t id, struct scan_range *range)
{
    const struct letters_wanted *wanted = context;
    struct scan_range chosen = {range->end, range->begin};
    for (size_t i = 0; i < wanted->id_count; i++) {
        int32_t partition = 0;
        int64_t place = 0;
        if (!letter_position(slice_of(wanted->ids[i]), &partition, &place))
            return;
        if (partition != id || place < range->begin || place >= range->end)
            continue;
        chosen.begin = place < chosen.begin ? place : chosen.begin;
        chosen.end = place + 1 > chosen.end ? place + 1 : chosen.end;
    }
    if (wanted->id_count > 0)
        *range = chosen;
}

/* Then they are read whatever their time, so that what is left out can be told. */
static bool are_positions(const struct letters_wanted *wanted)
{
    int32_t partition = 0;
    int64_t place = 0;
    for (size_t i = 0; i < wanted->id_count; i++)
        if (!letter_position(slice_of(wanted->ids[i]), &partition, &place))
            return false;
    return wanted->id_count > 0;
}

/* ── reading ─────────────────────────────────────────────────────────────── */

static void tell_left_out(const struct reading *reading, const struct dead_letter *letter,
                          enum letters_bar bar)
{
    const struct letters_hooks *hooks = reading->hooks;
    if (hooks->left_out && reading->wanted->id_count > 0 && bar != LETTERS_NOT_NAMED)
        hooks->left_out(hooks->context, letter, bar);
}

static void drop_oldest(struct reading *reading)
{
    struct heap_node *node = heap_first(&reading->last);
    struct kept *kept = CONTAINER_OF(node, struct kept, node);
    heap_remove(&reading->last, node);
    letter_copy_finish(&kept->copy);
    free(kept);
}

/* A copy of all its bytes; what the headers say is read again from them. */
void letter_copy_finish(struct letter_copy *copy)
{
    record_destroy(copy->bytes);
    copy->bytes = NULL;
}

bool letter_copy(const struct dead_letter *from, struct letter_copy *copy)
{
    const struct record_source source = {
        .topic = SLICE(""),
        .partition = from->partition,
        .offset = from->place,
        .key = from->key,
        .value = from->value,
        .headers = from->headers,
        .header_count = from->header_count,
    };
    struct record *bytes = record_create(&source);
    *copy = (struct letter_copy){.bytes = bytes};
    if (!bytes || !letter_read(bytes->headers, bytes->header_count, &copy->letter.letter, NULL)) {
        letter_copy_finish(copy);
        return false;
    }
    copy->letter.partition = from->partition;
    copy->letter.place = from->place;
    copy->letter.key = bytes->key;
    copy->letter.value = bytes->value;
    copy->letter.headers = bytes->headers;
    copy->letter.header_count = bytes->header_count;
    return true;
}

static bool keep(struct reading *reading, const struct dead_letter *letter, struct error *err)
{
    struct kept *kept = calloc(1, sizeof *kept);
    bool copied = kept && letter_copy(letter, &kept->copy);
    if (!copied || !heap_push(&reading->last, &kept->node, letter->letter.failed_unix_ms)) {
        if (copied)
            letter_copy_finish(&kept->copy);
        free(kept);
        return error_set(err, ERROR_MEMORY, "no memory for the last %llu dead letters",
                         (unsigned long long)reading->wanted->limit);
    }
    if (reading->last.count <= reading->wanted->limit)
        return true;
    kept = CONTAINER_OF(heap_first(&reading->last), struct kept, node);
    tell_left_out(reading, &kept->copy.letter, LETTERS_LIMIT);
    drop_oldest(reading);
    return true;
}

static bool take_record(struct reading *reading, const struct scan_record *record,
                        struct error *err)
{
    const struct letters_wanted *wanted = reading->wanted;
    const struct letters_hooks *hooks = reading->hooks;
    const struct record_header *headers = NULL;
    size_t count = 0;
    struct dead_letter letter = {.partition = record->partition,
                                 .place = record->offset,
                                 .key = record->key,
                                 .value = record->value};
    struct error why = {0};
    if (!scan_headers(reading->scan, &headers, &count))
        return error_set(err, ERROR_MEMORY, "no memory for a dead letter's headers");
    if (!letter_read(headers, count, &letter.letter, &why)) {
        if (wants_garbage(wanted, record->partition, record->offset))
            hooks->garbage(hooks->context, record->partition, record->offset, why.text);
        return true;
    }
    enum letters_bar bar = letters_bar(wanted, &letter);
    if (bar != LETTERS_NO_BAR) {
        tell_left_out(reading, &letter, bar);
        return true;
    }
    letter.headers = headers;
    letter.header_count = count;
    if (wanted->limit > 0)
        return keep(reading, &letter, err);
    return hooks->found(hooks->context, &letter, err);
}

static bool give_last(struct reading *reading, struct error *err)
{
    const struct letters_hooks *hooks = reading->hooks;
    for (struct heap_node *node; (node = heap_first(&reading->last)) != NULL;) {
        const struct kept *kept = CONTAINER_OF(node, struct kept, node);
        if (!hooks->found(hooks->context, &kept->copy.letter, err))
            return false;
        drop_oldest(reading);
    }
    return true;
}

static bool read_all(struct reading *reading, struct error *err)
{
    const struct letters_hooks *hooks = reading->hooks;
    struct scan_record record;
    for (;;) {
        int64_t done = 0;
        int64_t total = 0;
        enum scan_step step = scan_next(reading->scan, POLL_MS, &record, err);
        if (step == SCAN_END)
            return give_last(reading, err);
        if (step == SCAN_FAILED || (step == SCAN_RECORD && !take_record(reading, &record, err)))
            return false;
        scan_progress(reading->scan, &done, &total);
        if (hooks->progress)
            hooks->progress(hooks->context, done, total);
    }
}

bool letters_read(const struct settings *settings, const struct letters_wanted *wanted,
                  const struct letters_hooks *hooks, struct error *err)
{
    const struct scan_options options = {
        .since = wanted->since_unix_ms != LETTERS_ANY_TIME && !are_positions(wanted),
        .since_unix_ms = wanted->since_unix_ms,
        .choose = choose_positions,
        .context = (void *)(uintptr_t)wanted,
        .bounded = true,
    };
    struct reading reading = {.wanted = wanted, .hooks = hooks};
    reading.scan =
        scan_open(&settings->kafka, settings->topics.dead_letters.data, &options, ASK_MS, err);
    if (!reading.scan)
        return false;
    bool fine = read_all(&reading, err);
    while (heap_first(&reading.last))
        drop_oldest(&reading);
    heap_finish(&reading.last);
    scan_close(reading.scan);
    return fine;
}
