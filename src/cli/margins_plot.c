// SPDX-License-Identifier: GPL-3.0-or-later
// The picture of moegeom margins: on the left P(gap <= w) of every layer, on the right the flips of every layer and cast; see
// margins.h.
#include "cli/gnuplot.h"
#include "cli/margins.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    CAUSES = MARGINS_LIST + 1, // another dump, and casts
    LISTED = 9,                // layers in the key of the left panel at most
    BARRED = 20,               // layers beyond which observations have no error bars
    TICS = 12,                 // layers beyond which not all are named
    NAME = 16,
};

// Okabe and Ito's colours, and two more for long lists; points that differ in shape.
static const char *const COLOURS[] = {"#222222", "#0072B2", "#E69F00", "#009E73", "#D55E00",
                                      "#CC79A7", "#56B4E9", "#7A7A7A", "#8C6D31"};
static const int SHAPES[] = {13, 7, 5, 9, 11, 13, 15, 6, 4};
enum { COLOUR_COUNT = sizeof COLOURS / sizeof *COLOURS };

// From the first layer to the last.
static const double RAMP[][3] = {{13, 8, 135}, {126, 3, 168}, {204, 71, 120}, {235, 121, 66}, {230, 159, 0}};
enum { STOPS = sizeof RAMP / sizeof *RAMP };

// A cause of flips, with its values in every layer.
typedef struct cause {
    const char *name;
    bool between;
    size_t cast;
    double label; // where its name stands: log10 of a percentage
} cause_t;

typedef struct plot {
    const margins_result_t *result;
    const margins_survey_t *survey;
    size_t causes;
    cause_t cause[CAUSES];
    bool svg;
} plot_t;

static int colour_of_layer(const plot_t *plot, size_t layer) {
    const size_t layers = plot->survey->layers;
    const double place = layers > 1 ? (double)layer / (double)(layers - 1) * (STOPS - 1) : 0.5;
    const size_t stop = place >= STOPS - 1 ? STOPS - 2 : (size_t)place;
    int colour = 0;
    for (int i = 0; i < 3; i++)
        colour = 256 * colour +
                 (int)lround(RAMP[stop][i] + (place - (double)stop) * (RAMP[stop + 1][i] - RAMP[stop][i]));
    return colour;
}

// A name as gnuplot may see it: what could mean something to it is replaced.
static const char *tame(char room[NAME], const char *name) {
    size_t i = 0;
    for (; i < NAME - 1 && name[i] != '\0'; i++)
        room[i] = isalnum((unsigned char)name[i]) || strchr("._-+/:#, ", name[i]) != NULL ? name[i] : '?';
    room[i] = '\0';
    return room;
}

// ---- What there is to draw -----------------------------------------------------------------------------------------

typedef struct values {
    double predicted, observed, low, high; // in percent
} values_t;

static values_t values_of(const plot_t *plot, const cause_t *cause, size_t layer) {
    const margin_report_t *report = &plot->survey->layer[layer].report;
    const margin_between_t *between = &report->between;
    const binomial_rate_t *rate = cause->between ? &between->observed : &report->cast[cause->cast].observed;
    double predicted = cause->between ? between->predicted.val : report->cast[cause->cast].predicted.val;
    if (cause->between && between->compared == 0)
        predicted = NAN;
    return (values_t){100 * predicted, 100 * rate->rate, 100 * rate->low, 100 * rate->high};
}

static bool shows(const plot_t *plot, const cause_t *cause) {
    for (size_t i = 0; i < plot->survey->layers; i++) {
        const values_t values = values_of(plot, cause, i);
        if (values.predicted > 0 || values.observed > 0)
            return true;
    }
    return false;
}

static void add_cause(plot_t *plot, cause_t cause) {
    if (shows(plot, &cause))
        plot->cause[plot->causes++] = cause;
}

static void find_causes(plot_t *plot) {
    const margins_request_t *request = plot->result->request;
    if (plot->survey->layer[0].report.between.observed.trials > 0)
        add_cause(plot, (cause_t){.name = "two dumps", .between = true});
    for (size_t i = 0; plot->survey->scores && i < request->cast_count; i++)
        add_cause(plot, (cause_t){.name = request->casts[i].name, .cast = i});
}

static size_t style_of(const plot_t *plot, size_t cause) {
    const size_t first = plot->cause[0].between ? 0 : 1;
    return (first + cause) % COLOUR_COUNT;
}

