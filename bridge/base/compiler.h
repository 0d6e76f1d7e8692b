/* What the compiler can check for us. */
#ifndef BASE_COMPILER_H
#define BASE_COMPILER_H

#define MUST_CHECK        __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define COUNT_OF(array)   (sizeof(array) / sizeof((array)[0]))

#endif
