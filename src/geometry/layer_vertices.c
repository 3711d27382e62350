// SPDX-License-Identifier: GPL-3.0-or-later
// Method V; see layer_vertices.h.
//
// Coordinates. After a random linear change of coordinates the functional of level d is f = -x_d. The part of
// space that is far below, x_d = M with M to infinity, scaled by 1/M, is the layer with the coefficients of
// x_1, ..., x_(d-1) and, as its constants, those of x_d; and so on. Hence the layer of level D is made of the
// first D + 1 columns of the changed rows (at level d the last one is the constant itself), with f = -x_D. Its
// lowest vertices are those with the largest x_D. Level 0 is a point, which is one region.
//
// Which lines. A vertex (T, E) is looked for on one line only: with |E| = 1 on the line of T less its last
// unit, without ties; with |E| = 2 on that of T, without ties; with |E| >= 3 on that of T less its last unit
// and E, or of E less its last logit when T is empty.
//
// Why no degeneracy goes unseen. Let p be a vertex where the hyperplanes S of the units of a coalition I meet
// with the tied logits E at its threshold, more rows than dimensions. Order the rows descending; of those of S
// that do not belong to the greedy basis, modulo the ties, let c be the first. Then c depends on the basis rows
// before it. If these are at most D - 1 with the ties, c vanishes on a flat that is visited: met as a row that
// contains the flat, or, on a line, as a sign that is zero at an end of an interval whose closure contains p. If
// not, c and the last row of the basis both cross a line that is swept, in p. Dependent ties are met in the
// same way when the ties are built up. For |E| = 2 and S of full rank the line of the first D - 1 basis rows has
// p as an end of an interval of I, and the last basis row has the sign zero there, or the two logits agree on
// the line.
#include "geometry/layer_vertices.h"
#include "geometry/layer_sweep.h"
#include "stat/stream.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    DRAWS = 3,    // of coordinates
    PARTS = 1024, // at most, of one level
    DRAW_BITS = 41
};

// The layer in the coordinates of one draw, and what the threads need.
typedef struct count {
    const layer_t *layer;
    slong units; // those with w != 0
    slong *first, *owner, *name;
    fmpz_mat_t exact;           // logits, then units
    layer_line_level_t *levels; // d + 1; level 0 needs none
    int threads;
    layer_sweep_t **sweeps; // threads x (d + 1), made when they are needed
    slong parts;            // of each level
    ulong failed;           // the least part that failed, and why
    slong failed_level;
    char *reason;
} count_t;

// ---- The layer in new coordinates ----

static bool is_dead(const layer_t *layer, slong row) {
    return _fmpz_vec_is_zero(layer->rows->rows[row], layer->dimension);
}

static void list_units(count_t *count) {
    const layer_t *layer = count->layer;
    for (slong i = 0; i < layer->experts; i++) {
        count->first[i] = count->units;
        for (slong row = i * layer->width; row < (i + 1) * layer->width; row++)
            if (!is_dead(layer, row)) {
                count->owner[count->units] = i;
                count->name[count->units++] = row;
            }
    }
    count->first[layer->experts] = count->units;
}

// Integers of -2^40 to 2^40 - 1: a coefficient that is not zero for all functionals vanishes with a probability of
// 2^-41 (J. T. Schwartz, J. ACM 27 (1980) 701).
static void draw_matrix(fmpz_mat_t matrix, uint64_t seed, uint32_t draw) {
    stream_t stream = stream_at(seed, stream_experiment("layer vertices"), draw);
    const slong d = fmpz_mat_nrows(matrix);
    do
        for (slong i = 0; i < d; i++)
            for (slong j = 0; j < d; j++) {
                uint64_t word;
                stream_bits(&stream, &word, 1);
                fmpz_set_si(fmpz_mat_entry(matrix, i, j),
                            (slong)(word >> (64 - DRAW_BITS)) - (WORD(1) << (DRAW_BITS - 1)));
            }
    while (fmpz_mat_rank(matrix) < d);
}

static void change_row(fmpz *to, const fmpz *from, const fmpz_mat_t matrix) {
    const slong d = fmpz_mat_nrows(matrix);
    for (slong j = 0; j < d; j++) {
        fmpz_zero(to + j);
        for (slong i = 0; i < d; i++)
            fmpz_addmul(to + j, from + i, fmpz_mat_entry(matrix, i, j));
    }
    fmpz_set(to + d, from + d);
}

