/* What simulated processes get of the operating system, in place of the C library's functions: the
 * clocks, epoll, eventfd, threads, random bytes (libc.c, by the linker's --wrap). */
#ifndef SIM_WORLD_LIBC_H
#define SIM_WORLD_LIBC_H

#include "base/list.h"

/* Closes what a process has open. */
void libc_close_all(struct list *descriptors);

#endif
