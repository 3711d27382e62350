// SPDX-License-Identifier: GPL-3.0-or-later
// routing/selection: sets and gaps against brute force, with ties, biases and groups; scores; rules that are refused.
#include "routing/selection.h"

#include "stat/stream.h"
#include "support.h"
#include "support/seeds.h"

#include <gsl/gsl_errno.h>
#include <string.h>

enum { MOST = 24, MOST_GROUPS = 6 };

// ---- Brute force: a set of experts is a word of bits ----

static size_t ahead_of(const double *scores, size_t n, uint32_t eligible, size_t i) {
    size_t ahead = 0;
    for (size_t j = 0; j < n; j++)
        ahead += (eligible >> j & 1) && (scores[j] > scores[i] || (scores[j] == scores[i] && j < i));
    return ahead;
}

static uint32_t best_of(const double *scores, size_t n, uint32_t eligible, size_t active) {
    uint32_t set = 0;
    for (size_t i = 0; i < n; i++)
        if ((eligible >> i & 1) && ahead_of(scores, n, eligible, i) < active)
            set |= UINT32_C(1) << i;
    return set;
}

// The largest sum of `terms` scores of a group.
static double brute_group(const selection_t *rule, const double *scores, size_t group) {
    const size_t size = rule->experts / rule->groups;
    double most = -INFINITY;
    for (size_t i = group * size; i < (group + 1) * size; i++)
        for (size_t j = group * size; j < (group + 1) * size; j++) {
            if (rule->grouping == SELECTION_GROUP_BEST)
                most = fmax(most, scores[i]);
            else if (i != j)
                most = fmax(most, scores[i] + scores[j]);
        }
    return most;
}

static uint32_t experts_of(const selection_t *rule, uint32_t groups) {
    const size_t size = rule->experts / rule->groups;
    uint32_t set = 0;
    for (size_t i = 0; i < rule->experts; i++)
        if (groups >> (i / size) & 1)
            set |= UINT32_C(1) << i;
    return set;
}

static uint32_t brute_kept(const selection_t *rule, const double *scores) {
    double of_groups[MOST_GROUPS];
    for (size_t group = 0; group < rule->groups; group++)
        of_groups[group] = brute_group(rule, scores, group);
    return best_of(of_groups, rule->groups, (UINT32_C(1) << rule->groups) - 1, rule->kept);
}

static uint32_t brute_set(const selection_t *rule, const double *scores) {
    const uint32_t eligible = rule->grouping == SELECTION_UNGROUPED
                                  ? (UINT32_C(1) << rule->experts) - 1
                                  : experts_of(rule, brute_kept(rule, scores));
    return best_of(scores, rule->experts, eligible, rule->active);
}

// The least difference whose reversal makes other groups be kept and the set change: over all sets of `kept` groups, the
// largest difference that has to be reversed for it.
static double brute_group_gap(const selection_t *rule, const double *scores) {
    const uint32_t kept = brute_kept(rule, scores), set = brute_set(rule, scores);
    double least = INFINITY;
    for (uint32_t other = 0; other < UINT32_C(1) << rule->groups; other++) {
        if ((size_t)__builtin_popcount(other) != rule->kept || other == kept ||
            best_of(scores, rule->experts, experts_of(rule, other), rule->active) == set)
            continue;
        double leaving = -INFINITY, coming = INFINITY;
        for (size_t group = 0; group < rule->groups; group++) {
            if ((kept & ~other) >> group & 1)
                leaving = fmax(leaving, brute_group(rule, scores, group));
            if ((other & ~kept) >> group & 1)
                coming = fmin(coming, brute_group(rule, scores, group));
        }
        least = fmin(least, leaving - coming);
    }
    return least;
}

