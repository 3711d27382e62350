// SPDX-License-Identifier: GPL-3.0-or-later
// libFuzzer target: certificates from memory, held against a layer and an arrangement. See run.sh.
#include "io/verify.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_instance(const certificate_t *certificate, const char *text) {
    instance_t instance = {0};
    fault_t fault = {0};
    char *report = NULL;
    size_t length;
    FILE *file = open_memstream(&report, &length);
    if (file == NULL || instance_parse("text", text, strlen(text), &instance, &fault) != FAULT_NONE)
        abort();
    const fault_status_t status = verify_certificate(certificate, &instance, file, &fault);
    fclose(file);
    // The status is what the report says.
    if ((status == FAULT_NONE) != (strstr(report, "FAIL") == NULL))
        abort();
    free(report);
    instance_clear(&instance);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fault_t fault = {0};
    certificate_t *certificate;
    if (certificate_parse("certificate", (const char *)data, size, &certificate, &fault) != FAULT_NONE) {
        if (fault.status != FAULT_INPUT)
            abort();
        return 0;
    }
    try_instance(certificate, "arrangement 5 2  1 0 0  1 0 -1  0 1 0  1 1 0  -2 0 2");
    try_instance(certificate, "moe 3 2 1 1  3 1  -2 5  1 1  1 -1  0 3  2 5");
    certificate_free(certificate);
    return 0;
}
