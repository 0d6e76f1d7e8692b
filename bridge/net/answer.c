#include "net/answer.h"

#include <ctype.h>

void answer_clear(struct answer *answer)
{
    answer->status = 0;
    answer->complete = false;
    answer->broken = NULL;
    answer->head_bytes = 0;
    answer->body_bytes = 0;
    answer->has_retry_after = false;
}

static struct slice trim(struct slice text)
{
    while (text.size && isspace((unsigned char)text.data[0]))
        text = slice_from(text, 1);
    while (text.size && isspace((unsigned char)text.data[text.size - 1]))
        text.size--;
    return text;
}

/* "HTTP/1.1 200 OK", "HTTP/2 200": three digits behind the first space. */
static int status_of(struct slice line)
{
    size_t i = 0;
    while (i < line.size && line.data[i] != ' ')
        i++;
    while (i < line.size && line.data[i] == ' ')
        i++;
    int status = 0;
    for (size_t end = i + 3; i < end; i++) {
        if (i >= line.size || !isdigit((unsigned char)line.data[i]))
            return 0;
        status = status * 10 + (line.data[i] - '0');
    }
    return status;
}

static void keep_retry_after(struct answer *answer, struct slice line)
{
    static const struct slice name = {"retry-after:", sizeof "retry-after:" - 1};
    if (line.size < name.size || !slice_equal_nocase((struct slice){line.data, name.size}, name))
        return;
    struct slice value = trim(slice_from(line, name.size));
    if (value.size == 0 || value.size >= sizeof answer->retry_after)
        return;
    memcpy(answer->retry_after, value.data, value.size);
    answer->retry_after[value.size] = '\0';
    answer->has_retry_after = true;
}

static void end_head(struct answer *answer)
{
    if (answer->status == 101)
        answer->broken = "the receiver switched protocols, which was not asked for";
    else if (answer->status < 100)
        answer->broken = "the answer's status is malformed";
    answer->complete = answer->status >= 200;
}

bool answer_take_line(struct answer *answer, struct slice line)
{
    answer->head_bytes += line.size;
    if (answer->head_bytes > ANSWER_HEAD_BYTES)
        answer->broken = ANSWER_TOO_LONG;
    else if (answer->complete)
        return true; /* a trailer */
    else if (slice_starts(line, SLICE("HTTP/"))) {
        answer->status = status_of(line);
        answer->has_retry_after = false;
    } else if (line.size && (line.data[0] == '\r' || line.data[0] == '\n'))
        end_head(answer);
    else if (line.size && (line.data[0] == 'R' || line.data[0] == 'r'))
        keep_retry_after(answer, line);
    return !answer->broken;
}

bool answer_take_body(struct answer *answer, struct slice bytes)
{
    if (answer->body_bytes < HTTP_RESPONSE_BYTES) {
        size_t room = HTTP_RESPONSE_BYTES - answer->body_bytes;
        memcpy(answer->body + answer->body_bytes, bytes.data,
               bytes.size < room ? bytes.size : room);
    }
    answer->body_bytes += bytes.size;
    return answer->body_bytes <= ANSWER_BODY_BYTES;
}

struct slice answer_body(const struct answer *answer)
{
    bool all = answer->body_bytes < HTTP_RESPONSE_BYTES;
    return (struct slice){answer->body, all ? answer->body_bytes : HTTP_RESPONSE_BYTES};
}
