/* What a sample came to at one subscription, for programs. */
#ifndef CLI_TRIAL_JSON_H
#define CLI_TRIAL_JSON_H

#include "base/buffer.h"
#include "cli/trial.h"

/* One JSON object: `subscription`, `verdict` (taken, not-taken or dead-letter), and `request`
 * (method, url, headers, body or body_base64 as the receiver reads it, sent_bytes) or `why`, of a
 * dead letter also `reason`. Secrets are masked unless they are asked for. Thread: main. */
void trial_add_json(struct buffer *out, const struct route *route, const struct trial *trial,
                    enum trial_verdict verdict, bool show_secrets);

#endif
