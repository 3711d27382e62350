// SPDX-License-Identifier: GPL-3.0-or-later
// Layouts of published checkpoints; see model_layout.h.
#include "io/model_layout.h"

#include <stdio.h>
#include <string.h>

// ---- Families ----

static const model_layout_family_t MIXTRAL = {
    .gate = "model.layers.*.block_sparse_moe.gate.weight",
    .expert = {"model.layers.*.block_sparse_moe.experts.*.w1.weight",
               "model.layers.*.block_sparse_moe.experts.*.w3.weight",
               "model.layers.*.block_sparse_moe.experts.*.w2.weight"},
    .lookalike = {"model.layers.*.self_attn.gate.weight"},
    .confirmed = true};
#define MLP_EXPERTS                                                                                          \
    {                                                                                                        \
        "model.layers.*.mlp.experts.*.gate_proj.weight", "model.layers.*.mlp.experts.*.up_proj.weight",      \
            "model.layers.*.mlp.experts.*.down_proj.weight"                                                  \
    }
static const model_layout_family_t QWEN = {.gate = "model.layers.*.mlp.gate.weight",
                                           .expert = MLP_EXPERTS,
                                           .lookalike = {"model.layers.*.mlp.shared_expert.gate_proj.weight",
                                                         "model.layers.*.mlp.shared_expert_gate.weight"},
                                           .confirmed = true};
static const model_layout_family_t OLMOE = {
    .gate = "model.layers.*.mlp.gate.weight", .expert = MLP_EXPERTS, .confirmed = true};
static const model_layout_family_t DEEPSEEK = {
    .gate = "model.layers.*.mlp.gate.weight",
    .expert = MLP_EXPERTS,
    .lookalike = {"model.layers.*.mlp.shared_experts.gate_proj.weight"},
    .confirmed = true};
static const model_layout_family_t CORRECTED = {
    .gate = "model.layers.*.mlp.gate.weight",
    .selection_bias = "model.layers.*.mlp.gate.e_score_correction_bias",
    .expert = MLP_EXPERTS,
    .lookalike = {"model.layers.*.mlp.shared_experts.gate_proj.weight"},
    .confirmed = true};
static const model_layout_family_t DEEPSEEK_4 = {.gate = "layers.*.ffn.gate.weight",
                                                 .selection_bias = "layers.*.ffn.gate.bias",
                                                 .expert = {"layers.*.ffn.experts.*.w1.weight",
                                                            "layers.*.ffn.experts.*.w3.weight",
                                                            "layers.*.ffn.experts.*.w2.weight"}};
static const model_layout_family_t MINIMAX = {
    .gate = "model.layers.*.block_sparse_moe.gate.weight",
    .selection_bias = "model.layers.*.block_sparse_moe.e_score_correction_bias",
    .expert = {"model.layers.*.block_sparse_moe.experts.*.w1.weight",
               "model.layers.*.block_sparse_moe.experts.*.w3.weight",
               "model.layers.*.block_sparse_moe.experts.*.w2.weight"}};
static const model_layout_family_t GPT_OSS = {
    .gate = "model.layers.*.mlp.router.weight",
    .bias = "model.layers.*.mlp.router.bias",
    .expert = {"model.layers.*.mlp.experts.gate_up_proj", NULL, "model.layers.*.mlp.experts.down_proj"},
    .confirmed = true};
static const model_layout_family_t LLAMA = {
    .gate = "language_model.model.layers.*.feed_forward.router.weight",
    .expert = {"language_model.model.layers.*.feed_forward.experts.gate_up_proj", NULL,
               "language_model.model.layers.*.feed_forward.experts.down_proj"},
    .lookalike = {"language_model.model.layers.*.feed_forward.shared_expert.gate_proj.weight"},
    .confirmed = true};
static const model_layout_family_t JAMBA = {
    .gate = "model.layers.*.feed_forward.router.weight",
    .expert = {"model.layers.*.feed_forward.experts.*.gate_proj.weight",
               "model.layers.*.feed_forward.experts.*.up_proj.weight",
               "model.layers.*.feed_forward.experts.*.down_proj.weight"},
    .confirmed = true};
static const model_layout_family_t DBRX = {.gate = "transformer.blocks.*.ffn.router.layer.weight",
                                           .expert = {"transformer.blocks.*.ffn.experts.mlp.w1",
                                                      "transformer.blocks.*.ffn.experts.mlp.v1",
                                                      "transformer.blocks.*.ffn.experts.mlp.w2"},
                                           .confirmed = true};
static const model_layout_family_t SWITCH = {
    .gate = "encoder.block.*.layer.1.mlp.router.classifier.weight",
    .decoder = "decoder.block.*.layer.2.mlp.router.classifier.weight",
    .expert = {"encoder.block.*.layer.1.mlp.experts.expert_*.wi.weight", NULL,
               "encoder.block.*.layer.1.mlp.experts.expert_*.wo.weight"},
    .confirmed = true};
