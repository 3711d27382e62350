// SPDX-License-Identifier: GPL-3.0-or-later
// From the JSON of `moegeom router` to the numbers that paper/own-router.tex reads and figures/own/gates.gp draws.
//
// usage: own_router ALL.json DETAIL.json CHECKPOINT MESSAGE FOLDER
//
// DETAIL is the JSON of one layer with its slices, or the name of no file; MESSAGE is what went wrong with it, or empty. Writes FOLDER/own.tex,
// rows of tables and gates.csv, and prints the name of the figure when there is something to draw.
#include "io/json_file.h"
#include "io/json_values.h"
#include "io/output.h"
#include "io/tex.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    NAME = 60,        // characters of a tensor's name in a table
    PLACES = 8,       // points in a table
    LONGEST = 1 << 28 // bytes of JSON
};

typedef struct own {
    json_t *root, *gates;
    size_t count;   // of gates, at least 1
    json_t *detail; // of one gate, or NULL
    json_t *detail_root;
    const char *checkpoint, *message, *folder;
    fault_t fault;
} own_t;

static void end_on_fault(const fault_t *fault) {
    if (fault->status == FAULT_NONE)
        return;
    fprintf(stderr, "own_router: %s\n", fault->text);
    exit((int)fault->status);
}

static json_t *read_json(own_t *own, const char *path) {
    json_t *root = NULL;
    if (json_file_object(path, LONGEST, &root, &own->fault) == FAULT_NONE &&
        json_array_size(json_object_get(root, "layers")) == 0)
        fault_set(&own->fault, FAULT_INPUT, "%s: expected the JSON of moegeom router, found no gates", path);
    return root;
}

static void read_results(own_t *own, const char *all, const char *detail) {
    own->root = read_json(own, all);
    own->gates = json_object_get(own->root, "layers");
    own->count = json_array_size(own->gates);
    if (own->message[0] != '\0' || access(detail, R_OK) != 0)
        return;
    own->detail_root = read_json(own, detail);
    own->detail = json_array_get(json_object_get(own->detail_root, "layers"), 0);
}

static const json_t *gate_at(const own_t *own, size_t index) {
    return json_array_get(own->gates, index);
}

// ---- Tables ----

static void print_integer(FILE *file, double value) {
    if (isnan(value))
        fputs("--", file);
    else
        fprintf(file, "%.0f", value);
}

static void print_fixed(FILE *file, int digits, double value) {
    if (isnan(value))
        fputs("--", file);
    else
        fprintf(file, "%.*f", digits, value);
}

// The score of the observed number of sets against the expected one.
static double circle_score(const json_t *circles) {
    return (json_values_number(circles, "observed") - json_values_number(circles, "expected")) /
           json_values_number(circles, "observed_se");
}

static void print_circles(FILE *file, const json_t *circles) {
    fputc('&', file);
    print_fixed(file, 2, json_values_number(circles, "observed"));
    fputc('&', file);
    print_fixed(file, 2, json_values_number(circles, "observed_se"));
    fputc('&', file);
    print_fixed(file, 2, json_values_number(circles, "expected"));
    const double z = circle_score(circles);
    if (isfinite(z))
        fprintf(file, "&$%+.1f$", fabs(z) < 0.05 ? 0 : z);
    else
        fputs("&--", file);
}

static void write_gates(const own_t *own, FILE *file) {
    static const char *const angles[] = {"least", "median", "most"};
    static const char *const counts[] = {"duplicates", "near_duplicates", "rank"};
    char a[TEX_ROOM];
    for (size_t i = 0; i < own->count; i++) {
        const json_t *gate = gate_at(own, i);
        print_integer(file, json_values_number(gate, "layer"));
        fputc('&', file);
        print_integer(file, json_values_number(gate, "experts"));
        fprintf(file, "&%s", tex_real(a, 3, json_values_number(json_object_get(gate, "lengths"), "median")));
        for (size_t j = 0; j < 3; j++) {
            fputc('&', file);
            print_fixed(file, 1, json_values_number(json_object_get(gate, "angles_degrees"), angles[j]));
        }
        for (size_t j = 0; j < 3; j++) {
            fputc('&', file);
            print_integer(file, json_values_number(gate, counts[j]));
        }
        fputc('&', file);
        print_fixed(file, 3, json_values_number(gate, "centre"));
        fprintf(file, "&%s",
                tex_percent(a, json_values_number(json_object_get(gate, "walls"), "relative_median")));
        print_circles(file, json_object_get(gate, "circles"));
        fputs("\\\\\n", file);
    }
}

static void print_pair(FILE *file, const json_t *pair) {
    print_integer(file, json_values_at(pair, 0));
    fputs(" and ", file);
    print_integer(file, json_values_at(pair, 1));
}

static void write_closest(const own_t *own, FILE *file) {
    size_t i;
    json_t *pair;
    json_array_foreach(json_object_get(own->detail, "closest"), i, pair) {
        print_pair(file, json_object_get(pair, "experts"));
        fputc('&', file);
        print_fixed(file, 2, json_values_number(pair, "degrees"));
        fputs("\\\\\n", file);
    }
}

