/* What is committed, and what of it each process has read back.
 *
 * Promise 1: an event is, at any time, settled in Kafka or carried by a record that is not
 * committed as finished. Promise 3: what a process has read back as finished it does not send; and
 * what it was answered for is committed when it gives a partition back. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/model/book.h"
#include "sim/world/memory.h"

#define PAUSED_US   INT64_C(50000) /* one that has just been given is fetched from until then */
#define JUST_NOW_US INT64_C(1500000)

/* Those that the commit that is being checked has made finished, and that may be lost by it. */
static struct doubt {
    unsigned subscription;
    int64_t number;
    struct doubt *next;
} * doubts;

/* ── the book of commits ─────────────────────────────────────────────────── */

static void *get_or_make(void **place, size_t bytes)
{
    struct process *before = process_enter(NULL);
    if (!*place)
        *place = memory_get(bytes);
    process_enter(before);
    return *place;
}

struct coverage *book_coverage(unsigned group, const struct kafka_log *log)
{
    bool made = !book.coverages[group][log->id];
    book.logs[log->id] = log;
    struct coverage *coverage =
        get_or_make((void **)&book.coverages[group][log->id], sizeof(struct coverage));
    if (made)
        coverage->offset = -1;
    return coverage;
}

struct holding *book_holding(const struct process *process, unsigned group,
                             const struct kafka_log *log)
{
    book.logs[log->id] = log;
    return get_or_make((void **)&book.holdings[process->number][group][log->id],
                       sizeof(struct holding));
}

bool book_is_covered(const struct coverage *coverage, int64_t offset)
{
    return offset < coverage->begin ||
           ((size_t)offset < coverage->count && coverage->covered[offset]);
}

/* ── reading the metadata ────────────────────────────────────────────────── */

static int digit_of(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

static size_t decode(const char *text, unsigned char *bytes)
{
    size_t count = 0;
    unsigned bits = 0;
    unsigned held = 0;
    for (; digit_of(*text) >= 0; text++) {
        bits = bits << 6 | (unsigned)digit_of(*text);
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes[count++] = (unsigned char)(bits >> held);
        }
    }
    return count;
}

/* A set of offsets, as large as the log. */
struct marks {
    uint8_t *set;
    size_t count;
};

static void mark(struct marks *marks, int64_t first, int64_t end)
{
    for (int64_t i = first; i < end && (size_t)i < marks->count; i++)
        marks->set[i] = 1;
}

static void mark_bits(struct marks *marks, int64_t at, const unsigned char *bytes, size_t count)
{
    for (size_t bit = 0; bit < count * 8; bit++)
        if (bytes[bit / 8] >> (bit % 8) & 1)
            mark(marks, at + (int64_t)bit, at + (int64_t)bit + 1);
}

static void mark_runs(struct marks *marks, int64_t at, const unsigned char *bytes, size_t count)
{
    bool finished = false;
    for (size_t i = 0; i < count; finished = !finished) {
        int64_t run = 0;
        unsigned shift = 0;
        do
            run |= (int64_t)(bytes[i] & 0x7f) << shift;
        while (shift += 7, bytes[i++] & 0x80);
        if (finished)
            mark(marks, at, at + run);
        at += run;
    }
}

/* "g1:POSITION:KIND:BASE64", as commit/metadata.h has it. */
static void mark_metadata(struct marks *marks, int64_t offset, const char *metadata)
{
    unsigned char bytes[METADATA_BYTES_MOST];
    char kind = 0;
    int64_t position = -1;
    int length = 0;
    if (!*metadata)
        return;
    if (sscanf(metadata, "g1:%" SCNd64 ":%c:%n", &position, &kind, &length) != 2 || !length ||
        position != offset)
        world_fail("the metadata of a commit at %" PRId64 " is not its own: %s", offset, metadata);
    size_t count = decode(metadata + length, bytes);
    if (kind == 'b')
        mark_bits(marks, position, bytes, count);
    else
        mark_runs(marks, position, bytes, count);
}

/* ── a commit ────────────────────────────────────────────────────────────── */

static void doubt(unsigned subscription, int64_t number)
{
    struct doubt *more = memory_get(sizeof *more);
    *more = (struct doubt){subscription, number, doubts};
    doubts = more;
}

