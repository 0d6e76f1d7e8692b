/* Offsets that are committed by the recorder's transactions, not by the lanes themselves.
 *
 * The happy path: the recorder asks when all that a transaction holds is written; the records of it
 * are expected to finish with it, and the offsets behind them go into the same transaction. When it
 * is committed they come home.
 * What can fail: the transaction. Its records stay with the recorder, which writes them again in
 * the next one; they count as under way again, and the offsets are news once more. A partition that
 * has been taken away meanwhile: Kafka refuses offsets of a former generation, and in the next
 * settlement its records are lost. */
#include <stdlib.h>

#include "base/memory.h"
#include "consume/lane_private.h"
#include "consume/settlement.h"

void settlement_clear(struct settlement *settlement)
{
    for (size_t i = 0; i < settlement->group_count; i++) {
        rd_kafka_consumer_group_metadata_destroy(settlement->groups[i].member);
        rd_kafka_topic_partition_list_destroy(settlement->groups[i].offsets);
    }
    free(settlement->groups);
    settlement->groups = NULL;
    settlement->group_count = 0;
}

/* NULL: it has been lost. */
static struct partition *partition_of(struct lane *lane, const struct record_home *home)
{
    struct partition *partition = partitions_find(&lane->partitions, home->topic, home->partition);
    return partition && partition->assignment == home->assignment ? partition : NULL;
}

void lane_settle(struct lane *lane, struct settled_record *settled)
{
    const struct record_home *home = &settled->record->home;
    struct partition *partition = partition_of(lane, home);
    settled->lost = !partition;
    if (settled->lost)
        return;
    ledger_expect(&partition->ledger, home->ledger_place);
    partition->dirty = true;
}

void lane_unsettle(struct lane *lane, const struct settled_record *settled)
{
    const struct record_home *home = &settled->record->home;
    struct partition *partition = partition_of(lane, home);
    if (partition)
        ledger_withdraw(&partition->ledger, home->ledger_place);
}

/* While Kafka has not said what came of a transaction, the lane must not commit more of its
 * partitions by itself: the transaction's offsets would come after, and go back. */
static void note_settling(struct lane *lane, const rd_kafka_topic_partition_list_t *offsets,
                          bool settling)
{
    for (int i = 0; i < offsets->cnt; i++) {
        struct partition *partition = partitions_find(&lane->partitions, offsets->elems[i].topic,
                                                      offsets->elems[i].partition);
        if (partition)
            partition->settling = settling;
    }
}

void lane_add_offsets(struct lane *lane, struct settlement *settlement)
{
    rd_kafka_topic_partition_list_t *offsets = assignment_positions(lane);
    if (offsets->cnt == 0) {
        rd_kafka_topic_partition_list_destroy(offsets);
        return;
    }
    note_settling(lane, offsets, true);
    size_t bytes = (settlement->group_count + 1) * sizeof *settlement->groups;
    settlement->groups = memory_need(realloc(settlement->groups, bytes));
    settlement->groups[settlement->group_count++] = (struct settlement_group){
        .lane = lane,
        .member = rd_kafka_consumer_group_metadata(lane->rk),
        .offsets = offsets,
    };
}

void lane_conclude(struct lane *lane, const struct settlement *settlement)
{
    for (size_t i = 0; i < settlement->group_count; i++) {
        const struct settlement_group *group = &settlement->groups[i];
        if (group->lane != lane)
            continue;
        note_settling(lane, group->offsets, false);
        assignment_conclude(lane, settlement->fine, group->offsets);
    }
    assignment_leave(lane);
}
