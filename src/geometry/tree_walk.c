// SPDX-License-Identifier: GPL-3.0-or-later
// The walk through the broken-circuit tree; see tree_walk.h and tree.h.
#include "geometry/tree_walk.h"

#include "geometry/tree_confirm.h"
#include "geometry/tree_key.h"

#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK = 4096,       // pairs that share an inversion, unless one row of the triangle has more
    BLOCKS = 256,       // parts of a walk in the plane
    LONG_LINE = 192,    // from so many points on, repetitions on a line are found by a table
    LEAVES = 256,       // leaves that wait for the inversion
    MEMO_DIMENSION = 3, // smaller nodes cost less than a question to the memory
    MEMO_ROWS = 8
};

// A pair (s, t) of hyperplanes that do not meet, at a place of a triangle.
typedef struct parallel {
    size_t s, t, place;
} parallel_t;

typedef struct parallels {
    parallel_t *pair;
    size_t count, room;
} parallels_t;

// What the walker holds at one codimension.
typedef struct level {
    slong dimension;
    size_t rows;      // of the node
    double **columns; // its `dimension` columns; they belong to the parent's `packed` (or to the plan)
    const int *index; // the rows' numbers in the plan
    int *index_store; // for a node that lost rows
    bool fresh;       // `inverse` holds all differences of the first column, none of them 0
    double *inverse;  // a triangle of differences, then of their inverses
    double **packed;  // dimension - 1 triangles: the columns of the children
    parallels_t parallels;
    bool *dead;             // rows that coincide with an earlier one
    memo_integer_t *before; // the sums at entry, for the memory
} level_t;

// Some rows of the triangle of a plane's intersections that wait for their inverses.
typedef struct leaf {
    const double *column; // c
    const int *index;
    size_t first, last;
    size_t place;                    // of the triangle in the queue
    size_t parallels, parallels_end; // its pairs in the queue's list
} leaf_t;

typedef struct queue {
    double *differences, *points, *work;
    size_t used, room;
    leaf_t *leaves;
    size_t count;
    int *paths; // the path of leaf i at i * dimension
    parallels_t parallels;
} queue_t;

// Numbers met on a line, in a table with open addressing.
typedef struct table {
    double *value;
    unsigned *stamp; // a slot is taken when it carries the current stamp
    unsigned now;
    size_t slots; // a power of two
} table_t;

struct tree_walker {
    const tree_plan_t *plan;
    tree_event_t event;
    void *context;
    int *path; // rows that cut out the current flat
    level_t *levels;
    queue_t queue;
    table_t table;
    unsigned *zeros; // places of a triangle
    memo_t *memo;    // NULL: flats are not remembered
    tree_key_t *key;
    tree_confirm_t *confirm; // NULL: zeros are believed
    memo_integer_t *sums;    // by codimension 0..d, then events
};

// ---- Memory ----------------------------------------------------------------------------------------------------

static size_t chunk_room(const tree_plan_t *plan) {
    const size_t n = (size_t)plan->rows, all = residue_pairs(0, n);
    const size_t chunk = all < CHUNK ? all : CHUNK;
    return (chunk > n ? chunk : n) + RESIDUE_PADDING;
}

static double *doubles(size_t count) {
    void *block = NULL;
    return posix_memalign(&block, 64, count * sizeof(double)) == 0 ? block : NULL;
}

static bool level_init(level_t *level, const tree_plan_t *plan, slong codimension) {
    const size_t room = chunk_room(plan), n = (size_t)plan->rows;
    const slong d = plan->dimension - codimension;
    level->dimension = d;
    level->columns = calloc((size_t)d, sizeof *level->columns);
    level->packed = calloc((size_t)d, sizeof *level->packed);
    level->index_store = malloc(n * sizeof *level->index_store);
    level->dead = calloc(n, sizeof *level->dead);
    level->before = malloc((size_t)(plan->dimension + 2) * sizeof *level->before);
    level->inverse = doubles(room);
    bool whole = level->columns != NULL && level->packed != NULL && level->index_store != NULL &&
                 level->dead != NULL && level->before != NULL && level->inverse != NULL;
    for (slong j = 0; whole && j + 1 < d && d > 2; j++)
        whole = (level->packed[j] = doubles(room)) != NULL;
    return whole;
}