static void cover(unsigned group, const struct kafka_log *log, int64_t offset, bool covers)
{
    int64_t number = 0;
    if (covers)
        stray_check(log, offset);
    for (unsigned s = 0; book_carried(group, log, offset, &s, &number); s++) {
        struct fate *fate = book_fate(s, number);
        if (covers) {
            fate->carriers--;
            doubt(s, number);
            continue;
        }
        fate->carriers++; /* a commit that went back: it will be sent again */
        fate->allowed++;
    }
}

/* Where a group begins whose `start` is earliest, and where one that wants only what comes: not
 * before what was there when it was first heard of. */
static void check_start(unsigned group, const struct kafka_log *log, int64_t offset)
{
    const struct scenario_subscription *sub = &book.scenario->subscriptions[group];
    int64_t number = book_event_at(log, offset);
    bool was_there = offset < (int64_t)log->count && number >= 0 &&
                     book.events[number].published_us < reload_first_us(group);
    if (sub->earliest ? offset != 0 : was_there)
        world_fail("group %u begins with %s [%d] @%" PRId64 ", and its start is %s", group,
                   log->topic->name, (int)log->number, offset,
                   sub->earliest ? "earliest" : "latest");
}

/* The beginning of a group that has never committed: what lies before it is not its. */
static void begin_at(unsigned group, const struct kafka_log *log, struct coverage *coverage,
                     int64_t offset)
{
    if (group != GROUP_RETRIES)
        check_start(group, log, offset);
    coverage->begin = offset;
    coverage->count = 0;
    for (int64_t i = 0; group != GROUP_RETRIES && i < (int64_t)log->count; i++) {
        int64_t number = 0;
        for (unsigned s = 0; book_carried(group, log, i, &s, &number); s++)
            book_fate(s, number)->in_scope = i >= offset;
    }
}

static void check_not_back(unsigned group, const struct kafka_log *log,
                           const struct coverage *coverage, int64_t offset,
                           const struct group_offsets *commit)
{
    if (offset >= coverage->offset || world_now_us() < book.disturbed_us[0] ||
        !book_is_calm(commit->by, world_now_us()))
        return;
    world_fail("group %u goes back from %" PRId64 " to %" PRId64 " in %s [%d]", group,
               coverage->offset, offset, log->topic->name, (int)log->number);
}

static void replace(unsigned group, const struct kafka_log *log, struct coverage *coverage,
                    struct marks *marks)
{
    for (size_t i = 0; i < marks->count; i++) {
        bool before = book_is_covered(coverage, (int64_t)i);
        bool after = marks->set[i] || (int64_t)i < coverage->begin;
        if (before != after)
            cover(group, log, (int64_t)i, after);
    }
    free(coverage->covered);
    coverage->covered = marks->set;
    coverage->count = marks->count;
}

void model_committed(const char *name, const struct kafka_log *log, int64_t offset,
                     const char *metadata, const struct group_offsets *commit)
{
    int group = book_group(name);
    if (group < 0)
        world_fail("group %s commits", name);
    world_trace("group %s commits %s [%d] @%" PRId64 " %s", name, log->topic->name,
                (int)log->number, offset, metadata);
    if (offset > (int64_t)log->count)
        world_fail("group %s commits %" PRId64 " in %s [%d], which ends at %zu", name, offset,
                   log->topic->name, (int)log->number, log->count);
    struct coverage *coverage = book_coverage((unsigned)group, log);
    struct marks marks = {memory_get(log->count + 1), log->count};
    mark(&marks, 0, offset);
    mark_metadata(&marks, offset, metadata);
    coverage->begun = coverage->begun || commit->generation >= 0;
    if (!coverage->begun)
        begin_at((unsigned)group, log, coverage, offset);
    else
        check_not_back((unsigned)group, log, coverage, offset, commit);
    replace((unsigned)group, log, coverage, &marks);
    coverage->offset = offset;
}

void model_check_lost(void)
{
    while (doubts) {
        struct doubt *first = doubts;
        const struct fate *fate = book_fate(first->subscription, first->number);
        if (fate->expectation != EXPECT_NOTHING && fate->in_scope && fate->carriers == 0 &&
            !book_is_settled(fate))
            world_fail("promise 1: %s is lost: committed, and nothing tells of its fate",
                       book_name(first->subscription, first->number));
        doubts = first->next;
        free(first);
    }
}

/* ── partitions come and go ──────────────────────────────────────────────── */

void model_assigned(const struct process *process, const char *name, const struct kafka_log *log)
{
    int group = book_group(name);
    if (group < 0 || !log)
        return;
    world_trace("group %s: %s has %s [%d]", name, process->name, log->topic->name,
                (int)log->number);
    struct holding *holding = book_holding(process, (unsigned)group, log);
    holding->assigned = true;
    holding->assigned_us = world_now_us();
    holding->before = holding->fetched;
    holding->fetched = 0;
}

