// SPDX-License-Identifier: GPL-3.0-or-later
// moegeom verify: checks the certificate of a count.
#include "io/verify.h"
#include "cli/command.h"
#include "cli/options.h"
#include "io/certificate.h"

#include <stdio.h>
#include <stdlib.h>

static const char HELP[] = "Usage: moegeom verify FILE CERTIFICATE [--plane POINTS]\n\n"
                           "Checks a certificate that `moegeom count FILE --certificate CERTIFICATE` wrote, "
                           "in rationals and with no code\n"
                           "of the counting: the instance's hash, that totals and levels of all methods "
                           "agree, the first levels, primes and\n"
                           "Hadamard's bound, each listed dependency of rows, and the signs and coalition at "
                           "every sampled point. Prints a\n"
                           "line for each check; exit status 2 when one fails.\n\n"
                           "  --plane POINTS   for a count that was made with --plane\n";

int command_verify(int argc, char **argv) {
    static const struct option options[] = {
        {"plane", required_argument, NULL, 'p'}, {"help", no_argument, NULL, 'h'}, {0}};
    const char *plane = NULL;
    while (options_next(argc, argv, options, HELP) != -1)
        plane = optarg;
    if (argc - optind != 2)
        options_stop(argv[0], FAULT_USAGE, "expected two arguments, an instance and a certificate, found %d",
                     argc - optind);
    instance_t instance = options_instance(argv[0], argv[optind], plane);
    certificate_t *certificate = NULL;
    fault_t fault = {0};
    certificate_read(argv[optind + 1], &certificate, &fault);
    options_check(argv[0], &fault);
    verify_certificate(certificate, &instance, stdout, &fault);
    options_flush(argv[0]);
    options_check(argv[0], &fault);
    certificate_free(certificate);
    instance_clear(&instance);
    return FAULT_NONE;
}
