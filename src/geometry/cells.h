// SPDX-License-Identifier: GPL-3.0-or-later
// The partition of a top-k router as a polyhedral complex: cells, the facets between them, and what one expert is
// given of it.
//
// Points and generators are integers in homogeneous coordinates, as in geometry/router.h.
#ifndef MOEGEOM_GEOMETRY_CELLS_H
#define MOEGEOM_GEOMETRY_CELLS_H

#include "geometry/layer.h"
#include "geometry/reach.h"

#include <flint/fmpq.h>
#include <stdbool.h>

// A facet of a cell.
typedef struct cells_facet {
    slong member, other; // it lies in z_member = z_other; the member of the cell is above on the cell's side
    fmpz *point;         // of its relative interior, d + 1
    slong tied;          // logits that are equal at the threshold there: 2 unless rows are collinear
    slong neighbour;     // the cell behind it, -1 where that is not in the list (which would be a defect)
    slong swaps;         // members that the neighbour does not have
} cells_facet_t;

// A cell with its generators.
typedef struct cells_cell {
    const slong *members; // k ascending numbers
    slong lines;          // generators that may be taken with either sign; they come first
    slong generators;
    fmpz *generator; // generators x (d + 1)
    fmpz *inside;    // an interior point, d + 1
    slong facets;
    cells_facet_t *facet;
} cells_cell_t;

// All cells, in lexicographic order of their coalitions. Owns everything in it.
typedef struct cells {
    const layer_t *layer; // the caller's; only its router is looked at
    slong count;
    cells_cell_t *cell;
    reach_list_t list;
} cells_t;

// Finds the complex by reach_find; neighbours and swaps are found from the logits at the points of facets, which are
// sums of generators.
//   cells  to be cleared by cells_clear; as it was on an error
// Returns GSL_SUCCESS; GSL_EDOM for a layer with twins and k < N; GSL_ENOMEM.
int cells_find(const layer_t *layer, cells_t *cells);
void cells_clear(cells_t *cells);

// The number of a coalition's cell, or -1.
slong cells_index(const cells_t *cells, const slong *members);

// Whether an expert is a member of the coalition of cell c, and whether two cells have a common facet.
bool cells_has(const cells_t *cells, slong c, slong expert);
bool cells_joined(const cells_t *cells, slong c, slong other);

// Whether a cell is bounded: neither lines nor directions among its generators.
bool cells_bounded(const cells_t *cells, slong c);

// Whether every generator of a cell satisfies all k (N - k) inequalities z_u >= z_v of its coalition. The cell is cut
// out by its facets, which are among them: with this the two polyhedra are one.
bool cells_closed(const cells_t *cells, slong c);

// Two places served by an expert with one between that is not, on the segment from p to q.
typedef struct cells_gap {
    slong from, to, across; // the cells of the three
    fmpz *p, *q, *between;  // d + 1 each; owned by the caller, initialised
    fmpq_t share;           // between = p + share (q - p), 0 < share < 1; initialised by the caller
} cells_gap_t;

void cells_gap_init(cells_gap_t *gap, slong dimension);
void cells_gap_clear(cells_gap_t *gap, slong dimension);

// Whether the region served by an expert, the closure of the union of the open cells whose coalitions have it, is
// convex. It is if and only if each cell of the union lies on the inner side of each facet that separates a cell of
// the union from one outside: then it is the intersection of these half-spaces; otherwise a segment that crosses such
// a facet close to its middle, towards a point beyond, leaves the region and comes back.
//   gap  receives a witness when the region is not convex; NULL: none is wanted
bool cells_served_convex(const cells_t *cells, slong expert, cells_gap_t *gap);

// Whether a witness is one, by its definition: at p and q, and between, the coalitions of the three cells are chosen, and
// the expert is in the first two and not in the third; `between` divides the segment as it says.
bool cells_gap_holds(const cells_t *cells, slong expert, const cells_gap_t *gap);

#endif
