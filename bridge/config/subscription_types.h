/* The types that only subscription.def uses. */
#ifndef CONFIG_SUBSCRIPTION_TYPES_H
#define CONFIG_SUBSCRIPTION_TYPES_H

#include "config/schema.h"

extern const struct schema_type schema_name;            /* const char * */
extern const struct schema_type schema_group_name;      /* struct text */
extern const struct schema_type schema_topics;          /* struct texts */
extern const struct schema_type schema_start;           /* struct subscription_start */
extern const struct schema_type schema_url;             /* struct text */
extern const struct schema_type schema_header_name;     /* struct text */
extern const struct schema_type schema_headers;         /* struct named_texts */
extern const struct schema_type schema_header_patterns; /* struct texts */
extern const struct schema_type schema_body;     /* struct subscription_request: body, body_kind */
extern const struct schema_type schema_username; /* struct text */
extern const struct schema_type schema_password; /* struct text */
extern const struct schema_type schema_file;     /* struct text, made absolute */
extern const struct schema_type schema_pins;     /* struct text */
extern const struct schema_type schema_statuses; /* struct status_set, not empty */
extern const struct schema_type schema_statuses_or_none;
extern const struct schema_type schema_schedule; /* struct subscription_delivery: retry_… */

/* A topic's name as Kafka takes it: 1 to 249 of letters, digits, ., _ and -. */
bool schema_is_topic_name(struct slice name);

#endif
