// SPDX-License-Identifier: GPL-3.0-or-later
// A planar layer as a drawing; see picture.h.
#include "geometry/picture.h"

#include "geometry/reach.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// ---- The window ----

int picture_frame_around(const double gram[3], double aspect, double margin, picture_frame_t *frame,
                         planar_point_t places[3]) {
    const double length = sqrt(gram[0]), shift = gram[1] / length, height = sqrt(gram[2] - shift * shift);
    const double room = fmin(1, aspect) / 2;
    // Written so that a number that is none fails.
    if (!(length > 0) || !(height > 0) || !(aspect > 0) || !(margin >= 0) || !(margin < room))
        return GSL_EDOM;
    const double low = fmin(0, shift), wide = fmax(length, shift) - low;
    const double width = fmax(wide / (1 - 2 * margin), height / (aspect - 2 * margin));
    const double u = (width - wide) / 2 - low, v = (aspect * width - height) / 2;
    places[0] = (planar_point_t){u, v};
    places[1] = (planar_point_t){u + length, v};
    places[2] = (planar_point_t){u + shift, v + height};
    // y_2 = (v - v_0)/height and y_1 = (u - u_0 - shift y_2)/length.
    frame->right = (planar_point_t){1 / length, 0};
    frame->up = (planar_point_t){-shift / (length * height), 1 / height};
    frame->origin = (planar_point_t){-u / length - v * frame->up.x, -v * frame->up.y};
    frame->width = width;
    frame->height = aspect * width;
    return GSL_SUCCESS;
}

// A row as a line of the window; false for w = 0.
static bool line_of(const fmpz *row, const picture_frame_t *frame, planar_line_t *line) {
    if (fmpz_is_zero(row) && fmpz_is_zero(row + 1))
        return false;
    double entry[3];
    slong exponent[3], most = WORD_MIN;
    for (int j = 0; j < 3; j++) {
        entry[j] = fmpz_get_d_2exp(&exponent[j], row + j);
        if (entry[j] != 0 && exponent[j] > most)
            most = exponent[j];
    }
    for (int j = 0; j < 3; j++)
        entry[j] = exponent[j] - most < -2000 ? 0 : ldexp(entry[j], (int)(exponent[j] - most));
    line->w[0] = entry[0] * frame->right.x + entry[1] * frame->right.y;
    line->w[1] = entry[0] * frame->up.x + entry[1] * frame->up.y;
    line->b = entry[0] * frame->origin.x + entry[1] * frame->origin.y + entry[2];
    return true;
}

// ---- Cells ----

// Elements of one size that become more.
typedef struct {
    void *data;
    size_t count, room, size;
} heap_t;

// Adds `more` elements, to be set by the caller; NULL when memory is short.
static void *heap_add(heap_t *heap, size_t more) {
    const size_t count = heap->count + more;
    if (count >= heap->room) { // so that there is a place to point at when nothing is added
        const size_t room = count >= 2 * heap->room ? count + 1 : 2 * heap->room;
        void *data = reallocarray(heap->data, room, heap->size);
        if (data == NULL)
            return NULL;
        heap->data = data;
        heap->room = room;
    }
    heap->count = count;
    return (char *)heap->data + (count - more) * heap->size;
}

// A side of a polygon, from its corner to the next one: the wall beyond which expert `in` has taken the place of
// expert `out`; -1 on the border of the window.
typedef struct {
    planar_point_t corner;
    slong in, out;
} side_t;

// What is at hand while the cells are visited.
typedef struct {
    const layer_t *layer;
    const picture_frame_t *frame;
    planar_line_t *walls; // N x N: the logit of i less that of j, and whether it is a line at all
    bool *is_line;
    heap_t cells, members, sides, folds; // of the picture; `sides` with the corners
    heap_t outline, rest;                // sides of the polygon that is being cut
} artist_t;

// Where the side from p to q meets the line.
static side_t crossing(planar_line_t line, const side_t *p, const side_t *q) {
    return (side_t){planar_crossing(line, p->corner, q->corner), p->in, p->out};
}

