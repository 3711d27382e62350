// SPDX-License-Identifier: GPL-3.0-or-later
// From the JSON of `moegeom margins` to the numbers that paper/own-margins.tex reads.
//
// usage: own_margins RESULT.json DUMP DUMP2 FOLDER
//
// DUMP2 is empty where there was none. Writes FOLDER/own.tex (macros) and rows of tables.
#include "io/margins_json.h"
#include "io/output.h"
#include "io/tex.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    TABLED = 6, // causes in a table of all layers
    WIDTHS = 4, // columns of P(gap <= w)
    NAME = 16   // characters of a layer's name in a table
};

static const double LARGE_Z = 4;

typedef struct own {
    margins_json_t result;
    const char *dump, *other, *folder;
    fault_t fault;
} own_t;

static void end_on_fault(const fault_t *fault) {
    if (fault->status == FAULT_NONE)
        return;
    fprintf(stderr, "own_margins: %s\n", fault->text);
    exit((int)fault->status);
}

static double rows_of(const own_t *own, size_t layer) {
    return json_values_number(margins_json_layer(&own->result, layer), "rows");
}

// ---- All layers together ----

typedef struct summary {
    margins_flips_t all; // of all rows
    size_t worst;
    double worst_rate;
} summary_t;

static summary_t summarise(const own_t *own, const margins_cause_t *cause) {
    summary_t sum;
    sum.all = margins_json_all(&own->result, cause, &sum.worst, &sum.worst_rate);
    return sum;
}

// Tokens with a change in some layer; NaN where layers have no common tokens.
static double token_rate(const own_t *own, const margins_cause_t *cause) {
    const json_t *tokens = json_object_get(own->result.root, "tokens");
    if (cause->kind == MARGINS_BETWEEN)
        return json_values_number(json_object_get(tokens, "between_dumps"), "rate");
    if (cause->kind == MARGINS_NOISE)
        return NAN;
    return json_values_number(json_object_get(json_object_get(tokens, "casts"), cause->key), "rate");
}

static void print_cause(FILE *file, const margins_cause_t *cause) {
    if (cause->kind == MARGINS_BETWEEN)
        fputs("the other dump", file);
    else if (cause->kind == MARGINS_NOISE)
        fprintf(file, "noise %s", cause->key);
    else
        tex_text(file, cause->key, NAME);
}

static void print_layer(FILE *file, const own_t *own, size_t layer) {
    tex_text(file, json_values_text(margins_json_layer(&own->result, layer), "layer"), NAME);
}

// ---- Files ----

typedef void writer_t(const own_t *own, FILE *file);

static void write_file(own_t *own, const char *name, writer_t *writer) {
    output_t *out = NULL;
    if (output_open_in(own->folder, name, &out, &own->fault) == FAULT_NONE) {
        writer(own, output_stream(out));
        output_commit(out, &own->fault);
    }
}

// ---- Tables ----

static void print_z(FILE *file, double z) {
    if (isnan(z))
        fputs("--", file);
    else if (fabs(z) > LARGE_Z)
        fprintf(file, "{\\boldmath$%+.1f$}", z);
    else
        fprintf(file, "$%+.1f$", fabs(z) < 0.05 ? 0 : z);
}

static void write_cause_of_one(const own_t *own, FILE *file, const margins_cause_t *cause) {
    char a[TEX_ROOM], b[TEX_ROOM], c[TEX_ROOM], d[TEX_ROOM], e[TEX_ROOM];
    const margins_flips_t flips = margins_json_flips(&own->result, 0, cause);
    fprintf(file, "&%s&%s&%s&", tex_percent(a, flips.predicted), tex_percent(b, flips.error),
            tex_percent(c, flips.observed));
    if (isnan(flips.observed))
        fputs("--&", file);
    else
        fprintf(file, "%s to %s&", tex_percent(d, flips.low), tex_percent(e, flips.high));
    print_z(file, flips.z);
    fputs("\\\\\n", file);
}

