// SPDX-License-Identifier: GPL-3.0-or-later
// Routers that reach every coalition; see neighbourly.h.
#include "geometry/neighbourly.h"

#include "geometry/bounds.h"

#include <flint/fmpz_poly.h>
#include <gsl/gsl_errno.h>
#include <stdlib.h>
#include <string.h>

// Which router is the witness.
typedef enum kind { NONE, MOMENT, SIMPLEX, TWO_SIMPLICES } kind_t;

static slong smaller_side(const neighbourly_shape_t *shape) {
    const slong rest = shape->experts - shape->active;
    return shape->active < rest ? shape->active : rest;
}

static kind_t kind_of(const neighbourly_shape_t *shape) {
    const slong d = shape->dimension;
    if (2 * smaller_side(shape) <= d + shape->bias)
        return MOMENT;
    if (shape->experts <= d + 1)
        return SIMPLEX;
    return shape->experts == d + 2 && d >= 2 ? TWO_SIMPLICES : NONE;
}

bool neighbourly_exists(const neighbourly_shape_t *shape) {
    return kind_of(shape) != NONE;
}

// ---- The moment curve ----

layer_t *neighbourly_moment(const neighbourly_shape_t *shape, int sign) {
    const slong d = shape->dimension;
    layer_t *layer = layer_alloc(shape->experts, shape->active, 0, d);
    for (slong i = 0; layer != NULL && i < shape->experts; i++) {
        fmpz *row = layer->router->rows[i];
        fmpz_set_si(row, i + 1);
        for (slong j = 1; j <= d; j++)
            fmpz_mul_si(row + j, row + j - 1, i + 1);
        fmpz_mul_si(row + d, row + d, sign);
    }
    return layer;
}

static bool members_are_fewer(const neighbourly_shape_t *shape) {
    return 2 * shape->active <= shape->experts;
}

// The sign of the offsets that the witness needs.
static int moment_sign(const neighbourly_shape_t *shape) {
    if (2 * smaller_side(shape) <= shape->dimension)
        return 0;
    return members_are_fewer(shape) ? -1 : 1;
}

// The product of (t - t_i)^2 over the smaller side is 0 there and positive elsewhere. With the sign that puts the members
// on top, its coefficients of t, ..., t^d are the point, and the next one, if any, is the offsets' sign.
static void moment_point(const neighbourly_shape_t *shape, const slong *members, fmpz *point) {
    const bool top = members_are_fewer(shape);
    fmpz_poly_t product, factor;
    fmpz_poly_init(product);
    fmpz_poly_init(factor);
    fmpz_poly_set_si(product, top ? -1 : 1);
    fmpz_poly_set_coeff_si(factor, 1, 1);
    for (slong i = 0, m = 0; i < shape->experts; i++) {
        const bool member = m < shape->active && members[m] == i;
        m += member;
        if (member != top)
            continue;
        fmpz_poly_set_coeff_si(factor, 0, -(i + 1));
        fmpz_poly_mul(product, product, factor);
        fmpz_poly_mul(product, product, factor);
    }
    for (slong j = 0; j < shape->dimension; j++)
        fmpz_poly_get_coeff_fmpz(point + j, product, j + 1);
    fmpz_poly_clear(product);
    fmpz_poly_clear(factor);
}

// Words of `ones` ones and `zeros` zeros with so many runs of each.
static void add_words(fmpz_t sum, slong ones, slong zeros, slong runs_of_ones, slong runs_of_zeros) {
    fmpz_t left, right;
    fmpz_init(left);
    fmpz_init(right);
    fmpz_bin_uiui(left, (ulong)ones - 1, (ulong)runs_of_ones - 1);
    fmpz_bin_uiui(right, (ulong)zeros - 1, (ulong)runs_of_zeros - 1);
    fmpz_addmul(sum, left, right);
    fmpz_clear(left);
    fmpz_clear(right);
}

void neighbourly_moment_cells(fmpz_t result, const neighbourly_shape_t *shape, int sign) {
    const slong ones = shape->active, zeros = shape->experts - ones, d = shape->dimension;
    fmpz_zero(result);
    for (slong changes = 1; changes <= d + 1; changes++) {
        const slong more = changes / 2 + 1,
                    fewer = (changes + 1) / 2; // runs of the last letter, of the other
        if (changes <= d || sign < 0)
            add_words(result, ones, zeros, fewer, more); // the word ends in a zero
        if (changes <= d || sign > 0)
            add_words(result, ones, zeros, more, fewer);
    }
}