// Cuts artist->outline to where line >= 0; beyond it `in` has taken the place of `out`.
static int cut_outline(artist_t *artist, planar_line_t line, slong in, slong out) {
    const side_t *sides = artist->outline.data;
    const size_t count = artist->outline.count;
    artist->rest.count = 0;
    for (size_t i = 0; i < count; i++) {
        const side_t *p = &sides[i], *q = &sides[(i + 1) % count];
        const bool p_inside = planar_height(line, p->corner) >= 0,
                   q_inside = planar_height(line, q->corner) >= 0;
        side_t *kept = heap_add(&artist->rest, (size_t)p_inside + (p_inside != q_inside));
        if (kept == NULL)
            return GSL_ENOMEM;
        if (p_inside)
            *kept++ = *p;
        if (p_inside != q_inside)
            *kept = crossing(line, p, q);
        if (p_inside && !q_inside) {
            kept->in = in;
            kept->out = out;
        }
    }
    const heap_t old = artist->outline;
    artist->outline = artist->rest;
    artist->rest = old;
    return GSL_SUCCESS;
}

static int start_outline(artist_t *artist) {
    const double w = artist->frame->width, h = artist->frame->height;
    artist->outline.count = 0;
    side_t *sides = heap_add(&artist->outline, 4);
    if (sides == NULL)
        return GSL_ENOMEM;
    sides[0] = (side_t){{0, 0}, -1, -1};
    sides[1] = (side_t){{w, 0}, -1, -1};
    sides[2] = (side_t){{w, h}, -1, -1};
    sides[3] = (side_t){{0, h}, -1, -1};
    return GSL_SUCCESS;
}

static bool is_member(const slong *members, slong active, slong expert) {
    for (slong a = 0; a < active; a++)
        if (members[a] == expert)
            return true;
    return false;
}

// Cuts the window to the cell of a coalition: each member above all others.
static int outline_of(artist_t *artist, const slong *members) {
    const slong n = artist->layer->experts, k = artist->layer->active;
    int status = start_outline(artist);
    for (slong a = 0; a < k; a++)
        for (slong j = 0; j < n && artist->outline.count > 0 && status == GSL_SUCCESS; j++) {
            const slong wall = members[a] * n + j;
            if (artist->is_line[wall] && !is_member(members, k, j))
                status = cut_outline(artist, artist->walls[wall], j, members[a]);
        }
    return status;
}

// Adds the chord of a line in artist->outline, if there is one: a convex polygon meets a line in two sides.
static int add_fold(artist_t *artist, slong row) {
    planar_line_t line;
    if (!line_of(artist->layer->rows->rows[row], artist->frame, &line))
        return GSL_SUCCESS;
    const side_t *sides = artist->outline.data;
    const size_t count = artist->outline.count;
    planar_point_t ends[2];
    size_t found = 0;
    for (size_t i = 0; i < count && found < 2; i++) {
        const side_t *p = &sides[i], *q = &sides[(i + 1) % count];
        if ((planar_height(line, p->corner) >= 0) != (planar_height(line, q->corner) >= 0))
            ends[found++] = planar_crossing(line, p->corner, q->corner);
    }
    if (found < 2)
        return GSL_SUCCESS;
    picture_fold_t *fold = heap_add(&artist->folds, 1);
    if (fold == NULL)
        return GSL_ENOMEM;
    *fold = (picture_fold_t){row, ends[0], ends[1]};
    return GSL_SUCCESS;
}

// Area and centre of mass, by triangles at the first corner: so that a small polygon far from the origin keeps its digits.
static void measure(const side_t *sides, picture_cell_t *cell) {
    const planar_point_t at = sides[0].corner;
    double twice = 0, x = 0, y = 0;
    for (size_t i = 1; i + 1 < cell->corners; i++) {
        const planar_point_t p = sides[i].corner, q = sides[i + 1].corner;
        const double cross = (p.x - at.x) * (q.y - at.y) - (p.y - at.y) * (q.x - at.x);
        twice += cross;
        x += cross * (p.x + q.x - 2 * at.x);
        y += cross * (p.y + q.y - 2 * at.y);
    }
    cell->area = twice / 2;
    cell->centre = twice > 0 ? (planar_point_t){at.x + x / (3 * twice), at.y + y / (3 * twice)} : at;
}