static void write_cause_of_all(const own_t *own, FILE *file, const margins_cause_t *cause) {
    char a[TEX_ROOM], b[TEX_ROOM], c[TEX_ROOM], d[TEX_ROOM];
    const summary_t sum = summarise(own, cause);
    fprintf(file, "&%s&%s&", tex_percent(a, sum.all.predicted), tex_percent(b, sum.all.observed));
    print_z(file, sum.all.z);
    fprintf(file, "&%s&", tex_percent(c, sum.worst_rate));
    print_layer(file, own, sum.worst);
    fprintf(file, "&%s\\\\\n", tex_percent(d, token_rate(own, cause)));
}

static void write_causes(const own_t *own, FILE *file) {
    for (size_t i = 0; i < own->result.causes; i++) {
        print_cause(file, &own->result.cause[i]);
        if (own->result.count == 1)
            write_cause_of_one(own, file, &own->result.cause[i]);
        else
            write_cause_of_all(own, file, &own->result.cause[i]);
    }
}

static const char *bits_text(char room[TEX_ROOM], const json_t *bits, const char *kind) {
    const double needed = json_values_number(bits, kind);
    if (!json_is_object(bits))
        strcpy(room, "--");
    else if (isnan(needed))
        strcpy(room, "$>$53");
    else
        snprintf(room, TEX_ROOM, "%.0f", needed);
    return room;
}

static void write_gaps(const own_t *own, FILE *file) {
    char a[TEX_ROOM];
    for (size_t i = 0; i < own->result.count; i++) {
        const json_t *layer = margins_json_layer(&own->result, i),
                     *quantiles = json_object_get(layer, "gap_quantiles"),
                     *bits = json_object_get(layer, "bits");
        json_t *widths = json_object_get(layer, "gap_at_most"), *width;
        const char *key;
        size_t column = 0;
        print_layer(file, own, i);
        fprintf(file, "&%.0f&%.0f", rows_of(own, i), json_values_number(layer, "exact_ties"));
        fprintf(file, "&%s", tex_real(a, 3, json_values_number(quantiles, "0.01")));
        fprintf(file, "&%s", tex_real(a, 3, json_values_number(quantiles, "0.5")));
        json_object_foreach(widths, key, width) {
            if (column++ < WIDTHS)
                fprintf(file, "&%s", tex_percent(a, json_values_number(width, "rate")));
        }
        fprintf(file, "&%s", tex_real(a, 3, json_values_number(layer, "density_at_zero")));
        fprintf(file, "&%s", tex_real(a, 2, json_values_number(layer, "density_at_zero_se")));
        fprintf(file, "&%s", bits_text(a, bits, "floating"));
        fprintf(file, "&%s\\\\\n", bits_text(a, bits, "integer"));
    }
}

static void write_between(const own_t *own, FILE *file) {
    const margins_cause_t cause = {MARGINS_BETWEEN, NULL};
    char a[TEX_ROOM], b[TEX_ROOM], c[TEX_ROOM];
    for (size_t i = 0; i < own->result.count; i++) {
        const json_t *entry = json_object_get(margins_json_layer(&own->result, i), "between_dumps");
        const margins_flips_t flips = margins_json_flips(&own->result, i, &cause);
        print_layer(file, own, i);
        fprintf(file, "&%.0f&%.0f&%s&%s to %s", rows_of(own, i), json_values_number(entry, "flips"),
                tex_percent(a, flips.observed), tex_percent(b, flips.low), tex_percent(c, flips.high));
        if (own->result.scores) {
            fprintf(file, "&%s&%s", tex_real(a, 3, json_values_number(entry, "noise")),
                    tex_real(b, 3, json_values_number(entry, "noise_median")));
            fprintf(file, "&%s&%s&", tex_percent(a, flips.predicted), tex_percent(b, flips.error));
            print_z(file, flips.z);
        }
        fputs("\\\\\n", file);
    }
}

