// SPDX-License-Identifier: GPL-3.0-or-later
// cli/margins_survey: flips, ties and tokens of whole dumps against a plain count, for any number of threads.
#include "cli/margins_survey.h"
#include "io/dump_write.h"
#include "support.h"
#include "support/seeds.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

// More rows than a block has, so that there are several units, the last one short.
enum { LAYERS = 3, ROWS = 20011, EXPERTS = 8, ACTIVE = 3, CASTS = 2 };
static const char *const FORMATS[CASTS] = {"fp8-e4m3", "int4"};

// Two dumps of multiples of 1/64: ties are frequent.
typedef struct pair {
    char folder[256], first[300], second[300];
    double *values, *others; // LAYERS x ROWS x EXPERTS
} pair_t;

static int make_pair(void **state) {
    pair_t *pair = calloc(1, sizeof *pair);
    const char *root = getenv("TMPDIR");
    if (pair == NULL)
        return 1;
    *state = pair;
    const size_t count = (size_t)LAYERS * ROWS * EXPERTS;
    pair->values = calloc(count, sizeof *pair->values);
    pair->others = calloc(count, sizeof *pair->others);
    snprintf(pair->folder, sizeof pair->folder, "%s/moegeom-margins-XXXXXX", root ? root : "/tmp");
    if (pair->values == NULL || pair->others == NULL || mkdtemp(pair->folder) == NULL)
        return 1;
    snprintf(pair->first, sizeof pair->first, "%s/a.npy", pair->folder);
    snprintf(pair->second, sizeof pair->second, "%s/b.npy", pair->folder);
    stream_t stream = seeds_stream("margins_survey", 1);
    stream_normals(&stream, pair->values, count);
    stream_normals(&stream, pair->others, count);
    for (size_t i = 0; i < count; i++) {
        pair->values[i] = round(64 * pair->values[i]) / 64;
        pair->others[i] = pair->values[i] + round(2 * pair->others[i]) / 64;
    }
    return 0;
}

static int clear_pair(void **state) {
    pair_t *pair = *state;
    unlink(pair->first);
    unlink(pair->second);
    const int status = rmdir(pair->folder);
    free(pair->values);
    free(pair->others);
    free(pair);
    return status;
}

// ---- The plain count -----------------------------------------------------------------------------------------------

// The set of the experts with the largest scores, of equal ones the first: a bit for each.
static unsigned select_experts(const double *row) {
    unsigned set = 0;
    for (size_t i = 0; i < EXPERTS; i++) {
        size_t ahead = 0;
        for (size_t j = 0; j < EXPERTS; j++)
            ahead += row[j] > row[i] || (row[j] == row[i] && j < i);
        set |= (ahead < ACTIVE ? 1U : 0U) << i;
    }
    return set;
}

static bool has_tie(const double *row) {
    const unsigned set = select_experts(row);
    for (size_t i = 0; i < EXPERTS; i++)
        for (size_t j = 0; j < EXPERTS; j++)
            if ((set >> i & 1) && !(set >> j & 1) && row[i] == row[j])
                return true;
    return false;
}

typedef struct counts {
    uint64_t cast[LAYERS][CASTS], between[LAYERS], tie[LAYERS];
    uint64_t cast_tokens[CASTS], between_tokens, tie_tokens;
} counts_t;

static counts_t count_plainly(const pair_t *pair) {
    counts_t counts = {0};
    rounding_t formats[CASTS];
    for (size_t c = 0; c < CASTS; c++)
        assert_true(rounding_parse(FORMATS[c], &formats[c]));
    for (size_t r = 0; r < ROWS; r++) {
        bool cast[CASTS] = {false}, between = false, tie = false;
        for (size_t l = 0; l < LAYERS; l++) {
            const double *row = pair->values + (l * ROWS + r) * EXPERTS;
            const unsigned set = select_experts(row);
            double rounded[EXPERTS];
            for (size_t c = 0; c < CASTS; c++) {
                rounding_row(&formats[c], row, EXPERTS, rounded);
                const bool flips = select_experts(rounded) != set;
                counts.cast[l][c] += flips;
                cast[c] |= flips;
            }
            const bool changed = select_experts(pair->others + (l * ROWS + r) * EXPERTS) != set,
                       equal = has_tie(row);
            counts.between[l] += changed;
            counts.tie[l] += equal;
            between |= changed;
            tie |= equal;
        }
        for (size_t c = 0; c < CASTS; c++)
            counts.cast_tokens[c] += cast[c];
        counts.between_tokens += between;
        counts.tie_tokens += tie;
    }
    return counts;
}

