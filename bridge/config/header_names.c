#include "config/header_names.h"

#include "base/compiler.h"

bool header_is_name(struct slice name)
{
    static const char *const marks = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        if (!letter && !(c >= '0' && c <= '9') && (c == '\0' || !strchr(marks, c)))
            return false;
    }
    return name.size > 0;
}

static bool is_one_of(struct slice name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_equal_nocase(name, slice_of(names[i])))
            return true;
    return false;
}

static bool begins_with_one_of(struct slice name, const char *const *prefixes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(prefixes[i]);
        if (name.size >= size && strncasecmp(name.data, prefixes[i], size) == 0)
            return true;
    }
    return false;
}

bool header_is_ours(struct slice name)
{
    static const char *const ours[] = {
        "Host",       "Content-Length",   "Transfer-Encoding", "Connection", "Keep-Alive",
        "TE",         "Trailer",          "Upgrade",           "Expect",     "webhook-signature",
        "webhook-id", "webhook-timestamp"};
    return is_one_of(name, ours, COUNT_OF(ours));
}

bool header_stays_behind(struct slice name)
{
    static const char *const names[] = {"User-Agent", "traceparent", "tracestate",
                                        "Accept-Encoding"};
    static const char *const prefixes[] = {"Content-", "Proxy-", "webhook-", "grapnel-"};
    return header_is_ours(name) || is_one_of(name, names, COUNT_OF(names)) ||
           begins_with_one_of(name, prefixes, COUNT_OF(prefixes));
}

bool header_is_credential(const struct subscription *sub, struct slice name)
{
    const struct subscription_auth *auth = &sub->auth;
    if ((auth->bearer.data || auth->basic_username.data) &&
        slice_equal_nocase(name, SLICE("Authorization")))
        return true;
    return auth->api_key_header.data && slice_equal_nocase(name, text_slice(&auth->api_key_header));
}