// The least difference of a selected expert and an eligible one that is not.
static double brute_expert_gap(const selection_t *rule, const double *scores) {
    const uint32_t set = brute_set(rule, scores);
    const uint32_t eligible = rule->grouping == SELECTION_UNGROUPED
                                  ? (UINT32_C(1) << rule->experts) - 1
                                  : experts_of(rule, brute_kept(rule, scores));
    double least = INFINITY;
    for (size_t i = 0; i < rule->experts; i++)
        for (size_t j = 0; j < rule->experts; j++)
            if ((set >> i & 1) && (eligible & ~set) >> j & 1)
                least = fmin(least, scores[i] - scores[j]);
    return least;
}

// ---- Random rules and rows ----

static selection_t draw_rule(stream_t *s) {
    selection_t rule = {.grouping = (selection_grouping_t)draw_below(s, 3)};
    if (rule.grouping == SELECTION_UNGROUPED) {
        rule.experts = 2 + draw_below(s, MOST - 1);
        rule.active = 1 + draw_below(s, rule.experts - 1);
        return rule;
    }
    do {
        const size_t size = 1 + draw_below(s, 4);
        rule.groups = 1 + draw_below(s, MOST_GROUPS);
        rule.experts = size * rule.groups;
        rule.kept = 1 + draw_below(s, rule.groups);
        rule.active = 1 + draw_below(s, rule.kept * size);
    } while (selection_check(&rule) != GSL_SUCCESS);
    return rule;
}

// Scores, for two rows of three with many ties.
static void draw_scores(stream_t *s, const selection_t *rule, double *scores) {
    const size_t kind = draw_below(s, 3);
    stream_normals(s, scores, rule->experts);
    for (size_t i = 0; kind > 0 && i < rule->experts; i++)
        scores[i] = kind == 1 ? round(scores[i]) : round(4 * scores[i]) / 4;
}

static const char *describe(const selection_t *rule, const double *scores) {
    static char text[2048];
    int length = snprintf(text, sizeof text, "N %zu, k %zu, grouping %d, %zu of %zu groups:", rule->experts,
                          rule->active, (int)rule->grouping, rule->kept, rule->groups);
    for (size_t i = 0; i < rule->experts; i++)
        length += snprintf(text + length, sizeof text - (size_t)length, " %a", scores[i]);
    return text;
}

static void check_choice(const selection_t *rule, const double *scores) {
    size_t members[MOST], order[MOST];
    selection_choice_t choice;
    selection_choose(rule, scores, members, &choice, order);
    uint32_t set = 0;
    for (size_t i = 0; i < rule->active; i++) {
        set |= UINT32_C(1) << members[i];
        if (i > 0 && members[i] <= members[i - 1])
            fail_msg("%s: members do not ascend", describe(rule, scores));
    }
    if (set != brute_set(rule, scores))
        fail_msg("%s: set %x, want %x", describe(rule, scores), set, brute_set(rule, scores));
    const double experts = brute_expert_gap(rule, scores);
    const double groups = rule->grouping == SELECTION_UNGROUPED ? INFINITY : brute_group_gap(rule, scores);
    if (choice.gap != fmin(experts, groups) || choice.of_groups != (groups < experts))
        fail_msg("%s: gap %a of %s, want %a (experts) and %a (groups)", describe(rule, scores), choice.gap,
                 choice.of_groups ? "groups" : "experts", experts, groups);
    const double named = choice.of_groups ? brute_group(rule, scores, choice.inside) -
                                                brute_group(rule, scores, choice.outside)
                                          : scores[choice.inside] - scores[choice.outside];
    if (named != choice.gap ||
        (!choice.of_groups && (!(set >> choice.inside & 1) || set >> choice.outside & 1)))
        fail_msg("%s: the gap is not that of %zu and %zu", describe(rule, scores), choice.inside,
                 choice.outside);
}

static void test_brute_force(void **state) {
    (void)state;
    for (slong seed = 0; seed < seeds_times(20000); seed++) {
        stream_t s = seeds_stream("selection", seed);
        const selection_t rule = draw_rule(&s);
        double scores[MOST];
        draw_scores(&s, &rule, scores);
        check_choice(&rule, scores);
    }
}

