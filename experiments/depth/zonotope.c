// SPDX-License-Identifier: GPL-3.0-or-later
// Regions of an arrangement against vertices of a zonotope.
//
// CLAIMS (Sparsity is Combinatorial Depth, section 4.2 and Appendix B)
//   depth/rem-4.11  regions of H hyperplanes in R^d against the zonotope of the H rows (w, b) in R^(d+1)
//   depth/fig-7     the region of the pattern s goes to the vertex sum s_i w_i of the zonotope of the normals
//
// DERIVATION. The product over i of (0 (+) w_i.x + b_i) has the 2^H terms sum s_i (w_i, b_i). Terms that matter are
// those above all others on an open set: the patterns of the regions, and the vertices of the zonotope Z' of the rows
// (w_i, b_i) whose normal cone meets u_(d+1) > 0. Z' is symmetric, and a vertex is upper and lower when its pattern is
// that of an open cone of the w_i.x = 0: when it is over a vertex of the zonotope Z of the normals, which is when the
// recession cone of the region has dimension d. So, for any hyperplanes,
//     vertices(Z') = 2 regions - vertices(Z),
// in general position 2 Phi(H, d) - 2 Phi(H-1, d-1) = 2 Phi(H-1, d). Regions with a thinner recession cone, bounded
// ones above all, have no vertex of Z: that is what Fig. 7 overlooks, and the rows (w, b) of Remark 4.11 put right.
#include "geometry/zonotope.h"
#include "geometry/bounds.h"
#include "geometry/list.h"
#include "geometry/planar.h"
#include "io/experiment.h"
#include "io/experiment_instance.h"
#include "io/experiment_roads.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

// ---- Parameters ----

enum { MATCHED_FULL = 600, MATCHED_QUICK = 40 }; // arrangements whose regions are matched one by one
static const double MOST_PLANES = 1000;          // of the curves of the figure
static const slong LARGE = 99999;                // entries of arrangements in general position

// Hyperplanes H (in a quick run `quick`) in R^d for the growth of the zonotope.
static const struct {
    slong dimension, full, quick;
} GROWTH[] = {{1, 40, 20}, {2, 10, 8}, {2, 80, 16}, {3, 10, 6},
              {3, 36, 10}, {4, 20, 8}, {5, 8, 7},   {5, 16, 8}};
static const size_t POLYGON = 2; // the row of GROWTH that shows how a zonotope of normals in the plane grows

static int matched_cases(const experiment_t *run) {
    return experiment_quick(run) ? MATCHED_QUICK : MATCHED_FULL;
}

// ---- Duality ----

// The zonotopes of the rows (w, b) and of the normals w, and what the regions say of them.
typedef struct {
    zonotope_vertices_t lifted, normals;
    slong dimension, upper;
    slong regions, matched; // matched: whose pattern is that of an upper vertex
    slong wide;             // whose recession cone has dimension d
    bool agree;             // these are the ones with a vertex of the normals, which is also a lower one
} duality_t;

// The vertex with this pattern, or -1.
static slong find_vertex(const zonotope_vertices_t *vertices, const signed char *pattern) {
    const size_t n = (size_t)vertices->generators;
    slong low = 0, high = vertices->count;
    while (low < high) {
        const slong middle = (low + high) / 2;
        const int order = memcmp(vertices->active + (size_t)middle * n, pattern, n);
        if (order == 0)
            return middle;
        *(order < 0 ? &low : &high) = order < 0 ? middle + 1 : middle;
    }
    return -1;
}

// Whether the directions in which a cell goes to infinity span R^d.
static bool is_wide(const polyhedron_t *cell, slong d) {
    const slong count = polyhedron_lines(cell) + polyhedron_rays(cell);
    fmpz_mat_t directions;
    fmpz_mat_init(directions, count, d + 1);
    for (slong g = 0; g < count; g++) {
        polyhedron_generator(cell, g, directions->rows[g]);
        if (!fmpz_is_zero(fmpz_mat_entry(directions, g, d)))
            _fmpz_vec_zero(directions->rows[g], d + 1);
    }
    const bool wide = fmpz_mat_rank(directions) == d;
    fmpz_mat_clear(directions);
    return wide;
}