// ---- The left panel: P(gap <= w) ----------------------------------------------------------------------------------

// Whole decades around positive numbers.
typedef struct range {
    double low, high;
} range_t;

static void widen(range_t *range, double value) {
    if (value > 0 && isfinite(value)) {
        range->low = fmin(range->low, value);
        range->high = fmax(range->high, value);
    }
}

static range_t decades(range_t range) {
    const double low = floor(log10(range.low) + 1e-9), high = ceil(log10(range.high) - 1e-9);
    return (range_t){pow(10, low), pow(10, high > low ? high : low + 1)};
}

// A little more than what is in it, at least two decades.
static range_t loosen(range_t range) {
    return range.high / range.low < 100 ? decades(range) : (range_t){range.low / 1.5, range.high * 1.5};
}

// The smallest gaps of a sample say little.
static size_t first_point(const margins_layer_t *layer) {
    const size_t few = 4;
    return layer->points > 2 * few ? few : 0;
}

static bool has_curves(const plot_t *plot) {
    size_t points = 0;
    for (size_t i = 0; i < plot->survey->layers; i++)
        points += plot->survey->layer[i].points;
    return points > 0;
}

static void print_curves(FILE *script, const plot_t *plot, range_t *gaps, range_t *shares) {
    *gaps = *shares = (range_t){INFINITY, 0};
    fputs("$curves << END\n", script);
    for (size_t i = 0; i < plot->survey->layers; i++) {
        const margins_layer_t *layer = &plot->survey->layer[i];
        for (size_t p = first_point(layer); p < layer->points; p++) {
            fprintf(script, "%.6g %.6g %d\n", layer->curve[p].gap, layer->curve[p].share,
                    colour_of_layer(plot, i));
            widen(gaps, layer->curve[p].gap);
            widen(shares, layer->curve[p].share);
        }
        fputc('\n', script);
    }
    fputs("END\n", script);
}

// The key in the empty corner: all layers when there are few, else some from the first to the last.
static void print_key(FILE *script, const plot_t *plot) {
    const size_t layers = plot->survey->layers, count = layers < LISTED ? layers : LISTED - 2;
    char room[NAME];
    if (layers == 1)
        return;
    for (size_t i = 0; i < count; i++) {
        const size_t layer = (i * (layers - 1) + (count - 1) / 2) / (count - 1);
        const double height = 0.95 - 0.06 * (double)i;
        fprintf(script,
                "set arrow from graph 0.03,%.3f to graph 0.085,%.3f nohead lw 2 lc rgb %d\n"
                "set label 'layer %s' at graph 0.105,%.3f textcolor rgb '#222222' noenhanced\n",
                height, height, colour_of_layer(plot, layer), tame(room, plot->result->names[layer]), height);
    }
}

// Where the numbers of formats are so far apart.
static void print_spacings(FILE *script, const plot_t *plot, range_t gaps) {
    const margins_request_t *request = plot->result->request;
    for (size_t i = 0; i < request->cast_count; i++) {
        const double spacing = margins_spacing(plot->survey, i);
        if (request->casts[i].kind != ROUNDING_FLOAT || !(spacing > gaps.low && spacing < gaps.high))
            continue;
        fprintf(script,
                "set arrow from first %.6g,graph 0 to first %.6g,graph 1 nohead lw 0.8 dt (6,4) lc rgb "
                "'#9A9A9A' back\n"
                "set label '%s' at first %.6g,graph 0.03 rotate by 90 offset character -1.2,0 textcolor rgb "
                "'#6A6A6A'\n",
                spacing, spacing, request->casts[i].name, spacing);
    }
}

static void print_left(FILE *script, const plot_t *plot) {
    range_t gaps, shares;
    print_curves(script, plot, &gaps, &shares);
    gaps = loosen(gaps);
    shares = loosen(shares);
    shares.low = fmin(shares.low, 0.1); // of layers with one row each all shares are 1
    fprintf(script, "set xrange [%.6g:%.6g]\nset yrange [%.6g:1]\n", gaps.low, gaps.high, shares.low);
    const margin_report_t *report = &plot->survey->layer[0].report;
    const bool law = plot->survey->layers == 1 && report->density.val > 0 && report->exact_ties == 0;
    fprintf(script,
            "set logscale xy\nset format x '10^{%%L}'\nset format y '10^{%%L}'\n"
            "set xlabel 'w, in units of the scores'\n"
            "set label 'P(gap ≤ w)%s' at graph 0,1.06 textcolor rgb '#222222'\n",
            law ? "; dashed: the density at 0, times w" : "");
    print_key(script, plot);
    print_spacings(script, plot, gaps);
    fprintf(script, "plot $curves using 1:2:3 with lines lw %.1f lc rgb variable",
            plot->survey->layers == 1    ? 2.0
            : plot->survey->layers <= 12 ? 1.4
                                         : 0.8);
    if (law)
        fprintf(script, ", %.6g * x with lines lw 1 dt (5,3) lc rgb '#7A7A7A'", report->density.val);
    fputs("\nunset label\nunset arrow\nunset logscale\n", script);
}