// By hand: the best group left out changes nothing, the second one does.
static void test_second_group(void **state) {
    (void)state;
    const double scores[] = {9, 8, 7, 1.5, 4, 4, 7.5, 0.25};
    const selection_t rule = {
        .experts = 8, .active = 3, .grouping = SELECTION_GROUP_TWO, .groups = 4, .kept = 2};
    size_t members[3], order[8];
    selection_choice_t choice;
    selection_choose(&rule, scores, members, &choice, order);
    assert_int_equal(members[2], 2);
    assert_true(choice.of_groups && choice.inside == 1 && choice.outside == 2);
    check_close("gap", choice.gap, 0.5, 0);
}

static void test_scores(void **state) {
    (void)state;
    const double logits[] = {-700, -3.7, 0, 0.3, 41.5, 800}, bias[] = {0.5, -0.25, 1, 0, 0, -2};
    double scores[6];
    selection_t rule = {.experts = 6, .active = 2, .score = SELECTION_SIGMOID, .bias = bias};
    selection_scores(&rule, logits, scores);
    for (size_t i = 0; i < 6; i++)
        check_close("sigmoid", scores[i], (1 + tanh(logits[i] / 2)) / 2 + bias[i], 1e-15);
    rule.bias = NULL;
    rule.score = SELECTION_SQRTSOFTPLUS;
    selection_scores(&rule, logits, scores);
    for (size_t i = 1; i < 4; i++)
        check_close("softplus", scores[i] * scores[i], log(1 + exp(logits[i])), 1e-15);
    check_close("softplus", scores[4] * scores[4], logits[4], 1e-13);
    check_close("softplus", scores[5] * scores[5], logits[5], 1e-12);
    check_close("softplus", scores[0], exp(-350), 1e-165);
    rule.score = SELECTION_LOGIT;
    memcpy(scores, logits, sizeof scores);
    selection_scores(&rule, scores, scores);
    assert_memory_equal(scores, logits, sizeof scores);
}

static void test_rules(void **state) {
    (void)state;
    const double bias[4] = {0, 1, NAN, 2}, good[4] = {0};
    const selection_t accepted[] = {
        {.experts = 2, .active = 1},
        {.experts = 4, .active = 3, .bias = good},
        {.experts = 8, .active = 4, .grouping = SELECTION_GROUP_TWO, .groups = 4, .kept = 2},
        {.experts = 8, .active = 7, .grouping = SELECTION_GROUP_BEST, .groups = 4, .kept = 4},
    };
    const selection_t refused[] = {
        {.experts = 2, .active = 2},
        {.experts = 2, .active = 0},
        {.experts = 4, .active = 1, .bias = bias},
        {.experts = 8, .active = 5, .grouping = SELECTION_GROUP_BEST, .groups = 4, .kept = 2},
        {.experts = 8, .active = 2, .grouping = SELECTION_GROUP_BEST, .groups = 3, .kept = 2},
        {.experts = 8, .active = 2, .grouping = SELECTION_GROUP_BEST, .groups = 4, .kept = 5},
        {.experts = 8, .active = 2, .grouping = SELECTION_GROUP_BEST, .groups = 4, .kept = 0},
        {.experts = 8, .active = 2, .grouping = SELECTION_GROUP_BEST, .groups = 0, .kept = 1},
        {.experts = 8, .active = 2, .grouping = SELECTION_GROUP_TWO, .groups = 8, .kept = 4},
        {.experts = 8, .active = 2, .score = (selection_score_t)3},
        {.experts = 8, .active = 2, .grouping = (selection_grouping_t)3, .groups = 4, .kept = 2},
    };
    for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
        assert_int_equal(selection_check(accepted + i), GSL_SUCCESS);
        assert_int_equal(selection_is_plain(accepted + i), i == 0);
    }
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_int_equal(selection_check(refused + i), GSL_EDOM);
    const selection_t sigmoid = {.experts = 4, .active = 1, .score = SELECTION_SIGMOID};
    assert_true(selection_is_plain(&sigmoid));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_brute_force),
        cmocka_unit_test(test_second_group),
        cmocka_unit_test(test_scores),
        cmocka_unit_test(test_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
