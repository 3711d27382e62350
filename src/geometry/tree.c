// SPDX-License-Identifier: GPL-3.0-or-later
// The count of regions by the broken-circuit tree; see tree.h.
#include "geometry/tree.h"

#include "geometry/bounds.h"
#include "geometry/indices.h"
#include "geometry/tree_walk.h"
#include "stat/stream.h"

#include <flint/fmpz_vec.h>
#include <flint/ulong_extras.h>
#include <gsl/gsl_errno.h>
#include <stdlib.h>

enum {
    ATTEMPTS = 8,
    BOUNDED_BITS = 48 // minors up to 2^48 are below half of every prime that an attempt may take
};

void tree_count_init(tree_count_t *count, slong dimension) {
    *count = (tree_count_t){.levels = dimension + 1};
    fmpz_init(count->regions);
    fmpz_init(count->events);
    count->level = _fmpz_vec_init(count->levels);
}

void tree_count_clear(tree_count_t *count) {
    fmpz_clear(count->regions);
    fmpz_clear(count->events);
    _fmpz_vec_clear(count->level, count->levels);
    _fmpz_vec_clear(count->prime, count->primes);
}

// ---- Hadamard's bound ----------------------------------------------------------------------------------------------

static int compare_down(const void *a, const void *b) {
    return fmpz_cmp(*(fmpz *const *)b, *(fmpz *const *)a);
}

// The square of a bound of all minors: the product of the squared lengths of the longest rows (J. Hadamard 1893);
// rows of integers that are not 0 are not shorter than 1.
static void square_bound(fmpz_t square, const fmpz_mat_t rows) {
    const slong n = fmpz_mat_nrows(rows), width = fmpz_mat_ncols(rows);
    fmpz *lengths = _fmpz_vec_init(n);
    fmpz **order = flint_malloc((size_t)n * sizeof *order + 1);
    for (slong i = 0; i < n; i++) {
        _fmpz_vec_dot(lengths + i, rows->rows[i], rows->rows[i], width);
        order[i] = lengths + i;
    }
    qsort(order, (size_t)n, sizeof *order, compare_down);
    fmpz_one(square);
    for (slong i = 0; i < n && i < width; i++)
        fmpz_mul(square, square, order[i]);
    flint_free(order);
    _fmpz_vec_clear(lengths, n);
}

static slong bound_bits(const fmpz_mat_t rows) {
    fmpz_t square;
    fmpz_init(square);
    square_bound(square, rows);
    const slong bits = ((slong)fmpz_bits(square) + 1) / 2;
    fmpz_clear(square);
    return bits;
}

// ---- Reduction: distinct hyperplanes that span and have no common point, with the same tree ------------------------

// The arrangement that the tree runs on.
typedef struct reduced {
    slong *names;     // numbers of the distinct hyperplanes in the caller's arrangement
    slong distinct;   // how many
    fmpz_mat_t whole; // their primitive rows, in coordinates that they span: distinct x (rank + 1)
    fmpz_mat_t rows;  // what the tree runs on: `whole`, or its slice when all have a common point
    slong first;      // where the rows of the slice start in `names`: 1 when central, else 0
    bool central;
    slong bits; // 2^bits is at least every minor of `rows`, and every minor of the caller's rows
} reduced_t;

// Divides a row by its content and makes its first entry that is not 0 positive.
static void make_primitive(fmpz *row, slong width) {
    slong lead = 0;
    while (fmpz_is_zero(row + lead))
        lead++;
    fmpz_t content;
    fmpz_init(content);
    _fmpz_vec_content(content, row, width);
    if (fmpz_sgn(row + lead) < 0)
        fmpz_neg(content, content);
    _fmpz_vec_scalar_divexact_fmpz(row, row, width, content);
    fmpz_clear(content);
}

static int compare_rows(const void *a, const void *b, void *context) {
    const fmpz_mat_struct *matrix = context;
    const slong left = *(const slong *)a, right = *(const slong *)b;
    for (slong j = 0; j < matrix->c; j++) {
        const int order = fmpz_cmp(matrix->rows[left] + j, matrix->rows[right] + j);
        if (order != 0)
            return order;
    }
    return left < right ? -1 : left > right;
}