// ---- Surveys -------------------------------------------------------------------------------------------------------

static void write_dump(const char *path, const double *values, size_t rows, dump_type_t type) {
    fault_t fault = {0};
    const dump_block_t block = {LAYERS, rows, EXPERTS, values};
    if (dump_write_npy(path, &block, type, &fault) != FAULT_NONE)
        fail_msg("%s", fault.text);
}

static dump_t *open_dump(const char *path) {
    fault_t fault = {0};
    dump_t *dump = NULL;
    if (dump_open(path, DUMP_LOGITS, false, &dump, &fault) != FAULT_NONE)
        fail_msg("%s", fault.text);
    return dump;
}

static void set_options(margin_options_t options[LAYERS]) {
    for (size_t l = 0; l < LAYERS; l++) {
        options[l] = (margin_options_t){
            .rule = {.experts = EXPERTS, .active = ACTIVE}, .casts = CASTS, .stride = 64, .risks = 3};
        for (size_t c = 0; c < CASTS; c++)
            assert_true(rounding_parse(FORMATS[c], &options[l].cast[c]));
    }
}

// Of both dumps, the second of doubles.
static void survey_pair(const pair_t *pair, int threads, margins_survey_t *survey) {
    margin_options_t options[LAYERS];
    fault_t fault = {0};
    set_options(options);
    dump_t *dump = open_dump(pair->first), *other = open_dump(pair->second);
    const margins_plan_t plan = {dump, other, options, 0.01, threads};
    if (margins_survey(&plan, survey, &fault) != FAULT_NONE)
        fail_msg("%s", fault.text);
    dump_close(dump);
    dump_close(other);
}

static void test_counts(void **state) {
    const pair_t *pair = *state;
    write_dump(pair->first, pair->values, ROWS, DUMP_F32);
    write_dump(pair->second, pair->others, ROWS, DUMP_F64);
    const counts_t want = count_plainly(pair);
    margins_survey_t survey;
    survey_pair(pair, 2, &survey);
    assert_int_equal(survey.layers, LAYERS);
    assert_true(survey.scores && survey.aligned);
    assert_int_equal(survey.tokens, ROWS);
    for (size_t c = 0; c < CASTS; c++) {
        uint64_t events = 0;
        for (size_t l = 0; l < LAYERS; l++) {
            assert_int_equal(survey.layer[l].report.cast[c].observed.count, want.cast[l][c]);
            events += want.cast[l][c];
        }
        assert_int_equal(survey.cast[c].tokens, want.cast_tokens[c]);
        assert_int_equal(survey.cast[c].events, events);
        assert_true(want.cast_tokens[c] < events); // some tokens flip in several layers
    }
    for (size_t l = 0; l < LAYERS; l++) {
        assert_int_equal(survey.layer[l].rows, ROWS);
        assert_int_equal(survey.layer[l].report.rows, ROWS);
        assert_int_equal(survey.layer[l].report.between.observed.count, want.between[l]);
        assert_int_equal(survey.layer[l].report.exact_ties, want.tie[l]);
    }
    assert_int_equal(survey.between.tokens, want.between_tokens);
    assert_int_equal(survey.tie.tokens, want.tie_tokens);
    margins_survey_clear(&survey);
}

