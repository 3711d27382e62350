// SPDX-License-Identifier: GPL-3.0-or-later
// Regions of a network with two hidden layers; see two_layer.h.
#include "geometry/two_layer.h"

#include "geometry/bounds.h"
#include "geometry/list.h"
#include "geometry/polyhedron.h"

#include <flint/fmpq_vec.h>
#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <stdlib.h>

static slong lines_of(slong first, slong second) {
    return first + (WORD(1) << first) * second;
}

two_layer_t *two_layer_alloc(slong inputs, slong first, slong second) {
    if (inputs < 1 || first < 1 || first > TWO_LAYER_FIRST || second < 1 || second > TWO_LAYER_LINES ||
        lines_of(first, second) > TWO_LAYER_LINES)
        return NULL;
    two_layer_t *net = malloc(sizeof *net);
    if (net == NULL)
        return NULL;
    net->inputs = inputs;
    net->first = first;
    net->second = second;
    fmpz_mat_init(net->inner, first, inputs + 1);
    fmpz_mat_init(net->outer, second, first + 1);
    return net;
}

void two_layer_free(two_layer_t *net) {
    if (net == NULL)
        return;
    fmpz_mat_clear(net->inner);
    fmpz_mat_clear(net->outer);
    free(net);
}

void two_layer_row(const two_layer_t *net, ulong active, slong m, fmpz *row) {
    _fmpz_vec_zero(row, net->inputs);
    fmpz_set(row + net->inputs, fmpz_mat_entry(net->outer, m, net->first));
    for (slong i = 0; i < net->first; i++)
        if (active >> i & 1)
            _fmpz_vec_scalar_addmul_fmpz(row, net->inner->rows[i], net->inputs + 1,
                                         fmpz_mat_entry(net->outer, m, i));
}

// All rows: those of the first layer, then for each active set those of the second.
static void all_rows(const two_layer_t *net, fmpz_mat_t rows) {
    for (slong i = 0; i < net->first; i++)
        _fmpz_vec_set(rows->rows[i], net->inner->rows[i], net->inputs + 1);
    for (slong active = 0; active < WORD(1) << net->first; active++)
        for (slong m = 0; m < net->second; m++)
            two_layer_row(net, (ulong)active, m, rows->rows[net->first + active * net->second + m]);
}

// ---- By cutting polyhedra ----

typedef struct {
    const two_layer_t *net;
    const polyhedron_rows_t *shared;
    polyhedron_t *shells[2 * TWO_LAYER_LINES]; // made when first needed
    two_layer_count_t count;
} cutter_t;

// The rank bound of one cell: Phi(second, rank of the active rows).
static slong most_regions(const two_layer_t *net, ulong active) {
    fmpz_mat_t rows;
    fmpz_mat_init(rows, net->first, net->inputs);
    for (slong i = 0; i < net->first; i++)
        if (active >> i & 1)
            _fmpz_vec_set(rows->rows[i], net->inner->rows[i], net->inputs);
    fmpz_t phi;
    fmpz_init(phi);
    bounds_phi(phi, (ulong)net->second, (ulong)fmpz_mat_rank(rows));
    const slong most = fmpz_get_si(phi);
    fmpz_clear(phi);
    fmpz_mat_clear(rows);
    return most;
}

// Follows the parts of a cell that units 0 to unit - 1 of both layers have cut; shells from 2 depth on are free.
static int follow(cutter_t *cutter, const polyhedron_t *cell, slong unit, ulong active, slong depth) {
    const slong first = cutter->net->first, second = cutter->net->second;
    for (; unit < first + second; unit++) {
        if (unit == first) {
            cutter->count.cells++;
            cutter->count.rank_bound += most_regions(cutter->net, active);
        }
        const slong row = unit < first ? unit : (slong)active * second + unit;
        const polyhedron_side_t side = polyhedron_side(cell, row);
        const ulong bit = unit < first ? UWORD(1) << unit : 0;
        if (side != POLYHEDRON_BOTH) {
            active |= side == POLYHEDRON_POSITIVE ? bit : 0;
            continue;
        }
        polyhedron_t **parts = cutter->shells + 2 * depth++;
        for (int part = 0; part < 2; part++)
            if (parts[part] == NULL && (parts[part] = polyhedron_alloc(cutter->shared)) == NULL)
                return GSL_ENOMEM;
        int status = polyhedron_split(parts[0], parts[1], cell, row);
        if (status == GSL_SUCCESS)
            status = follow(cutter, parts[0], unit + 1, active | bit, depth);
        if (status != GSL_SUCCESS)
            return status;
        cell = parts[1];
    }
    cutter->count.regions++;
    return GSL_SUCCESS;
}

