// SPDX-License-Identifier: GPL-3.0-or-later
// Vertices and edges by linear programs; see hull.h.
#include "geometry/hull.h"

#include "number/simplex.h"

#include <flint/fmpz_vec.h>

void hull_init(hull_t *hull, slong points, slong directions, slong dimension) {
    fmpz_mat_init(hull->points, points, dimension);
    fmpz_mat_init(hull->directions, directions, dimension);
}

void hull_clear(hull_t *hull) {
    fmpz_mat_clear(hull->points);
    fmpz_mat_clear(hull->directions);
}

// Writes the vector (v_1 ... v_d, mark) into a column.
static void set_column(fmpz_mat_t system, slong column, const fmpz *vector, slong dimension, ulong mark) {
    for (slong i = 0; i < dimension; i++)
        fmpz_set(system->rows[i] + column, vector + i);
    fmpz_set_ui(system->rows[dimension] + column, mark);
}

// Is p a combination of the others, with weights that add up to 1? The columns are the points but p, and the
// directions.
bool hull_vertex(const hull_t *hull, slong p, fmpz *functional, fmpz *weights) {
    const slong d = hull->points->c, points = hull->points->r, directions = hull->directions->r;
    fmpz_mat_t system;
    fmpz_t sum;
    fmpz_mat_init(system, d + 1, points + directions);
    fmpz_init(sum);
    fmpz *solution = _fmpz_vec_init(points + directions), *refutation = _fmpz_vec_init(d + 1);
    for (slong q = 0, column = 0; q < points; q++)
        if (q != p)
            set_column(system, column++, hull->points->rows[q], d, 1);
    for (slong v = 0; v < directions; v++)
        set_column(system, points - 1 + v, hull->directions->rows[v], d, 0);
    set_column(system, points - 1 + directions, hull->points->rows[p], d, 1);
    const bool covered = simplex_solve(system, solution, sum, refutation);
    if (covered) {
        _fmpz_vec_set(weights, solution, p);
        fmpz_zero(weights + p);
        _fmpz_vec_set(weights + p + 1, solution + p, points + directions - 1 - p);
    } else
        _fmpz_vec_set(functional, refutation, d);
    _fmpz_vec_clear(solution, points + directions);
    _fmpz_vec_clear(refutation, d + 1);
    fmpz_mat_clear(system);
    fmpz_clear(sum);
    return !covered;
}

bool hull_exposes(const hull_t *hull, slong p, const fmpz *functional) {
    const slong d = hull->points->c;
    fmpz_t top, value;
    fmpz_init(top);
    fmpz_init(value);
    _fmpz_vec_dot(top, hull->points->rows[p], functional, d);
    bool exposed = true;
    for (slong q = 0; q < hull->points->r; q++) {
        _fmpz_vec_dot(value, hull->points->rows[q], functional, d);
        exposed = exposed && (q == p || fmpz_cmp(value, top) < 0);
    }
    for (slong v = 0; v < hull->directions->r; v++) {
        _fmpz_vec_dot(value, hull->directions->rows[v], functional, d);
        exposed = exposed && fmpz_sgn(value) <= 0;
    }
    fmpz_clear(top);
    fmpz_clear(value);
    return exposed;
}

bool hull_covers(const hull_t *hull, slong p, const fmpz *weights) {
    const slong d = hull->points->c, points = hull->points->r;
    fmpz *total = _fmpz_vec_init(d);
    fmpz_t sum;
    fmpz_init(sum);
    bool valid = fmpz_is_zero(weights + p);
    for (slong q = 0; q < points + hull->directions->r; q++) {
        const fmpz *vector = q < points ? hull->points->rows[q] : hull->directions->rows[q - points];
        _fmpz_vec_scalar_addmul_fmpz(total, vector, d, weights + q);
        valid = valid && fmpz_sgn(weights + q) >= 0;
        if (q < points)
            fmpz_add(sum, sum, weights + q);
    }
    _fmpz_vec_scalar_submul_fmpz(total, hull->points->rows[p], d, sum);
    valid = valid && fmpz_sgn(sum) > 0 && _fmpz_vec_is_zero(total, d);
    _fmpz_vec_clear(total, d);
    fmpz_clear(sum);
    return valid;
}

// The image of a vector in coordinates of the quotient by u, u_c != 0: the minors u_c v_i - u_i v_c, i != c.
static void set_image(fmpz *image, const fmpz *vector, const fmpz *u, slong c, slong dimension) {
    for (slong i = 0; i < dimension; i++)
        if (i != c) {
            fmpz_mul(image, u + c, vector + i);
            fmpz_submul(image++, u + i, vector + c);
        }
}

bool hull_edge(const hull_t *hull, slong p, slong q) {
    const slong d = hull->points->c, points = hull->points->r, directions = hull->directions->r;
    fmpz *u = _fmpz_vec_init(d), *functional = _fmpz_vec_init(d),
         *weights = _fmpz_vec_init(points + directions);
    _fmpz_vec_sub(u, hull->points->rows[p], hull->points->rows[q], d);
    slong c = 0;
    while (fmpz_is_zero(u + c))
        c++;
    hull_t image;
    hull_init(&image, points, directions, d - 1);
    slong kept = 1; // p comes first; it and q, and others on their line, have the same image and are left out
    set_image(image.points->rows[0], hull->points->rows[p], u, c, d);
    for (slong i = 0; i < points; i++) {
        set_image(image.points->rows[kept], hull->points->rows[i], u, c, d);
        kept += !_fmpz_vec_equal(image.points->rows[kept], image.points->rows[0], d - 1);
    }
    for (slong v = 0; v < directions; v++)
        set_image(image.directions->rows[v], hull->directions->rows[v], u, c, d);
    hull_t rest;
    fmpz_mat_window_init(rest.points, image.points, 0, 0, kept, d - 1);
    *rest.directions = *image.directions;
    const bool edge = hull_vertex(&rest, 0, functional, weights);
    fmpz_mat_window_clear(rest.points);
    hull_clear(&image);
    _fmpz_vec_clear(u, d);
    _fmpz_vec_clear(functional, d);
    _fmpz_vec_clear(weights, points + directions);
    return edge;
}