// ---- Simplices ----

// The unit vectors and 0.
static void simplex_router(layer_t *layer) {
    for (slong i = 0; i + 1 < layer->experts; i++)
        fmpz_one(fmpz_mat_entry(layer->router, i, i));
}

static void simplex_point(const neighbourly_shape_t *shape, const slong *members, fmpz *point) {
    for (slong j = 0; j < shape->dimension; j++)
        fmpz_set_si(point + j, -1);
    for (slong m = 0; m < shape->active; m++)
        if (members[m] + 1 < shape->experts)
            fmpz_one(point + members[m]);
}

// N = d + 2. The only Radon partition of the normals is that into the two simplices; its first part has this many
// members, neither k nor N - k, so that no coalition is a part of it.
static slong first_simplex(const neighbourly_shape_t *shape) {
    return smaller_side(shape) == 1 ? 2 : 1;
}

// Experts first..last - 1: unit vectors from coordinate `axis` on, and minus their sum.
static void add_simplex(layer_t *layer, slong first, slong last, slong axis) {
    for (slong i = first; i + 1 < last; i++, axis++) {
        fmpz_one(fmpz_mat_entry(layer->router, i, axis));
        fmpz_set_si(fmpz_mat_entry(layer->router, last - 1, axis), -1);
    }
}

static void two_simplices_router(const neighbourly_shape_t *shape, layer_t *layer) {
    const slong first = first_simplex(shape);
    add_simplex(layer, 0, first, 0);
    add_simplex(layer, first, shape->experts, first - 1);
}

static slong members_below(const neighbourly_shape_t *shape, const slong *members, slong end) {
    slong count = 0;
    while (count < shape->active && members[count] < end)
        count++;
    return count;
}

// The logits of a simplex add up to 0: the members get the number of its others, and these minus that of the members.
static void set_simplex(fmpz *point, const slong *members, slong count, slong first, slong last) {
    for (slong i = first, m = 0; i + 1 < last; i++) {
        const bool member = m < count && members[m] == i;
        m += member;
        fmpz_set_si(point + i - first, member ? last - first - count : -count);
    }
}

static void two_simplices_point(const neighbourly_shape_t *shape, const slong *members, fmpz *point) {
    const slong first = first_simplex(shape), inside = members_below(shape, members, first);
    set_simplex(point, members, inside, 0, first);
    set_simplex(point + first - 1, members + inside, shape->active - inside, first, shape->experts);
}

layer_t *neighbourly_router(const neighbourly_shape_t *shape) {
    const kind_t kind = kind_of(shape);
    if (kind == NONE)
        return NULL;
    if (kind == MOMENT)
        return neighbourly_moment(shape, moment_sign(shape));
    layer_t *layer = layer_alloc(shape->experts, shape->active, 0, shape->dimension);
    if (layer != NULL && kind == SIMPLEX)
        simplex_router(layer);
    else if (layer != NULL)
        two_simplices_router(shape, layer);
    return layer;
}

int neighbourly_point(const neighbourly_shape_t *shape, const slong *members, fmpz *point) {
    const kind_t kind = kind_of(shape);
    if (kind == NONE)
        return GSL_EDOM;
    if (kind == MOMENT)
        moment_point(shape, members, point);
    else if (kind == SIMPLEX)
        simplex_point(shape, members, point);
    else
        two_simplices_point(shape, members, point);
    return GSL_SUCCESS;
}

// ---- Bounds ----

void neighbourly_all_sizes(fmpz_t result, const neighbourly_shape_t *shape) {
    const ulong n = (ulong)shape->experts, d = (ulong)shape->dimension;
    if (shape->bias)
        bounds_phi(result, n, d + 1);
    else {
        bounds_phi(result, n - 1, d);
        fmpz_mul_2exp(result, result, 1);
    }
}

// What the sizes 0..N leave to k: with bias each other size has a cell at least. Without bias x and -x have different
// coalitions of each size 1..N-1, and those of k at x are the complements of those of N - k at -x.
static void bound_by_all_sizes(fmpz_t result, const neighbourly_shape_t *shape) {
    const slong n = shape->experts;
    neighbourly_all_sizes(result, shape);
    if (shape->bias)
        fmpz_sub_si(result, result, n);
    else if (2 * shape->active == n)
        fmpz_sub_si(result, result, 2 * n - 2);
    else {
        fmpz_fdiv_q_2exp(result, result, 1);
        fmpz_sub_si(result, result, n - 2);
    }
}