//[core
// A region, listed by cutting polyhedra, against the vertices, found face by face.
static int match_region(void *context, const list_region_t *region) {
    duality_t *d = context;
    signed char pattern[FLINT_BITS];
    for (slong i = 0; i < region->signs; i++)
        pattern[i] = region->sign[i] > 0;
    const slong vertex = find_vertex(&d->lifted, pattern);
    const bool upper = vertex >= 0 && d->lifted.upper[vertex];
    const bool lower = vertex >= 0 && d->lifted.lower[vertex];
    const bool of_normals = find_vertex(&d->normals, pattern) >= 0;
    const bool wide = is_wide(region->cell, d->dimension);
    d->regions++;
    d->matched += upper;
    d->wide += wide;
    d->agree &= wide == lower && wide == of_normals;
    return GSL_SUCCESS;
}

// Regions are the patterns of the upper vertices, those with a wide cone also vertices of the
// normals' zonotope; and the lifted zonotope has twice the regions less these.
static bool is_dual(const duality_t *d, slong regions_by_tree) {
    const bool bijection = d->matched == d->regions && d->regions == d->upper;
    const bool twice = d->lifted.count == 2 * d->regions - d->wide;
    const bool rim = d->agree && d->wide == d->normals.count;
    return bijection && rim && twice && d->regions == regions_by_tree;
}
//]core

static zonotope_vertices_t vertices_of(experiment_t *run, const arrangement_t *a, bool lifted) {
    zonotope_vertices_t vertices;
    zonotope_t *z = experiment_memory(run, zonotope_alloc(a->planes, a->dimension + lifted));
    for (slong i = 0; i < a->planes; i++)
        _fmpz_vec_set(z->generators->rows[i], a->rows->rows[i], z->dimension);
    experiment_require(run, zonotope_vertices(z, &vertices), "zonotope_vertices");
    zonotope_free(z);
    return vertices;
}

// With `listed` the regions are matched one by one.
static duality_t duality_of(experiment_t *run, const arrangement_t *a, bool listed) {
    duality_t duality = {.lifted = vertices_of(run, a, true),
                         .normals = vertices_of(run, a, false),
                         .dimension = a->dimension,
                         .agree = true};
    for (slong v = 0; v < duality.lifted.count; v++)
        duality.upper += duality.lifted.upper[v];
    if (listed)
        experiment_require(run, list_arrangement(a, match_region, &duality), "list_arrangement");
    return duality;
}

static void duality_clear(duality_t *duality) {
    zonotope_vertices_clear(&duality->lifted);
    zonotope_vertices_clear(&duality->normals);
}

static void match_arrangements(experiment_t *run) {
    const int cases = matched_cases(run);
    slong dual = 0, degenerate = 0, regions = 0;
    stream_t stream = experiment_stream(run, stream_experiment("arrangements"));
    for (int i = 0; i < cases; i++) {
        const slong d = stream_pick(&stream, 1, 3), n = stream_pick(&stream, 1, d == 3 ? 7 : 9);
        arrangement_t *a = experiment_memory(run, arrangement_random(n, d, 3, &stream));
        duality_t duality = duality_of(run, a, true);
        const roads_tree_t tree = experiment_tree(run, a);
        dual += is_dual(&duality, tree.regions);
        degenerate += tree.events > 0;
        regions += duality.regions;
        duality_clear(&duality);
        arrangement_free(a);
    }
    experiment_check_integer(run, "depth/fig-7", "arrangements dual to their lifted zonotopes", dual, cases);
    experiment_macro_integer(run, "MatchedRegions", regions);
    experiment_macro_integer(run, "DegenerateArrangements", degenerate);
}

