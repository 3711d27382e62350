// SPDX-License-Identifier: GPL-3.0-or-later
// geometry/picture: frames against the geometry of the points, drawings against the logits at points, the exact list
// of the regions, and each other.
#include "geometry/list.h"
#include "geometry/picture.h"
#include "support.h"

#include <gsl/gsl_errno.h>
#include <string.h>

static stream_t block(uint32_t number) {
    return stream_at(5, stream_experiment("test_picture"), number);
}

// ---- Frames

static planar_point_t shown_at(const picture_frame_t *f, planar_point_t p) {
    return (planar_point_t){f->origin.x + p.x * f->right.x + p.y * f->up.x,
                            f->origin.y + p.x * f->right.y + p.y * f->up.y};
}

static void check_frame(const double gram[3], double aspect, double margin) {
    const char *input =
        INPUT("gram %a %a %a, aspect %a, margin %a", gram[0], gram[1], gram[2], aspect, margin);
    picture_frame_t f;
    planar_point_t p[3], low, high;
    assert_int_equal(picture_frame_around(gram, aspect, margin, &f, p), GSL_SUCCESS);
    // Places show the points.
    const planar_point_t expected[] = {{0, 0}, {1, 0}, {0, 1}};
    for (int i = 0; i < 3; i++) {
        const planar_point_t y = shown_at(&f, p[i]);
        check_close(input, y.x, expected[i].x, 1e-11);
        check_close(input, y.y, expected[i].y, 1e-11);
    }
    // Lengths and angles are those of the points.
    const double ax = p[1].x - p[0].x, ay = p[1].y - p[0].y, bx = p[2].x - p[0].x, by = p[2].y - p[0].y;
    check_close(input, ax * ax + ay * ay, gram[0], 1e-12 * gram[0]);
    check_close(input, ax * bx + ay * by, gram[1], 1e-12 * (gram[0] + gram[2]));
    check_close(input, bx * bx + by * by, gram[2], 1e-12 * gram[2]);
    assert_true(ay == 0 && ax > 0 && by > 0);
    // The window: its shape, the points in the middle, and the margin kept but not wider than it must be.
    low = (planar_point_t){fmin(p[0].x, p[2].x), p[0].y};
    high = (planar_point_t){fmax(p[1].x, p[2].x), p[2].y};
    check_close(input, f.height, aspect * f.width, 1e-13 * f.height);
    check_close(input, low.x, f.width - high.x, 1e-12 * f.width);
    check_close(input, low.y, f.height - high.y, 1e-12 * f.width);
    check_close(input, fmin(low.x, low.y) / f.width, margin, 1e-12);
}

static void test_frames(void **state) {
    (void)state;
    stream_t s = block(0);
    for (int i = 0; i < 1000; i++) {
        const double a = log_uniform(&s, 0.1, 10), b = log_uniform(&s, 0.1, 10),
                     cosine = uniform(&s, -0.95, 0.95);
        const double aspect = uniform(&s, 0.3, 3), margin = uniform(&s, 0, 0.45) * fmin(1, aspect);
        check_frame((const double[]){a * a, a * b * cosine, b * b}, aspect, margin);
    }
}