static void level_clear(level_t *level) {
    for (slong j = 0; level->packed != NULL && j < level->dimension; j++)
        free(level->packed[j]);
    free(level->columns);
    free(level->packed);
    free(level->index_store);
    free(level->dead);
    free(level->before);
    free(level->inverse);
    free(level->parallels.pair);
}

static bool queue_init(queue_t *queue, const tree_plan_t *plan) {
    queue->room = chunk_room(plan);
    queue->differences = doubles(queue->room);
    queue->points = doubles(queue->room);
    queue->work = doubles(2 * queue->room + 8 * RESIDUE_PADDING);
    queue->leaves = malloc(LEAVES * sizeof *queue->leaves);
    queue->paths = malloc(LEAVES * (size_t)plan->dimension * sizeof *queue->paths);
    return queue->differences != NULL && queue->points != NULL && queue->work != NULL &&
           queue->leaves != NULL && queue->paths != NULL;
}

static bool table_init(table_t *table, size_t rows) {
    *table = (table_t){.slots = 16};
    while (table->slots < 2 * rows)
        table->slots *= 2;
    table->value = doubles(table->slots);
    table->stamp = calloc(table->slots, sizeof *table->stamp);
    return table->value != NULL && table->stamp != NULL;
}

static bool walker_init(tree_walker_t *walker) {
    const tree_plan_t *plan = walker->plan;
    const slong d = plan->dimension;
    walker->path = malloc((size_t)d * sizeof *walker->path);
    walker->levels = calloc((size_t)d, sizeof *walker->levels);
    walker->sums = calloc((size_t)d + 2, sizeof *walker->sums);
    walker->zeros = malloc(chunk_room(plan) * sizeof *walker->zeros);
    bool whole = walker->path != NULL && walker->levels != NULL && walker->sums != NULL &&
                 walker->zeros != NULL && queue_init(&walker->queue, plan) &&
                 table_init(&walker->table, (size_t)plan->rows);
    for (slong j = 0; whole && j + 1 < d; j++)
        whole = level_init(&walker->levels[j], plan, j);
    if (whole && !plan->bounded)
        whole = (walker->confirm = tree_confirm_alloc(plan)) != NULL;
    if (whole && plan->bounded && walker->event == NULL && d > MEMO_DIMENSION)
        whole = (walker->memo = memo_alloc(TREE_MEMORY)) != NULL &&
                (walker->key = tree_key_alloc((size_t)plan->rows, (size_t)d)) != NULL;
    return whole;
}

static void set_root(tree_walker_t *walker) {
    const tree_plan_t *plan = walker->plan;
    level_t *root = &walker->levels[0];
    root->rows = (size_t)plan->rows;
    root->index = root->index_store;
    for (int i = 0; i < (int)plan->rows; i++)
        root->index_store[i] = i;
    for (slong j = 0; j < plan->dimension; j++)
        root->columns[j] = plan->columns + (size_t)j * plan->stride;
}

tree_walker_t *tree_walker_alloc(const tree_plan_t *plan, tree_event_t event, void *context) {
    tree_walker_t *walker = calloc(1, sizeof *walker);
    if (walker == NULL)
        return NULL;
    walker->plan = plan;
    walker->event = event;
    walker->context = context;
    if (!walker_init(walker)) {
        tree_walker_free(walker);
        return NULL;
    }
    set_root(walker);
    return walker;
}

void tree_walker_free(tree_walker_t *walker) {
    if (walker == NULL)
        return;
    for (slong j = 0; walker->levels != NULL && j + 1 < walker->plan->dimension; j++)
        level_clear(&walker->levels[j]);
    free(walker->levels);
    free(walker->path);
    free(walker->sums);
    free(walker->zeros);
    free(walker->queue.differences);
    free(walker->queue.points);
    free(walker->queue.work);
    free(walker->queue.leaves);
    free(walker->queue.paths);
    free(walker->queue.parallels.pair);
    free(walker->table.value);
    free(walker->table.stamp);
    memo_free(walker->memo);
    tree_key_free(walker->key);
    tree_confirm_free(walker->confirm);
    free(walker);
}

