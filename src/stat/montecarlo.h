// SPDX-License-Identifier: GPL-3.0-or-later
// Parallel Monte Carlo means, with the same bits for any number of threads.
//
// The samples are cut into numbered blocks of one size (the last may be shorter). Block b draws from its own
// stream (seed, experiment, b), and the moments of the blocks are merged along a fixed binary tree: n blocks
// are cut after the greatest power of two below n. Threads take whole subtrees, the shards, in any order.
// Memory: the samples and the work of one block for each thread, and the moments of at most 1024 shards.
//
//     static int sample(const montecarlo_block_t *block, const void *context) {
//         stream_normals(block->stream, block->samples, block->count); // of dim 1
//         return GSL_SUCCESS;
//     }
//     ...
//     montecarlo_params_t params = {.samples = 1000000, .seed = 1, .experiment = stream_experiment("mean")};
//     int status = montecarlo_run(&params, sample, NULL, result);
//     gsl_sf_result mean = moments_estimate(result, 0);
#ifndef MOEGEOM_STAT_MONTECARLO_H
#define MOEGEOM_STAT_MONTECARLO_H

#include "stat/moments.h"
#include "stat/stream.h"

#include <stddef.h>
#include <stdint.h>

enum { MONTECARLO_BLOCK = 4096 };

// What a sampler works on; all memory belongs to the driver.
typedef struct {
    stream_t *stream; // the block's own, at position 0: the only randomness a sampler may use
    uint64_t first;   // number of the block's first sample among all
    size_t count;     // samples wanted, 1 to samples_per_block
    double *samples;  // receives count rows of dim numbers (dim of the result); NaN where not written
    double *work;     // work_size doubles of any use, with arbitrary contents at first
} montecarlo_block_t;

// Writes the samples of a block, which may depend on the block and the context alone. Several threads call it
// at once and in any order. Returns GSL_SUCCESS, or another status, which ends the run.
typedef int (*montecarlo_sampler_t)(const montecarlo_block_t *block, const void *context);

// Hears after each block how many samples are done, rising from call to call up to total. Any thread calls
// it, one at a time, and waits for it.
typedef void (*montecarlo_progress_t)(void *context, uint64_t done, uint64_t total);

typedef struct {
    uint64_t samples;               // at least 1, in at most 2^32 blocks, below 2^53
    uint64_t seed;                  // of the whole computation
    uint32_t experiment;            // see stream_experiment
    size_t samples_per_block;       // 0 for MONTECARLO_BLOCK; another size is another set of samples
    size_t work_size;               // doubles of work for the sampler, may be 0
    int threads;                    // 0 for the number that OpenMP chooses
    montecarlo_progress_t progress; // may be NULL
    void *progress_context;         // handed to progress
} montecarlo_params_t;

// The mean and the covariance of what a sampler makes.
//   params   as above
//   sampler  makes samples of result->dim numbers
//   context  handed to the sampler, shared by all threads; may be NULL
//   result   overwritten; left as it was on an error
// Returns GSL_SUCCESS, GSL_EINVAL (parameters out of range), GSL_ENOMEM, or the status of the sampler (from
// the block of lowest number, if several blocks failed before all threads had stopped).
int montecarlo_run(const montecarlo_params_t *params, montecarlo_sampler_t sampler, const void *context,
                   moments_t *result);

#endif
