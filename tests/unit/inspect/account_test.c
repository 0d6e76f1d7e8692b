#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "commit/metadata.h"
#include "inspect/account.h"

#define END  30000 /* more than three pages */
#define TIME INT64_C(1700000000000)
#define HOUR INT64_C(3600000)

/* One partition, committed up to `position`. */
static struct account_partition *open_account(struct account *account, int64_t position)
{
    *account = (struct account){0};
    struct account_partition *partition = account_add(account, 0, "orders", 0, 0, END);
    assert_non_null(partition);
    assert_true(metadata_read(SLICE_NONE, position, &partition->finished, NULL));
    account_sort(account);
    return partition;
}

static void each_record_is_one_of_the_four(void **state)
{
    (void)state;
    static const struct {
        int64_t offset;
        int notes; /* how many of them */
        enum account_note note[3];
        enum account_state is;
        bool twice;
    } rows[] = {
        {10, 1, {ACCOUNT_DELIVERED}, ACCOUNT_IS_DELIVERED, false},
        {11, 1, {ACCOUNT_DEAD}, ACCOUNT_IS_DEAD, false},
        {12, 2, {ACCOUNT_DEAD, ACCOUNT_LETTER}, ACCOUNT_IS_DEAD, false},
        {13, 1, {ACCOUNT_LETTER}, ACCOUNT_IS_DEAD, false},
        {14, 1, {ACCOUNT_WAITING}, ACCOUNT_IS_UNDER_WAY, false},
        {15, 3, {ACCOUNT_WAITING, ACCOUNT_DEAD, ACCOUNT_LETTER}, ACCOUNT_IS_UNDER_WAY, false},
        {16, 3, {ACCOUNT_DEAD, ACCOUNT_DELIVERED, ACCOUNT_LETTER}, ACCOUNT_IS_DELIVERED, true},
        {17, 2, {ACCOUNT_DELIVERED, ACCOUNT_DELIVERED}, ACCOUNT_IS_DELIVERED, true},
        {18, 2, {ACCOUNT_WAITING, ACCOUNT_DELIVERED}, ACCOUNT_IS_DELIVERED, false},
        {19, 3, {ACCOUNT_DEAD, ACCOUNT_DEAD, ACCOUNT_LETTER}, ACCOUNT_IS_DEAD, true},
        {20, 0, {ACCOUNT_DEAD}, ACCOUNT_IS_MISSING, false},
        {8191, 1, {ACCOUNT_DELIVERED}, ACCOUNT_IS_DELIVERED, false},
        {8192, 0, {ACCOUNT_DEAD}, ACCOUNT_IS_MISSING, false},
        {19999, 0, {ACCOUNT_DEAD}, ACCOUNT_IS_MISSING, false},
        {20000, 0, {ACCOUNT_DEAD}, ACCOUNT_IS_UNDER_WAY, false},
        {20001, 1, {ACCOUNT_DELIVERED}, ACCOUNT_IS_DELIVERED, false},
        {END - 1, 0, {ACCOUNT_DEAD}, ACCOUNT_IS_UNDER_WAY, false},
    };
    struct account account;
    struct account_counts counts = {0};
    struct account_partition *partition = open_account(&account, 20000);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        for (int n = 0; n < rows[i].notes; n++)
            assert_true(account_note(partition, rows[i].offset, TIME, rows[i].note[n]));
    assert_int_equal(partition->first_noted, 10);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint64_t twice = counts.twice;
        enum account_state is = account_judge(&account, partition, rows[i].offset, TIME);
        assert_int_equal(is, rows[i].is);
        account_count(&counts, partition, rows[i].offset, TIME, is);
        assert_int_equal(counts.twice - twice, rows[i].twice);
    }
    assert_int_equal(counts.matching, COUNT_OF(rows));
    assert_int_equal(counts.delivered + counts.dead + counts.under_way + counts.missing,
                     counts.matching);
    assert_int_equal(counts.missing, 3);
    account_finish(&account);
}

/* Offsets 10 and 11 as they were in three topics of one name, one after another, each an hour
 * later. */
