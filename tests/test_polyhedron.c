// SPDX-License-Identifier: GPL-3.0-or-later
// geometry/polyhedron against brute force: the extreme rays as the feasible null spaces of all subsets of the
// constraints, on random and mostly degenerate sequences of cuts; large and nearly equal rows; known polyhedra
// with many constraints or dimensions.
#include "geometry/polyhedron.h"

#include "support.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <string.h>

enum { MAX_ROWS = 16, MAX_RAYS = 512 };

static stream_t stream_of(const char *test) {
    return stream_at(21, stream_experiment(test), 0);
}

static slong pick(stream_t *stream, slong low, slong high) {
    return low + (slong)draw_below(stream, (size_t)(high - low + 1));
}

// ---- Brute force ----

// Constraints with signs, and the generators that follow from them.
typedef struct {
    slong dimension; // d
    slong count;
    slong row[MAX_ROWS]; // number of the constraint's row, or -1 for x_0
    int sign[MAX_ROWS];
    const fmpz_mat_struct *rows;
    fmpz_mat_t lines; // d + 1 columns of which the first `line_count` span the lineality space
    slong line_count;
    fmpz *rays[MAX_RAYS]; // orthogonal to the lines
    slong ray_count;
} model_t;

static void row_of(const model_t *model, slong row, fmpz *entries) {
    _fmpz_vec_zero(entries, model->dimension + 1);
    if (row < 0)
        fmpz_one(entries + model->dimension);
    else
        _fmpz_vec_set(entries, model->rows->rows[row], model->dimension + 1);
}

static int sign_at(const model_t *model, slong row, const fmpz *v) {
    const slong width = model->dimension + 1;
    fmpz *entries = _fmpz_vec_init(width);
    fmpz_t value;
    fmpz_init(value);
    row_of(model, row, entries);
    _fmpz_vec_dot(value, entries, v, width);
    const int sign = fmpz_sgn(value);
    fmpz_clear(value);
    _fmpz_vec_clear(entries, width);
    return sign;
}

static bool is_feasible(const model_t *model, const fmpz *v) {
    for (slong c = 0; c < model->count; c++) {
        const int sign = sign_at(model, model->row[c], v);
        if (sign != 0 && sign != model->sign[c])
            return false;
    }
    return true;
}

static void forget(model_t *model) {
    for (slong i = 0; i < model->ray_count; i++)
        _fmpz_vec_clear(model->rays[i], model->dimension + 1);
    model->ray_count = 0;
}

static void make_primitive(fmpz *v, slong width) {
    fmpz_t content;
    fmpz_init(content);
    _fmpz_vec_content(content, v, width);
    _fmpz_vec_scalar_divexact_fmpz(v, v, width, content);
    fmpz_clear(content);
}

static void add_ray(model_t *model, const fmpz *v) {
    const slong width = model->dimension + 1;
    for (slong i = 0; i < model->ray_count; i++)
        if (_fmpz_vec_equal(model->rays[i], v, width))
            return;
    assert_true(model->ray_count < MAX_RAYS);
    model->rays[model->ray_count] = _fmpz_vec_init(width);
    _fmpz_vec_set(model->rays[model->ray_count++], v, width);
}

// Tries the null space of the chosen constraints, the equations and the lines, when it has one dimension.
static void try_subset(model_t *model, ulong subset) {
    const slong width = model->dimension + 1;
    fmpz_mat_t system, solution;
    slong used = 0;
    fmpz_mat_init(system, model->count + model->line_count, width);
    fmpz_mat_init(solution, width, width);
    for (slong c = 0; c < model->count; c++)
        if (model->sign[c] == 0 || subset >> c & 1)
            row_of(model, model->row[c], system->rows[used++]);
    for (slong l = 0; l < model->line_count; l++, used++)
        for (slong j = 0; j < width; j++)
            fmpz_set(fmpz_mat_entry(system, used, j), fmpz_mat_entry(model->lines, j, l));
    if (fmpz_mat_nullspace(solution, system) == 1) {
        fmpz *v = _fmpz_vec_init(width);
        for (slong j = 0; j < width; j++)
            fmpz_set(v + j, fmpz_mat_entry(solution, j, 0));
        make_primitive(v, width);
        for (int turn = 0; turn < 2; turn++) {
            if (is_feasible(model, v))
                add_ray(model, v);
            _fmpz_vec_neg(v, v, width);
        }
        _fmpz_vec_clear(v, width);
    }
    fmpz_mat_clear(system);
    fmpz_mat_clear(solution);
}

