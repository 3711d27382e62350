// SPDX-License-Identifier: GPL-3.0-or-later
// The matrix M of a Gaussian router; see response_matrix.h.
#include "routing/response_matrix.h"

#include "stat/quadrature.h"

#include <acb.h>
#include <gsl/gsl_eigen.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <string.h>

enum { MOST = RESPONSE_MAX_DIMENSION };

// 2 int z^3 phi(z) dz beyond REACH, 2 (REACH^2 + 2) phi(REACH), is below LEFT_OUT.
static const double REACH = 12, LEFT_OUT = 1e-28;

response_moments_t response_sign_moments(double deviation) {
    const double first = deviation * M_2_SQRTPI * M_SQRT1_2;
    return (response_moments_t){first, 2 * gsl_pow_2(deviation) * first};
}

// ---- Moments of tanh ----

typedef struct moment {
    int power;
    double x; // infinite for the sign
} moment_t;

static double moment_integrand(double z, const void *context) {
    const moment_t *moment = context;
    return 2 * gsl_ran_ugaussian_pdf(z) * tanh(moment->x * z) * gsl_pow_int(z, moment->power);
}

static int check_moment(int power, double x) {
    return (power == 1 || power == 3) && x >= 0 && x <= 1e3 ? GSL_SUCCESS : GSL_EDOM;
}

int response_tanh_moment(int power, double x, gsl_sf_result *result) {
    const int status = check_moment(power, x);
    if (status != GSL_SUCCESS)
        return status;
    const moment_t moment = {power, x};
    // tanh has come to rest after 20/x.
    const double points[] = {0, fmin(20 / fmax(x, 1e-3), REACH), REACH};
    return quadrature_integrate(moment_integrand, &moment, points, 3, 1e-14, result);
}

// 2 phi(z) tanh(x z) z^p is meromorphic, and a ball around a pole of tanh comes out infinite.
static void moment_ball(acb_t result, const acb_t z, int analytic, const void *context, slong precision) {
    (void)analytic;
    const moment_t *moment = context;
    acb_t factor;
    acb_init(factor);
    acb_mul(factor, z, z, precision);
    acb_mul_2exp_si(factor, factor, -1);
    acb_neg(factor, factor);
    acb_exp(result, factor, precision);
    acb_pow_ui(factor, z, (ulong)moment->power, precision);
    acb_mul(result, result, factor, precision);
    if (isfinite(moment->x)) {
        acb_set_d(factor, moment->x);
        acb_mul(factor, factor, z, precision);
        acb_tanh(factor, factor, precision);
        acb_mul(result, result, factor, precision);
    }
    acb_const_pi(factor, precision); // 2 phi(z) = sqrt(2/pi) exp(-z^2/2)
    acb_mul_2exp_si(factor, factor, -1);
    acb_rsqrt(factor, factor, precision);
    acb_mul(result, result, factor, precision);
    acb_clear(factor);
}

static int integrate_ball(const moment_t *moment, ball_t *result) {
    ball_t ball;
    const int status = ball_integrate(moment_ball, moment, 0, REACH, 1e-20, &ball);
    if (status != GSL_SUCCESS)
        return status;
    result->value = ball.value;
    result->radius = (ball.radius + LEFT_OUT) * (1 + 2 * GSL_DBL_EPSILON);
    return GSL_SUCCESS;
}

int response_tanh_moment_certified(int power, double x, ball_t *result) {
    const int status = check_moment(power, x);
    const moment_t moment = {power, x};
    return status != GSL_SUCCESS ? status : integrate_ball(&moment, result);
}

int response_sign_moment_certified(int power, ball_t *result) {
    const moment_t moment = {power, HUGE_VAL};
    return power == 1 || power == 3 ? integrate_ball(&moment, result) : GSL_EDOM;
}

// ---- The matrix ----

void response_apply(const double *matrix, const double *x, size_t dimension, double *y) {
    for (size_t i = 0; i < dimension; i++) {
        y[i] = 0;
        for (size_t j = 0; j < dimension; j++)
            y[i] += matrix[i * dimension + j] * x[j];
    }
}

double response_dot(const double *x, const double *y, size_t dimension) {
    double sum = 0;
    for (size_t i = 0; i < dimension; i++)
        sum += x[i] * y[i];
    return sum;
}

double response_norm(const double *x, size_t dimension) {
    return sqrt(response_dot(x, x, dimension));
}

double response_cosine(const double *x, const double *y, size_t dimension) {
    return response_dot(x, y, dimension) / (response_norm(x, dimension) * response_norm(y, dimension));
}

double response_form(const double *matrix, const double *x, const double *y, size_t dimension) {
    double image[MOST];
    response_apply(matrix, y, dimension, image);
    return response_dot(x, image, dimension);
}

double response_deviation(const response_model_t *model) {
    return sqrt(response_form(model->covariance, model->teacher, model->teacher, model->dimension));
}

double response_overlap(const response_model_t *model) {
    return response_form(model->covariance, model->contrast, model->teacher, model->dimension);
}

