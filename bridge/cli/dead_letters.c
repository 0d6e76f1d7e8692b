/* The happy path: the words say what to do, the options which letters; letters_read gives each one,
 * and it is a row, a page, or handed to a retry topic.
 * What can fail: Kafka (exit 3), records that are no dead letters (named, and passed over), letters
 * of a subscription that is in no configuration (named, not replayed, exit 1), letters that are
 * named and are not there, or left out by an option (exit 1). */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/configuration.h"
#include "cli/letter_page.h"
#include "cli/period.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "inspect/dead_letters.h"
#include "inspect/replay.h"
#include "inspect/replay_plan.h"

#define PROGRESS_MS 250
#define NAMED_MOST  100 /* of what is wrong, one by one; the rest is counted */

enum verb { VERB_LIST, VERB_SHOW, VERB_REPLAY };

/* What came of one that is named. */
struct naming {
    bool found;
    enum letters_bar bar; /* what left it out, or another letter of that id */
};

struct work {
    enum verb verb;
    bool dry_run;
    bool json;
    const struct settings *settings;
    struct letters_wanted wanted;
    struct naming *naming;    /* by id */
    struct table *table;      /* of list and --dry-run, unless in JSON */
    struct replay_plan *plan; /* of replay */
    struct replay *replay;    /* of that, unless it is dry */
    struct buffer text;
    struct buffer shown;
    uint64_t count;   /* given to the verb */
    uint64_t garbage; /* no dead letters */
    uint64_t refused; /* may not be replayed, or Kafka does not take them */
    int64_t progress_ms;
};

static const struct table_column columns[] = {
    {.title = "FAILED AT"},
    {.title = "POSITION"},
    {.title = "SUBSCRIPTION", .least = 12},
    {.title = "ID", .least = 12},
    {.title = "REASON"},
    {.title = "STATUS", .right = true},
    {.title = "ATTEMPTS", .right = true},
    {.title = "ERROR", .least = 10},
};

/* ── what is told beside ─────────────────────────────────────────────────── */

static void name_trouble(uint64_t count, int32_t partition, int64_t place, const char *what)
{
    struct buffer clean = {0};
    if (count > NAMED_MOST)
        return;
    terminal_clean(&clean, slice_of(what), false);
    terminal_progress(stderr, NULL);
    fprintf(stderr, "grapnel: %d:%lld %.*s\n", (int)partition, (long long)place,
            SLICE_ARGS(buffer_slice(&clean)));
    buffer_finish(&clean);
}

static void on_garbage(void *context, int32_t partition, int64_t place, const char *why)
{
    struct work *work = context;
    char text[256];
    snprintf(text, sizeof text, "is passed over, it is no dead letter: %s", why);
    name_trouble(++work->garbage, partition, place, text);
}

static void on_failed(void *context, int32_t partition, int64_t place, const char *why)
{
    struct work *work = context;
    char text[256];
    snprintf(text, sizeof text, "was not taken by Kafka: %s", why);
    name_trouble(++work->refused, partition, place, text);
}

static void on_progress(void *context, int64_t done, int64_t total)
{
    struct work *work = context;
    int64_t now_ms = clock_now_ms();
    bool rows_show = work->table && !work->wanted.limit && terminal_is(stdout);
    if (rows_show || now_ms - work->progress_ms < PROGRESS_MS)
        return;
    work->progress_ms = now_ms;
    if (work->replay)
        terminal_progress(stderr, "read %lld of %lld dead letters, %llu stored for replay",
                          (long long)done, (long long)total,
                          (unsigned long long)replay_stored(work->replay));
    else
        terminal_progress(stderr, "read %lld of %lld dead letters", (long long)done,
                          (long long)total);
}

/* ── one letter ──────────────────────────────────────────────────────────── */

static void print_text(struct work *work)
{
    struct slice text = buffer_slice(&work->text);
    buffer_clear(&work->shown);
    if (terminal_is(stdout)) {
        terminal_clean(&work->shown, text, true);
        text = buffer_slice(&work->shown);
    }
    fwrite(text.data, 1, text.size, stdout);
}

