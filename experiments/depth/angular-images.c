// SPDX-License-Identifier: GPL-3.0-or-later
// Images under random routers: how many coalitions uncentred and centred data meet, all together and between two of them.
//
// CLAIM (ours)
//   depth/law-width  W iid N(0, I), no biases: data in a small cone, of mean width w, meet 1 + e(N, k) w / (2 sqrt(2 pi))
//                    coalitions on average, to first order, whatever their dimension; an arc between two directions at the
//                    angle l meets 1 + e(N, k) l / (2 pi) of them, exactly
//
// DERIVATION. Let u be the direction of the data's mean, p = x'/(x.u) with x' = x - (x.u) u the places of the data in the
// plane across u (all x.u > 0), and w = E[max g.p - min g.p] for a standard normal g: twice R/|mu| E|g| for a ball. The
// difference of two logits over x.u is D + sqrt(2) g.p, D ~ N(0, 2) and g independent; it changes its sign on the data
// when -D lies between the least and the greatest of sqrt(2) g.p. As the two of rank k and k+1 have a difference of density
// e(N, k)/(4 sqrt pi) at D = 0, counted with both signs, this happens with the probability e w/(2 sqrt(2 pi)) to first
// order, then two coalitions are met, and two such changes have a probability of the order w^2: the proof for balls,
// word for word. The ball of radius R around mu contains the data, so that it meets at least as many coalitions. For
// points on a segment w is the length times sqrt(2/pi), which gives e l/(2 pi); and this is additive along an arc.
//
// Two sets of images, their mean taken away or multiplied by a factor, go through random routers.
#include "io/experiment.h"
#include "io/experiment_images.h"
#include "routing/cap.h"
#include "routing/great_circle.h"

#include <gsl/gsl_blas.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

// ---- Parameters ----

// The mean is multiplied by each of SCALES, 0 for centred images; views are the scales 0 and 1.
enum { EXPERTS = 8, ACTIVE = 2, ROUTERS = 3000, ROUTERS_QUICK = 300, ROUTER_BLOCK = 20 };
static const double SCALES[] = {0, 1, 2, 4, 8, 16, 32, 64, 128};
enum {
    SCALE_COUNT = COUNT(SCALES),
    NEAR = 4,
    FAR = 6,
    PAIRS = 64,
    GROUPS = 8,
    GROUP = PAIRS / GROUPS,
    VIEWS = 2
};
enum { POOL = 2, FASHION_ROWS = 2000, FASHION_QUICK = 500 };
static const double WHITE = 255.0 / 256; // the largest byte of Fashion-MNIST
static const double WORST_Z = 4;         // standard errors at which a statistical check fails
static const char *const CLAIM = "depth/law-width";

static double largest(double a, double b) {
    return a > b ? a : b;
}

// ---- Images ----

// Two images of a set and the arc between their directions.
typedef struct {
    size_t first, second;
    double first_length, second_length, cosine, angle;
} arc_t;

typedef struct {
    const char *name, *title; // title: the head of its macros
    size_t rows, columns;
    double *inputs;           // rows x columns, less the mean
    double *mean;             // columns
    double *depth;            // rows: the part of an input along the mean, in inputs less the mean
    double length;            // of the mean
    double rms, most;         // lengths of the inputs less the mean
    double angle, widest;     // of the inputs to the mean: root mean square and largest
    arc_t arcs[VIEWS][PAIRS]; // by rising angle; VIEWS are the scales 0 and 1
    double expected;          // e(N, k)
} images_t;