static void find_generators(model_t *model) {
    const slong width = model->dimension + 1;
    forget(model);
    fmpz_mat_t system;
    fmpz_mat_init(system, model->count, width);
    for (slong c = 0; c < model->count; c++)
        row_of(model, model->row[c], system->rows[c]);
    model->line_count = fmpz_mat_nullspace(model->lines, system);
    fmpz_mat_clear(system);
    slong equations = 0;
    for (slong c = 0; c < model->count; c++)
        equations += model->sign[c] == 0;
    const slong size = width - model->line_count - equations - 1;
    for (ulong subset = 0; subset < UWORD(1) << model->count; subset++)
        if (__builtin_popcountl(subset) == size)
            try_subset(model, subset);
}

static void model_init(model_t *model, const fmpz_mat_t rows) {
    *model = (model_t){.dimension = rows->c - 1, .count = 1, .row = {-1}, .sign = {1}, .rows = rows};
    fmpz_mat_init(model->lines, rows->c, rows->c);
}

static void model_clear(model_t *model) {
    forget(model);
    fmpz_mat_clear(model->lines);
}

static slong model_dimension(const model_t *model) {
    const slong width = model->dimension + 1;
    fmpz_mat_t all;
    fmpz_mat_init(all, model->line_count + model->ray_count, width);
    for (slong l = 0; l < model->line_count; l++)
        for (slong j = 0; j < width; j++)
            fmpz_set(fmpz_mat_entry(all, l, j), fmpz_mat_entry(model->lines, j, l));
    for (slong r = 0; r < model->ray_count; r++)
        _fmpz_vec_set(all->rows[model->line_count + r], model->rays[r], width);
    const slong rank = fmpz_mat_rank(all);
    fmpz_mat_clear(all);
    return rank - 1;
}

static polyhedron_side_t model_side(const model_t *model, slong row) {
    const slong width = model->dimension + 1;
    int seen = 0;
    fmpz *line = _fmpz_vec_init(width);
    for (slong l = 0; l < model->line_count; l++) {
        for (slong j = 0; j < width; j++)
            fmpz_set(line + j, fmpz_mat_entry(model->lines, j, l));
        if (sign_at(model, row, line) != 0)
            seen = POLYHEDRON_BOTH;
    }
    _fmpz_vec_clear(line, width);
    for (slong r = 0; r < model->ray_count; r++) {
        const int sign = sign_at(model, row, model->rays[r]);
        seen |= sign > 0 ? POLYHEDRON_POSITIVE : sign < 0 ? POLYHEDRON_NEGATIVE : 0;
    }
    return (polyhedron_side_t)seen;
}

// ---- Comparison ----

static void print_case(const char *what, const model_t *model) {
    fprintf(stderr, "%s; rows\n", what);
    fmpz_mat_print_pretty(model->rows);
    fprintf(stderr, "\n(on standard output); cuts");
    for (slong c = 1; c < model->count; c++)
        fprintf(stderr, " %ld:%+d", model->row[c], model->sign[c]);
    fprintf(stderr, "\n");
    fflush(stdout);
}

#define CHECK(condition, model)                                                                              \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            print_case(#condition, model);                                                                   \
            fail();                                                                                          \
        }                                                                                                    \
    } while (0)

static void set_double(fmpq_t q, double x) {
    int exponent;
    const double fraction = frexp(x, &exponent);
    fmpq_set_si(q, (slong)ldexp(fraction, 53), 1);
    if (exponent >= 53)
        fmpq_mul_2exp(q, q, (ulong)(exponent - 53));
    else
        fmpq_div_2exp(q, q, (ulong)(53 - exponent));
}

// Narrows low..high (high = 0: no bound yet) to the factors f > 0 with |v - f x| <= e.
static void narrow(fmpq_t low, fmpq_t high, double v, double e, const fmpz_t x) {
    fmpq_t a, b, error;
    fmpq_init(a);
    fmpq_init(b);
    fmpq_init(error);
    set_double(a, v);
    set_double(error, e);
    fmpq_add(b, a, error);
    fmpq_sub(a, a, error);
    fmpq_div_fmpz(a, a, x);
    fmpq_div_fmpz(b, b, x);
    if (fmpq_cmp(a, b) > 0)
        fmpq_swap(a, b);
    if (fmpq_cmp(a, low) > 0)
        fmpq_set(low, a);
    if (fmpq_is_zero(high) || fmpq_cmp(b, high) < 0)
        fmpq_set(high, b);
    fmpq_clear(a);
    fmpq_clear(b);
    fmpq_clear(error);
}