static void print_json(struct work *work, const struct dead_letter *letter, bool whole)
{
    buffer_clear(&work->text);
    letter_page_json(letter, whole, &work->text);
    buffer_add_char(&work->text, '\n');
    print_text(work);
}

static void print_page(struct work *work, const struct dead_letter *letter)
{
    buffer_clear(&work->text);
    if (work->count > 1)
        buffer_add_char(&work->text, '\n');
    letter_page_print(letter, &work->text);
    fwrite(buffer_slice(&work->text).data, 1, work->text.size, stdout);
}

static bool print_row(struct work *work, const struct dead_letter *letter, struct error *err)
{
    const struct letter *said = &letter->letter;
    char failed_at[CLOCK_ISO_SIZE];
    char position[40];
    if (work->json) {
        print_json(work, letter, false);
        return true;
    }
    clock_iso(said->failed_unix_ms, failed_at);
    snprintf(position, sizeof position, "%d:%lld", (int)letter->partition,
             (long long)letter->place);
    const struct slice cells[] = {
        slice_of(failed_at), slice_of(position), said->subscription, said->id,
        said->reason,        said->status,       said->attempts,     said->error,
    };
    return (work->table && table_add(work->table, cells)) ||
           error_set(err, ERROR_MEMORY, "no memory for a row");
}

static bool give(void *context, const struct dead_letter *letter, enum envelope_kind kind,
                 struct error *err)
{
    struct work *work = context;
    bool release = kind == ENVELOPE_RELEASE;
    work->count += !release;
    if (work->replay)
        return replay_hand_over(work->replay, letter, kind, err);
    return release || print_row(work, letter, err);
}

static bool replay_one(struct work *work, const struct dead_letter *letter, struct error *err)
{
    struct error why = {0};
    bool now = false;
    if (!replay_allows(work->settings, &letter->letter, &why)) {
        char text[sizeof why.text + 32];
        snprintf(text, sizeof text, "is not replayed: %s", why.text);
        name_trouble(++work->refused, letter->partition, letter->place, text);
        return true;
    }
    return replay_plan_offer(work->plan, letter, &now, err) &&
           (!now || give(work, letter, ENVELOPE_EVENT, err));
}

static void note_found(struct work *work, const struct dead_letter *letter)
{
    for (size_t i = 0; i < work->wanted.id_count; i++)
        if (letter_is(letter, work->wanted.ids[i]))
            work->naming[i].found = true;
}

static void on_left_out(void *context, const struct dead_letter *letter, enum letters_bar bar)
{
    struct work *work = context;
    for (size_t i = 0; i < work->wanted.id_count; i++)
        if (letter_is(letter, work->wanted.ids[i]))
            work->naming[i].bar = bar;
}

static bool on_found(void *context, const struct dead_letter *letter, struct error *err)
{
    struct work *work = context;
    note_found(work, letter);
    if (work->verb == VERB_REPLAY)
        return replay_one(work, letter, err);
    work->count++;
    if (work->verb == VERB_LIST)
        return print_row(work, letter, err);
    terminal_progress(stderr, NULL);
    if (work->json)
        print_json(work, letter, true);
    else
        print_page(work, letter);
    return true;
}

/* ── all of it ───────────────────────────────────────────────────────────── */

static const char *letters(uint64_t count)
{
    return count == 1 ? "dead letter" : "dead letters";
}

static void sum_up(const struct work *work)
{
    if (work->garbage > NAMED_MOST)
        fprintf(stderr, "grapnel: %llu records of the topic are no dead letters\n",
                (unsigned long long)work->garbage);
    if (work->refused > 0)
        fprintf(stderr, "grapnel: %llu %s not replayed\n", (unsigned long long)work->refused,
                letters(work->refused));
}

/* To where the sum is told. */
static void say_left_out(const struct work *work, FILE *out)
{
    uint64_t left_out = replay_plan_left_out(work->plan);
    if (left_out > 0)
        fprintf(out, "%llu %s left out: their keys are not parked any more, or for later events\n",
                (unsigned long long)left_out, letters(left_out));
}