static void an_outcome_proves_the_record_of_its_time(void **state)
{
    (void)state;
    const int64_t none = ACCOUNT_NO_TIME;
    const int64_t far = INT64_C(1790000000000000); /* of a producer that counts microseconds */
    const struct {
        int notes;
        struct {
            int64_t at;
            enum account_note note;
        } note[4];
        int64_t record_at;
        enum account_state is;
        bool twice;
    } rows[] = {
        {1, {{TIME, ACCOUNT_DELIVERED}}, TIME, ACCOUNT_IS_DELIVERED, false},
        {1, {{TIME, ACCOUNT_DELIVERED}}, TIME + HOUR, ACCOUNT_IS_MISSING, false},
        {1, {{TIME, ACCOUNT_DELIVERED}}, TIME + 1, ACCOUNT_IS_MISSING, false},
        {1, {{TIME, ACCOUNT_LETTER}}, TIME + HOUR, ACCOUNT_IS_MISSING, false},
        {1, {{TIME, ACCOUNT_WAITING}}, TIME + HOUR, ACCOUNT_IS_MISSING, false},
        {1, {{TIME, ACCOUNT_DELIVERED}}, none, ACCOUNT_IS_MISSING, false},
        {1, {{none, ACCOUNT_DELIVERED}}, TIME, ACCOUNT_IS_DELIVERED, false},
        {1, {{none, ACCOUNT_DELIVERED}}, none, ACCOUNT_IS_DELIVERED, false},
        {1, {{0, ACCOUNT_DELIVERED}}, 0, ACCOUNT_IS_DELIVERED, false},
        {1, {{0, ACCOUNT_DELIVERED}}, TIME, ACCOUNT_IS_MISSING, false},
        {1, {{far % (INT64_C(86400000) * 3652425), ACCOUNT_DEAD}}, far, ACCOUNT_IS_DEAD, false},
        {3,
         {{TIME, ACCOUNT_DELIVERED}, {TIME + HOUR, ACCOUNT_DEAD}, {TIME + HOUR, ACCOUNT_LETTER}},
         TIME + HOUR,
         ACCOUNT_IS_DEAD,
         false},
        {3,
         {{TIME, ACCOUNT_DEAD}, {TIME + HOUR, ACCOUNT_DEAD}, {TIME + 2 * HOUR, ACCOUNT_DELIVERED}},
         TIME + 2 * HOUR,
         ACCOUNT_IS_DELIVERED,
         false},
        {3,
         {{TIME, ACCOUNT_DELIVERED}, {TIME + HOUR, ACCOUNT_DEAD}, {TIME, ACCOUNT_DELIVERED}},
         TIME + HOUR,
         ACCOUNT_IS_DEAD,
         false},
        {3,
         {{TIME, ACCOUNT_DELIVERED}, {TIME + HOUR, ACCOUNT_DEAD}, {TIME, ACCOUNT_DELIVERED}},
         TIME,
         ACCOUNT_IS_DELIVERED,
         true},
        {2,
         {{none, ACCOUNT_DELIVERED}, {TIME, ACCOUNT_DELIVERED}},
         TIME,
         ACCOUNT_IS_DELIVERED,
         true},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct account account;
        struct account_counts counts = {0};
        struct account_partition *partition = open_account(&account, END);
        for (int n = 0; n < rows[i].notes; n++)
            for (int64_t offset = 10; offset <= 11; offset++)
                assert_true(
                    account_note(partition, offset, rows[i].note[n].at, rows[i].note[n].note));
        for (int64_t offset = 10; offset <= 11; offset++) {
            enum account_state is = account_judge(&account, partition, offset, rows[i].record_at);
            assert_int_equal(is, rows[i].is);
            account_count(&counts, partition, offset, rows[i].record_at, is);
        }
        assert_int_equal(counts.twice, rows[i].twice ? 2 : 0);
        assert_int_equal(account_judge(&account, partition, 12, TIME), ACCOUNT_IS_MISSING);
        account_finish(&account);
    }
}

static void without_results_what_is_committed_is_unproven(void **state)
{
    (void)state;
    struct account account;
    struct account_counts counts = {0};
    struct account_partition *partition = open_account(&account, 20);
    account.silent = true;
    assert_true(account_note(partition, 3, TIME, ACCOUNT_DEAD));
    for (int64_t offset = 0; offset < 30; offset++)
        account_count(&counts, partition, offset, TIME,
                      account_judge(&account, partition, offset, TIME));
    assert_int_equal(counts.unproven, 19);
    assert_int_equal(counts.dead, 1);
    assert_int_equal(counts.under_way, 10);
    assert_int_equal(counts.missing, 0);
    account_finish(&account);
}