// Whether the doubles of generator g are within their bound of a positive multiple of v.
static bool is_near(const polyhedron_t *p, slong g, const fmpz *v, slong width) {
    double error, largest = 0;
    const double *approximation = polyhedron_approximation(p, g, &error);
    fmpq_t low, high;
    fmpq_init(low);
    fmpq_init(high);
    bool near = true;
    for (slong j = 0; j < width; j++) {
        largest = fmax(largest, fabs(approximation[j]));
        if (fmpz_is_zero(v + j))
            near = near && fabs(approximation[j]) <= error;
        else
            narrow(low, high, approximation[j], error, v + j);
    }
    near = near && fmpq_cmp(low, high) <= 0 && fmpq_sgn(high) > 0 && error < 0x1p-10 && largest >= 0.5 &&
           largest < 1;
    fmpq_clear(low);
    fmpq_clear(high);
    return near;
}

static bool same_signs(const model_t *model, const polyhedron_t *p, slong g, const fmpz *ray) {
    for (slong c = 1; c < model->count; c++)
        if (polyhedron_sign(p, g, model->row[c]) != sign_at(model, model->row[c], ray))
            return false;
    return true;
}

// The ray of the model that ray g is, modulo the lines: the one with the same signs; or -1.
static slong match(const model_t *model, const fmpz *v) {
    for (slong r = 0; r < model->ray_count; r++) {
        bool same = true;
        for (slong c = 0; c < model->count && same; c++)
            same = sign_at(model, model->row[c], v) == sign_at(model, model->row[c], model->rays[r]);
        if (same)
            return r;
    }
    return -1;
}

static void check_ray(const model_t *model, const polyhedron_t *p, slong ray, bool *found) {
    const slong width = model->dimension + 1, g = polyhedron_lines(p) + ray;
    fmpz *v = _fmpz_vec_init(width);
    fmpz_t content;
    fmpz_init(content);
    polyhedron_generator(p, g, v);
    _fmpz_vec_content(content, v, width);
    CHECK(fmpz_is_one(content), model);
    CHECK(is_feasible(model, v), model);
    CHECK(is_near(p, g, v, width), model);
    const slong r = match(model, v);
    CHECK(r >= 0 && !found[r], model);
    found[r] = true;
    CHECK(same_signs(model, p, g, model->rays[r]), model);
    for (slong c = 1; c < model->count; c++)
        if (polyhedron_tight(p, ray, model->row[c]))
            CHECK(sign_at(model, model->row[c], v) == 0, model);
    fmpz_clear(content);
    _fmpz_vec_clear(v, width);
}

static void check_lines(const model_t *model, const polyhedron_t *p) {
    const slong width = model->dimension + 1, lines = polyhedron_lines(p);
    CHECK(lines == model->line_count, model);
    fmpz_mat_t all;
    fmpz_mat_init(all, lines, width);
    for (slong g = 0; g < lines; g++) {
        polyhedron_generator(p, g, all->rows[g]);
        CHECK(is_near(p, g, all->rows[g], width), model);
        for (slong c = 0; c < model->count; c++)
            CHECK(sign_at(model, model->row[c], all->rows[g]) == 0, model);
    }
    CHECK(fmpz_mat_rank(all) == lines, model);
    fmpz_mat_clear(all);
}

static void check_point(const model_t *model, const polyhedron_t *p) {
    const slong d = model->dimension;
    fmpq *point = _fmpq_vec_init(d);
    fmpz *v = _fmpz_vec_init(d + 1);
    polyhedron_point(p, point);
    fmpz_one(v + d);
    for (slong j = 0; j < d; j++) {
        CHECK(fmpq_is_canonical(point + j), model);
        fmpz_lcm(v + d, v + d, fmpq_denref(point + j));
    }
    for (slong j = 0; j < d; j++) {
        fmpz_divexact(v + j, v + d, fmpq_denref(point + j));
        fmpz_mul(v + j, v + j, fmpq_numref(point + j));
    }
    for (slong c = 0; c < model->count; c++)
        CHECK(sign_at(model, model->row[c], v) == model->sign[c], model);
    _fmpz_vec_clear(v, d + 1);
    _fmpq_vec_clear(point, d);
}

