// SPDX-License-Identifier: GPL-3.0-or-later
// geometry/saturation: no point with another coalition is nearer than the distance, and some foot on a wall is as near.
#include "geometry/saturation.h"

#include "support.h"
#include "support/cases.h"
#include "support/seeds.h"

#include <flint/fmpq_vec.h>
#include <gsl/gsl_errno.h>

enum { EXPERTS = 5, DIMENSION = 3, DRAWS = 40 };

static void draw_point(fmpq *x, slong d, stream_t *stream) {
    for (slong c = 0; c < d; c++)
        fmpq_set_si(x + c, seeds_pick(stream, -15, 15), (ulong)seeds_pick(stream, 1, 5));
}

static void logit_at(fmpq_t value, const layer_t *layer, slong i, const fmpq *x) {
    fmpq_t term;
    fmpq_init(term);
    fmpq_set_fmpz(value, fmpz_mat_entry(layer->router, i, layer->dimension));
    for (slong c = 0; c < layer->dimension; c++) {
        fmpq_mul_fmpz(term, x + c, fmpz_mat_entry(layer->router, i, c));
        fmpq_add(value, value, term);
    }
    fmpq_clear(term);
}

// The coalition as a set of bits; 0 where the threshold is tied.
static ulong coalition_at(const layer_t *layer, const fmpq *x) {
    fmpq_t mine, other;
    fmpq_init(mine);
    fmpq_init(other);
    ulong set = 0;
    for (slong i = 0; i < layer->experts; i++) {
        slong above = 0, level = 0;
        logit_at(mine, layer, i, x);
        for (slong j = 0; j < layer->experts; j++) {
            logit_at(other, layer, j, x);
            above += fmpq_cmp(other, mine) > 0;
            level += fmpq_equal(other, mine) != 0; // itself too
        }
        if (above + level <= layer->active)
            set |= UWORD(1) << i;
    }
    fmpq_clear(mine);
    fmpq_clear(other);
    return __builtin_popcountl(set) == layer->active ? set : 0;
}

static void squared_distance(fmpq_t squared, const fmpq *x, const fmpq *y, slong d) {
    fmpq_t difference;
    fmpq_init(difference);
    fmpq_zero(squared);
    for (slong c = 0; c < d; c++) {
        fmpq_sub(difference, x + c, y + c);
        fmpq_addmul(squared, difference, difference);
    }
    fmpq_clear(difference);
}

// The foot of the perpendicular from x to z_i = z_j; false where there is none.
static bool foot_of(const layer_t *layer, slong i, slong j, const fmpq *x, fmpq *y) {
    const slong d = layer->dimension;
    fmpq_t share, norm, other;
    fmpq_init(share);
    fmpq_init(norm);
    fmpq_init(other);
    logit_at(share, layer, i, x);
    logit_at(other, layer, j, x);
    fmpq_sub(share, share, other);
    for (slong c = 0; c < d; c++) {
        fmpz_sub(fmpq_numref(y + c), fmpz_mat_entry(layer->router, i, c),
                 fmpz_mat_entry(layer->router, j, c));
        fmpz_one(fmpq_denref(y + c));
        fmpq_addmul(norm, y + c, y + c);
    }
    const bool wall = !fmpq_is_zero(norm);
    if (wall)
        fmpq_div(share, share, norm);
    for (slong c = 0; c < d; c++) {
        fmpq_mul(y + c, y + c, share);
        fmpq_sub(y + c, x + c, y + c);
    }
    fmpq_clear(share);
    fmpq_clear(norm);
    fmpq_clear(other);
    return wall;
}

// Whether some foot lies on the hypersurface at this squared distance.
static bool is_attained(const layer_t *layer, const fmpq *x, const fmpq_t squared) {
    fmpq *y = _fmpq_vec_init(layer->dimension);
    fmpq_t distance;
    fmpq_init(distance);
    bool attained = false;
    for (slong i = 0; i < layer->experts; i++)
        for (slong j = i + 1; j < layer->experts; j++)
            if (foot_of(layer, i, j, x, y) && coalition_at(layer, y) == 0) {
                squared_distance(distance, x, y, layer->dimension);
                attained |= fmpq_equal(distance, squared) != 0;
            }
    fmpq_clear(distance);
    _fmpq_vec_clear(y, layer->dimension);
    return attained;
}

