/* Instances of grapnel: each is a simulated process that runs the real service, from service_create
 * to service_destroy, as `grapnel run` does. */
#ifndef SIM_PLAY_INSTANCE_H
#define SIM_PLAY_INSTANCE_H

#include <stdbool.h>

#include "sim/play/scenario.h"

struct process;

/* Writes the configurations of all variants, and reads them. */
void instances_prepare(const struct scenario *scenario);

/* Starts one that is off; nothing happens to one that is not. */
void instance_start(unsigned number, unsigned variant);

/* As by SIGHUP, with the file of that variant; nothing happens to one that does not run. */
void instance_reload(unsigned number, unsigned variant);

/* As by SIGTERM; nothing happens to one that does not run, or stops already. */
void instance_stop(unsigned number);

/* As by SIGKILL, at any time. */
void instance_kill(unsigned number);

/* NULL: it is off. */
struct process *instance_process(unsigned number);
bool instance_runs(unsigned number);        /* and has not been told to stop */
unsigned instance_variant(unsigned number); /* the last that it has taken over */

/* It was killed for want of memory: it is off. */
void instances_bury(void);

#endif