// Adds the cell that artist->outline is, with its folds.
static int add_cell(artist_t *artist, const slong *members) {
    const layer_t *layer = artist->layer;
    const size_t k = (size_t)layer->active, corners = artist->outline.count;
    picture_cell_t *cell = heap_add(&artist->cells, 1);
    slong *own = heap_add(&artist->members, k);
    side_t *sides = heap_add(&artist->sides, corners);
    if (cell == NULL || own == NULL || sides == NULL)
        return GSL_ENOMEM;
    memcpy(own, members, k * sizeof *own);
    memcpy(sides, artist->outline.data, corners * sizeof *sides);
    *cell = (picture_cell_t){.corner = artist->sides.count - corners,
                             .corners = corners,
                             .fold = artist->folds.count,
                             .colour = -1};
    measure(sides, cell);
    int status = GSL_SUCCESS;
    for (size_t a = 0; a < k; a++)
        for (slong u = 0; u < layer->width && status == GSL_SUCCESS; u++)
            status = add_fold(artist, members[a] * layer->width + u);
    cell->folds = artist->folds.count - cell->fold;
    return status;
}

static int visit_coalition(void *context, const slong *members, const polyhedron_t *cell) {
    (void)cell;
    artist_t *artist = context;
    const int status = outline_of(artist, members);
    return status != GSL_SUCCESS || artist->outline.count < 3 ? status : add_cell(artist, members);
}

// ---- Colours ----

// Which cells touch which along a wall.
typedef struct {
    size_t from, to;
} touch_t;

static int compare_touches(const void *first, const void *second) {
    const touch_t *a = first, *b = second;
    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    return (a->to > b->to) - (a->to < b->to);
}

static int compare_members(const slong *first, const slong *second, slong active) {
    for (slong a = 0; a < active; a++)
        if (first[a] != second[a])
            return first[a] < second[a] ? -1 : 1;
    return 0;
}

// The number of the cell of a coalition, or the number of cells if there is none.
static size_t find_cell(const artist_t *artist, const slong *members) {
    const slong k = artist->layer->active, *all = artist->members.data;
    size_t low = 0, high = artist->cells.count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = compare_members(all + middle * (size_t)k, members, k);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return artist->cells.count;
}

// members - out + in, ascending.
static void swap_member(slong *result, const slong *members, slong active, slong in, slong out) {
    slong filled = 0;
    for (slong a = 0; a < active; a++)
        if (members[a] != out)
            result[filled++] = members[a];
    for (; filled > 0 && result[filled - 1] > in; filled--)
        result[filled] = result[filled - 1];
    result[filled] = in;
}

// Both directions of every touch, sorted. A wall may show on one side only when its end is a rounding error.
static int find_touches(const artist_t *artist, heap_t *touches) {
    const picture_cell_t *cells = artist->cells.data;
    const side_t *sides = artist->sides.data;
    const slong k = artist->layer->active, *members = artist->members.data;
    slong *beyond = calloc((size_t)k, sizeof *beyond);
    int status = beyond == NULL || heap_add(touches, 0) == NULL ? GSL_ENOMEM : GSL_SUCCESS;
    for (size_t c = 0; c < artist->cells.count && status == GSL_SUCCESS; c++)
        for (const side_t *s = sides + cells[c].corner; s < sides + cells[c].corner + cells[c].corners; s++) {
            if (s->in < 0)
                continue;
            swap_member(beyond, members + c * (size_t)k, k, s->in, s->out);
            const size_t other = find_cell(artist, beyond);
            if (other == artist->cells.count)
                continue;
            touch_t *touch = heap_add(touches, 2);
            if (touch == NULL) {
                status = GSL_ENOMEM;
                break;
            }
            touch[0] = (touch_t){c, other};
            touch[1] = (touch_t){other, c};
        }
    free(beyond);
    if (touches->count > 0)
        qsort(touches->data, touches->count, sizeof(touch_t), compare_touches);
    return status;
}