// Two rays are neighbours when the constraints that vanish on both have a rank of two less than all.
static void check_edge(const model_t *model, const polyhedron_t *p, slong a, slong b) {
    const slong width = model->dimension + 1, lines = polyhedron_lines(p);
    slong common = 0;
    fmpz *v = _fmpz_vec_init(width), *w = _fmpz_vec_init(width);
    fmpz_mat_t system;
    fmpz_mat_init(system, model->count, width);
    polyhedron_generator(p, lines + a, v);
    polyhedron_generator(p, lines + b, w);
    for (slong c = 0; c < model->count; c++)
        if (sign_at(model, model->row[c], v) == 0 && sign_at(model, model->row[c], w) == 0)
            row_of(model, model->row[c], system->rows[common++]);
    CHECK(polyhedron_adjacent(p, a, b) == (fmpz_mat_rank(system) == width - lines - 2), model);
    fmpz_mat_clear(system);
    _fmpz_vec_clear(v, width);
    _fmpz_vec_clear(w, width);
}

static void compare(const model_t *model, const polyhedron_t *p) {
    bool found[MAX_RAYS] = {false};
    CHECK(polyhedron_dimension(p) == model_dimension(model), model);
    check_lines(model, p);
    CHECK(polyhedron_rays(p) == model->ray_count, model);
    for (slong ray = 0; ray < polyhedron_rays(p); ray++)
        check_ray(model, p, ray, found);
    for (slong a = 0; a < polyhedron_rays(p); a++)
        for (slong b = a + 1; b < polyhedron_rays(p); b++)
            check_edge(model, p, a, b);
    check_point(model, p);
    for (slong row = 0; row < model->rows->r; row++)
        CHECK(polyhedron_side(p, row) == model_side(model, row), model);
}

// ---- Random cuts ----

// What has been seen, so that no case is missing unnoticed.
typedef struct {
    slong cuts, slices, degenerate, with_lines, bounded;
} tally_t;

static void look(const model_t *model, tally_t *tally) {
    bool degenerate = false, bounded = model->line_count == 0;
    for (slong r = 0; r < model->ray_count; r++) {
        slong tight = 0;
        for (slong c = 0; c < model->count; c++)
            tight += sign_at(model, model->row[c], model->rays[r]) == 0;
        degenerate = degenerate || tight > model->dimension - model->line_count;
        bounded = bounded && !fmpz_is_zero(model->rays[r] + model->dimension);
    }
    tally->degenerate += degenerate;
    tally->bounded += bounded;
    tally->with_lines += model->line_count > 0;
}

// Splits at the last constraint of the model, and compares both parts.
static void check_split(model_t *model, const polyhedron_t *from, polyhedron_t *parts[2]) {
    const slong last = model->count - 1;
    const int sign = model->sign[last];
    assert_int_equal(polyhedron_split(parts[0], parts[1], from, model->row[last]), GSL_SUCCESS);
    for (int part = 0; part < 2; part++) {
        model->sign[last] = part == 0 ? 1 : -1;
        find_generators(model);
        compare(model, parts[part]);
    }
    model->sign[last] = sign;
}

// Cuts all of space by the rows in their order, where they cut, and compares after each cut. Takes `shared`, which was
// made of the rows.
static void run_shared(polyhedron_rows_t *shared, const fmpz_mat_t rows, stream_t *stream, tally_t *tally) {
    polyhedron_t *p = polyhedron_alloc(shared), *other = polyhedron_alloc(shared),
                 *copy = polyhedron_alloc(shared);
    assert_non_null(p);
    assert_non_null(other);
    assert_non_null(copy);
    polyhedron_t *parts[2] = {polyhedron_alloc(shared), polyhedron_alloc(shared)};
    model_t model;
    model_init(&model, rows);
    find_generators(&model);
    compare(&model, p);
    for (slong row = 0; row < rows->r; row++) {
        if (polyhedron_side(p, row) != POLYHEDRON_BOTH)
            continue;
        const int sign = draw_below(stream, 5) == 0 ? 0 : draw_below(stream, 2) == 0 ? 1 : -1;
        model.row[model.count] = row;
        model.sign[model.count++] = sign;
        check_split(&model, p, parts);
        assert_int_equal(polyhedron_cut(other, p, row, sign), GSL_SUCCESS);
        assert_int_equal(polyhedron_copy(copy, other), GSL_SUCCESS);
        find_generators(&model);
        compare(&model, other);
        compare(&model, copy);
        polyhedron_t *const swap = p;
        p = draw_below(stream, 2) == 0 ? other : copy;
        *(p == other ? &other : &copy) = swap;
        tally->cuts++;
        tally->slices += sign == 0;
        look(&model, tally);
    }
    model_clear(&model);
    polyhedron_free(parts[0]);
    polyhedron_free(parts[1]);
    polyhedron_free(p);
    polyhedron_free(other);
    polyhedron_free(copy);
    polyhedron_rows_free(shared);
}

