// SPDX-License-Identifier: GPL-3.0-or-later
// The mass of a slab around a routing interface: the leading constant, the next order, and where it is lost.
//
// CLAIMS (Soft-to-Hard Routing, section 3; the law is ours)
//   soft/prop-3.5          P(|S| <= kappa_epsilon tau) = C_epsilon tau + o(tau), C_epsilon = 2 kappa_epsilon F(0)
//   soft/lemma-3.6         P(|S| <= w) = 2 w F(0) + o(w), F(0) = int over {S = 0} of p / |grad S|
//   soft/law-second-order  P(|S| <= w) = 2 w F(0) + (w^3 / 3) F''(0) + O(w^5), F''(0) a surface integral as well
//
// DERIVATION. The coarea formula gives P(|S| <= w) = int F(t) dt over [-w, w]. A slab is symmetric, so the odd derivatives
// of F cancel: the error of the first order is (w^3 / 3) F''(0), not w^2. The level sets are moved into each other by
// a flow V with V . grad S = 1, so F^(m)(t) = int over {S = t} of D^m p / |grad S|, D q = div(q V).
//     Bounds. For a line or a cubic and a mixture of Gaussians of widths s_i, S has on every vertical or normal line
// the slope s, and F is a mean of densities of width s s_i: |F''| <= B_2 = sum weight_i phi(0) / (s s_i)^3 and
// |F''''| <= B_4 = 3 sum weight_i phi(0) / (s s_i)^5. Hence |P - 2 w F(0)| <= B_2 w^3 / 3 and, after the next order,
// B_4 w^5 / 60. A line through the middle of a Gaussian attains both as w -> 0.
//     Where F is not twice differentiable the order is lost: a corner leaves w^2, a root |t|^(1/2) leaves w^(3/2), and where
// grad S vanishes on the interface, against (3.7), P is not even O(w).
#include "io/experiment.h"
#include "routing/margin.h"
#include "routing/slab.h"
#include "routing/softmax.h"
#include "stat/fit.h"
#include "stat/gaussian.h"
#include "stat/quadrature.h"

#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_sf_bessel.h>
#include <math.h>

static const double MAX_Z = 4;           // a statistical check fails beyond
static const double ROADS_AGREE = 2e-13; // two roads to one mass, absolute: what the quadratures estimate

static double draw_log_uniform(stream_t *s, double low, double high) {
    return exp(stream_between(s, log(low), log(high)));
}

// ---- Slabs in the plane ----

enum { INTERFACES = 4, INPUTS = 2, SCENES = INTERFACES * INPUTS, WIDTHS = 9, SMALL = 5, TEMPERATURES = 3 };
enum { PRINTED = 2 }; // number of the width in the table
static const char *INTERFACE_NAMES[INTERFACES] = {"line", "circle", "circle around 0", "cubic"};
static const interface_t INTERFACE[INTERFACES] = {
    {INTERFACE_LINE, 1.5, {0.6, 0.8, 0.25}},
    {INTERFACE_CIRCLE, 1.2, {0.4, -0.3, 1.25}},
    {INTERFACE_CIRCLE, 1.0, {0, 0, 1}},
    {INTERFACE_CUBIC, 0.8, {0.5, -0.75, 0.2}},
};
static const char *INPUT_NAMES[INPUTS] = {"standard", "clusters"};
static const slab_bell_t STANDARD[] = {{1, {0, 0}, 1}};
static const slab_bell_t CLUSTERS[] = {
    {0.5, {-1.25, -0.25}, 0.75}, {0.3, {1.25, 0.875}, 0.625}, {0.2, {0.625, -1.375}, 0.5}};
static const slab_input_t INPUT[INPUTS] = {{1, STANDARD}, {3, CLUSTERS}};

static const double WIDEST = 0.32; // half-widths 0.32, 0.32 / sqrt 2, ...
static const double EPSILON = 0.1; // tolerance of the gates
static const double TEMPERATURE[TEMPERATURES] = {0.02, 0.05, 0.12};
static const uint64_t SAMPLES = 1000000, QUICK_SAMPLES = 60000;

static double width_at(int i) {
    return WIDEST * pow(2, -0.5 * i);
}

