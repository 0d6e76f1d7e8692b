/* What has finished above the committed offset, as text in the commit's metadata, so that it is not
 * sent again after a restart or a rebalance.
 *
 *   "g1:POSITION:KIND:BASE64"
 *
 * POSITION is the committed offset that it belongs to. KIND says what the bytes are, whichever is
 * shorter: `b` a bitmap from POSITION on, lowest bit first, 1 for finished; `r` run lengths as
 * LEB128 numbers, alternately of unfinished and of finished offsets, beginning with unfinished.
 * Offsets that do not exist count as finished.
 *
 * Pure. Whatever else is found there (another program's, another version's, garbage) is refused,
 * which costs duplicates and nothing else. */
#ifndef COMMIT_METADATA_H
#define COMMIT_METADATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"
#include "commit/ledger.h"

#define METADATA_BYTES 4096 /* the broker's default for offset.metadata.max.bytes */

/* Writes at most METADATA_BYTES and a NUL; "" where nothing above the position is finished. What
 * does not fit is left out from the end: it would be sent again. False: no memory. */
bool metadata_write(const struct ledger *ledger, char text[METADATA_BYTES + 1]) MUST_CHECK;

/* Begins `ledger`, which is empty, at `position` with what `text` says is finished. False and
 * ERROR_INPUT when the text is not ours or does not belong to the position, or there is no memory:
 * the ledger then begins there with nothing finished. An empty text is fine. */
bool metadata_read(struct slice text, int64_t position, struct ledger *ledger, struct error *err);

/* Would the metadata still fit after one more record at `offset`, whatever finishes first? */
bool metadata_has_room(const struct ledger *ledger, int64_t offset);

#endif