static slong phi(slong n, slong d) {
    return bounds_phi_si((ulong)n, (ulong)d);
}

// One arrangement in general position: a row of the table.
static bool grow(experiment_t *run, table_t *table, size_t row, stream_t *stream) {
    const slong d = GROWTH[row].dimension, n = experiment_quick(run) ? GROWTH[row].quick : GROWTH[row].full;
    arrangement_t *a = experiment_memory(run, arrangement_random(n, d, LARGE, stream));
    duality_t duality = duality_of(run, a, false);
    const roads_tree_t tree = experiment_tree(run, a);
    const slong regions = tree.regions, vertices = duality.lifted.count, upper = duality.upper,
                normals = duality.normals.count;
    const slong cells[] = {d, n, regions, upper, vertices, normals};
    for (size_t i = 0; i < COUNT(cells); i++)
        table_integer(table, cells[i]);
    table_real(table, (double)vertices / (double)regions);
    if (row == POLYGON) {
        experiment_macro_integer(run, "PolygonPlanes", n);
        experiment_macro_integer(run, "PolygonRegions", regions);
        experiment_macro_integer(run, "PolygonVertices", normals);
    }
    duality_clear(&duality);
    arrangement_free(a);
    return tree.events == 0 && regions == phi(n, d) && upper == regions && vertices == 2 * phi(n - 1, d) &&
           normals == 2 * phi(n - 1, d - 1) && vertices == 2 * regions - normals;
}

// The ratio 2 Phi(H-1, d) / Phi(H, d) for the curves of the figure. It tends to 2 between bounds, because
// Phi(H-1, d-1) = sum of (j/H) C(H, j) over j <= d is at most (d/H) Phi(H, d).
static void write_ratios(experiment_t *run) {
    static const table_column_t columns[] = {
        {"d", "1", NULL, NULL}, {"H", "1", NULL, NULL}, {"ratio", "1", "%.9g", NULL}};
    enum { DIMENSIONS = 5, STEPS = 40 };
    table_t *table = experiment_table(run, "ratios", "2 Phi(H-1 d) / Phi(H d)", columns, COUNT(columns),
                                      DIMENSIONS * STEPS);
    slong between = 0;
    for (slong d = 1; d <= DIMENSIONS; d++)
        for (int step = 0; step < STEPS; step++) {
            const double first = (double)(d + 1);
            const slong n = lround(first * pow(MOST_PLANES / first, step / (STEPS - 1.)));
            const slong regions = phi(n, d), vertices = 2 * phi(n - 1, d);
            between += vertices < 2 * regions && n * (2 * regions - vertices) <= 2 * d * regions;
            table_integer(table, d);
            table_integer(table, n);
            table_real(table, (double)vertices / (double)regions);
        }
    experiment_check_integer(run, "depth/rem-4.11", "ratios between 2 - 2d/H and 2", between,
                             DIMENSIONS * STEPS);
}

static void grow_zonotopes(experiment_t *run) {
    static const table_column_t columns[] = {
        {"d", "1", NULL, ""},          {"H", "1", NULL, ""},        {"regions", "regions", NULL, ""},
        {"upper", "1", NULL, ""},      {"vertices", "1", NULL, ""}, {"normals", "1", NULL, ""},
        {"ratio", "1", "%.9g", "%.4f"}};
    table_t *table = experiment_table(run, "", "regions and vertices of zonotopes in general position",
                                      columns, COUNT(columns), COUNT(GROWTH));
    stream_t stream = experiment_stream(run, stream_experiment("growth"));
    slong right = 0;
    for (size_t row = 0; row < COUNT(GROWTH); row++) {
        right += grow(run, table, row, &stream);
        experiment_progress(run, row + 1, COUNT(GROWTH));
    }
    experiment_check_integer(run, "depth/rem-4.11", "zonotopes with 2 Phi(H-1 d) vertices", right,
                             (slong)COUNT(GROWTH));
    write_ratios(run);
    experiment_claim(run, "depth/rem-4.11", VERDICT_HOLDS, METHOD_EXACT, "zonotope.csv");
}