static slong bits_of(const fmpz *row, slong width) {
    return FLINT_ABS(_fmpz_vec_max_bits(row, width));
}

// Chooses the unit of length so that constants are as large as coefficients, in the mean over the rows: the error
// bounds, one for each row, lose nothing then.
static void balance_constants(fmpz_mat_t exact) {
    const slong d = fmpz_mat_ncols(exact) - 1;
    slong excess = 0, rows = 0;
    for (slong i = 0; i < fmpz_mat_nrows(exact); i++)
        if (!fmpz_is_zero(fmpz_mat_entry(exact, i, d))) {
            excess += bits_of(exact->rows[i], d) - bits_of(exact->rows[i] + d, 1);
            rows++;
        }
    const slong shift = rows > 0 ? excess / rows : 0;
    for (slong i = 0; i < fmpz_mat_nrows(exact); i++)
        if (shift > 0)
            fmpz_mul_2exp(fmpz_mat_entry(exact, i, d), fmpz_mat_entry(exact, i, d), (ulong)shift);
        else
            _fmpz_vec_scalar_mul_2exp(exact->rows[i], exact->rows[i], d, (ulong)-shift);
}

static void change_coordinates(count_t *count, uint64_t seed, uint32_t draw) {
    const layer_t *layer = count->layer;
    const slong N = layer->experts;
    fmpz_mat_t matrix;
    fmpz_mat_init(matrix, layer->dimension, layer->dimension);
    draw_matrix(matrix, seed, draw);
    for (slong i = 0; i < N; i++)
        change_row(count->exact->rows[i], layer->router->rows[i], matrix);
    for (slong s = 0; s < count->units; s++)
        change_row(count->exact->rows[N + s], layer->rows->rows[count->name[s]], matrix);
    fmpz_mat_clear(matrix);
    balance_constants(count->exact);
}

// ---- Memory ----

static int make_levels(count_t *count) {
    for (slong D = 1; D <= count->layer->dimension; D++) {
        count->levels[D] = (layer_line_level_t){.active = count->layer->active,
                                                .first = count->first,
                                                .owner = count->owner,
                                                .name = count->name};
        count->levels[D].rows = elimination_rows_alloc(count->exact, count->layer->experts, D);
        if (count->levels[D].rows == NULL)
            return GSL_ENOMEM;
    }
    return GSL_SUCCESS;
}

// The number of parts of a level depends on the layer alone.
static slong parts_of(const count_t *count) {
    const slong N = count->layer->experts, most = FLINT_MAX(count->units, N * (N - 1) / 2);
    return FLINT_MAX(1, FLINT_MIN(most, PARTS));
}

static int count_init(count_t *count, const layer_t *layer, const shards_control_t *control, char *reason) {
    const size_t N = (size_t)layer->experts, rows = (size_t)fmpz_mat_nrows(layer->rows),
                 levels = (size_t)layer->dimension + 1;
    *count =
        (count_t){.layer = layer, .threads = shards_threads(control), .failed = UWORD_MAX, .reason = reason};
    count->first = calloc(N + 1, sizeof *count->first);
    count->owner = calloc(rows + 1, sizeof *count->owner);
    count->name = calloc(rows + 1, sizeof *count->name);
    count->levels = calloc(levels, sizeof *count->levels);
    count->sweeps = calloc((size_t)count->threads * levels, sizeof(layer_sweep_t *));
    if (count->first == NULL || count->owner == NULL || count->name == NULL || count->levels == NULL ||
        count->sweeps == NULL)
        return GSL_ENOMEM;
    list_units(count);
    count->parts = parts_of(count);
    return GSL_SUCCESS;
}

static void count_clear(count_t *count) {
    const slong levels = count->layer->dimension + 1;
    for (slong i = 0; count->sweeps != NULL && i < count->threads * levels; i++)
        layer_sweep_free(count->sweeps[i]);
    for (slong D = 0; count->levels != NULL && D < levels; D++)
        elimination_rows_free(count->levels[D].rows);
    free(count->sweeps);
    free(count->levels);
    free(count->name);
    free(count->owner);
    free(count->first);
}

// ---- From flat to flat ----

