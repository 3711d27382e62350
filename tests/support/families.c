// SPDX-License-Identifier: GPL-3.0-or-later
// Families of arrangements and layers; see families.h.
#include "support/families.h"

#include "support/seeds.h"

#include <flint/fmpz_vec.h>
#include <stdlib.h>

// ---- Known counts ----

// x_i - x_j = b for i < j and all the shifts b.
static arrangement_t *differences(slong n, const slong *shifts, slong count) {
    arrangement_t *a = arrangement_alloc(count * n * (n - 1) / 2, n);
    fmpz_mat_struct *rows = a->rows;
    slong row = 0;
    for (slong i = 0; i < n; i++)
        for (slong j = i + 1; j < n; j++)
            for (slong s = 0; s < count; s++, row++) {
                fmpz_one(fmpz_mat_entry(rows, row, i));
                fmpz_set_si(fmpz_mat_entry(rows, row, j), -1);
                fmpz_set_si(fmpz_mat_entry(rows, row, n), -shifts[s]);
            }
    return a;
}

arrangement_t *families_braid(slong n) {
    return differences(n, (const slong[]){0}, 1);
}

arrangement_t *families_shi(slong n) {
    return differences(n, (const slong[]){0, 1}, 2);
}

arrangement_t *families_catalan(slong n) {
    return differences(n, (const slong[]){-1, 0, 1}, 3);
}

arrangement_t *families_linial(slong n) {
    return differences(n, (const slong[]){1}, 1);
}

arrangement_t *families_semiorder(slong n) {
    return differences(n, (const slong[]){-1, 1}, 2);
}

// The rows whose normals are the binary digits of first, first + step, ... below 2^d.
static arrangement_t *binary(slong d, ulong first, ulong step) {
    const ulong end = UWORD(1) << d;
    arrangement_t *a = arrangement_alloc((slong)((end - first + step - 1) / step), d);
    for (slong row = 0; row < a->planes; row++)
        for (slong i = 0; i < d; i++)
            fmpz_set_ui(fmpz_mat_entry(a->rows, row, i), (first + (ulong)row * step) >> i & 1);
    return a;
}

arrangement_t *families_resonance(slong n) {
    return binary(n, 1, 1);
}

arrangement_t *families_threshold(slong n) {
    return binary(n + 1, 1, 2);
}

arrangement_t *families_boolean(slong n) {
    arrangement_t *a = arrangement_alloc(n, n);
    for (slong i = 0; i < n; i++)
        fmpz_one(fmpz_mat_entry(a->rows, i, i));
    return a;
}

// x_i = x_j and x_i = -x_j; with x_i = 0 in front or without.
static arrangement_t *reflections(slong n, slong axes) {
    arrangement_t *a = arrangement_alloc(axes + n * (n - 1), n);
    slong row = axes;
    for (slong i = 0; i < axes; i++)
        fmpz_one(fmpz_mat_entry(a->rows, i, i));
    for (slong i = 0; i < n; i++)
        for (slong j = i + 1; j < n; j++)
            for (slong sign = -1; sign <= 1; sign += 2, row++) {
                fmpz_one(fmpz_mat_entry(a->rows, row, i));
                fmpz_set_si(fmpz_mat_entry(a->rows, row, j), sign);
            }
    return a;
}

arrangement_t *families_coxeter_d(slong n) {
    return reflections(n, 0);
}

arrangement_t *families_coxeter_b(slong n) {
    return reflections(n, n);
}

arrangement_t *families_moment_curve(slong n, slong d) {
    arrangement_t *a = arrangement_alloc(n, d);
    for (slong t = 1; t <= n; t++)
        for (slong j = 0; j <= d; j++) {
            fmpz_set_si(fmpz_mat_entry(a->rows, t - 1, j), t);
            fmpz_pow_ui(fmpz_mat_entry(a->rows, t - 1, j), fmpz_mat_entry(a->rows, t - 1, j), (ulong)j);
        }
    return a;
}

arrangement_t *families_near_pencil(slong n) {
    arrangement_t *a = arrangement_alloc(n, 2);
    for (slong i = 0; i < n - 1; i++) {
        fmpz_one(fmpz_mat_entry(a->rows, i, 0));
        fmpz_set_si(fmpz_mat_entry(a->rows, i, 1), i);
    }
    fmpz_one(fmpz_mat_entry(a->rows, n - 1, 1));
    fmpz_one(fmpz_mat_entry(a->rows, n - 1, 2));
    return a;
}

