/* The coordinator from the inside: for group.c (members and generations), group_assign.c (who gets
 * which partitions) and group_offsets.c (what is committed). */
#ifndef SIM_KAFKA_GROUP_PRIVATE_H
#define SIM_KAFKA_GROUP_PRIVATE_H

#include "sim/kafka/group.h"

struct group;

struct member {
    struct list link;
    struct group *group;
    char name[MEMBER_NAME_BYTES];
    struct process *by;
    int64_t session_us;
    int64_t rebalance_us;
    struct world_event session; /* ends where nothing is heard */
    struct kafka_places wanted;
    struct kafka_places owned; /* as it says itself */
    struct kafka_places assignment;
    size_t promised;            /* partitions that others are to give up for it */
    struct group_join *joining; /* waits for the answer; NULL: it does not */
    struct group_call *syncing;
};

enum group_state { GROUP_EMPTY, GROUP_PREPARING, GROUP_COMPLETING, GROUP_STABLE };

/* A name that was given to one that has asked to join, and has yet to ask again with it. */
struct applicant {
    struct list link;
    char name[MEMBER_NAME_BYTES];
};

struct group {
    struct list link;
    char name[GROUP_NAME_BYTES];
    enum group_state state;
    int generation;
    struct list members; /* the first is the leader */
    struct list applicants;
    struct world_event deadline; /* of those that have not joined yet */
    bool delayed;                /* waits for more members, if all there are have joined or not */
    struct group_offset *offsets;
    size_t offset_count;
};

/* Made where there is none. */
struct group *group_get(const char *name);
struct member *group_find_member(const struct group *group, const char *name);

/* It has been heard of. */
void group_touch(struct member *member);

/* Sets each member's `assignment`, of what they want and own. */
void group_assign(struct group *group);

#endif
