#include "inspect/remembered.h"

#include "inspect/scan.h"

#define ASK_MS  5000
#define POLL_MS 200

static bool read_all(struct scan *scan, remembered_take *take, void *context,
                     struct state_reader *reader, struct error *err)
{
    struct scan_record record;
    struct state state;
    for (;;) {
        switch (scan_next(scan, POLL_MS, &record, err)) {
        case SCAN_RECORD:
            if (state_read(reader, record.key, record.value, &state, NULL) &&
                !take(context, &state))
                return error_set(err, ERROR_MEMORY, "no memory for what is remembered");
            break;
        case SCAN_QUIET:
            break;
        case SCAN_END:
            return true;
        case SCAN_FAILED:
            return false;
        }
    }
}

bool remembered_read(const struct settings *settings, remembered_take *take, void *context,
                     struct error *err)
{
    const struct scan_options options = {.bounded = true};
    struct state_reader reader = {0};
    struct error why = {0};
    struct scan *scan =
        scan_open(&settings->kafka, settings->topics.state.data, &options, ASK_MS, &why);
    bool fine = scan ? read_all(scan, take, context, &reader, &why)
                     : why.kind == ERROR_INPUT; /* no topic yet */
    scan_close(scan);
    state_reader_finish(&reader);
    if (!fine && err)
        *err = why;
    return fine;
}