// Numbers of the rows with w != 0, of each hyperplane the first, ascending; `primitive` holds their rows.
static slong choose_distinct(const arrangement_t *a, fmpz_mat_t primitive, slong *names) {
    slong count = 0, kept = 0;
    for (slong i = 0; i < a->planes; i++)
        if (!_fmpz_vec_is_zero(a->rows->rows[i], a->dimension)) {
            _fmpz_vec_set(primitive->rows[i], a->rows->rows[i], a->dimension + 1);
            make_primitive(primitive->rows[i], a->dimension + 1);
            names[count++] = i;
        }
    qsort_r(names, (size_t)count, sizeof *names, compare_rows, primitive);
    for (slong i = 0; i < count; i++)
        if (kept == 0 ||
            !_fmpz_vec_equal(primitive->rows[names[kept - 1]], primitive->rows[names[i]], a->dimension + 1))
            names[kept++] = names[i];
    indices_sort(names, kept);
    return kept;
}

// The columns of the pivots of the normals' echelon form: the other columns are combinations of them, so that
// these coordinates have the same dependencies. `chosen` has room for all columns; returns the rank.
static slong choose_columns(const fmpz_mat_t normals, slong *chosen) {
    fmpz_mat_t echelon;
    fmpz_t denominator;
    fmpz_mat_init(echelon, fmpz_mat_nrows(normals), fmpz_mat_ncols(normals));
    fmpz_init(denominator);
    const slong rank = fmpz_mat_rref(echelon, denominator, normals);
    for (slong i = 0, j = 0; i < rank; i++, j++) {
        while (fmpz_is_zero(fmpz_mat_entry(echelon, i, j)))
            j++;
        chosen[i] = j;
    }
    fmpz_clear(denominator);
    fmpz_mat_clear(echelon);
    return rank;
}

// Whole rows in coordinates that the normals span.
static void span(reduced_t *reduced, const fmpz_mat_t primitive, slong d) {
    fmpz_mat_t normals;
    fmpz_mat_init(normals, reduced->distinct, d);
    for (slong i = 0; i < reduced->distinct; i++)
        _fmpz_vec_set(normals->rows[i], primitive->rows[reduced->names[i]], d);
    slong *chosen = flint_malloc((size_t)d * sizeof *chosen);
    const slong rank = choose_columns(normals, chosen);
    fmpz_mat_init(reduced->whole, reduced->distinct, rank + 1);
    for (slong i = 0; i < reduced->distinct; i++) {
        for (slong j = 0; j < rank; j++)
            fmpz_set(fmpz_mat_entry(reduced->whole, i, j), fmpz_mat_entry(normals, i, chosen[j]));
        fmpz_set(fmpz_mat_entry(reduced->whole, i, rank), primitive->rows[reduced->names[i]] + d);
    }
    flint_free(chosen);
    fmpz_mat_clear(normals);
}

// The slice of a central arrangement by w_0.x + b_0 = 1, parallel to its first hyperplane, seen from the common
// point: x_c = (1 - sum of the other w_0j x_j) / w_0c turns w_i.x into
// sum over j != c of (w_ij w_0c - w_ic w_0j) x_j + w_ic, up to the factor w_0c.
static void slice_central(reduced_t *reduced) {
    const slong rank = fmpz_mat_ncols(reduced->whole) - 1;
    const fmpz *first = reduced->whole->rows[0];
    slong c = 0;
    while (fmpz_is_zero(first + c))
        c++;
    fmpz_mat_init(reduced->rows, reduced->distinct - 1, rank);
    for (slong i = 1; i < reduced->distinct; i++) {
        const fmpz *row = reduced->whole->rows[i];
        fmpz *slice = reduced->rows->rows[i - 1];
        for (slong j = 0; j < rank; j++)
            if (j != c) {
                fmpz_mul(slice, row + j, first + c);
                fmpz_submul(slice++, row + c, first + j);
            }
        fmpz_set(slice, row + c);
        make_primitive(slice + 1 - rank, rank);
    }
}

