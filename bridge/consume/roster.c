#include "consume/roster.h"

#include <string.h>

const struct roster_owner *roster_find(const struct roster *roster, struct slice name)
{
    size_t low = 0;
    size_t high = roster->owner_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = slice_compare(slice_of(roster->owners[middle].name), name);
        if (order == 0)
            return &roster->owners[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct roster_lane *roster_lane(const struct roster *roster, const char *group)
{
    for (size_t i = 0; i < roster->lane_count; i++)
        if (strcmp(roster->lanes[i].group, group) == 0)
            return &roster->lanes[i];
    return NULL;
}
