// SPDX-License-Identifier: GPL-3.0-or-later
// Regions that meet the unit sphere; see sphere.h.
#include "geometry/sphere.h"

#include "geometry/list.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <stdlib.h>

// ---- Feet ----

typedef struct {
    const arrangement_t *a;
    sphere_feet_t found;
    slong room;
    slong set[SPHERE_PLANES];
} finder_t;

static bool is_member(const finder_t *finder, slong size, slong plane) {
    for (slong i = 0; i < size; i++)
        if (finder->set[i] == plane)
            return true;
    return false;
}

static int append(finder_t *finder, const sphere_foot_t *foot) {
    if (finder->found.count == finder->room) {
        const slong room = 2 * finder->room + 64;
        sphere_foot_t *feet = realloc(finder->found.feet, (size_t)room * sizeof *feet);
        if (feet == NULL)
            return GSL_ENOMEM;
        finder->found.feet = feet;
        finder->room = room;
    }
    finder->found.feet[finder->found.count++] = *foot;
    finder->found.inside += foot->side < 0;
    finder->found.touching += foot->side == 0;
    return GSL_SUCCESS;
}

// The foot of the set's first `size` planes: with normals N and offsets b it is -N' y for N N' y = b, and its squared
// distance from 0 is b.y. Returns false when the normals are dependent.
static bool foot_of(const finder_t *finder, slong size, sphere_foot_t *foot) {
    const arrangement_t *a = finder->a;
    const slong d = a->dimension;
    fmpz_mat_t normals, gram, offsets, solution;
    fmpz_mat_init(normals, size, d);
    fmpz_mat_init(gram, size, size);
    fmpz_mat_init(offsets, size, 1);
    fmpz_mat_init(solution, size, 1);
    fmpz_t denominator, sum;
    fmpz_init(denominator);
    fmpz_init(sum);
    fmpz *point = _fmpz_vec_init(d + 1); // times the denominator
    *foot = (sphere_foot_t){0};
    for (slong i = 0; i < size; i++) {
        const fmpz *row = a->rows->rows[finder->set[i]];
        foot->set |= UINT64_C(1) << finder->set[i];
        _fmpz_vec_set(normals->rows[i], row, d);
        fmpz_set(fmpz_mat_entry(offsets, i, 0), row + d);
    }
    for (slong i = 0; i < size; i++)
        for (slong j = 0; j < size; j++)
            _fmpz_vec_dot(fmpz_mat_entry(gram, i, j), normals->rows[i], normals->rows[j], d);
    const bool independent = fmpz_mat_solve(solution, denominator, gram, offsets) != 0;
    if (independent) {
        const int sign = fmpz_sgn(denominator);
        for (slong i = 0; i < size; i++) {
            fmpz_addmul(sum, fmpz_mat_entry(offsets, i, 0), fmpz_mat_entry(solution, i, 0));
            _fmpz_vec_scalar_submul_fmpz(point, normals->rows[i], d, fmpz_mat_entry(solution, i, 0));
        }
        fmpz_set(point + d, denominator);
        fmpz_sub(sum, sum, denominator);
        foot->side = sign * fmpz_sgn(sum);
        for (slong p = 0; p < a->planes; p++) {
            _fmpz_vec_dot(sum, a->rows->rows[p], point, d + 1);
            const int where = is_member(finder, size, p) ? 0 : sign * fmpz_sgn(sum);
            foot->positive |= where > 0 ? UINT64_C(1) << p : 0;
            foot->negative |= where < 0 ? UINT64_C(1) << p : 0;
        }
    }
    _fmpz_vec_clear(point, d + 1);
    fmpz_clear(denominator);
    fmpz_clear(sum);
    fmpz_mat_clear(normals);
    fmpz_mat_clear(gram);
    fmpz_mat_clear(offsets);
    fmpz_mat_clear(solution);
    return independent;
}

// All sets that begin with the `size` planes that are chosen.
static int find_from(finder_t *finder, slong size) {
    sphere_foot_t foot;
    if (!foot_of(finder, size, &foot))
        return GSL_SUCCESS;
    int status = append(finder, &foot);
    const slong next = size > 0 ? finder->set[size - 1] + 1 : 0;
    for (slong p = next; p < finder->a->planes && size < finder->a->dimension && status == GSL_SUCCESS; p++) {
        finder->set[size] = p;
        status = find_from(finder, size + 1);
    }
    return status;
}

