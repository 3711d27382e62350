// SPDX-License-Identifier: GPL-3.0-or-later
// Guesses of selection rules; see gate_rule.h.
#include "io/gate_rule.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

// Appends to a text of `size` bytes, which is cut where it is full.
__attribute__((format(printf, 3, 4))) static void append(char *text, size_t size, const char *format, ...) {
    const size_t at = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + at, size - at, format, arguments);
    va_end(arguments);
}

static void say(gate_rule_t *rule, const char *text) {
    append(rule->why, sizeof rule->why, "%s%s", rule->why[0] != '\0' ? "; " : "", text);
}

static void guess_score(gate_rule_t *rule, const gate_tensor_t *gate, const gate_config_t *config) {
    if (strcmp(config->scoring, "sqrtsoftplus") == 0)
        rule->score = SELECTION_SQRTSOFTPLUS;
    else if (strcmp(config->scoring, "sigmoid") == 0)
        rule->score = SELECTION_SIGMOID;
    else if (config->scoring[0] == '\0' && gate->selection_bias != NULL)
        rule->score = SELECTION_SIGMOID;
    if (config->scoring[0] != '\0')
        append(rule->why, sizeof rule->why, "config.json scores by %s", config->scoring);
}

// A tensor gate.bias is a bias of the logits where logits or their softmax are the scores; models that score by a sigmoid
// publish the bias of their selection under that name as well.
static void guess_bias(gate_rule_t *rule, const gate_tensor_t *gate) {
    rule->selection_bias = gate->selection_bias != NULL;
    if (rule->selection_bias)
        say(rule, "tensor e_score_correction_bias");
    if (gate->bias == NULL)
        return;
    if (rule->score != SELECTION_LOGIT && !rule->selection_bias) {
        rule->selection_bias = true;
        say(rule, "tensor bias, of the selection because scores are no logits");
    } else {
        rule->logit_bias = true;
        say(rule, "tensor bias");
    }
}

static void guess_groups(gate_rule_t *rule, const gate_tensor_t *gate, const gate_config_t *config) {
    const bool greedy = strcmp(config->method, "greedy") == 0;
    if (config->groups < 2 || greedy)
        return;
    const size_t kept = config->kept;
    if (kept < 1 || kept > config->groups || gate->experts % config->groups != 0) {
        say(rule, "groups of config.json do not fit, left out");
        return;
    }
    if (kept == config->groups)
        return;
    rule->groups = config->groups;
    rule->kept = kept;
    const bool two = rule->selection_bias || strcmp(config->method, "noaux_tc") == 0;
    rule->grouping = two ? SELECTION_GROUP_TWO : SELECTION_GROUP_BEST;
    append(rule->why, sizeof rule->why, "%sconfig.json has %zu groups", rule->why[0] != '\0' ? "; " : "",
           rule->groups);
    if (config->method[0] != '\0')
        append(rule->why, sizeof rule->why, ", topk_method %s", config->method);
}

static void name_rule(gate_rule_t *rule) {
    static const char *const scores[] = {"logits", "sigmoid", "sqrtsoftplus"};
    append(rule->name, sizeof rule->name, "%s%s%s", scores[rule->score], rule->logit_bias ? " + bias" : "",
           rule->selection_bias ? " + selection bias" : "");
    if (rule->grouping != SELECTION_UNGROUPED)
        append(rule->name, sizeof rule->name, " in %zu of %zu groups (%s)", rule->kept, rule->groups,
               rule->grouping == SELECTION_GROUP_TWO ? "two best" : "best");
}

gate_rule_t gate_rule_guess(const gate_tensor_t *gate, const gate_config_t *config) {
    gate_rule_t rule = {.score = SELECTION_LOGIT, .grouping = SELECTION_UNGROUPED};
    guess_score(&rule, gate, config);
    guess_bias(&rule, gate);
    guess_groups(&rule, gate, config);
    rule.plain = !rule.selection_bias && rule.grouping == SELECTION_UNGROUPED;
    if (config->norm_known)
        say(&rule, config->normalised ? "weights renormalised (norm_topk_prob)"
                                      : "weights not renormalised (norm_topk_prob)");
    if (rule.why[0] == '\0')
        say(&rule, "neither biases nor a scoring function: softmax and sigmoid keep the order of logits");
    name_rule(&rule);
    return rule;
}