static void write_places(const own_t *own, FILE *file) {
    size_t i;
    json_t *place;
    char a[TEX_ROOM];
    json_array_foreach(json_object_get(json_object_get(own->detail, "walls"), "points"), i, place) {
        if (i >= PLACES)
            break;
        fprintf(file, "$p_{%zu}$&%s&", i, tex_real(a, 3, json_values_number(place, "distance")));
        fprintf(file, "%s&", tex_percent(a, json_values_number(place, "relative")));
        print_pair(file, json_object_get(place, "experts"));
        fputs("\\\\\n", file);
    }
}

static void write_left_out(const own_t *own, FILE *file) {
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(own->root, "left_out"), i, entry) {
        fprintf(file, "%.0f&\\texttt{", json_values_number(entry, "count"));
        tex_text(file, json_values_text(entry, "pattern"), NAME);
        fputs("}&", file);
        tex_words(file, json_values_text(entry, "reason"));
        fputs("\\\\\n", file);
    }
}

// ---- Macros ----

static void define_count(FILE *file, const char *name, double value) {
    fprintf(file, "\\def\\Own%s{%.0f}\n", name, isnan(value) ? 0 : value);
}

static void define_words(FILE *file, const char *name, const char *text) {
    fprintf(file, "\\def\\Own%s{", name);
    tex_words(file, text);
    fputs("}\n", file);
}

static void define_text(FILE *file, const char *name, const char *text) {
    fprintf(file, "\\def\\Own%s{", name);
    tex_text(file, text, 0);
    fputs("}\n", file);
}

static double sum_of(const own_t *own, const char *key) {
    double sum = 0;
    for (size_t i = 0; i < own->count; i++)
        sum += json_values_number(gate_at(own, i), key);
    return sum;
}

// Numbers that all gates have in common, "from A to B" otherwise.
static void define_range(const own_t *own, FILE *file, const char *name, const char *key) {
    double least = HUGE_VAL, most = -HUGE_VAL;
    for (size_t i = 0; i < own->count; i++) {
        least = fmin(least, json_values_number(gate_at(own, i), key));
        most = fmax(most, json_values_number(gate_at(own, i), key));
    }
    if (!isfinite(least))
        fprintf(file, "\\def\\Own%s{unknown}\n", name);
    else if (least == most)
        fprintf(file, "\\def\\Own%s{%.0f}\n", name, least);
    else
        fprintf(file, "\\def\\Own%s{%.0f to %.0f}\n", name, least, most);
}

// The gates with something, as a list of at most eight layers.
static void define_layers_with(const own_t *own, FILE *file, const char *name, const char *key) {
    enum { LISTED = 8 };
    size_t count = 0;
    fprintf(file, "\\def\\Own%s{", name);
    for (size_t i = 0; i < own->count; i++)
        if (json_values_number(gate_at(own, i), key) > 0 && count++ < LISTED) {
            fputs(count > 1 ? ", " : "", file);
            print_integer(file, json_values_number(gate_at(own, i), "layer"));
        }
    fprintf(file, "%s}\n", count > LISTED ? ", \\dots" : "");
}

// Means over gates of what is measured on circles and of walls; and the score that is farthest from 0.
static void define_means(const own_t *own, FILE *file) {
    double observed = 0, expected = 0, walls = 0, farthest = 0;
    for (size_t i = 0; i < own->count; i++) {
        const json_t *circles = json_object_get(gate_at(own, i), "circles");
        const double z = circle_score(circles);
        observed += json_values_number(circles, "observed") / (double)own->count;
        expected += json_values_number(circles, "expected") / (double)own->count;
        walls += json_values_number(json_object_get(gate_at(own, i), "walls"), "relative_median") /
                 (double)own->count;
        if (isfinite(z) && fabs(z) > fabs(farthest))
            farthest = z;
    }
    char a[TEX_ROOM];
    define_count(file, "HasCircles", isfinite(observed));
    fprintf(file, "\\def\\OwnSets{%.4g}\n\\def\\OwnExpectedSets{%.4g}\n\\def\\OwnFarthest{$%+.1f$}\n",
            observed, expected, farthest);
    fprintf(file, "\\def\\OwnWall{%s}\n", tex_percent(a, walls));
}

static bool all_reachable(const own_t *own) {
    for (size_t i = 0; i < own->count; i++)
        if (json_values_number(gate_at(own, i), "affine_rank") !=
            json_values_number(gate_at(own, i), "experts") - 1)
            return false;
    return true;
}

static bool all_flat(const own_t *own) {
    for (size_t i = 0; i < own->count; i++)
        if (!json_is_true(json_object_get(gate_at(own, i), "flat_walls")))
            return false;
    return true;
}

static size_t count_rules(const own_t *own) {
    size_t others = 0;
    for (size_t i = 1; i < own->count; i++)
        others +=
            strcmp(json_values_text(gate_at(own, i), "rule"), json_values_text(gate_at(own, 0), "rule")) != 0;
    return others;
}

