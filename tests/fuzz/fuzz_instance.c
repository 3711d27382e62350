// SPDX-License-Identifier: GPL-3.0-or-later
// libFuzzer target: instance texts and safetensors headers from memory. See run.sh.
#include "io/instance.h"
#include "io/safetensors.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// What was read is printed and read again: the same hash.
static void check_again(const instance_t *instance) {
    char *text = NULL, first[65], second[65];
    size_t length;
    fault_t fault = {0};
    instance_t again = {0};
    FILE *file = open_memstream(&text, &length);
    if (file == NULL)
        abort();
    if (instance->arrangement != NULL)
        arrangement_print(file, instance->arrangement);
    else
        layer_print(file, instance->layer);
    fclose(file);
    // A number that was written with an exponent may be too long to be read without.
    if (instance_parse("again", text, length, &again, &fault) == FAULT_NONE) {
        if (instance_hash(instance, first, &fault) != FAULT_NONE ||
            instance_hash(&again, second, &fault) != FAULT_NONE)
            abort();
        for (int i = 0; i < 64; i++)
            if (first[i] != second[i])
                abort();
    }
    instance_clear(&again);
    free(text);
}

// The message of a refusal is one line of printable characters, but for « and ».
static void check_fault(const fault_t *fault) {
    if (fault->status != FAULT_INPUT && fault->status != FAULT_LIMIT)
        abort();
    for (const char *c = fault->text; *c; c++)
        if ((*c >= 0 && *c < ' ') || *c == 127)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fault_t fault = {0};
    instance_t instance = {0};
    if (instance_parse("text", (const char *)data, size, &instance, &fault) == FAULT_NONE)
        check_again(&instance);
    else
        check_fault(&fault);
    instance_clear(&instance);

    fault = (fault_t){0};
    safetensors_t *file;
    if (safetensors_header("tensors", data, size, size, &file, &fault) == FAULT_NONE) {
        uint64_t end = 0;
        for (size_t i = 0; i < safetensors_count(file); i++) {
            const safetensors_tensor_t *tensor = safetensors_tensor(file, i);
            if (tensor->begin < end || tensor->end > size ||
                tensor->end - tensor->begin != tensor->elements * tensor->item)
                abort();
            end = tensor->end;
        }
        safetensors_close(file);
    } else
        check_fault(&fault);
    return 0;
}
