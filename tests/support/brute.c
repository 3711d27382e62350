// SPDX-License-Identifier: GPL-3.0-or-later
// Sign vectors by exact linear programming; see brute.h.
#include "support/brute.h"

#include <flint/fmpz_vec.h>
#include <stdlib.h>
#include <string.h>

// ---- Systems of inequalities ----

// A point x is y = (y_1 ... y_d, y_0) with y_0 > 0, x_j = y_j / y_0. A strict inequality row.y > 0 is the slack
// s = row.y - 1 >= 0: a cone of strict inequalities that is not empty contains a y that satisfies them so. The
// dictionary writes every basic variable as a combination of the others, which are 0, plus a constant.
//
// Variables are numbered: 0..d are y, which may have any sign; from d + 1 on the slacks.
enum { FIXED = -1 };

typedef struct {
    slong columns;  // d + 1; one more column holds the constants
    slong rows;     // basic variables
    fmpz *entries;  // rows x (columns + 1), times `scale`
    fmpz_t scale;   // > 0, the determinant of the basis: all entries are minors, and stay integers
    slong *basic;   // the variable of each row
    slong *outside; // the variable of each column, FIXED for one that an equation holds at 0
    slong next;     // number of the next slack
} dictionary_t;

static void dictionary_init(dictionary_t *t, slong d, slong room) {
    t->columns = d + 1;
    t->entries = _fmpz_vec_init(room * (d + 2));
    fmpz_init(t->scale);
    t->basic = flint_malloc((size_t)room * sizeof *t->basic);
    t->outside = flint_malloc((size_t)t->columns * sizeof *t->outside);
}

static void dictionary_clear(dictionary_t *t, slong room) {
    _fmpz_vec_clear(t->entries, room * (t->columns + 1));
    fmpz_clear(t->scale);
    flint_free(t->basic);
    flint_free(t->outside);
}

// Back to no inequality at all.
static void dictionary_reset(dictionary_t *t) {
    t->rows = 0;
    t->next = t->columns;
    fmpz_one(t->scale);
    for (slong j = 0; j < t->columns; j++)
        t->outside[j] = j;
}

static void dictionary_copy(dictionary_t *to, const dictionary_t *from) {
    to->rows = from->rows;
    to->next = from->next;
    fmpz_set(to->scale, from->scale);
    _fmpz_vec_set(to->entries, from->entries, from->rows * (from->columns + 1));
    memcpy(to->basic, from->basic, (size_t)from->rows * sizeof *to->basic);
    memcpy(to->outside, from->outside, (size_t)from->columns * sizeof *to->outside);
}

static fmpz *row_of(const dictionary_t *t, slong row) {
    return t->entries + row * (t->columns + 1);
}

static bool is_slack(const dictionary_t *t, slong variable) {
    return variable >= t->columns;
}

static void swap_variables(dictionary_t *t, slong row, slong column) {
    const slong leaving = t->basic[row];
    t->basic[row] = t->outside[column];
    t->outside[column] = leaving;
}

// Exchanges the variables of a row and a column whose entry is not 0, without fractions (J. Edmonds; G. B. Dantzig's
// pivot with the determinant kept apart).
static void pivot(dictionary_t *t, slong row, slong column) {
    fmpz *chosen = row_of(t, row);
    fmpz_t entry;
    fmpz_init_set(entry, chosen + column);
    for (slong i = 0; i < t->rows; i++) {
        fmpz *other = row_of(t, i);
        for (slong j = 0; j <= t->columns && i != row; j++)
            if (j != column) {
                fmpz_mul(other + j, other + j, entry);
                fmpz_submul(other + j, other + column, chosen + j);
                fmpz_divexact(other + j, other + j, t->scale);
            }
    }
    _fmpz_vec_neg(chosen, chosen, t->columns + 1);
    fmpz_set(chosen + column, t->scale);
    fmpz_set(t->scale, entry);
    if (fmpz_sgn(entry) < 0) {
        fmpz_neg(t->scale, entry);
        _fmpz_vec_neg(t->entries, t->entries, t->rows * (t->columns + 1));
    }
    fmpz_clear(entry);
    swap_variables(t, row, column);
}

// The row with a negative slack, or the column that may raise it, whose variable has the least number; -1 for
// none.
static slong least_negative_row(const dictionary_t *t) {
    slong best = -1;
    for (slong i = 0; i < t->rows; i++)
        if (is_slack(t, t->basic[i]) && fmpz_sgn(row_of(t, i) + t->columns) < 0 &&
            (best < 0 || t->basic[i] < t->basic[best]))
            best = i;
    return best;
}

