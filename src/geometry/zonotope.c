// SPDX-License-Identifier: GPL-3.0-or-later
// Zonotopes and their vertices; see zonotope.h.
#include "geometry/zonotope.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <stdlib.h>
#include <string.h>

zonotope_t *zonotope_alloc(slong count, slong dimension) {
    zonotope_t *z = count < 0 || dimension < 1 ? NULL : malloc(sizeof *z);
    if (z == NULL)
        return NULL;
    z->count = count;
    z->dimension = dimension;
    fmpz_mat_init(z->generators, count, dimension);
    return z;
}

void zonotope_free(zonotope_t *z) {
    if (z == NULL)
        return;
    fmpz_mat_clear(z->generators);
    free(z);
}

zonotope_t *zonotope_sum(const zonotope_t *p, const zonotope_t *q) {
    zonotope_t *sum = p->dimension == q->dimension ? zonotope_alloc(p->count + q->count, p->dimension) : NULL;
    if (sum != NULL)
        fmpz_mat_concat_vertical(sum->generators, p->generators, q->generators);
    return sum;
}

// ---- A growing list of sets of generators ----

enum { UPPER = 1, LOWER = 2 };

// An entry is s_1 ... s_n and a byte of UPPER and LOWER.
typedef struct {
    slong width; // n + 1
    size_t count, room;
    signed char *entries;
} sets_t;

static bool sets_append(sets_t *sets, const signed char *active, int side) {
    if (sets->count == sets->room) {
        const size_t room = 2 * sets->room + 64;
        signed char *larger = realloc(sets->entries, room * (size_t)sets->width);
        if (larger == NULL)
            return false;
        sets->entries = larger;
        sets->room = room;
    }
    signed char *entry = sets->entries + sets->count++ * (size_t)sets->width;
    memcpy(entry, active, (size_t)(sets->width - 1));
    entry[sets->width - 1] = (signed char)side;
    return true;
}

static int compare_sets(const void *first, const void *second, void *width) {
    return memcmp(first, second, (size_t)(*(const slong *)width - 1));
}

// Sorts, and makes one of equal sets, which is on the sides of all of them.
static void sets_merge(sets_t *sets) {
    const size_t width = (size_t)sets->width;
    if (sets->count < 2)
        return;
    qsort_r(sets->entries, sets->count, width, compare_sets, &sets->width);
    size_t kept = 1;
    for (size_t i = 1; i < sets->count; i++) {
        signed char *last = sets->entries + (kept - 1) * width, *entry = sets->entries + i * width;
        if (memcmp(last, entry, width - 1) == 0)
            last[width - 1] |= entry[width - 1];
        else
            memmove(sets->entries + kept++ * width, entry, width);
    }
    sets->count = kept;
}

// ---- Faces ----

typedef struct {
    fmpz_mat_t
        generators; // their last coordinate comes first, so that it is a pivot unless all have a zero there
    slong count, dimension;
    sets_t found;
    int status;
} search_t;

// A face: the generators that span it, and which of the others belong to it.
typedef struct {
    slong *members, count;
    signed char *active; // n; 0 for members
    int side;            // of all its vertices; 0 for the zonotope itself
} face_t;

// Coordinates in which the members of a face have full rank, found by elimination: `members` x rank.
static slong face_coordinates(const search_t *search, const face_t *face, fmpz_mat_t coordinates,
                              bool *last_is_first) {
    fmpz_mat_t rows, reduced;
    fmpz_t denominator;
    fmpz_init(denominator);
    fmpz_mat_init(rows, face->count, search->dimension);
    fmpz_mat_init(reduced, face->count, search->dimension);
    for (slong i = 0; i < face->count; i++)
        _fmpz_vec_set(rows->rows[i], search->generators->rows[face->members[i]], search->dimension);
    const slong rank = fmpz_mat_rref(reduced, denominator, rows);
    fmpz_mat_init(coordinates, face->count, rank);
    *last_is_first = rank > 0 && !fmpz_is_zero(fmpz_mat_entry(reduced, 0, 0));
    for (slong r = 0, column = 0; r < rank; r++, column++) {
        while (fmpz_is_zero(fmpz_mat_entry(reduced, r, column)))
            column++;
        for (slong i = 0; i < face->count; i++)
            fmpz_set(fmpz_mat_entry(coordinates, i, r), fmpz_mat_entry(rows, i, column));
    }
    fmpz_mat_clear(rows);
    fmpz_mat_clear(reduced);
    fmpz_clear(denominator);
    return rank;
}