// All numbers of a layer as text; NaN where there is none.
static void describe(const margins_layer_t *layer, char *text, size_t room) {
    const margin_report_t *report = &layer->report;
    size_t length =
        (size_t)snprintf(text, room, "%" PRIu64 " %a %a %d %d", report->exact_ties, report->density.val,
                         report->density.err, layer->bits.floating, layer->bits.integer);
    for (size_t c = 0; c < CASTS; c++)
        length += (size_t)snprintf(text + length, room - length, " %a %a %a", report->cast[c].predicted.val,
                                   report->cast[c].predicted.err, report->cast[c].first_order.val);
    length += (size_t)snprintf(text + length, room - length, " %a %a", report->between.noise,
                               report->between.predicted.val);
    for (size_t i = 0; i < report->risks; i++)
        length += (size_t)snprintf(text + length, room - length, " %" PRIu64 " %a", report->risk[i].row,
                                   report->risk[i].gap);
    for (size_t i = 0; i < layer->points && length < room; i++)
        length += (size_t)snprintf(text + length, room - length, " %a %a", layer->curve[i].gap,
                                   layer->curve[i].share);
}

static void test_threads(void **state) {
    const pair_t *pair = *state;
    enum { ROOM = 1 << 14 };
    char one[ROOM], many[ROOM];
    margins_survey_t first, other;
    survey_pair(pair, 1, &first);
    for (int threads = 2; threads <= 5; threads += 3) {
        survey_pair(pair, threads, &other);
        for (size_t l = 0; l < LAYERS; l++) {
            describe(&first.layer[l], one, ROOM);
            describe(&other.layer[l], many, ROOM);
            assert_string_equal(one, many);
        }
        margins_survey_clear(&other);
    }
    margins_survey_clear(&first);
}

// The curve of P(gap <= w) ends at the greatest gap and grows.
static void test_curve(void **state) {
    const pair_t *pair = *state;
    margins_survey_t survey;
    survey_pair(pair, 2, &survey);
    for (size_t l = 0; l < LAYERS; l++) {
        const margins_layer_t *layer = &survey.layer[l];
        assert_in_range(layer->points, 10, MARGINS_CURVE);
        for (size_t i = 1; i < layer->points; i++) {
            assert_true(layer->curve[i].gap >= layer->curve[i - 1].gap);
            assert_true(layer->curve[i].share > layer->curve[i - 1].share);
        }
        const margins_point_t last = layer->curve[layer->points - 1];
        check_close("end of the curve", last.gap, layer->report.gap_quantile[MARGIN_QUANTILES - 1], 0);
        check_close("end of the curve", last.share, 1, 0);
    }
    margins_survey_clear(&survey);
}

// Puts NaN in the place of a number of the first dump, of 32-bit floats behind a header.
static void break_number(const pair_t *pair, size_t number) {
    const float nan = NAN;
    const long after = -(long)(((size_t)LAYERS * ROWS * EXPERTS - number) * sizeof nan);
    FILE *file = fopen(pair->first, "r+");
    assert_non_null(file);
    assert_int_equal(fseek(file, after, SEEK_END), 0);
    assert_int_equal(fwrite(&nan, sizeof nan, 1, file), 1);
    assert_int_equal(fclose(file), 0);
}

// Whatever the threads do, the fault is that of the first unit: NaN stands in a late block of the first layer and in an early one of
// the last, which is read before it.
static void test_first_fault(void **state) {
    const pair_t *pair = *state;
    margin_options_t options[LAYERS];
    set_options(options);
    write_dump(pair->first, pair->values, ROWS, DUMP_F32);
    break_number(pair, (size_t)(ROWS - 3) * EXPERTS + 1);
    break_number(pair, ((size_t)2 * ROWS + 77) * EXPERTS + 5);
    for (int threads = 1; threads <= 4; threads++) {
        fault_t fault = {0};
        margins_survey_t survey = {.layers = 99};
        dump_t *dump = open_dump(pair->first);
        const margins_plan_t plan = {dump, NULL, options, 0.01, threads};
        assert_int_equal(margins_survey(&plan, &survey, &fault), FAULT_INPUT);
        if (strstr(fault.text, "layer «2», row 77 ") == NULL || strstr(fault.text, "column 5 ") == NULL)
            fail_msg("%s", fault.text);
        assert_int_equal(survey.layers, 99);
        dump_close(dump);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_curve),
        cmocka_unit_test(test_first_fault),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("margins_survey", tests, make_pair, clear_pair);
}