static void say_replayed(struct work *work)
{
    terminal_progress(stderr, NULL);
    if (work->replay) {
        uint64_t stored = replay_stored(work->replay);
        printf("%llu %s handed to %s\n", (unsigned long long)stored, letters(stored),
               replay_topic(work->replay));
        say_left_out(work, stdout);
        return;
    }
    char *topic = replay_topic_name(work->settings);
    if (work->table)
        table_flush(work->table);
    fprintf(stderr, "%llu %s would be handed to %s\n", (unsigned long long)work->count,
            letters(work->count), topic ? topic : "no topic: there is no subscription");
    say_left_out(work, stderr);
    free(topic);
}

static bool give_in_order(void *context, const struct dead_letter *letter, enum envelope_kind kind,
                          struct error *err)
{
    struct work *work = context;
    return (!work->replay || replay_in_order(work->replay, err)) && give(work, letter, kind, err);
}

/* Also where the reading has failed: what was handed over by then is stored, or is told of. */
static bool finish_replay(struct work *work, bool fine, struct error *err)
{
    struct error at_end = {0};
    fine = fine && replay_plan_give(work->plan, give_in_order, work, err);
    if (work->replay && !replay_finish(work->replay, &at_end) && fine) {
        *err = at_end;
        fine = false;
    }
    say_replayed(work);
    return fine;
}

static void say_not_given(const struct work *work, const char *id, enum letters_bar bar)
{
    static const char *const options[] = {
        [LETTERS_SUBSCRIPTION] = "--subscription",
        [LETTERS_REASON] = "--reason",
        [LETTERS_SINCE] = "--since",
        [LETTERS_UNTIL] = "--until",
        [LETTERS_LIMIT] = "--limit",
    };
    struct error err = {0};
    bool since = work->wanted.since_unix_ms != LETTERS_ANY_TIME;
    if (bar != LETTERS_NO_BAR)
        error_set(&err, ERROR_INPUT, "dead letter %s is left out by %s", id, options[bar]);
    else
        error_set(&err, ERROR_INPUT, "there is no such dead letter%s: %s",
                  since ? " since then" : "", id);
    command_fail(&err);
}

/* For whoever names a letter and doesn't get it that is a mistake. */
static bool all_given(const struct work *work)
{
    bool all = true;
    for (size_t i = 0; i < work->wanted.id_count; i++) {
        if (work->naming[i].found || work->verb == VERB_LIST)
            continue;
        say_not_given(work, work->wanted.ids[i], work->naming[i].bar);
        all = false;
    }
    return all;
}

static bool open_replay(struct work *work, const struct replay_hooks *hooks, struct error *err)
{
    work->plan = replay_plan_open(work->settings, &work->wanted, err);
    if (work->plan && !work->dry_run)
        work->replay = replay_open(work->settings, replay_plan_number(work->plan), hooks, err);
    return work->plan && (work->replay || work->dry_run);
}

static bool run(struct work *work, struct error *err)
{
    const struct letters_hooks hooks = {work, on_found, on_garbage, on_progress, on_left_out};
    const struct replay_hooks replay_hooks = {work, on_failed};
    bool replays = work->verb == VERB_REPLAY;
    bool fine = !replays || open_replay(work, &replay_hooks, err);
    bool open = fine;
    fine = fine && letters_read(work->settings, &work->wanted, &hooks, err);
    terminal_progress(stderr, NULL);
    if (replays && open)
        fine = finish_replay(work, fine, err);
    replay_close(work->replay);
    replay_plan_close(work->plan);
    return fine;
}

static enum command_exit do_work(struct work *work)
{
    struct error err = {0};
    bool fine = run(work, &err);
    table_destroy(work->table);
    fflush(stdout);
    buffer_finish(&work->text);
    buffer_finish(&work->shown);
    sum_up(work);
    if (!fine)
        return command_fail(&err);
    bool all = all_given(work);
    return !all || work->refused > 0 ? COMMAND_WRONG_INPUT : COMMAND_DONE;
}

/* ── what is asked for ───────────────────────────────────────────────────── */