static double dot(const double *a, const double *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

// Copies images so that a pixel of the value `white` becomes 1.
static images_t take_images(experiment_t *run, const char *name, const char *title, experiment_images_t *from,
                            double white) {
    images_t set = {
        .name = name, .title = title, .rows = from->data.rows, .columns = from->side * from->side};
    set.inputs = experiment_memory(run, malloc(set.rows * set.columns * sizeof *set.inputs));
    for (size_t i = 0; i < set.rows * set.columns; i++)
        set.inputs[i] = from->data.inputs[i] / white;
    experiment_images_free(from);
    return set;
}

static images_t read_digits(experiment_t *run) {
    experiment_images_t all = experiment_digits(run);
    return take_images(run, "digits", "Digits", &all, 1);
}

// The first images, each pixel the mean of POOL x POOL.
static images_t read_fashion(experiment_t *run) {
    experiment_images_t first =
        experiment_fashion(run, FASHION_TEST, 0, experiment_quick(run) ? FASHION_QUICK : FASHION_ROWS, POOL);
    return take_images(run, "fashion", "Fashion", &first, WHITE);
}

static void take_mean_away(experiment_t *run, images_t *set) {
    const size_t d = set->columns;
    double squares = 0, angles = 0;
    set->mean = experiment_memory(run, calloc(d + set->rows, sizeof *set->mean));
    set->depth = set->mean + d;
    for (size_t i = 0; i < set->rows * d; i++)
        set->mean[i % d] += set->inputs[i] / (double)set->rows;
    set->length = sqrt(dot(set->mean, set->mean, d));
    for (size_t i = 0; i < set->rows; i++) {
        double *x = set->inputs + i * d;
        const double angle = acos(dot(x, set->mean, d) / sqrt(dot(x, x, d)) / set->length);
        for (size_t j = 0; j < d; j++)
            x[j] -= set->mean[j];
        const double square = dot(x, x, d);
        set->depth[i] = dot(x, set->mean, d) / set->length;
        set->most = largest(set->most, sqrt(square));
        set->widest = largest(set->widest, angle);
        squares += square;
        angles += angle * angle;
    }
    set->rms = sqrt(squares / (double)set->rows);
    set->angle = sqrt(angles / (double)set->rows);
}

// The inner product of two inputs whose mean is multiplied by `scale`.
static double scaled_product(const images_t *set, size_t a, size_t b, double scale) {
    const double *x = set->inputs;
    const size_t d = set->columns;
    return dot(x + a * d, x + b * d, d) +
           scale * set->length * (set->depth[a] + set->depth[b] + scale * set->length);
}

static int compare_arcs(const void *a, const void *b) {
    const double p = ((const arc_t *)a)->angle, q = ((const arc_t *)b)->angle;
    return (p > q) - (p < q);
}

static void draw_arcs(experiment_t *run, images_t *set) {
    stream_t stream = stream_at(experiment_seed(run), stream_experiment("angular-images.pairs"), 0);
    for (size_t p = 0; p < PAIRS; p++) {
        uint64_t word[2];
        do
            stream_bits(&stream, word, 2);
        while (word[0] % set->rows == word[1] % set->rows);
        for (size_t view = 0; view < VIEWS; view++) {
            arc_t *arc = &set->arcs[view][p];
            *arc = (arc_t){.first = word[0] % set->rows, .second = word[1] % set->rows};
            arc->first_length = sqrt(scaled_product(set, arc->first, arc->first, SCALES[view]));
            arc->second_length = sqrt(scaled_product(set, arc->second, arc->second, SCALES[view]));
            arc->cosine = scaled_product(set, arc->first, arc->second, SCALES[view]) /
                          (arc->first_length * arc->second_length);
            arc->angle = acos(arc->cosine);
        }
    }
    for (size_t view = 0; view < VIEWS; view++)
        qsort(set->arcs[view], PAIRS, sizeof *set->arcs[view], compare_arcs);
}

// The components of a sample: coalitions met at each scale; less what the mean width predicts; met by experts 1 and 2
// alone; changes on the arcs of each group; changes on all arcs less what the angles predict.
enum {
    MET = 0,
    LESS_WIDTH = MET + SCALE_COUNT,
    MET_BY_TWO = LESS_WIDTH + SCALE_COUNT,
    ARCS = MET_BY_TWO + SCALE_COUNT,
    ARCS_LESS = ARCS + VIEWS * GROUPS,
    COMPONENTS = ARCS_LESS + VIEWS
};
_Static_assert((int)COMPONENTS <= (int)MOMENTS_MAX_DIM, "a sample has room");

// Logits of one router: N for each centred input, and those of the mean.
typedef struct {
    const images_t *set;
    const double *centred;
    double mean[EXPERTS];
} view_t;

// The two largest logits as one of 64 bits.
static uint64_t pair_bit(const double *z, const double *shift) {
    size_t first = 0, second = 1;
    double top = z[0] + shift[0], next = z[1] + shift[1];
    if (next > top) {
        first = 1;
        second = 0;
        const double kept = top;
        top = next;
        next = kept;
    }
    for (size_t i = 2; i < EXPERTS; i++) {
        const double logit = z[i] + shift[i];
        if (logit > top) {
            second = first;
            next = top;
            first = i;
            top = logit;
        } else if (logit > next) {
            second = i;
            next = logit;
        }
    }
    return (uint64_t)1 << (first < second ? first * EXPERTS + second : second * EXPERTS + first);
}
_Static_assert(ACTIVE == 2 && EXPERTS * EXPERTS <= 64, "coalitions are pairs, and one word holds them");

// The widths max - min of g.p, g = (w_i - w_j)/sqrt 2, over (i, j) = (1, 2), (3, 4), ...; their mean. Adding the same number
// to all g.p changes nothing, so that the logits' difference over the depth will do.
static double mean_width(const view_t *v, double scale, const double *shift) {
    double most[EXPERTS / 2], least[EXPERTS / 2], sum = 0;
    for (size_t i = 0; i < EXPERTS / 2; i++) {
        most[i] = -INFINITY;
        least[i] = INFINITY;
    }
    for (size_t row = 0; row < v->set->rows; row++) {
        const double *z = v->centred + row * EXPERTS,
                     factor = 1 / (v->set->depth[row] + scale * v->set->length);
        for (size_t i = 0; i < EXPERTS / 2; i++) {
            const double value = (z[2 * i] - z[2 * i + 1] + shift[2 * i] - shift[2 * i + 1]) * factor;
            most[i] = value > most[i] ? value : most[i];
            least[i] = value < least[i] ? value : least[i];
        }
    }
    for (size_t i = 0; i < EXPERTS / 2; i++)
        sum += (most[i] - least[i]) * M_SQRT1_2;
    return sum / (EXPERTS / 2);
}

static void meet_images(const view_t *v, size_t index, double *sample) {
    const double scale = SCALES[index];
    double shift[EXPERTS];
    uint64_t met = 0;
    bool above = false, below = false;
    for (size_t i = 0; i < EXPERTS; i++)
        shift[i] = scale * v->mean[i];
    for (size_t row = 0; row < v->set->rows; row++) {
        const double *z = v->centred + row * EXPERTS;
        const double difference = z[0] + shift[0] - z[1] - shift[1];
        met |= pair_bit(z, shift);
        above |= difference > 0;
        below |= difference < 0;
    }
    const double count = __builtin_popcountll(met);
    sample[MET + index] = count;
    sample[MET_BY_TWO + index] = above + below;
    sample[LESS_WIDTH + index] =
        scale > 0 ? count - 1 - v->set->expected / (2 * sqrt(2 * M_PI)) * mean_width(v, scale, shift) : 0;
}

// Changes of the coalition on the great circle from one image to another.
static double changes_on(const view_t *v, const arc_t *arc, double scale) {
    double a[EXPERTS], b[EXPERTS];
    const double sine = sin(arc->angle);
    for (size_t i = 0; i < EXPERTS; i++) {
        a[i] = (v->centred[arc->first * EXPERTS + i] + scale * v->mean[i]) / arc->first_length;
        b[i] = ((v->centred[arc->second * EXPERTS + i] + scale * v->mean[i]) / arc->second_length -
                arc->cosine * a[i]) /
               sine;
    }
    return (double)cap_arc_changes(a, b, EXPERTS, ACTIVE, arc->angle);
}

static void follow_arcs(const view_t *v, size_t view, double *sample) {
    double less = 0, *groups = sample + ARCS + view * GROUPS;
    for (size_t g = 0; g < GROUPS; g++)
        groups[g] = 0;
    for (size_t p = 0; p < PAIRS; p++) {
        const arc_t *arc = &v->set->arcs[view][p];
        const double changes = changes_on(v, arc, SCALES[view]);
        groups[p / GROUP] += changes / GROUP;
        less += (changes - arc->angle / (2 * M_PI) * v->set->expected) / PAIRS;
    }
    sample[ARCS_LESS + view] = less;
}

// Draws routers and lets all images through them.
static int route_images(const montecarlo_block_t *block, const void *context) {
    const images_t *set = context;
    double *router = block->work, *centred = router + EXPERTS * set->columns;
    const gsl_matrix_const_view inputs = gsl_matrix_const_view_array(set->inputs, set->rows, set->columns);
    gsl_matrix_view weights = gsl_matrix_view_array(router, EXPERTS, set->columns),
                    logits = gsl_matrix_view_array(centred, set->rows, EXPERTS);
    for (size_t i = 0; i < block->count; i++) {
        view_t view = {.set = set, .centred = centred};
        double *sample = block->samples + i * COMPONENTS;
        stream_normals(block->stream, router, EXPERTS * set->columns);
        gsl_blas_dgemm(CblasNoTrans, CblasTrans, 1, &inputs.matrix, &weights.matrix, 0, &logits.matrix);
        for (size_t e = 0; e < EXPERTS; e++)
            view.mean[e] = dot(router + e * set->columns, set->mean, set->columns);
        for (size_t s = 0; s < SCALE_COUNT; s++)
            meet_images(&view, s, sample);
        for (size_t v = 0; v < VIEWS; v++)
            follow_arcs(&view, v, sample);
    }
    return GSL_SUCCESS;
}

static moments_t *sample_routers(experiment_t *run, const images_t *set) {
    return experiment_montecarlo_blocks(run, set->name, experiment_quick(run) ? ROUTERS_QUICK : ROUTERS,
                                        ROUTER_BLOCK, COMPONENTS, EXPERTS * (set->rows + set->columns),
                                        route_images, set);
}

// ---- What the images show ----

typedef struct {
    table_t *summary, *scales, *arcs;
    double arc_z, width_z,
        ball_z; // largest |z| of the arcs; of the mean width at the largest scale; of two experts over the ball
    double steepest, flattest; // slopes of the number met less one at the largest scales
} findings_t;

static void macro(experiment_t *run, const images_t *set, const char *name, const char *format,
                  double value) {
    char full[64];
    snprintf(full, sizeof full, "%s%s", set->title, name);
    experiment_macro(run, full, format, value);
}

static void write_summary(experiment_t *run, const images_t *set, const moments_t *sample, findings_t *f) {
    const gsl_sf_result centred = moments_estimate(sample, MET), raw = moments_estimate(sample, MET + 1);
    char name[64];
    for (size_t view = 0; view < VIEWS; view++) {
        const gsl_sf_result met = view == 1 ? raw : centred;
        double angle = 0;
        for (size_t p = 0; p < PAIRS; p++)
            angle += set->arcs[view][p].angle / PAIRS;
        snprintf(name, sizeof name, "%s%s", set->name, view == 1 ? "" : " centred");
        table_text(f->summary, name);
        table_real(f->summary, view == 1 ? set->length : 0);
        table_real(f->summary, set->rms);
        table_real(f->summary, set->most);
        table_real(f->summary, met.val);
        table_real(f->summary, met.err);
        table_real(f->summary, angle * 180 / M_PI);
        table_real(f->summary, 1 + angle / (2 * M_PI) * set->expected);
        double changes = 0;
        for (size_t g = 0; g < GROUPS; g++)
            changes += moments_mean(sample, ARCS + view * GROUPS + g) / GROUPS;
        table_real(f->summary, 1 + changes);
        table_real(f->summary, moments_estimate(sample, ARCS_LESS + view).err);
    }
    macro(run, set, "Images", "%.0f", (double)set->rows);
    macro(run, set, "Pixels", "%.0f", (double)set->columns);
    macro(run, set, "Angle", "%.0f", set->angle * 180 / M_PI);
    macro(run, set, "Widest", "%.0f", set->widest * 180 / M_PI);
    macro(run, set, "Ratio", "%.2f", set->rms / set->length);
    macro(run, set, "MostRatio", "%.2f", set->most / set->length);
    macro(run, set, "Met", "%.1f", raw.val);
    macro(run, set, "MetCentred", "%.1f", centred.val);
}

static void write_scales(experiment_t *run, const images_t *set, const moments_t *sample, findings_t *f) {
    ball_t slope;
    experiment_require(run, great_circle_cap(EXPERTS, ACTIVE, set->columns, &slope), "great_circle_cap");
    for (size_t s = 1; s < SCALE_COUNT; s++) {
        const double ratio = set->most / (SCALES[s] * set->length);
        const gsl_sf_result met = moments_estimate(sample, MET + s),
                            two = moments_estimate(sample, MET_BY_TWO + s);
        // A ball that contains the origin shows both coalitions of two experts.
        const double ball =
            1 + (ratio < 1 ? gsl_sf_beta_inc(0.5, ((double)set->columns - 1) / 2, ratio * ratio) : 1);
        f->ball_z = largest(f->ball_z, (two.val - ball) / largest(two.err, 1e-12));
        table_text(f->scales, set->name);
        const double cells[] = {SCALES[s],
                                set->rms / (SCALES[s] * set->length),
                                ratio,
                                met.val,
                                met.err,
                                met.val - moments_mean(sample, LESS_WIDTH + s),
                                1 + slope.value * ratio,
                                two.val,
                                two.err,
                                ball};
        for (size_t c = 0; c < COUNT(cells); c++)
            table_real(f->scales, cells[c]);
    }
    const size_t last = SCALE_COUNT - 1;
    const gsl_sf_result less = moments_estimate(sample, LESS_WIDTH + last);
    f->width_z = largest(f->width_z, fabs(less.val) / less.err);
    const double near = moments_mean(sample, MET + NEAR) - 1, far = moments_mean(sample, MET + FAR) - 1,
                 falls = log(near / far) / log(SCALES[FAR] / SCALES[NEAR]);
    f->steepest = largest(f->steepest, falls);
    f->flattest = f->flattest < falls ? f->flattest : falls;
    macro(run, set, "Fall", "%.2f", falls);
    macro(run, set, "Power", "%.0f", (double)set->columns - 1);
    const double width = moments_mean(sample, MET + last) - 1 - less.val;
    macro(run, set, "FarMet", "%.4f", moments_mean(sample, MET + last));
    macro(run, set, "FarMetError", "%.4f", moments_estimate(sample, MET + last).err);
    macro(run, set, "FarWidth", "%.4f", 1 + width);
    macro(run, set, "WidthShare", "%.2f", width / (slope.value * set->most / (SCALES[last] * set->length)));
}

static void write_arcs(const images_t *set, const moments_t *sample, findings_t *f) {
    for (size_t view = 0; view < VIEWS; view++) {
        for (size_t g = 0; g < GROUPS; g++) {
            double angle = 0;
            for (size_t p = 0; p < GROUP; p++)
                angle += set->arcs[view][g * GROUP + p].angle / GROUP;
            const gsl_sf_result changes = moments_estimate(sample, ARCS + view * GROUPS + g);
            const double expected = angle / (2 * M_PI) * set->expected;
            table_text(f->arcs, set->name);
            table_integer(f->arcs, view == 0);
            const double cells[] = {angle, 1 + expected, 1 + changes.val, changes.err,
                                    (changes.val - expected) / changes.err};
            for (size_t c = 0; c < COUNT(cells); c++)
                table_real(f->arcs, cells[c]);
            f->arc_z = largest(f->arc_z, fabs(changes.val - expected) / changes.err);
        }
        const gsl_sf_result less = moments_estimate(sample, ARCS_LESS + view);
        f->arc_z = largest(f->arc_z, fabs(less.val) / less.err);
    }
}

static void examine_images(experiment_t *run, images_t *set, findings_t *f) {
    ball_t ties;
    experiment_require(run, great_circle_cells(EXPERTS, ACTIVE, &ties), "great_circle_cells");
    set->expected = ties.value;
    take_mean_away(run, set);
    draw_arcs(run, set);
    moments_t *sample = sample_routers(run, set);
    write_summary(run, set, sample, f);
    write_scales(run, set, sample, f);
    write_arcs(set, sample, f);
    moments_free(sample);
    free(set->inputs);
    free(set->mean);
}

static findings_t open_findings(experiment_t *run) {
    static const table_column_t summary[] = {
        {"images", "text", NULL, ""},         {"mean_length", "1", "%.4f", "%.2f"},
        {"rms_radius", "1", "%.4f", "%.2f"},  {"radius", "1", "%.4f", "%.2f"},
        {"met", "1", "%.4f", "%.2f"},         {"error", "1", "%.4f", "%.2f"},
        {"angle", "degrees", "%.4f", "%.1f"}, {"arc_law", "1", "%.4f", "%.3f"},
        {"arc_met", "1", "%.4f", "%.3f"},     {"arc_error", "1", "%.4f", "%.3f"}};
    static const table_column_t scales[] = {
        {"images", "text", NULL, NULL},   {"scale", "1", "%.0f", NULL},   {"rms_ratio", "1", "%.8f", NULL},
        {"ratio", "1", "%.8f", NULL},     {"met", "1", "%.6f", NULL},     {"error", "1", "%.6f", NULL},
        {"width", "1", "%.6f", NULL},     {"ball", "1", "%.6f", NULL},    {"two", "1", "%.6f", NULL},
        {"two_error", "1", "%.6f", NULL}, {"two_ball", "1", "%.6f", NULL}};
    static const table_column_t arcs[] = {{"images", "text", NULL, NULL}, {"centred", "0 or 1", NULL, NULL},
                                          {"angle", "1", "%.6f", NULL},   {"expected", "1", "%.6f", NULL},
                                          {"mean", "1", "%.6f", NULL},    {"error", "1", "%.6f", NULL},
                                          {"z", "1", "%.3f", NULL}};
    return (findings_t){
        .flattest = INFINITY,
        .summary =
            experiment_table(run, "", "images under random routers: coalitions met by all, and between two",
                             summary, COUNT(summary), 2 * VIEWS),
        .scales = experiment_table(run, "scales", "coalitions met when the images' mean is multiplied",
                                   scales, COUNT(scales), 2 * (SCALE_COUNT - 1)),
        .arcs = experiment_table(run, "arcs",
                                 "coalitions met between two images, in groups of equal numbers of pairs",
                                 arcs, COUNT(arcs), 2 * VIEWS * GROUPS)};
}

static void decide_images(experiment_t *run) {
    images_t digits = read_digits(run), fashion = read_fashion(run);
    findings_t f = open_findings(run);
    examine_images(run, &digits, &f);
    examine_images(run, &fashion, &f);
    experiment_check(run, CLAIM, "largest |z| of the law for arcs between images", f.arc_z, AT_MOST, WORST_Z,
                     0);
    experiment_check(run, CLAIM, "two experts: largest z of the images over the ball that contains them",
                     f.ball_z, AT_MOST, WORST_Z, 0);
    experiment_check(run, CLAIM, "largest |z| of the mean width at the largest distance", f.width_z, AT_MOST,
                     WORST_Z, 0);
    // The printed exponent is d - 1, above 60. The sampling error of an exponent is below 0.1 even in a quick run.
    experiment_check(run, CLAIM, "images: largest exponent of the number met less one", f.steepest, AT_MOST,
                     1.5, 0);
    experiment_check(run, CLAIM, "images: least exponent of the number met less one", f.flattest, AT_LEAST,
                     0.5, 0);
    experiment_macro(run, "ArcZ", "%.1f", f.arc_z);
    experiment_macro(run, "WidthZ", "%.1f", f.width_z);
    experiment_macro_integer(run, "Coalitions", (long long)(gsl_sf_choose(EXPERTS, ACTIVE) + 0.5));
}

static void run_angular_images(experiment_t *run) {
    const bool quick = experiment_quick(run);
    experiment_parameter(run, "Routers", "%.0f", quick ? ROUTERS_QUICK : ROUTERS, "routers");
    experiment_parameter(run, "FarScale", "%.0f", SCALES[SCALE_COUNT - 1], "1");
    experiment_parameter(run, "FallFrom", "%.0f", SCALES[NEAR], "1");
    experiment_parameter(run, "FallTo", "%.0f", SCALES[FAR], "1");
    experiment_parameter(run, "Pairs", "%.0f", PAIRS, "pairs of images");
    experiment_parameter(run, "Experts", "%.0f", EXPERTS, "1");
    experiment_parameter(run, "Active", "%.0f", ACTIVE, "1");
    decide_images(run);
    experiment_claim(run, CLAIM, VERDICT_HOLDS, METHOD_MONTECARLO,
                     "angular-images.scales.csv and angular-images.arcs.csv");
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {
        .name = "angular-images",
        .brief = "coalitions that two sets of images, uncentred and centred, show to random routers",
        .seed = 58,
        .run = run_angular_images};
    return experiment_main(&plan, argc, argv);
}
