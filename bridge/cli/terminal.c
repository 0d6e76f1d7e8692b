#include "cli/terminal.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/utf8.h"

struct range {
    uint32_t first;
    uint32_t last;
};

/* Characters of two columns: Unicode's East Asian Width W and F, in blocks, and emoji. */
static const struct range wide[] = {
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x23E9, 0x23EC},   {0x25FD, 0x25FE},
    {0x2614, 0x2615},   {0x2648, 0x2653},   {0x26A1, 0x26A1},   {0x26BD, 0x26BE},
    {0x26C4, 0x26C5},   {0x26D4, 0x26D4},   {0x2705, 0x2705},   {0x270A, 0x270B},
    {0x2728, 0x2728},   {0x274C, 0x274C},   {0x2753, 0x2755},   {0x2757, 0x2757},
    {0x2795, 0x2797},   {0x2B1B, 0x2B1C},   {0x2B50, 0x2B50},   {0x2E80, 0x303E},
    {0x3041, 0x33FF},   {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},
    {0xA960, 0xA97F},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE10, 0xFE19},
    {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x16FE0, 0x18AFF},
    {0x1B000, 0x1B2FF}, {0x1F004, 0x1F004}, {0x1F0CF, 0x1F0CF}, {0x1F18E, 0x1F18E},
    {0x1F191, 0x1F19A}, {0x1F200, 0x1F320}, {0x1F32D, 0x1F64F}, {0x1F680, 0x1F6FF},
    {0x1F900, 0x1F9FF}, {0x1FA70, 0x1FAFF}, {0x20000, 0x3FFFD},
};

/* Marks that are put over the character before, and joiners. */
static const struct range zero[] = {
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x0610, 0x061A},   {0x064B, 0x065F},
    {0x093A, 0x093A}, {0x093C, 0x093C}, {0x0941, 0x0948}, {0x094D, 0x094D},   {0x0E31, 0x0E31},
    {0x0E34, 0x0E3A}, {0x0E47, 0x0E4E}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF},   {0x200B, 0x200D},
    {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0x1F3FB, 0x1F3FF}, {0xE0100, 0xE01EF},
};

/* What steers instead of being seen: C0, DEL, C1, line and paragraph separators, direction marks
 * (CVE-2021-42574), interlinear and tag characters. */
static const struct range harmful[] = {
    {0x00, 0x1F},     {0x7F, 0x9F},     {0x061C, 0x061C}, {0x200E, 0x200F},   {0x2028, 0x202E},
    {0x2060, 0x206F}, {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE007F},
};

static bool in_ranges(uint32_t c, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

/* The character that `text` (not empty) begins with, and its bytes; 0 bytes where it isn't one. */
static size_t decode(struct slice text, uint32_t *c)
{
    unsigned char first = (unsigned char)text.data[0];
    size_t length = utf8_sequence(text.data, text.data + text.size);
    if (length == 0)
        return 0;
    *c = length == 1 ? first : first & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++)
        *c = *c << 6 | ((unsigned char)text.data[i] & 0x3Fu);
    return length;
}

void terminal_clean(struct buffer *out, struct slice text, bool lines)
{
    while (text.size) {
        uint32_t c = 0;
        size_t length = decode(text, &c);
        bool space = length && (c == '\n' || c == '\t');
        if (space)
            buffer_add_char(out, lines ? (char)c : ' ');
        else if (!length || in_ranges(c, harmful, COUNT_OF(harmful)))
            buffer_add_text(out, UTF8_REPLACEMENT);
        else
            buffer_add(out, text.data, length);
        text = slice_from(text, length ? length : 1);
    }
}

static size_t columns_of(uint32_t c)
{
    if (c < 0x300)
        return 1;
    if (in_ranges(c, zero, COUNT_OF(zero)))
        return 0;
    return in_ranges(c, wide, COUNT_OF(wide)) ? 2 : 1;
}

struct slice terminal_cut(struct slice clean, size_t columns)
{
    size_t used = 0;
    size_t size = 0;
    while (size < clean.size) {
        uint32_t c = '?';
        size_t length = decode(slice_from(clean, size), &c);
        used += columns_of(c);
        if (used > columns)
            break;
        size += length ? length : 1;
    }
    return (struct slice){clean.data, size};
}

size_t terminal_width(struct slice clean)
{
    size_t width = 0;
    while (clean.size) {
        uint32_t c = '?';
        size_t length = decode(clean, &c);
        width += columns_of(c);
        clean = slice_from(clean, length ? length : 1);
    }
    return width;
}

bool terminal_is(FILE *out)
{
    return isatty(fileno(out)) == 1;
}

unsigned terminal_columns(FILE *out)
{
    if (!terminal_is(out))
        return 0;
    const char *given = getenv("COLUMNS"); /* NOLINT(concurrency-mt-unsafe): nobody sets it */
    long columns = given ? strtol(given, NULL, 10) : 0;
    if (columns > 0 && columns < 10000)
        return (unsigned)columns;
    struct winsize size = {0};
    if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return 80;
}

/* Does it know how to do more than write lines? */
static bool terminal_is_able(FILE *out)
{
    const char *term = getenv("TERM"); /* NOLINT(concurrency-mt-unsafe): nobody sets it */
    return term && !slice_is(slice_of(term), "dumb") && terminal_is(out);
}

bool terminal_has_colour(FILE *out)
{
    const char *off = getenv("NO_COLOR"); /* NOLINT(concurrency-mt-unsafe) */
    return !(off && *off) && terminal_is_able(out);
}

void terminal_progress(FILE *out, const char *format, ...)
{
    if (!terminal_is_able(out))
        return;
    fputs("\r\033[K", out);
    if (format) {
        va_list args;
        va_start(args, format);
        vfprintf(out, format, args);
        va_end(args);
    }
    fflush(out);
}
