// SPDX-License-Identifier: GPL-3.0-or-later
// General position: proof or witnesses; see generic.h.
#include "geometry/generic.h"

#include "geometry/bounds.h"

#include <flint/fmpz_vec.h>
#include <flint/nmod_vec.h>
#include <flint/ulong_extras.h>
#include <gsl/gsl_errno.h>
#include <stdlib.h>
#include <string.h>

enum { PRIMES = 8, PRIME_BITS = 61 };

// A search under way: subsets in lexicographic order, each eliminated modulo the prime once for all that
// extend it.
typedef struct search {
    const arrangement_t *a;
    nmod_t prime;
    mp_ptr *levels; // levels[m]: the rows modulo m chosen ones, n x (d - m + 1), the last column being b
    slong *chosen;  // d + 1
    fmpz_mat_t normals, relations; // workspaces: d x (d + 1) and (d + 1) x (d + 1)
    generic_report_t report;
} search_t;

static void witness_clear(generic_witness_t *witness) {
    free(witness->planes);
    _fmpz_vec_clear(witness->relation, witness->size);
}

void generic_clear(generic_report_t *report) {
    for (slong i = 0; i < report->count; i++)
        witness_clear(&report->witnesses[i]);
    free(report->witnesses);
    *report = (generic_report_t){0};
}

static int grow(generic_report_t *report) {
    if (report->count < report->room)
        return GSL_SUCCESS;
    const slong room = 2 * report->room + 16;
    generic_witness_t *witnesses = realloc(report->witnesses, (size_t)room * sizeof *witnesses);
    if (witnesses == NULL)
        return GSL_ENOMEM;
    report->witnesses = witnesses;
    report->room = room;
    return GSL_SUCCESS;
}

// Whether the relation holds for b too, so that the hyperplanes have a common point.
static bool meets(const search_t *search, slong size, const fmpz *relation) {
    const slong d = search->a->dimension;
    fmpz_t sum;
    fmpz_init(sum);
    for (slong i = 0; i < size; i++)
        fmpz_addmul(sum, relation + i, fmpz_mat_entry(search->a->rows, search->chosen[i], d));
    const bool zero = fmpz_is_zero(sum);
    fmpz_clear(sum);
    return zero && size > 1;
}

// Adds the chosen set with its relation, which is divided by its content.
static int record(search_t *search, slong size, const fmpz *relation, bool concurrent) {
    if (grow(&search->report) != GSL_SUCCESS)
        return GSL_ENOMEM;
    generic_witness_t witness = {.size = size, .concurrent = concurrent};
    witness.planes = malloc((size_t)size * sizeof *witness.planes);
    if (witness.planes == NULL)
        return GSL_ENOMEM;
    memcpy(witness.planes, search->chosen, (size_t)size * sizeof *witness.planes);
    witness.relation = _fmpz_vec_init(size);
    fmpz_t content;
    fmpz_init(content);
    _fmpz_vec_content(content, relation, size);
    if (fmpz_sgn(relation) < 0)
        fmpz_neg(content, content);
    _fmpz_vec_scalar_divexact_fmpz(witness.relation, relation, size, content);
    fmpz_clear(content);
    search->report.witnesses[search->report.count++] = witness;
    return GSL_SUCCESS;
}

static bool has_zero(const fmpz *values, slong size) {
    for (slong i = 0; i < size; i++)
        if (fmpz_is_zero(values + i))
            return true;
    return false;
}

// Looks exactly at a set that the prime shows as degenerate. All but its last normal are independent, hence
// there is at most one relation; where it leaves a member out, the set is not minimal. Returns GSL_EFAILED
// when the normals are independent and only the prime says otherwise.
static int look_at(search_t *search, slong size) {
    const slong d = search->a->dimension;
    fmpz_mat_t normals, relations;
    fmpz_mat_window_init(normals, search->normals, 0, 0, d, size);
    fmpz_mat_window_init(relations, search->relations, 0, 0, size, size);
    for (slong i = 0; i < size; i++)
        for (slong j = 0; j < d; j++)
            fmpz_set(fmpz_mat_entry(normals, j, i), fmpz_mat_entry(search->a->rows, search->chosen[i], j));
    fmpz *relation = _fmpz_vec_init(size);
    int status = GSL_EFAILED;
    if (fmpz_mat_nullspace(relations, normals) == 1) {
        for (slong i = 0; i < size; i++)
            fmpz_set(relation + i, fmpz_mat_entry(relations, i, 0));
        const bool concurrent = meets(search, size, relation);
        const bool degenerate = !has_zero(relation, size) && (size <= d || concurrent);
        status = degenerate ? record(search, size, relation, concurrent) : GSL_SUCCESS;
    }
    _fmpz_vec_clear(relation, size);
    fmpz_mat_window_clear(normals);
    fmpz_mat_window_clear(relations);
    return status;
}

