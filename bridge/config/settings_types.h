/* The types that only settings.def uses. */
#ifndef CONFIG_SETTINGS_TYPES_H
#define CONFIG_SETTINGS_TYPES_H

#include "config/schema.h"

extern const struct schema_type schema_properties;    /* struct named_texts */
extern const struct schema_type schema_base_url;      /* struct text */
extern const struct schema_type schema_topic;         /* struct text */
extern const struct schema_type schema_topic_or_none; /* struct text */
extern const struct schema_type schema_address;       /* struct text */
extern const struct schema_type schema_tokens;        /* struct settings_admin: tokens */
extern const struct schema_type schema_namespace;     /* struct text */

/* Does HOST:PORT name this machine alone? */
bool schema_is_loopback(struct slice address);

#endif