int two_layer_regions(const two_layer_t *net, two_layer_count_t *count) {
    fmpz_mat_t rows;
    fmpz_mat_init(rows, lines_of(net->first, net->second), net->inputs + 1);
    all_rows(net, rows);
    polyhedron_rows_t *shared = polyhedron_rows_alloc(rows);
    polyhedron_t *whole = shared != NULL ? polyhedron_alloc(shared) : NULL;
    cutter_t cutter = {.net = net, .shared = shared};
    const int status = whole != NULL ? follow(&cutter, whole, 0, 0, 0) : GSL_ENOMEM;
    if (status == GSL_SUCCESS)
        *count = cutter.count;
    for (slong i = 0; i < 2 * TWO_LAYER_LINES; i++)
        polyhedron_free(cutter.shells[i]);
    polyhedron_free(whole);
    polyhedron_rows_free(shared);
    fmpz_mat_clear(rows);
    return status;
}

// ---- By the definitions ----

// A cell of the finer arrangement.
typedef struct {
    ulong sides;         // bit l: on the positive side of line l
    ulong active, fired; // units of the first and of the second layer that are positive there
    slong parent;        // of the forest that joins cells into linear regions
} cell_t;

typedef struct {
    const two_layer_t *net;
    cell_t *cells;
    slong count, room;
} surveyor_t;

// row . (point, 1), exactly.
static void value_at(fmpq_t value, const fmpz *row, const fmpq *point, slong length) {
    fmpq_t term;
    fmpq_init(term);
    fmpq_set_fmpz(value, row + length);
    for (slong j = 0; j < length; j++) {
        fmpq_mul_fmpz(term, point + j, row + j);
        fmpq_add(value, value, term);
    }
    fmpq_clear(term);
}

// Evaluates the network at a point.
static void evaluate(const two_layer_t *net, const fmpq *point, cell_t *cell) {
    fmpq *hidden = _fmpq_vec_init(net->first);
    fmpq_t value;
    fmpq_init(value);
    for (slong i = 0; i < net->first; i++) {
        value_at(hidden + i, net->inner->rows[i], point, net->inputs);
        if (fmpq_sgn(hidden + i) > 0)
            cell->active |= UWORD(1) << i;
        else
            fmpq_zero(hidden + i);
    }
    for (slong m = 0; m < net->second; m++) {
        value_at(value, net->outer->rows[m], hidden, net->first);
        if (fmpq_sgn(value) > 0)
            cell->fired |= UWORD(1) << m;
    }
    fmpq_clear(value);
    _fmpq_vec_clear(hidden, net->first);
}

static int remember(void *context, const list_region_t *region) {
    surveyor_t *surveyor = context;
    if (surveyor->count == surveyor->room) {
        const slong room = 2 * surveyor->room + 64;
        cell_t *cells = realloc(surveyor->cells, (size_t)room * sizeof *cells);
        if (cells == NULL)
            return GSL_ENOMEM;
        surveyor->cells = cells;
        surveyor->room = room;
    }
    cell_t *cell = &surveyor->cells[surveyor->count];
    *cell = (cell_t){.parent = surveyor->count++};
    for (slong l = 0; l < region->signs; l++)
        cell->sides |= region->sign[l] > 0 ? UWORD(1) << l : 0;
    evaluate(surveyor->net, region->point, cell);
    return GSL_SUCCESS;
}