void model_fetched(const struct process *process, const char *name, const struct kafka_log *log,
                   int64_t offset)
{
    int group = book_group(name);
    if (group < 0)
        return;
    struct holding *holding = book_holding(process, (unsigned)group, log);
    int64_t number = 0;
    if (world_now_us() - holding->assigned_us > PAUSED_US)
        hold_fetched(process);
    if (offset >= holding->fetched)
        holding->fetched = offset + 1;
    for (unsigned s = 0;
         holding->expired && book_carried((unsigned)group, log, offset, &s, &number); s++)
        book_fate(s, number)->allowed++;
}

/* What it has had in hand and is not committed may be sent once more, by whoever comes next. */
void commit_excuse(const struct process *process, unsigned group, const struct kafka_log *log)
{
    const struct coverage *coverage = book_coverage(group, log);
    const struct holding *holding = book_holding(process, group, log);
    for (int64_t i = coverage->offset > 0 ? coverage->offset : 0; i < holding->fetched; i++) {
        int64_t number = 0;
        bool covered = book_is_covered(coverage, i);
        for (unsigned s = 0; !covered && book_carried(group, log, i, &s, &number); s++)
            book_fate(s, number)->allowed++;
    }
}

/* Is it under way, or has an attempt of it failed so lately that its retry may be? */
static bool is_under_way(const struct process *process, const struct fate *fate)
{
    if (fate->under_way > 0)
        return fate->sender == process;
    return fate->answered == 0 && fate->touched_by == process &&
           world_now_us() - fate->touched_us < JUST_NOW_US;
}

static bool any_under_way(const struct process *process, unsigned group,
                          const struct kafka_log *log, int64_t offset)
{
    int64_t number = 0;
    for (unsigned s = 0; book_carried(group, log, offset, &s, &number); s++) {
        if (is_under_way(process, book_fate(s, number)))
            return true;
    }
    return false;
}

/* What is under way when a partition is given back ends as it may. A record that several
 * subscriptions have of one group is read again for all of them. */
static void excuse_under_way(const struct process *process, unsigned group,
                             const struct kafka_log *log)
{
    const struct coverage *coverage = book_coverage(group, log);
    const struct holding *holding = book_holding(process, group, log);
    for (int64_t i = coverage->offset > 0 ? coverage->offset : 0; i < holding->fetched; i++) {
        int64_t number = 0;
        bool ends = !book_is_covered(coverage, i) && any_under_way(process, group, log, i);
        for (unsigned s = 0; ends && book_carried(group, log, i, &s, &number); s++)
            book_fate(s, number)->allowed++;
    }
}

/* Was nothing of it under way when it was given back? What had failed by then waits in a retry
 * topic, if the others of its group have had the record. */
static bool was_done(const struct holding *holding, const struct fate *fate)
{
    int64_t done_us = book_is_settled(fate) ? fate->settled_us : fate->failed_us;
    return done_us > 0 && done_us <= holding->ended_us - JUST_NOW_US;
}

/* The same of all that the record is to its group's subscriptions. */
static bool was_whole(const struct holding *holding, unsigned group, const struct kafka_log *log,
                      int64_t offset)
{
    int64_t number = 0;
    for (unsigned s = 0; book_carried(group, log, offset, &s, &number); s++) {
        const struct fate *fate = book_fate(s, number);
        if (fate->expectation != EXPECT_NOTHING && !was_done(holding, fate))
            return false;
    }
    return true;
}

/* An event of a partition that was given back in peace, and is not committed. `whole`: nor was any
 * other subscription's of its record under way. */
static void check_returned(const struct process *process, const struct holding *holding,
                           unsigned subscription, int64_t number, bool whole)
{
    struct fate *fate = book_fate(subscription, number);
    bool tried = fate->answered > 0 || fate->letter;
    bool elsewhere = tried && fate->touched_by != process;
    if (fate->retries && (!tried || (elsewhere && !whole)))
        fate->allowed++; /* it was handed over, and its record is read again for another */
    if (!tried || fate->touched_by != process)
        return;
    if (fate->allowed > 1 || !book_is_settled(fate) || !whole ||
        fate->settled_us > holding->ended_us - JUST_NOW_US) {
        fate->allowed++;
        return;
    }
    world_fail("promise 3: %s was delivered and is not committed, and %s has given it back",
               book_name(subscription, number), process->name);
}

