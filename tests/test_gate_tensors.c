// SPDX-License-Identifier: GPL-3.0-or-later
// io/gate_tensors and what it is made of: names one by one, numbers of every dtype against those that were written, shards, every
// refusal with its message, config.json, rules.
#include "io/gate_names.h"
#include "io/gate_rule.h"
#include "io/gate_tensors.h"
#include "io/sparse_tensors.h"
#include "io/synthetic_checkpoint.h"
#include "support.h"
#include "support/folder.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

// Nothing but these files may be left.
static int remove_folder(void **state) {
    (void)state;
    static const char *const names[] = {"model.safetensors", "config.json", "model.safetensors.index.json",
                                        "a.safetensors", "b.safetensors"};
    for (size_t i = 0; i < COUNT(names); i++)
        unlink(folder_at(names[i]));
    return rmdir(folder_path());
}

static void put_text(const char *name, const char *text) {
    FILE *file = fopen(folder_at(name), "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

// Writes a file of tensors, all of them in `dtype`, with the same numbers in each from its first one on.
typedef struct item {
    const char *name;
    size_t rank;
    uint64_t shape[3];
} item_t;

static void put_tensors(const char *name, const char *dtype, const item_t *items, size_t count,
                        const double *values) {
    fault_t fault = {0};
    sparse_tensors_t *file = sparse_tensors_alloc();
    assert_non_null(file);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(sparse_tensors_add(file, items[i].name, dtype, items[i].rank, items[i].shape), i);
    unlink(folder_at(name));
    if (sparse_tensors_create(file, folder_at(name), NULL, NULL, &fault) != FAULT_NONE)
        fail_msg("%s", fault.text);
    for (size_t i = 0; i < count && values != NULL; i++) {
        size_t numbers = 1;
        for (size_t r = 0; r < items[i].rank; r++)
            numbers *= (size_t)items[i].shape[r];
        assert_int_equal(sparse_tensors_put(file, i, values, numbers, &fault), FAULT_NONE);
    }
    sparse_tensors_free(file);
}

// ---- Names

static void test_names(void **state) {
    (void)state;
    static const struct {
        const char *name;
        gate_part_t part;
        long layer;
    } cases[] = {
        {"model.layers.3.mlp.gate.weight", GATE_WEIGHT, 3},
        {"model.layers.31.block_sparse_moe.gate.weight", GATE_WEIGHT, 31},
        {"model.layers.7.mlp.router.weight", GATE_WEIGHT, 7},
        {"model.layers.7.mlp.router.bias", GATE_BIAS, 7},
        {"language_model.model.layers.1.feed_forward.router.weight", GATE_WEIGHT, 1},
        {"transformer.blocks.0.ffn.router.layer.weight", GATE_WEIGHT, 0},
        {"decoder.block.11.layer.2.mlp.router.classifier.weight", GATE_WEIGHT, 11},
        {"model.layers.60.mlp.gate.e_score_correction_bias", GATE_SELECTION_BIAS, 60},
        {"model.layers.5.block_sparse_moe.e_score_correction_bias", GATE_SELECTION_BIAS, 5},
        {"model.language_model.layers.2.router.proj.weight", GATE_WEIGHT, 2},
        {"model.language_model.layers.2.router.per_expert_scale", GATE_EXPERT_SCALE, 2},
        {"layers.4.moe.gate.wg.weight", GATE_WEIGHT, 4},
        {"transformer/decoder_layer_12/router/w", GATE_WEIGHT, 12},
        {"gate.weight", GATE_WEIGHT, -1},
        {"router.weight", GATE_WEIGHT, -1},
        {"model.layers.3.mlp.gate_proj.weight", GATE_LOOKALIKE, 3},
        {"model.layers.3.mlp.gate_up_proj.weight", GATE_LOOKALIKE, 3},
        {"model.layers.3.mlp.shared_expert_gate.weight", GATE_LOOKALIKE, 3},
        {"model.layers.3.mlp.experts.17.gate_proj.weight", GATE_LOOKALIKE, 3},
        {"model.layers.3.mlp.experts.gate_up_proj", GATE_LOOKALIKE, 3},
        {"model.layers.3.mlp.experts.2.gate.weight", GATE_LOOKALIKE, 3},
        {"model.layers.3.self_attn.gate.weight", GATE_LOOKALIKE, 3},
        {"model.layers.3.mlp.gate.qweight", GATE_LOOKALIKE, 3},
        {"model.layers.3.mlp.gate.w", GATE_LOOKALIKE, 3},
        {"model.layers.3.mlp.investigate.weight", GATE_LOOKALIKE, 3},
        {"model.layers.3.mlp.up_proj.weight", GATE_NONE, 3},
        {"model.layers.3.mlp.experts.2.w1.weight", GATE_NONE, 3},
        {"lm_head.weight", GATE_NONE, -1},
        {"", GATE_NONE, -1},
        {"weight", GATE_NONE, -1},
        {".gate.weight", GATE_WEIGHT, -1},
        {"m.layers.99999999999999999999.mlp.gate.weight", GATE_WEIGHT, -1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const gate_name_t found = gate_names_classify(cases[i].name);
        if (found.part != cases[i].part || gate_names_layer(cases[i].name) != cases[i].layer ||
            (found.reason != NULL) != (found.part == GATE_LOOKALIKE))
            fail_msg("%s: part %d, layer %ld", cases[i].name, (int)found.part,
                     gate_names_layer(cases[i].name));
    }
    char room[64];
    assert_string_equal(gate_names_pattern("layers.12.experts.345.w1_7.gate2", room, sizeof room),
                        "layers.*.experts.*.w1_*.gate2");
    assert_string_equal(gate_names_pattern("abcdef", room, 4), "abc");
}

// ---- Numbers

// 3 x 5 numbers that every dtype holds.
static const double VALUES[15] = {1,       -2.5, 0.375, 0,   0x1p-7,  -3,  5,   0.75,
                                  -0.0625, 48,   7,     -11, 0x1p-14, 0.5, -1.5};

static void expect_numbers(gate_tensors_t *found, bool transposed) {
    fault_t fault = {0};
    double values[15], bias[3];
    const gate_tensor_t *gate = gate_tensors_at(found, 0);
    assert_int_equal(gate->experts, 3);
    assert_int_equal(gate->dimension, 5);
    assert_int_equal(gate->transposed, transposed);
    assert_int_equal(gate_tensors_read(found, 0, values, &fault), FAULT_NONE);
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 5; j++)
            assert_true(values[5 * i + j] == VALUES[transposed ? 3 * j + i : 5 * i + j]);
    if (gate->bias == NULL)
        return;
    assert_int_equal(gate_tensors_vector(found, 0, gate->bias, bias, &fault), FAULT_NONE);
    assert_memory_equal(bias, VALUES, sizeof bias);
}

static void test_dtypes(void **state) {
    (void)state;
    static const char *const dtypes[] = {"BF16", "F16", "F32", "F64"};
    static const item_t straight[] = {{"x.gate.weight", 2, {3, 5}}, {"x.gate.bias", 1, {3}}};
    static const item_t turned[] = {{"x.gate.weight", 2, {5, 3}}};
    for (size_t i = 0; i < COUNT(dtypes); i++)
        for (int transposed = 0; transposed < 2; transposed++) {
            gate_tensors_t *found = NULL;
            fault_t fault = {0};
            put_text("config.json", "{\"hidden_size\": 5, \"num_experts\": 3}");
            put_tensors("model.safetensors", dtypes[i], transposed ? turned : straight, transposed ? 1 : 2,
                        VALUES);
            if (gate_tensors_open(i % 2 ? folder_path() : folder_at("model.safetensors"), &found, &fault) !=
                FAULT_NONE)
                fail_msg("%s", fault.text);
            assert_string_equal(gate_tensors_at(found, 0)->dtype, dtypes[i]);
            expect_numbers(found, transposed);
            gate_tensors_close(found);
        }
    unlink(folder_at("config.json"));
}

// Without config.json a matrix is [N, d], and [d, N] when its name ends in w.
static void test_orientation(void **state) {
    (void)state;
    static const item_t wide[] = {{"a.router.weight", 2, {7, 2}}, {"b.router.w", 2, {2, 7}}};
    gate_tensors_t *found = NULL;
    fault_t fault = {0};
    put_tensors("model.safetensors", "F32", wide, 2, VALUES);
    assert_int_equal(gate_tensors_open(folder_path(), &found, &fault), FAULT_NONE);
    assert_false(gate_tensors_config(found)->present);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(gate_tensors_at(found, i)->experts, 7);
        assert_int_equal(gate_tensors_at(found, i)->dimension, 2);
    }
    gate_tensors_close(found);
}

static void test_shards(void **state) {
    (void)state;
    static const synthetic_tensor_t tensors[] = {
        {"model.layers.*.mlp.gate.weight", "BF16", true, 2, {6, 40}},
        {"model.layers.*.mlp.gate.e_score_correction_bias", "F32", true, 1, {6}},
        {"model.layers.*.mlp.experts.*.gate_proj.weight", "BF16", false, 2, {1 << 20, 1 << 10}},
        {"model.layers.*.input_layernorm.weight", "BF16", false, 1, {40}},
    };
    const synthetic_checkpoint_t plan = {
        .tensors = tensors,
        .count = COUNT(tensors),
        .experts = 6,
        .layers = 13,
        .first = 2,
        .step = 1,
        .drawn = 13,
        .shards = 4,
        .seed = 11,
        .config = "{\"n_routed_experts\": 6, \"hidden_size\": 40, \"moe_topk\": [2, 2]}"};
    gate_tensors_t *found = NULL;
    fault_t fault = {0};
    double values[240], written[240];
    synthetic_size_t size;
    char sub[512];
    snprintf(sub, sizeof sub, "%s/sub", folder_path());
    assert_int_equal(mkdir(sub, 0777), 0);
    if (synthetic_checkpoint_write(&plan, sub, &size, &fault) != FAULT_NONE ||
        gate_tensors_open(sub, &found, &fault) != FAULT_NONE)
        fail_msg("%s", fault.text);
    assert_int_equal(gate_tensors_count(found), 13);
    assert_int_equal(gate_tensors_shards(found), 4);
    assert_int_equal(gate_tensors_names(found), 13 * 9);
    assert_true(gate_tensors_bytes(found) == size.bytes && size.bytes > (uint64_t)13 * 6 << 31);
    assert_int_equal(gate_tensors_config(found)->active, 2);
    assert_int_equal(gate_tensors_lookalikes(found), 1);
    assert_string_equal(gate_tensors_lookalike(found, 0)->pattern,
                        "model.layers.*.mlp.experts.*.gate_proj.weight");
    assert_int_equal(gate_tensors_lookalike(found, 0)->count, 13 * 6);
    for (size_t layer = 0; layer < 13; layer++) {
        const gate_tensor_t *gate = gate_tensors_at(found, layer);
        assert_int_equal(gate->layer, (long)layer + 2); // 9 before 10
        assert_int_equal(gate_tensors_read(found, layer, values, &fault), FAULT_NONE);
        synthetic_checkpoint_values(&plan, layer, 0, written, 240);
        assert_memory_equal(values, written, sizeof values);
        assert_int_equal(gate_tensors_vector(found, layer, gate->selection_bias, values, &fault), FAULT_NONE);
        synthetic_checkpoint_values(&plan, layer, 1, written, 6);
        assert_memory_equal(values, written, 6 * sizeof *values);
    }
    gate_tensors_close(found);
    synthetic_checkpoint_remove(&plan, sub);
}

// ---- Refusals

static void expect_refusal(const char *path, const char *text) {
    gate_tensors_t *found = NULL;
    fault_t fault = {0};
    if (gate_tensors_open(path, &found, &fault) != FAULT_INPUT || strstr(fault.text, text) == NULL ||
        strchr(fault.text, '\n') != NULL)
        fail_msg("status %d: %s\nexpected: %s", (int)fault.status, fault.text, text);
    assert_null(found);
}

static void test_refused_tensors(void **state) {
    (void)state;
    static const struct {
        const char *dtype;
        size_t count;
        item_t items[3];
        const char *config, *text;
    } cases[] = {
        {"F32",
         1,
         {{"x.up_proj.weight", 2, {3, 5}}},
         NULL,
         "expected the gate matrix of a router, a tensor called ...gate.weight"},
        {"F8_E4M3",
         1,
         {{"x.gate.weight", 2, {3, 5}}},
         NULL,
         "expected a gate matrix of F64, F32, F16 or BF16, found F8_E4M3 of shape [3, 5]"},
        {"F32",
         1,
         {{"x.gate.weight", 3, {3, 5, 1}}},
         NULL,
         "«x.gate.weight»: expected a gate matrix [experts, inputs], two sizes, found F32 of shape [3, 5, "
         "1]"},
        {"F32", 1, {{"x.gate.weight", 1, {15}}}, NULL, "two sizes, found F32 of shape [15]"},
        {"F32", 1, {{"x.gate.weight", 2, {1, 5}}}, NULL, "expected 2 to 65536 experts"},
        {"F32", 1, {{"x.gate.weight", 2, {0, 5}}}, NULL, "expected 2 to 65536 experts"},
        {"F32", 1, {{"x.gate.weight", 2, {65537, 1}}}, NULL, "expected 2 to 65536 experts"},
        {"F32", 1, {{"x.gate.weight", 2, {2, (1 << 20) + 1}}}, NULL, "1 to 1048576 inputs"},
        {"F32",
         1,
         {{"x.gate.weight", 2, {4096, 8193}}},
         NULL,
         "at most 33554432 numbers, found F32 of shape [4096, 8193]"},
        {"F32",
         1,
         {{"x.gate.weight", 2, {3, 5}}},
         "{\"num_experts\": 4}",
         "expected 4 experts and 0 inputs, as config.json says"},
        {"F32",
         1,
         {{"x.gate.weight", 2, {3, 5}}},
         "{\"hidden_size\": 4}",
         "expected 0 experts and 4 inputs, as config.json says"},
        {"F32",
         2,
         {{"x.gate.weight", 2, {3, 5}}, {"x.gate.bias", 1, {4}}},
         NULL,
         "«x.gate.bias»: expected 3 numbers of F64"},
        {"F32",
         2,
         {{"x.gate.weight", 2, {3, 5}}, {"x.e_score_correction_bias", 1, {2}}},
         NULL,
         "expected 3 numbers"},
        {"F32",
         2,
         {{"x.gate.weight", 2, {3, 5}}, {"y.gate.bias", 1, {3}}},
         NULL,
         "expected a gate matrix beside the tensor «y.gate.bias», found none"},
        {"F32",
         2,
         {{"x.gate.weight", 2, {3, 5}}, {"y.e_score_correction_bias", 1, {3}}},
         NULL,
         "expected a gate matrix beside the tensor"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        unlink(folder_at("config.json"));
        if (cases[i].config != NULL)
            put_text("config.json", cases[i].config);
        put_tensors("model.safetensors", cases[i].dtype, cases[i].items, cases[i].count, NULL);
        expect_refusal(folder_path(), cases[i].text);
    }
    unlink(folder_at("config.json"));
}

static void test_refused_numbers(void **state) {
    (void)state;
    static const item_t gate[] = {{"x.gate.weight", 2, {3, 5}}};
    double values[15];
    for (int i = 0; i < 15; i++)
        values[i] = i == 7 ? (double)NAN : i;
    gate_tensors_t *found = NULL;
    fault_t fault = {0};
    put_tensors("model.safetensors", "F32", gate, 1, values);
    assert_int_equal(gate_tensors_open(folder_path(), &found, &fault), FAULT_NONE);
    assert_int_equal(gate_tensors_read(found, 0, values, &fault), FAULT_INPUT);
    assert_non_null(strstr(fault.text, "row 1 (from 0, of 3)"));
    gate_tensors_close(found);
}

static void test_refused_files(void **state) {
    (void)state;
    static const item_t gate[] = {{"x.gate.weight", 2, {3, 5}}, {"x.gate.bias", 1, {3}}};
    static const struct {
        const char *index, *text;
    } cases[] = {
        {"{", "expected JSON without repeated keys"},
        {"[]", "expected a JSON object"},
        {"{\"weight_map\": {\"a\": \"a.safetensors\", \"a\": \"b.safetensors\"}}",
         "expected JSON without repeated keys"},
        {"{\"weight_map\": []}", "expected an object weight_map"},
        {"{\"weight_map\": {}}", "expected an object weight_map"},
        {"{}", "expected an object weight_map"},
        {"{\"weight_map\": {\"x.gate.weight\": 3}}",
         "expected the name of a file for tensor «x.gate.weight»"},
        {"{\"weight_map\": {\"x.gate.weight\": \"/etc/a.safetensors\"}}",
         "in the folder of the index for tensor «x.gate.weight», found «/etc/a.safetensors»"},
        {"{\"weight_map\": {\"x.gate.weight\": \"../a.safetensors\"}}", "found «../a.safetensors»"},
        {"{\"weight_map\": {\"x.gate.weight\": \"b/../../a.safetensors\"}}", "found «b/../../a.safetensors»"},
        {"{\"weight_map\": {\"x.gate.weight\": \"model.safetensors.index.json\"}}",
         "expected a .safetensors file in the folder"},
        {"{\"weight_map\": {\"x.gate.weight\": \"a..safetensors/\"}}",
         "expected a .safetensors file in the folder"},
        {"{\"weight_map\": {\"x.gate.weight\": \"missing.safetensors\"}}",
         "missing.safetensors: No such file"},
        {"{\"weight_map\": {\"y.gate.weight\": \"a.safetensors\"}}",
         "a.safetensors: expected the tensor «y.gate.weight», which"},
        {"{\"weight_map\": {\"y.up.weight\": \"a.safetensors\"}}", "expected the gate matrix of a router"},
        {"{\"weight_map\": {\"x.gate.weight\": \"a.safetensors\", \"x.gate.bias\": \"missing.safetensors\"}}",
         "missing.safetensors"},
    };
    unlink(folder_at("model.safetensors"));
    expect_refusal(folder_path(),
                   "expected model.safetensors.index.json or model.safetensors in the folder, found neither");
    put_tensors("a.safetensors", "F32", gate, 2, VALUES);
    for (size_t i = 0; i < COUNT(cases); i++) {
        put_text("model.safetensors.index.json", cases[i].index);
        expect_refusal(i % 2 ? folder_path() : folder_at("model.safetensors.index.json"), cases[i].text);
    }
    unlink(folder_at("model.safetensors.index.json"));
    put_tensors("b.safetensors", "F32", gate, 2, VALUES);
    expect_refusal(folder_path(), "found several files to choose from");
    unlink(folder_at("b.safetensors"));
    expect_refusal(folder_at("nowhere"), "expected a .safetensors file, an index.json or a folder");
    expect_refusal(folder_at("nowhere.safetensors"), "cannot read");
    expect_refusal(folder_at("nowhere.json"), "cannot read");
    gate_tensors_t *found = NULL;
    fault_t fault = {0};
    assert_int_equal(gate_tensors_open(folder_path(), &found, &fault), FAULT_NONE); // the only file
    gate_tensors_close(found);
}

// ---- config.json

static void test_config(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t experts, active, dimension, groups, kept;
    } good[] = {
        {"{}", 0, 0, 0, 0, 0},
        {"{\"n_routed_experts\": 256, \"num_experts_per_tok\": 8, \"hidden_size\": 7168, \"n_group\": 8, "
         "\"topk_group\": 4}",
         256, 8, 7168, 8, 4},
        {"{\"num_local_experts\": 8, \"num_experts_per_tok\": 2, \"top_k\": 50}", 8, 2, 0, 0, 0},
        {"{\"hidden_size\": 3, \"text_config\": {\"num_experts\": 128, \"top_k_experts\": 8, "
         "\"hidden_size\": 2816}}",
         128, 8, 2816, 0, 0},
        {"{\"d_model\": 6144, \"ffn_config\": {\"moe_num_experts\": 16, \"moe_top_k\": 4}}", 16, 4, 6144, 0,
         0},
        {"{\"num_experts\": 64, \"moe_topk\": [8, 8, 8]}", 64, 8, 0, 0, 0},
        {"{\"num_experts\": null, \"top_k\": 3}", 0, 3, 0, 0, 0},
    };
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"", "expected JSON without repeated keys"},
        {"{\"a\": 1, \"a\": 2}", "expected JSON without repeated keys"},
        {"7", "expected"},
        {"{\"num_experts\": 0}", "expected an integer from 1 to 1048576 for num_experts"},
        {"{\"num_experts\": -3}", "for num_experts"},
        {"{\"num_experts\": 2.5}", "for num_experts"},
        {"{\"num_experts\": \"8\"}", "for num_experts"},
        {"{\"num_experts\": 1048577}", "for num_experts"},
        {"{\"moe_topk\": [8, 6]}", "for moe_topk"},
        {"{\"moe_topk\": []}", "for moe_topk"},
        {"{\"scoring_func\": 3}", "for scoring_func"},
        {"{\"scoring_func\": \"\\u001b[2J\"}", "printable characters for scoring_func"},
        {"{\"norm_topk_prob\": 1}", "expected true or false for norm_topk_prob"},
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        gate_config_t config = {0};
        fault_t fault = {0};
        put_text("config.json", good[i].text);
        if (gate_config_read(folder_path(), &config, &fault) != FAULT_NONE || !config.present ||
            config.experts != good[i].experts || config.active != good[i].active ||
            config.dimension != good[i].dimension || config.groups != good[i].groups ||
            config.kept != good[i].kept)
            fail_msg("%s: %s", good[i].text, fault.text);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        gate_config_t config = {0};
        fault_t fault = {0};
        put_text("config.json", bad[i].text);
        if (gate_config_read(folder_path(), &config, &fault) != FAULT_INPUT ||
            strstr(fault.text, bad[i].message) == NULL || config.present)
            fail_msg("%s: %s", bad[i].text, fault.text);
    }
    unlink(folder_at("config.json"));
}