static int add_parallel(parallels_t *list, parallel_t pair) {
    if (list->count == list->room) {
        const size_t room = list->room * 2 + 64;
        parallel_t *grown = realloc(list->pair, room * sizeof *grown);
        if (grown == NULL)
            return GSL_ENOMEM;
        list->pair = grown;
        list->room = room;
    }
    list->pair[list->count++] = pair;
    return GSL_SUCCESS;
}

// ---- Zero events -------------------------------------------------------------------------------------------------

// Rows of the plan that an event is about: `fixed` of the path and `size - fixed` more.
typedef struct suspects {
    const int *path;
    slong fixed;
    int more[3];
    slong size;
    slong columns; // d for normals alone, d + 1 for whole rows
} suspects_t;

static int suspect(const suspects_t *suspects, slong i) {
    return i < suspects->fixed ? suspects->path[i] : suspects->more[i - suspects->fixed];
}

static int compare_names(const void *a, const void *b) {
    const slong left = *(const slong *)a, right = *(const slong *)b;
    return left < right ? -1 : left > right;
}

static int report_event(const tree_walker_t *walker, const suspects_t *suspects) {
    const tree_plan_t *plan = walker->plan;
    slong size = suspects->size;
    slong *names = malloc((size_t)(size + 1) * sizeof *names);
    if (names == NULL)
        return GSL_ENOMEM;
    for (slong i = 0; i < size; i++)
        names[i] = plan->names[suspect(suspects, i)];
    if (plan->common >= 0)
        names[size++] = plan->common;
    qsort(names, (size_t)size, sizeof *names, compare_names);
    const bool parallel = plan->common < 0 && suspects->columns == plan->dimension;
    const int status = walker->event(walker->context, names, size, parallel);
    free(names);
    return status;
}

// Rows that are dependent modulo the prime: are they dependent?
static int examine(tree_walker_t *walker, const suspects_t *suspects) {
    const tree_plan_t *plan = walker->plan;
    if (!plan->bounded && !tree_confirm(walker->confirm, suspects->path, suspects->fixed, suspects->more,
                                        suspects->size - suspects->fixed, suspects->columns))
        return TREE_UNLUCKY;
    return walker->event == NULL ? GSL_SUCCESS : report_event(walker, suspects);
}

// Whether zeros must be looked at one by one, or can be counted and believed.
static bool is_examined(const tree_walker_t *walker) {
    return !walker->plan->bounded || walker->event != NULL;
}

static int examine_pair(tree_walker_t *walker, slong codimension, size_t s, size_t t, bool normals) {
    walker->sums[walker->plan->dimension + 1]++;
    if (!is_examined(walker))
        return GSL_SUCCESS;
    const int *index = walker->levels[codimension].index;
    const suspects_t suspects = {.path = walker->path,
                                 .fixed = codimension,
                                 .more = {index[s], index[t]},
                                 .size = codimension + 2,
                                 .columns = walker->plan->dimension + !normals};
    return examine(walker, &suspects);
}

// ---- Nodes -------------------------------------------------------------------------------------------------------

// The rows of a triangle from `first` on that fit into a chunk; one row at least.
static size_t chunk_end(size_t first, size_t rows) {
    size_t last = first + 1;
    while (last < rows && residue_pairs(first, last + 1) <= CHUNK)
        last++;
    return last;
}

typedef enum relation { RELATION_SAME, RELATION_PARALLEL, RELATION_CUT } relation_t;

// How two rows with the same first entry are related. That they meet has probability 2^-50 or so.
static relation_t relation(const level_t *level, size_t s, size_t t) {
    const slong last = level->dimension - 1;
    for (slong j = 0; j < last; j++)
        if (level->columns[j][s] != level->columns[j][t])
            return RELATION_CUT;
    return level->columns[last][s] == level->columns[last][t] ? RELATION_SAME : RELATION_PARALLEL;
}

// A place of a triangle that is walked through in order.
typedef struct cursor {
    size_t t, start; // row, and where it starts
} cursor_t;

// Moves on to the row that holds `place`; returns its entry's number s.
static size_t seek(cursor_t *cursor, size_t place) {
    for (; place >= cursor->start + cursor->t; cursor->t++)
        cursor->start += cursor->t;
    return place - cursor->start;
}