// Where the reduced normal of a row has an entry that is not 0, or `width` when it vanishes.
static slong find_pivot(mp_srcptr normal, slong width) {
    slong pivot = 0;
    while (pivot < width && normal[pivot] == 0)
        pivot++;
    return pivot;
}

// x u - y v modulo the prime, with one reduction: the sum stays below 2^124, its upper half below the prime.
static inline mp_limb_t cross(mp_limb_t x, mp_limb_t u, mp_limb_t y, mp_limb_t v, nmod_t prime) {
    const unsigned __int128 sum = (unsigned __int128)x * u + (unsigned __int128)(prime.n - y) * v;
    mp_limb_t result;
    NMOD_RED2(result, (mp_limb_t)(sum >> 64), (mp_limb_t)sum, prime);
    return result;
}

// Eliminates row t from the rows after it, from one level to the next, without division; the column of the
// pivot is left out.
static void eliminate(const search_t *search, slong level, slong t, slong pivot) {
    const slong width = search->a->dimension - level + 1;
    mp_srcptr row = search->levels[level] + t * width;
    for (slong i = t + 1; i < search->a->planes; i++) {
        mp_srcptr from = search->levels[level] + i * width;
        mp_ptr to = search->levels[level + 1] + i * (width - 1);
        for (slong j = 0; j < width; j++)
            if (j != pivot)
                *to++ = cross(from[j], row[pivot], from[pivot], row[j], search->prime);
    }
}

// Extends the `size` chosen rows, whose normals are independent, by rows from `first` on.
static int extend(search_t *search, slong size, slong first) {
    const slong left = search->a->dimension - size; // entries of a reduced normal
    int status = GSL_SUCCESS;
    for (slong t = first; t < search->a->planes && status == GSL_SUCCESS; t++) {
        mp_srcptr row = search->levels[size] + t * (left + 1);
        search->chosen[size] = t;
        const slong pivot = find_pivot(row, left);
        if (pivot < left) {
            eliminate(search, size, t, pivot);
            status = extend(search, size + 1, t + 1);
        } else if (left > 0 || row[0] == 0)
            status = look_at(search, size + 1);
    }
    return status;
}

static int search_init(search_t *search, const arrangement_t *a, ulong prime) {
    const slong n = a->planes, d = a->dimension;
    *search = (search_t){.a = a, .report = {.planes = n, .dimension = d, .prime = prime}};
    nmod_init(&search->prime, prime);
    fmpz_mat_init(search->normals, d, d + 1);
    fmpz_mat_init(search->relations, d + 1, d + 1);
    search->chosen = calloc((size_t)d + 1, sizeof *search->chosen);
    search->levels = calloc((size_t)d + 1, sizeof *search->levels);
    if (search->chosen == NULL || search->levels == NULL)
        return GSL_ENOMEM;
    for (slong m = 0; m <= d; m++)
        search->levels[m] = _nmod_vec_init(n * (d - m + 1));
    for (slong i = 0; i < n; i++)
        for (slong j = 0; j <= d; j++)
            search->levels[0][i * (d + 1) + j] = fmpz_get_nmod(fmpz_mat_entry(a->rows, i, j), search->prime);
    return GSL_SUCCESS;
}

// Gives back all but the report.
static void search_clear(search_t *search) {
    for (slong m = 0; search->levels != NULL && m <= search->a->dimension; m++)
        _nmod_vec_clear(search->levels[m]);
    free(search->levels);
    free(search->chosen);
    fmpz_mat_clear(search->normals);
    fmpz_mat_clear(search->relations);
}

int generic_examine(const arrangement_t *a, generic_report_t *report) {
    ulong prime = UWORD(1) << PRIME_BITS;
    int status = GSL_EFAILED;
    for (int attempt = 0; attempt < PRIMES && status == GSL_EFAILED; attempt++) {
        prime = n_nextprime(prime, 0);
        search_t search;
        status = search_init(&search, a, prime);
        if (status == GSL_SUCCESS)
            status = extend(&search, 0, 0);
        search_clear(&search);
        if (status == GSL_SUCCESS)
            *report = search.report;
        else
            generic_clear(&search.report);
    }
    return status;
}

