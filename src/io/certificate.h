// SPDX-License-Identifier: GPL-3.0-or-later
// Certificates: a published count with what is needed to check it, as a JSON file.
//
//     {"format": "moegeom certificate 1", "kind": "arrangement" or "layer",
//      "shape": {"n", "d"} or {"N", "k", "H", "d"}, "sha256": of the instance (io/instance.h), "regions": "...",
//      "methods": [{"name": "tree", "V" or "F", "total": "...", "levels": ["...", d + 1 of them],
//                   and, for the tree, "primes": ["...", ...], "hadamard_bits": number,
//                   "zero_events": {"count": "...", "list": [{"kind": "parallel" or "concurrent", "rows": [...]}]}}],
//      "functionals": [{"seed": "...", "total": "..."}],
//      "samples": [{"coalition": [...], for a layer, "signs": "+-0...", "point": ["p/q", ...]}]}
//
// Integers without bound are texts of decimal digits. No other fields are allowed, and all are needed.
#ifndef MOEGEOM_IO_CERTIFICATE_H
#define MOEGEOM_IO_CERTIFICATE_H

#include "io/digest.h"
#include "io/fault.h"
#include "io/instance.h"

#include <flint/fmpq.h>
#include <stdbool.h>
#include <stdint.h>

enum { CERTIFICATE_EVENTS = 1000, CERTIFICATE_SAMPLES = 100 }; // that are listed at most

typedef enum certificate_name {
    CERTIFICATE_TREE, // level[j]: no-broken-circuit sets of j hyperplanes; arrangements
    CERTIFICATE_V,    // level[D]: lowest vertices of dimension D (geometry/layer_vertices.h)
    CERTIFICATE_F,    // level[j]: pairs of a coalition and j hyperplanes (geometry/layer_flats.h)
    CERTIFICATE_NAMES
} certificate_name_t;

typedef struct certificate_method {
    bool used;
    fmpz_t total;
    fmpz *level; // d + 1
} certificate_method_t;

typedef enum certificate_kind {
    CERTIFICATE_PARALLEL,  // the normals of at most d rows are linearly dependent
    CERTIFICATE_CONCURRENT // at most d + 1 rows, as a whole, are linearly dependent
} certificate_kind_t;

typedef struct certificate_event {
    certificate_kind_t kind;
    slong size;
    slong *rows; // `size` ascending numbers of rows, from 0
} certificate_event_t;

typedef struct certificate_functional {
    uint64_t seed;
    fmpz_t total;
} certificate_functional_t;

typedef struct certificate_sample {
    slong *coalition; // k ascending numbers; NULL for an arrangement
    char
        *signs; // one of + - 0 for each of n rows, or for each of k H units, expert after expert; ends with 0
    fmpq *point; // d coordinates
} certificate_sample_t;

// Plain data. A new one has the shape and the hash of an instance, and zeros.
typedef struct certificate {
    bool layer;
    slong planes;                 // n, of an arrangement
    slong experts, active, width; // N, k, H, of a layer
    slong dimension;
    char hash[DIGEST_ROOM];
    fmpz_t regions;
    certificate_method_t method[CERTIFICATE_NAMES];
    slong primes; // of the tree
    fmpz *prime;
    slong hadamard_bits; // of the tree: all minors that occur are at most 2^this
    fmpz_t zero_events;  // of the tree: how many there are; the first of them are listed
    slong events;
    certificate_event_t *event;
    slong functionals;
    certificate_functional_t *functional;
    slong samples;
    certificate_sample_t *sample;
} certificate_t;

// A certificate of an instance, to be filled: `regions` and `hadamard_bits` directly, the rest by the functions
// below. To be freed by certificate_free.
fault_status_t certificate_alloc(const instance_t *instance, certificate_t **result, fault_t *fault);
void certificate_free(certificate_t *certificate); // NULL is allowed

// Says that a method was used, with its total and its d + 1 levels.
void certificate_method(certificate_t *certificate, certificate_name_t name, const fmpz_t total,
                        const fmpz *level);

// Each adds one item, which is copied. Returns GSL_SUCCESS, or GSL_ENOMEM with the certificate as it was.
int certificate_prime(certificate_t *certificate, const fmpz_t prime);
int certificate_functional(certificate_t *certificate, uint64_t seed, const fmpz_t total);
// Counts the event in zero_events; beyond CERTIFICATE_EVENTS it does no more. The sets are all different.
//   rows  `size` ascending numbers
int certificate_event(certificate_t *certificate, certificate_kind_t kind, const slong *rows, slong size);
// Beyond CERTIFICATE_SAMPLES it does nothing. As geometry/list.h gives them:
//   coalition  k ascending numbers; NULL for an arrangement
//   sign       n or k H values +1, -1, 0
//   point      d coordinates
int certificate_sample(certificate_t *certificate, const slong *coalition, const signed char *sign,
                       const fmpq *point);

// How many signs a sample has: n, or k H.
slong certificate_signs(const certificate_t *certificate);

// Writes the file, which appears when it is complete.
fault_status_t certificate_write(const certificate_t *certificate, const char *path, fault_t *fault);

// Reads a file.
//   result  receives it, to be freed by certificate_free
//   fault   FAULT_INPUT with file and field when it cannot be read or is no certificate
fault_status_t certificate_read(const char *path, certificate_t **result, fault_t *fault);

// The same from memory; `name` stands for the file in messages.
fault_status_t certificate_parse(const char *name, const char *text, size_t length, certificate_t **result,
                                 fault_t *fault);

#endif
