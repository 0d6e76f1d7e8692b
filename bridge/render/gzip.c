#include "render/gzip.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

#define LEVEL        6
#define WINDOW_BITS  (15 + 16) /* + 16: with gzip's header and check sum */
#define MEMORY_LEVEL 8

struct gzip {
    z_stream stream;
    bool begun;
};

struct gzip *gzip_create(void)
{
    return calloc(1, sizeof(struct gzip));
}

static void end(struct gzip *gzip)
{
    if (gzip->begun)
        deflateEnd(&gzip->stream);
    gzip->begun = false;
}

void gzip_destroy(struct gzip *gzip)
{
    if (!gzip)
        return;
    end(gzip);
    free(gzip);
}

static bool begin(struct gzip *gzip)
{
    if (gzip->begun)
        return deflateReset(&gzip->stream) == Z_OK;
    gzip->begun = deflateInit2(&gzip->stream, LEVEL, Z_DEFLATED, WINDOW_BITS, MEMORY_LEVEL,
                               Z_DEFAULT_STRATEGY) == Z_OK;
    return gzip->begun;
}

/* There is room for a byte less than the body has: what needs more isn't worth it. */
static bool pack(struct gzip *gzip, struct slice body, struct buffer *out)
{
    z_stream *stream = &gzip->stream;
    char *room = begin(gzip) ? buffer_reserve(out, body.size - 1) : NULL;
    if (!room)
        return false;
    stream->next_in = (z_const Bytef *)body.data;
    stream->avail_in = (uInt)body.size;
    stream->next_out = (Bytef *)room;
    stream->avail_out = (uInt)(body.size - 1);
    if (deflate(stream, Z_FINISH) != Z_STREAM_END)
        return false;
    out->size += body.size - 1 - stream->avail_out;
    return true;
}

bool gzip_pack(struct gzip *gzip, struct slice body, struct buffer *out)
{
    struct gzip own = {0};
    if (body.size < 2 || body.size > UINT_MAX)
        return false;
    bool packed = pack(gzip ? gzip : &own, body, out);
    end(&own);
    return packed;
}
