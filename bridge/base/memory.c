#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void memory_out(void)
{
    fputs("grapnel: out of memory\n", stderr);
    abort();
}
