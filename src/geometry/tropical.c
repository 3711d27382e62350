// SPDX-License-Identifier: GPL-3.0-or-later
// Tropical numbers and polynomials; see tropical.h.
#include "geometry/tropical.h"

#include "geometry/polyhedron.h"

#include <gsl/gsl_errno.h>
#include <stdlib.h>

// ---- Numbers ----

void tropical_number_init(tropical_number_t *x) {
    x->finite = false;
    fmpq_init(x->value);
}

void tropical_number_clear(tropical_number_t *x) {
    fmpq_clear(x->value);
}

static void assign(tropical_number_t *result, const tropical_number_t *x) {
    result->finite = x->finite;
    fmpq_set(result->value, x->value);
}

void tropical_number_add(tropical_number_t *result, const tropical_number_t *x, const tropical_number_t *y) {
    const bool second = !x->finite || (y->finite && fmpq_cmp(x->value, y->value) < 0);
    assign(result, second ? y : x);
}

void tropical_number_multiply(tropical_number_t *result, const tropical_number_t *x,
                              const tropical_number_t *y) {
    const bool finite = x->finite && y->finite;
    if (finite)
        fmpq_add(result->value, x->value, y->value);
    result->finite = finite;
}

void tropical_number_power(tropical_number_t *result, const tropical_number_t *x, ulong k) {
    fmpz_t factor;
    fmpz_init_set_ui(factor, k);
    result->finite = x->finite || k == 0;
    if (k == 0)
        fmpq_zero(result->value);
    else
        fmpq_mul_fmpz(result->value, x->value, factor);
    fmpz_clear(factor);
}

bool tropical_number_equal(const tropical_number_t *x, const tropical_number_t *y) {
    return x->finite == y->finite && (!x->finite || fmpq_equal(x->value, y->value));
}

// ---- Polynomials ----

tropical_t *tropical_alloc(slong variables) {
    tropical_t *p = variables < 0 ? NULL : malloc(sizeof *p);
    if (p != NULL)
        *p = (tropical_t){.variables = variables};
    return p;
}

void tropical_free(tropical_t *p) {
    if (p == NULL)
        return;
    for (slong i = 0; i < p->room * (p->variables + 1); i++)
        fmpq_clear(p->entries + i);
    free(p->entries);
    free(p);
}

static bool reserve(tropical_t *p, slong terms) {
    if (terms <= p->room)
        return true;
    const slong width = p->variables + 1, room = terms > 2 * p->room ? terms : 2 * p->room;
    fmpq *entries = realloc(p->entries, (size_t)(room * width) * sizeof *entries);
    if (entries == NULL)
        return false;
    for (slong i = p->room * width; i < room * width; i++)
        fmpq_init(entries + i);
    p->entries = entries;
    p->room = room;
    return true;
}

static void swap(tropical_t *p, tropical_t *q) {
    const tropical_t kept = *p;
    *p = *q;
    *q = kept;
}

static void set_term(fmpq *to, const fmpq *from, slong width) {
    for (slong j = 0; j < width; j++)
        fmpq_set(to + j, from + j);
}

int tropical_append(tropical_t *p, const fmpq *term) {
    if (!reserve(p, p->terms + 1))
        return GSL_ENOMEM;
    set_term(tropical_term(p, p->terms++), term, p->variables + 1);
    return GSL_SUCCESS;
}

int tropical_copy(tropical_t *result, const tropical_t *p) {
    if (result->variables != p->variables)
        return GSL_EBADLEN;
    if (!reserve(result, p->terms))
        return GSL_ENOMEM;
    if (result != p)
        set_term(result->entries, p->entries, p->terms * (p->variables + 1));
    result->terms = p->terms;
    return GSL_SUCCESS;
}

