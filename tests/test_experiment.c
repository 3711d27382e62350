// SPDX-License-Identifier: GPL-3.0-or-later
// io/experiment_instance, io/experiment_roads, io/models and the small helpers of io/experiment: what an experiment gets,
// and the one line with which it ends where there is nothing to get.
#include "io/dump_write.h"
#include "io/experiment_instance.h"
#include "io/experiment_roads.h"
#include "io/models.h"
#include "support.h"
#include "support/folder.h"
#include "support/plan.h"

#include <gsl/gsl_errno.h>
#include <string.h>
#include <unistd.h>

// Fails unless the file has the part; returns its lines.
static int expect_part(const char *name, const char *part) {
    char text[4096] = "";
    FILE *file = fopen(folder_at(name), "r");
    assert_non_null(file);
    const size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    if (strstr(text, part) == NULL)
        fail_msg("wanted «%s», found «%s»", part, text);
    int lines = 0;
    for (size_t i = 0; i < length; i++)
        lines += text[i] == '\n';
    return lines;
}

// ---- Instances and counts ----

static void run_instances(experiment_t *run) {
    layer_t *layer = experiment_layer(run, "layer_N4_k2_H2_d2.moe");
    arrangement_t *a = experiment_arrangement(run, "generic_n10_d5.arr");
    instance_t instance = experiment_instance(run, "generic_n10_d5.arr");
    const bounds_layer_t shape = {4, 2, 2, 2};
    plan_expect(experiment_flats(run, layer).regions == 30 && experiment_vertices(run, layer) == 30);
    plan_expect(experiment_list_layer(run, layer) == 30);
    plan_expect(experiment_tree(run, a).regions == 638 && experiment_list_arrangement(run, a) == 638);
    plan_expect(experiment_bound(run, bounds_topk, &shape) == 66); // 6 Phi(4, 2)
    plan_expect(instance.layer == NULL && fmpz_mat_equal(instance.arrangement->rows, a->rows));
    layer_free(layer);
    arrangement_free(a);
    instance_clear(&instance);
    exit(0);
}

static void run_no_file(experiment_t *run) {
    experiment_layer(run, "nothing.moe");
}

static void run_no_layer(experiment_t *run) {
    experiment_layer(run, "generic_n10_d5.arr");
}

static void run_no_arrangement(experiment_t *run) {
    experiment_arrangement(run, "layer_N4_k2_H2_d2.moe");
}

static void run_large_bound(experiment_t *run) {
    const bounds_layer_t shape = {1024, 512, 1, 1};
    experiment_bound(run, bounds_topk, &shape);
}

// ---- Helpers ----

static void run_helpers(experiment_t *run) {
    const stream_t stream = experiment_stream(run, 9),
                   wanted = stream_at(5, stream_experiment("unit-test"), 9);
    const fault_t none = {0};
    int here;
    plan_expect(memcmp(&stream, &wanted, sizeof stream) == 0);
    plan_expect(experiment_memory(run, &here) == &here);
    plan_expect(experiment_check_integer(run, "a", "w", 3, 3) &&
                !experiment_check_integer(run, "a", "w", 3, 4));
    experiment_accept(run, &none);
    exit(0);
}

// Cells and macros of any size, and rounded places.
static void run_numbers(experiment_t *run) {
    static const table_column_t columns[] = {{"n", "1", NULL, NULL}, {"x", "1", "%.3f", NULL}};
    fmpz_t large;
    fmpq_t part;
    fmpz_init(large);
    fmpq_init(part);
    fmpz_set_ui(large, 10);
    fmpz_pow_ui(large, large, 25);
    fmpq_set_si(part, -3, 7);
    table_t *table = experiment_table(run, "", "c", columns, 2, 2);
    table_fmpz(table, large);
    table_rounded(table, -0.2, 2); // 0, not -0
    fmpz_neg(large, large);
    table_fmpz(table, large);
    table_rounded(table, 0.3, 4);
    experiment_macro_fmpz(run, "Large", large);
    experiment_macro_fmpq(run, "Part", part);
    fmpz_clear(large);
    fmpq_clear(part);
}

static void test_numbers(void **state) {
    (void)state;
    assert_int_equal(plan_run(run_numbers, folder_path(), "data", folder_at("stderr")), 0);
    expect_part("unit-test.csv",
                "n,x\n10000000000000000000000000,0.000\n-10000000000000000000000000,0.250\n");
    expect_part("unit-test.tex", "\\newcommand{\\UnitTestLarge}{-10000000000000000000000000}\n"
                                 "\\newcommand{\\UnitTestPart}{-3/7}\n");
}

// ---- Dumps ----