// ---- Random rows ----

static void draw_small(fmpz *entry, slong range, stream_t *stream) {
    fmpz_set_si(entry, seeds_pick(stream, -range, range));
}

// A float of so many bits, with exponents of `binades`; now and then 0.
static void draw_float(fmpz *entry, int bits, slong binades, stream_t *stream) {
    const slong half = WORD(1) << (bits - 1);
    const slong mantissa = seeds_pick(stream, 0, 15) == 0 ? 0 : seeds_pick(stream, half, 2 * half - 1);
    fmpz_set_si(entry, seeds_pick(stream, 0, 1) == 0 ? mantissa : -mantissa);
    fmpz_mul_2exp(entry, entry, (ulong)seeds_pick(stream, 0, binades - 1));
}

// Twice a number with sign, two bits of exponent and one of mantissa, as in the OCP microscaling formats.
static void draw_fp4(fmpz *entry, stream_t *stream) {
    static const slong values[] = {0, 1, 2, 3, 4, 6, 8, 12};
    const slong value = values[seeds_pick(stream, 0, 7)];
    fmpz_set_si(entry, seeds_pick(stream, 0, 1) == 0 ? value : -value);
}

static void draw_close(fmpz *entry, ulong bits, stream_t *stream) {
    draw_small(entry, 1, stream);
    fmpz_mul_2exp(entry, entry, bits);
    fmpz_add_si(entry, entry, seeds_pick(stream, -1, 1));
}

static void draw_wild(fmpz *entry, slong range, stream_t *stream) {
    static const ulong shifts[] = {0, 0, 0, 0, 30, 30, 60, 1100};
    draw_small(entry, range, stream);
    fmpz_mul_2exp(entry, entry, shifts[seeds_pick(stream, 0, 7)]);
}

static void draw_big(fmpz *entry, stream_t *stream) {
    draw_small(entry, 3, stream);
    for (int word = 0; word < 2; word++) {
        fmpz_mul_2exp(entry, entry, 50);
        fmpz_add_ui(entry, entry, (ulong)seeds_pick(stream, 0, (WORD(1) << 50) - 1));
    }
}

// One entry of a kind; `range` is 1 to 4, and bounds it where the kind is made of small entries.
static void draw_entry(fmpz *entry, families_kind_t kind, slong range, stream_t *stream) {
    switch (kind) {
    case FAMILIES_GENERIC:
        draw_small(entry, 1000000, stream);
        break;
    case FAMILIES_BIG:
        draw_big(entry, stream);
        break;
    case FAMILIES_CLOSE:
        draw_close(entry, (ulong)(10 + 20 * range), stream);
        break;
    case FAMILIES_WILD:
        draw_wild(entry, range, stream);
        break;
    case FAMILIES_FP32:
        draw_float(entry, 24, 8, stream);
        break;
    case FAMILIES_BF16:
        draw_float(entry, 8, 6, stream);
        break;
    case FAMILIES_FP4:
        draw_fp4(entry, stream);
        break;
    default:
        draw_small(entry, range, stream);
    }
}

static fmpz *earlier_row(const fmpz_mat_t rows, slong row, stream_t *stream) {
    return rows->rows[seeds_pick(stream, 0, row - 1)];
}

static void copy_rows(fmpz_mat_t rows, stream_t *stream) {
    const slong d = fmpz_mat_ncols(rows) - 1;
    for (slong i = 1; i < fmpz_mat_nrows(rows); i++) {
        fmpz *row = rows->rows[i];
        const slong what = seeds_pick(stream, 0, 9);
        if (what < 3) // a multiple of an earlier row
            _fmpz_vec_scalar_mul_si(row, earlier_row(rows, i, stream), d + 1, what == 0 ? -2 : what);
        else if (what < 5) // a parallel of one
            _fmpz_vec_set(row, earlier_row(rows, i, stream), d);
        else if (what == 5) // no hyperplane; sometimes b = 0 as well
            _fmpz_vec_zero(row, d + seeds_pick(stream, 0, 1));
    }
}

// Rows with one of the first d normals, or fewer.
static void grid_rows(fmpz_mat_t rows, stream_t *stream) {
    const slong d = fmpz_mat_ncols(rows) - 1;
    for (slong i = d; i < fmpz_mat_nrows(rows); i++)
        _fmpz_vec_set(rows->rows[i], rows->rows[seeds_pick(stream, 0, d - 1)], d);
}