// Marks the rows first <= t < last that coincide with an earlier one; `inverse` holds the differences.
static int mark_dead(tree_walker_t *walker, slong codimension, size_t first, size_t last) {
    level_t *level = &walker->levels[codimension];
    const size_t pairs = residue_pairs(first, last);
    const size_t zeros = residue_zeros(level->inverse, pairs, walker->zeros, pairs);
    cursor_t cursor = {.t = first};
    for (size_t i = 0; i < zeros; i++) {
        const size_t s = seek(&cursor, walker->zeros[i]), t = cursor.t;
        if (level->dead[t] || level->dead[s] || relation(level, s, t) != RELATION_SAME)
            continue;
        level->dead[t] = true;
        const int status = examine_pair(walker, codimension, s, t, false);
        if (status != GSL_SUCCESS)
            return status;
    }
    return GSL_SUCCESS;
}

// Leaves out the rows that are marked, and takes the marks away.
static void bury(level_t *level) {
    size_t kept = 0;
    for (size_t i = 0; i < level->rows; i++) {
        if (!level->dead[i]) {
            for (slong j = 0; j < level->dimension; j++)
                level->columns[j][kept] = level->columns[j][i];
            level->index_store[kept++] = level->index[i];
        }
        level->dead[i] = false;
    }
    level->index = level->index_store;
    level->rows = kept;
}

// Rows that coincide on the flat count once.
static int drop_repetitions(tree_walker_t *walker, slong codimension) {
    level_t *level = &walker->levels[codimension];
    bool zeros = false;
    size_t last;
    for (size_t first = 1; first < level->rows; first = last) {
        last = chunk_end(first, level->rows);
        if (!residue_differences(level->columns[0], first, last, level->inverse))
            continue;
        zeros = true;
        const int status = mark_dead(walker, codimension, first, last);
        if (status != GSL_SUCCESS)
            return status;
    }
    level->fresh = !zeros && level->rows > 1 && chunk_end(1, level->rows) == level->rows;
    if (zeros)
        bury(level);
    return GSL_SUCCESS;
}

// Writes the differences of the rows first <= t < last of the node's triangle to `out`, with 1 for each parallel
// pair, which goes into the list.
static int differ(tree_walker_t *walker, slong codimension, size_t first, size_t last, double *out,
                  parallels_t *list) {
    const level_t *level = &walker->levels[codimension];
    if (!residue_differences(level->columns[0], first, last, out))
        return GSL_SUCCESS;
    const size_t pairs = residue_pairs(first, last);
    const size_t zeros = residue_zeros(out, pairs, walker->zeros, pairs);
    cursor_t cursor = {.t = first};
    for (size_t i = 0; i < zeros; i++) {
        const size_t place = walker->zeros[i], s = seek(&cursor, place), t = cursor.t;
        if (relation(level, s, t) != RELATION_PARALLEL)
            return TREE_UNLUCKY;
        out[place] = 1;
        int status = examine_pair(walker, codimension, s, t, true);
        if (status == GSL_SUCCESS)
            status = add_parallel(list, (parallel_t){s, t, place});
        if (status != GSL_SUCCESS)
            return status;
    }
    return GSL_SUCCESS;
}

// ---- Leaves: planes, whose points are counted line by line -----------------------------------------------------------

static bool seen_before(table_t *table, double x) {
    const double zero_free = x + 0; // -0 is 0
    uint64_t bits;
    memcpy(&bits, &zero_free, sizeof bits);
    size_t at = (size_t)((bits * 0x9E3779B97F4A7C15) >> 20) & (table->slots - 1);
    for (; table->stamp[at] == table->now; at = (at + 1) & (table->slots - 1))
        if (table->value[at] == x)
            return true;
    table->stamp[at] = table->now;
    table->value[at] = x;
    return false;
}

static size_t repeats_by_table(table_t *table, const double *line, size_t points) {
    if (++table->now == 0) {
        memset(table->stamp, 0, table->slots * sizeof *table->stamp);
        table->now = 1;
    }
    size_t repeats = 0;
    for (size_t s = 0; s < points; s++)
        repeats += !isnan(line[s]) && seen_before(table, line[s]);
    return repeats;
}