// One table for each TABLED causes that were observed: its heads and its rows as the arguments of \ownflips.
static void write_flips(const own_t *own, FILE *file) {
    char a[TEX_ROOM], b[TEX_ROOM];
    size_t casts = 0;
    while (own->result.causes > 0 && casts < own->result.causes &&
           own->result.cause[casts].kind != MARGINS_NOISE)
        casts++;
    for (size_t first = own->result.compared; first < casts; first += TABLED) {
        const size_t last = first + TABLED < casts ? first + TABLED : casts;
        fprintf(file, "\\ownflips{%zu}{", last - first);
        for (size_t c = first; c < last; c++) {
            fputs("&\\multicolumn{2}{c}{", file);
            print_cause(file, &own->result.cause[c]);
            fputc('}', file);
        }
        fputs("}{", file);
        for (size_t c = first; c < last; c++)
            fputs("&pred.&obs.", file);
        fputs("}{%\n", file);
        for (size_t i = 0; i < own->result.count; i++) {
            print_layer(file, own, i);
            for (size_t c = first; c < last; c++) {
                const margins_flips_t flips = margins_json_flips(&own->result, i, &own->result.cause[c]);
                const bool far = fabs(flips.z) > LARGE_Z;
                fprintf(file, far ? "&%s&\\textbf{%s}" : "&%s&%s", tex_percent(a, flips.predicted),
                        tex_percent(b, flips.observed));
            }
            fputs("\\\\\n", file);
        }
        fputs("}\n", file);
    }
}

static void write_risky_rows(const own_t *own, FILE *file) {
    size_t i;
    json_t *row;
    char a[TEX_ROOM];
    json_array_foreach(json_object_get(own->result.root, "rows_at_risk"), i, row) {
        const bool groups = json_object_get(row, "inside_group") != NULL;
        tex_text(file, json_values_text(row, "layer"), NAME);
        fprintf(file, "&%.0f&%s", json_values_number(row, "row"),
                tex_real(a, 3, json_values_number(row, "gap")));
        fprintf(file, groups ? "&group %.0f&group %.0f\\\\\n" : "&%.0f&%.0f\\\\\n",
                json_values_number(row, groups ? "inside_group" : "inside"),
                json_values_number(row, groups ? "outside_group" : "outside"));
    }
}

// ---- Macros ----

static void define(FILE *file, const char *name, const char *value) {
    fprintf(file, "\\def\\Own%s{%s}\n", name, value);
}

static void define_count(FILE *file, const char *name, double value) {
    fprintf(file, "\\def\\Own%s{%.0f}\n", name, value);
}

static void define_text(FILE *file, const char *name, const char *text, size_t most) {
    fprintf(file, "\\def\\Own%s{", name);
    tex_text(file, text, most);
    fputs("}\n", file);
}

// The heads and columns of P(gap <= w).
static void define_widths(const own_t *own, FILE *file) {
    json_t *widths = json_object_get(margins_json_layer(&own->result, 0), "gap_at_most"), *width;
    const char *key;
    size_t count = 0;
    fputs("\\def\\OwnWidthHeads{", file);
    json_object_foreach(widths, key, width) {
        if (count++ < WIDTHS)
            fprintf(file, "&$\\le$%s", key);
    }
    fprintf(file, "}\n\\def\\OwnWidthCount{%zu}\n", count < WIDTHS ? count : WIDTHS);
}

// The most bits that any layer needs; 0 where some layer needs more than there are, -1 where nothing is known.
static double most_bits(const own_t *own, const char *kind) {
    double most = 0;
    for (size_t i = 0; i < own->result.count; i++) {
        const json_t *bits = json_object_get(margins_json_layer(&own->result, i), "bits");
        if (!json_is_object(bits))
            return -1;
        const double needed = json_values_number(bits, kind);
        if (isnan(needed))
            return 0;
        most = fmax(most, needed);
    }
    return most;
}

// Of any layer; 0 where it is not known.
static double significant_bits(const own_t *own) {
    double most = 0;
    for (size_t i = 0; i < own->result.count; i++)
        most = fmax(most, json_values_number(margins_json_layer(&own->result, i), "significant_bits"));
    return most;
}

// "bf16 2.07 %, fp16 0.339 %, ..." of the observed ones.
static void define_cast_list(const own_t *own, FILE *file) {
    char a[TEX_ROOM];
    size_t shown = 0;
    fputs("\\def\\OwnCastList{", file);
    for (size_t i = 0; i < own->result.causes; i++) {
        if (own->result.cause[i].kind != MARGINS_CAST)
            continue;
        fprintf(file, shown > 0 ? ", " : "");
        print_cause(file, &own->result.cause[i]);
        fprintf(file, " %s~\\%%", tex_percent(a, summarise(own, &own->result.cause[i]).all.observed));
        shown++;
    }
    fprintf(file, "}\n\\def\\OwnCastCount{%zu}\n", shown);
}

