// SPDX-License-Identifier: GPL-3.0-or-later
// The router of two fixed experts on a correlated Gaussian population; see correlated_router.h.
#include "routing/correlated_router.h"

#include "routing/pair_router.h"

int correlated_router_make(const response_model_t *model, double strength, double tau,
                           correlated_router_t *router) {
    router->dimension = model->dimension;
    router->strength = strength;
    router->tau = tau;
    return response_whiten(model, router->root, router->teacher, router->contrast);
}

static pair_router_t white_model(const correlated_router_t *router) {
    return (pair_router_t){router->dimension, router->teacher, router->contrast, router->strength,
                           router->tau / 2};
}

double correlated_router_risk(const correlated_router_t *router, const double *u) {
    const pair_router_t model = white_model(router);
    double white[RESPONSE_MAX_DIMENSION], risk;
    response_apply(router->root, u, router->dimension, white);
    pair_router_risk(&model, white, &risk, NULL);
    return risk;
}

void correlated_router_force(const correlated_router_t *router, const double *u, double *result) {
    const pair_router_t model = white_model(router);
    double white[RESPONSE_MAX_DIMENSION], gradient[RESPONSE_MAX_DIMENSION];
    response_apply(router->root, u, router->dimension, white);
    pair_router_risk(&model, white, NULL, gradient);
    for (size_t i = 0; i < router->dimension; i++)
        gradient[i] = -gradient[i];
    response_apply(router->root, gradient, router->dimension, result);
}