static size_t repeats_of(tree_walker_t *walker, const leaf_t *leaf, const double *points) {
    if (leaf->last <= LONG_LINE)
        return residue_repeats(points, leaf->first, leaf->last);
    size_t repeats = 0;
    for (size_t t = leaf->first; t < leaf->last; points += t, t++)
        repeats += repeats_by_table(&walker->table, points, t);
    return repeats;
}

// Examines the points of a line that coincide with an earlier one.
static int examine_line(tree_walker_t *walker, const leaf_t *leaf, const int *path, size_t t,
                        const double *points) {
    for (size_t u = 1; u < t; u++)
        for (size_t s = 0; s < u; s++)
            if (points[s] == points[u]) {
                const suspects_t suspects = {.path = path,
                                             .fixed = walker->plan->dimension - 2,
                                             .more = {leaf->index[s], leaf->index[u], leaf->index[t]},
                                             .size = walker->plan->dimension + 1,
                                             .columns = walker->plan->dimension + 1};
                const int status = examine(walker, &suspects);
                if (status != GSL_SUCCESS)
                    return status;
                break;
            }
    return GSL_SUCCESS;
}

static int examine_points(tree_walker_t *walker, const leaf_t *leaf, const int *path, const double *points) {
    for (size_t t = leaf->first; t < leaf->last; points += t, t++) {
        const int status = examine_line(walker, leaf, path, t, points);
        if (status != GSL_SUCCESS)
            return status;
    }
    return GSL_SUCCESS;
}

static int count_leaf(tree_walker_t *walker, size_t number) {
    const queue_t *queue = &walker->queue;
    const leaf_t *leaf = &queue->leaves[number];
    const slong d = walker->plan->dimension;
    double *points = queue->points;
    residue_quotients(&walker->plan->field, leaf->column, leaf->first, leaf->last,
                      queue->differences + leaf->place, points);
    for (size_t i = leaf->parallels; i < leaf->parallels_end; i++)
        points[queue->parallels.pair[i].place] = NAN;
    const size_t repeats = repeats_of(walker, leaf, points);
    walker->sums[d] +=
        residue_pairs(leaf->first, leaf->last) - (leaf->parallels_end - leaf->parallels) - repeats;
    walker->sums[d + 1] += repeats;
    if (repeats == 0 || !is_examined(walker))
        return GSL_SUCCESS;
    return examine_points(walker, leaf, queue->paths + number * (size_t)d, points);
}

// Inverts all differences that wait, and counts the points.
static int flush(tree_walker_t *walker) {
    queue_t *queue = &walker->queue;
    int status = GSL_SUCCESS;
    residue_invert(&walker->plan->field, queue->differences, queue->used, queue->work);
    for (size_t i = 0; i < queue->count && status == GSL_SUCCESS; i++)
        status = count_leaf(walker, i);
    queue->used = queue->count = queue->parallels.count = 0;
    return status;
}

static int push_leaf(tree_walker_t *walker, slong codimension, size_t first, size_t last) {
    queue_t *queue = &walker->queue;
    const level_t *level = &walker->levels[codimension];
    const size_t pairs = residue_pairs(first, last);
    int status = GSL_SUCCESS;
    if (queue->used + pairs + RESIDUE_PADDING > queue->room || queue->count == LEAVES)
        status = flush(walker);
    const size_t before = queue->parallels.count;
    if (status == GSL_SUCCESS)
        status =
            differ(walker, codimension, first, last, queue->differences + queue->used, &queue->parallels);
    if (status != GSL_SUCCESS)
        return status;
    memcpy(queue->paths + queue->count * (size_t)walker->plan->dimension, walker->path,
           (size_t)codimension * sizeof *walker->path);
    queue->leaves[queue->count++] = (leaf_t){.column = level->columns[1],
                                             .index = level->index,
                                             .first = first,
                                             .last = last,
                                             .place = queue->used,
                                             .parallels = before,
                                             .parallels_end = queue->parallels.count};
    queue->used += pairs;
    return GSL_SUCCESS;
}

