#include "config/groups.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define REGISTERED "registered" /* the group of the webhooks registered over the API */

static int by_group(const void *left, const void *right)
{
    const struct subscription *a = *(const struct subscription *const *)left;
    const struct subscription *b = *(const struct subscription *const *)right;
    int order = strcmp(subscription_group(a), subscription_group(b));
    return order ? order : (a > b) - (a < b); /* in the order they are written */
}

static void check_pair(const struct subscription *first, const struct subscription *sub,
                       struct problems *problems)
{
    const char *group = subscription_group(sub);
    if (!first->group.data || !sub->group.data) {
        const struct subscription *owner = first->group.data ? sub : first;
        const struct subscription *guest = first->group.data ? first : sub;
        problems_add(problems, guest->group.at,
                     "group: " GROUP_PREFIX
                     "%s is the consumer group of the subscription %s at %s:%u:%u; "
                     "to share it, give that one the group too",
                     group, owner->name, owner->at.file, owner->at.line, owner->at.column);
        return;
    }
    if (first->start.at != sub->start.at || first->start.unix_ms != sub->start.unix_ms)
        problems_add(
            problems, sub->at,
            "start: it is the group's, and %s, which shares the group %s, begins elsewhere",
            first->name, group);
    if (first->delivery.ordered || sub->delivery.ordered)
        problems_add(problems, first->delivery.ordered ? first->group.at : sub->group.at,
                     "group: order: key needs a consumer group of its own, and %s is shared",
                     group);
}

static void check_reserved(const struct settings *settings, const struct subscription *sub,
                           struct problems *problems)
{
    const char *group = subscription_group(sub);
    const char *retries = settings->topics.retries.data; /* its group has that name */
    const char *whose = NULL;
    if (strcmp(group, REGISTERED) == 0)
        whose = "webhooks registered over the API";
    else if (retries && strncmp(retries, GROUP_PREFIX, sizeof GROUP_PREFIX - 1) == 0 &&
             strcmp(group, retries + sizeof GROUP_PREFIX - 1) == 0)
        whose = "retry topics (topics.retries)";
    if (whose)
        problems_add(problems, sub->group.data ? sub->group.at : sub->at,
                     "%s: " GROUP_PREFIX "%s is the consumer group of the %s",
                     sub->group.data ? "group" : "name", group, whose);
}

/* The retry topics have a group too. */
static void check_memory(const struct settings *settings, size_t groups, struct problems *problems)
{
    size_t most = settings->limits.memory_bytes / LIMITS_GROUP_BYTES - 1;
    if (groups > most)
        problems_add(problems, settings->subscriptions[0].at,
                     "limits.memory: it is enough for %zu consumer groups, and there are %zu; with "
                     "more of it there can be more, and subscriptions can share one (group)",
                     most, groups);
}

/* Names that are taken twice have been reported; they share a group by mistake. */
static bool same_name(const struct subscription *a, const struct subscription *b)
{
    return strcmp(a->name, b->name) == 0;
}

void groups_check(const struct settings *settings, struct problems *problems)
{
    size_t count = 0;
    size_t groups = 0;
    const struct subscription **subs =
        memory_need(calloc(settings->subscription_count + 1, sizeof(const struct subscription *)));
    for (size_t i = 0; i < settings->subscription_count; i++)
        if (settings->subscriptions[i].name)
            subs[count++] = &settings->subscriptions[i];
    if (count)
        qsort(subs, count, sizeof(const struct subscription *), by_group);
    const struct subscription *first = NULL;
    for (size_t i = 0; i < count; i++) {
        check_reserved(settings, subs[i], problems);
        if (!first || strcmp(subscription_group(first), subscription_group(subs[i])) != 0) {
            first = subs[i];
            groups++;
        } else if (!same_name(first, subs[i])) {
            check_pair(first, subs[i], problems);
        }
    }
    check_memory(settings, groups, problems);
    free(subs);
}
