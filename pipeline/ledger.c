// SPDX-License-Identifier: GPL-3.0-or-later
// The ledger: what the experiments decided, claim by claim, against what data/claims.csv expects.
//
// usage: ledger [--check] CLAIMS.csv OUT EXPERIMENT.claims ...
//
// Writes OUT/ledger.tsv and OUT/ledger.tex. With --check it writes nothing, prints the ledger and what is
// wrong with it, and ends with status 1 when anything is: a claim that no experiment decides, an experiment
// that lacks a claim or decides one that is not on the list, a verdict that is not expected, a claim without
// evidence.
#include "io/output.h"
#include "io/sheet.h"

#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Columns of data/claims.csv and of a .claims file, in their order.
enum { ID, PAPER, PLACE, STATEMENT, EXPECTED, EXPERIMENT, LISTED_WIDTH };
enum { DECIDED_ID, VERDICT, METHOD, VALUE, RELATION, BOUND, SLACK, ERROR, EVIDENCE, DECIDED_WIDTH };
static const char *const LISTED[] = {"id", "paper", "place", "statement", "expected", "experiment"};
static const char *const DECIDED[] = {"id",    "verdict", "method", "value",   "relation",
                                      "bound", "slack",   "error",  "evidence"};

// One experiment's decisions.
typedef struct decisions {
    char experiment[128];
    sheet_t sheet;
} decisions_t;

typedef struct ledger {
    sheet_t listed;
    decisions_t *decided;
    size_t experiments;
} ledger_t;

// Where a claim was decided.
typedef struct decision {
    const char *experiment; // NULL: nowhere
    const char *cells[DECIDED_WIDTH];
} decision_t;

static void end_on_fault(const fault_t *fault) {
    if (fault->status == FAULT_NONE)
        return;
    fprintf(stderr, "ledger: %s\n", fault->text);
    exit((int)fault->status);
}

static void expect_columns(const sheet_t *sheet, const char *const *names, size_t width, fault_t *fault) {
    if (sheet->width != width)
        fault_set(fault, FAULT_INPUT, "%s: expected %zu columns, found %zu", sheet->path, width,
                  sheet->width);
    for (size_t i = 0; i < width && fault->status == FAULT_NONE; i++)
        if (strcmp(sheet->cells[i], names[i]) != 0)
            fault_set(fault, FAULT_INPUT, "%s: expected the column %s, found %s", sheet->path, names[i],
                      sheet->cells[i]);
}

static void read_decisions(const char *path, decisions_t *decided, fault_t *fault) {
    char *copy = strdup(path);
    if (copy == NULL) {
        fault_set(fault, FAULT_SYSTEM, "out of memory");
        return;
    }
    const char *name = basename(copy);
    snprintf(decided->experiment, sizeof decided->experiment, "%.*s", (int)strcspn(name, "."), name);
    free(copy);
    if (sheet_read(path, '\t', &decided->sheet, fault) == FAULT_NONE)
        expect_columns(&decided->sheet, DECIDED, DECIDED_WIDTH, fault);
}

static void read_ledger(ledger_t *ledger, const char *claims, char **paths, size_t count, fault_t *fault) {
    if (sheet_read(claims, ',', &ledger->listed, fault) == FAULT_NONE)
        expect_columns(&ledger->listed, LISTED, LISTED_WIDTH, fault);
    ledger->decided = calloc(count + 1, sizeof *ledger->decided);
    if (ledger->decided == NULL)
        fault_set(fault, FAULT_SYSTEM, "out of memory");
    for (; ledger->experiments < count && fault->status == FAULT_NONE; ledger->experiments++)
        read_decisions(paths[ledger->experiments], &ledger->decided[ledger->experiments], fault);
}

static void free_ledger(ledger_t *ledger) {
    for (size_t i = 0; i < ledger->experiments; i++)
        sheet_free(&ledger->decided[i].sheet);
    free(ledger->decided);
    sheet_free(&ledger->listed);
}

// The decision on a claim; where several experiments decide it, the first and the number of all.
static size_t find_decision(const ledger_t *ledger, const char *id, decision_t *decision) {
    size_t found = 0;
    for (size_t i = 0; i < ledger->experiments; i++) {
        const sheet_t *sheet = &ledger->decided[i].sheet;
        for (size_t row = 0; row < sheet->rows; row++) {
            if (strcmp(sheet_cell(sheet, row, DECIDED_ID), id) != 0 || found++ > 0)
                continue;
            decision->experiment = ledger->decided[i].experiment;
            for (size_t column = 0; column < DECIDED_WIDTH; column++)
                decision->cells[column] = sheet_cell(sheet, row, column);
        }
    }
    return found;
}