/* Somebody begins with a partition, and reads back what is committed: is what others finished, who
 * gave it back, among it? */
static void check_all_returned(unsigned group, const struct kafka_log *log)
{
    const struct coverage *coverage = book_coverage(group, log);
    for (unsigned p = 1; p < PROCESSES_MOST && book.processes[p]; p++) {
        struct holding *holding = book_holding(book.processes[p], group, log);
        int64_t first = coverage->offset > 0 ? coverage->offset : 0;
        for (int64_t i = first; holding->returned && i < holding->fetched; i++) {
            int64_t number = 0;
            bool covered = book_is_covered(coverage, i);
            for (unsigned s = 0; !covered && book_carried(group, log, i, &s, &number); s++)
                check_returned(book.processes[p], holding, s, number,
                               was_whole(holding, group, log, i));
        }
        holding->returned = false;
    }
}

void model_read_back(const char *name, const struct kafka_log *log, const struct process *by,
                     bool whole)
{
    int group = book_group(name);
    if (group < 0)
        return;
    check_all_returned((unsigned)group, log);
    const struct coverage *coverage = book_coverage((unsigned)group, log);
    struct holding *holding = book_holding(by, (unsigned)group, log);
    struct process *before = process_enter(NULL);
    free(holding->known);
    holding->known_count = whole                  ? coverage->count
                           : coverage->offset > 0 ? (size_t)coverage->offset
                                                  : 0;
    holding->known = memory_get(holding->known_count + 1);
    for (size_t i = 0; i < holding->known_count; i++)
        holding->known[i] = book_is_covered(coverage, (int64_t)i);
    process_enter(before);
}

void model_given_back(struct process *process, const char *name, const struct kafka_log *log,
                      bool lost)
{
    int group = book_group(name);
    if (group < 0 || !log)
        return;
    world_trace("group %s: %s %s %s [%d]", name, process->name, lost ? "has lost" : "gives back",
                log->topic->name, (int)log->number);
    struct holding *holding = book_holding(process, (unsigned)group, log);
    if (!holding->assigned)
        return;
    bool calm = book_is_calm(process, world_now_us());
    if (lost || !calm || !book_could_commit((unsigned)group))
        commit_excuse(process, (unsigned)group, log);
    else
        excuse_under_way(process, (unsigned)group, log);
    holding->returned = !lost && calm && book_could_commit((unsigned)group);
    if (lost && calm)
        world_fail("promise 3: %s loses %s [%d], and nothing was wrong", process->name,
                   log->topic->name, (int)log->number);
    holding->assigned = holding->expired = false;
    holding->ended_us = world_now_us();
}

/* All it holds; at its end in any way. */
static void excuse_all(struct process *process, bool in_peace)
{
    for (unsigned g = 0; g < GROUPS; g++)
        for (unsigned l = 0; l < LOGS_MOST; l++) {
            struct holding *holding = book.holdings[process->number][g][l];
            if (!holding || !holding->assigned)
                continue;
            if (in_peace && book_is_calm(process, world_now_us()) && book_could_commit(g))
                world_fail("%s ends, and has not given back %s [%d]", process->name,
                           book.logs[l]->topic->name, (int)book.logs[l]->number);
            commit_excuse(process, g, book.logs[l]);
            holding->assigned = false;
        }
}

void model_expired(const struct process *process, const char *name)
{
    int group = book_group(name);
    for (unsigned l = 0; group >= 0 && l < LOGS_MOST; l++) {
        struct holding *holding = book.holdings[process->number][group][l];
        if (!holding || !holding->assigned)
            continue;
        commit_excuse(process, (unsigned)group, book.logs[l]);
        holding->expired = true;
    }
}

void model_killed(struct process *process)
{
    model_disturbed(NULL, world_now_us() + book.scenario->world.session_ms * 1000);
    excuse_all(process, false);
}

/* Kafka reads nothing more of a member until its JoinGroup is answered: if it stops then, it is in
 * the group until its session is over. */
void model_stopped(struct process *process)
{
    book_move();
    for (unsigned g = 0; g < GROUPS; g++)
        if (book.rebalancing_us[g] && !book_could_commit(g))
            model_disturbed(NULL, world_now_us() + book.scenario->world.session_ms * 1000);
    book.stopped_us[process->number] = world_now_us();
    excuse_all(process, true);
}