static int count_plane(tree_walker_t *walker, slong codimension, size_t first, size_t end) {
    const level_t *level = &walker->levels[codimension];
    int status = GSL_SUCCESS;
    size_t last;
    for (first = first > 0 ? first : 1; first < end && status == GSL_SUCCESS; first = last) {
        last = chunk_end(first, end);
        status = push_leaf(walker, codimension, first, last);
    }
    // The next node of this codimension will overwrite the numbers of the rows, which an examination asks for.
    if (status == GSL_SUCCESS && is_examined(walker) && codimension > 0 && level->index == level->index_store)
        status = flush(walker);
    return status;
}

// ---- Descent -----------------------------------------------------------------------------------------------------

static int visit(tree_walker_t *walker, slong codimension);

// Makes the restriction to row t the node of the next codimension; its columns stand at `place` of the packed
// triangles. `next` is the first pair of the list that may belong to t; it is moved on.
static void set_child(tree_walker_t *walker, slong codimension, size_t t, size_t place, size_t *next) {
    level_t *level = &walker->levels[codimension], *child = level + 1;
    child->rows = t;
    child->index = level->index;
    for (slong j = 0; j < child->dimension; j++)
        child->columns[j] = level->packed[j] + place;
    bool misses = false;
    for (; *next < level->parallels.count && level->parallels.pair[*next].t == t; ++*next)
        misses = child->dead[level->parallels.pair[*next].s] = true;
    if (misses)
        bury(child);
    walker->path[codimension] = level->index[t];
}

static int visit_children(tree_walker_t *walker, slong codimension, size_t first, size_t last) {
    const level_t *level = &walker->levels[codimension];
    size_t place = 0, next = 0;
    for (size_t t = first; t < last; place += t, t++) {
        set_child(walker, codimension, t, place, &next);
        const int status = visit(walker, codimension + 1);
        if (status != GSL_SUCCESS)
            return status;
    }
    return level->dimension == 3 ? flush(walker) : GSL_SUCCESS;
}

static int expand_chunk(tree_walker_t *walker, slong codimension, size_t first, size_t last) {
    level_t *level = &walker->levels[codimension];
    const residue_field_t *field = &walker->plan->field;
    level->parallels.count = 0;
    if (!level->fresh) {
        const int status = differ(walker, codimension, first, last, level->inverse, &level->parallels);
        if (status != GSL_SUCCESS)
            return status;
    }
    residue_invert(field, level->inverse, residue_pairs(first, last), walker->queue.work);
    for (slong j = 0; j + 1 < level->dimension; j++)
        residue_quotients(field, level->columns[j + 1], first, last, level->inverse, level->packed[j]);
    return visit_children(walker, codimension, first, last);
}

static int expand(tree_walker_t *walker, slong codimension, size_t first, size_t end) {
    size_t last;
    for (first = first > 0 ? first : 1; first < end; first = last) {
        last = chunk_end(first, end);
        const int status = expand_chunk(walker, codimension, first, last);
        if (status != GSL_SUCCESS)
            return status;
    }
    return GSL_SUCCESS;
}

static int descend(tree_walker_t *walker, slong codimension) {
    const level_t *level = &walker->levels[codimension];
    walker->sums[codimension + 1] += level->rows;
    return level->dimension == 2 ? count_plane(walker, codimension, 0, level->rows)
                                 : expand(walker, codimension, 0, level->rows);
}

static const memo_integer_t OVERFLOW = (memo_integer_t)1 << 127;

static memo_integer_t bounded_sum(memo_integer_t a, memo_integer_t b) {
    return a < OVERFLOW && b < OVERFLOW - a ? a + b : OVERFLOW;
}

// Adds the sums of a flat that was visited before. Returns false when it was not. Sums that would leave 127 bits
// stay there, so that the end of the part notices.
static bool recall(tree_walker_t *walker, slong codimension) {
    const level_t *level = &walker->levels[codimension];
    const size_t dimension = (size_t)level->dimension, width = dimension + 1;
    memo_begin(walker->memo);
    for (size_t j = 0; j <= dimension; j++)
        memo_add(walker->memo, tree_key_column(walker->key, j), level->rows);
    const memo_integer_t *value = memo_find(walker->memo, width);
    for (size_t i = 0; value != NULL && i < width; i++)
        walker->sums[(size_t)codimension + 1 + i] =
            bounded_sum(walker->sums[(size_t)codimension + 1 + i], value[i]);
    return value != NULL;
}

