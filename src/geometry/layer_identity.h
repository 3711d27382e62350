// SPDX-License-Identifier: GPL-3.0-or-later
// The counting identity of a top-k layer, term by term.
//
// In general position the regions of a layer are as many as the pairs (J, I): J a set of at most d hyperplanes, I a
// coalition that contains all owners of J, and the flat F_J of J meets the cell of I. For each J the flat is solved
// exactly, the logits are restricted to it, and the coalitions that they reach there are found; no set without broken
// circuit is looked for, and nothing is pruned. Slow and simple: the right-hand side of the identity as it is written.
#ifndef MOEGEOM_GEOMETRY_LAYER_IDENTITY_H
#define MOEGEOM_GEOMETRY_LAYER_IDENTITY_H

#include "geometry/layer.h"

// Counts the pairs (J, I) with |J| = size.
//   layer  without dead units
//   size   0 to d
//   pairs  receives the number, an initialised integer
// Returns GSL_SUCCESS; GSL_ESING when the layer is seen not to be in general position: hyperplanes of k owners at most
// with dependent normals, a tie of two logits on a flat, or a tie at the threshold on a point; GSL_ENOMEM. On an
// error `pairs` is as it was.
int layer_identity_pairs(const layer_t *layer, slong size, fmpz_t pairs);

// The right-hand side of the identity: the pairs of all sizes together. Errors as above.
int layer_identity_sum(const layer_t *layer, fmpz_t sum);

#endif