static void what_finished_above_the_commit_must_have_an_outcome_too(void **state)
{
    (void)state;
    struct account account = {0};
    struct account_partition *partition = account_add(&account, 0, "orders", 0, 0, 100);
    struct ledger_range *known = malloc(2 * sizeof *known);
    known[0] = (struct ledger_range){12, 14};
    known[1] = (struct ledger_range){20, 21};
    ledger_begin(&partition->finished, 10, known, 2);
    account_sort(&account);
    for (int64_t offset = 0; offset < 30; offset++) {
        bool finished = offset < 10 || offset == 12 || offset == 13 || offset == 20;
        assert_int_equal(account_judge(&account, partition, offset, TIME),
                         finished ? ACCOUNT_IS_MISSING : ACCOUNT_IS_UNDER_WAY);
    }
    account_finish(&account);
}

static void nothing_is_committed_where_a_group_never_was(void **state)
{
    (void)state;
    struct account account = {0};
    struct account_partition *partition = account_add(&account, 0, "orders", 0, 5, 10);
    account_sort(&account);
    assert_int_equal(account_judge(&account, partition, 5, TIME), ACCOUNT_IS_UNDER_WAY);
    account_finish(&account);
}

static void what_is_out_of_range_is_nobodys_business(void **state)
{
    (void)state;
    struct account account = {0};
    struct account_partition *partition = account_add(&account, 0, "orders", 0, 5, 10);
    static const int64_t outside[] = {INT64_MIN, -1, 4, 10, INT64_MAX};
    for (size_t i = 0; i < COUNT_OF(outside); i++)
        assert_true(account_note(partition, outside[i], TIME, ACCOUNT_DELIVERED));
    assert_int_equal(partition->first_noted, 10);
    assert_non_null(account_add(&account, 0, "orders", 1, 10, 5)); /* an empty one */
    account_finish(&account);
}

static void what_is_known_from_before_the_start_counts(void **state)
{
    (void)state;
    struct account account = {0};
    struct account_partition *partition = account_add(&account, 0, "orders", 0, 5, 100);
    assert_int_equal(account_from(partition), 5);
    partition->start = 50;
    assert_int_equal(account_from(partition), 50);
    assert_true(account_note(partition, 60, TIME, ACCOUNT_DELIVERED));
    assert_int_equal(account_from(partition), 50);
    assert_true(account_note(partition, 7, TIME, ACCOUNT_LETTER));
    assert_int_equal(account_from(partition), 7);
    account_finish(&account);
}

static void partitions_are_found_by_subscription_topic_and_number(void **state)
{
    (void)state;
    static const char *const topics[] = {"orders", "order", "orders.eu", "payments"};
    struct account account = {0};
    for (unsigned sub = 0; sub < 5; sub++)
        for (size_t t = 0; t < COUNT_OF(topics); t++)
            for (int32_t p = 0; p < 3; p++)
                if (sub != 2 || p != 1)
                    assert_non_null(account_add(&account, sub, topics[t], p, 0, 10));
    account_sort(&account);
    for (unsigned sub = 0; sub < 5; sub++)
        for (size_t t = 0; t < COUNT_OF(topics); t++)
            for (int32_t p = 0; p < 3; p++) {
                const struct account_partition *found =
                    account_find(&account, sub, slice_of(topics[t]), p);
                assert_int_equal(found != NULL, sub != 2 || p != 1);
                assert_true(!found || (found->subscription == sub && found->partition == p &&
                                       slice_is(slice_of(topics[t]), found->topic)));
            }
    size_t count = 0;
    struct account_partition *first = account_first(&account, SLICE("orders"), 1, &count);
    assert_int_equal(count, 4);
    static const unsigned subs[] = {0, 1, 3, 4};
    for (size_t i = 0; i < count; i++)
        assert_int_equal(first[i].subscription, subs[i]);
    assert_null(account_first(&account, SLICE("orders"), 3, &count));
    assert_int_equal(count, 0);
    assert_null(account_find(&account, 0, SLICE(""), 0));
    assert_null(account_find(&account, 5, SLICE("orders"), 0));
    account_finish(&account);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_record_is_one_of_the_four),
        cmocka_unit_test(an_outcome_proves_the_record_of_its_time),
        cmocka_unit_test(without_results_what_is_committed_is_unproven),
        cmocka_unit_test(what_finished_above_the_commit_must_have_an_outcome_too),
        cmocka_unit_test(nothing_is_committed_where_a_group_never_was),
        cmocka_unit_test(what_is_out_of_range_is_nobodys_business),
        cmocka_unit_test(what_is_known_from_before_the_start_counts),
        cmocka_unit_test(partitions_are_found_by_subscription_topic_and_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
