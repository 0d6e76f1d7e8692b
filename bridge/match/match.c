#include "match/match.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/glob.h"

/* A topic of the subscription: its name, or a regular expression as librdkafka's (POSIX extended). */
struct topic_pattern {
    const char *name;
    bool is_regex;
    regex_t regex;
};

struct matcher {
    const struct subscription *sub;
    struct topic_pattern *topics;
    size_t topic_count;
};

static bool compile_topic(struct topic_pattern *pattern, const struct text *topic,
                          struct problems *problems)
{
    pattern->name = topic->data;
    if (topic->data[0] != '^')
        return true;
    int code = regcomp(&pattern->regex, topic->data, REG_EXTENDED | REG_NOSUB);
    if (code == 0) {
        pattern->is_regex = true;
        return true;
    }
    char why[128];
    regerror(code, &pattern->regex, why, sizeof why);
    problems_add(problems, topic->at, "topics: %s is not a regular expression: %s", topic->data,
                 why);
    return false;
}

struct matcher *matcher_create(const struct subscription *sub, struct problems *problems)
{
    struct matcher *matcher = calloc(1, sizeof *matcher);
    if (matcher)
        matcher->topics = calloc(sub->topics.count + 1, sizeof *matcher->topics);
    if (!matcher || !matcher->topics) {
        problems_add(problems, sub->at, "no memory");
        free(matcher);
        return NULL;
    }
    matcher->sub = sub;
    bool fine = true;
    for (size_t i = 0; i < sub->topics.count; i++)
        if (!compile_topic(&matcher->topics[matcher->topic_count++], &sub->topics.items[i],
                           problems))
            fine = false;
    if (fine)
        return matcher;
    matcher_destroy(matcher);
    return NULL;
}

void matcher_destroy(struct matcher *matcher)
{
    if (!matcher)
        return;
    for (size_t i = 0; i < matcher->topic_count; i++)
        if (matcher->topics[i].is_regex)
            regfree(&matcher->topics[i].regex);
    free(matcher->topics);
    free(matcher);
}

static bool topic_matches(const struct topic_pattern *pattern, const char *topic)
{
    if (pattern->is_regex)
        return regexec(&pattern->regex, topic, 0, NULL, 0) == 0;
    return strcmp(pattern->name, topic) == 0;
}

bool matcher_wants_topic(const struct matcher *matcher, const char *topic)
{
    for (size_t i = 0; i < matcher->topic_count; i++)
        if (topic_matches(&matcher->topics[i], topic))
            return true;
    return false;
}

static bool wants_type(const struct subscription *sub, struct slice type)
{
    for (size_t i = 0; i < sub->events.count; i++)
        if (glob_match(text_slice(&sub->events.items[i]), type))
            return true;
    return sub->events.count == 0;
}

bool matcher_wants(const struct matcher *matcher, const struct event *ev, struct buffer *why_not)
{
    const struct subscription *sub = matcher->sub;
    if (ev->form == EVENT_NULL && !sub->deliver_tombstones) {
        if (why_not)
            buffer_print(why_not, "the value is null, and tombstones is skip");
        return false;
    }
    if (wants_type(sub, ev->type))
        return true;
    if (why_not) {
        const struct place *at = &sub->events.items[0].at;
        buffer_print(why_not, "its type \"%.*s\" is none of events (%s:%u)", SLICE_ARGS(ev->type),
                     at->file, at->line);
    }
    return false;
}