static const model_layout_family_t GROK = {.gate = "transformer.decoder_layer_*.router.w",
                                           .transposed = true,
                                           .expert = {"transformer.decoder_layer_*.moe.linear.w",
                                                      "transformer.decoder_layer_*.moe.linear_v.w",
                                                      "transformer.decoder_layer_*.moe.linear_1.w"}};
static const model_layout_family_t GEMMA = {
    .gate = "model.language_model.layers.*.router.proj.weight",
    .scale = "model.language_model.layers.*.router.per_expert_scale",
    .expert = {"model.language_model.layers.*.experts.gate_up_proj", NULL,
               "model.language_model.layers.*.experts.down_proj"},
    .lookalike = {"model.language_model.layers.*.mlp.gate_proj.weight"},
    .confirmed = true};
// No checkpoint of these was published; names are borrowed.
static const model_layout_family_t UNPUBLISHED = {
    .gate = "layers.*.moe.gate.wg.weight",
    .expert = {"layers.*.moe.experts.*.wi.weight", NULL, "layers.*.moe.experts.*.wo.weight"}};

// ---- Models ----

static const char *const DEEPSEEK_KEYS[] = {"n_routed_experts", "num_experts_per_tok", "hidden_size"};
static const char *const QWEN_KEYS[] = {"num_experts", "num_experts_per_tok", "hidden_size"};
static const char *const LOCAL_KEYS[] = {"num_local_experts", "num_experts_per_tok", "hidden_size"};
static const char *const GEMMA_KEYS[] = {"num_experts", "top_k_experts", "hidden_size"};
static const char *const SWITCH_KEYS[] = {"num_experts", NULL, "d_model"};
static const char *const DBRX_KEYS[] = {"moe_num_experts", "moe_top_k", "d_model"};

static const char SIGMOID[] =
    "\"scoring_func\": \"sigmoid\", \"topk_method\": \"noaux_tc\", \"n_group\": 1, \"topk_group\": 1";
static const model_layout_t LAYOUTS[] = {
    {"Switch-Base-8", &SWITCH, 1, 2, SWITCH_KEYS, NULL},
    {"Switch-Base-256", &SWITCH, 1, 2, SWITCH_KEYS, NULL},
    {"Switch-C-2048", &SWITCH, 0, 1, SWITCH_KEYS, NULL},
    {"GShard MoE(2048E 36L)", &UNPUBLISHED, 1, 2, NULL, NULL},
    {"GLaM 64B/64E", &UNPUBLISHED, 1, 2, NULL, NULL},
    {"Mixtral 8x7B", &MIXTRAL, 0, 1, LOCAL_KEYS, NULL},
    {"Mixtral 8x22B", &MIXTRAL, 0, 1, LOCAL_KEYS, NULL},
    {"DeepSeekMoE 16B", &DEEPSEEK, 1, 1, DEEPSEEK_KEYS,
     "\"norm_topk_prob\": false, \"scoring_func\": \"softmax\""},
    {"DeepSeek-V2", &DEEPSEEK, 1, 1, DEEPSEEK_KEYS,
     "\"scoring_func\": \"softmax\", \"topk_method\": \"group_limited_greedy\", \"n_group\": 8, "
     "\"topk_group\": 3"},
    {"DeepSeek-V2-Lite", &DEEPSEEK, 1, 1, DEEPSEEK_KEYS,
     "\"scoring_func\": \"softmax\", \"topk_method\": \"greedy\", \"n_group\": 1, \"topk_group\": 1"},
    {"DeepSeek-V3", &CORRECTED, 3, 1, DEEPSEEK_KEYS,
     "\"scoring_func\": \"sigmoid\", \"topk_method\": \"noaux_tc\", \"n_group\": 8, \"topk_group\": 4, "
     "\"norm_topk_prob\": true"},
    {"DeepSeek-V4-Flash", &DEEPSEEK_4, 0, 1, DEEPSEEK_KEYS, "\"scoring_func\": \"sqrtsoftplus\""},
    {"Qwen1.5-MoE-A2.7B", &QWEN, 0, 1, QWEN_KEYS, "\"norm_topk_prob\": false"},
    {"Qwen2-57B-A14B", &QWEN, 0, 1, QWEN_KEYS, "\"norm_topk_prob\": false"},
    {"Qwen3-30B-A3B", &OLMOE, 0, 1, QWEN_KEYS, "\"norm_topk_prob\": true"},
    {"Qwen3-235B-A22B", &OLMOE, 0, 1, QWEN_KEYS, "\"norm_topk_prob\": true"},
    {"Qwen3-Coder-480B-A35B", &OLMOE, 0, 1, QWEN_KEYS, "\"norm_topk_prob\": true"},
    {"Qwen3-Next-80B-A3B", &QWEN, 0, 1, QWEN_KEYS, "\"norm_topk_prob\": true"},
    {"OLMoE-1B-7B", &OLMOE, 0, 1, QWEN_KEYS, "\"norm_topk_prob\": false"},
    {"DBRX", &DBRX, 0, 1, DBRX_KEYS, NULL},
    {"Grok-1", &GROK, 0, 1, NULL, NULL},
    {"Jamba-v0.1", &JAMBA, 1, 2, QWEN_KEYS, NULL},
    {"Phi-3.5-MoE", &MIXTRAL, 0, 1, LOCAL_KEYS, NULL},
    {"gpt-oss-20b", &GPT_OSS, 0, 1, LOCAL_KEYS, NULL},
    {"gpt-oss-120b", &GPT_OSS, 0, 1, LOCAL_KEYS, NULL},
    {"Llama 4 Scout (17B-16E)", &LLAMA, 0, 1, LOCAL_KEYS, NULL},
    {"Llama 4 Maverick (17B-128E)", &LLAMA, 1, 2, LOCAL_KEYS, NULL},
    {"Kimi K2", &CORRECTED, 1, 1, DEEPSEEK_KEYS, SIGMOID},
    {"Kimi K3", &CORRECTED, 1, 1, DEEPSEEK_KEYS, SIGMOID},
    {"GLM-4.5 (355B-A32B)", &CORRECTED, 3, 1, DEEPSEEK_KEYS, "\"n_group\": 1, \"topk_group\": 1"},
    {"GLM-4.5-Air (106B)", &CORRECTED, 1, 1, DEEPSEEK_KEYS, "\"n_group\": 1, \"topk_group\": 1"},
    {"MiniMax-Text-01 / M1", &MIXTRAL, 0, 1, LOCAL_KEYS, NULL},
    {"MiniMax-M2 family", &MINIMAX, 0, 1, LOCAL_KEYS, "\"scoring_func\": \"sigmoid\""},
    {"Gemma 4 26B", &GEMMA, 0, 1, GEMMA_KEYS, NULL},
};