static void define_detail(const own_t *own, FILE *file) {
    const json_t *line = json_object_get(own->detail, "line"), *plane = json_object_get(own->detail, "plane");
    define_count(file, "Detail", own->detail != NULL);
    define_count(file, "DetailLayer", json_values_number(own->detail, "layer"));
    define_text(file, "DetailName", json_values_text(own->detail, "name"));
    define_count(file, "LineSets", json_values_number(line, "sets"));
    define_count(file, "PlaneSets", json_values_number(plane, "sets"));
    define_count(file, "Seeded",
                 json_is_true(json_object_get(json_object_get(own->detail, "walls"), "seeded")));
    define_words(file, "Message", own->message);
    define_count(file, "HasMessage", own->message[0] != '\0');
}

static void write_macros(const own_t *own, FILE *file) {
    const json_t *first = gate_at(own, 0), *config = json_object_get(own->root, "config");
    define_text(file, "Checkpoint", own->checkpoint);
    define_count(file, "Tensors", json_values_number(own->root, "tensors"));
    define_count(file, "Gates", (double)own->count);
    define_count(file, "HasConfig", json_is_object(config));
    define_text(file, "Model", json_values_text(config, "model"));
    define_count(file, "HasModel", json_values_text(config, "model")[0] != '\0');
    define_range(own, file, "Experts", "experts");
    define_range(own, file, "Active", "active");
    define_range(own, file, "Dimension", "dimension");
    define_words(file, "Rule", json_values_text(first, "rule"));
    define_words(file, "Why", json_values_text(first, "why"));
    define_count(file, "OtherRules", (double)count_rules(own));
    define_count(file, "Flat", all_flat(own));
    define_count(file, "Duplicates", sum_of(own, "duplicates"));
    define_layers_with(own, file, "DuplicateLayers", "duplicates");
    define_count(file, "NearDuplicates", sum_of(own, "near_duplicates"));
    define_layers_with(own, file, "NearLayers", "near_duplicates");
    define_count(file, "Zeros", sum_of(own, "zero_rows"));
    define_layers_with(own, file, "ZeroLayers", "zero_rows");
    define_count(file, "Reachable", all_reachable(own));
    define_count(file, "LeftOut", (double)json_array_size(json_object_get(own->root, "left_out")));
    define_means(own, file);
    define_detail(own, file);
}

// ---- The figure ----

static void print_point(FILE *file, double value) {
    if (isfinite(value))
        fprintf(file, ",%.8g", value);
    else
        fputs(",NaN", file);
}

static void write_points(const own_t *own, FILE *file) {
    static const char *const angles[] = {"least", "median", "most"};
    fputs("layer,least,median,most,sets,sets_se,expected\n", file);
    for (size_t i = 0; i < own->count; i++) {
        const json_t *gate = gate_at(own, i), *circles = json_object_get(gate, "circles");
        fprintf(file, "%.0f", json_values_number(gate, "layer"));
        for (size_t j = 0; j < 3; j++)
            print_point(file, json_values_number(json_object_get(gate, "angles_degrees"), angles[j]));
        print_point(file, json_values_number(circles, "observed"));
        print_point(file, json_values_number(circles, "observed_se"));
        print_point(file, json_values_number(circles, "expected"));
        fputc('\n', file);
    }
}

// Whether everything of the figure is there in all gates, of which there are several.
static bool can_draw(const own_t *own) {
    for (size_t i = 0; i < own->count; i++) {
        const json_t *gate = gate_at(own, i);
        if (!isfinite(json_values_number(gate, "layer")) ||
            !isfinite(circle_score(json_object_get(gate, "circles"))) ||
            !isfinite(json_values_number(json_object_get(gate, "angles_degrees"), "least")))
            return false;
    }
    return own->count > 1;
}

// ---- Files ----

static void write_file(own_t *own, const char *name, void (*write)(const own_t *own, FILE *file)) {
    output_t *out = NULL;
    if (output_open_in(own->folder, name, &out, &own->fault) == FAULT_NONE) {
        write(own, output_stream(out));
        output_commit(out, &own->fault);
    }
}

int main(int argc, char **argv) {
    if (argc != 6) {
        fputs("usage: own_router ALL.json DETAIL.json CHECKPOINT MESSAGE FOLDER\n", stderr);
        return FAULT_USAGE;
    }
    own_t own = {.checkpoint = argv[3], .message = argv[4], .folder = argv[5]};
    read_results(&own, argv[1], argv[2]);
    end_on_fault(&own.fault);
    write_file(&own, "own.tex", write_macros);
    write_file(&own, "gates.rows.tex", write_gates);
    write_file(&own, "closest.rows.tex", write_closest);
    write_file(&own, "places.rows.tex", write_places);
    write_file(&own, "left-out.rows.tex", write_left_out);
    write_file(&own, "gates.csv", write_points);
    if (can_draw(&own))
        puts("gates");
    json_decref(own.root);
    json_decref(own.detail_root);
    end_on_fault(&own.fault);
    return FAULT_NONE;
}