static void run(const fmpz_mat_t rows, stream_t *stream, tally_t *tally) {
    run_shared(polyhedron_rows_alloc(rows), rows, stream, tally);
}

static void expect_variety(const tally_t *tally) {
    assert_in_range(tally->slices, tally->cuts / 20, tally->cuts / 2);
    assert_in_range(tally->with_lines, tally->cuts / 20, tally->cuts);
    assert_in_range(tally->bounded, tally->cuts / 20, tally->cuts);
}

static void test_small_entries(void **state) {
    (void)state;
    stream_t stream = stream_of("small entries");
    tally_t tally = {0};
    for (int i = 0; i < 900; i++) {
        const slong d = 1 + i % 5, range = pick(&stream, 1, 3);
        fmpz_mat_t rows;
        fmpz_mat_init(rows, pick(&stream, 1, d == 5 ? 9 : 11), d + 1);
        for (slong r = 0; r < rows->r; r++)
            for (slong j = 0; j <= d; j++)
                fmpz_set_si(fmpz_mat_entry(rows, r, j), pick(&stream, -range, range));
        run(rows, &stream, &tally);
        fmpz_mat_clear(rows);
    }
    expect_variety(&tally);
    assert_in_range(tally.degenerate, tally.cuts / 20, tally.cuts);
}

// Rows through one point or parallel to one direction after a change of coordinates, so that the zeros are hidden
// in entries of various sizes.
static void test_hidden_zeros(void **state) {
    (void)state;
    stream_t stream = stream_of("hidden zeros");
    tally_t tally = {0};
    for (int i = 0; i < 400; i++) {
        const slong d = 1 + i % 5, bits = pick(&stream, 3, 70);
        fmpz_mat_t rows, change;
        fmpz_mat_init(rows, pick(&stream, 1, 9), d + 1);
        fmpz_mat_init(change, d + 1, d + 1);
        for (slong r = 0; r < rows->r; r++)
            for (slong j = 0; j <= d; j++)
                fmpz_set_si(fmpz_mat_entry(rows, r, j), pick(&stream, -1, 1));
        for (slong j = 0; j <= d; j++)
            for (slong k = 0; k <= d; k++) {
                fmpz_set_si(fmpz_mat_entry(change, j, k), pick(&stream, -1000, 1000));
                if (bits > 10)
                    fmpz_mul_2exp(fmpz_mat_entry(change, j, k), fmpz_mat_entry(change, j, k),
                                  (ulong)pick(&stream, 0, bits - 10));
                if (j == d && k < d)
                    fmpz_zero(fmpz_mat_entry(change, j, k)); // the hyperplane at infinity stays
            }
        fmpz_mat_mul(rows, rows, change);
        run(rows, &stream, &tally);
        fmpz_mat_clear(rows);
        fmpz_mat_clear(change);
    }
    expect_variety(&tally);
    assert_in_range(tally.degenerate, tally.cuts / 20, tally.cuts);
}

// Rows with entries of 2^40 to 2^90 that agree to 50 bits, or in all.
static void test_nearly_equal_rows(void **state) {
    (void)state;
    stream_t stream = stream_of("nearly equal");
    tally_t tally = {0};
    for (int i = 0; i < 400; i++) {
        const slong d = 1 + i % 5;
        fmpz_mat_t rows;
        fmpz_mat_init(rows, pick(&stream, 2, 9), d + 1);
        for (slong r = 0; r < rows->r; r++) {
            const slong like = r == 0 ? 0 : pick(&stream, 0, r - 1);
            for (slong j = 0; j <= d; j++) {
                fmpz *entry = fmpz_mat_entry(rows, r, j);
                if (r < 2 || draw_below(&stream, 3) == 0) {
                    fmpz_set_si(entry, pick(&stream, -(WORD(1) << 40), WORD(1) << 40));
                    fmpz_mul_2exp(entry, entry, 50);
                } else
                    fmpz_set(entry, fmpz_mat_entry(rows, like, j));
            }
            const bool noisy = draw_below(&stream, 4) != 0;
            for (slong j = 0; j <= d && noisy; j++)
                fmpz_add_si(fmpz_mat_entry(rows, r, j), fmpz_mat_entry(rows, r, j), pick(&stream, -2, 2));
        }
        run(rows, &stream, &tally);
        fmpz_mat_clear(rows);
    }
    expect_variety(&tally);
}