static bool read_verb(const struct command_line *line, struct work *work, struct error *err)
{
    static const char *const verbs[] = {
        [VERB_LIST] = "list", [VERB_SHOW] = "show", [VERB_REPLAY] = "replay"};
    const char *word = line->argument_count > 0 ? line->arguments[0] : NULL;
    if (!word)
        return error_set(err, ERROR_USAGE, "'dead-letters' needs list, show or replay");
    for (size_t i = 0; i < COUNT_OF(verbs); i++) {
        if (strcmp(word, verbs[i]) != 0)
            continue;
        work->verb = (enum verb)i;
        return true;
    }
    return error_set(err, ERROR_USAGE, "'dead-letters' does list, show and replay, not '%s'", word);
}

static bool read_ids(const struct command_line *line, struct work *work, struct error *err)
{
    size_t most = line->argument_count + line->option_count;
    const char **ids = calloc(most + 1, sizeof *ids);
    work->wanted.ids = ids;
    work->naming = calloc(most + 1, sizeof *work->naming);
    if (!ids || !work->naming)
        return error_set(err, ERROR_MEMORY, "no memory for the ids");
    for (size_t i = 1; i < line->argument_count; i++)
        ids[work->wanted.id_count++] = line->arguments[i];
    for (size_t i = 0; i < line->option_count; i++)
        if (line->options[i].option == OPTION_ID)
            ids[work->wanted.id_count++] = line->options[i].value;
    return true;
}

static bool read_wanted(const struct command_line *line, struct work *work, struct error *err)
{
    struct period period;
    if (!period_read(line, clock_unix_ms(), &period, err) || !read_verb(line, work, err) ||
        !read_ids(line, work, err))
        return false;
    struct letters_wanted *wanted = &work->wanted;
    wanted->subscription = slice_of(command_value(line, OPTION_SUBSCRIPTION));
    wanted->reason = slice_of(command_value(line, OPTION_REASON));
    wanted->since_unix_ms = period.has_since ? period.since_unix_ms : LETTERS_ANY_TIME;
    wanted->until_unix_ms = period.has_until ? period.until_unix_ms : LETTERS_ANY_TIME;
    wanted->limit = command_number(line, OPTION_LIMIT, 0);
    work->dry_run = command_given(line, OPTION_DRY_RUN);
    if (wanted->reason.data && error_named(wanted->reason.data) == ERROR_NONE)
        return error_set(err, ERROR_USAGE, "--reason: there is no reason '%s'",
                         wanted->reason.data);
    if (work->dry_run && work->verb != VERB_REPLAY)
        return error_set(err, ERROR_USAGE, "--dry-run is for replay");
    if (work->verb == VERB_SHOW && wanted->id_count == 0)
        return error_set(err, ERROR_USAGE, "'dead-letters show' needs an ID or PARTITION:OFFSET");
    return true;
}

/* A replay for a subscription that is in no configuration would come to nothing. */
static bool check_subscription(const struct work *work, struct error *err)
{
    const struct letter named = {.subscription = work->wanted.subscription};
    return work->verb != VERB_REPLAY || !named.subscription.data ||
           replay_allows(work->settings, &named, err);
}

enum command_exit dead_letters_command(const struct command_line *line)
{
    struct error err = {0};
    struct configuration configuration = {0};
    struct work work = {0};
    enum command_exit exit = COMMAND_WRONG_INPUT;
    log_configure(LOG_ERROR, LOG_TEXT); /* what matters of librdkafka's is in our error */
    if (!read_wanted(line, &work, &err)) {
        exit = command_fail(&err);
        goto out;
    }
    if (!configuration_read(command_config(line), &configuration))
        goto out;
    work.settings = configuration.settings;
    if (!check_subscription(&work, &err)) {
        exit = command_fail(&err);
        goto out;
    }
    configuration_warn_of_unknown(work.settings, command_value(line, OPTION_SUBSCRIPTION));
    work.json = command_wants_json(line);
    bool lists = work.verb == VERB_LIST || work.dry_run;
    if (lists && !work.json)
        work.table = table_create(stdout, columns, COUNT_OF(columns));
    exit = do_work(&work);
out:
    free((void *)work.wanted.ids);
    free(work.naming);
    configuration_finish(&configuration);
    return exit;
}
