/* A scenario as text: a line a row, "phase at_ms=1200 subscription=1 behaviour=busy value=5".
 * Numbers that are 0 are left out. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/play/scenario.h"

struct field {
    const char *name;
    size_t at;
};

#define WORLD(name)        {#name, offsetof(struct scenario_world, name)},
#define TOPIC(name)        {#name, offsetof(struct scenario_topic, name)},
#define SUBSCRIPTION(name) {#name, offsetof(struct scenario_subscription, name)},
#define VARIANT(name)      {#name, offsetof(struct scenario_variant, name)},
#define PHASE(name)        {#name, offsetof(struct scenario_phase, name)},
#define BURST(name)        {#name, offsetof(struct scenario_burst, name)},
#define FAULT(name)        {#name, offsetof(struct scenario_fault, name)},

static const struct field world_fields[] = {SCENARIO_WORLD(WORLD){0}};
static const struct field topic_fields[] = {SCENARIO_TOPIC(TOPIC){0}};
static const struct field subscription_fields[] = {SCENARIO_SUBSCRIPTION(SUBSCRIPTION){0}};
static const struct field variant_fields[] = {SCENARIO_VARIANT(VARIANT){0}};
static const struct field phase_fields[] = {SCENARIO_PHASE(PHASE){0}};
static const struct field burst_fields[] = {SCENARIO_BURST(BURST){0}};
static const struct field fault_fields[] = {SCENARIO_FAULT(FAULT){0}};

/* The words of those fields that are an enum, in its order. */
static const struct {
    const char *field;
    const char *words[FAULT_KINDS + 1];
} vocabulary[] = {
    {"results", {"final", "attempts", "failures", "none"}},
    {"behaviour", {"well", "status", "busy", "hangs", "refuses", "resets", "garbage"}},
    {"kind",
     {"start", "stop", "kill", "cut", "isolated", "down", "hung", "commits", "results", "letters",
      "retries", "small-letters", "deleted", "clock", "memory", "stall", "reload"}},
};

#define NO_COUNTER SIZE_MAX

static const struct {
    const char *name;
    const struct field *fields;
    size_t at;
    size_t bytes;
    size_t most;
    size_t counter;
} tables[] = {
    {"world", world_fields, offsetof(struct scenario, world), sizeof(struct scenario_world), 1,
     NO_COUNTER},
    {"topic", topic_fields, offsetof(struct scenario, topics), sizeof(struct scenario_topic),
     TOPICS_MOST, offsetof(struct scenario, topic_count)},
    {"subscription", subscription_fields, offsetof(struct scenario, subscriptions),
     sizeof(struct scenario_subscription), SUBSCRIPTIONS_MOST,
     offsetof(struct scenario, subscription_count)},
    {"variant", variant_fields, offsetof(struct scenario, variants),
     sizeof(struct scenario_variant), VARIANTS_MOST, offsetof(struct scenario, variant_count)},
    {"phase", phase_fields, offsetof(struct scenario, phases), sizeof(struct scenario_phase),
     PHASES_MOST, offsetof(struct scenario, phase_count)},
    {"burst", burst_fields, offsetof(struct scenario, bursts), sizeof(struct scenario_burst),
     BURSTS_MOST, offsetof(struct scenario, burst_count)},
    {"fault", fault_fields, offsetof(struct scenario, faults), sizeof(struct scenario_fault),
     FAULTS_MOST, offsetof(struct scenario, fault_count)},
};

#define TABLES (sizeof tables / sizeof tables[0])

static char *row_of(const struct scenario *scenario, size_t table, size_t row)
{
    return (char *)(uintptr_t)scenario + tables[table].at + row * tables[table].bytes;
}

static size_t *counter_of(const struct scenario *scenario, size_t table)
{
    return (size_t *)((char *)(uintptr_t)scenario + tables[table].counter);
}

/* NULL: it is a number. */
static const char *const *words_of(const char *field)
{
    for (size_t i = 0; i < sizeof vocabulary / sizeof vocabulary[0]; i++)
        if (strcmp(vocabulary[i].field, field) == 0)
            return vocabulary[i].words;
    return NULL;
}

static void write_row(const struct field *fields, const char *row, FILE *out)
{
    for (; fields->name; fields++) {
        int64_t value = *(const int64_t *)(row + fields->at);
        const char *const *words = words_of(fields->name);
        if (words)
            fprintf(out, " %s=%s", fields->name, words[value]);
        else if (value)
            fprintf(out, " %s=%" PRId64, fields->name, value);
    }
}

void scenario_write(const struct scenario *scenario, FILE *out)
{
    for (size_t t = 0; t < TABLES; t++) {
        size_t rows = tables[t].counter == NO_COUNTER ? 1 : *counter_of(scenario, t);
        for (size_t row = 0; row < rows; row++) {
            fputs(tables[t].name, out);
            write_row(tables[t].fields, row_of(scenario, t, row), out);
            fputc('\n', out);
        }
    }
}

static bool read_value(const char *text, const char *const *words, int64_t *value)
{
    char *end = NULL;
    if (words) {
        for (*value = 0; words[*value]; ++*value)
            if (strcmp(words[*value], text) == 0)
                return true;
        return false;
    }
    errno = 0;
    *value = strtoll(text, &end, 10);
    return errno == 0 && end > text && !*end;
}

/* "name=value" */
static bool read_field(const struct field *fields, char *row, char *word)
{
    char *equals = strchr(word, '=');
    int64_t value = 0;
    if (!equals)
        return false;
    *equals = '\0';
    if (!read_value(equals + 1, words_of(word), &value))
        return false;
    for (; fields->name; fields++) {
        if (strcmp(fields->name, word) != 0)
            continue;
        *(int64_t *)(row + fields->at) = value;
        return true;
    }
    return false;
}

static bool read_words(size_t table, char *row, char **save)
{
    for (char *word = strtok_r(NULL, " \n", save); word; word = strtok_r(NULL, " \n", save))
        if (!read_field(tables[table].fields, row, word))
            return false;
    return true;
}

static bool read_line(struct scenario *scenario, char *line)
{
    char *save = NULL;
    const char *name = line[0] == '#' ? NULL : strtok_r(line, " \n", &save);
    if (!name)
        return true;
    for (size_t t = 0; t < TABLES; t++) {
        if (strcmp(tables[t].name, name) != 0)
            continue;
        bool one = tables[t].counter == NO_COUNTER;
        size_t row = one ? 0 : *counter_of(scenario, t);
        if (row == tables[t].most)
            return false;
        if (!one)
            *counter_of(scenario, t) += 1;
        return read_words(t, row_of(scenario, t, row), &save);
    }
    return false;
}

bool scenario_read(struct scenario *scenario, const char *path)
{
    char line[2048];
    unsigned number = 0;
    bool fine = true;
    FILE *in = fopen(path, "re");
    *scenario = (struct scenario){0};
    while (fine && in && fgets(line, sizeof line, in)) {
        number++;
        fine = read_line(scenario, line);
    }
    if (!in)
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
    else if (!fine)
        fprintf(stderr, "%s:%u: this is no line of a scenario\n", path, number);
    if (in)
        fclose(in);
    return in && fine;
}
