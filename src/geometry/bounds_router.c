// SPDX-License-Identifier: GPL-3.0-or-later
// Bounds that know the router; see bounds_router.h.
#include "geometry/bounds_router.h"

#include <gsl/gsl_errno.h>
#include <stdlib.h>
#include <string.h>

int bounds_walls(fmpz_t result, const bounds_layer_t *layer) {
    fmpz_t printed;
    fmpz_init(printed);
    const int status = bounds_topk(printed, layer); // the ranges
    fmpz_clear(printed);
    if (status != GSL_SUCCESS)
        return status;
    bounds_phi(result, layer->experts * layer->width + layer->experts * (layer->experts - 1) / 2,
               layer->dimension);
    return GSL_SUCCESS;
}

// The least bound of the top-q cells of n affine functions on R^m.
static void least_cells(fmpz_t result, ulong n, ulong q, ulong m) {
    bounds_cells(result, n, q, m);
    if (q <= m + 1 || n - q <= m + 1) // one, or binomial(n, q) is a term of Phi(n, m + 1)
        return;
    fmpz_t lifted;
    fmpz_init(lifted);
    bounds_phi(lifted, n, m + 1);
    fmpz_sub_ui(lifted, lifted, n);
    if (fmpz_cmp(lifted, result) < 0)
        fmpz_swap(result, lifted);
    fmpz_clear(lifted);
}

int bounds_lifted(fmpz_t result, const bounds_layer_t *layer) {
    fmpz_t flats, cells, sum;
    fmpz_init(flats);
    fmpz_init(cells);
    fmpz_init(sum);
    const int status = bounds_dense(sum, layer); // the ranges
    fmpz_zero(sum);
    for (ulong j = 0; status == GSL_SUCCESS && j <= layer->dimension; j++)
        for (ulong e = 0; e <= j && e <= layer->active; e++) {
            bounds_owners(flats, layer->experts, layer->width, j, e);
            least_cells(cells, layer->experts - e, layer->active - e, layer->dimension - j);
            fmpz_addmul(sum, flats, cells);
        }
    if (status == GSL_SUCCESS)
        fmpz_swap(result, sum);
    fmpz_clear(flats);
    fmpz_clear(cells);
    fmpz_clear(sum);
    return status;
}

// n (n - 1) ... (n - m + 1).
static void falling(fmpz_t result, ulong n, ulong m) {
    fmpz_one(result);
    for (ulong i = 0; i < m; i++)
        fmpz_mul_ui(result, result, n - i);
}

// Facets of the cyclic polytope with r > D vertices in R^D.
static void cyclic_facets(fmpz_t result, ulong r, ulong dimension) {
    const ulong low = dimension / 2, high = dimension - low;
    fmpz_t other;
    fmpz_init(other);
    fmpz_bin_uiui(result, r - high, low);
    fmpz_bin_uiui(other, r - low - 1, high - 1);
    fmpz_add(result, result, other);
    fmpz_clear(other);
}

// Lowest vertices of dimension D: facets times binomial(N, r) / binomial(N-D-k, r-D-1), which is
// falling(N, D + k) / (falling(r, D + 1) falling(N - r, k - 1)). The r chosen is near the best.
static void sampled_vertices(fmpq_t result, ulong experts, ulong active, ulong dimension) {
    const ulong power = (dimension + 2) / 2;
    ulong r = experts / (power + active - 1) * power;
    if (r < dimension + 2)
        r = dimension + 2;
    if (r > experts - active + 1)
        r = experts - active + 1;
    fmpz_t facets, factor;
    fmpz_init(facets);
    fmpz_init(factor);
    cyclic_facets(facets, r, dimension + 1);
    falling(factor, experts, dimension + active);
    fmpz_mul(fmpq_numref(result), facets, factor);
    falling(factor, r, dimension + 1);
    falling(facets, experts - r, active - 1);
    fmpz_mul(fmpq_denref(result), facets, factor);
    fmpq_canonicalise(result);
    fmpz_clear(facets);
    fmpz_clear(factor);
}

int bounds_sampled(fmpq_t result, ulong experts, ulong active, ulong dimension) {
    if (active < 1 || experts / 2 < dimension + active + 1)
        return GSL_EDOM;
    fmpq_t vertices;
    fmpq_init(vertices);
    fmpq_one(result);
    for (ulong d = 1; d <= dimension; d++) {
        sampled_vertices(vertices, experts, active, d);
        fmpq_add(result, result, vertices);
    }
    fmpq_clear(vertices);
    return GSL_SUCCESS;
}

// ---- The line: permutations as numbers ----

typedef unsigned char order_t[BOUNDS_LINE_EXPERTS];

// The number of a permutation in lexicographic order, and back.
static ulong order_rank(const order_t order, ulong n) {
    ulong rank = 0;
    for (ulong i = 0; i < n; i++) {
        ulong smaller = 0;
        for (ulong j = i + 1; j < n; j++)
            smaller += order[j] < order[i];
        rank = rank * (n - i) + smaller;
    }
    return rank;
}

static void order_unrank(ulong rank, ulong n, order_t order) {
    for (ulong i = n; i-- > 0;) {
        order[i] = (unsigned char)(rank % (n - i));
        rank /= n - i;
        for (ulong j = i + 1; j < n; j++)
            order[j] = (unsigned char)(order[j] + (order[j] >= order[i]));
    }
}

// most[rank * (n - 1) + place]: swaps of `place` and the next one, at most, on a chain from the identity. A swap that
// inverts a pair comes later in lexicographic order, so one pass does.
static void extend_chains(ulong rank, ulong n, signed char *most) {
    order_t order;
    order_unrank(rank, n, order);
    for (ulong i = 0; i + 1 < n; i++) {
        if (order[i] > order[i + 1])
            continue;
        order_t next;
        memcpy(next, order, sizeof next);
        next[i] = order[i + 1];
        next[i + 1] = order[i];
        signed char *to = most + order_rank(next, n) * (n - 1);
        const signed char *from = most + rank * (n - 1);
        for (ulong place = 0; place + 1 < n; place++) {
            const signed char swaps = (signed char)(from[place] + (place == i));
            if (swaps > to[place])
                to[place] = swaps;
        }
    }
}

int bounds_line(ulong experts, ulong *cells) {
    if (experts < 1 || experts > BOUNDS_LINE_EXPERTS)
        return GSL_EDOM;
    ulong orders = 1;
    for (ulong i = 2; i <= experts; i++)
        orders *= i;
    signed char *most = calloc(orders * experts, sizeof *most);
    if (most == NULL)
        return GSL_ENOMEM;
    for (ulong rank = 0; rank < orders; rank++)
        extend_chains(rank, experts, most);
    cells[0] = cells[experts] = 1;
    for (ulong k = 1; k < experts; k++)
        cells[k] = 1 + (ulong)most[(orders - 1) * (experts - 1) + k - 1];
    free(most);
    return GSL_SUCCESS;
}
