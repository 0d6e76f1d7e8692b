/* Who gets which partitions. What is owned stays where it is, what is free goes to who has least,
 * and where one has two more than another, one of them is to move: its owner is not given it again,
 * and nobody else is given it yet. */
#include <stdlib.h>

#include "sim/kafka/group_private.h"
#include "sim/world/memory.h"

static size_t count_of(const struct member *member)
{
    return member->assignment.count + member->promised;
}

static struct member *owner_of(const struct group *group, const struct kafka_log *log)
{
    for (struct list *link = group->members.next; link != &group->members; link = link->next) {
        struct member *member = CONTAINER_OF(link, struct member, link);
        if (places_have(&member->owned, log) && places_have(&member->wanted, log))
            return member;
    }
    return NULL;
}

static struct member *least_of(const struct group *group, const struct kafka_log *log)
{
    struct member *least = NULL;
    for (struct list *link = group->members.next; link != &group->members; link = link->next) {
        struct member *member = CONTAINER_OF(link, struct member, link);
        if (places_have(&member->wanted, log) && (!least || count_of(member) < count_of(least)))
            least = member;
    }
    return least;
}

static void collect(const struct group *group, struct kafka_places *all)
{
    for (struct list *link = group->members.next; link != &group->members; link = link->next) {
        const struct member *member = CONTAINER_OF(link, struct member, link);
        for (size_t i = 0; i < member->wanted.count; i++)
            if (!places_have(all, member->wanted.logs[i]))
                places_add(all, member->wanted.logs[i]);
    }
}

static void take_away(struct member *member, size_t at)
{
    member->assignment.count--;
    for (; at < member->assignment.count; at++)
        member->assignment.logs[at] = member->assignment.logs[at + 1];
}

/* Moves one from a member to one that has two less. False: there is none to move. */
static bool move_one(struct group *group, struct member *from)
{
    for (size_t i = 0; i < from->assignment.count; i++) {
        struct kafka_log *log = from->assignment.logs[i];
        struct member *to = least_of(group, log);
        if (!to || count_of(to) + 1 >= count_of(from))
            continue;
        bool owned = places_have(&from->owned, log);
        take_away(from, i);
        if (owned)
            to->promised++;
        else
            places_add(&to->assignment, log);
        return true;
    }
    return false;
}

static void balance(struct group *group)
{
    bool moved = true;
    while (moved) {
        moved = false;
        for (struct list *link = group->members.next; link != &group->members; link = link->next)
            moved = move_one(group, CONTAINER_OF(link, struct member, link)) || moved;
    }
}

void group_assign(struct group *group)
{
    struct kafka_places all = {0};
    for (struct list *link = group->members.next; link != &group->members; link = link->next) {
        struct member *member = CONTAINER_OF(link, struct member, link);
        places_finish(&member->assignment);
        member->promised = 0;
    }
    collect(group, &all);
    for (size_t i = 0; i < all.count; i++) {
        struct member *owner = owner_of(group, all.logs[i]);
        if (owner)
            places_add(&owner->assignment, all.logs[i]);
    }
    for (size_t i = 0; i < all.count; i++)
        if (!owner_of(group, all.logs[i]))
            places_add(&least_of(group, all.logs[i])->assignment, all.logs[i]);
    balance(group);
    places_finish(&all);
}
