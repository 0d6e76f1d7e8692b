#include "match/match.h"

#include <regex.h>
#include <stdlib.h>

#include "base/glob.h"

/* One of `topics`. */
struct pattern {
    const char *name; /* NULL: an expression */
    regex_t regex;    /* POSIX extended, as librdkafka takes it */
};

struct matcher {
    const struct subscription *sub;
    size_t pattern_count;
    struct pattern patterns[];
};

static bool add_pattern(struct matcher *matcher, const struct text *topic)
{
    struct pattern *pattern = &matcher->patterns[matcher->pattern_count];
    if (topic->data[0] != '^')
        pattern->name = topic->data;
    else if (regcomp(&pattern->regex, topic->data, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    matcher->pattern_count++;
    return true;
}

struct matcher *matcher_create(const struct subscription *sub, struct problems *problems)
{
    struct matcher *matcher =
        calloc(1, sizeof *matcher + sub->topics.count * sizeof matcher->patterns[0]);
    if (!matcher) {
        problems_add(problems, sub->at, "no memory for the subscription");
        return NULL;
    }
    matcher->sub = sub;
    for (size_t i = 0; i < sub->topics.count; i++) {
        if (add_pattern(matcher, &sub->topics.items[i]))
            continue;
        matcher_destroy(matcher); /* config/ has said what is wrong with it */
        return NULL;
    }
    return matcher;
}

void matcher_destroy(struct matcher *matcher)
{
    if (!matcher)
        return;
    for (size_t i = 0; i < matcher->pattern_count; i++)
        if (!matcher->patterns[i].name)
            regfree(&matcher->patterns[i].regex);
    free(matcher);
}

bool matcher_wants_topic(const struct matcher *matcher, const char *topic)
{
    for (size_t i = 0; i < matcher->pattern_count; i++) {
        const struct pattern *pattern = &matcher->patterns[i];
        bool is = pattern->name ? strcmp(pattern->name, topic) == 0
                                : regexec(&pattern->regex, topic, 0, NULL, 0) == 0;
        if (is)
            return true;
    }
    return false;
}

static bool wants_type(const struct texts *events, struct slice type)
{
    for (size_t i = 0; i < events->count; i++)
        if (glob_match(text_slice(&events->items[i]), type))
            return true;
    return events->count == 0;
}

static void explain_type(const struct texts *events, struct slice type, struct buffer *why_not)
{
    struct place at = events->items[0].at;
    buffer_print(why_not, "%s:%u:%u: events: \"%.*s\" is not ", at.file ? at.file : "", at.line,
                 at.column, SLICE_ARGS(type));
    for (size_t i = 0; i < events->count; i++) {
        if (i)
            buffer_add_text(why_not, i + 1 < events->count ? ", " : " or ");
        buffer_add_slice(why_not, text_slice(&events->items[i]));
    }
}

bool matcher_wants(const struct matcher *matcher, const struct event *ev, struct buffer *why_not)
{
    const struct subscription *sub = matcher->sub;
    if (ev->form == EVENT_NULL && !sub->deliver_tombstones) {
        if (why_not)
            buffer_print(why_not, "%s:%u:%u: tombstones: skip, and the event is one",
                         sub->at.file ? sub->at.file : "", sub->at.line, sub->at.column);
        return false;
    }
    if (wants_type(&sub->events, ev->type))
        return true;
    if (why_not)
        explain_type(&sub->events, ev->type, why_not);
    return false;
}