static void define_between(const own_t *own, FILE *file) {
    const margins_cause_t cause = {MARGINS_BETWEEN, NULL};
    const summary_t sum = summarise(own, &cause);
    const double tokens = token_rate(own, &cause);
    char a[TEX_ROOM];
    define(file, "Between", tex_percent(a, sum.all.observed));
    define(file, "BetweenWorst", tex_percent(a, sum.worst_rate));
    define_text(file, "BetweenWorstLayer",
                json_values_text(margins_json_layer(&own->result, sum.worst), "layer"), 0);
    define_count(file, "BetweenHasTokens", !isnan(tokens) && own->result.count > 1);
    define(file, "BetweenTokens", tex_percent(a, tokens));
}

static void define_notes(const own_t *own, FILE *file) {
    size_t i;
    json_t *note;
    fputs("\\def\\OwnNotes{", file);
    json_array_foreach(json_object_get(own->result.root, "notes"), i, note) {
        fputs("\\ownnote{", file);
        tex_words(file, json_string_value(note));
        fputc('}', file);
    }
    fputs("}\n", file);
}

static void define_bits(const own_t *own, FILE *file) {
    const json_t *bits = json_object_get(margins_json_layer(&own->result, 0), "bits");
    const double significant = significant_bits(own), target = json_values_number(bits, "target");
    define_count(file, "FloatBits", most_bits(own, "floating"));
    define_count(file, "IntegerBits", most_bits(own, "integer"));
    fprintf(file, "\\def\\OwnTarget{%g}\n", isnan(target) ? 0 : 100 * target);
    define_count(file, "Significant", significant);
    // Stored in fp16, bf16 or less.
    define_count(file, "Coarse", significant > 0 && significant < 12);
}

static void write_macros(const own_t *own, FILE *file) {
    const json_t *first = margins_json_layer(&own->result, 0);
    double rows = 0, ties = 0;
    bool equal = true;
    for (size_t i = 0; i < own->result.count; i++) {
        rows += rows_of(own, i);
        ties += json_values_number(margins_json_layer(&own->result, i), "exact_ties");
        equal = equal && rows_of(own, i) == rows_of(own, 0);
    }
    char a[TEX_ROOM];
    define_text(file, "Dump", own->dump, 0);
    define_text(file, "Other", own->other, 0);
    define_text(file, "Rule", json_values_text(own->result.root, "rule"), 0);
    define_count(file, "Scores", own->result.scores);
    define_count(file, "Compared", own->result.compared);
    define_count(file, "Layers", (double)own->result.count);
    define_count(file, "EqualRows", equal);
    define_count(file, "Rows", rows_of(own, 0));
    define_count(file, "AllRows", rows);
    define_count(file, "Ties", isnan(ties) ? 0 : ties);
    define(file, "TieRate", tex_percent(a, ties / rows));
    define_count(file, "Experts", own->result.scores ? json_values_number(first, "experts") : 0);
    define_count(file, "Active", json_values_number(first, "active"));
    define_count(file, "Next", json_values_number(first, "active") + 1);
    define_count(file, "CauseCount", (double)own->result.causes);
    define_bits(own, file);
    define_count(file, "RiskyRows",
                 (double)json_array_size(json_object_get(own->result.root, "rows_at_risk")));
    define_widths(own, file);
    define_cast_list(own, file);
    define_between(own, file);
    define_notes(own, file);
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fputs("usage: own_margins RESULT.json DUMP DUMP2 FOLDER\n", stderr);
        return FAULT_USAGE;
    }
    own_t own = {.dump = argv[2], .other = argv[3], .folder = argv[4]};
    margins_json_open(argv[1], &own.result, &own.fault);
    end_on_fault(&own.fault);
    write_file(&own, "own.tex", write_macros);
    write_file(&own, "causes.rows.tex", write_causes);
    write_file(&own, "between.rows.tex", write_between);
    write_file(&own, "flips.tables.tex", write_flips);
    write_file(&own, "gaps.rows.tex", write_gaps);
    write_file(&own, "risky.rows.tex", write_risky_rows);
    margins_json_close(&own.result);
    end_on_fault(&own.fault);
    return FAULT_NONE;
}
