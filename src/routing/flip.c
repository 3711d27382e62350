// SPDX-License-Identifier: GPL-3.0-or-later
// Flips of a row; see flip.h. Plain rules are decided by flip_contest.h, all others by flip_loose.h.
#include "routing/flip.h"

#include "routing/flip_contest.h"
#include "routing/flip_loose.h"

#include <stdlib.h>
#include <string.h>

struct flip_work {
    const selection_t *rule;
    selection_t order_rule; // the plain rule of the same N and k
    bool plain;             // only the order of logits counts
    bool additive;          // only the order of logits plus biases counts
    size_t *members, *other_members, *order;
    double *scores, *room; // N and 2 N numbers
    flip_normal_t *normal;
    flip_loose_t *loose; // NULL for plain rules
};

flip_work_t *flip_work_alloc(const selection_t *rule) {
    const size_t n = rule->experts;
    flip_work_t *work = calloc(1, sizeof *work);
    if (work == NULL)
        return NULL;
    work->rule = rule;
    work->order_rule = (selection_t){.experts = n, .active = rule->active};
    work->plain = selection_is_plain(rule);
    work->additive = rule->grouping == SELECTION_UNGROUPED && rule->score == SELECTION_LOGIT;
    work->members = calloc(3 * n, sizeof *work->members);
    work->scores = calloc(3 * n, sizeof *work->scores);
    work->normal = flip_normal_alloc();
    work->loose = work->plain ? NULL : flip_loose_alloc(rule);
    if (work->members == NULL || work->scores == NULL || work->normal == NULL ||
        (!work->plain && work->loose == NULL)) {
        flip_work_free(work);
        return NULL;
    }
    work->other_members = work->members + n;
    work->order = work->members + 2 * n;
    work->room = work->scores + n;
    return work;
}

void flip_work_free(flip_work_t *work) {
    if (work == NULL)
        return;
    free(work->members);
    free(work->scores);
    flip_normal_free(work->normal);
    flip_loose_free(work->loose);
    free(work);
}

// The set of a row. Scores of plain rules are the logits, which no sigmoid rounds to the same number.
static void choose(flip_work_t *work, const double *logits, size_t *members) {
    if (work->plain) {
        selection_choose(&work->order_rule, logits, members, NULL, work->order);
        return;
    }
    selection_scores(work->rule, logits, work->scores);
    selection_choose(work->rule, work->scores, members, NULL, work->order);
}

bool flip_between(flip_work_t *work, const double *logits, const double *others) {
    choose(work, logits, work->members);
    choose(work, others, work->other_members);
    return memcmp(work->members, work->other_members, work->rule->active * sizeof *work->members) != 0;
}

// Ranks k and k + 1 of a row in which order alone counts.
static flip_contest_t contest(flip_work_t *work, const double *scores) {
    selection_choice_t choice;
    selection_choose(&work->order_rule, scores, work->members, &choice, work->order);
    return (flip_contest_t){scores, work->rule->experts, choice.inside, choice.outside};
}

bool flip_rounded(flip_work_t *work, const double *logits, const rounding_t *format) {
    if (work->plain) {
        const flip_contest_t c = contest(work, logits);
        return flip_contest_rounded(&c, format);
    }
    rounding_row(format, logits, work->rule->experts, work->room);
    return flip_between(work, logits, work->room);
}

double flip_rounding(flip_work_t *work, const double *logits, const rounding_t *format) {
    if (!work->plain)
        return flip_loose_rounding(work->loose, logits, format);
    const flip_contest_t c = contest(work, logits);
    return flip_contest_rounding(&c, format, work->room);
}

double flip_noise(flip_work_t *work, const double *logits, double sigma) {
    if (!work->plain && !work->additive)
        return flip_loose_noise(work->loose, logits, sigma);
    if (!work->plain)
        selection_scores(work->rule, logits, work->scores);
    const flip_contest_t c = contest(work, work->plain ? logits : work->scores);
    return flip_contest_noise(&c, sigma, work->normal, work->room);
}
