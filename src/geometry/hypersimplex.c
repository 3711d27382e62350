// SPDX-License-Identifier: GPL-3.0-or-later
// The projected hypersimplex; see hypersimplex.h.
#include "geometry/hypersimplex.h"

#include "geometry/router.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <stdlib.h>

enum { MOST_COALITIONS = 1 << 20 };

int hypersimplex_project(const layer_t *layer, bool biased, hypersimplex_t *h) {
    const slong k = layer->active, width = layer->dimension + biased;
    fmpz_t coalitions;
    fmpz_init(coalitions);
    fmpz_bin_uiui(coalitions, (ulong)layer->experts, (ulong)k);
    const slong count = fmpz_cmp_ui(coalitions, MOST_COALITIONS) < 0 ? fmpz_get_si(coalitions) : 0;
    fmpz_clear(coalitions);
    slong *members = malloc((size_t)(count * k + 1) * sizeof *members);
    if (count == 0 || members == NULL) {
        free(members);
        return GSL_ENOMEM;
    }
    h->count = count;
    h->members = members;
    hull_init(&h->hull, count, biased, width);
    if (biased)
        fmpz_set_si(fmpz_mat_entry(h->hull.directions, 0, width - 1), -1);
    for (slong p = 0; p < count; p++, members += k) {
        for (slong i = 0; i < k; i++)
            members[i] = p == 0 ? i : members[i - k];
        if (p > 0)
            router_next_coalition(members, k, layer->experts);
        for (slong i = 0; i < k; i++)
            _fmpz_vec_add(h->hull.points->rows[p], h->hull.points->rows[p], layer->router->rows[members[i]],
                          width);
    }
    return GSL_SUCCESS;
}

void hypersimplex_clear(hypersimplex_t *h) {
    hull_clear(&h->hull);
    free(h->members);
}