static void reduced_init(reduced_t *reduced, const arrangement_t *a) {
    fmpz_mat_t primitive;
    fmpz_mat_init(primitive, a->planes, a->dimension + 1);
    reduced->names = flint_malloc((size_t)a->planes * sizeof *reduced->names + 1);
    reduced->distinct = choose_distinct(a, primitive, reduced->names);
    span(reduced, primitive, a->dimension);
    fmpz_mat_clear(primitive);
    const slong rank = fmpz_mat_ncols(reduced->whole) - 1;
    reduced->central = reduced->distinct > 0 && fmpz_mat_rank(reduced->whole) == rank;
    reduced->first = reduced->central;
    if (reduced->central)
        slice_central(reduced);
    else
        fmpz_mat_init_set(reduced->rows, reduced->whole);
    const slong given = bound_bits(a->rows), run = bound_bits(reduced->rows);
    reduced->bits = given > run ? given : run;
}

static void reduced_clear(reduced_t *reduced) {
    flint_free(reduced->names);
    fmpz_mat_clear(reduced->whole);
    fmpz_mat_clear(reduced->rows);
}

// ---- The plan of a walk --------------------------------------------------------------------------------------------

// A random change of coordinates modulo the prime: x -> columns of an invertible matrix, drawn until it is one.
static void draw_change(nmod_mat_t change, stream_t *stream) {
    do
        for (slong i = 0; i < change->r; i++)
            for (slong j = 0; j < change->c; j++) {
                uint64_t word;
                stream_bits(stream, &word, 1);
                change->rows[i][j] = word % change->mod.n;
            }
    while (nmod_mat_rank(change) < change->r);
}

// Writes the rows scaled to (1, y_2 ... y_d, c) in the new coordinates to the columns of the plan. Returns false
// when a first entry is 0.
static bool set_columns(tree_plan_t *plan, const nmod_mat_t rows) {
    const nmod_t mod = rows->mod;
    const ulong half = mod.n / 2;
    for (slong i = 0; i < plan->rows; i++) {
        if (rows->rows[i][0] == 0)
            return false;
        const ulong inverse = n_invmod(rows->rows[i][0], mod.n);
        for (slong j = 1; j <= plan->dimension; j++) {
            const ulong x = nmod_mul(rows->rows[i][j], inverse, mod);
            plan->columns[(size_t)(j - 1) * plan->stride + (size_t)i] =
                x > half ? -(double)(mod.n - x) : (double)x;
        }
    }
    return true;
}

static bool change_coordinates(tree_plan_t *plan, ulong attempt) {
    const slong d = plan->dimension;
    nmod_mat_t rows, change, changed;
    nmod_mat_init(rows, plan->rows, d + 1, plan->field.prime);
    nmod_mat_init(changed, plan->rows, d + 1, plan->field.prime);
    nmod_mat_init(change, d, d, plan->field.prime);
    fmpz_mat_get_nmod_mat(rows, plan->exact);
    stream_t stream = stream_at(attempt, stream_experiment("tree"), 0);
    draw_change(change, &stream);
    nmod_mat_t normals, turned;
    nmod_mat_window_init(normals, rows, 0, 0, plan->rows, d);
    nmod_mat_window_init(turned, changed, 0, 0, plan->rows, d);
    nmod_mat_mul(turned, normals, change);
    for (slong i = 0; i < plan->rows; i++)
        changed->rows[i][d] = rows->rows[i][d];
    const bool good = set_columns(plan, changed);
    nmod_mat_window_clear(normals);
    nmod_mat_window_clear(turned);
    nmod_mat_clear(rows);
    nmod_mat_clear(change);
    nmod_mat_clear(changed);
    return good;
}

// Primes from 2^61 on whose product exceeds 2^(bits + 1), and the rows modulo each.
static int add_primes(tree_plan_t *plan, slong bits) {
    const size_t width = (size_t)plan->dimension + 1, n = (size_t)plan->rows;
    plan->primes = (bits + 1) / 61 + 1;
    plan->prime = malloc((size_t)plan->primes * sizeof(ulong));
    plan->residues = malloc((size_t)plan->primes * n * width * sizeof(ulong));
    if (plan->prime == NULL || plan->residues == NULL)
        return GSL_ENOMEM;
    ulong prime = UWORD(1) << 61;
    for (slong k = 0; k < plan->primes; k++) {
        prime = n_nextprime(prime, 1);
        plan->prime[k] = prime;
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < width; j++)
                plan->residues[((size_t)k * n + i) * width + j] =
                    fmpz_fdiv_ui(plan->exact->rows[i] + j, prime);
    }
    return GSL_SUCCESS;
}