// ---- The right panel: flips ----------------------------------------------------------------------------------------

static double positive(double value) {
    return value > 0 ? value : NAN;
}

// A line for each layer (or a place for each cause): predicted, observed, low, high. What is far below one row is not drawn.
static range_t print_causes(FILE *script, const plot_t *plot) {
    range_t range = {INFINITY, 0};
    for (size_t c = 0; c < plot->causes; c++) {
        fprintf(script, "$cause%zu << END\n", c);
        for (size_t i = 0; i < plot->survey->layers; i++) {
            const values_t values = values_of(plot, &plot->cause[c], i);
            const double least = 30 / (double)plot->survey->layer[i].rows;
            if (values.predicted > 0)
                widen(&range, fmax(values.predicted, least));
            widen(&range, values.observed);
            fprintf(script, "%zu %.6g %.6g %.6g %.6g\n", plot->survey->layers > 1 ? i : c,
                    positive(values.predicted), positive(values.observed), fmax(values.low, 1e-9),
                    values.high);
        }
        fputs("END\n", script);
    }
    return decades(range);
}

// Where a line ends: the mean of its last tenth.
static double end_of(const plot_t *plot, const cause_t *cause) {
    const size_t layers = plot->survey->layers, from = layers - 1 - layers / 10;
    double sum = 0;
    for (size_t i = from; i < layers; i++) {
        const values_t values = values_of(plot, cause, i);
        sum += values.predicted > 0 ? values.predicted : values.observed;
    }
    return sum / (double)(layers - from);
}

// Keeps the names at the lines' ends apart: upwards from the lowest, then down again from the top.
static void place_labels(plot_t *plot, range_t range) {
    const double step = 0.058 * log10(range.high / range.low), top = log10(range.high);
    size_t order[CAUSES];
    for (size_t c = 0; c < plot->causes; c++) {
        plot->cause[c].label = log10(fmax(end_of(plot, &plot->cause[c]), range.low));
        size_t place = c;
        for (; place > 0 && plot->cause[order[place - 1]].label > plot->cause[c].label; place--)
            order[place] = order[place - 1];
        order[place] = c;
    }
    for (size_t i = 1; i < plot->causes; i++)
        plot->cause[order[i]].label =
            fmax(plot->cause[order[i]].label, plot->cause[order[i - 1]].label + step);
    double most = top;
    for (size_t i = plot->causes; i-- > 0; most = plot->cause[order[i]].label - step)
        plot->cause[order[i]].label = fmin(plot->cause[order[i]].label, most);
}

static void print_cause_names(FILE *script, plot_t *plot, range_t range) {
    if (plot->survey->layers == 1)
        return;
    place_labels(plot, range);
    for (size_t c = 0; c < plot->causes; c++)
        fprintf(script, "set label '%s' at graph 1.03,first %.6g textcolor rgb '%s'\n", plot->cause[c].name,
                pow(10, plot->cause[c].label), COLOURS[style_of(plot, c)]);
}

static void print_layer_tics(FILE *script, const plot_t *plot) {
    const size_t layers = plot->survey->layers, step = layers <= TICS ? 1 : (layers - 1) / 6 + 1;
    char room[NAME];
    size_t longest = 0;
    for (size_t i = 0; i < layers; i += step)
        longest = strlen(plot->result->names[i]) > longest ? strlen(plot->result->names[i]) : longest;
    fprintf(script, "set xrange [%.3f:%.3f]\n", -0.02 * (double)layers - 0.2,
            (double)layers - 0.8 + 0.02 * (double)layers);
    fprintf(script, "set xlabel 'layer'\nset xtics %snoenhanced (", longest > 4 ? "rotate by -40 " : "");
    for (size_t i = 0; i < layers; i += step)
        fprintf(script, "%s'%s' %zu", i > 0 ? ", " : "", tame(room, plot->result->names[i]), i);
    fputs(")\n", script);
}

