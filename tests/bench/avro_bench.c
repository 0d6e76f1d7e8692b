/* What an Avro value costs, on one core: read by avro-c into its own values, and as JSON text by
 * ours, which may take twice as long and no more (else exit 1); then as a whole event. Prints CPU
 * microseconds a value; the rounds take turns, so that what else runs counts for both. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <avro.h>

#include "base/hex.h"
#include "base/jtext.h"
#include "decode/avro.h"
#include "decode/avro_plan.h"

#define ROUNDS 20
#define VALUES 10000

static const char schema[] =
    "{\"type\":\"record\",\"name\":\"OrderCreated\",\"namespace\":\"shop\",\"fields\":[{\""
    "name\":\"id\",\"type\":{\"type\":\"string\",\"logicalType\":\"uuid\"}},{\"name\":\"typ"
    "e\",\"type\":\"string\"},{\"name\":\"tenant\",\"type\":\"string\"},{\"name\":\"time\",\""
    "type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}},{\"name\":\"data\""
    ",\"type\":{\"type\":\"record\",\"name\":\"Order\",\"fields\":[{\"name\":\"invoice\",\"t"
    "ype\":\"string\"},{\"name\":\"amount\",\"type\":{\"type\":\"bytes\",\"logicalType\":\""
    "decimal\",\"precision\":12,\"scale\":2}},{\"name\":\"currency\",\"type\":{\"type\":"
    "\"enum\",\"name\":\"Currency\",\"symbols\":[\"EUR\",\"USD\",\"GBP\"]}},{\"name\":\"cust"
    "omer\",\"type\":{\"type\":\"record\",\"name\":\"Customer\",\"fields\":[{\"name\":\"id\""
    ",\"type\":\"long\"},{\"name\":\"name\",\"type\":\"string\"},{\"name\":\"email\",\"type\""
    ":[\"null\",\"string\"],\"default\":null},{\"name\":\"address\",\"type\":{\"type\":\"r"
    "ecord\",\"name\":\"Address\",\"fields\":[{\"name\":\"street\",\"type\":\"string\"},{\""
    "name\":\"city\",\"type\":\"string\"},{\"name\":\"zip\",\"type\":\"string\"},{\"name\":\""
    "country\",\"type\":\"string\"}]}}]}},{\"name\":\"items\",\"type\":{\"type\":\"array\""
    ",\"items\":{\"type\":\"record\",\"name\":\"Item\",\"fields\":[{\"name\":\"sku\",\"type\""
    ":\"string\"},{\"name\":\"quantity\",\"type\":\"int\"},{\"name\":\"price\",\"type\":\"do"
    "uble\"},{\"name\":\"title\",\"type\":[\"null\",\"string\"]}]}}},{\"name\":\"note\",\"t"
    "ype\":[\"null\",\"string\"]},{\"name\":\"paid\",\"type\":\"boolean\"},{\"name\":\"coup"
    "on\",\"type\":[\"null\",\"string\"]},{\"name\":\"tags\",\"type\":{\"type\":\"array\",\"i"
    "tems\":\"string\"}},{\"name\":\"channel\",\"type\":\"string\"},{\"name\":\"labels\",\""
    "type\":{\"type\":\"map\",\"values\":\"string\"}}]}}]}";

/* Written by Python's fastavro. */
static const char value[] =
    "4835663063316635652d386331642d346135352d396636622d3165366132663163396437371a6f726465722e"
    "637265617465640861636d65869cfc8ec1681e494e562d323032362d30303031323304100e00aa84ccde8fbd"
    "88a2221a4a6f73c3a92047617263c3ad6102206a6f7365406578616d706c652e636f6d1a43616c6c65204d61"
    "796f7220310c4d61647269640a32383031330445530606412d31049a999999991924400232416e63686f722c"
    "20736d616c6c2c2067616c76616e6973656408422d32320200000000000035400220526f7065203130206d20"
    "22626c75652206432d33060000000000000000020e537469636b657200028e03506c656173652072696e6720"
    "7468652062656c6c2074776963652c207468656e207761697420666f7220736f6d65626f647920746f20636f"
    "6d6520746f2074686520646f6f723b2074686520646f6720697320667269656e646c79206275742069742064"
    "6f6573206261726b2061742065766572797468696e672074686174206d6f7665732e204c6561766520697420"
    "77697468207468652070656f706c65206e65787420646f6f72206966206e6f626f647920636f6d65732c2061"
    "6e642063616c6c206d652e010006066e657706776562107072696f72697479001473746f726566726f6e7404"
    "046970163230332e302e3131332e370a6167656e74644d6f7a696c6c612f352e3020285831313b204c696e75"
    "78207838365f363429204170706c655765624b69742f3533372e333600";

