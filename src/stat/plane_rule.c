// SPDX-License-Identifier: GPL-3.0-or-later
// A quadrature rule for a Gaussian pair; see plane_rule.h.
#include "stat/plane_rule.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_math.h>
#include <math.h>
#include <stdlib.h>

enum { MAX_CUTS = 2 * PLANE_RULE_MAX_LINES };

size_t plane_rule_count(size_t lines, size_t angles, size_t radii) {
    return 2 * lines * angles * radii;
}

static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// The angles, ascending over one turn, at which the lines cut the circle of (cos t, sin t); L = (a 0; b c).
static void cut_circle(const double factor[3], const double *normals, size_t lines, double *cuts) {
    for (size_t i = 0; i < lines; i++) {
        // n'L(cos t, sin t) = 0
        const double x = factor[0] * normals[2 * i] + factor[1] * normals[2 * i + 1],
                     y = factor[2] * normals[2 * i + 1];
        const double angle = atan2(-x, y);
        cuts[2 * i] = angle <= 0 ? angle + M_PI : angle;
        cuts[2 * i + 1] = cuts[2 * i] + M_PI;
    }
    qsort(cuts, 2 * lines, sizeof *cuts, ascending);
}

static void fill(const double factor[3], const double *cuts, size_t arcs,
                 const gsl_integration_glfixed_table *around, size_t angles,
                 const gsl_integration_glfixed_table *along, size_t radii, double *x, double *weight) {
    size_t node = 0;
    for (size_t arc = 0; arc < arcs; arc++) {
        const double end = arc + 1 < arcs ? cuts[arc + 1] : cuts[0] + 2 * M_PI;
        for (size_t i = 0; i < angles; i++) {
            double t, arc_weight;
            gsl_integration_glfixed_point(cuts[arc], end, i, &t, &arc_weight, around);
            for (size_t j = 0; j < radii; j++, node++) {
                double r, radius_weight;
                gsl_integration_glfixed_point(0, PLANE_RULE_REACH, j, &r, &radius_weight, along);
                x[2 * node] = factor[0] * r * cos(t);
                x[2 * node + 1] = factor[1] * r * cos(t) + factor[2] * r * sin(t);
                weight[node] = arc_weight * radius_weight * r * exp(-0.5 * r * r) / (2 * M_PI);
            }
        }
    }
}

int plane_rule(const double covariance[3], const double *normals, size_t lines, size_t angles, size_t radii,
               double *x, double *weight) {
    if (lines < 1 || lines > PLANE_RULE_MAX_LINES || angles < 1 || radii < 1)
        return GSL_EINVAL;
    const double rest = covariance[2] - covariance[1] * covariance[1] / covariance[0];
    if (!(covariance[0] > 0) || !(rest > 0))
        return GSL_EDOM;
    const double first = sqrt(covariance[0]), factor[3] = {first, covariance[1] / first, sqrt(rest)};
    double cuts[MAX_CUTS];
    cut_circle(factor, normals, lines, cuts);
    gsl_integration_glfixed_table *around = gsl_integration_glfixed_table_alloc(angles);
    gsl_integration_glfixed_table *along = gsl_integration_glfixed_table_alloc(radii);
    if (around != NULL && along != NULL)
        fill(factor, cuts, 2 * lines, around, angles, along, radii, x, weight);
    const int status = around != NULL && along != NULL ? GSL_SUCCESS : GSL_ENOMEM;
    gsl_integration_glfixed_table_free(around);
    gsl_integration_glfixed_table_free(along);
    return status;
}
