// SPDX-License-Identifier: GPL-3.0-or-later
// A canonical form of an ordered arrangement modulo a prime, so that equal subtrees are known again.
//
// The tree of an arrangement depends on the order of its hyperplanes and on which sets of them are dependent, so
// neither the coordinates nor the scale of a row matter. Here the rows are written in coordinates in which the
// hyperplane at infinity and the first independent rows are the unit vectors; what is left is the scale of each
// row and of each unit vector, and these are chosen so that as many entries as possible are 1, row after row
// (along a spanning forest of the bipartite graph of the entries that are not 0: T. Brylawski, D. Lucas,
// "Uniquely representable combinatorial geometries", 1976). Arrangements that a projective map with the same
// hyperplane at infinity takes to one another, in order, have the same form, and only these.
#ifndef MOEGEOM_GEOMETRY_TREE_KEY_H
#define MOEGEOM_GEOMETRY_TREE_KEY_H

#include "number/residue.h"

typedef struct tree_key tree_key_t;

// A work space for arrangements of at most `rows` rows in at most `dimension` dimensions; NULL when memory is short.
tree_key_t *tree_key_alloc(size_t rows, size_t dimension);
void tree_key_free(tree_key_t *key); // NULL is allowed

// Finds the form of the rows (1, y_i2, ..., y_id, c_i), different ones.
//   columns  `dimension` columns of residues with padding: y_2, ..., y_d, c
// Returns false when the coordinates are in the way (with probability 2^-40 or so), and there is no form.
bool tree_key_find(tree_key_t *key, const residue_field_t *field, double *const *columns, size_t rows,
                   size_t dimension);

// The form that was found last: dimension + 1 columns, column j at j * stride.
const double *tree_key_column(const tree_key_t *key, size_t j);

#endif
