/* Plays a scenario from beginning to end. */
#ifndef SIM_PLAY_PLAY_H
#define SIM_PLAY_PLAY_H

#include "sim/play/scenario.h"

/* Returns when all is over and nothing was wrong; else world_fail. */
void play(const struct scenario *scenario);

/* faults.c: sets all that go wrong going, and ends whatever still does. */
void faults_begin(const struct scenario *scenario);
void faults_end(void);

/* publish.c */
void publish_begin(const struct scenario *scenario);
bool publish_done(void);

#endif
