/* grapnel.yaml and the subscription files it names, read and checked. Immutable once read. */
#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/log.h"
#include "config/problems.h"
#include "config/subscription.h"

enum results_format { RESULTS_JSON, RESULTS_AVRO };
enum results_record { RECORD_FINAL, RECORD_ATTEMPTS, RECORD_FAILURES };
enum role { ROLE_VIEWER, ROLE_ADMIN };

struct settings_topics {
    struct text results; /* not given: no results are written */
    struct text dead_letters;
    struct text retries; /* prefix */
    struct text state;
    struct text webhooks;
    bool create;
    unsigned partitions;  /* of those created; 0: the broker's default */
    unsigned replication; /* 0: the broker's default */
};

struct settings_registry {
    struct text url; /* not given: there is no registry */
    struct text username;
    struct text password;
    struct text ca_file;
    int64_t timeout_ms;
};

struct settings_token {
    struct text name;
    struct text token;
    enum role role;
};

struct settings_admin {
    struct text listen; /* HOST:PORT */
    struct settings_token *tokens;
    size_t token_count;
};

/* What each consumer group takes of limits.memory at the least: four times the least that
 * librdkafka may have fetched for it, since a quarter is for that. */
#define LIMITS_GROUP_BYTES ((size_t)64 << 10)

struct settings_limits {
    size_t memory_bytes;
    unsigned in_flight;
    unsigned workers;
};

struct settings {
    struct arena arena;           /* all of this, and the settings themselves */
    const struct yaml_node *root; /* as it is written */
    struct named_texts kafka;     /* librdkafka's properties, verbatim */
    struct settings_registry registry;
    struct settings_topics topics;
    enum results_format results_format;
    enum results_record results_record;
    struct subscription *subscriptions;
    size_t subscription_count;
    struct settings_admin admin;
    struct settings_limits limits;
    int64_t shutdown_grace_ms;
    bool transactional;
    struct text namespace_;
    enum log_level log_level;
    enum log_format log_format;
};

/* The rows of settings.def. */
extern const struct schema settings_schema;

/* Reads `path` and all it names. Every mistake is added to `problems`; the settings are returned
 * all the same as far as they could be read (NULL only when the file itself could not be), so that
 * the compilers of expressions can add theirs. Use them to run only when `problems` stayed empty.
 * The caller destroys them. Thread: any; reads files and the environment. */
struct settings *settings_load(const char *path, struct problems *problems);

/* The same for a reload: what only a restart changes is as in `first`, from which it is borrowed.
 */
struct settings *settings_load_again(const char *path, const struct settings *first,
                                     struct problems *problems);
void settings_destroy(struct settings *settings);

/* The subscription of that name; NULL: none. */
const struct subscription *settings_find(const struct settings *settings, struct slice name);

#endif