// One interface under one input, with what is computed for it.
typedef struct scene {
    int interface, input;
    double profile[3];   // F, F', F'' at 0
    double mass[WIDTHS]; // of the symmetric slabs
    double error[WIDTHS], second[WIDTHS], sides[WIDTHS];
    double roads, worst_z; // largest difference of the two roads; largest z of the sample
} scene_t;

// sum weight phi(0) / (s width)^power.
static double profile_bound(const interface_t *interface, const slab_input_t *input, int power) {
    double sum = 0;
    for (size_t i = 0; i < input->count; i++)
        sum += input->bells[i].weight * pow(interface->slope * input->bells[i].width, -power);
    return sum * gsl_ran_ugaussian_pdf(0);
}

static double profile(experiment_t *run, const interface_t *interface, const slab_input_t *input, int order) {
    gsl_sf_result value;
    experiment_require(run, slab_profile(interface, input, 0, order, &value), "profile");
    return value.val;
}

static double by_levels(experiment_t *run, const interface_t *interface, const slab_input_t *input,
                        double low, double high) {
    gsl_sf_result mass;
    experiment_require(run, slab_mass_by_levels(interface, input, low, high, &mass), "mass by levels");
    return mass.val;
}

static double by_chords(experiment_t *run, const interface_t *interface, const slab_input_t *input,
                        double low, double high) {
    gsl_sf_result mass;
    experiment_require(run, slab_mass_by_chords(interface, input, low, high, &mass), "mass by chords");
    return mass.val;
}

//[core
// The slabs of one scene by two roads, and what is left of them after one order and after two.
static void measure(experiment_t *run, scene_t *scene) {
    const interface_t *interface = &INTERFACE[scene->interface];
    const slab_input_t *input = &INPUT[scene->input];
    double *f = scene->profile; // F, F', F'' at 0
    for (int order = 0; order < 3; order++)
        f[order] = profile(run, interface, input, order);
    for (int i = 0; i < WIDTHS; i++) {
        const double w = width_at(i);
        const double levels = by_levels(run, interface, input, -w, w);
        const double mass = by_chords(run, interface, input, -w, w);
        const double right = by_chords(run, interface, input, 0, w), left = mass - right;
        scene->mass[i] = mass;
        scene->roads = fmax(scene->roads, fabs(levels - mass));
        scene->error[i] = fabs(mass - 2 * w * f[0]);
        scene->second[i] = fabs(mass - 2 * w * f[0] - w * w * w / 3 * f[2]);
        scene->sides[i] = fabs(right - left - w * w * f[1]);
    }
}
//]core

static void check_bounds(experiment_t *run, const scene_t *scene) {
    const interface_t *interface = &INTERFACE[scene->interface];
    const slab_input_t *input = &INPUT[scene->input];
    experiment_check(run, "soft/lemma-3.6", "slab by levels against slab by chords", scene->roads, AT_MOST,
                     ROADS_AGREE, 0);
    for (int i = 0; i < WIDTHS && interface->kind != INTERFACE_CIRCLE; i++) {
        const double first = profile_bound(interface, input, 3) * gsl_pow_3(width_at(i)) / 3;
        const double next = profile_bound(interface, input, 5) * gsl_pow_5(width_at(i)) / 20;
        experiment_check(run, "soft/lemma-3.6", "error over its bound", scene->error[i] / first, AT_MOST, 1,
                         ROADS_AGREE / first);
        experiment_check(run, "soft/law-second-order", "error over its bound", scene->second[i] / next,
                         AT_MOST, 1, ROADS_AGREE / next);
    }
}

// The order of an error over the SMALL narrowest slabs.
static double order_of(const double *error) {
    double width[SMALL];
    for (int i = 0; i < SMALL; i++)
        width[i] = width_at(WIDTHS - SMALL + i);
    return fit_log_slope(width, error + WIDTHS - SMALL, SMALL);
}

