#include "render/url.h"

#include "expr/template.h"

/* Stands for an expression in the outline; no URL may hold this byte itself. */
#define MARK '\x01'

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static bool is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static size_t find_any(struct slice text, size_t from, const char *ends)
{
    while (from < text.size && (text.data[from] == '\0' || !strchr(ends, text.data[from])))
        from++;
    return from;
}

static bool is_port(struct slice port)
{
    unsigned number = 0;
    for (size_t i = 0; i < port.size; i++) {
        if (port.data[i] < '0' || port.data[i] > '9' || number > 65535)
            return false;
        number = number * 10 + (unsigned)(port.data[i] - '0');
    }
    return number > 0 && number <= 65535;
}

/* Bytes of the host: a name or IPv4 address, or an IPv6 address in brackets. */
static size_t host_bytes(struct slice authority)
{
    size_t i = 0;
    if (authority.size && authority.data[0] == '[') {
        i++;
        while (i < authority.size &&
               (is_hex(authority.data[i]) || authority.data[i] == ':' || authority.data[i] == '.'))
            i++;
        return i < authority.size && authority.data[i] == ']' ? i + 1 : 0;
    }
    while (i < authority.size && (is_alphanumeric(authority.data[i]) ||
                                  (authority.data[i] && strchr("-._", authority.data[i]))))
        i++;
    return i;
}

static const char *find_authority_mistake(struct slice authority)
{
    if (memchr(authority.data, MARK, authority.size))
        return "an expression can't choose scheme, host or port; it may stand behind them";
    if (memchr(authority.data, '@', authority.size))
        return "a user and password don't belong in the URL, but under auth: basic";
    size_t host = host_bytes(authority);
    if (host == 0)
        return "the host is missing";
    if (host == authority.size)
        return NULL;
    if (authority.data[host] != ':')
        return "a host has letters, digits, '-' and '.'; one in another script is written xn--…";
    return is_port(slice_from(authority, host + 1)) ? NULL : "the port must be 1 to 65535";
}

/* RFC 3986 §2: what may stand in a path or query as it is. */
static const char *find_character_mistake(struct slice rest)
{
    for (size_t i = 0; i < rest.size; i++) {
        char c = rest.data[i];
        if (c == '#')
            return "a fragment (#…) is never sent";
        if (c == '%' &&
            (rest.size - i < 3 || !is_hex(rest.data[i + 1]) || !is_hex(rest.data[i + 2])))
            return "a % needs two hexadecimal digits behind it";
        if (c == MARK || is_alphanumeric(c))
            continue;
        if (c == '\0' || !strchr("-._~:/?[]@!$&'()*+,;=%", c))
            return "a character that must be percent-encoded";
    }
    return NULL;
}

static size_t scheme_bytes(struct slice url)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < COUNT_OF(schemes); i++)
        if (url.size >= strlen(schemes[i]) &&
            strncasecmp(url.data, schemes[i], strlen(schemes[i])) == 0)
            return strlen(schemes[i]);
    return 0;
}

static const char *find_mistake(struct slice outline, struct url_shape *shape)
{
    size_t scheme = scheme_bytes(outline);
    if (scheme == 0)
        return "it must begin with http:// or https://";
    size_t path = find_any(outline, scheme, "/?#");
    size_t query = find_any(outline, path, "?");
    struct slice authority = {outline.data + scheme, path - scheme};
    const char *mistake = find_authority_mistake(authority);
    if (!mistake)
        mistake = find_character_mistake(slice_from(outline, path));
    if (!mistake && url_climbs(outline, path))
        mistake = "a segment of the path can't be . or ..";
    *shape = (struct url_shape){
        .authority_bytes = path,
        .has_query = query < outline.size,
        .takes_item = query < outline.size && strchr("?&", outline.data[outline.size - 1]),
    };
    return mistake;
}

bool url_check(const struct text *url, struct url_shape *shape, struct problems *problems)
{
    struct buffer outline = {0};
    const char *mistake = NULL;
    if (template_outline(text_slice(url), MARK, &outline))
        mistake = find_mistake(buffer_slice(&outline), shape);
    buffer_need(&outline);
    buffer_finish(&outline);
    if (mistake)
        problems_add(problems, url->at, "url: %s", mistake);
    return !mistake;
}

/* Bytes of a `.` or `%2E` at the front; 0: neither. */
static size_t dot_bytes(struct slice text)
{
    if (slice_starts(text, SLICE(".")))
        return 1;
    return text.size >= 3 && strncasecmp(text.data, "%2E", 3) == 0 ? 3 : 0;
}

/* `rest` begins behind a slash. */
static bool segment_is_dots(struct slice rest)
{
    size_t size = dot_bytes(rest);
    if (size == 0)
        return false;
    size += dot_bytes(slice_from(rest, size));
    return size == rest.size || rest.data[size] == '/' || rest.data[size] == '?';
}

bool url_climbs(struct slice url, size_t authority_bytes)
{
    for (size_t i = authority_bytes; i < url.size && url.data[i] != '?'; i++)
        if (url.data[i] == '/' && segment_is_dots(slice_from(url, i + 1)))
            return true;
    return false;
}
