// SPDX-License-Identifier: GPL-3.0-or-later
// A histogram by exponent and leading bits; see log_histogram.h.
//
// The number of a bin is made of the upper bits of the double: the exponent field, which is the number of a page, and `lead` bits of
// the fraction. The next 32 bits are the place in the bin.
#include "stat/log_histogram.h"

#include <float.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FRACTION = 52, PLACE = 32, PAGES = 2047 };

typedef struct cell {
    uint64_t count, sum; // sum of places
} cell_t;

struct log_histogram {
    int lead;
    uint64_t count;
    cell_t *page[PAGES]; // 2^lead cells, or NULL
};

log_histogram_t *log_histogram_alloc(int lead) {
    log_histogram_t *histogram = calloc(1, sizeof *histogram);
    if (histogram != NULL)
        histogram->lead = lead;
    return histogram;
}

void log_histogram_free(log_histogram_t *histogram) {
    if (histogram == NULL)
        return;
    for (size_t i = 0; i < PAGES; i++)
        free(histogram->page[i]);
    free(histogram);
}

static cell_t *page_of(log_histogram_t *histogram, size_t page) {
    if (histogram->page[page] == NULL)
        histogram->page[page] = calloc((size_t)1 << histogram->lead, sizeof(cell_t));
    return histogram->page[page];
}

int log_histogram_add(log_histogram_t *histogram, const double *x, size_t n) {
    const int below = FRACTION - histogram->lead; // bits of a place
    const uint64_t mask = ((uint64_t)1 << histogram->lead) - 1;
    for (size_t i = 0; i < n; i++) {
        if (!(x[i] > 0))
            continue;
        const double value = x[i] < DBL_MAX ? x[i] : DBL_MAX;
        uint64_t bits;
        memcpy(&bits, &value, sizeof bits);
        cell_t *page = histogram->page[bits >> FRACTION];
        if (page == NULL && (page = page_of(histogram, bits >> FRACTION)) == NULL)
            return GSL_ENOMEM;
        cell_t *cell = page + (bits >> below & mask);
        cell->count++;
        cell->sum += bits << (64 - below) >> (64 - PLACE);
        histogram->count++;
    }
    return GSL_SUCCESS;
}

int log_histogram_merge(log_histogram_t *to, const log_histogram_t *from) {
    const size_t cells = (size_t)1 << from->lead;
    for (size_t i = 0; i < PAGES; i++) {
        if (from->page[i] == NULL)
            continue;
        cell_t *page = page_of(to, i);
        if (page == NULL)
            return GSL_ENOMEM;
        for (size_t j = 0; j < cells; j++) {
            page[j].count += from->page[i][j].count;
            page[j].sum += from->page[i][j].sum;
        }
    }
    to->count += from->count;
    return GSL_SUCCESS;
}

uint64_t log_histogram_count(const log_histogram_t *histogram) {
    return histogram->count;
}

// Where a bin starts.
static double start_of(const log_histogram_t *histogram, size_t bin) {
    const uint64_t bits = (uint64_t)bin << (FRACTION - histogram->lead);
    double value;
    memcpy(&value, &bits, sizeof value);
    return fmin(value, DBL_MAX);
}

bool log_histogram_next(const log_histogram_t *histogram, size_t *at, log_histogram_bin_t *bin) {
    const size_t cells = (size_t)1 << histogram->lead;
    for (size_t i = *at; i < PAGES * cells; i++) {
        const cell_t *page = histogram->page[i >> histogram->lead];
        if (page == NULL) {
            i |= cells - 1;
            continue;
        }
        const cell_t *cell = page + (i & (cells - 1));
        if (cell->count == 0)
            continue;
        const double low = start_of(histogram, i), high = start_of(histogram, i + 1);
        const double place = (double)cell->sum / (double)cell->count;
        *bin = (log_histogram_bin_t){low, high, cell->count, low + (high - low) * ldexp(place, -PLACE)};
        *at = i + 1;
        return true;
    }
    return false;
}

// The bin of a rank, and what is left of the rank there.
static bool find(const log_histogram_t *histogram, uint64_t rank, log_histogram_bin_t *bin, uint64_t *left) {
    *left = rank;
    for (size_t at = 0; log_histogram_next(histogram, &at, bin); *left -= bin->count)
        if (*left <= bin->count)
            return true;
    return false;
}

double log_histogram_end(const log_histogram_t *histogram, uint64_t rank) {
    log_histogram_bin_t bin;
    uint64_t left;
    return find(histogram, rank, &bin, &left) ? bin.high : 0;
}

double log_histogram_ranked(const log_histogram_t *histogram, uint64_t rank) {
    log_histogram_bin_t bin;
    uint64_t left;
    if (!find(histogram, rank, &bin, &left))
        return GSL_NAN;
    // One number is its own mean, and numbers that are all at one end are there.
    const double reach = fmin(bin.mean - bin.low, bin.high - bin.mean);
    const double count = (double)bin.count;
    return bin.mean + reach * ((2 * (double)left - 1) / count - 1);
}

double log_histogram_mean(const log_histogram_t *histogram) {
    double sum = 0;
    log_histogram_bin_t bin;
    for (size_t at = 0; log_histogram_next(histogram, &at, &bin);)
        sum += (double)bin.count * bin.mean;
    return sum / (double)histogram->count;
}
