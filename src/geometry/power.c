// SPDX-License-Identifier: GPL-3.0-or-later
// Power diagrams; see power.h.
#include "geometry/power.h"

#include "number/simplex.h"

#include <flint/fmpz_vec.h>

void power_sites(const layer_t *layer, fmpq_mat_t sites, fmpq *weights) {
    fmpq_t square;
    fmpq_init(square);
    for (slong i = 0; i < layer->experts; i++) {
        const fmpz *row = layer->router->rows[i];
        fmpq_set_fmpz(weights + i, row + layer->dimension);
        for (slong j = 0; j < layer->dimension; j++) {
            fmpq *site = fmpq_mat_entry(sites, i, j);
            fmpq_set_fmpz(site, row + j);
            fmpq_div_2exp(site, site, 1);
            fmpq_mul(square, site, site);
            fmpq_add(weights + i, weights + i, square);
        }
    }
    fmpq_clear(square);
}

// power = |x - p_i|^2 - r_i
static void power_at(fmpq_t power, const fmpq_mat_t sites, const fmpq *weights, slong i, const fmpq *point) {
    fmpq_t difference;
    fmpq_init(difference);
    fmpq_neg(power, weights + i);
    for (slong j = 0; j < sites->c; j++) {
        fmpq_sub(difference, point + j, fmpq_mat_entry(sites, i, j));
        fmpq_addmul(power, difference, difference);
    }
    fmpq_clear(difference);
}

slong power_nearest(const fmpq_mat_t sites, const fmpq *weights, const fmpq *point, slong *ties) {
    slong nearest = -1;
    fmpq_t least, power;
    fmpq_init(least);
    fmpq_init(power);
    *ties = 0;
    for (slong i = 0; i < sites->r; i++) {
        power_at(power, sites, weights, i, point);
        const int order = nearest < 0 ? -1 : fmpq_cmp(power, least);
        if (order < 0) {
            nearest = i;
            fmpq_set(least, power);
            *ties = 0;
        }
        *ties += order <= 0;
    }
    fmpq_clear(least);
    fmpq_clear(power);
    return nearest;
}

void power_line_init(power_line_t *line) {
    *line = (power_line_t){.open_below = true, .open_above = true};
    fmpq_init(line->low);
    fmpq_init(line->high);
}

void power_line_clear(power_line_t *line) {
    fmpq_clear(line->low);
    fmpq_clear(line->high);
}

// s_1 > bound, from cell `cell`.
static void bound_below(power_line_t *line, const fmpq_t bound, slong cell) {
    if (!line->open_below && fmpq_cmp(bound, line->low) <= 0)
        return;
    line->open_below = false;
    line->low_cell = cell;
    fmpq_set(line->low, bound);
}

static void bound_above(power_line_t *line, const fmpq_t bound, slong cell) {
    if (!line->open_above && fmpq_cmp(bound, line->high) >= 0)
        return;
    line->open_above = false;
    line->high_cell = cell;
    fmpq_set(line->high, bound);
}

// With s_i = a + sign s_1, the end t of cell i bounds s_1 by sign (t - a).
static void bound_end(power_line_t *line, const fmpq_t a, int sign, const fmpq_t end, bool is_upper_end,
                      slong cell) {
    fmpq_t bound;
    fmpq_init(bound);
    fmpq_sub(bound, end, a);
    if (sign < 0)
        fmpq_neg(bound, bound);
    if (is_upper_end == (sign > 0))
        bound_above(line, bound, cell);
    else
        bound_below(line, bound, cell);
    fmpq_clear(bound);
}

bool power_line_bounds(const fmpq *walls, slong count, power_line_t *line) {
    fmpq_t a;
    fmpq_init(a);
    line->open_below = line->open_above = true;
    for (slong i = 0, sign = 1; i <= count; i++, sign = -sign) {
        if (i > 0)
            bound_end(line, a, (int)sign, walls + i - 1, false, i);
        if (i == count)
            break;
        bound_end(line, a, (int)sign, walls + i, true, i);
        fmpq_neg(a, a); // s_(i+1) = 2 t_i - s_i
        fmpq_add(a, a, walls + i);
        fmpq_add(a, a, walls + i);
    }
    fmpq_clear(a);
    return line->open_below || line->open_above || fmpq_cmp(line->low, line->high) < 0;
}

bool power_line_distances(const fmpq *walls, slong count, bool *sound) {
    *sound = true;
    if (count < 2)
        return true;
    fmpz_mat_t system;
    fmpz_t common, denominator;
    fmpq_t length;
    fmpz_mat_init(system, count - 1, count + 1);
    fmpz_init_set_ui(common, 1);
    fmpz_init(denominator);
    fmpq_init(length);
    for (slong i = 0; i < count; i++)
        fmpz_lcm(common, common, fmpq_denref(walls + i));
    for (slong i = 0; i + 1 < count; i++) {
        fmpz_one(system->rows[i] + i);
        fmpz_one(system->rows[i] + i + 1);
        fmpq_sub(length, walls + i + 1, walls + i);
        fmpq_mul_fmpz(length, length, common);
        fmpz_set(system->rows[i] + count, fmpq_numref(length));
    }
    fmpz *distances = _fmpz_vec_init(count), *refutation = _fmpz_vec_init(count - 1);
    const bool found = simplex_solve(system, distances, denominator, refutation);
    *sound = found ? simplex_solves(system, distances, denominator) : simplex_refutes(system, refutation);
    _fmpz_vec_clear(distances, count);
    _fmpz_vec_clear(refutation, count - 1);
    fmpz_mat_clear(system);
    fmpz_clear(common);
    fmpz_clear(denominator);
    fmpq_clear(length);
    return found;
}
