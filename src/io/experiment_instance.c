// SPDX-License-Identifier: GPL-3.0-or-later
// Instances for an experiment; see experiment_instance.h.
#include "io/experiment_instance.h"

#include <stdio.h>

enum { PATH_LENGTH = 256 };

instance_t experiment_instance(experiment_t *run, const char *file) {
    instance_t instance = {0};
    fault_t fault = {0};
    char name[PATH_LENGTH];
    if (snprintf(name, sizeof name, "instances/%s", file) >= PATH_LENGTH)
        experiment_stop(run, FAULT_INTERNAL, "the file name «%s» is too long", file);
    instance_read(experiment_data(run, name), &instance, &fault);
    experiment_accept(run, &fault);
    return instance;
}

layer_t *experiment_layer(experiment_t *run, const char *file) {
    instance_t instance = experiment_instance(run, file);
    if (instance.layer == NULL) {
        instance_clear(&instance);
        experiment_stop(run, FAULT_INPUT, "instances/%s: expected a layer, found an arrangement", file);
    }
    return instance.layer; // the only part
}

arrangement_t *experiment_arrangement(experiment_t *run, const char *file) {
    instance_t instance = experiment_instance(run, file);
    if (instance.arrangement == NULL) {
        instance_clear(&instance);
        experiment_stop(run, FAULT_INPUT, "instances/%s: expected an arrangement, found a layer", file);
    }
    return instance.arrangement;
}