static void print_cause_tics(FILE *script, const plot_t *plot) {
    fprintf(script, "set xrange [-0.6:%.1f]\nunset xlabel\nset xtics %snoenhanced (",
            (double)plot->causes - 0.4, plot->causes > 4 ? "rotate by -35 " : "");
    for (size_t c = 0; c < plot->causes; c++)
        fprintf(script, "%s'%s' %zu", c > 0 ? ", " : "", plot->cause[c].name, c);
    fputs(")\n", script);
}

static void print_flips(FILE *script, const plot_t *plot) {
    const bool one = plot->survey->layers == 1, bars = plot->survey->layers <= BARRED;
    fputs("plot \\\n", script);
    for (size_t c = 0; c < plot->causes; c++) {
        const size_t style = style_of(plot, c);
        const char *colour = COLOURS[style];
        if (one)
            fprintf(script,
                    "  $cause%zu using ($1-0.32):2:(0.64):(0) with vectors nohead lw 1.4 dt (4,2) lc "
                    "rgb '#7A7A7A', \\\n",
                    c);
        else
            fprintf(script, "  $cause%zu using 1:2 with lines lw 1.1 dt (5,2) lc rgb '%s', \\\n", c, colour);
        if (bars)
            fprintf(script, "  $cause%zu using 1:3:4:5 with yerrorbars pt %d ps %.2f lw 1.2 lc rgb '%s'", c,
                    SHAPES[style], plot->svg ? 0.8 : 0.45, colour);
        else
            fprintf(script, "  $cause%zu using 1:3 with points pt %d ps %.2f lc rgb '%s'", c, SHAPES[style],
                    plot->svg ? 0.55 : 0.32, colour);
        fputs(c + 1 < plot->causes ? ", \\\n" : "\n", script);
    }
}

static void print_right(FILE *script, plot_t *plot) {
    const range_t range = print_causes(script, plot);
    fprintf(script, "set logscale y\nset format x '%%g'\nset format y '%%g'\nset yrange [%.6g:%.6g]\n",
            range.low, range.high);
    fputs("set label 'rows that change experts, %: predicted (dashed), observed (points)' at graph 0,1.06 "
          "textcolor rgb '#222222'\n",
          script);
    if (plot->survey->layers == 1)
        print_cause_tics(script, plot);
    else
        print_layer_tics(script, plot);
    print_cause_names(script, plot, range);
    print_flips(script, plot);
}

// ---- The picture ---------------------------------------------------------------------------------------------------

static void print_head(FILE *script, const char *output, bool svg, bool both) {
    const double width = both ? 18 : 11, height = 8.4;
    fputs("set encoding utf8\n", script);
    if (svg)
        fprintf(script, "set terminal svg size %.0f,%.0f font 'Helvetica,15' background '#FFFFFF'\n",
                66 * width, 66 * height);
    else
        fprintf(script, "set terminal pdfcairo size %.1fcm,%.1fcm font 'Helvetica,9'\n", width, height);
    fprintf(script, "set output '%s'\nset multiplot\n", output);
    fputs("set border 3 lc rgb '#222222' lw 0.8\nset tics out nomirror scale 0.6 textcolor rgb '#222222'\n"
          "set key off\nset tmargin at screen 0.89\nset bmargin at screen 0.17\nset bars small\n",
          script);
}

static void print_script(FILE *script, const char *output, bool svg, const void *context) {
    plot_t plot = {.result = context, .svg = svg};
    plot.survey = plot.result->survey;
    find_causes(&plot);
    const bool left = has_curves(&plot), right = plot.causes > 0;
    print_head(script, output, svg, left && right);
    if (left) {
        fprintf(script, "set lmargin at screen %s\nset rmargin at screen %s\n", right ? "0.065" : "0.11",
                right ? "0.445" : "0.96");
        print_left(script, &plot);
    }
    if (right) {
        fprintf(script, "set lmargin at screen %s\nset rmargin at screen %s\n", left ? "0.53" : "0.11",
                plot.survey->layers == 1 ? "0.98"
                : left                   ? "0.90"
                                         : "0.84");
        print_right(script, &plot);
    }
    fputs("unset multiplot\n", script);
}

fault_status_t margins_draw(const margins_result_t *result, const char *path, fault_t *fault) {
    return gnuplot_draw(path, print_script, result, fault);
}