static void check_orders(experiment_t *run, const scene_t *scene) {
    const double w = width_at(WIDTHS - 1), leading = 2 * w * scene->profile[0];
    // o(w): the relative error falls with the square of the width.
    experiment_check(run, "soft/lemma-3.6", "relative error of the narrowest slab",
                     scene->error[WIDTHS - 1] / leading, AT_MOST, 2e-3, 0);
    experiment_check(run, "soft/lemma-3.6", "order of the error minus 3", fabs(order_of(scene->error) - 3),
                     AT_MOST, 0.05, 0);
    experiment_check(run, "soft/law-second-order", "order of what is left minus 5",
                     fabs(order_of(scene->second) - 5), AT_MOST, 0.1, 0);
    experiment_check(run, "soft/law-second-order", "order of the difference of the sides minus 4",
                     fabs(order_of(scene->sides) - 4), AT_MOST, 0.1, 0);
    // The same F'' as second difference of the profile, by two steps to the fourth order.
    const double step = 0.02 * INTERFACE[scene->interface].slope, f = scene->profile[0];
    double sides[2];
    for (int i = 0; i < 2; i++) {
        gsl_sf_result up, down;
        const interface_t *interface = &INTERFACE[scene->interface];
        experiment_require(run, slab_profile(interface, &INPUT[scene->input], step * (i + 1), 0, &up),
                           "profile");
        experiment_require(run, slab_profile(interface, &INPUT[scene->input], -step * (i + 1), 0, &down),
                           "profile");
        sides[i] = up.val + down.val - 2 * f;
    }
    experiment_check(run, "soft/law-second-order", "F'' by the flow against differences of F",
                     fabs((16 * sides[0] - sides[1]) / (12 * step * step) - scene->profile[2]), AT_MOST, 1e-4,
                     0);
}

// Whether the gate of a sample is ambiguous, for each interface and temperature.
static int sample_gates(const montecarlo_block_t *block, const void *context) {
    const slab_input_t *input = context;
    stream_t picks = *block->stream;
    stream_normals(block->stream, block->work, 2 * block->count);
    stream_uniforms(&picks, block->work + 2 * block->count, block->count);
    for (size_t i = 0; i < block->count; i++) {
        size_t bell = 0;
        double left = block->work[2 * block->count + i];
        while (bell + 1 < input->count && left > input->bells[bell].weight)
            left -= input->bells[bell++].weight;
        const slab_bell_t *b = &input->bells[bell];
        const double x[2] = {b->centre[0] + b->width * block->work[2 * i],
                             b->centre[1] + b->width * block->work[2 * i + 1]};
        for (int k = 0; k < INTERFACES; k++) {
            const double logits[2] = {interface_score(&INTERFACE[k], x), 0};
            for (int t = 0; t < TEMPERATURES; t++)
                block->samples[i * INTERFACES * TEMPERATURES + (size_t)(k * TEMPERATURES + t)] =
                    softmax_is_ambiguous(logits, 2, TEMPERATURE[t], EPSILON);
        }
    }
    return GSL_SUCCESS;
}

// Proposition 3.5 in its own words: gates, temperatures and C_epsilon.
static void check_gates(experiment_t *run, scene_t *scenes) {
    static const char *PARTS[INPUTS] = {"standard gates", "cluster gates"};
    for (int j = 0; j < INPUTS; j++) {
        moments_t *moments =
            experiment_montecarlo(run, PARTS[j], experiment_quick(run) ? QUICK_SAMPLES : SAMPLES,
                                  INTERFACES * TEMPERATURES, 3 * MONTECARLO_BLOCK, sample_gates, &INPUT[j]);
        for (int k = 0; k < INTERFACES; k++) {
            scene_t *scene = &scenes[j * INTERFACES + k];
            for (int t = 0; t < TEMPERATURES; t++) {
                const double w = margin_kappa(EPSILON) * TEMPERATURE[t];
                const gsl_sf_result sampled = moments_estimate(moments, (size_t)(k * TEMPERATURES + t));
                const double mass = by_chords(run, &INTERFACE[k], &INPUT[j], -w, w);
                scene->worst_z = fmax(scene->worst_z, fabs(sampled.val - mass) / sampled.err);
                const double leading = 2 * w * scene->profile[0]; // C_epsilon tau
                if (t == 0)
                    experiment_check(run, "soft/prop-3.5", "mass over C tau minus 1 at the least temperature",
                                     fabs(mass / leading - 1), AT_MOST, w * w, 0);
                experiment_check(run, "soft/prop-3.5", "mass over C tau and its next order minus 1",
                                 fabs(mass / (leading + gsl_pow_3(w) / 3 * scene->profile[2]) - 1), AT_MOST,
                                 gsl_pow_4(w), 0);
            }
            experiment_check(run, "soft/prop-3.5", "z of the sampled gates against quadrature",
                             scene->worst_z, AT_MOST, MAX_Z, 0);
        }
        moments_free(moments);
    }
}