// Members that are independent span a parallelotope: each set of them is a vertex.
static void visit_parallelotope(search_t *search, face_t *face) {
    for (ulong set = 0; set < UWORD(1) << face->count && search->status == GSL_SUCCESS; set++) {
        for (slong i = 0; i < face->count; i++)
            face->active[face->members[i]] = (signed char)(set >> i & 1);
        if (!sets_append(&search->found, face->active, face->side))
            search->status = GSL_ENOMEM;
    }
    for (slong i = 0; i < face->count; i++)
        face->active[face->members[i]] = 0;
}

static void visit_face(search_t *search, face_t *face);

// The facets with the outer normals +normal and -normal.
static void visit_facets(search_t *search, face_t *face, const fmpz_mat_t coordinates, const fmpz *normal,
                         bool last_is_first) {
    const slong rank = fmpz_mat_ncols(coordinates);
    slong *inside = malloc(((size_t)face->count + 1) * sizeof *inside);
    int *signs = malloc(((size_t)face->count + 1) * sizeof *signs);
    fmpz_t height;
    fmpz_init(height);
    face_t facet = {.members = inside, .active = face->active};
    for (slong i = 0; inside != NULL && signs != NULL && i < face->count; i++) {
        _fmpz_vec_dot(height, coordinates->rows[i], normal, rank);
        signs[i] = fmpz_sgn(height);
        if (signs[i] == 0)
            inside[facet.count++] = face->members[i];
    }
    fmpz_clear(height);
    if (inside == NULL || signs == NULL)
        search->status = GSL_ENOMEM;
    for (int outer = 1; outer >= -1 && search->status == GSL_SUCCESS; outer -= 2) {
        for (slong i = 0; i < face->count; i++)
            face->active[face->members[i]] = signs[i] == outer;
        const int last = last_is_first ? outer * fmpz_sgn(normal) : 0;
        facet.side = face->side != 0 ? face->side : last > 0 ? UPPER : last < 0 ? LOWER : 0;
        visit_face(search, &facet);
    }
    for (slong i = 0; signs != NULL && i < face->count; i++)
        face->active[face->members[i]] = 0;
    free(inside);
    free(signs);
}

// The normal of the hyperplane that `chosen` members span; false where they are dependent.
static bool normal_of(fmpz *normal, const fmpz_mat_t coordinates, const slong *chosen) {
    const slong rank = fmpz_mat_ncols(coordinates);
    fmpz_mat_t rows, kernel;
    fmpz_mat_init(rows, rank - 1, rank);
    fmpz_mat_init(kernel, rank, rank);
    for (slong i = 0; i < rank - 1; i++)
        _fmpz_vec_set(rows->rows[i], coordinates->rows[chosen[i]], rank);
    const bool unique = fmpz_mat_nullspace(kernel, rows) == 1;
    for (slong i = 0; unique && i < rank; i++)
        fmpz_set(normal + i, fmpz_mat_entry(kernel, i, 0));
    fmpz_mat_clear(rows);
    fmpz_mat_clear(kernel);
    return unique;
}

// The next set of `size` numbers below n in lexicographic order.
static bool next_set(slong *set, slong size, slong n) {
    slong i = size - 1;
    while (i >= 0 && set[i] == n - size + i)
        i--;
    if (i < 0)
        return false;
    set[i]++;
    for (slong j = i + 1; j < size; j++)
        set[j] = set[j - 1] + 1;
    return true;
}

static void visit_hyperplanes(search_t *search, face_t *face, const fmpz_mat_t coordinates,
                              bool last_is_first) {
    const slong rank = fmpz_mat_ncols(coordinates);
    slong chosen[ZONOTOPE_RANK];
    fmpz *normal = _fmpz_vec_init(rank);
    for (slong i = 0; i < rank - 1; i++)
        chosen[i] = i;
    do {
        if (normal_of(normal, coordinates, chosen))
            visit_facets(search, face, coordinates, normal, last_is_first);
    } while (search->status == GSL_SUCCESS && next_set(chosen, rank - 1, face->count));
    _fmpz_vec_clear(normal, rank);
}

