/* Runs of bytes that need no thought, sixteen at a time. Every record goes through these loops, so
 * they are inline and use SSE2, which each x86-64 has; elsewhere the compiler gets plain loops. */
#ifndef BASE_SCAN_H
#define BASE_SCAN_H

#include <stdbool.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* The three questions: which bytes end a run? */
static inline bool scan_ends_ascii(unsigned char byte)
{
    return byte >= 0x80;
}

static inline bool scan_ends_plain(unsigned char byte)
{
    return byte == '"' || byte == '\\' || byte < 0x20 || byte >= 0x80;
}

static inline bool scan_ends_quoted(unsigned char byte)
{
    return byte == '"' || byte == '\\';
}

#if defined(__SSE2__)
static inline unsigned scan_mask_ascii(__m128i bytes)
{
    return (unsigned)_mm_movemask_epi8(bytes);
}

static inline unsigned scan_mask_quoted(__m128i bytes)
{
    __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(quote, backslash));
}

/* As signed numbers the bytes from 0x80 on are below 0x20 too. */
static inline unsigned scan_mask_plain(__m128i bytes)
{
    __m128i low = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));
    return scan_mask_quoted(bytes) | (unsigned)_mm_movemask_epi8(low);
}

#define SCAN_BLOCKS(what)                                                                          \
    while (end - at >= 16) {                                                                       \
        unsigned mask = scan_mask_##what(_mm_loadu_si128((const __m128i *)(const void *)at));      \
        if (mask)                                                                                  \
            return at + __builtin_ctz(mask);                                                       \
        at += 16;                                                                                  \
    }
#else
#define SCAN_BLOCKS(what)
#endif

#define SCAN(what)                                                                                 \
    static inline const char *scan_##what(const char *at, const char *end)                         \
    {                                                                                              \
        SCAN_BLOCKS(what)                                                                          \
        while (at < end && !scan_ends_##what((unsigned char)*at))                                  \
            at++;                                                                                  \
        return at;                                                                                 \
    }

/* scan_ascii:  to the first byte that is not ASCII.
 * scan_plain:  to the first that a JSON string can't hold as it is, or that is not ASCII.
 * scan_quoted: to the first quote or backslash. */
SCAN(ascii)
SCAN(plain)
SCAN(quoted)

#undef SCAN
#undef SCAN_BLOCKS

#endif