int tropical_add(tropical_t *result, const tropical_t *p, const tropical_t *q) {
    if (result->variables != p->variables || p->variables != q->variables)
        return GSL_EBADLEN;
    tropical_t *sum = tropical_alloc(p->variables);
    if (sum == NULL || !reserve(sum, p->terms + q->terms)) {
        tropical_free(sum);
        return GSL_ENOMEM;
    }
    const slong width = p->variables + 1;
    set_term(sum->entries, p->entries, p->terms * width);
    set_term(sum->entries + p->terms * width, q->entries, q->terms * width);
    sum->terms = p->terms + q->terms;
    swap(result, sum);
    tropical_free(sum);
    return GSL_SUCCESS;
}

int tropical_multiply(tropical_t *result, const tropical_t *p, const tropical_t *q) {
    if (result->variables != p->variables || p->variables != q->variables)
        return GSL_EBADLEN;
    tropical_t *product = tropical_alloc(p->variables);
    if (product == NULL || !reserve(product, p->terms * q->terms)) {
        tropical_free(product);
        return GSL_ENOMEM;
    }
    for (slong i = 0; i < p->terms; i++)
        for (slong j = 0; j < q->terms; j++, product->terms++)
            for (slong k = 0; k <= p->variables; k++)
                fmpq_add(tropical_term(product, product->terms) + k, tropical_term(p, i) + k,
                         tropical_term(q, j) + k);
    swap(result, product);
    tropical_free(product);
    return GSL_SUCCESS;
}

void tropical_power(tropical_t *p, const fmpq_t factor) {
    for (slong i = 0; i < p->terms * (p->variables + 1); i++)
        fmpq_mul(p->entries + i, p->entries + i, factor);
}

// By exponents, and by falling coefficients.
static int compare_terms(const void *first, const void *second, void *variables) {
    const slong d = *(const slong *)variables;
    const fmpq *p = first, *q = second;
    for (slong j = 0; j < d; j++) {
        const int order = fmpq_cmp(p + j, q + j);
        if (order != 0)
            return order;
    }
    return fmpq_cmp(q + d, p + d);
}

static void swap_terms(tropical_t *p, slong i, slong j) {
    for (slong k = 0; k <= p->variables && i != j; k++)
        fmpq_swap(tropical_term(p, i) + k, tropical_term(p, j) + k);
}

static bool same_exponents(const fmpq *p, const fmpq *q, slong d) {
    slong j = 0;
    while (j < d && fmpq_equal(p + j, q + j))
        j++;
    return j == d;
}

void tropical_merge(tropical_t *p) {
    if (p->terms < 2)
        return;
    // An fmpq is plain data, so that a term may be moved as bytes.
    qsort_r(p->entries, (size_t)p->terms, (size_t)(p->variables + 1) * sizeof *p->entries, compare_terms,
            &p->variables);
    slong kept = 1;
    for (slong i = 1; i < p->terms; i++)
        if (!same_exponents(tropical_term(p, kept - 1), tropical_term(p, i), p->variables))
            swap_terms(p, kept++, i);
    p->terms = kept;
}

bool tropical_equal(const tropical_t *p, const tropical_t *q) {
    if (p->variables != q->variables || p->terms != q->terms)
        return false;
    slong i = 0;
    while (i < p->terms * (p->variables + 1) && fmpq_equal(p->entries + i, q->entries + i))
        i++;
    return i == p->terms * (p->variables + 1);
}

// ---- Reduction ----

