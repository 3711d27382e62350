// SPDX-License-Identifier: GPL-3.0-or-later
// Writes the certificate of a count (io/certificate.h), or ends the program.
#ifndef MOEGEOM_CLI_CERTIFY_H
#define MOEGEOM_CLI_CERTIFY_H

#include "geometry/layer.h"
#include "geometry/tree.h"
#include "io/instance.h"

void certify_arrangement(const char *command, const instance_t *instance, const tree_count_t *count,
                         const char *path);

// Method V is run once more with the next seed, when it could be run at all.
//   vertices, flats  NULL for a method that was not used; one at least was
void certify_layer(const char *command, const instance_t *instance, const layer_count_t *vertices,
                   const layer_count_t *flats, uint64_t seed, int threads, const char *path);

#endif
