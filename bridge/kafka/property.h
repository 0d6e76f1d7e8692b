/* The names of librdkafka's properties. */
#ifndef KAFKA_PROPERTY_H
#define KAFKA_PROPERTY_H

#include <stdbool.h>

#include "base/slice.h"

#define PROPERTY_NAME_BYTES 128

/* The property of this librdkafka that `name` was probably meant to be. False: none is near. */
bool property_nearest(struct slice name, char nearest[PROPERTY_NAME_BYTES]);

#endif