static slong least_raising_column(const dictionary_t *t, slong row) {
    slong best = -1;
    for (slong j = 0; j < t->columns; j++)
        if (is_slack(t, t->outside[j]) && fmpz_sgn(row_of(t, row) + j) > 0 &&
            (best < 0 || t->outside[j] < t->outside[best]))
            best = j;
    return best;
}

// Makes all slacks >= 0; false when that is impossible, as a row that is negative and cannot be raised proves.
// The least numbers first: then it ends (R. G. Bland, Math. Oper. Res. 2 (1977) 103; without an objective it is
// the criss-cross method, K. Fukuda and T. Terlaky, Math. Programming 79 (1997) 369).
static bool repair(dictionary_t *t) {
    for (slong row; (row = least_negative_row(t)) >= 0;) {
        const slong column = least_raising_column(t, row);
        if (column < 0)
            return false;
        pivot(t, row, column);
    }
    return true;
}

// Appends the row `sign` * normal.y - drop.
static void append(dictionary_t *t, const fmpz *normal, int sign, slong drop, slong variable) {
    fmpz *row = row_of(t, t->rows);
    _fmpz_vec_zero(row, t->columns + 1);
    for (slong j = 0; j < t->columns; j++)
        if (t->outside[j] != FIXED && !is_slack(t, t->outside[j]))
            fmpz_mul(row + j, normal + t->outside[j], t->scale);
    for (slong i = 0; i < t->rows; i++)
        if (!is_slack(t, t->basic[i]))
            _fmpz_vec_scalar_addmul_fmpz(row, row_of(t, i), t->columns + 1, normal + t->basic[i]);
    if (sign < 0)
        _fmpz_vec_neg(row, row, t->columns + 1);
    fmpz_submul_ui(row + t->columns, t->scale, (ulong)drop);
    t->basic[t->rows++] = variable;
}

// A column whose entry in the last row is not 0, one of an unknown y first; -1 for none.
static slong column_to_solve_for(const dictionary_t *t, bool slacks) {
    const fmpz *row = row_of(t, t->rows - 1);
    slong found = -1;
    for (slong j = 0; j < t->columns; j++)
        if (t->outside[j] != FIXED && !fmpz_is_zero(row + j)) {
            if (!is_slack(t, t->outside[j]))
                return j;
            if (slacks)
                found = j;
        }
    return found;
}

// Adds sign * row.y > 0. An unknown y that is not yet basic is 0 in all earlier rows, so solving for it
// disturbs none of them.
static bool require_positive(dictionary_t *t, const fmpz *normal, int sign) {
    append(t, normal, sign, 1, t->next++);
    const slong column = column_to_solve_for(t, false);
    if (column >= 0)
        pivot(t, t->rows - 1, column);
    return repair(t);
}

static void fix_column(dictionary_t *t, slong column) {
    t->outside[column] = FIXED;
    for (slong i = 0; i < t->rows; i++)
        fmpz_zero(row_of(t, i) + column);
}

// Adds row.y = 0.
static bool require_zero(dictionary_t *t, const fmpz *normal) {
    append(t, normal, 1, 0, t->next++);
    const slong column = column_to_solve_for(t, true);
    if (column < 0)
        return fmpz_is_zero(row_of(t, --t->rows) + t->columns);
    pivot(t, t->rows - 1, column);
    fix_column(t, column);
    return repair(t);
}

static bool require(dictionary_t *t, const fmpz *normal, int sign) {
    return sign == 0 ? require_zero(t, normal) : require_positive(t, normal, sign);
}

// The dimension of the solutions x.
static slong freedom(const dictionary_t *t) {
    slong live = -1;
    for (slong j = 0; j < t->columns; j++)
        live += t->outside[j] != FIXED;
    return live;
}

// The solution of the dictionary. y_0 is basic, because y_0 > 0 was asked for first.
static void solution(const dictionary_t *t, fmpq *point) {
    const fmpz *below = NULL;
    for (slong i = 0; i < t->rows; i++)
        if (t->basic[i] == t->columns - 1)
            below = row_of(t, i) + t->columns;
    for (slong j = 0; j < t->columns - 1; j++)
        fmpq_zero(point + j);
    for (slong i = 0; i < t->rows; i++)
        if (t->basic[i] < t->columns - 1)
            fmpq_set_fmpz_frac(point + t->basic[i], row_of(t, i) + t->columns, below);
}

// ---- Search ----

typedef struct {
    slong room; // inequalities at most, y_0 > 0 among them
    dictionary_t *path;
    slong rows;
    const fmpz **row; // the hyperplanes whose signs are searched
    signed char *sign;
    bool faces;
    fmpq *point;
    slong active;
    slong *members;
    slong found;
    brute_visit_t visit;
    void *context;
} search_t;

