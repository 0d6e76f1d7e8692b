/* The log: one line a call, one write a line, so that threads need no lock.
 *
 *   2026-11-23T15:04:05.123Z info  joined group=grapnel.orders partitions=12
 *
 * Fields are key=value, quoted where needed, or one JSON object a line. Values are given as
 * strings or numbers; a secret has no way here (struct secret is no string).
 * Thread: any. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_TEXT, LOG_JSON };

/* One key and its value. Made by the macros below. */
struct log_field {
    const char *key;
    enum { LOG_FIELD_TEXT, LOG_FIELD_INT } type;
    struct slice text;
    int64_t number;
};

#define LOG_TEXT_FIELD(k, v)  ((struct log_field){(k), LOG_FIELD_TEXT, slice_of(v), 0})
#define LOG_SLICE_FIELD(k, v) ((struct log_field){(k), LOG_FIELD_TEXT, (v), 0})
#define LOG_INT_FIELD(k, v)   ((struct log_field){(k), LOG_FIELD_INT, {NULL, 0}, (int64_t)(v)})

/* From the next line on. Call before threads start; later only the level may change. */
void log_configure(enum log_level level, enum log_format format);
bool log_enabled(enum log_level level);

void log_write(enum log_level level, const char *message, const struct log_field *fields,
               size_t count);

/* log_info("joined", STR("group", name), INT("partitions", n)); short names for readers' sake. */
#define STR(k, v)   LOG_TEXT_FIELD(k, v)
#define BYTES(k, v) LOG_SLICE_FIELD(k, v)
#define INT(k, v)   LOG_INT_FIELD(k, v)
#define LOG_AT(level, ...)                                                                         \
    do {                                                                                           \
        if (log_enabled(level))                                                                    \
            LOG_WITH(level, __VA_ARGS__, ((struct log_field){0}));                                 \
    } while (0)
#define LOG_WITH(level, message, ...)                                                              \
    log_write(level, message, (const struct log_field[]){__VA_ARGS__},                             \
              sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field) - 1)
#define log_debug(...) LOG_AT(LOG_DEBUG, __VA_ARGS__)
#define log_info(...)  LOG_AT(LOG_INFO, __VA_ARGS__)
#define log_warn(...)  LOG_AT(LOG_WARN, __VA_ARGS__)
#define log_error(...) LOG_AT(LOG_ERROR, __VA_ARGS__)

/* For a message that would repeat for every event: true once a minute for this `gate`, with how
 * many were held back since. One gate has one owner thread; zero-initialised is valid. */
struct log_gate {
    int64_t next_ms;
    uint64_t held_back;
};
bool log_gate_open(struct log_gate *gate, int64_t now_ms, uint64_t *held_back);

#endif
