#include "render/trace.h"

#define PARENT_BYTES     55 /* 00-<32>-<16>-<2> */
#define PARENT_BYTES_MAX 512
#define STATE_BYTES_MAX  4096 /* 512 are to be passed on at least */
#define STATE_MEMBERS    32
#define KEY_BYTES_MAX    256
#define VALUE_BYTES_MAX  256

static bool is_hex(struct slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!(text.data[i] >= '0' && text.data[i] <= '9') &&
            !(text.data[i] >= 'a' && text.data[i] <= 'f'))
            return false;
    return true;
}

static bool is_zero(struct slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] != '0')
            return false;
    return true;
}

static bool is_printable(struct slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < 0x20 || text.data[i] > 0x7E)
            return false;
    return true;
}

bool trace_parent_is_valid(struct slice value)
{
    if (value.size < PARENT_BYTES || value.size > PARENT_BYTES_MAX || !is_printable(value))
        return false;
    struct slice version = {value.data, 2};
    struct slice trace = {value.data + 3, 32};
    struct slice parent = {value.data + 36, 16};
    struct slice flags = {value.data + 53, 2};
    if (!is_hex(version) || !is_hex(trace) || !is_hex(parent) || !is_hex(flags) ||
        value.data[2] != '-' || value.data[35] != '-' || value.data[52] != '-')
        return false;
    if (is_zero(trace) || is_zero(parent) || slice_is(version, "ff"))
        return false;
    if (value.size == PARENT_BYTES)
        return true;
    return !slice_is(version, "00") && value.data[PARENT_BYTES] == '-';
}

/* Level 2's, which lets a digit come first; `@` parts a tenant from a system. */
static bool is_key(struct slice key)
{
    for (size_t i = 0; i < key.size; i++) {
        char c = key.data[i];
        bool first = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!first && (i == 0 || c == '\0' || !strchr("_-*/@", c)))
            return false;
    }
    return key.size > 0 && key.size <= KEY_BYTES_MAX;
}

static struct slice trim(struct slice text)
{
    while (text.size && (*text.data == ' ' || *text.data == '\t'))
        text = slice_from(text, 1);
    while (text.size && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
        text.size--;
    return text;
}

static bool is_member(struct slice member)
{
    const char *equals = memchr(member.data, '=', member.size);
    if (!equals)
        return false;
    struct slice key = {member.data, (size_t)(equals - member.data)};
    struct slice value = slice_from(member, key.size + 1);
    return is_key(key) && value.size > 0 && value.size <= VALUE_BYTES_MAX && is_printable(value) &&
           !memchr(value.data, '=', value.size);
}

bool trace_state_is_valid(struct slice value)
{
    size_t members = 0;
    if (value.size > STATE_BYTES_MAX)
        return false;
    while (value.size) {
        const char *comma = memchr(value.data, ',', value.size);
        size_t size = comma ? (size_t)(comma - value.data) : value.size;
        struct slice member = trim((struct slice){value.data, size});
        if (member.size && (!is_member(member) || ++members > STATE_MEMBERS))
            return false;
        value = slice_from(value, size + (comma != NULL));
    }
    return members > 0;
}