static int add_row(layer_sweep_t *s, slong row, slong limit) {
    switch (elimination_push(s->line.flat, row, limit)) {
    case ELIMINATION_ADDED:
        return GSL_SUCCESS;
    case ELIMINATION_MISSES:
        return GSL_CONTINUE;
    case ELIMINATION_CONTAINS:
        return layer_line_degenerate(&s->line, row, -1, -1, -1);
    default:
        return GSL_EFAILED;
    }
}

static int add_units(layer_sweep_t *s, slong limit, slong owners, slong above);

// Adds unit t to a flat whose units have `owners` experts, of whom `above` are not tied, and goes on.
static int add_unit(layer_sweep_t *s, slong t, slong owners, slong above) {
    const slong owner = s->line.level->owner[t], fresh = s->used[owner] == 0;
    s->used[owner]++;
    int status = add_row(s, s->line.level->rows->logits + t, t);
    if (status == GSL_SUCCESS) {
        status = add_units(s, t, owners + fresh, above + (fresh && !s->tied[owner]));
        elimination_pop(s->line.flat);
    }
    s->used[owner]--;
    return status == GSL_CONTINUE ? GSL_SUCCESS : status;
}

// Whether a coalition has room for the owner of one more unit.
static bool has_room(const layer_sweep_t *s, slong owner, slong owners, slong above) {
    const slong k = s->line.level->active;
    return s->used[owner] > 0 || (owners < k && (s->ties == 0 || s->tied[owner] || above < k - 1));
}

// Visits the lines in the flat: adds units below the limit until it is one.
static int add_units(layer_sweep_t *s, slong limit, slong owners, slong above) {
    if (s->line.flat->depth + 1 == s->line.level->rows->dimension) {
        s->limit = limit;
        return layer_sweep_line(s);
    }
    int status = GSL_SUCCESS;
    for (slong t = limit - 1; t >= 0 && status == GSL_SUCCESS; t--) {
        const slong owner = s->line.level->owner[t];
        if (has_room(s, owner, owners, above))
            status = add_unit(s, t, owners, above);
        else
            t = s->line.level->first[owner];
    }
    return status;
}

static int add_ties(layer_sweep_t *s, slong least);

static int add_tie(layer_sweep_t *s, slong logit) {
    s->tied[logit] = true;
    s->ties++;
    int status = add_row(s, logit, s->line.level->rows->units);
    if (status == GSL_SUCCESS) {
        status = add_ties(s, logit);
        elimination_pop(s->line.flat);
    }
    s->ties--;
    s->tied[logit] = false;
    return status == GSL_CONTINUE ? GSL_SUCCESS : status;
}

// Visits the lines where the logits at hand are tied, and where more of them are, below `least`.
static int add_ties(layer_sweep_t *s, slong least) {
    const slong D = s->line.level->rows->dimension;
    int status = GSL_SUCCESS;
    if (s->ties >= 3 || s->ties == D)
        status = add_units(s, s->line.level->rows->units, 0, 0);
    for (slong logit = least - 1; logit >= 0 && s->ties < D && status == GSL_SUCCESS; logit--)
        status = add_tie(s, logit);
    return status;
}

// ---- Parts ----

// Lines without ties: the first units part, part + parts, ...
static int run_units(layer_sweep_t *s, slong part, slong parts) {
    int status = GSL_SUCCESS;
    elimination_start(s->line.flat, -1);
    if (s->line.level->rows->dimension == 1)
        return part == 0 ? add_units(s, s->line.level->rows->units, 0, 0) : GSL_SUCCESS;
    for (slong t = part; t < s->line.level->rows->units && status == GSL_SUCCESS; t += parts)
        status = add_unit(s, t, 0, 0);
    return status;
}

// Lines with ties: the pairs of logits number part, part + parts, ...
static int run_ties(layer_sweep_t *s, slong part, slong parts) {
    int status = GSL_SUCCESS;
    for (slong base = 1; base < s->line.level->rows->logits && status == GSL_SUCCESS; base++)
        for (slong logit = 0; logit < base && status == GSL_SUCCESS; logit++)
            if ((base * (base - 1) / 2 + logit) % parts == part) {
                elimination_start(s->line.flat, base);
                s->ties = 1;
                s->tied[base] = true;
                status = add_tie(s, logit);
                s->tied[base] = false;
                s->ties = 0;
            }
    return status;
}

static int run_part(layer_sweep_t *s, slong part, slong parts, fmpz_t sum) {
    s->vertices = 0;
    int status = run_units(s, part, parts);
    if (status == GSL_SUCCESS && s->line.level->rows->dimension > 1 &&
        s->line.level->active < s->line.level->rows->logits)
        status = run_ties(s, part, parts);
    fmpz_add_ui(sum, sum, s->vertices);
    return status;
}