// ---- The picture: three lines and their hexagon ----

enum { LINES = 3, MOST_ITEMS = 160, PATTERNS = 1 << LINES };
static const double BOX = 1.75;                      // half the side of the square that is shown ...
static const planar_point_t MIDDLE = {0.375, 0.375}; // ... about this point

typedef struct {
    const char *item;
    int number;
    planar_point_t from, to;
} item_t;

typedef struct {
    planar_line_t lines[LINES]; // in coordinates about MIDDLE
    int number[PATTERNS];       // of the region with a pattern, from 1 on; 0: none
    int regions;
    size_t count;
    item_t items[MOST_ITEMS];
} picture_t;

static void add_item(picture_t *picture, const char *item, int number, planar_point_t from,
                     planar_point_t to) {
    if (picture->count < MOST_ITEMS)
        picture->items[picture->count++] = (item_t){item, number, from, to};
}

static planar_point_t shifted(planar_point_t p) {
    return (planar_point_t){p.x + MIDDLE.x, p.y + MIDDLE.y};
}

// The vertex sum s_i w_i.
static planar_point_t vertex_of(const picture_t *picture, int pattern) {
    planar_point_t v = {0, 0};
    for (int i = 0; i < LINES; i++)
        if (pattern >> i & 1) {
            v.x += picture->lines[i].w[0];
            v.y += picture->lines[i].w[1];
        }
    return v;
}

static int draw_region(void *context, const list_region_t *region) {
    picture_t *picture = context;
    planar_polygon_t polygon = planar_square(BOX);
    planar_point_t centre = {0, 0};
    int pattern = 0;
    for (int i = 0; i < LINES; i++) {
        polygon = planar_clip(&polygon, picture->lines[i], region->sign[i]);
        pattern |= (region->sign[i] > 0) << i;
    }
    planar_area(&polygon, &centre);
    const int number = picture->number[pattern] = ++picture->regions;
    for (int c = 0; c < polygon.size; c++)
        add_item(picture, "corner", number, shifted(polygon.corners[c]), shifted(polygon.corners[c]));
    add_item(picture, "region", number, shifted(centre), shifted(centre));
    add_item(picture, is_wide(region->cell, 2) ? "vertex" : "inner", number, vertex_of(picture, pattern),
             vertex_of(picture, pattern));
    return GSL_SUCCESS;
}

static void draw_lines(picture_t *picture) {
    const planar_polygon_t square = planar_square(BOX);
    for (int i = 0; i < LINES; i++) {
        planar_point_t ends[2] = {{0, 0}, {0, 0}};
        int found = 0;
        for (int c = 0; c < square.size; c++) {
            const planar_point_t p = square.corners[c], q = square.corners[(c + 1) % square.size];
            if (planar_height(picture->lines[i], p) * planar_height(picture->lines[i], q) < 0 && found < 2)
                ends[found++] = planar_crossing(picture->lines[i], p, q);
        }
        add_item(picture, "line", i + 1, shifted(ends[0]), shifted(ends[1]));
    }
}

// Regions on two sides of line i are joined by the edge w_i; the four about a crossing are the corners of a tile.
static void draw_tiles(picture_t *picture) {
    for (int p = 0; p < PATTERNS; p++)
        for (int i = 0; i < LINES; i++) {
            const int q = p | 1 << i;
            if (q != p && picture->number[p] > 0 && picture->number[q] > 0)
                add_item(picture, "edge", i + 1, vertex_of(picture, p), vertex_of(picture, q));
        }
}

