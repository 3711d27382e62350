// SPDX-License-Identifier: GPL-3.0-or-later
// Values of JSON objects that may be missing, as numbers or texts that say so.
#ifndef MOEGEOM_IO_JSON_VALUES_H
#define MOEGEOM_IO_JSON_VALUES_H

#include <jansson.h>
#include <math.h>

// The number of an object's key, and the one at a place of an array; NaN where there is none. NULL is an empty object.
static inline double json_values_number(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static inline double json_values_at(const json_t *array, size_t place) {
    const json_t *value = json_array_get(array, place);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

// The text of an object's key; "" where there is none.
static inline const char *json_values_text(const json_t *object, const char *key) {
    const char *value = json_string_value(json_object_get(object, key));
    return value == NULL ? "" : value;
}

#endif