static void test_distance(void **state) {
    (void)state;
    const cases_limits_t limits = {.experts = EXPERTS, .width = 0, .dimension = DIMENSION};
    fmpq_t squared, distance;
    fmpq_init(squared);
    fmpq_init(distance);
    slong measured = 0;
    for (slong seed = 0; seed < seeds_times(300); seed++) {
        stream_t stream;
        const expect_case_t subject = cases_layer("distance", seed, limits, &stream);
        const layer_t *layer = subject.layer;
        fmpq *x = _fmpq_vec_init(2 * layer->dimension), *y = x + layer->dimension;
        draw_point(x, layer->dimension, &stream);
        const ulong coalition = coalition_at(layer, x);
        const int status = saturation_distance(layer, x, squared);
        if (status == GSL_SUCCESS) {
            measured++;
            expect_true(&subject, "0 exactly on the hypersurface", (coalition == 0) == fmpq_is_zero(squared));
            expect_true(&subject, "attained", coalition == 0 || is_attained(layer, x, squared));
        } else
            expect_si(&subject, "status", status, GSL_EDOM);
        for (int draw = 0; draw < DRAWS; draw++) {
            draw_point(y, layer->dimension, &stream);
            squared_distance(distance, x, y, layer->dimension);
            if (coalition_at(layer, y) != coalition)
                expect_true(&subject, "a point of another cell is nearer",
                            status == GSL_SUCCESS && fmpq_cmp(distance, squared) >= 0);
        }
        _fmpq_vec_clear(x, 2 * layer->dimension);
        cases_end(&subject);
    }
    assert_true(2 * measured > seeds_times(300));
    fmpq_clear(squared);
    fmpq_clear(distance);
}

// The hull has the least distance of its corners, or 0 when they belong to different cells.
static void test_hull(void **state) {
    (void)state;
    const cases_limits_t limits = {.experts = EXPERTS, .width = 0, .dimension = DIMENSION};
    fmpq_t squared, least, distance;
    fmpq_init(squared);
    fmpq_init(least);
    fmpq_init(distance);
    for (slong seed = 0; seed < seeds_times(200); seed++) {
        stream_t stream;
        const expect_case_t subject = cases_layer("hull", seed, limits, &stream);
        fmpq_mat_t corners;
        fmpq_mat_init(corners, seeds_pick(&stream, 1, 4), subject.layer->dimension);
        bool together = true;
        int status = GSL_SUCCESS;
        for (slong i = 0; i < corners->r && status == GSL_SUCCESS; i++) {
            draw_point(corners->rows[i], corners->c, &stream);
            together &= coalition_at(subject.layer, corners->rows[i]) ==
                        coalition_at(subject.layer, corners->rows[0]);
            status = saturation_distance(subject.layer, corners->rows[i], distance);
            if (i == 0 || fmpq_cmp(distance, least) < 0)
                fmpq_set(least, distance);
        }
        if (!together)
            fmpq_zero(least);
        expect_si(&subject, "status", saturation_hull(subject.layer, corners, squared), status);
        if (status == GSL_SUCCESS)
            expect_true(&subject, "least distance", fmpq_equal(squared, least));
        fmpq_mat_clear(corners);
        cases_end(&subject);
    }
    fmpq_clear(squared);
    fmpq_clear(least);
    fmpq_clear(distance);
}

// Nothing is measured where there is no wall.
static void test_no_walls(void **state) {
    (void)state;
    static const slong rows[][4] = {
        {1, 0, 2, 1}, {1, 0, 1, 5}, {1, 1, 1, 1}}; // w b w b: all active; parallel; twins
    fmpq *x = _fmpq_vec_init(1);
    fmpq_t squared;
    fmpq_init(squared);
    fmpq_set_si(squared, 17, 3);
    for (int i = 0; i < 3; i++) {
        layer_t *layer = layer_alloc(2, i == 0 ? 2 : 1, 0, 1);
        for (slong c = 0; c < 4; c++)
            fmpz_set_si(fmpz_mat_entry(layer->router, c / 2, c % 2), rows[i][c]);
        assert_int_equal(saturation_distance(layer, x, squared), GSL_EDOM);
        layer_free(layer);
    }
    assert_true(fmpz_equal_si(fmpq_numref(squared), 17));
    fmpq_clear(squared);
    _fmpq_vec_clear(x, 1);
}

int main(void) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_hull),
        cmocka_unit_test(test_no_walls),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup();
    return failed;
}
