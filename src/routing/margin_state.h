// SPDX-License-Identifier: GPL-3.0-or-later
// What a margin sample holds; for margin_sample.c, which fills it, and margin_report.c, which reads it.
#ifndef MOEGEOM_ROUTING_MARGIN_STATE_H
#define MOEGEOM_ROUTING_MARGIN_STATE_H

#include "routing/flip.h"
#include "routing/margin_sample.h"
#include "stat/log_histogram.h"

// The chances of rows, in units of 2^-32.
typedef struct margin_chances {
    uint64_t sum, squares;
    uint64_t observed; // flips in these rows
} margin_chances_t;

typedef struct margin_cast_sums {
    uint64_t observed, ties, moved;
    margin_chances_t chances;
} margin_cast_sums_t;

typedef struct margin_between_sums {
    uint64_t rows, observed, tied;
    uint64_t compared, equal;
    uint64_t as_cast[MARGIN_CASTS];
    margin_chances_t chances;
} margin_between_sums_t;

// Gaps by size; over 2^e <= |k-th largest| < 2^(e+1); over the largest magnitude; and the noise between dumps.
enum { MARGIN_GAP, MARGIN_BINADE, MARGIN_RANGE, MARGIN_NOISE, MARGIN_HISTOGRAMS };

typedef struct margin_work {
    selection_t rule; // that of the options, or the plain one of the logits
    size_t most;      // rows of a chunk
    double noise_reach;
    size_t contenders;                                  // for the noise
    flip_work_t *flips;                                 // owned
    void *memory[16];                                   // owned: the arrays below
    size_t pieces;                                      // of memory
    float *floats, *other_floats;                       // most x N: rows of doubles that are floats
    float *in, *out, *size;                             // of each row, as rank_rows gives them
    float *other_in, *other_out;                        // the same of the other dump
    double *inside, *outside, *magnitude, *gap, *ratio; // of each row
    uint32_t *events;
    double *row, *other, *scores, *changed; // N
    size_t *members, *others, *order;       // k, k, N
} margin_work_t;

// Some rows of a block.
typedef struct margin_chunk {
    margin_block_t block;               // its rows are the chunk's
    bool others;                        // there are logits of another dump
    const float *floats, *other_floats; // the logits where they are floats and the rule is plain, else NULL
} margin_chunk_t;

struct margin_sample {
    margin_options_t options;
    bool plain;
    // Sums.
    uint64_t rows, predicted_rows, ties;
    uint64_t fraction; // all bits that are set in a fraction of a k-th or (k+1)-th largest logit
    double least, greatest;
    uint64_t within[MARGIN_WIDTHS];
    log_histogram_t *histogram[MARGIN_HISTOGRAMS]; // owned
    margin_cast_sums_t cast[MARGIN_CASTS];
    margin_chances_t noise[MARGIN_NOISES];
    margin_between_sums_t between;
    size_t risks;
    margin_risk_t risk[MARGIN_RISKS];
    margin_work_t *work; // owned
};

// ---- Of the rows of a chunk, in margin_rows.c ----

// A row as doubles, good until the next one is asked for.
const double *margin_logits(margin_work_t *work, const margin_chunk_t *chunk, size_t i);

// Selects k members; gives the margin.
selection_choice_t margin_choose(margin_work_t *work, const double *logits, size_t *members);

bool margin_is_finite(const double *x, size_t n);

// Add what happens to the rows of a chunk whose gaps are known. The last one returns GSL_SUCCESS, GSL_ENOMEM, or GSL_EDOM
// with the row to be refused.
void margin_add_casts(margin_sample_t *sample, const margin_chunk_t *chunk);
void margin_add_noises(margin_sample_t *sample, const margin_chunk_t *chunk);
int margin_add_between(margin_sample_t *sample, const margin_chunk_t *chunk, size_t *refuse);

// 1 / (2^(b-1) - 1) of an integer format of b bits, 2^(1-p) of a floating one of p bits: the spacing where the largest magnitude, or
// the power of two below the number, is 1.
double margin_step(rounding_kind_t kind, int bits);

#endif