// The first touch of each cell; starts[cells] is their number.
static void index_touches(const heap_t *touches, size_t cells, size_t *starts) {
    const touch_t *touch = touches->data;
    size_t at = 0;
    for (size_t c = 0; c <= cells; c++) {
        while (at < touches->count && touch[at].from < c)
            at++;
        starts[c] = at;
    }
}

// Takes away, again and again, a cell with the fewest neighbours left (D. Matula, L. Beck, J. ACM 30 (1983) 417).
// `order` receives them in this order; `left` is work space.
static void take_away(const touch_t *touches, const size_t *starts, size_t cells, size_t *order,
                      size_t *left) {
    const size_t taken = SIZE_MAX;
    for (size_t c = 0; c < cells; c++)
        left[c] = starts[c + 1] - starts[c];
    for (size_t i = 0; i < cells; i++) {
        size_t least = 0;
        for (size_t c = 1; c < cells; c++)
            if (left[c] < left[least])
                least = c;
        order[i] = least;
        left[least] = taken;
        for (size_t t = starts[least]; t < starts[least + 1]; t++)
            if (left[touches[t].to] != taken)
                left[touches[t].to]--;
    }
}

// The colour that no neighbour has and that is used least.
static int choose_colour(const picture_cell_t *cells, const touch_t *first, const touch_t *end,
                         const size_t used[PICTURE_COLOURS]) {
    bool taken[PICTURE_COLOURS] = {false};
    for (const touch_t *t = first; t < end; t++)
        if (cells[t->to].colour >= 0)
            taken[cells[t->to].colour] = true;
    int best = 0;
    for (int colour = 1; colour < PICTURE_COLOURS; colour++)
        if (taken[best] > taken[colour] || (taken[best] == taken[colour] && used[colour] < used[best]))
            best = colour;
    return best;
}

static int colour_cells(artist_t *artist) {
    const size_t count = artist->cells.count;
    picture_cell_t *cells = artist->cells.data;
    heap_t touches = {.size = sizeof(touch_t)};
    size_t used[PICTURE_COLOURS] = {0}, *work = calloc(3 * count + 1, sizeof *work);
    const int status = work == NULL ? GSL_ENOMEM : find_touches(artist, &touches);
    if (status == GSL_SUCCESS && count > 0) {
        size_t *starts = work, *order = work + count + 1, *left = order + count;
        const touch_t *touch = touches.data;
        index_touches(&touches, count, starts);
        take_away(touch, starts, count, order, left);
        for (size_t i = count; i-- > 0;) {
            picture_cell_t *cell = &cells[order[i]];
            cell->colour = choose_colour(cells, touch + starts[order[i]], touch + starts[order[i] + 1], used);
            used[cell->colour]++;
        }
    }
    free(touches.data);
    free(work);
    return status;
}

// ---- The picture ----

static int make_walls(artist_t *artist) {
    const slong n = artist->layer->experts;
    artist->walls = calloc((size_t)(n * n), sizeof *artist->walls);
    artist->is_line = calloc((size_t)(n * n), sizeof *artist->is_line);
    if (artist->walls == NULL || artist->is_line == NULL)
        return GSL_ENOMEM;
    fmpz *row = _fmpz_vec_init(3);
    for (slong i = 0; i < n; i++)
        for (slong j = 0; j < n; j++) {
            _fmpz_vec_sub(row, artist->layer->router->rows[i], artist->layer->router->rows[j], 3);
            artist->is_line[i * n + j] = line_of(row, artist->frame, &artist->walls[i * n + j]);
        }
    _fmpz_vec_clear(row, 3);
    return GSL_SUCCESS;
}

static int draw(artist_t *artist) {
    int status = make_walls(artist);
    polyhedron_rows_t *rows = reach_walls(artist->layer, NULL);
    if (rows == NULL)
        status = GSL_ENOMEM;
    if (status == GSL_SUCCESS)
        status = reach_coalitions(artist->layer, rows, visit_coalition, artist);
    polyhedron_rows_free(rows);
    return status == GSL_SUCCESS ? colour_cells(artist) : status;
}

