// SPDX-License-Identifier: GPL-3.0-or-later
// Exact routers of gate matrices; see gate_layer.h.
#include "geometry/gate_layer.h"

#include "number/dyadic.h"

#include <flint/fmpz_vec.h>
#include <flint/nmod_mat.h>
#include <flint/ulong_extras.h>
#include <gsl/gsl_errno.h>
#include <stdbool.h>
#include <stdlib.h>

// ---- Integers ----

static const slong LARGEST = 1024; // no double has a digit there

int gate_layer_alloc(const double *weights, const double *bias, size_t experts, size_t dimension,
                     size_t active, layer_t **layer) {
    if (experts < 1 || dimension < 1 || active < 1 || active > experts)
        return GSL_EDOM;
    layer_t *result = layer_alloc((slong)experts, (slong)active, 0, (slong)dimension);
    if (result == NULL)
        return GSL_ENOMEM;
    slong place = dyadic_last_place(weights, experts * dimension, LARGEST);
    if (bias != NULL)
        place = dyadic_last_place(bias, experts, place);
    for (size_t i = 0; i < experts; i++) {
        fmpz *row = result->router->rows[i];
        dyadic_integers(row, weights + i * dimension, dimension, place);
        if (bias != NULL)
            dyadic_integers(row + dimension, bias + i, 1, place);
    }
    *layer = result;
    return GSL_SUCCESS;
}

// ---- Ranks ----

static const ulong BEYOND = UWORD(1) << 62; // the prime is the next one

// The rank of the first `columns` columns of rows `base`+1.. less row `base`, or of all rows for base = -1.
static slong rank_of(const layer_t *layer, slong base, slong columns) {
    nmod_mat_t matrix;
    const slong first = base + 1, rows = layer->experts - first;
    nmod_mat_init(matrix, rows, columns, n_nextprime(BEYOND, 0));
    for (slong i = 0; i < rows; i++)
        for (slong j = 0; j < columns; j++) {
            ulong entry = fmpz_fdiv_ui(fmpz_mat_entry(layer->router, first + i, j), matrix->mod.n);
            if (base >= 0)
                entry = nmod_sub(entry, fmpz_fdiv_ui(fmpz_mat_entry(layer->router, base, j), matrix->mod.n),
                                 matrix->mod);
            nmod_mat_entry(matrix, i, j) = entry;
        }
    const slong rank = nmod_mat_rank(matrix);
    nmod_mat_clear(matrix);
    return rank;
}

static slong growing_rank(const layer_t *layer, slong base) {
    const slong rows = layer->experts - base - 1, all = layer->dimension;
    for (slong columns = 2 * rows;; columns *= 4) {
        const slong taken = columns < all ? columns : all, rank = rank_of(layer, base, taken);
        if (rank == rows || taken == all)
            return rank;
    }
}

slong gate_layer_rank(const layer_t *layer) {
    return growing_rank(layer, -1);
}

slong gate_layer_affine_rank(const layer_t *layer) {
    return layer->experts > 1 ? growing_rank(layer, 0) : 0;
}

// ---- A great circle ----

// The walk along the k-th largest logit, from tie to tie. Directions are pairs of integers; everything is as it is right behind
// the last one.
typedef struct circle {
    const fmpz_mat_struct *logits;
    slong experts, active;
    bool *member;  // N
    slong last;    // the member with the least logit
    fmpz *next;    // a tie: a direction
    fmpz *best;    // the first tie found
    fmpz *scratch; // 4
} circle_t;

// The sign of x_0 y_1 - x_1 y_0: positive where y is counter-clockwise of x by less than half a turn.
static int turn(circle_t *circle, const fmpz *x, const fmpz *y) {
    fmpz_mul(circle->scratch, x, y + 1);
    fmpz_mul(circle->scratch + 1, x + 1, y);
    return fmpz_cmp(circle->scratch, circle->scratch + 1);
}