static void write_dump(experiment_t *run) {
    static const double values[] = {0.25, -0.5, 3, 1.25, 7, -0.125};
    fault_t fault = {0};
    const char *path = experiment_dump(run, "part.csv");
    dump_write_csv(path, &(dump_block_t){1, 3, 2, values}, &fault);
    experiment_accept(run, &fault);
    plan_expect(access(path, F_OK) == 0 && access(folder_at("dumps/unit-test.part.csv"), F_OK) != 0);
}

static void run_dump(experiment_t *run) {
    static const table_column_t columns[] = {{"n", "1", NULL, NULL}};
    write_dump(run);
    table_integer(experiment_table(run, "", "c", columns, 1, 1), 3);
}

static void run_failing_dump(experiment_t *run) {
    write_dump(run);
    experiment_stop(run, FAULT_LIMIT, "after the dump");
}

// A dump gets its name when the experiment returns; of one that fails nothing stays.
static void test_dumps(void **state) {
    (void)state;
    assert_int_equal(plan_run(run_failing_dump, folder_path(), "data", folder_at("stderr")), FAULT_LIMIT);
    assert_int_equal(folder_empty("dumps"), 0);
    assert_int_equal(plan_run(run_dump, folder_path(), "data", folder_at("stderr")), 0);
    assert_int_equal(expect_part("dumps/unit-test.part.csv", "-0.125"), 4);
    assert_int_equal(folder_empty("dumps"), 1);
    assert_int_equal(rmdir(folder_at("dumps")), 0);
}

static void run_no_memory(experiment_t *run) {
    experiment_memory(run, NULL);
}

static void run_fault(experiment_t *run) {
    fault_t fault = {0};
    fault_set(&fault, FAULT_LIMIT, "a reason");
    experiment_accept(run, &fault);
}

static void test_experiments(void **state) {
    (void)state;
    static const struct {
        void (*run)(experiment_t *);
        int status;
        const char *words;
    } cases[] = {{run_instances, 0, NULL},
                 {run_helpers, 0, NULL},
                 {run_no_file, FAULT_INPUT, "nothing.moe"},
                 {run_no_layer, FAULT_INPUT, "generic_n10_d5.arr: expected a layer"},
                 {run_no_arrangement, FAULT_INPUT, "d2.moe: expected an arrangement"},
                 {run_large_bound, FAULT_INTERNAL, "does not fit"},
                 {run_no_memory, FAULT_SYSTEM, "out of memory"},
                 {run_fault, FAULT_LIMIT, "a reason"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(plan_run(cases[i].run, folder_path(), "data", folder_at("stderr")), cases[i].status);
        if (cases[i].words != NULL)
            assert_int_equal(expect_part("stderr", cases[i].words), 1);
    }
}

// ---- Models ----

static void test_models(void **state) {
    (void)state;
    models_t models;
    fault_t fault = {0};
    assert_int_equal(models_read("data/architectures.csv", &models, &fault), FAULT_NONE);
    const model_t *model = models_find(&models, "Switch-Base-8");
    assert_non_null(model);
    assert_true(model->experts == 8 && model->active == 1 && model->width == 3072);
    assert_true(model->dimension == 768 && model->shared == 0);
    assert_null(models_find(&models, "no such model"));
    for (size_t i = 0; i < models.count; i++)
        assert_true(models.list[i].active >= 1 && models.list[i].active <= models.list[i].experts);
    models_free(&models);
    models_free(&models);
}

static void test_broken_models(void **state) {
    (void)state;
    static const char head[] = "name,n_routed,top_k,expert_width,d_model,n_shared\n";
    static const char *const rows[] = {"a,-1,1,1,1,0\n", "a,2,1.5,1,1,0\n", "a,2,1,1e300,1,0\n",
                                       "a,2,1,,1,0\n"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        FILE *file = fopen(folder_at("models.csv"), "w");
        assert_non_null(file);
        fprintf(file, "%s%s", head, rows[i]);
        fclose(file);
        models_t models = {.count = 77};
        fault_t fault = {0};
        assert_int_equal(models_read(folder_at("models.csv"), &models, &fault), FAULT_INPUT);
        assert_int_equal(models.count, 77);
        assert_non_null(strstr(fault.text, "models.csv:2"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_experiments), // children first, as in test_io.c
        cmocka_unit_test(test_numbers),     cmocka_unit_test(test_dumps),
        cmocka_unit_test(test_models),      cmocka_unit_test(test_broken_models),
    };
    gsl_set_error_handler_off();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const int failed = cmocka_run_group_tests(tests, folder_make, folder_remove);
    flint_cleanup();
    return failed;
}