const model_layout_t *model_layout_of(const char *model) {
    for (size_t i = 0; i < sizeof LAYOUTS / sizeof *LAYOUTS; i++)
        if (strcmp(LAYOUTS[i].model, model) == 0)
            return &LAYOUTS[i];
    return NULL;
}

// ---- Plans ----

static void add(synthetic_checkpoint_t *plan, synthetic_tensor_t *tensors, const char *pattern,
                const char *dtype, bool drawn, uint64_t rows, uint64_t columns) {
    if (pattern == NULL)
        return;
    tensors[plan->count++] = (synthetic_tensor_t){.pattern = pattern,
                                                  .dtype = dtype,
                                                  .drawn = drawn,
                                                  .rank = columns > 0 ? 2 : 1,
                                                  .shape = {rows, columns}};
}

static const char *make_config(const model_layout_t *layout, const model_t *model,
                               char text[MODEL_LAYOUT_CONFIG]) {
    if (layout->keys == NULL)
        return NULL;
    int at = snprintf(text, MODEL_LAYOUT_CONFIG, "{\"model_type\": \"synthetic\", \"%s\": %lu, \"%s\": %lu",
                      layout->keys[0], model->experts, layout->keys[2], model->dimension);
    if (layout->keys[1] != NULL)
        at += snprintf(text + at, (size_t)(MODEL_LAYOUT_CONFIG - at), ", \"%s\": %lu", layout->keys[1],
                       model->active);
    snprintf(text + at, (size_t)(MODEL_LAYOUT_CONFIG - at), "%s%s}\n", layout->more != NULL ? ", " : "",
             layout->more != NULL ? layout->more : "");
    return text;
}

synthetic_checkpoint_t model_layout_plan(const model_layout_t *layout, const model_t *model, size_t layers,
                                         synthetic_tensor_t tensors[MODEL_LAYOUT_TENSORS],
                                         char config[MODEL_LAYOUT_CONFIG]) {
    const model_layout_family_t *family = layout->family;
    const uint64_t n = model->experts, d = model->dimension, width = model->width;
    const uint64_t shape[2] = {family->transposed ? d : n, family->transposed ? n : d};
    // Experts that are one tensor are as many rows.
    const char *first = family->expert[0];
    const uint64_t many = strchr(first, '*') == strrchr(first, '*') ? n : 1;
    synthetic_checkpoint_t plan = {.tensors = tensors,
                                   .experts = n,
                                   .layers = family->decoder != NULL ? layers / 2 : layers,
                                   .first = layout->first,
                                   .step = layout->step,
                                   .config = make_config(layout, model, config)};
    add(&plan, tensors, family->gate, "BF16", true, shape[0], shape[1]);
    add(&plan, tensors, family->decoder, "BF16", true, shape[0], shape[1]);
    add(&plan, tensors, family->bias, "BF16", true, n, 0);
    add(&plan, tensors, family->selection_bias, "F32", true, n, 0);
    add(&plan, tensors, family->scale, "BF16", true, n, 0);
    for (int i = 0; i < 3; i++)
        add(&plan, tensors, family->expert[i], "BF16", false, many * (i < 2 ? width : d), i < 2 ? d : width);
    add(&plan, tensors, family->lookalike[0], "BF16", false, width, d);
    add(&plan, tensors, family->lookalike[1], "BF16", false, 1, d);
    return plan;
}
