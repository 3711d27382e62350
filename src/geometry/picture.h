// SPDX-License-Identifier: GPL-3.0-or-later
// A planar layer as a drawing: the cells of its coalitions in a window, and the folds inside each cell.
//
// The regions are what the folds leave of the cells, so that nothing else has to be drawn: a layer with 10^5
// regions has some 10^3 folds. Which coalitions there are is decided exactly (geometry/reach.h); where their
// cells end is computed in doubles, for the eye alone: a cell thinner than the rounding errors may be missing, and
// no count is taken from a picture.
#ifndef MOEGEOM_GEOMETRY_PICTURE_H
#define MOEGEOM_GEOMETRY_PICTURE_H

#include "geometry/layer.h"
#include "geometry/planar.h"

#include <stddef.h>

// The colours of a map: neighbours differ. Six are enough for any plane map when the cell with the fewest
// neighbours is always coloured last (every plane map has a cell with at most five).
enum { PICTURE_COLOURS = 6 };

// A window on the plane of a layer. The place (u, v), 0 <= u <= width, 0 <= v <= height, shows the point
// y = origin + u right + v up of the layer.
typedef struct picture_frame {
    planar_point_t origin, right, up;
    double width, height;
} picture_frame_t;

// The window on the plane through p_0, p_1, p_2 in R^d, in the coordinates of slice_layer, that shows angles and
// lengths as they are in R^d: p_1 is to the right of p_0 and p_2 above.
//   gram    |a|^2, a.b, |b|^2 with a = p_1 - p_0, b = p_2 - p_0
//   aspect  height over width of the window, > 0
//   margin  least distance of the points from the border of the window, over its width; 0 to below
//           min(1, aspect)/2
//   frame   receives the smallest such window, with the points in its middle
//   places  receives the places of the three points in the window
// Returns GSL_SUCCESS; GSL_EDOM for points on a line, or numbers out of range.
int picture_frame_around(const double gram[3], double aspect, double margin, picture_frame_t *frame,
                         planar_point_t places[3]);

// A fold: where hyperplane `row` of the layer (0 to N H - 1) crosses a cell; one that coincides with a wall may be
// drawn on it.
typedef struct picture_fold {
    slong row;
    planar_point_t from, to;
} picture_fold_t;

// What the window shows of the cell of one coalition: a convex polygon.
typedef struct picture_cell {
    size_t corner, corners; // `corners` of them from `corner` on, counter-clockwise
    size_t fold, folds;     // `folds` of them from `fold` on
    int colour;             // 0 to PICTURE_COLOURS - 1
    double area;
    planar_point_t centre; // of mass
} picture_cell_t;

// A drawing, in places of the window. Starts as {0}; owned by the caller.
typedef struct picture {
    slong active;         // k
    size_t cells;         // those that the window shows, in lexicographic order of the coalitions
    picture_cell_t *cell; // cells
    slong *members;       // cells x k, ascending numbers of experts
    size_t corners;
    planar_point_t *corner; // corners
    size_t folds;
    picture_fold_t *fold; // folds
} picture_t;

// Draws a layer of dimension 2.
//   picture  {0}, or cleared; receives the drawing, to be cleared by picture_clear
// Returns GSL_SUCCESS; GSL_EDOM for another dimension, or for twins (layer_twins) and k < N; GSL_ENOMEM. On an
// error the picture is cleared.
// Time: of reach_coalitions, and for each cell k (N - k + H) tests of its corners. Memory: N^2 lines and the result.
int picture_draw(const layer_t *layer, const picture_frame_t *frame, picture_t *picture);
void picture_clear(picture_t *picture);

// Where the name of a cell has most room: of a grid of points in the cell, the one that is farthest from its sides
// and from some discs. Words are wider than high, so lengths along u count half.
//   cell    0 to picture->cells - 1
//   avoid   centres of the discs; NULL for none
//   radius  of all discs, >= 0
//   room    receives that distance; below 0 when the discs cover the grid
planar_point_t picture_name_place(const picture_t *picture, size_t cell, const planar_point_t *avoid,
                                  size_t discs, double radius, double *room);

#endif
