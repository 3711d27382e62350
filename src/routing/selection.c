// SPDX-License-Identifier: GPL-3.0-or-later
// Selection of experts; see selection.h.
//
// With groups, the least difference of group scores whose reversal changes the set is found without trying all pairs. Putting
// group B in the place of group A changes the set if and only if A has a selected expert, or B has one that comes before the
// last expert selected. (If neither, the k selected are still there, and still come before everything else.) So it is the
// lesser one of
//
//     the lowest kept group with a selected expert  -  the best group left out,
//     the lowest kept group                         -  the best group left out that has such an expert.
//
// Exchanging several groups at once reverses greater differences and changes nothing that one of its single exchanges, at
// a difference that is not greater, does not: either a selected expert goes with its group, or one that comes before the last
// comes with its group.
#include "routing/selection.h"

#include <gsl/gsl_errno.h>
#include <math.h>

static const size_t NONE = (size_t)-1;

// ---- The rule ----

static bool groups_are_good(const selection_t *rule) {
    if (rule->grouping == SELECTION_UNGROUPED)
        return true;
    if (rule->groups < 1 || rule->experts % rule->groups != 0 || rule->kept < 1 || rule->kept > rule->groups)
        return false;
    const size_t size = rule->experts / rule->groups, eligible = rule->kept * size;
    if (rule->grouping == SELECTION_GROUP_TWO && size < 2)
        return false;
    return rule->active < eligible || (rule->active == eligible && rule->kept < rule->groups);
}

static bool biases_are_good(const selection_t *rule) {
    for (size_t i = 0; rule->bias != NULL && i < rule->experts; i++)
        if (!isfinite(rule->bias[i]))
            return false;
    return true;
}

int selection_check(const selection_t *rule) {
    const bool good = rule->active >= 1 && rule->active < rule->experts &&
                      rule->score <= SELECTION_SQRTSOFTPLUS && rule->grouping <= SELECTION_GROUP_TWO &&
                      groups_are_good(rule) && biases_are_good(rule);
    return good ? GSL_SUCCESS : GSL_EDOM;
}

bool selection_is_plain(const selection_t *rule) {
    return rule->bias == NULL && rule->grouping == SELECTION_UNGROUPED;
}

// ---- Scores ----

// exp of negative numbers only, so that nothing overflows.
static double sigmoid(double x) {
    const double small = exp(-fabs(x)), large = 1 / (1 + small);
    return x >= 0 ? large : small * large;
}

static double root_softplus(double x) {
    return sqrt((x > 0 ? x : 0) + log1p(exp(-fabs(x))));
}

static double score_of(selection_score_t score, double logit) {
    switch (score) {
    case SELECTION_SIGMOID:
        return sigmoid(logit);
    case SELECTION_SQRTSOFTPLUS:
        return root_softplus(logit);
    default:
        return logit;
    }
}

void selection_scores(const selection_t *rule, const double *logits, double *scores) {
    for (size_t i = 0; i < rule->experts; i++)
        scores[i] = score_of(rule->score, logits[i]) + (rule->bias != NULL ? rule->bias[i] : 0);
}

// ---- The first of a list ----

// A list of the numbers of the largest scores, the first one first.
typedef struct leaders {
    size_t count, room;
    size_t *order;
    // The score of the last one of a full list, which a new one must exceed; minus infinity before.
    double bound;
} leaders_t;

// Numbers are offered in ascending order: one comes behind those with equal scores.
static void admit(leaders_t *leaders, const double *scores, size_t number) {
    const double score = scores[number];
    size_t at = leaders->count < leaders->room ? leaders->count++ : leaders->count - 1;
    for (; at > 0 && score > scores[leaders->order[at - 1]]; at--)
        leaders->order[at] = leaders->order[at - 1];
    leaders->order[at] = number;
    if (leaders->count == leaders->room)
        leaders->bound = scores[leaders->order[leaders->count - 1]];
}

static inline void offer(leaders_t *leaders, const double *scores, size_t number) {
    if (scores[number] > leaders->bound)
        admit(leaders, scores, number);
}

// Whether number i comes before number j.
static inline bool before(const double *scores, size_t i, size_t j) {
    return scores[i] > scores[j] || (scores[i] == scores[j] && i < j);
}

// ---- Groups ----

