// SPDX-License-Identifier: GPL-3.0-or-later
// The contract of an experiment: one program that decides some claims and writes what the report prints.
//
// An experiment is a `plan` and a main that calls experiment_main, which reads the options, runs the plan and
// then gives all results their names at once. The results of the experiment NAME, in the folder of --out:
//
//   NAME.csv, NAME.TABLE.csv   the tables (io/table.h), each with NAME[.TABLE].rows.tex for LaTeX
//   NAME.checks.csv            every single check behind the claims
//   NAME.tex                   macros, one for each number that the text quotes
//   NAME.claims                one line for each claim: verdict, tightest check, evidence (tab-separated)
//   NAME.meta.json             seed, parameters, versions, time and memory; never compared
//   NAME.d                     the data files that were read, for make
//   dumps/NAME.PART            dumps of router scores (io/dump.h), never compared
//
// Instances are read by io/experiment_instance.h, regions counted by io/experiment_roads.h.
//
// Every function below either succeeds or ends the program with one clear line on standard error, the status
// of io/fault.h, and no result changed. So the text of an experiment stays the text of its mathematics.
#ifndef MOEGEOM_IO_EXPERIMENT_H
#define MOEGEOM_IO_EXPERIMENT_H

#include "io/fault.h"
#include "io/sheet.h"
#include "io/table.h"
#include "stat/montecarlo.h"
#include "stat/stream.h"

#include <flint/fmpq.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// One run of an experiment.
typedef struct experiment experiment_t;

// What an experiment says of itself.
typedef struct experiment_plan {
    const char *name;  // as the file is called, without .c
    const char *brief; // one line for --help and `make list`
    uint64_t seed;     // of every random stream, unless --seed says otherwise
    void (*run)(experiment_t *run);
} experiment_plan_t;

// Verdicts on a claim; see data/claims.csv.
typedef enum experiment_verdict {
    VERDICT_HOLDS,
    VERDICT_AMENDED,
    VERDICT_FAILS,
    VERDICT_UNTESTABLE
} experiment_verdict_t;

// How a claim was decided.
typedef enum experiment_method {
    METHOD_EXACT,      // integers, rationals or a proof with a witness
    METHOD_CERTIFIED,  // ball arithmetic: error bounds are proven
    METHOD_QUADRATURE, // floating quadrature with an estimated error
    METHOD_MONTECARLO  // a sample with a fixed seed, a stated error and a stated z
} experiment_method_t;

// How a checked value must stand to its bound.
typedef enum experiment_relation { AT_MOST, AT_LEAST, EQUAL } experiment_relation_t;

// The main of an experiment. Returns the exit status.
int experiment_main(const experiment_plan_t *plan, int argc, char **argv);

// What the command line asked for.
bool experiment_quick(const experiment_t *run);
uint64_t experiment_seed(const experiment_t *run);
int experiment_threads(const experiment_t *run); // 0: as many as there are cores

// Ends the program with a message; `format` as in printf, without the experiment's name and without a
// newline.
_Noreturn void experiment_stop(experiment_t *run, fault_status_t status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// Ends the program unless the status of a GSL-style call is 0; `what` names the call in the message.
void experiment_require(experiment_t *run, int status, const char *what);

// Ends the program when a fault is recorded in `fault`.
void experiment_accept(experiment_t *run, const fault_t *fault);

// Ends the program when `memory` is NULL, because there is no more of it; returns it otherwise.
void *experiment_memory(experiment_t *run, void *memory);

// Shows the progress of a long part. `context` is the experiment, so that the function fits into callbacks.
void experiment_progress(void *context, uint64_t done, uint64_t total);

// The random stream of a block: that of the seed of the run, its name and the block. With the number of a name
// (stream_experiment) for the block, what is drawn in one part does not move the others.
stream_t experiment_stream(const experiment_t *run, uint32_t block);

// Runs a sampler (stat/montecarlo.h) with the seed, the threads and the progress bar of the run.
//   part     names the streams: a part of another name, or of another experiment, is independent of it
//   samples  number of samples; dim: components of one; work: doubles of work space for a block
// Returns the moments, owned by the caller (moments_free).
moments_t *experiment_montecarlo(experiment_t *run, const char *part, uint64_t samples, size_t dim,
                                 size_t work, montecarlo_sampler_t sampler, const void *context);

// The same in blocks of another size, for samples that take long or much work space.
//   block  samples of a block; another size is another set of samples
moments_t *experiment_montecarlo_blocks(experiment_t *run, const char *part, uint64_t samples, size_t block,
                                        size_t dim, size_t work, montecarlo_sampler_t sampler,
                                        const void *context);

// The path of a data file, named relative to the data folder, that the experiment is going to read; it belongs to
// the run. The results are made again when the file changes.
const char *experiment_data(experiment_t *run, const char *name);

// Reads a comma-separated data file, named relative to the data folder. Freed by the experiment (sheet_free).
void experiment_read(experiment_t *run, const char *name, sheet_t *table);
// A column of such a file; `values` takes table->rows numbers.
void experiment_numbers(experiment_t *run, const sheet_t *table, const char *column, double *values);

// Opens the table NAME.csv (name "") or NAME.name.csv; arguments as in table_open. The run owns the table and
// commits it when the experiment returns.
table_t *experiment_table(experiment_t *run, const char *name, const char *caption,
                          const table_column_t *columns, size_t width, size_t rows);

// The path under which a dump is to be written with io/dump_write.h, and may be read again; it belongs to the run. When the
// experiment returns, the file becomes dumps/NAME.part.
//   part  with the ending that says its format, for instance "float32.npy"
const char *experiment_dump(experiment_t *run, const char *part);

// Defines a LaTeX macro \<Experiment><Name>, for instance \BoundaryLayerSlope. Name: letters only.
//   format  printf format of the one double, with the digits that the text prints
void experiment_macro(experiment_t *run, const char *name, const char *format, double value);
void experiment_macro_integer(experiment_t *run, const char *name, long long value);
void experiment_macro_fmpz(experiment_t *run, const char *name, const fmpz_t value);
void experiment_macro_fmpq(experiment_t *run, const char *name, const fmpq_t value); // p/q, or p
void experiment_macro_text(experiment_t *run, const char *name, const char *text);

// States a parameter: a macro as above, and an entry of the meta file.
void experiment_parameter(experiment_t *run, const char *name, const char *format, double value,
                          const char *unit);

// Checks one thing behind a claim. The check passes when the relation holds for every number in
// [value - error, value + error]; for EQUAL, when value is the bound to the last bit and error is 0.
//   claim  identifier as in data/claims.csv
//   what   the thing checked, in a few words without commas
//   error  proven, estimated or statistical error of the value, >= 0
// Returns whether it passed; a check that did not pass is printed in full on standard error.
bool experiment_check(experiment_t *run, const char *claim, const char *what, double value,
                      experiment_relation_t relation, double bound, double error);

// The same for an integer that must be a known one, in the range where doubles are exact.
bool experiment_check_integer(experiment_t *run, const char *claim, const char *what, long long value,
                              long long known);

// Decides a claim on all its checks so far; called once for each claim, with at least one check before it.
//   verdict   what the checks establish when all of them pass; where one does not, "holds" becomes "fails"
//             and any other verdict "undecided", which no ledger expects
//   evidence  a result file or a witness, without tabs, not empty
void experiment_claim(experiment_t *run, const char *claim, experiment_verdict_t verdict,
                      experiment_method_t method, const char *evidence);

#endif
