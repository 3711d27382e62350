// SPDX-License-Identifier: GPL-3.0-or-later
// Hill climbing for layers with many regions: small integer entries, exact counts, the same for the same stream.
//
// A step draws one row or one entry anew, or moves one entry a little, and counts the regions by method F. A change
// that loses regions is taken back; one that loses none stays, so that the climb drifts over plateaus. What is found
// is a layer with a proven number of regions, never a proof that there is no better one.
#ifndef MOEGEOM_GEOMETRY_CLIMB_H
#define MOEGEOM_GEOMETRY_CLIMB_H

#include "geometry/layer.h"
#include "stat/stream.h"

// Draws all entries uniformly from -range..range, without twins.
//   layer   its shape is kept
//   range   >= 1
//   stream  advanced
void climb_draw(layer_t *layer, slong range, stream_t *stream);

// Counts the regions by method F on one thread. Returns as layer_flats_count.
int climb_count(const layer_t *layer, fmpz_t regions);

// Climbs from where the layer stands.
//   layer    its entries change
//   range    >= 1, of the entries that are drawn; small moves may lead beyond it
//   steps    number of counts at most
//   enough   the climb ends as soon as there are so many regions
//   stream   advanced; it alone decides the path
//   regions  receives the number of regions of the layer at the end
// Returns GSL_SUCCESS; GSL_EDOM for a layer with twins at the start; GSL_ENOMEM.
int climb_layer(layer_t *layer, slong range, ulong steps, const fmpz_t enough, stream_t *stream,
                fmpz_t regions);

#endif