// The score of a group: of its best expert, or the sum of its two best.
static double group_score(const selection_t *rule, const double *scores, size_t group) {
    const size_t size = rule->experts / rule->groups;
    double best = -INFINITY, second = -INFINITY;
    for (size_t i = group * size; i < (group + 1) * size; i++) {
        if (scores[i] > best) {
            second = best;
            best = scores[i];
        } else if (scores[i] > second) {
            second = scores[i];
        }
    }
    return rule->grouping == SELECTION_GROUP_TWO ? best + second : best;
}

// Whether a group is kept: fewer than `kept` come before it.
static bool group_is_kept(const selection_t *rule, const double *scores, size_t group) {
    const double own = group_score(rule, scores, group);
    size_t ahead = 0;
    for (size_t other = 0; other < rule->groups; other++) {
        const double score = group_score(rule, scores, other);
        ahead += score > own || (score == own && other < group);
    }
    return ahead < rule->kept;
}

// Whether an expert of a group comes before the last expert selected, or is it.
static bool reaches(const selection_t *rule, const double *scores, size_t group, size_t last) {
    const size_t size = rule->experts / rule->groups;
    for (size_t i = group * size; i < (group + 1) * size; i++)
        if (!before(scores, last, i))
            return true;
    return false;
}

// One group of a kind with its score; `group` is NONE as long as there is no group of the kind.
typedef struct extreme {
    size_t group;
    double score;
} extreme_t;

// Takes a group for the lowest one, or the best one; groups come with ascending numbers.
static void take_lowest(extreme_t *lowest, extreme_t group) {
    if (lowest->group == NONE || group.score <= lowest->score)
        *lowest = group;
}

static void take_best(extreme_t *best, extreme_t group) {
    if (best->group == NONE || group.score > best->score)
        *best = group;
}

// Makes the choice one of groups if their difference is less.
static void prefer(selection_choice_t *choice, extreme_t kept, extreme_t out) {
    if (kept.group == NONE || out.group == NONE || !(kept.score - out.score < choice->gap))
        return;
    *choice = (selection_choice_t){kept.group, out.group, true, kept.score - out.score};
}

static void compare_groups(const selection_t *rule, const double *scores, size_t last,
                           selection_choice_t *choice) {
    extreme_t kept = {NONE, 0}, kept_used = {NONE, 0}, out = {NONE, 0}, out_reaching = {NONE, 0};
    for (size_t group = 0; group < rule->groups; group++) {
        const extreme_t own = {group, group_score(rule, scores, group)};
        const bool matters = reaches(rule, scores, group, last);
        if (group_is_kept(rule, scores, group)) {
            take_lowest(&kept, own);
            if (matters)
                take_lowest(&kept_used, own);
        } else {
            take_best(&out, own);
            if (matters)
                take_best(&out_reaching, own);
        }
    }
    prefer(choice, kept_used, out);
    prefer(choice, kept, out_reaching);
}

// ---- The selection ----

static void offer_eligible(const selection_t *rule, const double *scores, leaders_t *leaders) {
    if (rule->grouping == SELECTION_UNGROUPED) {
        for (size_t i = 0; i < rule->experts; i++)
            offer(leaders, scores, i);
        return;
    }
    const size_t size = rule->experts / rule->groups;
    for (size_t group = 0; group < rule->groups; group++)
        if (group_is_kept(rule, scores, group))
            for (size_t i = group * size; i < (group + 1) * size; i++)
                offer(leaders, scores, i);
}

static void sort_members(const size_t *order, size_t active, size_t *members) {
    for (size_t i = 0; i < active; i++) {
        size_t at = i;
        for (; at > 0 && members[at - 1] > order[i]; at--)
            members[at] = members[at - 1];
        members[at] = order[i];
    }
}

void selection_choose(const selection_t *rule, const double *scores, size_t *members,
                      selection_choice_t *choice, size_t *order) {
    leaders_t leaders = {0, rule->active + 1, order, -INFINITY};
    offer_eligible(rule, scores, &leaders);
    sort_members(order, rule->active, members);
    if (choice == NULL)
        return;
    const size_t last = order[rule->active - 1];
    *choice = (selection_choice_t){last, NONE, false, INFINITY};
    if (leaders.count > rule->active) {
        choice->outside = order[rule->active];
        choice->gap = scores[last] - scores[choice->outside];
    }
    if (rule->grouping != SELECTION_UNGROUPED)
        compare_groups(rule, scores, last, choice);
}
