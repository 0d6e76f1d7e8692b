/* What a result costs, on one core: as JSON, and as Avro, which may take twice as long and no more
 * (else exit 1). Prints CPU microseconds a result; the rounds take turns, so that what else runs
 * counts for both. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "settle/result.h"
#include "settle/result_avro.h"

#define ROUNDS  20
#define RESULTS 20000

static const struct record record = {
    .topic = "shop.orders", .partition = 7, .offset = 812345, .timestamp_ms = 1763910245123};
static const struct outcome outcome = {
    .status = 200,
    .error = "",
    .response = SLICE_INIT("{\"ok\":true,\"request\":\"5f0c1f5e-8c1d-4a55-9f6b-1e6a2f1c9d77\"}"),
    .method = "POST",
    .url = "https://dash.example.com/acme/hook?Amount=41.10&Invoice=INV-2026-001204",
    .started_unix_ms = 1763910246000,
    .duration_us = 12600,
};
static const struct verdict verdict = {
    .record = &record,
    .id = SLICE_INIT("shop.orders-7-812345"),
    .subscription = SLICE_INIT("orders-to-dashboard"),
    .event_type = SLICE_INIT("order.created"),
    .outcome = &outcome,
    .fate = FATE_DELIVERED,
    .attempts = 1,
    .instance = "grapnel-7f9c6d-4x2lp-1",
};

static double cpu_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static double write_json(struct buffer *out)
{
    double start_us = cpu_us();
    for (int i = 0; i < RESULTS; i++) {
        buffer_clear(out);
        result_write(&verdict, out);
    }
    return cpu_us() - start_us;
}

static double write_avro(struct result_avro *avro, struct buffer *out)
{
    double start_us = cpu_us();
    for (int i = 0; i < RESULTS; i++) {
        buffer_clear(out);
        result_avro_write(avro, 7, &verdict, out);
    }
    return cpu_us() - start_us;
}

int main(void)
{
    struct buffer json = {0}, binary = {0};
    struct result_avro *avro = result_avro_create(NULL);
    double json_us = 0, avro_us = 0;
    for (int i = -1; avro && i < ROUNDS; i++) { /* the first warms up */
        double a = write_json(&json);
        double b = write_avro(avro, &binary);
        json_us += i < 0 ? 0 : a;
        avro_us += i < 0 ? 0 : b;
    }
    const double count = (double)ROUNDS * RESULTS;
    printf("%-30s %5zu bytes %6.3f us\n", "a result as JSON", json.size, json_us / count);
    printf("%-30s %5zu bytes %6.3f us, %.2f times that\n", "as Avro", binary.size, avro_us / count,
           avro_us / json_us);
    bool fine = avro && !json.failed && !binary.failed && avro_us <= 2 * json_us;
    result_avro_destroy(avro);
    buffer_finish(&json);
    buffer_finish(&binary);
    return !fine;
}