// Rows that are sums and differences of earlier ones, so that three of them meet where two do: there rays with many
// constraints in common need not be neighbours.
static void test_pencils(void **state) {
    (void)state;
    stream_t stream = stream_of("pencils");
    tally_t tally = {0};
    for (int i = 0; i < 150; i++) {
        const slong d = pick(&stream, 4, 5);
        fmpz_mat_t rows;
        fmpz_mat_init(rows, 9, d + 1);
        for (slong r = 0; r < rows->r; r++) {
            const slong a = pick(&stream, 0, r), b = pick(&stream, 0, r);
            if (r < 2 || a == r || b == r || a == b)
                for (slong j = 0; j <= d; j++)
                    fmpz_set_si(fmpz_mat_entry(rows, r, j), pick(&stream, -1, 1));
            else if (draw_below(&stream, 2) == 0)
                _fmpz_vec_add(rows->rows[r], rows->rows[a], rows->rows[b], d + 1);
            else
                _fmpz_vec_sub(rows->rows[r], rows->rows[a], rows->rows[b], d + 1);
        }
        run(rows, &stream, &tally);
        fmpz_mat_clear(rows);
    }
    assert_in_range(tally.degenerate, tally.cuts / 20, tally.cuts);
}

// Differences of a few vectors, and it is said of which; among them rows that are not. The vectors agree to more bits
// than doubles have, or are small, so that a row that does not vanish is told from one that does by the paths alone.
static void test_connected_rows(void **state) {
    (void)state;
    enum { NODES = 5, PAIRS = NODES * (NODES - 1) / 2 };
    stream_t stream = stream_of("connected");
    tally_t tally = {0};
    for (int i = 0; i < 300; i++) {
        const slong d = 2 + i % 3, size = pick(&stream, 0, 1) * 70;
        fmpz_mat_t nodes, rows;
        fmpz_mat_init(nodes, NODES, d + 1);
        fmpz_mat_init(rows, PAIRS, d + 1);
        for (slong a = 0; a < NODES; a++)
            for (slong j = 0; j <= d; j++) {
                fmpz_set_si(fmpz_mat_entry(nodes, a, j), pick(&stream, -2, 2));
                fmpz_mul_2exp(fmpz_mat_entry(nodes, a, j), fmpz_mat_entry(nodes, a, j), (ulong)size);
                fmpz_add_si(fmpz_mat_entry(nodes, a, j), fmpz_mat_entry(nodes, a, j), pick(&stream, -1, 1));
            }
        slong ends[PAIRS][2];
        for (slong r = 0; r < PAIRS; r++) {
            const slong a = pick(&stream, 0, NODES - 1), b = (a + pick(&stream, 1, NODES - 1)) % NODES;
            const bool other = draw_below(&stream, 8) == 0;
            ends[r][0] = other ? -1 : a;
            ends[r][1] = other ? -1 : b;
            _fmpz_vec_sub(rows->rows[r], nodes->rows[a], nodes->rows[b], d + 1);
            if (other)
                fmpz_add_si(rows->rows[r], rows->rows[r], pick(&stream, -1, 1));
        }
        polyhedron_rows_t *shared = polyhedron_rows_alloc(rows);
        for (slong r = 0; r < PAIRS; r++)
            polyhedron_rows_connect(shared, r, ends[r][0], ends[r][1]);
        run_shared(shared, rows, &stream, &tally);
        fmpz_mat_clear(nodes);
        fmpz_mat_clear(rows);
    }
    expect_variety(&tally);
    assert_in_range(tally.degenerate, tally.cuts / 20, tally.cuts);
}

// ---- Known polyhedra ----