static bool on_the_list(const ledger_t *ledger, const char *id) {
    for (size_t row = 0; row < ledger->listed.rows; row++)
        if (strcmp(sheet_cell(&ledger->listed, row, ID), id) == 0)
            return true;
    return false;
}

static bool listed_before(const ledger_t *ledger, size_t row) {
    for (size_t earlier = 0; earlier < row; earlier++)
        if (strcmp(sheet_cell(&ledger->listed, earlier, ID), sheet_cell(&ledger->listed, row, ID)) == 0)
            return true;
    return false;
}

// What is wrong with a listed claim, as one line; empty when nothing is.
static void judge(const ledger_t *ledger, size_t row, char problem[256]) {
    const char *id = sheet_cell(&ledger->listed, row, ID),
               *expected = sheet_cell(&ledger->listed, row, EXPECTED);
    const char *experiment = sheet_cell(&ledger->listed, row, EXPERIMENT);
    decision_t decision = {0};
    const size_t found = find_decision(ledger, id, &decision);
    problem[0] = '\0';
    if (listed_before(ledger, row))
        snprintf(problem, 256, "the claim is listed twice");
    else if (found == 0)
        snprintf(problem, 256, "no experiment decides it (expected: %s)", experiment);
    else if (found > 1)
        snprintf(problem, 256, "%zu lines decide it", found);
    else if (strcmp(decision.experiment, experiment) != 0)
        snprintf(problem, 256, "decided by %s, expected from %s", decision.experiment, experiment);
    else if (strcmp(decision.cells[VERDICT], expected) != 0)
        snprintf(problem, 256, "expected «%s», found «%s»", expected, decision.cells[VERDICT]);
    else if (decision.cells[EVIDENCE][0] == '\0')
        snprintf(problem, 256, "no evidence is given");
}

// Text for LaTeX: the characters that mean something there are escaped.
static void print_tex(FILE *file, const char *text) {
    for (; *text; text++) {
        if (strchr("_%&#${}", *text) != NULL)
            fprintf(file, "\\%c", *text);
        else if (strchr("^~", *text) != NULL)
            fprintf(file, "\\%c{}", *text);
        else if ((*text == '<' || *text == '>') && text[1] == '=')
            fprintf(file, "$\\%ce$", *text++ == '<' ? 'l' : 'g');
        else if (strchr("<>|", *text) != NULL)
            fprintf(file, "$%c$", *text);
        else
            fputc(*text == '\\' ? '/' : *text, file);
    }
}

static void write_tsv_row(FILE *file, const ledger_t *ledger, size_t row) {
    const sheet_t *listed = &ledger->listed;
    decision_t decision = {0};
    find_decision(ledger, sheet_cell(listed, row, ID), &decision);
    const bool found = decision.experiment != NULL;
    fprintf(file, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", sheet_cell(listed, row, ID),
            sheet_cell(listed, row, PAPER), sheet_cell(listed, row, PLACE), sheet_cell(listed, row, EXPECTED),
            found ? decision.cells[VERDICT] : "-", found ? decision.cells[METHOD] : "-",
            found ? decision.cells[SLACK] : "-", found ? decision.experiment : "-",
            found ? decision.cells[EVIDENCE] : "-");
}

// A relation of a check in LaTeX.
static const char *tex_relation(const char *relation) {
    return strcmp(relation, "<=") == 0 ? "\\le" : strcmp(relation, ">=") == 0 ? "\\ge" : "=";
}

// One row of the report's ledger: id, place, statement, verdict, method, experiment, and the tightest check.
static void write_tex_row(FILE *file, const ledger_t *ledger, size_t row) {
    const sheet_t *listed = &ledger->listed;
    decision_t decision = {0};
    const bool found = find_decision(ledger, sheet_cell(listed, row, ID), &decision) > 0;
    fprintf(file, "\\ledgerrow{%s}{", sheet_cell(listed, row, ID));
    print_tex(file, sheet_cell(listed, row, PLACE));
    fputs("}{", file);
    print_tex(file, sheet_cell(listed, row, STATEMENT));
    if (found)
        fprintf(file, "}{%s}{%s}{%s}{%s}{%s}{%s}%%\n", decision.cells[VERDICT], decision.cells[METHOD],
                decision.experiment, decision.cells[VALUE], tex_relation(decision.cells[RELATION]),
                decision.cells[BOUND]);
    else
        fputs("}{undecided}{}{}{0}{=}{0}%\n", file);
}

