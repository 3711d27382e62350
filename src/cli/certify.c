// SPDX-License-Identifier: GPL-3.0-or-later
// Certificates; see certify.h.
#include "cli/certify.h"

#include "cli/options.h"
#include "geometry/layer_vertices.h"
#include "geometry/list.h"
#include "io/certificate.h"

#include <gsl/gsl_errno.h>

enum {
    ENOUGH = 1,     // ends a search
    LISTED = 200000 // of so many regions samples are spread evenly; of more the first ones are taken
};

static certificate_t *start(const char *command, const instance_t *instance, const fmpz_t regions) {
    certificate_t *certificate = NULL;
    fault_t fault = {0};
    certificate_alloc(instance, &certificate, &fault);
    options_check(command, &fault);
    fmpz_set(certificate->regions, regions);
    return certificate;
}

// Regions that are taken as samples: every `stride`-th.
typedef struct sampler {
    certificate_t *certificate;
    ulong stride, number;
} sampler_t;

static int take_sample(void *context, const list_region_t *region) {
    sampler_t *sampler = context;
    if (sampler->number++ % sampler->stride != 0)
        return GSL_SUCCESS;
    const int status = certificate_sample(sampler->certificate, region->members, region->sign, region->point);
    if (status != GSL_SUCCESS)
        return status;
    return sampler->certificate->samples < CERTIFICATE_SAMPLES ? GSL_SUCCESS : -ENOUGH;
}

static void add_samples(const char *command, certificate_t *certificate, const instance_t *instance) {
    ulong stride = 1;
    if (fmpz_cmp_ui(certificate->regions, LISTED) <= 0)
        stride = fmpz_get_ui(certificate->regions) / CERTIFICATE_SAMPLES;
    sampler_t sampler = {.certificate = certificate, .stride = stride > 0 ? stride : 1};
    const int status = instance->layer != NULL
                           ? list_layer(instance->layer, take_sample, &sampler)
                           : list_arrangement(instance->arrangement, take_sample, &sampler);
    if (status != -ENOUGH)
        options_require(command, status, "samples for the certificate");
}

static void finish(const char *command, certificate_t *certificate, const instance_t *instance,
                   const char *path) {
    fault_t fault = {0};
    add_samples(command, certificate, instance);
    certificate_write(certificate, path, &fault);
    options_check(command, &fault);
    certificate_free(certificate);
}

static int take_event(void *context, const slong *rows, slong size, bool parallel) {
    certificate_t *certificate = context;
    const int status =
        certificate_event(certificate, parallel ? CERTIFICATE_PARALLEL : CERTIFICATE_CONCURRENT, rows, size);
    if (status != GSL_SUCCESS)
        return status;
    return certificate->events < CERTIFICATE_EVENTS ? GSL_SUCCESS : -ENOUGH;
}

void certify_arrangement(const char *command, const instance_t *instance, const tree_count_t *count,
                         const char *path) {
    certificate_t *certificate = start(command, instance, count->regions);
    certificate_method(certificate, CERTIFICATE_TREE, count->regions, count->level);
    certificate->hadamard_bits = count->hadamard_bits;
    for (slong i = 0; i < count->primes; i++)
        options_require(command, certificate_prime(certificate, count->prime + i), "primes");
    if (!fmpz_is_zero(count->events)) {
        const int status = tree_events(instance->arrangement, take_event, certificate);
        if (status != -ENOUGH)
            options_require(command, status, "zero events");
    }
    fmpz_set(certificate->zero_events, count->events); // all of them, listed or not
    finish(command, certificate, instance, path);
}

static void add_functional(const char *command, certificate_t *certificate, const layer_t *layer,
                           uint64_t seed, int threads) {
    layer_count_t count;
    layer_count_init(&count, layer->dimension);
    const shards_control_t control = {.threads = threads};
    char reason[LAYER_VERTICES_REASON];
    options_require(command, layer_vertices_count(layer, seed, &control, &count, reason),
                    "second functional");
    options_require(command, certificate_functional(certificate, seed, count.regions), "second functional");
    layer_count_clear(&count);
}

void certify_layer(const char *command, const instance_t *instance, const layer_count_t *vertices,
                   const layer_count_t *flats, uint64_t seed, int threads, const char *path) {
    certificate_t *certificate = start(command, instance, (flats != NULL ? flats : vertices)->regions);
    if (flats != NULL)
        certificate_method(certificate, CERTIFICATE_F, flats->regions, flats->level);
    if (vertices != NULL) {
        certificate_method(certificate, CERTIFICATE_V, vertices->regions, vertices->level);
        options_require(command, certificate_functional(certificate, seed, vertices->regions), "functional");
        add_functional(command, certificate, instance->layer, seed + 1, threads);
    }
    finish(command, certificate, instance, path);
}
