// SPDX-License-Identifier: GPL-3.0-or-later
// Drawings of planar layers; see drawing.h.
#include "cli/drawing.h"

#include "cli/gnuplot.h"
#include "geometry/picture.h"

#include <flint/fmpq.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdio.h>

// Pale tints of Okabe and Ito's colours, as in the report.
static const char *const TINTS[PICTURE_COLOURS] = {"#CBE2F0", "#FBE3B5", "#C8E7DB",
                                                   "#F5D2BC", "#F4DDE9", "#F8F4C3"};
// The largest cells carry the name of their coalition, when they take up this part of the picture at least.
static const double NAMED_AREA = 0.012;
// A letter is about this part of the picture wide, and a name may be so many times as long as its cell is wide.
static const double LETTER = 0.0093, OVERHANG = 1.2;

bool drawing_knows(const char *path) {
    return gnuplot_knows(path);
}

static double dot(const fmpq_mat_t points, slong i, slong j) {
    fmpq_t sum, left, right;
    fmpq_init(sum);
    fmpq_init(left);
    fmpq_init(right);
    for (slong c = 0; c < fmpq_mat_ncols(points); c++) {
        fmpq_sub(left, fmpq_mat_entry(points, i, c), fmpq_mat_entry(points, 0, c));
        fmpq_sub(right, fmpq_mat_entry(points, j, c), fmpq_mat_entry(points, 0, c));
        fmpq_addmul(sum, left, right);
    }
    const double value = fmpq_get_d(sum);
    fmpq_clear(sum);
    fmpq_clear(left);
    fmpq_clear(right);
    return value;
}

enum { ALL_COLOURS = -1 };

// The outlines of the cells of one colour, or of all, as a block of data.
static void print_cells(FILE *script, const picture_t *picture, int colour) {
    if (colour == ALL_COLOURS)
        fputs("$walls << END\n", script);
    else
        fprintf(script, "$cells%d << END\n", colour);
    for (size_t i = 0; i < picture->cells; i++) {
        const picture_cell_t *cell = &picture->cell[i];
        if (colour != ALL_COLOURS && cell->colour != colour)
            continue;
        for (size_t c = 0; c <= cell->corners; c++) {
            const planar_point_t p = picture->corner[cell->corner + c % cell->corners];
            fprintf(script, "%.6f %.6f\n", p.x, p.y);
        }
        fputc('\n', script);
    }
    fputs("END\n", script);
}

static void print_folds(FILE *script, const picture_t *picture) {
    fputs("$folds << END\n", script);
    for (size_t i = 0; i < picture->folds; i++) {
        const picture_fold_t *fold = &picture->fold[i];
        fprintf(script, "%.6f %.6f %.6f %.6f\n", fold->from.x, fold->from.y, fold->to.x - fold->from.x,
                fold->to.y - fold->from.y);
    }
    fputs("END\n", script);
}

// The letters of a coalition's name.
static int name_length(const slong *members, slong active) {
    int length = (int)active - 1;
    for (slong k = 0; k < active; k++)
        length += snprintf(NULL, 0, "%ld", members[k]);
    return length;
}

static bool has_room(const picture_t *picture, size_t cell, const picture_frame_t *frame) {
    const slong *members = picture->members + (slong)cell * picture->active;
    const double area = picture->cell[cell].area / (frame->width * frame->height);
    return area >= NAMED_AREA && LETTER * name_length(members, picture->active) <= OVERHANG * sqrt(area);
}

// Returns whether there is one.
static bool print_names(FILE *script, const picture_t *picture, const picture_frame_t *frame) {
    bool named = false;
    fputs("$names << END\n", script);
    for (size_t i = 0; i < picture->cells; i++) {
        const picture_cell_t *cell = &picture->cell[i];
        if (picture->cells == 1 || !has_room(picture, i, frame))
            continue;
        named = true;
        fprintf(script, "%.6f %.6f ", cell->centre.x, cell->centre.y);
        for (slong k = 0; k < picture->active; k++)
            fprintf(script, "%s%ld", k > 0 ? "," : "", picture->members[(slong)i * picture->active + k]);
        fputc('\n', script);
    }
    fputs("END\n", script);
    return named;
}