static void write_scenes(experiment_t *run, const scene_t *scenes) {
    static const table_column_t COLUMNS[] = {
        {"interface", "1", NULL, ""},        {"input", "1", NULL, ""},
        {"slope", "1", "%.4f", NULL},        {"shape_1", "1", "%.4f", NULL},
        {"shape_2", "1", "%.4f", NULL},      {"shape_3", "1", "%.4f", NULL},
        {"profile", "1", "%.8f", "%.5f"},    {"first", "1", "%.8f", "%.5f"},
        {"second", "1", "%.8f", "%.5f"},     {"mass", "1", "%.8f", "%.6f"},
        {"order_one", "1", "%.3f", "%.2f"},  {"order_two", "1", "%.2f", "%.2f"},
        {"order_side", "1", "%.2f", "%.2f"}, {"z", "1", "%.2f", "%.1f"},
    };
    enum { WIDTH = sizeof COLUMNS / sizeof *COLUMNS };
    table_t *table = experiment_table(run, "", "profiles, masses and orders of the error of eight scenes",
                                      COLUMNS, WIDTH, SCENES);
    for (int i = 0; i < SCENES; i++) {
        const scene_t *scene = &scenes[i];
        const interface_t *interface = &INTERFACE[scene->interface];
        table_text(table, INTERFACE_NAMES[scene->interface]);
        table_text(table, INPUT_NAMES[scene->input]);
        const double values[] = {interface->slope,        interface->shape[0],    interface->shape[1],
                                 interface->shape[2],     scene->profile[0],      scene->profile[1],
                                 scene->profile[2],       scene->mass[PRINTED],   order_of(scene->error),
                                 order_of(scene->second), order_of(scene->sides), scene->worst_z};
        for (size_t c = 0; c < sizeof values / sizeof *values; c++)
            table_real(table, values[c]);
    }
}

// Over all scenes: the deviation of the sampled gates, and the relative error of the leading term at the printed width.
static void state_largest(experiment_t *run, const scene_t *scenes) {
    double worst_z = 0, relative = 0;
    for (int i = 0; i < SCENES; i++) {
        worst_z = fmax(worst_z, scenes[i].worst_z);
        relative = fmax(relative, scenes[i].error[PRINTED] / scenes[i].mass[PRINTED]);
    }
    experiment_macro(run, "WorstZ", "%.1f", worst_z);
    experiment_macro(run, "WorstRelative", "%.3f", relative);
    experiment_macro(run, "PrintedWidth", "%.2f", width_at(PRINTED));
}

static void write_errors(experiment_t *run, const scene_t *scenes) {
    static const table_column_t COLUMNS[] = {{"scene", "1", NULL, NULL},
                                             {"width", "1", "%.8f", NULL},
                                             {"error", "1", "%.3e", NULL},
                                             {"left", "1", "%.2e", NULL},
                                             {"sides", "1", "%.3e", NULL}};
    table_t *table =
        experiment_table(run, "errors", "what is left of the mass after one and after two orders", COLUMNS, 5,
                         SCENES * WIDTHS);
    for (int i = 0; i < SCENES; i++)
        for (int j = 0; j < WIDTHS; j++) {
            table_integer(table, i);
            table_real(table, width_at(j));
            table_real(table, scenes[i].error[j]);
            table_real(table, scenes[i].second[j]);
            table_real(table, scenes[i].sides[j]);
        }
}

// ---- Random interfaces and inputs ----

enum { MOST_BELLS = 3 };
static const int RANDOM_SCENES = 600, QUICK_RANDOM_SCENES = 24;

typedef struct random_scene {
    interface_t interface;
    slab_bell_t bells[MOST_BELLS];
    size_t count;
    double width;
    double ratio; // error over its bound
} random_scene_t;