static int descend_and_remember(tree_walker_t *walker, slong codimension) {
    level_t *level = &walker->levels[codimension];
    const size_t width = (size_t)(level->dimension + 1);
    memo_integer_t *sums = walker->sums + codimension + 1;
    size_t length;
    const double *current = memo_key(walker->memo, &length);
    double *key = malloc(length * sizeof *key + 1);
    if (key == NULL)
        return GSL_ENOMEM;
    memcpy(key, current, length * sizeof *key);
    memcpy(level->before, sums, width * sizeof *sums);
    const int status = descend(walker, codimension);
    for (size_t i = 0; i < width; i++)
        level->before[i] = sums[i] < OVERFLOW ? sums[i] - level->before[i] : OVERFLOW;
    if (status == GSL_SUCCESS)
        memo_store(walker->memo, key, length, level->before, width);
    free(key);
    return status;
}

// Whether the node's subtree is large enough for a question to the memory.
static bool is_remembered(const tree_walker_t *walker, const level_t *level) {
    return walker->memo != NULL && level->dimension >= MEMO_DIMENSION && level->rows >= MEMO_ROWS &&
           memo_pays(walker->memo);
}

static int visit(tree_walker_t *walker, slong codimension) {
    const level_t *level = &walker->levels[codimension];
    const int status = drop_repetitions(walker, codimension);
    if (status != GSL_SUCCESS || level->rows == 0)
        return status;
    if (!is_remembered(walker, level) || !tree_key_find(walker->key, &walker->plan->field, level->columns,
                                                        level->rows, (size_t)level->dimension))
        return descend(walker, codimension);
    return recall(walker, codimension) ? GSL_SUCCESS : descend_and_remember(walker, codimension);
}

// ---- Parts -------------------------------------------------------------------------------------------------------

// In the plane: blocks of lines with about the same number of points. Otherwise: one hyperplane, the last and
// largest ones first.
ulong tree_walk_parts(const tree_plan_t *plan) {
    const ulong rows = (ulong)plan->rows;
    return plan->dimension > 2 || rows < BLOCKS ? rows : BLOCKS;
}

static size_t block_start(const tree_plan_t *plan, ulong block) {
    const double share = sqrt((double)block / (double)tree_walk_parts(plan));
    const size_t start = (size_t)(share * (double)plan->rows + 0.5);
    return start < (size_t)plan->rows ? start : (size_t)plan->rows;
}

static int walk_part(tree_walker_t *walker, ulong part) {
    const tree_plan_t *plan = walker->plan;
    const ulong number = tree_walk_parts(plan) - 1 - part;
    if (plan->dimension > 2)
        return expand(walker, 0, number, number + 1);
    const int status = count_plane(walker, 0, block_start(plan, number), block_start(plan, number + 1));
    return status == GSL_SUCCESS ? flush(walker) : status;
}

static void add_integer(fmpz_t sum, memo_integer_t addend) {
    fmpz_t part;
    fmpz_init(part);
    fmpz_set_ui(part, (ulong)(addend >> 64));
    fmpz_mul_2exp(part, part, 64);
    fmpz_add_ui(part, part, (ulong)addend);
    fmpz_add(sum, sum, part);
    fmpz_clear(part);
}

int tree_walk(tree_walker_t *walker, ulong part, fmpz *sums) {
    const size_t width = (size_t)walker->plan->dimension + 2;
    memset(walker->sums, 0, width * sizeof *walker->sums);
    walker->queue.used = walker->queue.count = walker->queue.parallels.count = 0;
    const int status = walk_part(walker, part);
    if (status != GSL_SUCCESS)
        return status;
    for (size_t i = 0; i < width; i++)
        if (walker->sums[i] >= OVERFLOW)
            return GSL_EOVRFLW;
    for (size_t i = 0; i < width; i++)
        add_integer(sums + i, walker->sums[i]);
    return GSL_SUCCESS;
}