static size_t count_verdicts(const ledger_t *ledger, const char *verdict) {
    size_t count = 0;
    for (size_t row = 0; row < ledger->listed.rows; row++) {
        decision_t decision = {0};
        if (find_decision(ledger, sheet_cell(&ledger->listed, row, ID), &decision) > 0)
            count += strcmp(decision.cells[VERDICT], verdict) == 0;
    }
    return count;
}

static void write_tsv(FILE *file, const ledger_t *ledger) {
    fputs("id\tpaper\tplace\texpected\tverdict\tmethod\tslack\texperiment\tevidence\n", file);
    for (size_t row = 0; row < ledger->listed.rows; row++)
        write_tsv_row(file, ledger, row);
}

static void write_tex(FILE *file, const ledger_t *ledger) {
    fprintf(file,
            "%% the ledger, from the claims of the experiments\n\\ledgercounts{%zu}{%zu}{%zu}{%zu}{%zu}%%\n",
            ledger->listed.rows, count_verdicts(ledger, "holds"), count_verdicts(ledger, "amended"),
            count_verdicts(ledger, "fails"), count_verdicts(ledger, "untestable"));
    for (size_t row = 0; row < ledger->listed.rows; row++)
        write_tex_row(file, ledger, row);
}

static void write_file(const ledger_t *ledger, const char *folder, const char *name,
                       void (*write)(FILE *, const ledger_t *), fault_t *fault) {
    char *path = NULL;
    output_t *out = NULL;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        fault_set(fault, FAULT_SYSTEM, "out of memory");
    else if (output_open(path, &out, fault) == FAULT_NONE) {
        write(output_stream(out), ledger);
        output_commit(out, fault);
    }
    free(path);
}

static size_t print_listed(const ledger_t *ledger) {
    size_t problems = 0;
    printf("%-24s %-10s %-10s %-11s %-9s %s\n", "claim", "expected", "verdict", "method", "slack",
           "experiment");
    for (size_t row = 0; row < ledger->listed.rows; row++) {
        const char *id = sheet_cell(&ledger->listed, row, ID);
        decision_t decision = {0};
        const bool found = find_decision(ledger, id, &decision) > 0;
        char problem[256];
        judge(ledger, row, problem);
        printf("%-24s %-10s %-10s %-11s %-9s %s\n", id, sheet_cell(&ledger->listed, row, EXPECTED),
               found ? decision.cells[VERDICT] : "-", found ? decision.cells[METHOD] : "-",
               found ? decision.cells[SLACK] : "-", found ? decision.experiment : "-");
        if (problem[0] != '\0') {
            printf("  WRONG: %s: %s\n", id, problem);
            problems++;
        }
    }
    return problems;
}

// Decisions that nobody asked for.
static size_t print_unlisted(const ledger_t *ledger) {
    size_t problems = 0;
    for (size_t i = 0; i < ledger->experiments; i++) {
        const decisions_t *decided = &ledger->decided[i];
        for (size_t row = 0; row < decided->sheet.rows; row++) {
            const char *id = sheet_cell(&decided->sheet, row, DECIDED_ID);
            if (!on_the_list(ledger, id)) {
                printf("  WRONG: %s: decided by %s but not listed\n", id, decided->experiment);
                problems++;
            }
        }
    }
    return problems;
}

int main(int argc, char **argv) {
    const bool check = argc > 1 && strcmp(argv[1], "--check") == 0;
    char **words = argv + 1 + check;
    const int count = argc - 1 - check;
    if (count < 2) {
        fputs("usage: ledger [--check] CLAIMS.csv OUT EXPERIMENT.claims ...\n", stderr);
        return FAULT_USAGE;
    }
    fault_t fault = {0};
    ledger_t ledger = {0};
    read_ledger(&ledger, words[0], words + 2, (size_t)count - 2, &fault);
    end_on_fault(&fault);
    size_t problems = 0;
    if (check) {
        problems = print_listed(&ledger);
        const size_t unlisted = print_unlisted(&ledger);
        printf("ledger: %zu passed, %zu failed\n", ledger.listed.rows - problems, problems + unlisted);
        problems += unlisted;
    } else {
        write_file(&ledger, words[1], "ledger.tsv", write_tsv, &fault);
        write_file(&ledger, words[1], "ledger.tex", write_tex, &fault);
    }
    free_ledger(&ledger);
    end_on_fault(&fault);
    return problems > 0;
}