static polyhedron_t *cut_all(polyhedron_rows_t *shared, const slong *order, slong count) {
    polyhedron_t *p = polyhedron_alloc(shared), *other = polyhedron_alloc(shared);
    for (slong i = 0; i < count; i++) {
        assert_int_equal(polyhedron_side(p, order[i]), POLYHEDRON_BOTH);
        assert_int_equal(polyhedron_cut(other, p, order[i], 1), GSL_SUCCESS);
        polyhedron_t *const swap = p;
        p = other;
        other = swap;
    }
    polyhedron_free(other);
    return p;
}

// Tangents to a parabola: y >= 2 i x - i^2. Each is a facet, so that sets of constraints have several words; and
// then two cuts that leave a triangle, after which the tangents cut again what they cut before.
static void test_many_constraints(void **state) {
    (void)state;
    enum { TANGENTS = 201, ROWS = TANGENTS + 2 };
    fmpz_mat_t rows;
    fmpz_mat_init(rows, ROWS, 3);
    slong order[ROWS];
    for (slong i = 0; i < TANGENTS; i++) {
        const slong slope = 7 * i % TANGENTS - TANGENTS / 2;
        order[i] = i;
        fmpz_set_si(fmpz_mat_entry(rows, i, 0), -2 * slope);
        fmpz_set_si(fmpz_mat_entry(rows, i, 1), 1);
        fmpz_set_si(fmpz_mat_entry(rows, i, 2), slope * slope);
    }
    for (slong i = TANGENTS; i < ROWS; i++) {
        order[i] = i;
        fmpz_set_si(fmpz_mat_entry(rows, i, 0), i == TANGENTS ? 1 : -1);
        fmpz_set_si(fmpz_mat_entry(rows, i, 1), -3);
        fmpz_set_si(fmpz_mat_entry(rows, i, 2), 1);
    }
    polyhedron_rows_t *shared = polyhedron_rows_alloc(rows);
    polyhedron_t *p = cut_all(shared, order, TANGENTS);
    assert_int_equal(polyhedron_rays(p), TANGENTS + 1);
    assert_int_equal(polyhedron_lines(p), 0);
    for (slong i = 0; i < TANGENTS; i++) {
        slong tight = 0;
        for (slong ray = 0; ray < polyhedron_rays(p); ray++)
            tight += polyhedron_tight(p, ray, i);
        assert_int_equal(tight, 2);
    }
    polyhedron_free(p);
    // -3 y + 1 +- x >= 0 leaves the kite between (0, 1/3) and the tangents near the origin.
    p = cut_all(shared, order, ROWS);
    assert_in_range(polyhedron_rays(p), 4, 6);
    for (slong i = 0; i < TANGENTS; i++)
        assert_true(polyhedron_side(p, i) == POLYHEDRON_POSITIVE);
    polyhedron_free(p);
    polyhedron_rows_free(shared);
    fmpz_mat_clear(rows);
}

// Tangents to a parabola in the plane, times the quadrant z + w >= 0, z >= 0, w >= 0: all vertices lie on three
// constraints that meet in a plane, but only neighbours on the parabola are neighbours.
static void test_many_and_degenerate(void **state) {
    (void)state;
    enum { TANGENTS = 81, ROWS = TANGENTS + 3 };
    fmpz_mat_t rows;
    fmpz_mat_init(rows, ROWS, 5);
    for (slong i = 0; i < 3; i++)
        for (slong j = 0; j < 2; j++)
            fmpz_set_si(fmpz_mat_entry(rows, i, 2 + j), i == 0 || i == j + 1);
    slong order[ROWS];
    for (slong i = 0; i < ROWS; i++) {
        const slong slope = 7 * i % TANGENTS - TANGENTS / 2;
        order[i] = i;
        if (i < 3)
            continue;
        fmpz_set_si(fmpz_mat_entry(rows, i, 0), -2 * slope);
        fmpz_set_si(fmpz_mat_entry(rows, i, 1), 1);
        fmpz_set_si(fmpz_mat_entry(rows, i, 4), slope * slope);
    }
    polyhedron_rows_t *shared = polyhedron_rows_alloc(rows);
    for (slong tangents = 2; tangents <= TANGENTS; tangents++) {
        polyhedron_t *p = cut_all(shared, order, 3 + tangents);
        assert_int_equal(polyhedron_rays(p), tangents - 1 + 2 + 2); // vertices, and rays of both factors
        polyhedron_free(p);
    }
    polyhedron_rows_free(shared);
    fmpz_mat_clear(rows);
}

