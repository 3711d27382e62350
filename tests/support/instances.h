// SPDX-License-Identifier: GPL-3.0-or-later
// The instance files of data/instances with the counts that other programs found.
#ifndef MOEGEOM_TESTS_SUPPORT_INSTANCES_H
#define MOEGEOM_TESTS_SUPPORT_INSTANCES_H

#include "io/instance.h"

// Called with a file's name, what it holds, and the number of its regions.
typedef void (*instances_visit_t)(const char *name, const instance_t *instance, const fmpz_t regions);

// Visits all files of data/instances/expected.csv (name,regions,remark; # starts a comment) whose name ends with
// `suffix`. Returns their number; -1 for a file that cannot be read, after a line to standard error.
int instances_visit(const char *suffix, instances_visit_t visit);

#endif