// Makes rows primitive with a positive first entry, and leaves each hyperplane once; the others become zero.
static void distinct_lines(fmpz_mat_t rows) {
    const slong width = rows->c;
    fmpz_t content;
    fmpz_init(content);
    for (slong r = 0; r < rows->r; r++) {
        fmpz *row = rows->rows[r];
        slong lead = 0;
        while (lead < width - 1 && fmpz_is_zero(row + lead))
            lead++;
        if (lead == width - 1) {
            _fmpz_vec_zero(row, width);
            continue;
        }
        _fmpz_vec_content(content, row, width);
        if (fmpz_sgn(row + lead) < 0)
            fmpz_neg(content, content);
        _fmpz_vec_scalar_divexact_fmpz(row, row, width, content);
        for (slong s = 0; s < r; s++)
            if (_fmpz_vec_equal(row, rows->rows[s], width))
                _fmpz_vec_zero(row, width);
    }
    fmpz_clear(content);
}

// The affine map of F on a cell: a row for each output.
static void map_of(const two_layer_t *net, const fmpz_mat_struct *output, const cell_t *cell,
                   fmpz_mat_t map) {
    fmpz *row = _fmpz_vec_init(net->inputs + 1);
    fmpz_mat_zero(map);
    for (slong m = 0; m < net->second; m++) {
        if (!(cell->fired >> m & 1))
            continue;
        two_layer_row(net, cell->active, m, row);
        for (slong o = 0; output != NULL && o < output->r; o++)
            _fmpz_vec_scalar_addmul_fmpz(map->rows[o], row, net->inputs + 1, fmpz_mat_entry(output, o, m));
        if (output == NULL)
            _fmpz_vec_set(map->rows[m], row, net->inputs + 1);
    }
    _fmpz_vec_clear(row, net->inputs + 1);
}

static slong root_of(cell_t *cells, slong i) {
    while (cells[i].parent != i)
        i = cells[i].parent = cells[cells[i].parent].parent;
    return i;
}

// Two cells of an arrangement of distinct lines are neighbours when one line separates them.
static void join_neighbours(surveyor_t *surveyor, const fmpz_mat_struct *output) {
    const two_layer_t *net = surveyor->net;
    const slong outputs = output != NULL ? output->r : net->second;
    cell_t *cells = surveyor->cells;
    fmpz_mat_t here, there;
    fmpz_mat_init(here, outputs, net->inputs + 1);
    fmpz_mat_init(there, outputs, net->inputs + 1);
    for (slong i = 0; i < surveyor->count; i++) {
        map_of(net, output, &cells[i], here);
        for (slong j = 0; j < i; j++) {
            const ulong apart = cells[i].sides ^ cells[j].sides;
            if ((apart & (apart - 1)) != 0)
                continue;
            map_of(net, output, &cells[j], there);
            if (fmpz_mat_equal(here, there))
                cells[root_of(cells, i)].parent = root_of(cells, j);
        }
    }
    fmpz_mat_clear(here);
    fmpz_mat_clear(there);
}

static two_layer_survey_t sum_up(surveyor_t *surveyor) {
    two_layer_survey_t survey = {.cells = surveyor->count};
    const cell_t *cells = surveyor->cells;
    for (slong i = 0; i < surveyor->count; i++) {
        bool fresh = true;
        for (slong j = 0; j < i && fresh; j++)
            fresh = cells[i].active != cells[j].active || cells[i].fired != cells[j].fired;
        survey.activation += fresh;
        survey.linear += cells[i].parent == i;
    }
    return survey;
}

int two_layer_survey(const two_layer_t *net, const fmpz_mat_struct *output, two_layer_survey_t *survey) {
    arrangement_t *lines = arrangement_alloc(lines_of(net->first, net->second), net->inputs);
    if (lines == NULL)
        return GSL_ENOMEM;
    all_rows(net, lines->rows);
    distinct_lines(lines->rows);
    surveyor_t surveyor = {.net = net};
    const int status = list_arrangement(lines, remember, &surveyor);
    if (status == GSL_SUCCESS) {
        join_neighbours(&surveyor, output);
        *survey = sum_up(&surveyor);
    }
    free(surveyor.cells);
    arrangement_free(lines);
    return status;
}
