// SPDX-License-Identifier: GPL-3.0-or-later
// The tree of intersections; see count.h.
#include "geometry/count.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <stdbool.h>
#include <stdlib.h>

// A node of the tree: distinct hyperplanes of one flat, in coordinates of the flat.
typedef struct node {
    slong dimension; // of the flat
    slong count;
    fmpz **rows; // `count` primitive rows of dimension + 1 entries; their order is arbitrary
    fmpz *store; // what the rows point into
    slong room;  // rows in the store
} node_t;

static void node_clear(node_t *node) {
    if (node->store != NULL)
        _fmpz_vec_clear(node->store, node->room * (node->dimension + 1));
    free(node->rows);
}

static int node_init(node_t *node, slong dimension, slong room) {
    *node = (node_t){.dimension = dimension, .room = room};
    node->rows = calloc((size_t)room + 1, sizeof *node->rows);
    if (node->rows == NULL)
        return GSL_ENOMEM;
    node->store = _fmpz_vec_init(room * (dimension + 1));
    return GSL_SUCCESS;
}

// Where the next row goes.
static fmpz *next_row(node_t *node) {
    return node->store + node->count * (node->dimension + 1);
}

// Divides the row by its content and makes its first entry that is not 0 positive: then equal hyperplanes
// have equal rows. Returns false for a row with w = 0, which is no hyperplane.
static bool make_primitive(fmpz *row, slong dimension) {
    slong lead = 0;
    while (lead < dimension && fmpz_is_zero(row + lead))
        lead++;
    if (lead == dimension)
        return false;
    fmpz_t content;
    fmpz_init(content);
    _fmpz_vec_content(content, row, dimension + 1);
    if (fmpz_sgn(row + lead) < 0)
        fmpz_neg(content, content);
    if (!fmpz_is_one(content))
        _fmpz_vec_scalar_divexact_fmpz(row, row, dimension + 1, content);
    fmpz_clear(content);
    return true;
}

// Keeps the row that was written at next_row when it is a hyperplane.
static void keep_row(node_t *node) {
    fmpz *row = next_row(node);
    if (make_primitive(row, node->dimension))
        node->rows[node->count++] = row;
}

static int compare_rows(const void *a, const void *b, void *width) {
    const fmpz *left = *(fmpz *const *)a, *right = *(fmpz *const *)b;
    for (slong j = 0; j < *(slong *)width; j++) {
        const int order = fmpz_cmp(left + j, right + j);
        if (order != 0)
            return order;
    }
    return 0;
}

// Leaves one row of each hyperplane.
static void drop_repetitions(node_t *node) {
    slong width = node->dimension + 1, kept = 0;
    qsort_r(node->rows, (size_t)node->count, sizeof *node->rows, compare_rows, &width);
    for (slong i = 0; i < node->count; i++)
        if (kept == 0 || compare_rows(&node->rows[kept - 1], &node->rows[i], &width) != 0)
            node->rows[kept++] = node->rows[i];
    node->count = kept;
}

// Restricts the rows before row t to the hyperplane of row t. The flat's coordinates are those of the parent
// without `pivot`, where row t has an entry that is not 0.
static void restrict_to(const node_t *parent, slong t, node_t *child) {
    const fmpz *plane = parent->rows[t];
    slong pivot = 0;
    while (fmpz_is_zero(plane + pivot))
        pivot++;
    child->count = 0;
    for (slong s = 0; s < t; s++) {
        const fmpz *row = parent->rows[s];
        fmpz *entry = next_row(child);
        for (slong j = 0; j <= parent->dimension; j++)
            if (j != pivot) {
                fmpz_mul(entry, row + j, plane + pivot);
                fmpz_submul(entry, plane + j, row + pivot);
                entry++;
            }
        keep_row(child);
    }
    drop_repetitions(child);
}

// Adds the regions of nodes[d]; the nodes of lower dimension are its workspace.
static void add_regions(node_t *nodes, slong d, fmpz_t regions) {
    const node_t *node = &nodes[d];
    if (d == 1) {
        fmpz_add_ui(regions, regions, (ulong)node->count + 1);
        return;
    }
    fmpz_add_ui(regions, regions, 1);
    for (slong t = 0; t < node->count; t++) {
        restrict_to(node, t, &nodes[d - 1]);
        add_regions(nodes, d - 1, regions);
    }
}

static void set_root(node_t *root, const arrangement_t *a) {
    for (slong i = 0; i < a->planes; i++) {
        _fmpz_vec_set(next_row(root), a->rows->rows[i], a->dimension + 1);
        keep_row(root);
    }
    drop_repetitions(root);
}

int count_regions(const arrangement_t *a, fmpz_t regions) {
    node_t *nodes =
        calloc((size_t)a->dimension + 1, sizeof *nodes); // nodes[d] has dimension d; nodes[0] is empty
    int status = nodes == NULL ? GSL_ENOMEM : GSL_SUCCESS;
    for (slong d = 1; d <= a->dimension && status == GSL_SUCCESS; d++)
        status = node_init(&nodes[d], d, a->planes);
    if (status == GSL_SUCCESS) {
        set_root(&nodes[a->dimension], a);
        fmpz_zero(regions);
        add_regions(nodes, a->dimension, regions);
    }
    for (slong d = 1; nodes != NULL && d <= a->dimension; d++)
        node_clear(&nodes[d]);
    free(nodes);
    return status;
}