bool generic_holds(const generic_witness_t *witness, const arrangement_t *a) {
    const slong d = a->dimension;
    fmpz *sum = _fmpz_vec_init(d + 1);
    for (slong i = 0; i < witness->size; i++)
        _fmpz_vec_scalar_addmul_fmpz(sum, a->rows->rows[witness->planes[i]], d + 1, witness->relation + i);
    const bool common = fmpz_is_zero(sum + d) && witness->size > 1;
    const bool holds = _fmpz_vec_is_zero(sum, d) && !has_zero(witness->relation, witness->size) &&
                       common == witness->concurrent && (common || witness->size <= d);
    _fmpz_vec_clear(sum, d + 1);
    return holds;
}

// The sets that contain a broken circuit, counted by their first prefix that does.
typedef struct tally {
    const generic_report_t *report;
    const generic_witness_t **head; // planes: the witnesses with this last member, as lists ...
    const generic_witness_t **next; // count: ... continued at the witness's number
    bool *chosen;                   // planes: members of the prefix
    fmpz_t term, sum;
} tally_t;

static void list_by_last(tally_t *tally) {
    for (slong i = 0; i < tally->report->count; i++) {
        const generic_witness_t *witness = &tally->report->witnesses[i];
        const generic_witness_t **head = &tally->head[witness->planes[witness->size - 1]];
        tally->next[i] = *head;
        *head = witness;
    }
}

// Whether the prefix contains the broken circuit.
static bool contains(const tally_t *tally, const generic_witness_t *witness) {
    for (slong i = witness->concurrent ? 1 : 0; i < witness->size; i++)
        if (!tally->chosen[witness->planes[i]])
            return false;
    return true;
}

// Whether the prefix contains a broken circuit that ends with the prefix's last member.
static bool breaks(const tally_t *tally, slong last) {
    const generic_witness_t *witness = tally->head[last];
    while (witness != NULL && !contains(tally, witness))
        witness = tally->next[witness - tally->report->witnesses];
    return witness != NULL;
}

// Extends a prefix without broken circuits by planes from `first` on; `left` more members are allowed. Once a
// prefix contains one, so do all sets that it begins.
static void tally_sets(tally_t *tally, slong first, slong left) {
    for (slong t = first; t < tally->report->planes && left > 0; t++) {
        tally->chosen[t] = true;
        if (breaks(tally, t)) {
            bounds_phi(tally->term, (ulong)(tally->report->planes - 1 - t), (ulong)(left - 1));
            fmpz_add(tally->sum, tally->sum, tally->term);
        } else
            tally_sets(tally, t + 1, left - 1);
        tally->chosen[t] = false;
    }
}

int generic_deficit(const generic_report_t *report, fmpz_t deficit) {
    tally_t tally = {.report = report};
    tally.head = calloc((size_t)report->planes + 1, sizeof *tally.head);
    tally.next = calloc((size_t)report->count + 1, sizeof *tally.next);
    tally.chosen = calloc((size_t)report->planes + 1, sizeof *tally.chosen);
    const bool memory = tally.head != NULL && tally.next != NULL && tally.chosen != NULL;
    if (memory) {
        fmpz_init(tally.term);
        fmpz_init(tally.sum);
        list_by_last(&tally);
        tally_sets(&tally, 0, report->dimension);
        fmpz_swap(deficit, tally.sum);
        fmpz_clear(tally.term);
        fmpz_clear(tally.sum);
    }
    free(tally.head);
    free(tally.next);
    free(tally.chosen);
    return memory ? GSL_SUCCESS : GSL_ENOMEM;
}

int generic_is(const arrangement_t *a, bool *generic) {
    generic_report_t report;
    const int status = generic_examine(a, &report);
    if (status != GSL_SUCCESS)
        return status;
    *generic = report.count == 0;
    generic_clear(&report);
    return GSL_SUCCESS;
}

int generic_units(const layer_t *layer, bool *generic) {
    arrangement_t *units = arrangement_alloc(layer->experts * layer->width, layer->dimension);
    if (units == NULL)
        return GSL_ENOMEM;
    fmpz_mat_set(units->rows, layer->rows);
    const int status = generic_is(units, generic);
    arrangement_free(units);
    return status;
}