static void test_no_frame(void **state) {
    (void)state;
    static const double cases[][5] = {{0, 0, 1, 1, 0.1},    {1, 2, 4, 1, 0.1},   {1, 0, 0, 1, 0.1},
                                      {1, 0, 1, 0, 0.1},    {1, 0, 1, 1, -0.01}, {1, 0, 1, 1, 0.5},
                                      {1, 0, 1, 0.5, 0.25}, {1, 0, 1, NAN, 0.1}, {NAN, 0, 1, 1, 0.1},
                                      {1, NAN, 1, 1, 0.1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        picture_frame_t f;
        planar_point_t p[3];
        if (picture_frame_around(cases[i], cases[i][3], cases[i][4], &f, p) != GSL_EDOM)
            fail_msg("gram %g %g %g, aspect %g, margin %g: a frame was made", cases[i][0], cases[i][1],
                     cases[i][2], cases[i][3], cases[i][4]);
    }
}

// ---- Drawings

// The square [-half, half]^2 as it is.
static picture_frame_t square(double half) {
    return (picture_frame_t){{-half, -half}, {1, 0}, {0, 1}, 2 * half, 2 * half};
}

static layer_t *draw_layer(stream_t *s, slong n, slong k, slong h, slong range) {
    layer_t *layer = layer_alloc(n, k, h, 2);
    assert_non_null(layer);
    for (slong i = 0; i < n * (1 + h); i++) {
        fmpz *row = i < n ? layer->router->rows[i] : layer->rows->rows[i - n];
        for (slong j = 0; j < 3; j++)
            fmpz_set_si(row + j, (slong)draw_below(s, (size_t)(2 * range + 1)) - range);
    }
    return layer;
}

static double height_at(const fmpz *row, planar_point_t y) {
    return fmpz_get_d(row) * y.x + fmpz_get_d(row + 1) * y.y + fmpz_get_d(row + 2);
}

// By how much the logits of the coalition are above the others at y.
static double lead_of(const layer_t *layer, planar_point_t y, const slong *members) {
    double least = HUGE_VAL, most = -HUGE_VAL;
    for (slong i = 0, at = 0; i < layer->experts; i++) {
        const double logit = height_at(layer->router->rows[i], y);
        if (at < layer->active && members[at] == i) {
            least = fmin(least, logit);
            at++;
        } else {
            most = fmax(most, logit);
        }
    }
    return least - most;
}

static bool is_coalition(const layer_t *layer, planar_point_t y, const slong *members) {
    return lead_of(layer, y, members) > 0;
}

static size_t cell_at(const layer_t *layer, const picture_t *p, planar_point_t y) {
    for (size_t c = 0; c < p->cells; c++)
        if (is_coalition(layer, y, p->members + c * (size_t)p->active))
            return c;
    return p->cells;
}

static double cross(planar_point_t a, planar_point_t b, planar_point_t c) {
    return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

// Sides turn left, and beyond the middle of each is nothing or a cell of another colour.
static void check_sides(const char *input, const layer_t *layer, const picture_frame_t *f, const picture_t *p,
                        size_t c) {
    const picture_cell_t *cell = &p->cell[c];
    const planar_point_t *corner = p->corner + cell->corner;
    for (size_t i = 0; i < cell->corners; i++) {
        const planar_point_t a = corner[i], b = corner[(i + 1) % cell->corners],
                             next = corner[(i + 2) % cell->corners];
        const double length = hypot(b.x - a.x, b.y - a.y), step = 1e-9 * f->width;
        if (cross(a, b, next) < -1e-9 * f->width * f->width)
            fail_msg("%s: cell %zu is not convex at corner %zu", input, c, i);
        if (length < 1e-6 * f->width)
            continue;
        const planar_point_t beyond = {(a.x + b.x) / 2 + step * (b.y - a.y) / length,
                                       (a.y + b.y) / 2 - step * (b.x - a.x) / length};
        if (beyond.x < 0 || beyond.y < 0 || beyond.x > f->width || beyond.y > f->height)
            continue;
        const size_t other = cell_at(layer, p, shown_at(f, beyond));
        if (other == c || (other < p->cells && p->cell[other].colour == cell->colour))
            fail_msg("%s: cells %zu and %zu are neighbours of one colour, %d", input, c, other, cell->colour);
    }
}

static void check_folds(const char *input, const layer_t *layer, const picture_frame_t *f, const picture_t *p,
                        size_t c) {
    const picture_cell_t *cell = &p->cell[c];
    for (size_t i = 0; i < cell->folds; i++) {
        const picture_fold_t *fold = &p->fold[cell->fold + i];
        const fmpz *row = layer->rows->rows[fold->row];
        const planar_point_t ends[] = {shown_at(f, fold->from), shown_at(f, fold->to)},
                             middle = {(ends[0].x + ends[1].x) / 2, (ends[0].y + ends[1].y) / 2};
        const double scale = (fabs(fmpz_get_d(row)) + fabs(fmpz_get_d(row + 1))) * f->width;
        for (int e = 0; e < 2; e++)
            check_close(input, height_at(row, ends[e]), 0, 1e-12 * scale + 1e-9);
        bool owned = false;
        for (slong a = 0; a < p->active; a++)
            owned |= layer_owner(layer, fold->row) == p->members[c * (size_t)p->active + (size_t)a];
        if (!owned || lead_of(layer, middle, p->members + c * (size_t)p->active) < -1e-9)
            fail_msg("%s: fold %zu of cell %zu (row %ld) is not in it", input, i, c, fold->row);
    }
}

// Pieces that the folds cut the cells into: 1 + folds + crossings of each.
static slong pieces(const picture_t *p) {
    slong sum = 0;
    for (size_t c = 0; c < p->cells; c++) {
        sum += 1 + (slong)p->cell[c].folds;
        if (p->cell[c].folds == 0)
            continue;
        const picture_fold_t *fold = p->fold + p->cell[c].fold;
        for (size_t i = 0; i < p->cell[c].folds; i++)
            for (size_t j = 0; j < i; j++)
                sum += cross(fold[i].from, fold[i].to, fold[j].from) *
                               cross(fold[i].from, fold[i].to, fold[j].to) <
                           0 &&
                       cross(fold[j].from, fold[j].to, fold[i].from) *
                               cross(fold[j].from, fold[j].to, fold[i].to) <
                           0;
    }
    return sum;
}

static int count_region(void *context, const list_region_t *region) {
    (void)region;
    ++*(slong *)context;
    return GSL_SUCCESS;
}

static void check_picture(const char *input, const layer_t *layer, const picture_frame_t *f,
                          const picture_t *p) {
    double area = 0;
    for (size_t c = 0; c < p->cells; c++) {
        const picture_cell_t *cell = &p->cell[c];
        area += cell->area;
        assert_in_range(cell->colour, 0, PICTURE_COLOURS - 1);
        if (cell->area > 1e-9 * f->width * f->height &&
            !is_coalition(layer, shown_at(f, cell->centre), p->members + c * (size_t)p->active))
            fail_msg("%s: the centre of cell %zu belongs to another", input, c);
        check_sides(input, layer, f, p, c);
        check_folds(input, layer, f, p, c);
    }
    check_close(input, area, f->width * f->height, 1e-9 * f->width * f->height);
}

// Draws a layer in a window that holds all vertices, and in a small one.
static void check_layer(const char *input, const layer_t *layer, double half) {
    picture_t p = {0};
    slong regions = 0;
    const picture_frame_t all = square(half), part = square(1.5);
    assert_int_equal(picture_draw(layer, &all, &p), GSL_SUCCESS);
    assert_int_equal(list_layer(layer, count_region, &regions), GSL_SUCCESS);
    check_picture(input, layer, &all, &p);
    if (pieces(&p) != regions)
        fail_msg("%s: %ld pieces are drawn, there are %ld regions", input, pieces(&p), regions);
    picture_clear(&p);
    assert_int_equal(picture_draw(layer, &part, &p), GSL_SUCCESS);
    check_picture(input, layer, &part, &p);
    picture_clear(&p);
}

static void test_drawings(void **state) {
    (void)state;
    static const slong shapes[][3] = {{1, 1, 3}, {2, 1, 4}, {5, 1, 3}, {6, 2, 0},
                                      {6, 3, 4}, {8, 2, 6}, {4, 4, 5}, {12, 5, 2}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (uint32_t repeat = 0; repeat < 6; repeat++) {
            stream_t s = block(100 + 10 * (uint32_t)i + repeat);
            layer_t *layer = draw_layer(&s, shapes[i][0], shapes[i][1], shapes[i][2], 999);
            check_layer(
                INPUT("N %ld, k %ld, H %ld, repeat %u", shapes[i][0], shapes[i][1], shapes[i][2], repeat),
                layer, 2e7);
            layer_free(layer);
        }
}

// Many logits tangent to a parabola: with k = 1, a cell with more corners than a planar_polygon_t has.
static void test_many_corners(void **state) {
    (void)state;
    enum { SIDES = 40 };
    layer_t *layer = layer_alloc(SIDES + 1, 1, 0, 2);
    for (slong i = 0; i < SIDES; i++) {
        const double angle = 2 * M_PI * (double)i / SIDES;
        fmpz_set_si(fmpz_mat_entry(layer->router, i, 0), lround(1e6 * cos(angle)));
        fmpz_set_si(fmpz_mat_entry(layer->router, i, 1), lround(1e6 * sin(angle)));
        fmpz_set_si(fmpz_mat_entry(layer->router, i, 2), -1000000);
    }
    picture_t p = {0};
    const picture_frame_t f = square(3);
    assert_int_equal(picture_draw(layer, &f, &p), GSL_SUCCESS);
    assert_int_equal(p.cells, SIDES + 1);
    assert_int_equal(p.cell[SIDES].corners, SIDES); // the logit 0 is above all others inside the polygon
    check_close("circumscribed polygon", p.cell[SIDES].area, SIDES * tan(M_PI / SIDES), 1e-4);
    check_picture("polygon", layer, &f, &p);
    picture_clear(&p);
    layer_free(layer);
}

// Dead units, a shared fold, logits that differ by a constant.
static void test_degenerate(void **state) {
    (void)state;
    static const slong router[][3] = {{1, 0, 0}, {1, 0, 3}, {0, 1, 0}, {0, 0, 0}};
    static const slong rows[][3] = {{0, 0, 5},  {1, 1, -1}, {2, 2, -2}, {0, 0, 0},
                                    {1, 1, -1}, {1, 0, 0},  {0, 1, 0},  {3, 3, -3}};
    layer_t *layer = layer_alloc(4, 2, 2, 2);
    for (slong j = 0; j < 3; j++) {
        for (slong i = 0; i < 4; i++)
            fmpz_set_si(fmpz_mat_entry(layer->router, i, j), router[i][j]);
        for (slong i = 0; i < 8; i++)
            fmpz_set_si(fmpz_mat_entry(layer->rows, i, j), rows[i][j]);
    }
    picture_t p = {0};
    const picture_frame_t f = square(10);
    assert_int_equal(picture_draw(layer, &f, &p), GSL_SUCCESS);
    check_picture("degenerate", layer, &f, &p);
    for (size_t i = 0; i < p.folds; i++)
        assert_true(p.fold[i].row != 0 && p.fold[i].row != 3);
    picture_clear(&p);
    layer_free(layer);
}

static void test_refusals(void **state) {
    (void)state;
    picture_t p = {0};
    const picture_frame_t f = square(1);
    layer_t *space = layer_alloc(2, 1, 1, 3), *twins = layer_alloc(3, 1, 1, 2);
    fmpz_set_si(fmpz_mat_entry(space->router, 0, 0), 1);
    assert_int_equal(picture_draw(space, &f, &p), GSL_EDOM);
    assert_int_equal(picture_draw(twins, &f, &p), GSL_EDOM);
    assert_true(p.cells == 0 && p.cell == NULL && p.corner == NULL);
    layer_free(space);
    layer_free(twins);
}

// ---- Names

static void test_names(void **state) {
    (void)state;
    stream_t s = block(900);
    layer_t *layer = draw_layer(&s, 7, 2, 0, 999);
    const picture_frame_t f = square(2);
    picture_t p = {0};
    assert_int_equal(picture_draw(layer, &f, &p), GSL_SUCCESS);
    for (size_t c = 0; c < p.cells; c++) {
        double room, less;
        const planar_point_t place = picture_name_place(&p, c, NULL, 0, 0, &room);
        assert_true(room > 0);
        if (!is_coalition(layer, shown_at(&f, place), p.members + c * 2))
            fail_msg("the name of cell %zu stands in another", c);
        // As much room upwards and half as much to each side's left or right is the cell's own.
        for (int i = 0; i < 16; i++) {
            const double angle = 2 * M_PI * i / 16;
            const planar_point_t near = {place.x + 1.98 * room * cos(angle),
                                         place.y + 0.99 * room * sin(angle)};
            if (!is_coalition(layer, shown_at(&f, near), p.members + c * 2) || near.x < 0 || near.y < 0 ||
                near.x > f.width || near.y > f.height)
                fail_msg("the name of cell %zu has less room than %g", c, room);
        }
        const planar_point_t moved = picture_name_place(&p, c, &place, 1, room / 2, &less);
        assert_true(less < room);
        if (less > 0 && hypot((moved.x - place.x) / 2, moved.y - place.y) < less + room / 2 - 1e-12)
            fail_msg("the name of cell %zu does not avoid the disc", c);
    }
    picture_clear(&p);
    layer_free(layer);
}

int main(void) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_frames),     cmocka_unit_test(test_no_frame),
                                       cmocka_unit_test(test_drawings),   cmocka_unit_test(test_many_corners),
                                       cmocka_unit_test(test_degenerate), cmocka_unit_test(test_refusals),
                                       cmocka_unit_test(test_names)};
    return cmocka_run_group_tests_name("picture", tests, NULL, NULL);
}