static void note_failure(count_t *count, ulong shard, slong level, const char *reason) {
#pragma omp critical(layer_vertices)
    if (shard < count->failed) {
        count->failed = shard;
        count->failed_level = level;
        snprintf(count->reason, LAYER_VERTICES_REASON, "%s", reason);
    }
}

static int run_shard(void *context, int thread, ulong shard, fmpz *sums) {
    count_t *count = context;
    const slong d = count->layer->dimension, level = d - (slong)shard / count->parts,
                part = (slong)shard % count->parts;
    layer_sweep_t **sweep = &count->sweeps[thread * (d + 1) + level];
    if (*sweep == NULL)
        *sweep = layer_sweep_alloc(&count->levels[level]);
    if (*sweep == NULL)
        return GSL_ENOMEM;
    const int status = run_part(*sweep, part, count->parts, sums + level);
    if (status == GSL_EFAILED)
        note_failure(count, shard, level, "in special position: the functional is constant on an edge");
    else if (status == GSL_ESING)
        note_failure(count, shard, level, (*sweep)->line.reason);
    return status;
}

// ---- The count ----

// One draw of coordinates. Parts of earlier runs belong to the first.
static int count_once(count_t *count, uint64_t seed, uint32_t draw, const shards_control_t *control,
                      fmpz *sums) {
    const slong d = count->layer->dimension;
    shards_control_t watched = control != NULL ? *control : (shards_control_t){0};
    if (draw > 0) {
        watched.restore = NULL;
        watched.store = NULL;
    }
    fmpz_mat_init(count->exact, count->layer->experts + count->units, d + 1);
    change_coordinates(count, seed, draw);
    int status = make_levels(count);
    const shards_plan_t plan = {
        .count = (ulong)(count->parts * d), .width = d + 1, .run = run_shard, .context = count};
    if (status == GSL_SUCCESS)
        status = shards_run(&plan, &watched, sums);
    fmpz_mat_clear(count->exact);
    return status;
}

// What is degenerate at level d is so in all coordinates; below, coordinates may be to blame.
static bool may_draw_again(int status, slong failed_level, slong dimension) {
    return status == GSL_EFAILED || (status == GSL_ESING && failed_level < dimension);
}

int layer_vertices_count(const layer_t *layer, uint64_t seed, const shards_control_t *control,
                         layer_count_t *result, char *reason) {
    slong first, second;
    if (layer->active < layer->experts && layer_twins(layer, &first, &second))
        return GSL_EDOM;
    const slong levels = layer->dimension + 1;
    fmpz *sums = _fmpz_vec_init(levels);
    int status = GSL_EFAILED;
    for (uint32_t draw = 0; draw < DRAWS && status != GSL_SUCCESS; draw++) {
        count_t count;
        status = count_init(&count, layer, control, reason);
        if (status == GSL_SUCCESS)
            status = count_once(&count, seed, draw, control, sums);
        const bool again = may_draw_again(status, count.failed_level, layer->dimension);
        count_clear(&count);
        if (!again)
            break;
    }
    if (status == GSL_SUCCESS) {
        fmpz_one(sums); // level 0 is a point, and one region
        _fmpz_vec_swap(result->level, sums, levels);
        _fmpz_vec_sum(result->regions, result->level, levels);
    }
    _fmpz_vec_clear(sums, levels);
    return status == GSL_EFAILED ? GSL_ESING : status;
}

// ---- Work ----

static double binomial(double n, slong k) {
    double value = 1;
    for (slong i = 0; i < k; i++)
        value *= fmax(n - (double)i, 0) / (double)(i + 1);
    return value;
}

double layer_vertices_work(const layer_t *layer) {
    const double n = (double)(fmpz_mat_nrows(layer->rows) - layer_dead_units(layer)),
                 N = (double)layer->experts;
    double lines = 0;
    for (slong D = 1; D <= layer->dimension; D++) {
        lines += binomial(n, D - 1);
        if (layer->active < layer->experts && D == 2)
            lines += binomial(N, 2);
        for (slong e = 3; e <= D && layer->active < layer->experts; e++)
            lines += binomial(N, e) * binomial(n, D - e);
    }
    return lines;
}