double response_correlation(const response_model_t *model) {
    const double power = response_form(model->covariance, model->contrast, model->contrast, model->dimension);
    return response_overlap(model) / (response_deviation(model) * sqrt(power));
}

void response_matrix(const response_model_t *model, response_moments_t moments, double *matrix) {
    const size_t d = model->dimension;
    const double variance = gsl_pow_2(response_deviation(model)), a = response_overlap(model) / variance;
    double alpha[MOST], across[MOST]; // across = P d
    response_apply(model->covariance, model->teacher, d, alpha);
    response_apply(model->covariance, model->contrast, d, across);
    for (size_t i = 0; i < d; i++) {
        alpha[i] /= variance;
        across[i] -= variance * a * alpha[i];
    }
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++) {
            const double along = alpha[i] * alpha[j], rest = model->covariance[i * d + j] - variance * along;
            matrix[i * d + j] = moments.third * a * along +
                                moments.first * (a * rest + alpha[i] * across[j] + across[i] * alpha[j]);
        }
}

void response_centred_matrix(const response_model_t *model, response_moments_t moments, double *matrix) {
    const size_t d = model->dimension;
    const double mean = moments.first * response_overlap(model) / gsl_pow_2(response_deviation(model));
    response_matrix(model, moments, matrix);
    for (size_t i = 0; i < d * d; i++)
        matrix[i] -= mean * model->covariance[i];
}

// ---- Spectra and white coordinates ----

int response_spectrum(const double *matrix, size_t dimension, double *values, double *vectors) {
    double copy[MOST * MOST];
    memcpy(copy, matrix, dimension * dimension * sizeof *copy);
    gsl_matrix_view view = gsl_matrix_view_array(copy, dimension, dimension);
    gsl_vector_view spectrum = gsl_vector_view_array(values, dimension);
    gsl_matrix_view basis = gsl_matrix_view_array(vectors, dimension, dimension);
    gsl_eigen_symmv_workspace *workspace = gsl_eigen_symmv_alloc(dimension);
    if (workspace == NULL)
        return GSL_ENOMEM;
    int status = gsl_eigen_symmv(&view.matrix, &spectrum.vector, &basis.matrix, workspace);
    gsl_eigen_symmv_free(workspace);
    if (status == GSL_SUCCESS)
        status = gsl_eigen_symmv_sort(&spectrum.vector, &basis.matrix, GSL_EIGEN_SORT_VAL_DESC);
    return status == GSL_SUCCESS ? gsl_matrix_transpose(&basis.matrix) : status;
}

int response_whiten(const response_model_t *model, double *root, double *teacher, double *contrast) {
    const size_t d = model->dimension;
    double values[MOST], vectors[MOST * MOST];
    const int status = response_spectrum(model->covariance, d, values, vectors);
    if (status != GSL_SUCCESS)
        return status;
    if (!(values[d - 1] > 0))
        return GSL_EDOM;
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++) {
            root[i * d + j] = 0;
            for (size_t k = 0; k < d; k++)
                root[i * d + j] += sqrt(values[k]) * vectors[k * d + i] * vectors[k * d + j];
        }
    response_apply(root, model->teacher, d, teacher);
    response_apply(root, model->contrast, d, contrast);
    const double deviation = response_deviation(model);
    for (size_t i = 0; i < d; i++)
        teacher[i] /= deviation;
    return GSL_SUCCESS;
}

// ---- Random populations ----

// Rows of standard normals made orthonormal, each one twice against rounding.
static void orthonormalise(double *rows, size_t d) {
    for (size_t i = 0; i < d; i++) {
        double *row = rows + i * d;
        for (size_t pass = 0; pass < 2; pass++) {
            for (size_t k = 0; k < i; k++) {
                const double along = response_dot(row, rows + k * d, d);
                for (size_t j = 0; j < d; j++)
                    row[j] -= along * rows[k * d + j];
            }
            const double norm = response_norm(row, d);
            for (size_t j = 0; j < d; j++)
                row[j] /= norm;
        }
    }
}

void response_draw(stream_t *stream, size_t dimension, double condition, response_model_t *model) {
    const size_t d = dimension;
    double axes[MOST * MOST], lambda[MOST];
    stream_normals(stream, axes, d * d);
    orthonormalise(axes, d);
    stream_uniforms(stream, lambda, d);
    stream_normals(stream, model->teacher, d);
    stream_normals(stream, model->contrast, d);
    const double norm = response_norm(model->teacher, d);
    model->dimension = d;
    for (size_t i = 0; i < d; i++) {
        model->teacher[i] /= norm;
        lambda[i] = exp((lambda[i] - 0.5) * log(condition));
    }
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++) {
            double sum = 0;
            for (size_t k = 0; k < d; k++)
                sum += lambda[k] * axes[k * d + i] * axes[k * d + j];
            model->covariance[i * d + j] = sum;
        }
}

void response_draw_positive(stream_t *stream, size_t dimension, double condition, response_model_t *model) {
    response_draw(stream, dimension, condition, model);
    const double side = response_overlap(model) < 0 ? -1 : 1;
    for (size_t i = 0; i < dimension; i++)
        model->teacher[i] *= side;
}
