// SPDX-License-Identifier: GPL-3.0-or-later
// How routers of published models select experts from logits, and how far a selection is from another one.
//
// A selection score is made of each logit, a bias is added to it where there is one (in the selection only), and the k experts
// with the largest scores are selected. Softmax before or after the selection, and a sigmoid of the only one, do not change the
// order of logits: all of these are SELECTION_LOGIT. With groups, consecutive experts form `groups` groups of equal size, groups
// have the score of their best expert, or the sum of their two best, the `kept` groups with the largest scores are kept, and the
// k experts are selected among theirs.
//
//   rule 1 to 4  OLMoE, Mixtral, Qwen, DBRX, gpt-oss, Llama 4, ...   SELECTION_LOGIT
//   rule 5       DeepSeek-V3, Kimi K2, GLM-4.5, MiniMax-M2           SELECTION_SIGMOID with a bias
//   rule 6       DeepSeek-V2                                         SELECTION_LOGIT, SELECTION_GROUP_BEST
//                DeepSeek-V3                                         SELECTION_SIGMOID with a bias, SELECTION_GROUP_TWO
//
// Of equal scores, of experts or of groups, the lower index is selected, as kernels do.
#ifndef MOEGEOM_ROUTING_SELECTION_H
#define MOEGEOM_ROUTING_SELECTION_H

#include <stdbool.h>
#include <stddef.h>

typedef enum selection_score {
    SELECTION_LOGIT,
    SELECTION_SIGMOID,     // 1 / (1 + exp(-logit))
    SELECTION_SQRTSOFTPLUS // sqrt(log(1 + exp(logit)))
} selection_score_t;

typedef enum selection_grouping {
    SELECTION_UNGROUPED,
    SELECTION_GROUP_BEST,
    SELECTION_GROUP_TWO
} selection_grouping_t;

typedef struct selection {
    size_t experts, active; // N and k, 1 <= k < N
    selection_score_t score;
    const double *bias; // N finite numbers of the caller, or NULL
    selection_grouping_t grouping;
    // With groups: they divide N, 1 <= kept <= groups, and k < kept N / groups, or k = kept N / groups and kept < groups. Two
    // experts a group for SELECTION_GROUP_TWO.
    size_t groups, kept;
} selection_t;

// GSL_SUCCESS, or GSL_EDOM for a rule that is not as said above.
int selection_check(const selection_t *rule);

// Whether the selection depends on the order of logits alone, so that gap_k of the logits is its margin.
bool selection_is_plain(const selection_t *rule);

// The scores with their biases; `scores` may be `logits`.
//   logits  N finite numbers
void selection_scores(const selection_t *rule, const double *logits, double *scores);

// What was selected.
//
// The gap is the least difference of scores whose reversal changes the set: that of the last expert selected and the best one that
// was eligible and was not, gap_k without groups; or that of a group kept and one left out, where putting the one in the place of
// the other changes the set. 0 for a tie.
typedef struct selection_choice {
    size_t inside, outside; // the experts of that gap; or the groups
    bool of_groups;
    double gap;
} selection_choice_t;

// Selects.
//   scores   from selection_scores
//   members  receives k ascending numbers of experts
//   choice   receives the margin; may be NULL
//   order    room for N numbers
void selection_choose(const selection_t *rule, const double *scores, size_t *members,
                      selection_choice_t *choice, size_t *order);

#endif