static void search_init(search_t *search, slong d, slong rows, slong others) {
    search->room = rows + others + 1;
    search->path = flint_malloc((size_t)(rows + 1) * sizeof *search->path);
    for (slong i = 0; i <= rows; i++)
        dictionary_init(&search->path[i], d, search->room);
    search->rows = rows;
    search->row = flint_malloc((size_t)(rows + 1) * sizeof *search->row);
    search->sign = flint_malloc((size_t)(rows + 1) * sizeof *search->sign);
    search->point = _fmpq_vec_init(d);
}

static void search_clear(search_t *search) {
    _fmpq_vec_clear(search->point, search->path->columns - 1);
    for (slong i = 0; i <= search->rows; i++)
        dictionary_clear(&search->path[i], search->room);
    flint_free(search->path);
    flint_free(search->row);
    flint_free(search->sign);
}

// Makes the first dictionary of the path y_0 > 0 alone.
static void begin(search_t *search) {
    dictionary_t *t = search->path;
    dictionary_reset(t);
    fmpz *y0 = _fmpz_vec_init(t->columns);
    fmpz_one(y0 + t->columns - 1);
    require_positive(t, y0, 1);
    _fmpz_vec_clear(y0, t->columns);
}

static void report(search_t *search) {
    const dictionary_t *t = &search->path[search->rows];
    search->found++;
    if (search->visit == NULL)
        return;
    solution(t, search->point);
    const brute_region_t region = {search->active, search->members, search->rows,
                                   search->sign,   freedom(t),      search->point};
    search->visit(search->context, &region);
}

static void explore(search_t *search, slong depth) {
    if (depth == search->rows) {
        report(search);
        return;
    }
    const fmpz *row = search->row[depth];
    dictionary_t *child = &search->path[depth + 1];
    const bool dead = _fmpz_vec_is_zero(row, child->columns - 1);
    for (int sign = 1; sign >= -1; sign--) {
        if (sign == 0 ? !dead && !search->faces : dead)
            continue;
        search->sign[depth] = (signed char)sign;
        dictionary_copy(child, &search->path[depth]);
        if (dead || require(child, row, sign))
            explore(search, depth + 1);
    }
}

static slong search_arrangement(const arrangement_t *a, bool faces, brute_visit_t visit, void *context) {
    search_t search = {.faces = faces, .visit = visit, .context = context};
    search_init(&search, a->dimension, a->planes, 0);
    for (slong i = 0; i < a->planes; i++)
        search.row[i] = a->rows->rows[i];
    begin(&search);
    explore(&search, 0);
    search_clear(&search);
    return search.found;
}

slong brute_arrangement(const arrangement_t *a, brute_visit_t visit, void *context) {
    return search_arrangement(a, false, visit, context);
}

slong brute_faces(const arrangement_t *a, brute_visit_t visit, void *context) {
    return search_arrangement(a, true, visit, context);
}

// ---- Layers ----

static bool is_member(const search_t *search, slong expert) {
    for (slong m = 0; m < search->active; m++)
        if (search->members[m] == expert)
            return true;
    return false;
}

// Each logit of the coalition above each other one.
static bool require_coalition(search_t *search, const layer_t *layer) {
    const slong width = layer->dimension + 1;
    fmpz *difference = _fmpz_vec_init(width);
    bool possible = true;
    for (slong m = 0; m < search->active; m++)
        for (slong j = 0; j < layer->experts && possible; j++)
            if (!is_member(search, j)) {
                _fmpz_vec_sub(difference, layer->router->rows[search->members[m]], layer->router->rows[j],
                              width);
                possible = require_positive(search->path, difference, 1);
            }
    _fmpz_vec_clear(difference, width);
    return possible;
}

// The next k-subset of 0..n-1 in lexicographic order; false after the last.
static bool next_subset(slong *members, slong k, slong n) {
    slong m = k - 1;
    while (m >= 0 && members[m] == n - k + m)
        m--;
    if (m < 0)
        return false;
    members[m]++;
    for (slong i = m + 1; i < k; i++)
        members[i] = members[i - 1] + 1;
    return true;
}

slong brute_layer(const layer_t *layer, brute_visit_t visit, void *context) {
    const slong k = layer->active, h = layer->width;
    search_t search = {.active = k, .visit = visit, .context = context};
    search_init(&search, layer->dimension, k * h, k * (layer->experts - k));
    search.members = flint_malloc((size_t)k * sizeof *search.members);
    for (slong m = 0; m < k; m++)
        search.members[m] = m;
    do {
        for (slong i = 0; i < k * h; i++)
            search.row[i] = layer->rows->rows[search.members[i / h] * h + i % h];
        begin(&search);
        if (require_coalition(&search, layer))
            explore(&search, 0);
    } while (next_subset(search.members, k, layer->experts));
    flint_free(search.members);
    search_clear(&search);
    return search.found;
}