// Most rows become combinations of the first two.
static void pencil_rows(fmpz_mat_t rows, stream_t *stream) {
    const slong columns = fmpz_mat_ncols(rows);
    for (slong i = 2; i < fmpz_mat_nrows(rows); i++)
        if (seeds_pick(stream, 0, 3) > 0) {
            _fmpz_vec_scalar_mul_si(rows->rows[i], rows->rows[0], columns, seeds_pick(stream, -2, 2));
            _fmpz_vec_scalar_addmul_si(rows->rows[i], rows->rows[1], columns, seeds_pick(stream, -2, 2));
        }
}

// The last normals' coordinate becomes a combination of the others.
static void deficient_rows(fmpz_mat_t rows, stream_t *stream) {
    const slong d = fmpz_mat_ncols(rows) - 1;
    for (slong i = 0; i < fmpz_mat_nrows(rows); i++)
        fmpz_zero(fmpz_mat_entry(rows, i, d - 1));
    for (slong j = 0; j < d - 1; j++) {
        const slong factor = seeds_pick(stream, -2, 2);
        for (slong i = 0; i < fmpz_mat_nrows(rows); i++) {
            fmpz *last = fmpz_mat_entry(rows, i, d - 1);
            _fmpz_vec_scalar_addmul_si(last, fmpz_mat_entry(rows, i, j), 1, factor);
        }
    }
}

static void draw_rows(fmpz_mat_t rows, families_kind_t kind, stream_t *stream) {
    const slong range = seeds_pick(stream, 1, 4), d = fmpz_mat_ncols(rows) - 1;
    for (slong i = 0; i < fmpz_mat_nrows(rows); i++)
        for (slong j = 0; j <= d; j++)
            draw_entry(fmpz_mat_entry(rows, i, j), kind, range, stream);
    for (slong i = 0; i < fmpz_mat_nrows(rows) && kind == FAMILIES_CENTRAL; i++)
        fmpz_zero(fmpz_mat_entry(rows, i, d));
    if (kind == FAMILIES_COPIES)
        copy_rows(rows, stream);
    if (kind == FAMILIES_GRID)
        grid_rows(rows, stream);
    if (kind == FAMILIES_PENCIL)
        pencil_rows(rows, stream);
    if (kind == FAMILIES_DEFICIENT)
        deficient_rows(rows, stream);
}

const char *families_kind_name(families_kind_t kind) {
    static const char *const names[] = {"small",     "generic", "big",  "central", "copies", "grid", "pencil",
                                        "deficient", "close",   "wild", "fp32",    "bf16",   "fp4"};
    return names[kind];
}

arrangement_t *families_random(families_kind_t kind, slong n, slong d, stream_t *stream) {
    arrangement_t *a = arrangement_alloc(n, d);
    draw_rows(a->rows, kind, stream);
    return a;
}

// ---- Random layers ----

static slong pick_expert(const layer_t *layer, stream_t *stream) {
    return seeds_pick(stream, 0, layer->experts - 1);
}

static fmpz *pick_unit(const layer_t *layer, stream_t *stream) {
    return layer->rows->rows[seeds_pick(stream, 0, layer->experts * layer->width - 1)];
}

static void kill_units(layer_t *layer, stream_t *stream) {
    for (slong i = 0; i < layer->experts * layer->width; i++)
        if (seeds_pick(stream, 0, 2) == 0)
            _fmpz_vec_zero(layer->rows->rows[i], layer->dimension + seeds_pick(stream, 0, 1));
}

static void copy_expert(layer_t *layer, stream_t *stream) {
    const slong from = pick_expert(layer, stream) * layer->width,
                to = pick_expert(layer, stream) * layer->width;
    for (slong unit = 0; unit < layer->width; unit++)
        _fmpz_vec_set(layer->rows->rows[to + unit], layer->rows->rows[from + unit], layer->dimension + 1);
}

static void share_units(layer_t *layer, stream_t *stream) {
    static const slong factors[] = {-3, -1, 1, 2};
    for (slong i = 0; i < layer->experts * layer->width; i++)
        if (seeds_pick(stream, 0, 2) == 0)
            _fmpz_vec_scalar_mul_si(layer->rows->rows[i], pick_unit(layer, stream), layer->dimension + 1,
                                    factors[seeds_pick(stream, 0, 3)]);
}

static void lay_units_on_walls(layer_t *layer, stream_t *stream) {
    for (slong i = 0; i < layer->experts * layer->width; i++)
        if (seeds_pick(stream, 0, 2) == 0)
            _fmpz_vec_sub(layer->rows->rows[i], layer->router->rows[pick_expert(layer, stream)],
                          layer->router->rows[pick_expert(layer, stream)], layer->dimension + 1);
}

