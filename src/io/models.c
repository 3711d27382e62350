// SPDX-License-Identifier: GPL-3.0-or-later
// Published models; see models.h.
#include "io/models.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double LARGEST = 0x1p53;

// Where a model keeps the number of a column.
static unsigned long *place_of(model_t *model, size_t number) {
    unsigned long *const places[] = {&model->experts, &model->active, &model->width, &model->dimension,
                                     &model->shared};
    return places[number];
}

// All numbers; `values` has room for a column.
static fault_status_t fill_numbers(models_t *models, double *values, fault_t *fault) {
    static const char *const columns[] = {"n_routed", "top_k", "expert_width", "d_model", "n_shared"};
    for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
        if (sheet_numbers(&models->sheet, columns[c], values, fault) != FAULT_NONE)
            return fault->status;
        for (size_t i = 0; i < models->count; i++) {
            if (values[i] < 0 || values[i] > LARGEST || values[i] != nearbyint(values[i]))
                return fault_set(fault, FAULT_INPUT,
                                 "%s:%zu: expected an integer from 0 to 2^53 in the column %s, found %g",
                                 models->sheet.path, models->sheet.lines[i + 1], columns[c], values[i]);
            *place_of(&models->list[i], c) = (unsigned long)values[i];
        }
    }
    return FAULT_NONE;
}

static fault_status_t fill_names(models_t *models, fault_t *fault) {
    size_t column;
    if (sheet_column(&models->sheet, "name", &column, fault) != FAULT_NONE)
        return fault->status;
    for (size_t i = 0; i < models->count; i++)
        models->list[i].name = sheet_cell(&models->sheet, i, column);
    return FAULT_NONE;
}

fault_status_t models_read(const char *path, models_t *models, fault_t *fault) {
    models_t result = {0};
    if (sheet_read(path, ',', &result.sheet, fault) != FAULT_NONE)
        return fault->status;
    result.count = result.sheet.rows;
    result.list = calloc(result.count + 1, sizeof *result.list);
    double *values = calloc(result.count + 1, sizeof *values);
    if (result.list == NULL || values == NULL)
        fault_set(fault, FAULT_SYSTEM, "%s: out of memory", path);
    else if (fill_names(&result, fault) == FAULT_NONE)
        fill_numbers(&result, values, fault);
    free(values);
    if (fault->status != FAULT_NONE) {
        models_free(&result);
        return fault->status;
    }
    *models = result;
    return FAULT_NONE;
}

void models_free(models_t *models) {
    free(models->list);
    if (models->sheet.path != NULL)
        sheet_free(&models->sheet);
    *models = (models_t){0};
}

const model_t *models_find(const models_t *models, const char *name) {
    for (size_t i = 0; i < models->count; i++)
        if (strcmp(models->list[i].name, name) == 0)
            return &models->list[i];
    return NULL;
}
