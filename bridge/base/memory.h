/* Memory without which the program can't go on: for start-up, a reload, and what threads tell each
 * other. An event's way has errors for that. Thread: any. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

/* Says that there is none, and ends the program. */
_Noreturn void memory_out(void);

/* `memory`, unless it is NULL. */
static inline void *memory_need(void *memory)
{
    if (!memory)
        memory_out();
    return memory;
}

#endif
