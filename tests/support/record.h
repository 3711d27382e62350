// SPDX-License-Identifier: GPL-3.0-or-later
// Listings of regions, kept for comparison, with each region's point checked against the rows.
#ifndef MOEGEOM_TESTS_SUPPORT_RECORD_H
#define MOEGEOM_TESTS_SUPPORT_RECORD_H

#include "geometry/list.h"
#include "support/brute.h"

// The regions in the order in which they came.
typedef struct record {
    const arrangement_t *a; // of one of the two
    const layer_t *layer;
    slong active, size; // k; bytes of a region: its members (N < 128), then its signs
    slong count, room;
    signed char *bytes;
    slong outside; // points that do not lie in their region
} record_t;

// One of a and layer is NULL. Freed by record_clear.
void record_init(record_t *record, const arrangement_t *a, const layer_t *layer);
void record_clear(record_t *record);

// To be given to brute.h and to list.h, with the record as context.
void record_brute(void *record, const brute_region_t *region);
int record_list(void *record, const list_region_t *region);

// Whether the same regions came in the same order.
bool record_equal(const record_t *first, const record_t *second);

// How many regions from number `start` on have its coalition.
slong record_run(const record_t *record, slong start);

#endif