// Logits p + t q of the first two rows p and q, with different t; or their normals alone.
static void align_router(layer_t *layer, bool biases_too) {
    const slong columns = layer->dimension + biases_too;
    for (slong i = layer->experts - 1; i > 0; i--) {
        const slong t = i == 1 ? layer->experts : i / 2 * (i % 2 == 0 ? 1 : -1);
        fmpz *row = layer->router->rows[i];
        _fmpz_vec_scalar_mul_si(row, layer->router->rows[1], columns, t);
        _fmpz_vec_add(row, row, layer->router->rows[0], columns);
    }
}

static void copy_normals(layer_t *layer, stream_t *stream) {
    for (slong i = 1; i < layer->experts; i++)
        if (seeds_pick(stream, 0, 1) == 0)
            _fmpz_vec_set(layer->router->rows[i], earlier_row(layer->router, i, stream), layer->dimension);
}

static void specialise(layer_t *layer, families_special_t special, stream_t *stream) {
    switch (special) {
    case FAMILIES_DEAD:
        kill_units(layer, stream);
        break;
    case FAMILIES_EXPERTS:
        copy_expert(layer, stream);
        break;
    case FAMILIES_SHARED:
        share_units(layer, stream);
        break;
    case FAMILIES_WALLS:
        lay_units_on_walls(layer, stream);
        break;
    case FAMILIES_PARALLEL:
    case FAMILIES_COLLINEAR:
        align_router(layer, special == FAMILIES_COLLINEAR);
        break;
    case FAMILIES_BIASES:
        copy_normals(layer, stream);
        break;
    default:
        break;
    }
}

const char *families_special_name(families_special_t special) {
    static const char *const names[] = {"plain", "dead",     "experts",   "shared",
                                        "walls", "parallel", "collinear", "biases"};
    return names[special];
}

layer_t *families_layer(families_kind_t kind, families_special_t special, slong experts, slong active,
                        slong width, slong dimension, stream_t *stream) {
    layer_t *layer = layer_alloc(experts, active, width, dimension);
    slong first, second;
    do { // some kinds cannot have so many different logits
        draw_rows(layer->router, kind, stream);
        draw_rows(layer->rows, kind, stream);
        specialise(layer, special, stream);
    } while (active < experts && layer_twins(layer, &first, &second));
    return layer;
}

layer_t *families_written(slong experts, slong active, slong width, slong dimension, const slong *entries) {
    layer_t *layer = layer_alloc(experts, active, width, dimension);
    for (slong i = 0; i < experts * (width + 1); i++)
        for (slong j = 0; j <= dimension; j++)
            fmpz_set_si(i < experts ? fmpz_mat_entry(layer->router, i, j)
                                    : fmpz_mat_entry(layer->rows, i - experts, j),
                        *entries++);
    return layer;
}

// ---- Maps ----

void families_draw_map(fmpz_mat_t map, stream_t *stream) {
    const slong d = fmpz_mat_nrows(map) - 1;
    fmpz_mat_one(map);
    for (slong step = 0; step < 2 * d + 2; step++) {
        const slong i = seeds_pick(stream, 0, d - 1), j = seeds_pick(stream, 0, d);
        const slong c = seeds_pick(stream, -2, 2);
        for (slong row = 0; row <= d && i != j; row++)
            _fmpz_vec_scalar_addmul_si(fmpz_mat_entry(map, row, j), fmpz_mat_entry(map, row, i), 1, c);
    }
}

void families_scale_rows(fmpz_mat_t rows, stream_t *stream) {
    static const slong factors[] = {-1000003, -7, -1, 1, 2, 1 << 20};
    const slong columns = fmpz_mat_ncols(rows);
    for (slong i = 0; i < fmpz_mat_nrows(rows); i++) {
        _fmpz_vec_scalar_mul_si(rows->rows[i], rows->rows[i], columns, factors[seeds_pick(stream, 0, 5)]);
        if (seeds_pick(stream, 0, 9) == 0)
            _fmpz_vec_scalar_mul_2exp(rows->rows[i], rows->rows[i], columns, 1100);
    }
}

void families_draw_order(slong *order, slong n, stream_t *stream) {
    for (slong i = 0; i < n; i++) {
        const slong j = seeds_pick(stream, 0, i);
        order[i] = order[j];
        order[j] = i;
    }
}