static void check(bool fine, const char *what)
{
    if (fine)
        return;
    fprintf(stderr, "%s\n", what);
    exit(1);
}

static double cpu_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static double read_values(avro_reader_t reader, avro_value_t *into, struct slice bytes)
{
    double start_us = cpu_us();
    for (int i = 0; i < VALUES; i++) {
        avro_reader_memory_set_source(reader, bytes.data, (int64_t)bytes.size);
        check(avro_value_read(reader, into) == 0, avro_strerror());
    }
    return cpu_us() - start_us;
}

static double write_json(struct avro_reading *reading, struct avro_plan *plan, struct slice bytes,
                         struct buffer *out)
{
    struct error err = {0};
    double start_us = cpu_us();
    for (int i = 0; i < VALUES; i++) {
        buffer_clear(out);
        check(avro_reading_to_json(reading, plan, bytes, out, &err), err.text);
    }
    return cpu_us() - start_us;
}

static double read_json(struct jtext *json, const struct buffer *text)
{
    double start_us = cpu_us();
    for (int i = 0; i < VALUES; i++)
        check(jtext_read(json, buffer_slice(text), NULL), "not JSON");
    return cpu_us() - start_us;
}

int main(void)
{
    struct slice text = {schema, sizeof schema - 1};
    struct buffer bytes = {0}, out = {0};
    struct error err = {0};
    struct jtext json = {0};
    avro_value_t into;
    check(hex_decode((struct slice){value, sizeof value - 1}, &bytes), "not hexadecimal");
    struct avro_plan *plan = avro_plan_create(&text, 1, &err);
    check(plan, err.text);
    struct avro_reading *reading = avro_reading_create();
    avro_reader_t reader = avro_reader_memory("", 0);
    avro_value_iface_t *type = avro_generic_class_from_schema(plan->root->schema);
    check(reading && reader && type && avro_generic_value_new(type, &into) == 0, "no memory");
    double avro_us = 0, json_us = 0, event_us = 0;
    for (int i = -1; i < ROUNDS; i++) { /* the first warms up */
        double a = read_values(reader, &into, buffer_slice(&bytes));
        double b = write_json(reading, plan, buffer_slice(&bytes), &out);
        double c = read_json(&json, &out);
        avro_us += i < 0 ? 0 : a;
        json_us += i < 0 ? 0 : b;
        event_us += i < 0 ? 0 : b + c;
    }
    const double count = (double)ROUNDS * VALUES;
    printf("%zu bytes of Avro, %zu of JSON, %.0f values\n", bytes.size, out.size, count);
    printf("%-45s %6.3f us\n", "avro-c reads it into its own values", avro_us / count);
    printf("%-45s %6.3f us, %.2f times that\n", "as JSON text", json_us / count, json_us / avro_us);
    printf("%-45s %6.3f us\n", "as JSON text, and its values found", event_us / count);
    avro_value_decref(&into);
    avro_value_iface_decref(type);
    avro_reader_free(reader);
    avro_reading_destroy(reading);
    avro_plan_destroy(plan);
    jtext_finish(&json);
    buffer_finish(&bytes);
    buffer_finish(&out);
    return json_us > 2 * avro_us;
}