// Whether i comes before j right behind a direction. In (x, y) the difference p of their logits is p_0 x + p_1 y, and its
// derivative counter-clockwise p_1 x - p_0 y.
static bool before(circle_t *circle, slong i, slong j, const fmpz *direction) {
    fmpz *p = circle->scratch, *value = circle->scratch + 2;
    const fmpz *a = circle->logits->rows[i], *b = circle->logits->rows[j];
    fmpz_sub(p, a, b);
    fmpz_sub(p + 1, a + 1, b + 1);
    fmpz_mul(value, p, direction);
    fmpz_addmul(value, p + 1, direction + 1);
    if (fmpz_is_zero(value)) {
        fmpz_mul(value, p + 1, direction);
        fmpz_submul(value, p, direction + 1);
    }
    return fmpz_is_zero(value) ? i < j : fmpz_sgn(value) > 0;
}

// Selects anew right behind a direction. Returns whether the set is another one.
static bool select_members(circle_t *circle, const fmpz *direction, bool *chosen) {
    bool changed = false;
    for (slong i = 0; i < circle->experts; i++)
        chosen[i] = false;
    for (slong rank = 0; rank < circle->active; rank++) {
        slong best = -1;
        for (slong i = 0; i < circle->experts; i++)
            if (!chosen[i] && (best < 0 || before(circle, i, best, direction)))
                best = i;
        chosen[best] = true;
        circle->last = best;
    }
    for (slong i = 0; i < circle->experts; i++) {
        changed = changed || chosen[i] != circle->member[i];
        circle->member[i] = chosen[i];
    }
    return changed;
}

// The direction where expert i, above j right behind the last tie, falls to j: their difference turned by a right angle, at most half a
// turn away. Returns false where they agree everywhere.
static bool find_tie(circle_t *circle, slong i, slong j) {
    const fmpz *a = circle->logits->rows[i], *b = circle->logits->rows[j];
    fmpz_sub(circle->next, b + 1, a + 1);
    fmpz_sub(circle->next + 1, a, b);
    return !fmpz_is_zero(circle->next) || !fmpz_is_zero(circle->next + 1);
}

// The first tie of the last member from there on, into `best`. Returns the expert, -1 when it ties with nobody, and sets *several
// when others may be tied in that direction too, as those always are that have the logit of the last member everywhere.
static slong first_tie(circle_t *circle, bool *several) {
    slong found = -1;
    bool twin = false, again = false;
    for (slong i = 0; i < circle->experts; i++) {
        const bool rises = circle->member[i];
        if (i == circle->last)
            continue;
        if (!find_tie(circle, rises ? i : circle->last, rises ? circle->last : i)) {
            twin = true;
            continue;
        }
        const int order = found < 0 ? 1 : turn(circle, circle->next, circle->best);
        again = order == 0 || (again && order < 0);
        if (order <= 0)
            continue;
        fmpz_swap(circle->next, circle->best);
        fmpz_swap(circle->next + 1, circle->best + 1);
        found = i;
    }
    *several = twin || again;
    return found;
}

// Which half of the circle, that starts right behind (1, 0), a direction lies in.
static int half_of(const fmpz *direction) {
    const int y = fmpz_sgn(direction + 1);
    return y < 0 || (y == 0 && fmpz_sgn(direction) > 0);
}

static slong walk(circle_t *circle, bool *chosen) {
    slong changes = 0;
    for (int half = 0;;) {
        bool several;
        const slong expert = first_tie(circle, &several);
        if (expert < 0 || half_of(circle->best) < half)
            return changes;
        half = half_of(circle->best);
        if (several)
            changes += select_members(circle, circle->best, chosen);
        else {
            changes += !circle->member[expert];
            circle->member[circle->last] = circle->member[expert];
            circle->member[expert] = true;
            circle->last = expert;
        }
    }
}

int gate_layer_circle(const fmpz_mat_t logits, slong active, slong *changes) {
    const slong n = fmpz_mat_nrows(logits);
    circle_t circle = {.logits = logits, .experts = n, .active = active};
    circle.member = calloc((size_t)n, sizeof *circle.member);
    bool *chosen = calloc((size_t)n, sizeof *chosen);
    if (circle.member != NULL && chosen != NULL) {
        fmpz *room = _fmpz_vec_init(8);
        circle.next = room;
        circle.best = room + 2;
        circle.scratch = room + 4;
        fmpz_one(circle.best);
        select_members(&circle, circle.best, chosen);
        *changes = walk(&circle, chosen);
        _fmpz_vec_clear(room, 8);
    }
    const int status = circle.member != NULL && chosen != NULL ? GSL_SUCCESS : GSL_ENOMEM;
    free(circle.member);
    free(chosen);
    return status;
}