static void test_rules(void **state) {
    (void)state;
    static const char bias[] = "bias";
    static const struct {
        gate_tensor_t gate;
        gate_config_t config;
        const char *name;
        bool plain;
    } cases[] = {
        {{.experts = 8}, {0}, "logits", true},
        {{.experts = 8, .bias = bias}, {0}, "logits + bias", true},
        {{.experts = 8, .selection_bias = bias}, {0}, "sigmoid + selection bias", false},
        {{.experts = 8, .selection_bias = bias}, {.scoring = "softmax"}, "logits + selection bias", false},
        {{.experts = 8, .bias = bias}, {.scoring = "sigmoid"}, "sigmoid + selection bias", false},
        {{.experts = 8, .bias = bias, .selection_bias = bias},
         {.scoring = "sigmoid"},
         "sigmoid + bias + selection bias",
         false},
        {{.experts = 8}, {.scoring = "sigmoid"}, "sigmoid", true},
        {{.experts = 8, .selection_bias = bias},
         {.scoring = "sqrtsoftplus"},
         "sqrtsoftplus + selection bias",
         false},
        {{.experts = 8},
         {.groups = 4, .kept = 2, .method = "group_limited_greedy"},
         "logits in 2 of 4 groups (best)",
         false},
        {{.experts = 8}, {.groups = 4, .kept = 2, .method = "greedy"}, "logits", true},
        {{.experts = 8}, {.groups = 4, .kept = 4}, "logits", true},
        {{.experts = 8}, {.groups = 3, .kept = 2}, "logits", true},
        {{.experts = 8}, {.groups = 1, .kept = 1}, "logits", true},
        {{.experts = 8, .selection_bias = bias},
         {.groups = 4, .kept = 2},
         "sigmoid + selection bias in 2 of 4 groups (two best)",
         false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const gate_rule_t rule = gate_rule_guess(&cases[i].gate, &cases[i].config);
        if (strcmp(rule.name, cases[i].name) != 0 || rule.plain != cases[i].plain || rule.why[0] == '\0')
            fail_msg("case %zu: %s (%s)", i, rule.name, rule.why);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test_setup_teardown(test_dtypes, folder_make, remove_folder),
        cmocka_unit_test_setup_teardown(test_orientation, folder_make, remove_folder),
        cmocka_unit_test_setup_teardown(test_shards, folder_make, remove_folder),
        cmocka_unit_test_setup_teardown(test_refused_tensors, folder_make, remove_folder),
        cmocka_unit_test_setup_teardown(test_refused_numbers, folder_make, remove_folder),
        cmocka_unit_test_setup_teardown(test_refused_files, folder_make, remove_folder),
        cmocka_unit_test_setup_teardown(test_config, folder_make, remove_folder),
        cmocka_unit_test(test_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
