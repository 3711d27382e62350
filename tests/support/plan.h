// SPDX-License-Identifier: GPL-3.0-or-later
// Experiments in tests: each runs in a child process, which ends as a program does.
#ifndef MOEGEOM_TESTS_SUPPORT_PLAN_H
#define MOEGEOM_TESTS_SUPPORT_PLAN_H

#include "io/experiment.h"

// Runs the experiment "unit-test" with seed 5 and one function.
//   out     the folder of its results
//   data    the data folder
//   errors  the file that receives standard error
// Returns the exit status, or minus the number of the signal that ended it.
int plan_run(void (*run)(experiment_t *run), const char *out, const char *data, const char *errors);

// Ends the child with a status that no fault has, unless the condition holds.
void plan_expect(bool condition);

#endif
