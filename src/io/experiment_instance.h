// SPDX-License-Identifier: GPL-3.0-or-later
// Instances for an experiment: the files of data/instances (io/instance.h).
//
// Each function reads the file of that name in the folder `instances` of the data folder; when the file changes, the
// results are made again. A file that cannot be read, or holds the other thing, ends the program. What is returned is
// never NULL and belongs to the caller.
#ifndef MOEGEOM_IO_EXPERIMENT_INSTANCE_H
#define MOEGEOM_IO_EXPERIMENT_INSTANCE_H

#include "io/experiment.h"
#include "io/instance.h"

layer_t *experiment_layer(experiment_t *run, const char *file);             // layer_free
arrangement_t *experiment_arrangement(experiment_t *run, const char *file); // arrangement_free
instance_t experiment_instance(experiment_t *run, const char *file);        // either; instance_clear

#endif
