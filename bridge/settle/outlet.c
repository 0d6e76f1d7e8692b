#include "settle/outlet.h"

void outlet_send(struct outlet *outlet, int64_t now_ms)
{
    bool again = outlet->purged_ms > 0 && now_ms < outlet->purged_ms + OUTLET_LATE_MS;
    if (outlet->under_way++ == 0 && !again)
        outlet->since_ms = now_ms;
}

void outlet_stored(struct outlet *outlet, int64_t now_ms)
{
    outlet->under_way--;
    outlet->since_ms = now_ms;
    outlet->purged_ms = 0;
    outlet->failing = false;
}

void outlet_failed(struct outlet *outlet)
{
    outlet->under_way--;
    outlet->failing = true;
}

void outlet_refused(struct outlet *outlet)
{
    outlet->under_way--;
    outlet->failing = false;
}

void outlet_purged(struct outlet *outlet, int64_t now_ms)
{
    outlet->under_way--;
    outlet->purged_ms = now_ms;
}

void outlet_purged_all(struct outlet *outlet, int64_t now_ms)
{
    if (outlet->under_way > 0)
        outlet->purged_ms = now_ms;
    outlet->under_way = 0;
}

bool outlet_is_late(struct outlet *outlet, int64_t now_ms)
{
    if (outlet->under_way == 0 || now_ms < outlet->since_ms + OUTLET_LATE_MS)
        return false;
    outlet->since_ms = now_ms;
    outlet->failing = true;
    return true;
}