int sphere_feet_find(const arrangement_t *a, sphere_feet_t *feet) {
    if (a->planes > SPHERE_PLANES)
        return GSL_EDOM;
    for (slong p = 0; p < a->planes; p++)
        if (_fmpz_vec_is_zero(a->rows->rows[p], a->dimension))
            return GSL_EDOM;
    finder_t finder = {.a = a};
    const int status = find_from(&finder, 0);
    if (status == GSL_SUCCESS)
        *feet = finder.found;
    else
        free(finder.found.feet);
    return status;
}

void sphere_feet_clear(sphere_feet_t *feet) {
    free(feet->feet);
    *feet = (sphere_feet_t){0};
}

// ---- Regions ----

typedef struct {
    const sphere_feet_t *feet;
    slong dimension, room;
    sphere_regions_t found;
} lister_t;

// Whether a foot inside the ball lies in the closure of the region with these signs.
static bool is_inside(const sphere_feet_t *feet, uint64_t positive) {
    for (slong i = 0; i < feet->count; i++) {
        const sphere_foot_t *foot = &feet->feet[i];
        if (foot->side < 0 && (foot->positive & ~positive) == 0 && (foot->negative & positive) == 0)
            return true;
    }
    return false;
}

// Looks at the generators of a cell.
static void look_outside(const polyhedron_t *cell, slong d, sphere_region_t *region) {
    fmpz *v = _fmpz_vec_init(d + 1);
    fmpz_t square;
    fmpz_init(square);
    region->bounded = polyhedron_lines(cell) == 0;
    region->outside = !region->bounded;
    for (slong ray = 0; ray < polyhedron_rays(cell); ray++) {
        polyhedron_generator(cell, polyhedron_lines(cell) + ray, v);
        region->bounded = region->bounded && !fmpz_is_zero(v + d);
        _fmpz_vec_dot(square, v, v, d);
        fmpz_submul(square, v + d, v + d);
        region->outside = region->outside || fmpz_sgn(square) > 0;
    }
    fmpz_clear(square);
    _fmpz_vec_clear(v, d + 1);
}

static int add_region(void *context, const list_region_t *listed) {
    lister_t *lister = context;
    sphere_regions_t *found = &lister->found;
    if (found->count == lister->room) {
        const slong room = 2 * lister->room + 64;
        sphere_region_t *regions = realloc(found->regions, (size_t)room * sizeof *regions);
        if (regions == NULL)
            return GSL_ENOMEM;
        found->regions = regions;
        lister->room = room;
    }
    sphere_region_t region = {0};
    for (slong p = 0; p < listed->signs; p++)
        region.positive |= listed->sign[p] > 0 ? UINT64_C(1) << p : 0;
    region.inside = is_inside(lister->feet, region.positive);
    look_outside(listed->cell, lister->dimension, &region);
    found->regions[found->count++] = region;
    found->meeting += region.inside && region.outside;
    found->inside += region.inside;
    found->contained += !region.outside;
    found->bounded += region.bounded;
    return GSL_SUCCESS;
}

int sphere_regions_list(const arrangement_t *a, const sphere_feet_t *feet, sphere_regions_t *regions) {
    if (a->planes > SPHERE_PLANES)
        return GSL_EDOM;
    lister_t lister = {.feet = feet, .dimension = a->dimension};
    const int status = list_arrangement(a, add_region, &lister);
    if (status == GSL_SUCCESS)
        *regions = lister.found;
    else
        free(lister.found.regions);
    return status;
}

void sphere_regions_clear(sphere_regions_t *regions) {
    free(regions->regions);
    *regions = (sphere_regions_t){0};
}

bool sphere_regions_has(const sphere_regions_t *regions, uint64_t positive) {
    for (slong i = 0; i < regions->count; i++)
        if (regions->regions[i].positive == positive)
            return regions->regions[i].inside && regions->regions[i].outside;
    return false;
}
