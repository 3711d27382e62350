// SPDX-License-Identifier: GPL-3.0-or-later
// Confirmation of zero events; see tree_confirm.h.
#include "geometry/tree_confirm.h"

#include <flint/nmod_vec.h>
#include <flint/ulong_extras.h>
#include <stdlib.h>
#include <string.h>

// What is kept for one prime.
typedef struct field {
    nmod_t mod;
    const ulong *rows; // of the plan, n x (d + 1)
    ulong *echelon;    // d x (d + 1): the path's rows, each reduced by those before it, 1 at its pivot
    slong *pivot; // its column; d where the normal depends on those before it modulo this prime, -1 where the
                  // whole row does
    ulong *reduced; // n x (d + 1): rows reduced by the path
} field_t;

struct tree_confirm {
    const tree_plan_t *plan;
    field_t *fields;
    int *path; // the present one
    slong fixed;
    unsigned *stamp; // of each row: `reduced` is of the present path when it equals `now`
    unsigned now;
};

static size_t width_of(const tree_plan_t *plan) {
    return (size_t)plan->dimension + 1;
}

static bool field_init(field_t *field, const tree_plan_t *plan, slong k) {
    const size_t width = width_of(plan), n = (size_t)plan->rows;
    nmod_init(&field->mod, plan->prime[k]);
    field->rows = plan->residues + (size_t)k * n * width;
    field->echelon = malloc((size_t)plan->dimension * width * sizeof(ulong));
    field->pivot = malloc((size_t)plan->dimension * sizeof(slong));
    field->reduced = malloc(n * width * sizeof(ulong));
    return field->echelon != NULL && field->pivot != NULL && field->reduced != NULL;
}

tree_confirm_t *tree_confirm_alloc(const tree_plan_t *plan) {
    tree_confirm_t *confirm = calloc(1, sizeof *confirm);
    if (confirm == NULL)
        return NULL;
    confirm->plan = plan;
    confirm->now = 1;
    confirm->path = calloc((size_t)plan->dimension, sizeof *confirm->path);
    confirm->stamp = calloc((size_t)plan->rows, sizeof *confirm->stamp);
    confirm->fields = calloc((size_t)plan->primes, sizeof *confirm->fields);
    bool whole = confirm->path != NULL && confirm->stamp != NULL && confirm->fields != NULL;
    for (slong k = 0; whole && k < plan->primes; k++)
        whole = field_init(&confirm->fields[k], plan, k);
    if (whole)
        return confirm;
    tree_confirm_free(confirm);
    return NULL;
}

void tree_confirm_free(tree_confirm_t *confirm) {
    if (confirm == NULL)
        return;
    for (slong k = 0; confirm->fields != NULL && k < confirm->plan->primes; k++) {
        free(confirm->fields[k].echelon);
        free(confirm->fields[k].pivot);
        free(confirm->fields[k].reduced);
    }
    free(confirm->fields);
    free(confirm->path);
    free(confirm->stamp);
    free(confirm);
}

// row - row[pivot] * (row of the echelon) for the first `fixed` rows of the echelon.
static void reduce(const field_t *field, ulong *row, slong fixed, size_t width) {
    for (slong j = 0; j < fixed; j++) {
        const slong pivot = field->pivot[j];
        if (pivot < 0 || row[pivot] == 0)
            continue;
        const ulong factor = nmod_neg(row[pivot], field->mod);
        _nmod_vec_scalar_addmul_nmod(row, field->echelon + (size_t)j * width, (slong)width, factor,
                                     field->mod);
    }
}

static void extend_echelon(const field_t *field, int number, slong j, size_t width) {
    ulong *row = field->echelon + (size_t)j * width;
    memcpy(row, field->rows + (size_t)number * width, width * sizeof *row);
    reduce(field, row, j, width);
    slong pivot = 0;
    while (pivot < (slong)width && row[pivot] == 0)
        pivot++;
    field->pivot[j] = pivot < (slong)width ? pivot : -1;
    if (field->pivot[j] >= 0)
        _nmod_vec_scalar_mul_nmod(row, row, (slong)width, n_invmod(row[pivot], field->mod.n), field->mod);
}

// Makes the path the present one.
static void follow(tree_confirm_t *confirm, const int *path, slong fixed) {
    slong common = 0;
    while (common < fixed && common < confirm->fixed && confirm->path[common] == path[common])
        common++;
    if (common == fixed && fixed == confirm->fixed)
        return;
    for (slong j = common; j < fixed; j++) {
        confirm->path[j] = path[j];
        for (slong k = 0; k < confirm->plan->primes; k++)
            extend_echelon(&confirm->fields[k], path[j], j, width_of(confirm->plan));
    }
    confirm->fixed = fixed;
    if (++confirm->now == 0) {
        memset(confirm->stamp, 0, (size_t)confirm->plan->rows * sizeof *confirm->stamp);
        confirm->now = 1;
    }
}

// Makes sure that a row is there, reduced by the present path.
static void provide(tree_confirm_t *confirm, int number) {
    const size_t width = width_of(confirm->plan);
    if (confirm->stamp[number] == confirm->now)
        return;
    for (slong k = 0; k < confirm->plan->primes; k++) {
        const field_t *field = &confirm->fields[k];
        ulong *row = field->reduced + (size_t)number * width;
        memcpy(row, field->rows + (size_t)number * width, width * sizeof *row);
        reduce(field, row, confirm->fixed, width);
    }
    confirm->stamp[number] = confirm->now;
}

// Whether two or three vectors are dependent, by elimination without divisions.
static bool are_dependent(nmod_t mod, ulong *const *vectors, slong count, slong columns) {
    slong pivot = 0;
    while (pivot < columns && vectors[0][pivot] == 0)
        pivot++;
    if (pivot == columns)
        return true;
    if (count == 1)
        return false;
    ulong *rest[2];
    ulong store[2][columns];
    for (slong i = 1; i < count; i++) {
        rest[i - 1] = store[i - 1];
        _nmod_vec_scalar_mul_nmod(rest[i - 1], vectors[i], columns, vectors[0][pivot], mod);
        _nmod_vec_scalar_addmul_nmod(rest[i - 1], vectors[0], columns, nmod_neg(vectors[i][pivot], mod), mod);
    }
    return are_dependent(mod, rest, count - 1, columns);
}

// Whether the path's rows, or their first `columns` entries, are independent modulo this prime. Where they are not, no
// more of them are.
static bool is_independent_path(const field_t *field, slong fixed, slong columns) {
    for (slong j = 0; j < fixed; j++)
        if (field->pivot[j] < 0 || field->pivot[j] >= columns)
            return false;
    return true;
}

bool tree_confirm(tree_confirm_t *confirm, const int *path, slong fixed, const int *rows, slong count,
                  slong columns) {
    const size_t width = width_of(confirm->plan);
    follow(confirm, path, fixed);
    for (slong i = 0; i < count; i++)
        provide(confirm, rows[i]);
    for (slong k = 0; k < confirm->plan->primes; k++) {
        const field_t *field = &confirm->fields[k];
        ulong *vectors[3];
        for (slong i = 0; i < count; i++)
            vectors[i] = field->reduced + (size_t)rows[i] * width;
        if (is_independent_path(field, fixed, columns) && !are_dependent(field->mod, vectors, count, columns))
            return false;
    }
    return true;
}