// Most vertices of the graph of the maximum of r affine functions on R^j: those of a simple polytope in R^(j+1) with
// r + 1 facets (P. McMullen, Mathematika 17, 1970), less those on the facet that stands for infinity.
static void envelope_vertices(fmpz_t result, ulong r, ulong j) {
    const ulong n = r + 1, space = j + 1;
    fmpz_t other;
    fmpz_init(other);
    fmpz_bin_uiui(result, n - (space + 1) / 2, space / 2);
    fmpz_bin_uiui(other, n - 1 - space / 2, (space - 1) / 2);
    fmpz_add(result, result, other);
    fmpz_sub_ui(result, result, space);
    fmpz_clear(other);
}

static void mul_falling(fmpz_t product, ulong first, ulong factors) {
    for (ulong i = 0; i < factors; i++)
        fmpz_mul_ui(product, product, first - i);
}

// The most points of R^j where j + 1 of the n logits are equal and at most k - 1 are above, by samples of r of them: such a
// point is a vertex of the maximum of a sample with probability binomial(n-j-k, r-j-1) / binomial(n, r) at least.
static void shallow_vertices(fmpz_t result, ulong n, ulong k, ulong j) {
    fmpz_t bound, divisor;
    fmpz_init(bound);
    fmpz_init(divisor);
    fmpz_bin_uiui(result, n, j + 1);
    for (ulong r = j + 1; r + k <= n; r += 1 + r / 32) {
        envelope_vertices(bound, r, j);
        mul_falling(bound, n, j + k);
        fmpz_one(divisor);
        mul_falling(divisor, r, j + 1);
        mul_falling(divisor, n - r, k - 1);
        fmpz_fdiv_q(bound, bound, divisor);
        if (fmpz_cmp(bound, result) < 0)
            fmpz_set(result, bound);
    }
    fmpz_clear(bound);
    fmpz_clear(divisor);
}

void neighbourly_bound(fmpz_t result, const neighbourly_shape_t *shape) {
    fmpz_t sum, other;
    fmpz_init_set_ui(sum, 1);
    fmpz_init(other);
    for (slong j = 1; j <= shape->dimension; j++) {
        shallow_vertices(other, (ulong)shape->experts, (ulong)smaller_side(shape), (ulong)j);
        fmpz_add(sum, sum, other);
    }
    bound_by_all_sizes(other, shape);
    if (fmpz_cmp(other, sum) < 0)
        fmpz_swap(sum, other);
    fmpz_bin_uiui(other, (ulong)shape->experts, (ulong)shape->active);
    fmpz_set(result, fmpz_cmp(other, sum) < 0 ? other : sum);
    fmpz_clear(sum);
    fmpz_clear(other);
}

// ---- On a line ----

// The most exchanges at position `active` on a way from a permutation to the last one, for each permutation by its
// number; -1: not known yet.
typedef struct {
    slong experts, active;
    signed char *most;
} exchanges_t;

static slong permutation_number(const slong *order, slong n) {
    slong number = 0;
    for (slong i = 0; i < n; i++) {
        slong smaller = 0;
        for (slong j = i + 1; j < n; j++)
            smaller += order[j] < order[i];
        number = number * (n - i) + smaller;
    }
    return number;
}

static void exchange(slong *order, slong i) {
    const slong left = order[i];
    order[i] = order[i + 1];
    order[i + 1] = left;
}

static slong most_exchanges(const exchanges_t *e, slong *order) {
    signed char *known = &e->most[permutation_number(order, e->experts)];
    if (*known >= 0)
        return *known;
    slong most = 0;
    for (slong i = 0; i + 1 < e->experts; i++) {
        if (order[i] > order[i + 1])
            continue;
        exchange(order, i);
        const slong found = most_exchanges(e, order) + (i + 1 == e->active);
        most = found > most ? found : most;
        exchange(order, i);
    }
    *known = (signed char)most;
    return most;
}

slong neighbourly_line(slong experts, slong active) {
    slong order[NEIGHBOURLY_LINE], size = 1;
    for (slong i = 0; i < experts; i++) {
        order[i] = i;
        size *= i + 1;
    }
    const exchanges_t e = {experts, active, malloc((size_t)size)};
    if (e.most == NULL)
        return 0;
    memset(e.most, -1, (size_t)size);
    const slong cells = 1 + most_exchanges(&e, order);
    free(e.most);
    return cells;
}