static void visit_face(search_t *search, face_t *face) {
    const bool whole = face->count == search->count;
    fmpz_mat_t coordinates;
    bool last_is_first;
    const slong rank = face_coordinates(search, face, coordinates, &last_is_first);
    if (rank > ZONOTOPE_RANK)
        search->status = GSL_EDOM;
    else if (rank == 0) {
        if (!sets_append(&search->found, face->active, face->side))
            search->status = GSL_ENOMEM;
    } else if (rank == face->count && !whole) // of the whole zonotope the sides must be found
        visit_parallelotope(search, face);
    else
        visit_hyperplanes(search, face, coordinates, last_is_first && whole);
    fmpz_mat_clear(coordinates);
}

// ---- All vertices ----

// Whether (0, ..., 0, 1) is a combination of the generators; if not, a normal may be moved up or down at will.
static bool spans_last(const search_t *search) {
    fmpz_mat_t rows, last;
    fmpz_mat_init(last, 1, search->dimension);
    fmpz_one(fmpz_mat_entry(last, 0, 0));
    fmpz_mat_init(rows, search->count + 1, search->dimension);
    fmpz_mat_concat_vertical(rows, search->generators, last);
    const bool spans = fmpz_mat_rank(rows) == fmpz_mat_rank(search->generators);
    fmpz_mat_clear(rows);
    fmpz_mat_clear(last);
    return spans;
}

static int vertices_of(const zonotope_t *z, const sets_t *sets, bool both, zonotope_vertices_t *vertices) {
    const size_t count = sets->count, n = (size_t)z->count;
    signed char *active = malloc(count * n + 1);
    bool *upper = malloc(count), *lower = malloc(count);
    if (active == NULL || upper == NULL || lower == NULL) {
        free(active);
        free(upper);
        free(lower);
        return GSL_ENOMEM;
    }
    *vertices = (zonotope_vertices_t){
        .count = (slong)count, .generators = z->count, .active = active, .upper = upper, .lower = lower};
    fmpz_mat_init(vertices->points, (slong)count, z->dimension);
    for (size_t v = 0; v < count; v++) {
        const signed char *entry = sets->entries + v * (n + 1);
        memcpy(active + v * n, entry, n);
        upper[v] = both || (entry[n] & UPPER) != 0;
        lower[v] = both || (entry[n] & LOWER) != 0;
        fmpz *point = vertices->points->rows[v];
        for (size_t i = 0; i < n; i++)
            if (entry[i] != 0)
                _fmpz_vec_add(point, point, z->generators->rows[i], z->dimension);
    }
    return GSL_SUCCESS;
}

int zonotope_vertices(const zonotope_t *z, zonotope_vertices_t *vertices) {
    const slong n = z->count, m = z->dimension;
    search_t search = {.count = n, .dimension = m, .found = {.width = n + 1}, .status = GSL_SUCCESS};
    face_t whole = {
        .members = malloc(((size_t)n + 1) * sizeof(slong)), .count = n, .active = calloc((size_t)n + 1, 1)};
    fmpz_mat_init(search.generators, n, m);
    if (whole.members == NULL || whole.active == NULL)
        search.status = GSL_ENOMEM;
    for (slong i = 0; i < n && search.status == GSL_SUCCESS; i++) {
        whole.members[i] = i;
        for (slong j = 0; j < m; j++)
            fmpz_set(fmpz_mat_entry(search.generators, i, j), fmpz_mat_entry(z->generators, i, m - 1 - j));
    }
    if (search.status == GSL_SUCCESS)
        visit_face(&search, &whole);
    if (search.status == GSL_SUCCESS) {
        sets_merge(&search.found);
        search.status = vertices_of(z, &search.found, !spans_last(&search), vertices);
    }
    fmpz_mat_clear(search.generators);
    free(search.found.entries);
    free(whole.members);
    free(whole.active);
    return search.status;
}

void zonotope_vertices_clear(zonotope_vertices_t *vertices) {
    fmpz_mat_clear(vertices->points);
    free(vertices->active);
    free(vertices->upper);
    free(vertices->lower);
}