static void plan_clear(tree_plan_t *plan) {
    fmpz_mat_clear(plan->exact);
    free(plan->columns);
    free(plan->prime);
    free(plan->residues);
}

static int plan_init(tree_plan_t *plan, const reduced_t *reduced, ulong attempt) {
    *plan = (tree_plan_t){.dimension = fmpz_mat_ncols(reduced->rows) - 1,
                          .rows = fmpz_mat_nrows(reduced->rows),
                          .field = residue_field(attempt),
                          .names = reduced->names + reduced->first,
                          .common = reduced->central ? reduced->names[0] : -1};
    fmpz_mat_init_set(plan->exact, reduced->rows);
    plan->stride = (size_t)plan->rows + RESIDUE_PADDING;
    plan->columns = calloc((size_t)plan->dimension * plan->stride, sizeof(double));
    plan->bounded = reduced->bits < BOUNDED_BITS;
    int status = plan->columns != NULL ? GSL_SUCCESS : GSL_ENOMEM;
    if (status == GSL_SUCCESS && !plan->bounded)
        status = add_primes(plan, reduced->bits);
    if (status == GSL_SUCCESS && !change_coordinates(plan, attempt))
        status = TREE_UNLUCKY;
    if (status != GSL_SUCCESS)
        plan_clear(plan);
    return status;
}

// ---- The run -------------------------------------------------------------------------------------------------------

// One walker for each thread.
typedef struct crew {
    const tree_plan_t *plan;
    tree_walker_t **walkers;
} crew_t;

static int run_part(void *context, int thread, ulong part, fmpz *sums) {
    const crew_t *crew = context;
    tree_walker_t **walker = &crew->walkers[thread];
    if (*walker == NULL)
        *walker = tree_walker_alloc(crew->plan, NULL, NULL);
    return *walker != NULL ? tree_walk(*walker, part, sums) : GSL_ENOMEM;
}

// Sums of all parts for one prime and one change of coordinates.
static int attempt_sums(const tree_plan_t *plan, const shards_control_t *control, fmpz *sums) {
    const int threads = shards_threads(control);
    crew_t crew = {plan, calloc((size_t)threads, sizeof(tree_walker_t *))};
    if (crew.walkers == NULL)
        return GSL_ENOMEM;
    const shards_plan_t shards = {
        .count = tree_walk_parts(plan), .width = plan->dimension + 2, .run = run_part, .context = &crew};
    const int status = shards_run(&shards, control, sums);
    for (int i = 0; i < threads; i++)
        tree_walker_free(crew.walkers[i]);
    free(crew.walkers);
    return status;
}

static void note_primes(tree_count_t *count, const tree_plan_t *plan) {
    count->primes = plan->primes + 1;
    count->prime = _fmpz_vec_init(count->primes);
    fmpz_set_ui(count->prime, plan->field.prime);
    for (slong k = 0; k < plan->primes; k++)
        fmpz_set_ui(count->prime + k + 1, plan->prime[k]);
}

// Sums of the reduced arrangement, d' + 2 integers; the root and its rows included.
static int reduced_sums(const reduced_t *reduced, const shards_control_t *control, fmpz *sums,
                        tree_count_t *count) {
    int status = TREE_UNLUCKY;
    for (ulong attempt = 0; attempt < ATTEMPTS && status == TREE_UNLUCKY; attempt++) {
        tree_plan_t plan;
        status = plan_init(&plan, reduced, attempt);
        if (status != GSL_SUCCESS)
            continue;
        status = attempt_sums(&plan, control, sums);
        if (status == GSL_SUCCESS)
            note_primes(count, &plan);
        plan_clear(&plan);
    }
    if (status != GSL_SUCCESS)
        return status == TREE_UNLUCKY ? GSL_EFAILED : status;
    fmpz_add_ui(sums, sums, 1);
    fmpz_add_si(sums + 1, sums + 1, fmpz_mat_nrows(reduced->rows));
    return GSL_SUCCESS;
}

// In dimension 0 there is a point, on a line each distinct point cuts.
static void small_sums(const reduced_t *reduced, fmpz *sums) {
    fmpz_one(sums);
    if (fmpz_mat_ncols(reduced->rows) == 2)
        fmpz_set_si(sums + 1, fmpz_mat_nrows(reduced->rows));
}

static bool is_small(const reduced_t *reduced) {
    return fmpz_mat_ncols(reduced->rows) <= 2 || fmpz_mat_nrows(reduced->rows) == 0;
}

