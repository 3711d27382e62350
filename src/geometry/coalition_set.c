// SPDX-License-Identifier: GPL-3.0-or-later
// Sets of coalitions; see coalition_set.h.
#include "geometry/coalition_set.h"

#include <gsl/gsl_errno.h>
#include <stdlib.h>
#include <string.h>

static ulong hash_members(const slong *members, slong active) {
    ulong hash = UWORD(14695981039346656037); // FNV-1a on words
    for (slong i = 0; i < active; i++) {
        hash = (hash ^ (ulong)members[i]) * UWORD(1099511628211);
        hash ^= hash >> 29;
    }
    return hash;
}

// Where the coalition is in the table, or where it would be.
static slong find_place(const coalition_set_t *set, const slong *members) {
    const ulong mask = (ulong)set->table_length - 1;
    const size_t size = (size_t)set->active * sizeof *members;
    ulong place = hash_members(members, set->active) & mask;
    while (set->table[place] >= 0 &&
           memcmp(set->members.at + set->table[place] * set->active, members, size) != 0)
        place = (place + 1) & mask;
    return (slong)place;
}

static int grow_table(coalition_set_t *set) {
    const slong length = set->table_length == 0 ? 256 : 2 * set->table_length;
    slong *table = malloc((size_t)length * sizeof *table);
    if (table == NULL)
        return GSL_ENOMEM;
    for (slong i = 0; i < length; i++)
        table[i] = -1;
    free(set->table);
    set->table = table;
    set->table_length = length;
    for (slong c = 0; c < set->count; c++)
        table[find_place(set, set->members.at + c * set->active)] = c;
    return GSL_SUCCESS;
}

int coalition_set_add(coalition_set_t *set, const slong *members, slong *number) {
    if (2 * set->count + 2 > set->table_length && grow_table(set) != GSL_SUCCESS)
        return GSL_ENOMEM;
    const slong place = find_place(set, members);
    *number = set->table[place];
    if (*number >= 0)
        return GSL_SUCCESS;
    if (indices_reserve(&set->members, set->active) != GSL_SUCCESS)
        return GSL_ENOMEM;
    memcpy(set->members.at + set->members.count, members, (size_t)set->active * sizeof *members);
    set->members.count += set->active;
    *number = set->table[place] = set->count++;
    return GSL_SUCCESS;
}

void coalition_set_clear(coalition_set_t *set) {
    free(set->members.at);
    free(set->table);
}
