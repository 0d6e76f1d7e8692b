/* Bodies packed by gzip (RFC 1952). Always the same bytes for the same body: no time is in them, so
 * that an attempt sends what the last one sent. */
#ifndef RENDER_GZIP_H
#define RENDER_GZIP_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/slice.h"

/* What packing takes: 256 KiB, from the first body on, and used for each after it. Owner: one
 * thread. */
struct gzip;

/* NULL: no memory. */
struct gzip *gzip_create(void);
void gzip_destroy(struct gzip *gzip);

/* Fills `out`, which is empty. False: packed it is not smaller, or there is no memory for it; then
 * it is sent as it is. `gzip` NULL: the state is made for this body alone. */
bool gzip_pack(struct gzip *gzip, struct slice body, struct buffer *out);

#endif