static random_scene_t draw_scene(stream_t *s) {
    random_scene_t scene = {.count = (size_t)stream_pick(s, 1, MOST_BELLS)};
    const double angle = stream_between(s, -M_PI, M_PI);
    const interface_kind_t kind = (interface_kind_t)stream_pick(s, 0, 2);
    scene.interface = (interface_t){kind, draw_log_uniform(s, 0.3, 3), {cos(angle), sin(angle), 0}};
    scene.interface.shape[2] =
        kind == INTERFACE_CIRCLE ? stream_between(s, 0.5, 2) : stream_between(s, -1, 1);
    for (size_t i = 0; i < scene.count; i++)
        scene.bells[i] = (slab_bell_t){1.0 / (double)scene.count,
                                       {stream_between(s, -2, 2), stream_between(s, -2, 2)},
                                       stream_between(s, 0.5, 1.5)};
    scene.width = scene.interface.slope * draw_log_uniform(s, 0.01, 0.4);
    return scene;
}

static void check_random(experiment_t *run) {
    const int scenes = experiment_quick(run) ? QUICK_RANDOM_SCENES : RANDOM_SCENES;
    random_scene_t worst = {.ratio = 0};
    double roads = 0, excess = -1;
    int bounded = 0;
    for (int i = 0; i < scenes; i++) {
        stream_t s = experiment_stream(run, (uint32_t)i);
        random_scene_t scene = draw_scene(&s);
        const slab_input_t input = {scene.count, scene.bells};
        const double w = scene.width, mass = by_chords(run, &scene.interface, &input, -w, w);
        roads = fmax(roads, fabs(mass - by_levels(run, &scene.interface, &input, -w, w)));
        if (scene.interface.kind == INTERFACE_CIRCLE)
            continue;
        const double bound = profile_bound(&scene.interface, &input, 3) * gsl_pow_3(w) / 3;
        const double error = fabs(mass - 2 * w * profile(run, &scene.interface, &input, 0));
        excess = fmax(excess, error - bound);
        scene.ratio = error / bound;
        bounded++;
        if (scene.ratio > worst.ratio)
            worst = scene;
    }
    experiment_check(run, "soft/lemma-3.6", "random slabs by levels against slabs by chords", roads, AT_MOST,
                     ROADS_AGREE, 0);
    experiment_check(run, "soft/lemma-3.6", "largest excess of an error over its bound in random slabs",
                     excess, AT_MOST, 0, 0);
    experiment_macro_integer(run, "RandomScenes", scenes);
    experiment_macro_integer(run, "BoundedScenes", bounded);
    experiment_macro(run, "WorstRatio", "%.4f", worst.ratio);
    experiment_macro_text(run, "WorstKind", INTERFACE_NAMES[worst.interface.kind == INTERFACE_LINE ? 0 : 3]);
    experiment_macro(run, "WorstSlope", "%.4f", worst.interface.slope);
    experiment_macro(run, "WorstShapeOne", "%.4f", worst.interface.shape[0]);
    experiment_macro(run, "WorstShapeTwo", "%.4f", worst.interface.shape[1]);
    experiment_macro(run, "WorstShapeThree", "%.4f", worst.interface.shape[2]);
    experiment_macro(run, "WorstWidth", "%.4f", worst.width);
    experiment_macro_integer(run, "WorstBells", (long long)worst.count);
    experiment_macro(run, "WorstCentreOne", "%.4f", worst.bells[0].centre[0]);
    experiment_macro(run, "WorstCentreTwo", "%.4f", worst.bells[0].centre[1]);
    experiment_macro(run, "WorstBell", "%.4f", worst.bells[0].width);
}

// ---- Where the order is lost ----

// A law, an interface and what is known of the slab |S| <= w.
typedef struct lost {
    const char *name;
    double (*profile)(double cube_root,
                      const void *context); // F(t) dt with t = u^3, which is smooth at a root or a pole
    double (*mass)(double w);               // by an area or by chords
    double leading;                         // 2 F(0), or 0 where there is none
    double order;                           // of the error; 0 where F(0) is infinite
} lost_t;

// Uniform on the square [-1, 1]^2, S = (x + y) / sqrt 2: a chord parallel to the diagonal has the length 2 sqrt 2 - 2 |t|.
static double corner_profile(double u, const void *context) {
    (void)context;
    return (M_SQRT2 - fabs(u * u * u)) / 2 * 3 * u * u;
}

static double corner_mass(double w) {
    return 1 - gsl_pow_2(1 - w / M_SQRT2); // the square without two triangles
}

// Uniform on the square, S = (|x|^2 - 1) / 2: the inscribed circle; beyond it four arcs leave the square.
static double tangent_profile(double u, const void *context) {
    (void)context;
    const double t = u * u * u;
    return (2 * M_PI - (t > 0 ? 8 * atan(sqrt(2 * t)) : 0)) / 4 * 3 * u * u;
}

