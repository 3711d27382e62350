// SPDX-License-Identifier: GPL-3.0-or-later
// What the parts of moegeom margins share: the request, and how results are printed and drawn.
#ifndef MOEGEOM_CLI_MARGINS_H
#define MOEGEOM_CLI_MARGINS_H

#include "cli/margins_survey.h"
#include "io/fault.h"

#include <stdbool.h>
#include <stddef.h>

// A rule as users know it.
typedef struct margins_rule {
    const char *name;    // of --rule
    const char *meaning; // for people
    selection_score_t score;
    selection_grouping_t grouping;
    bool bias, single; // whether it takes a bias; whether k must be 1
} margins_rule_t;

enum { MARGINS_LIST = 16 }; // entries of --cast, --noise and --width at most

// The command line.
typedef struct margins_request {
    const char *dump, *other; // DUMP and DUMP2; the second may be NULL
    const margins_rule_t *rule;
    const char *bias; // NULL: none
    size_t active, groups, kept;
    dump_scale_t scale;
    bool choices, json;
    const char *csv, *plot; // NULL: not asked for
    rounding_t casts[MARGINS_LIST];
    double noises[MARGINS_LIST], widths[MARGINS_LIST];
    size_t cast_count, noise_count, width_count;
    double target;
    size_t risky;
    int threads;
} margins_request_t;

// Reads the command line, or ends the program.
margins_request_t margins_options(int argc, char **argv);

// What was found, to be printed.
typedef struct margins_result {
    const margins_request_t *request;
    const margins_survey_t *survey;
    const dump_t *dump;
    const margin_options_t *options; // of each layer
    char **names;                    // of the layers, as short as they can be told apart
    // How much each layer is at risk: the rate of flips between the dumps, or of those predicted for the first cast that moves
    // anything, or the density of the gap at zero.
    double *risk;
    bool risk_is_rate;
    char measure[48]; // which, for people
    size_t *order;    // the layers, those at risk first
    char **notes;
    size_t note_count;
} margins_result_t;

// Room for so many items, zero; ends the program when memory is short.
void *margins_allocate(size_t count, size_t size);

// The names of the layers without what all of them have in common, printable; the caller frees them and their array.
char **margins_names(const dump_t *dump);

// The most significant bits of logits that were rounded before, to fp16 or less; 0 when they were not, or when rows are so few that
// they may look so by chance.
int margins_significant(const margins_survey_t *survey);

// Says how much each layer is at risk, and sorts the layers.
void margins_rank(margins_result_t *result);

// Keeps the notes on the dumps, of which the second may be NULL, and on what was found; shows them on standard error.
void margins_note(margins_result_t *result, const dump_t *other);

// What changes rows: a cast, a noise, or another dump.
typedef enum margins_change { MARGINS_BY_CAST, MARGINS_BY_NOISE, MARGINS_BY_DUMP } margins_change_t;

// What a layer says of a cause; NaN where it says nothing.
typedef struct margins_rates {
    double predicted, error, observed, z;
    margin_tally_t tally;
} margins_rates_t;

// What a layer says, and all layers together, with the worst one.
//   index  of the cast or the noise
margins_rates_t margins_rates(const margin_report_t *report, margins_change_t change, size_t index);

// The rates of all rows with their score, and the worst layer: of casts and noise by prediction, which varies less.
typedef struct margins_summary {
    margins_rates_t all;
    size_t worst;
    double worst_rate;
} margins_summary_t;
margins_summary_t margins_summarise(const margins_survey_t *survey, margins_change_t change, size_t index);

// A row at risk in any of the layers.
typedef struct margins_row {
    size_t layer;
    const margin_risk_t *risk;
} margins_row_t;

// The rows with the smallest gaps, at most `most` of them.
//   rows  receives them
// Returns how many there are.
size_t margins_rows(const margins_survey_t *survey, size_t most, margins_row_t *rows);

// The distance of a format's neighbours at the boundary, on the average over rows at a tie and over layers; NaN where it is not known.
double margins_spacing(const margins_survey_t *survey, size_t cast);

// The shortest text that gives a number back, as JSON and CSV name parameters.
enum { MARGINS_KEY = 32 };
const char *margins_key(char room[MARGINS_KEY], double value);

// Prints the result for people to standard output.
void margins_print_text(const margins_result_t *result);

// Prints it as one JSON object, to standard output.
void margins_print_json(const margins_result_t *result);

// Writes it as CSV, or draws it.
fault_status_t margins_write_csv(const margins_result_t *result, const char *path, fault_t *fault);
fault_status_t margins_draw(const margins_result_t *result, const char *path, fault_t *fault);

#endif