// Hands the artist's arrays over.
static int hand_over(artist_t *artist, picture_t *picture) {
    const side_t *sides = artist->sides.data;
    planar_point_t *corners = calloc(artist->sides.count + 1, sizeof *corners);
    if (corners == NULL)
        return GSL_ENOMEM;
    for (size_t i = 0; i < artist->sides.count; i++)
        corners[i] = sides[i].corner;
    *picture = (picture_t){.active = artist->layer->active,
                           .cells = artist->cells.count,
                           .cell = artist->cells.data,
                           .members = artist->members.data,
                           .corners = artist->sides.count,
                           .corner = corners,
                           .folds = artist->folds.count,
                           .fold = artist->folds.data};
    artist->cells.data = artist->members.data = artist->folds.data = NULL;
    return GSL_SUCCESS;
}

int picture_draw(const layer_t *layer, const picture_frame_t *frame, picture_t *picture) {
    if (layer->dimension != 2)
        return GSL_EDOM;
    artist_t artist = {.layer = layer,
                       .frame = frame,
                       .cells.size = sizeof(picture_cell_t),
                       .members.size = sizeof(slong),
                       .sides.size = sizeof(side_t),
                       .folds.size = sizeof(picture_fold_t),
                       .outline.size = sizeof(side_t),
                       .rest.size = sizeof(side_t)};
    int status = draw(&artist);
    if (status == GSL_SUCCESS)
        status = hand_over(&artist, picture);
    void *const owned[] = {artist.walls,      artist.is_line,    artist.cells.data,   artist.members.data,
                           artist.sides.data, artist.folds.data, artist.outline.data, artist.rest.data};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free(owned[i]);
    return status;
}

void picture_clear(picture_t *picture) {
    free(picture->cell);
    free(picture->members);
    free(picture->corner);
    free(picture->fold);
    *picture = (picture_t){0};
}

// ---- Names ----

static const double WORD_STRETCH = 2; // how much less lengths along u count

// The length of (u, v) for a word.
static double word_length(double u, double v) {
    const double w = u / WORD_STRETCH;
    return sqrt(w * w + v * v);
}

// Distance of a point from the line of a side, by that length; negative outside of the polygon.
static double distance_of(planar_point_t at, planar_point_t p, planar_point_t q) {
    const double length = word_length(q.x - p.x, q.y - p.y);
    const double cross = (q.x - p.x) * (at.y - p.y) - (q.y - p.y) * (at.x - p.x);
    return length > 0 ? cross / (WORD_STRETCH * length) : HUGE_VAL;
}

static double room_at(planar_point_t at, const planar_point_t *corner, size_t corners,
                      const planar_point_t *avoid, size_t discs, double radius) {
    double room = HUGE_VAL;
    for (size_t i = 0; i < corners; i++)
        room = fmin(room, distance_of(at, corner[i], corner[(i + 1) % corners]));
    for (size_t i = 0; i < discs; i++)
        room = fmin(room, word_length(at.x - avoid[i].x, at.y - avoid[i].y) - radius);
    return room;
}

planar_point_t picture_name_place(const picture_t *picture, size_t cell, const planar_point_t *avoid,
                                  size_t discs, double radius, double *room) {
    enum { STEPS = 40 };
    const planar_point_t *corner = picture->corner + picture->cell[cell].corner;
    const size_t corners = picture->cell[cell].corners;
    planar_point_t low = corner[0], high = corner[0], best = picture->cell[cell].centre;
    for (size_t i = 1; i < corners; i++) {
        low = (planar_point_t){fmin(low.x, corner[i].x), fmin(low.y, corner[i].y)};
        high = (planar_point_t){fmax(high.x, corner[i].x), fmax(high.y, corner[i].y)};
    }
    *room = room_at(best, corner, corners, avoid, discs, radius);
    for (int i = 1; i < STEPS; i++)
        for (int j = 1; j < STEPS; j++) {
            const planar_point_t at = {low.x + i * (high.x - low.x) / STEPS,
                                       low.y + j * (high.y - low.y) / STEPS};
            const double here = room_at(at, corner, corners, avoid, discs, radius);
            if (here > *room) {
                *room = here;
                best = at;
            }
        }
    return best;
}