// The orthant, then the simplex, then the simplex without its corner at the origin, in 20 dimensions.
static void test_many_dimensions(void **state) {
    (void)state;
    enum { D = 20 };
    fmpz_mat_t rows;
    fmpz_mat_init(rows, D + 2, D + 1);
    slong order[D + 2];
    for (slong i = 0; i < D; i++) {
        fmpz_one(fmpz_mat_entry(rows, i, i));
        fmpz_set_si(fmpz_mat_entry(rows, D, i), -1);
        fmpz_one(fmpz_mat_entry(rows, D + 1, i));
    }
    fmpz_set_si(fmpz_mat_entry(rows, D, D), 3);
    fmpz_set_si(fmpz_mat_entry(rows, D + 1, D), -1);
    for (slong i = 0; i < D + 2; i++)
        order[i] = i;
    polyhedron_rows_t *shared = polyhedron_rows_alloc(rows);
    const slong rays[] = {D + 1, D + 1, 2 * D};
    for (slong stage = 0; stage < 3; stage++) {
        polyhedron_t *p = cut_all(shared, order, D + stage);
        assert_int_equal(polyhedron_rays(p), rays[stage]);
        fmpq *point = _fmpq_vec_init(D);
        fmpz *vertex = _fmpz_vec_init(D + 1);
        polyhedron_point(p, point);
        fmpq_t sum;
        fmpq_init(sum);
        for (slong j = 0; j < D; j++) {
            assert_true(fmpq_sgn(point + j) > 0);
            fmpq_add(sum, sum, point + j);
        }
        assert_true(stage < 1 || fmpq_cmp_si(sum, 3) < 0);
        assert_true(stage < 2 || fmpq_cmp_si(sum, 1) > 0);
        for (slong g = 0; g < polyhedron_rays(p); g++) {
            polyhedron_generator(p, g, vertex);
            slong zeros = 0;
            for (slong j = 0; j < D; j++)
                zeros += fmpz_is_zero(vertex + j);
            assert_in_range(zeros, D - 1, stage < 2 ? D : D - 1);
        }
        fmpq_clear(sum);
        _fmpz_vec_clear(vertex, D + 1);
        _fmpq_vec_clear(point, D);
        polyhedron_free(p);
    }
    polyhedron_rows_free(shared);
    fmpz_mat_clear(rows);
}

// What a row says of all of space.
static void test_whole(void **state) {
    (void)state;
    fmpz_mat_t rows;
    fmpz_mat_init(rows, 4, 3);
    fmpz_one(fmpz_mat_entry(rows, 1, 2));
    fmpz_set_si(fmpz_mat_entry(rows, 2, 2), -5);
    fmpz_one(fmpz_mat_entry(rows, 3, 0));
    polyhedron_rows_t *shared = polyhedron_rows_alloc(rows);
    polyhedron_t *p = polyhedron_alloc(shared), *half = polyhedron_alloc(shared);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(polyhedron_dimension(p), 2);
        assert_int_equal(polyhedron_lines(p), 2);
        assert_int_equal(polyhedron_rays(p), 1);
        assert_int_equal(polyhedron_side(p, 0), POLYHEDRON_INSIDE);
        assert_int_equal(polyhedron_side(p, 1), POLYHEDRON_POSITIVE);
        assert_int_equal(polyhedron_side(p, 2), POLYHEDRON_NEGATIVE);
        assert_int_equal(polyhedron_side(p, 3), POLYHEDRON_BOTH);
        assert_int_equal(polyhedron_cut(half, p, 3, -1), GSL_SUCCESS);
        assert_int_equal(polyhedron_side(half, 3), POLYHEDRON_NEGATIVE);
        polyhedron_whole(half);
        polyhedron_t *const swap = p;
        p = half;
        half = swap;
    }
    polyhedron_free(p);
    polyhedron_free(half);
    polyhedron_free(NULL);
    polyhedron_rows_free(shared);
    polyhedron_rows_free(NULL);
    fmpz_mat_clear(rows);
}

int main(void) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_small_entries),
        cmocka_unit_test(test_hidden_zeros),
        cmocka_unit_test(test_nearly_equal_rows),
        cmocka_unit_test(test_pencils),
        cmocka_unit_test(test_connected_rows),
        cmocka_unit_test(test_many_constraints),
        cmocka_unit_test(test_many_and_degenerate),
        cmocka_unit_test(test_many_dimensions),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup();
    return failed;
}