static double tangent_mass(double w) {
    // A disc of radius R > 1 without four segments, minus a smaller disc.
    const double square = 1 + 2 * w, angle = acos(1 / sqrt(square));
    return (M_PI * square - 4 * (square * angle - sqrt(2 * w)) - M_PI * (1 - 2 * w)) / 4;
}

// Standard Gaussian, S = x y: the interface crosses itself, and grad S vanishes there. F(t) = K_0(|t|) / pi.
static double crossing_profile(double u, const void *context) {
    (void)context;
    return u == 0 ? 0 : gsl_sf_bessel_K0(fabs(u * u * u)) / M_PI * 3 * u * u;
}

static double crossing_chord(double log_x, const void *context) {
    const double w = *(const double *)context, x = exp(log_x);
    return 2 * x * gsl_ran_ugaussian_pdf(x) * gaussian_slab_mass(0, w / x);
}

static double crossing_mass(double w) {
    const double points[] = {log(w) - 40, log(w) - 6, log(w), 0, log(9.0)};
    gsl_sf_result mass;
    return quadrature_integrate(crossing_chord, &w, points, 5, 1e-13, &mass) == GSL_SUCCESS ? mass.val : NAN;
}

enum { LOST = 3, LOST_WIDTHS = 12 };
static const lost_t LOST_CASES[LOST] = {
    {"corner", corner_profile, corner_mass, M_SQRT2, 2},
    {"tangent", tangent_profile, tangent_mass, M_PI, 1.5},
    {"crossing", crossing_profile, crossing_mass, 0, 0},
};

static double lost_width(int i) {
    return WIDEST * pow(2, -i);
}

static void check_lost(experiment_t *run, const lost_t *lost, table_t *table) {
    double width[LOST_WIDTHS], error[LOST_WIDTHS], mass[LOST_WIDTHS];
    for (int i = 0; i < LOST_WIDTHS; i++) {
        width[i] = lost_width(i);
        mass[i] = lost->mass(width[i]);
        const double end = cbrt(width[i]), points[] = {-end, 0, end};
        gsl_sf_result levels;
        experiment_require(run, quadrature_integrate(lost->profile, NULL, points, 3, 1e-13, &levels),
                           "profile");
        experiment_check(run, "soft/law-second-order", "lost order: levels against area",
                         fabs(levels.val - mass[i]), AT_MOST, ROADS_AGREE, 0);
        error[i] = fabs(mass[i] - lost->leading * width[i]);
        table_text(table, lost->name);
        table_real(table, width[i]);
        table_real(table, mass[i]);
        table_real(table, error[i]);
    }
    const int last = LOST_WIDTHS - 1;
    if (lost->order > 0)
        experiment_check(run, "soft/law-second-order", "lost order minus its value",
                         fabs(fit_log_slope(width + SMALL, error + SMALL, LOST_WIDTHS - SMALL) - lost->order),
                         AT_MOST, 0.02, 0);
    else
        // P / (2 w) grows by ln 2 / pi with every halving of w, without end.
        experiment_check(
            run, "soft/law-second-order", "growth of P over 2 w at a self-crossing",
            fabs(mass[last] / (2 * width[last]) - mass[last - 1] / (2 * width[last - 1]) - M_LN2 / M_PI),
            AT_MOST, 1e-5, 0);
}

static int sample_lost(const montecarlo_block_t *block, const void *context) {
    (void)context;
    stream_t squares = *block->stream;
    stream_normals(block->stream, block->work, 2 * block->count);
    stream_uniforms(&squares, block->work + 2 * block->count, 2 * block->count);
    for (size_t i = 0; i < block->count; i++) {
        const double *z = block->work + 2 * i, *u = block->work + 2 * (block->count + i);
        const double x = 2 * u[0] - 1, y = 2 * u[1] - 1;
        const double scores[LOST] = {(x + y) / M_SQRT2, (x * x + y * y - 1) / 2, z[0] * z[1]};
        for (size_t k = 0; k < LOST; k++)
            block->samples[i * LOST + k] = fabs(scores[k]) <= WIDEST / 4;
    }
    return GSL_SUCCESS;
}