// The rows t - a.x - c >= 0 in R^(d+1), in integers.
static polyhedron_rows_t *epigraph_rows(const tropical_t *p) {
    const slong d = p->variables;
    fmpz_mat_t rows;
    fmpz_t denominator;
    fmpz_mat_init(rows, p->terms, d + 2);
    fmpz_init(denominator);
    for (slong i = 0; i < p->terms; i++) {
        const fmpq *term = tropical_term(p, i);
        fmpz_one(denominator);
        for (slong j = 0; j <= d; j++)
            fmpz_lcm(denominator, denominator, fmpq_denref(term + j));
        for (slong j = 0; j <= d; j++) {
            fmpz *entry = fmpz_mat_entry(rows, i, j < d ? j : d + 1);
            fmpz_divexact(entry, denominator, fmpq_denref(term + j));
            fmpz_mul(entry, entry, fmpq_numref(term + j));
            fmpz_neg(entry, entry);
        }
        fmpz_set(fmpz_mat_entry(rows, i, d), denominator);
    }
    polyhedron_rows_t *result = polyhedron_rows_alloc(rows);
    fmpz_mat_clear(rows);
    fmpz_clear(denominator);
    return result;
}

// Whether the points of the epigraph where row `row` is tight have dimension d: their generators have rank d + 1.
static bool is_facet(const polyhedron_t *epigraph, slong row, slong d) {
    const slong lines = polyhedron_lines(epigraph), rays = polyhedron_rays(epigraph);
    fmpz_mat_t tight;
    fmpz_mat_init(tight, lines + rays, d + 2);
    for (slong g = 0; g < lines + rays; g++)
        if (g < lines || polyhedron_tight(epigraph, g - lines, row))
            polyhedron_generator(epigraph, g, tight->rows[g]);
    const bool facet = fmpz_mat_rank(tight) == d + 1;
    fmpz_mat_clear(tight);
    return facet;
}

// Cuts the epigraph out of R^(d+1); cut[i] says whether row i took part. The result is in shells[0].
static int cut_epigraph(polyhedron_t *shells[2], slong terms, bool *cut) {
    int status = GSL_SUCCESS;
    polyhedron_whole(shells[0]);
    for (slong i = 0; i < terms && status == GSL_SUCCESS; i++) {
        cut[i] = polyhedron_side(shells[0], i) == POLYHEDRON_BOTH;
        if (!cut[i])
            continue;
        status = polyhedron_cut(shells[1], shells[0], i, 1);
        polyhedron_t *kept = shells[0];
        shells[0] = shells[1];
        shells[1] = kept;
    }
    return status;
}

int tropical_reduce(tropical_t *p) {
    tropical_merge(p);
    if (p->terms < 2)
        return GSL_SUCCESS;
    polyhedron_rows_t *rows = epigraph_rows(p);
    bool *cut = calloc((size_t)p->terms, sizeof *cut);
    polyhedron_t *shells[2] = {NULL, NULL};
    for (int i = 0; i < 2 && rows != NULL; i++)
        shells[i] = polyhedron_alloc(rows);
    int status = cut == NULL || shells[0] == NULL || shells[1] == NULL ? GSL_ENOMEM : GSL_SUCCESS;
    if (status == GSL_SUCCESS)
        status = cut_epigraph(shells, p->terms, cut);
    if (status == GSL_SUCCESS) {
        slong kept = 0;
        for (slong i = 0; i < p->terms; i++)
            if (cut[i] && is_facet(shells[0], i, p->variables))
                swap_terms(p, kept++, i);
        p->terms = kept;
    }
    polyhedron_free(shells[0]);
    polyhedron_free(shells[1]);
    polyhedron_rows_free(rows);
    free(cut);
    return status;
}

slong tropical_evaluate(const tropical_t *p, const fmpq *x, fmpq_t value, slong *first) {
    slong attained = 0;
    fmpq_t height;
    fmpq_init(height);
    for (slong i = 0; i < p->terms; i++) {
        const fmpq *term = tropical_term(p, i);
        fmpq_set(height, term + p->variables);
        for (slong j = 0; j < p->variables; j++)
            fmpq_addmul(height, term + j, x + j);
        const int order = i == 0 ? 1 : fmpq_cmp(height, value);
        if (order > 0) {
            fmpq_set(value, height);
            if (first != NULL)
                *first = i;
        }
        attained = order > 0 ? 1 : attained + (order == 0);
    }
    fmpq_clear(height);
    return attained;
}