// From the sums of the tree to the levels. A central arrangement has the nodes of its slice twice, once with the
// first hyperplane.
static void fill_levels(tree_count_t *count, const reduced_t *reduced, const fmpz *sums) {
    const slong d = fmpz_mat_ncols(reduced->rows) - 1;
    _fmpz_vec_zero(count->level, count->levels);
    for (slong j = 0; j <= d; j++) {
        fmpz_add(count->level + j, count->level + j, sums + j);
        if (reduced->central)
            fmpz_add(count->level + j + 1, count->level + j + 1, sums + j);
    }
    fmpz_zero(count->regions);
    for (slong j = 0; j < count->levels; j++)
        fmpz_add(count->regions, count->regions, count->level + j);
}

int tree_regions(const arrangement_t *a, const shards_control_t *control, tree_count_t *count) {
    reduced_t reduced;
    reduced_init(&reduced, a);
    const slong d = fmpz_mat_ncols(reduced.rows) - 1;
    fmpz *sums = _fmpz_vec_init(d + 2);
    tree_count_t draft = {0};
    int status = GSL_SUCCESS;
    if (is_small(&reduced))
        small_sums(&reduced, sums);
    else
        status = reduced_sums(&reduced, control, sums, &draft);
    if (status == GSL_SUCCESS) {
        fill_levels(count, &reduced, sums);
        fmpz_set(count->events, sums + d + 1);
        count->hyperplanes = reduced.distinct;
        count->central = reduced.central;
        count->hadamard_bits = reduced.bits;
        _fmpz_vec_clear(count->prime, count->primes);
        count->primes = draft.primes;
        count->prime = draft.prime;
    }
    _fmpz_vec_clear(sums, d + 2);
    reduced_clear(&reduced);
    return status;
}

double tree_work(const arrangement_t *a) {
    reduced_t reduced;
    reduced_init(&reduced, a);
    fmpz_t vertices;
    fmpz_init(vertices);
    bounds_phi(vertices, (ulong)fmpz_mat_nrows(reduced.rows), (ulong)fmpz_mat_ncols(reduced.rows) - 1);
    const double work = fmpz_get_d(vertices);
    fmpz_clear(vertices);
    reduced_clear(&reduced);
    return work;
}

// ---- Events --------------------------------------------------------------------------------------------------------

// Hands events on, but those that an attempt with an unlucky prime handed on before: they come again, in the same
// order, because all of them were true and none but the last decision of that attempt was wrong.
typedef struct relay {
    tree_event_t visit;
    void *context;
    ulong seen, handed;
} relay_t;

static int hand_on(void *context, const slong *rows, slong size, bool parallel) {
    relay_t *relay = context;
    if (relay->seen++ < relay->handed)
        return GSL_SUCCESS;
    relay->handed++;
    return relay->visit(relay->context, rows, size, parallel);
}

static int walk_events(const tree_plan_t *plan, relay_t *relay) {
    relay->seen = 0;
    tree_walker_t *walker = tree_walker_alloc(plan, hand_on, relay);
    if (walker == NULL)
        return GSL_ENOMEM;
    fmpz *sums = _fmpz_vec_init(plan->dimension + 2);
    int status = GSL_SUCCESS;
    for (ulong part = 0; part < tree_walk_parts(plan) && status == GSL_SUCCESS; part++)
        status = tree_walk(walker, part, sums);
    _fmpz_vec_clear(sums, plan->dimension + 2);
    tree_walker_free(walker);
    return status;
}

int tree_events(const arrangement_t *a, tree_event_t visit, void *context) {
    relay_t relay = {.visit = visit, .context = context};
    reduced_t reduced;
    reduced_init(&reduced, a);
    int status = is_small(&reduced) ? GSL_SUCCESS : TREE_UNLUCKY;
    for (ulong attempt = 0; attempt < ATTEMPTS && status == TREE_UNLUCKY; attempt++) {
        tree_plan_t plan;
        status = plan_init(&plan, &reduced, attempt);
        if (status != GSL_SUCCESS)
            continue;
        status = walk_events(&plan, &relay);
        plan_clear(&plan);
    }
    reduced_clear(&reduced);
    return status == TREE_UNLUCKY ? GSL_EFAILED : status;
}