static void print_points(FILE *script, const planar_point_t places[3]) {
    fputs("$points << END\n", script);
    for (int i = 0; i < 3; i++)
        fprintf(script, "%.6f %.6f %d\n", places[i].x, places[i].y, i);
    fputs("END\n", script);
}

static void print_head(FILE *script, const char *output, bool svg, const picture_frame_t *frame) {
    if (svg)
        fputs("set terminal svg size 900,900 font 'Helvetica,15' background '#FFFFFF'\n", script);
    else
        fputs("set terminal pdfcairo size 15cm,15cm font 'Helvetica,9'\n", script);
    fprintf(script, "set output '%s'\n", output);
    fputs("unset border\nunset tics\nunset key\nset size ratio -1\n"
          "set lmargin at screen 0.01\nset rmargin at screen 0.99\nset tmargin at screen 0.99\n"
          "set bmargin at screen 0.01\n",
          script);
    fprintf(script, "set xrange [0:%.9g]\nset yrange [0:%.9g]\n", frame->width, frame->height);
}

static bool has_colour(const picture_t *picture, int colour) {
    for (size_t i = 0; i < picture->cells; i++)
        if (picture->cell[i].colour == colour)
            return true;
    return false;
}

// gnuplot warns of blocks without data, so that none of these is plotted.
static void print_plot(FILE *script, const picture_t *picture, bool named) {
    fputs("plot \\\n", script);
    for (int colour = 0; colour < PICTURE_COLOURS; colour++)
        if (has_colour(picture, colour))
            fprintf(script,
                    "  $cells%d using 1:2 with filledcurves closed fs solid 1 noborder lc rgb '%s', \\\n",
                    colour, TINTS[colour]);
    if (picture->folds > 0)
        fputs("  $folds using 1:2:3:4 with vectors nohead lc rgb '#8E8E8E' lw 0.4, \\\n", script);
    if (picture->cells > 0)
        fputs("  $walls using 1:2 with lines lc rgb '#222222' lw 1.2, \\\n", script);
    if (named)
        fputs("  $names using 1:2:3 with labels textcolor rgb '#222222', \\\n", script);
    fputs("  $points using 1:2 with points pt 7 ps 0.6 lc rgb '#222222', \\\n"
          "  $points using 1:2:(sprintf('p%d', $3)) with labels offset 1.1,0.6 textcolor rgb '#222222'\n",
          script);
}

// What is drawn.
typedef struct drawing {
    picture_t picture;
    picture_frame_t frame;
    planar_point_t places[3];
} drawing_t;

static void print_script(FILE *script, const char *output, bool svg, const void *context) {
    const drawing_t *drawing = context;
    const picture_t *picture = &drawing->picture;
    print_head(script, output, svg, &drawing->frame);
    for (int colour = 0; colour < PICTURE_COLOURS; colour++)
        print_cells(script, picture, colour);
    print_cells(script, picture, ALL_COLOURS);
    print_folds(script, picture);
    const bool named = print_names(script, picture, &drawing->frame);
    print_points(script, drawing->places);
    print_plot(script, picture, named);
}

fault_status_t drawing_write(const layer_t *layer, const fmpq_mat_t points, double margin, const char *path,
                             fault_t *fault) {
    const double gram[3] = {dot(points, 1, 1), dot(points, 1, 2), dot(points, 2, 2)};
    drawing_t drawing = {0};
    if (picture_frame_around(gram, 1, margin, &drawing.frame, drawing.places) != GSL_SUCCESS)
        return fault_set(fault, FAULT_INPUT,
                         "the three points are too close to a line, or too far apart, for a picture");
    if (gnuplot_examine(path, fault) != FAULT_NONE)
        return fault->status;
    if (picture_draw(layer, &drawing.frame, &drawing.picture) != GSL_SUCCESS)
        fault_set(fault, FAULT_SYSTEM, "out of memory for the picture");
    else
        gnuplot_draw(path, print_script, &drawing, fault);
    picture_clear(&drawing.picture);
    return fault->status;
}