static void check_lost_orders(experiment_t *run) {
    static const table_column_t COLUMNS[] = {{"case", "1", NULL, NULL},
                                             {"width", "1", "%.8f", NULL},
                                             {"mass", "1", "%.10f", NULL},
                                             {"error", "1", "%.6e", NULL}};
    table_t *table = experiment_table(run, "lost", "masses where the profile is not twice differentiable",
                                      COLUMNS, 4, LOST * LOST_WIDTHS);
    for (int k = 0; k < LOST; k++)
        check_lost(run, &LOST_CASES[k], table);
    moments_t *moments =
        experiment_montecarlo(run, "lost orders", experiment_quick(run) ? QUICK_SAMPLES : SAMPLES, LOST,
                              4 * MONTECARLO_BLOCK, sample_lost, NULL);
    for (size_t k = 0; k < LOST; k++) {
        const gsl_sf_result sampled = moments_estimate(moments, k);
        experiment_check(run, "soft/law-second-order", "z of a lost order: area against sampling",
                         fabs(sampled.val - LOST_CASES[k].mass(WIDEST / 4)) / sampled.err, AT_MOST, MAX_Z, 0);
    }
    moments_free(moments);
}

// ---- The picture ----

static void write_points(experiment_t *run) {
    enum { POINTS = 1400 };
    static const table_column_t COLUMNS[] = {{"x", "1", "%.3f", NULL},
                                             {"y", "1", "%.3f", NULL},
                                             {"line", "1", "%.3f", NULL},
                                             {"circle", "1", "%.3f", NULL},
                                             {"cubic", "1", "%.3f", NULL}};
    static const int DRAWN[] = {0, 1, 3};
    table_t *table =
        experiment_table(run, "points", "points of the clusters with their scores", COLUMNS, 5, POINTS);
    const slab_input_t *input = &INPUT[1];
    stream_t s = experiment_stream(run, stream_experiment("points"));
    for (int i = 0; i < POINTS; i++) {
        double z[2], left = stream_between(&s, 0, 1);
        stream_normals(&s, z, 2);
        size_t bell = 0;
        while (bell + 1 < input->count && left > input->bells[bell].weight)
            left -= input->bells[bell++].weight;
        const slab_bell_t *b = &input->bells[bell];
        const double x[2] = {b->centre[0] + b->width * z[0], b->centre[1] + b->width * z[1]};
        table_real(table, x[0]);
        table_real(table, x[1]);
        for (int k = 0; k < 3; k++)
            table_real(table, interface_score(&INTERFACE[DRAWN[k]], x));
    }
}

static void plan(experiment_t *run) {
    scene_t scenes[SCENES] = {{0}};
    experiment_parameter(run, "Epsilon", "%.1f", EPSILON, "1");
    experiment_parameter(run, "Widest", "%.2f", WIDEST, "1");
    experiment_macro(run, "RoadsAgree", "\\num{%.0e}", ROADS_AGREE);
    experiment_parameter(run, "Samples", "\\num{%.0f}",
                         (double)(experiment_quick(run) ? QUICK_SAMPLES : SAMPLES), "points");
    for (int i = 0; i < SCENES; i++) {
        scenes[i].interface = i % INTERFACES;
        scenes[i].input = i / INTERFACES;
        measure(run, &scenes[i]);
        check_bounds(run, &scenes[i]);
        check_orders(run, &scenes[i]);
    }
    check_gates(run, scenes);
    check_random(run);
    check_lost_orders(run);
    state_largest(run, scenes);
    write_scenes(run, scenes);
    write_errors(run, scenes);
    write_points(run);
    experiment_claim(run, "soft/prop-3.5", VERDICT_HOLDS, METHOD_QUADRATURE, "coarea.csv");
    experiment_claim(run, "soft/lemma-3.6", VERDICT_HOLDS, METHOD_QUADRATURE,
                     "coarea.csv and coarea.errors.csv");
    experiment_claim(run, "soft/law-second-order", VERDICT_HOLDS, METHOD_QUADRATURE,
                     "coarea.errors.csv, coarea.lost.csv, and the proof in section coarea");
}

int main(int argc, char **argv) {
    static const experiment_plan_t PLAN = {
        "coarea", "The mass of a slab around an interface: first and next order, and where they are lost", 31,
        plan};
    return experiment_main(&PLAN, argc, argv);
}