static void write_picture(experiment_t *run, const picture_t *picture) {
    static const table_column_t columns[] = {{"item", "text", NULL, NULL}, {"number", "1", NULL, NULL},
                                             {"x0", "1", "%.9g", NULL},    {"y0", "1", "%.9g", NULL},
                                             {"x1", "1", "%.9g", NULL},    {"y1", "1", "%.9g", NULL}};
    table_t *table =
        experiment_table(run, "duality", "three lines, their regions, and the upper side of the zonotope",
                         columns, COUNT(columns), picture->count);
    for (size_t i = 0; i < picture->count; i++) {
        const item_t *item = &picture->items[i];
        table_text(table, item->item);
        table_integer(table, item->number);
        const double at[] = {item->from.x, item->from.y, item->to.x, item->to.y};
        for (int c = 0; c < 4; c++)
            table_real(table, at[c]);
    }
}

static void draw_triangle(experiment_t *run, const arrangement_t *a) {
    picture_t picture = {.count = 0};
    for (int i = 0; i < LINES; i++) {
        const fmpz *row = a->rows->rows[i];
        const double w[2] = {fmpz_get_d(row), fmpz_get_d(row + 1)};
        picture.lines[i] =
            (planar_line_t){{w[0], w[1]}, fmpz_get_d(row + 2) + w[0] * MIDDLE.x + w[1] * MIDDLE.y};
    }
    experiment_require(run, list_arrangement(a, draw_region, &picture), "list_arrangement");
    draw_lines(&picture);
    draw_tiles(&picture);
    write_picture(run, &picture);
}

// The counterexample: the bounded region of three lines, whose pattern is that of the caption.
static void decide_figure(experiment_t *run) {
    static const char *const claim = "depth/fig-7";
    static const signed char caption[LINES] = {1, 1, 0};
    arrangement_t *a = experiment_arrangement(run, "zonotope-triangle.arr");
    if (a->planes != LINES || a->dimension != 2)
        experiment_stop(run, FAULT_INPUT, "zonotope-triangle.arr: three lines in the plane are expected");
    duality_t duality = duality_of(run, a, true);
    match_arrangements(run);
    experiment_check_integer(run, claim, "three lines: dual to the lifted zonotope",
                             is_dual(&duality, experiment_tree(run, a).regions), 1);
    // The figure's map to the zonotope of the normals misses a vertex for the pattern {1 1 0}.
    const slong lifted = find_vertex(&duality.lifted, caption);
    experiment_check_integer(run, claim, "the caption's pattern is a vertex of the lifted zonotope",
                             lifted >= 0 && duality.lifted.upper[lifted] && !duality.lifted.lower[lifted], 1);
    experiment_check_integer(run, claim, "the caption's pattern is a vertex of the normals' zonotope",
                             find_vertex(&duality.normals, caption) >= 0, 0);
    experiment_check(run, claim, "regions exceed vertices of the normals' zonotope", (double)duality.regions,
                     AT_LEAST, (double)duality.normals.count + 1, 0);
    experiment_macro_integer(run, "TriangleRegions", duality.regions);
    experiment_macro_integer(run, "TriangleNormals", duality.normals.count);
    experiment_macro_integer(run, "TriangleLifted", duality.lifted.count);
    draw_triangle(run, a);
    duality_clear(&duality);
    arrangement_free(a);
    experiment_claim(run, claim, VERDICT_AMENDED, METHOD_EXACT, "data/instances/zonotope-triangle.arr");
}

static void run_zonotope(experiment_t *run) {
    experiment_parameter(run, "Arrangements", "%.0f", matched_cases(run), "arrangements");
    grow_zonotopes(run);
    decide_figure(run);
    flint_cleanup();
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {
        .name = "zonotope",
        .brief =
            "regions of arrangements against vertices of the zonotopes of their rows and of their normals",
        .seed = 1995,
        .run = run_zonotope};
    return experiment_main(&plan, argc, argv);
}
