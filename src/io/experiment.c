// SPDX-License-Identifier: GPL-3.0-or-later
// The contract of an experiment; see experiment.h.
#include "io/experiment.h"

#include "io/meta.h"
#include "io/option.h"
#include "io/output.h"
#include "io/progress.h"

#include <ctype.h>
#include <getopt.h>
#include <glob.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    MAX_TABLES = 16,
    MAX_INPUTS = 256,
    MAX_DUMPS = 16,
    MAX_CHECKS = 1024,
    MAX_CLAIMS = 64,
    NAME_LENGTH = 64,
    TEXT_LENGTH = 160
};

// One check behind a claim.
typedef struct check {
    char claim[NAME_LENGTH];
    char what[TEXT_LENGTH];
    experiment_relation_t relation;
    double value, bound, error, slack;
    bool passed;
} check_t;

struct experiment {
    const experiment_plan_t *plan;
    bool quick;
    uint64_t seed;
    int threads;
    const char *out, *data;
    table_t *tables[MAX_TABLES];
    size_t n_tables;
    char *inputs[MAX_INPUTS];
    size_t n_inputs;
    char *dumps[MAX_DUMPS]; // their temporary names
    size_t n_dumps;
    check_t *checks; // MAX_CHECKS
    size_t n_checks;
    char claimed[MAX_CLAIMS][NAME_LENGTH];
    size_t n_claims;
    output_t *macros, *claims, *meta_file, *dependencies;
    meta_t *meta;
    progress_t progress;
    fault_t fault;
};

static const char *const VERDICTS[] = {"holds", "amended", "fails", "untestable"};
static const char *const METHODS[] = {"exact", "certified", "quadrature", "montecarlo"};
static const char *const RELATIONS[] = {"<=", ">=", "="};

// Gives back the names of dumps. There are files of these names only when the run has failed; their folder goes when it is empty.
static void discard_dumps(experiment_t *run) {
    char *folder = NULL;
    for (size_t i = 0; i < run->n_dumps; i++) {
        unlink(run->dumps[i]);
        free(run->dumps[i]);
    }
    if (run->n_dumps > 0 && asprintf(&folder, "%s/dumps", run->out) >= 0) {
        rmdir(folder);
        free(folder);
    }
}

// Everything that a run owns, given back; unfinished results vanish.
static void discard(experiment_t *run) {
    progress_end(&run->progress);
    for (size_t i = 0; i < run->n_tables; i++)
        table_discard(run->tables[i]);
    output_t *const outputs[] = {run->macros, run->claims, run->meta_file, run->dependencies};
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++)
        output_discard(outputs[i]);
    for (size_t i = 0; i < run->n_inputs; i++)
        free(run->inputs[i]);
    discard_dumps(run);
    meta_free(run->meta);
    free(run->checks);
}

// Ends the program when a fault is recorded.
static void end_on_fault(experiment_t *run) {
    if (run->fault.status == FAULT_NONE)
        return;
    discard(run);
    fprintf(stderr, "%s: %s\n", run->plan->name, run->fault.text);
    exit((int)run->fault.status);
}

void experiment_stop(experiment_t *run, fault_status_t status, const char *format, ...) {
    char text[FAULT_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fault_set(&run->fault, status, "%s", text);
    end_on_fault(run);
    abort(); // not reached: a fault is recorded
}

void experiment_require(experiment_t *run, int status, const char *what) {
    if (status != GSL_SUCCESS)
        experiment_stop(run, FAULT_INTERNAL, "%s: %s", what, gsl_strerror(status));
}

bool experiment_quick(const experiment_t *run) {
    return run->quick;
}

uint64_t experiment_seed(const experiment_t *run) {
    return run->seed;
}

int experiment_threads(const experiment_t *run) {
    return run->threads;
}

void experiment_accept(experiment_t *run, const fault_t *fault) {
    if (fault->status != FAULT_NONE)
        experiment_stop(run, fault->status, "%s", fault->text);
}

void *experiment_memory(experiment_t *run, void *memory) {
    if (memory == NULL)
        experiment_stop(run, FAULT_SYSTEM, "out of memory");
    return memory;
}

stream_t experiment_stream(const experiment_t *run, uint32_t block) {
    return stream_at(run->seed, stream_experiment(run->plan->name), block);
}

void experiment_progress(void *context, uint64_t done, uint64_t total) {
    experiment_t *run = context;
    progress_update(&run->progress, done, total);
}

moments_t *experiment_montecarlo(experiment_t *run, const char *part, uint64_t samples, size_t dim,
                                 size_t work, montecarlo_sampler_t sampler, const void *context) {
    return experiment_montecarlo_blocks(run, part, samples, 0, dim, work, sampler, context);
}

moments_t *experiment_montecarlo_blocks(experiment_t *run, const char *part, uint64_t samples, size_t block,
                                        size_t dim, size_t work, montecarlo_sampler_t sampler,
                                        const void *context) {
    char name[TEXT_LENGTH];
    snprintf(name, sizeof name, "%s.%s", run->plan->name, part);
    moments_t *result = experiment_memory(run, moments_alloc(dim));
    const montecarlo_params_t params = {.samples = samples,
                                        .seed = run->seed,
                                        .experiment = stream_experiment(name),
                                        .samples_per_block = block,
                                        .work_size = work,
                                        .threads = run->threads,
                                        .progress = experiment_progress,
                                        .progress_context = run};
    progress_start(&run->progress, run->plan->name);
    experiment_require(run, montecarlo_run(&params, sampler, context, result), part);
    progress_end(&run->progress);
    return result;
}

// "folder/NAMEsuffix", to be freed.
static char *result_path(experiment_t *run, const char *suffix) {
    char *path = NULL;
    if (asprintf(&path, "%s/%s%s", run->out, run->plan->name, suffix) < 0)
        experiment_stop(run, FAULT_SYSTEM, "out of memory");
    return path;
}

static output_t *open_result(experiment_t *run, const char *suffix) {
    char *path = result_path(run, suffix);
    output_t *out = NULL;
    output_open(path, &out, &run->fault);
    free(path);
    end_on_fault(run);
    return out;
}

const char *experiment_data(experiment_t *run, const char *name) {
    char *path = NULL;
    if (run->n_inputs == MAX_INPUTS || asprintf(&path, "%s/%s", run->data, name) < 0)
        experiment_stop(run, FAULT_INTERNAL, "more than %d data files, or out of memory", MAX_INPUTS);
    run->inputs[run->n_inputs++] = path;
    return path;
}

void experiment_read(experiment_t *run, const char *name, sheet_t *table) {
    sheet_read(experiment_data(run, name), ',', table, &run->fault);
    end_on_fault(run);
}

void experiment_numbers(experiment_t *run, const sheet_t *table, const char *column, double *values) {
    sheet_numbers(table, column, values, &run->fault);
    end_on_fault(run);
}

table_t *experiment_table(experiment_t *run, const char *name, const char *caption,
                          const table_column_t *columns, size_t width, size_t rows) {
    char stem[TEXT_LENGTH];
    snprintf(stem, sizeof stem, "%s%s%s", run->plan->name, *name ? "." : "", name);
    if (run->n_tables == MAX_TABLES)
        experiment_stop(run, FAULT_INTERNAL, "more than %d tables", MAX_TABLES);
    table_t *result = NULL;
    table_open(run->out, stem, caption, columns, width, rows, &result, &run->fault);
    end_on_fault(run);
    run->tables[run->n_tables++] = result;
    return result;
}

const char *experiment_dump(experiment_t *run, const char *part) {
    char *path = NULL;
    if (run->n_dumps == MAX_DUMPS || asprintf(&path, "%s/dumps/.%s.%s", run->out, run->plan->name, part) < 0)
        experiment_stop(run, FAULT_INTERNAL, "more than %d dumps, or out of memory", MAX_DUMPS);
    run->dumps[run->n_dumps++] = path;
    return path;
}

// "boundary-layer" becomes "BoundaryLayer".
static void camel_case(const char *name, char *result) {
    bool start = true;
    for (; *name; name++) {
        if (*name != '-')
            *result++ = start ? (char)toupper((unsigned char)*name) : *name;
        start = *name == '-';
    }
    *result = '\0';
}

void experiment_macro_text(experiment_t *run, const char *name, const char *text) {
    for (const char *letter = name; *letter; letter++)
        if (!isalpha((unsigned char)*letter))
            experiment_stop(run, FAULT_INTERNAL, "the macro name «%s» must consist of letters", name);
    char prefix[NAME_LENGTH];
    camel_case(run->plan->name, prefix);
    fprintf(output_stream(run->macros), "\\newcommand{\\%s%s}{%s}\n", prefix, name, text);
}

// Formats come from the experiments' own source, never from outside.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void format_real(experiment_t *run, const char *name, const char *format, double value,
                        char text[TEXT_LENGTH]) {
    if (!isfinite(value))
        experiment_stop(run, FAULT_INTERNAL, "the number %s is not finite (%a)", name, value);
    const int length = snprintf(text, TEXT_LENGTH, format, value);
    if (length < 0 || length >= TEXT_LENGTH)
        experiment_stop(run, FAULT_INTERNAL, "the number %s (%a) is too long in print", name, value);
}
#pragma GCC diagnostic pop

void experiment_macro(experiment_t *run, const char *name, const char *format, double value) {
    char text[TEXT_LENGTH];
    format_real(run, name, format, value, text);
    experiment_macro_text(run, name, text);
}

void experiment_macro_integer(experiment_t *run, const char *name, long long value) {
    char text[TEXT_LENGTH];
    snprintf(text, sizeof text, "%lld", value);
    experiment_macro_text(run, name, text);
}

void experiment_macro_fmpz(experiment_t *run, const char *name, const fmpz_t value) {
    char *text = fmpz_get_str(NULL, 10, value);
    experiment_macro_text(run, name, text);
    flint_free(text);
}

void experiment_macro_fmpq(experiment_t *run, const char *name, const fmpq_t value) {
    char *text = fmpq_get_str(NULL, 10, value);
    experiment_macro_text(run, name, text);
    flint_free(text);
}

void experiment_parameter(experiment_t *run, const char *name, const char *format, double value,
                          const char *unit) {
    char text[TEXT_LENGTH];
    format_real(run, name, format, value, text);
    experiment_macro_text(run, name, text);
    meta_parameter(run->meta, name, value, unit);
}

// The room left between the value and its bound; negative when the check fails.
static double slack_of(const check_t *check) {
    switch (check->relation) {
    case AT_MOST:
        return check->bound - (check->value + check->error);
    case AT_LEAST:
        return check->value - check->error - check->bound;
    default:
        return check->value == check->bound && check->error == 0 ? 0 : -1;
    }
}

bool experiment_check(experiment_t *run, const char *claim, const char *what, double value,
                      experiment_relation_t relation, double bound, double error) {
    if (run->n_checks == MAX_CHECKS)
        experiment_stop(run, FAULT_INTERNAL, "more than %d checks", MAX_CHECKS);
    check_t *check = &run->checks[run->n_checks++];
    snprintf(check->claim, sizeof check->claim, "%s", claim);
    snprintf(check->what, sizeof check->what, "%s", what);
    check->relation = relation;
    check->value = value;
    check->bound = bound;
    check->error = error;
    check->slack = slack_of(check);
    // A value or an error that is not a number fails every comparison, and so fails the check.
    check->passed = check->slack >= 0 && error >= 0;
    if (!check->passed)
        fprintf(stderr, "%s: check failed: %s: %s: %.17g (%a) %s %.17g (%a), error %.3g\n", run->plan->name,
                claim, what, value, value, RELATIONS[relation], bound, bound, error);
    return check->passed;
}

bool experiment_check_integer(experiment_t *run, const char *claim, const char *what, long long value,
                              long long known) {
    return experiment_check(run, claim, what, (double)value, EQUAL, (double)known, 0);
}

// Slack relative to the size of what is compared, to find the tightest check of a claim. An equality that holds has
// no room to speak of and is named only where a claim has nothing else.
static double relative_slack(const check_t *check) {
    if (check->relation == EQUAL)
        return check->passed ? HUGE_VAL : -1;
    const double scale = fmax(fabs(check->bound), fabs(check->value) + check->error);
    return scale > 0 ? check->slack / scale : 0;
}

static const check_t *tightest_check(experiment_t *run, const char *claim, bool *passed) {
    const check_t *tightest = NULL;
    *passed = true;
    for (size_t i = 0; i < run->n_checks; i++) {
        const check_t *check = &run->checks[i];
        if (strcmp(check->claim, claim) != 0)
            continue;
        const bool tighter =
            tightest == NULL || (tightest->passed && !check->passed) ||
            (tightest->passed == check->passed && relative_slack(check) < relative_slack(tightest));
        if (tighter)
            tightest = check;
        *passed &= check->passed;
    }
    return tightest;
}

void experiment_claim(experiment_t *run, const char *claim, experiment_verdict_t verdict,
                      experiment_method_t method, const char *evidence) {
    bool passed;
    const check_t *tightest = tightest_check(run, claim, &passed);
    if (tightest == NULL || run->n_claims == MAX_CLAIMS)
        experiment_stop(run, FAULT_INTERNAL,
                        "the claim %s has no check behind it, or there are more than %d claims", claim,
                        MAX_CLAIMS);
    for (size_t i = 0; i < run->n_claims; i++)
        if (strcmp(run->claimed[i], claim) == 0)
            experiment_stop(run, FAULT_INTERNAL, "the claim %s is decided twice", claim);
    snprintf(run->claimed[run->n_claims++], NAME_LENGTH, "%s", claim);
    const char *word = passed ? VERDICTS[verdict] : verdict == VERDICT_HOLDS ? "fails" : "undecided";
    fprintf(output_stream(run->claims), "%s\t%s\t%s\t%.6g\t%s\t%.6g\t%.3g\t%.2g\t%s: %s\n", claim, word,
            METHODS[method], tightest->value, RELATIONS[tightest->relation], tightest->bound, tightest->slack,
            tightest->error, evidence, tightest->what);
}

static void write_checks(experiment_t *run) {
    static const table_column_t columns[] = {{"claim", "text", NULL, NULL},    {"check", "text", NULL, NULL},
                                             {"relation", "text", NULL, NULL}, {"value", "1", "%.6g", NULL},
                                             {"bound", "1", "%.6g", NULL},     {"error", "1", "%.2g", NULL},
                                             {"passed", "0 or 1", NULL, NULL}};
    table_t *table = experiment_table(run, "checks", "every check behind the claims", columns,
                                      sizeof columns / sizeof *columns, run->n_checks);
    for (size_t i = 0; i < run->n_checks; i++) {
        const check_t *check = &run->checks[i];
        table_text(table, check->claim);
        table_text(table, check->what);
        table_text(table, RELATIONS[check->relation]);
        table_real(table, check->value);
        table_real(table, check->bound);
        table_real(table, check->error);
        table_integer(table, check->passed);
    }
}

// The rule by which make learns which data files were read; each gets an empty rule too, so that a file that
// is gone leads to a new run and its message, not to a riddle about rules.
static void write_dependencies(experiment_t *run) {
    FILE *file = output_stream(run->dependencies);
    static const char *const suffixes[] = {".csv", ".tex", ".claims", ".meta.json"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        fprintf(file, "%s/%s%s ", run->out, run->plan->name, suffixes[i]);
    fputc(':', file);
    for (size_t i = 0; i < run->n_inputs; i++)
        fprintf(file, " %s", run->inputs[i]);
    fputc('\n', file);
    for (size_t i = 0; i < run->n_inputs; i++)
        fprintf(file, "%s:\n", run->inputs[i]);
}

static void finish_all(experiment_t *run) {
    for (size_t i = 0; i < run->n_tables && run->fault.status == FAULT_NONE; i++)
        table_finish(run->tables[i], &run->fault);
    output_t *const outputs[] = {run->dependencies, run->macros, run->claims, run->meta_file};
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs && run->fault.status == FAULT_NONE; i++)
        output_finish(outputs[i], &run->fault);
    end_on_fault(run);
}

// Whether `file` is one of the tables `stems` with the given ending.
static bool is_table(const char *file, char stems[MAX_TABLES][TEXT_LENGTH], size_t count,
                     const char *ending) {
    for (size_t i = 0; i < count; i++) {
        const size_t length = strlen(stems[i]);
        if (strncmp(file, stems[i], length) == 0 && strcmp(file + length, ending) == 0)
            return true;
    }
    return false;
}

// Removes the tables that an older version of the experiment has left and this run has not written: what stands in the
// folder is what the program says.
static void remove_stale_tables(experiment_t *run, char stems[MAX_TABLES][TEXT_LENGTH], size_t count) {
    static const char *const endings[] = {".csv", ".rows.tex"};
    for (size_t e = 0; e < sizeof endings / sizeof *endings; e++) {
        char suffix[32];
        snprintf(suffix, sizeof suffix, ".*%s", endings[e]);
        char *pattern = result_path(run, suffix);
        glob_t found = {0};
        if (glob(pattern, 0, NULL, &found) == 0)
            for (size_t i = 0; i < found.gl_pathc; i++)
                if (!is_table(found.gl_pathv[i] + strlen(run->out) + 1, stems, count, endings[e]))
                    unlink(found.gl_pathv[i]);
        globfree(&found);
        free(pattern);
    }
}

// Takes the dot away with which the names of dumps begin.
static void commit_dumps(experiment_t *run) {
    for (size_t i = 0; i < run->n_dumps && run->fault.status == FAULT_NONE; i++) {
        char *path = strdup(run->dumps[i]), *name = path == NULL ? NULL : strrchr(path, '/') + 1;
        if (name != NULL)
            memmove(name, name + 1, strlen(name));
        if (name == NULL || rename(run->dumps[i], path) != 0)
            fault_set(&run->fault, FAULT_SYSTEM, "%s: cannot be renamed: %s", run->dumps[i], strerror(errno));
        free(path);
    }
}

// Gives every result its name. The main table is committed last of the tables (it was opened first), because
// make looks at it and at the three outputs after it: whatever is missing or old when the program is killed
// in between, make runs the experiment again.
static void commit_all(experiment_t *run) {
    finish_all(run);
    char stems[MAX_TABLES][TEXT_LENGTH];
    const size_t count = run->n_tables;
    for (size_t i = 0; i < count; i++)
        snprintf(stems[i], TEXT_LENGTH, "%s", table_stem(run->tables[i]));
    commit_dumps(run);
    while (run->n_tables > 0 && run->fault.status == FAULT_NONE)
        table_commit(run->tables[--run->n_tables], &run->fault);
    output_t **const outputs[] = {&run->dependencies, &run->macros, &run->claims, &run->meta_file};
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs && run->fault.status == FAULT_NONE; i++) {
        output_commit(*outputs[i], &run->fault);
        *outputs[i] = NULL;
    }
    end_on_fault(run);
    remove_stale_tables(run, stems, count);
}

// Quick results never take the place of full ones.
static void refuse_to_overwrite(experiment_t *run) {
    char *path = result_path(run, ".meta.json");
    const bool full = run->quick && meta_is_full(path);
    free(path);
    if (full)
        experiment_stop(run, FAULT_USAGE,
                        "%s holds full results of this experiment; --quick needs another --out", run->out);
}

static void print_help(const experiment_plan_t *plan) {
    printf("usage: %s [--quick] [--seed S] [--threads T] [--out DIR] [--data DIR]\n\n%s.\n\n", plan->name,
           plan->brief);
    printf("  --quick      the same columns with smaller sizes\n"
           "  --seed S     seed of the random streams, 0 to 2^64-1 (default %llu)\n"
           "  --threads T  threads, 1 to 1024 (default: one for each core); the results do not depend on it\n"
           "  --out DIR    folder of the results (default build/results, with --quick build/quick/results)\n"
           "  --data DIR   folder of the published tables (default data)\n"
           "  --help       this text\n",
           (unsigned long long)plan->seed);
}

// An unsigned integer in [low, high], or the end of the program.
static uint64_t parse_integer(experiment_t *run, const char *option, const char *text, uint64_t low,
                              uint64_t high) {
    fault_t fault = {0};
    uint64_t value = 0;
    option_integer(option, text, low, high, &value, &fault);
    experiment_accept(run, &fault);
    return value;
}

static void parse_options(experiment_t *run, int argc, char **argv) {
    static const struct option options[] = {{"quick", no_argument, NULL, 'q'},
                                            {"seed", required_argument, NULL, 's'},
                                            {"threads", required_argument, NULL, 't'},
                                            {"out", required_argument, NULL, 'o'},
                                            {"data", required_argument, NULL, 'd'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, ":", options, NULL)) != -1;) {
        switch (option) {
        case 'q':
            run->quick = true;
            break;
        case 's':
            run->seed = parse_integer(run, "--seed", optarg, 0, UINT64_MAX);
            break;
        case 't':
            run->threads = (int)parse_integer(run, "--threads", optarg, 1, 1024);
            break;
        case 'o':
            run->out = optarg;
            break;
        case 'd':
            run->data = optarg;
            break;
        case 'h':
            print_help(run->plan);
            exit(EXIT_SUCCESS);
        case ':':
            experiment_stop(run, FAULT_USAGE, "%s expects a value; --help lists the options",
                            argv[optind - 1]);
        default:
            if (optopt != 0) // a short one, which may stand amid others
                experiment_stop(run, FAULT_USAGE, "unknown option -%c; --help lists the options", optopt);
            experiment_stop(run, FAULT_USAGE, "unknown option %s; --help lists the options",
                            argv[optind - 1]);
        }
    }
    if (optind < argc)
        experiment_stop(run, FAULT_USAGE, "unexpected argument %s; --help lists the options", argv[optind]);
    if (run->out != NULL && *run->out == '\0')
        experiment_stop(run, FAULT_USAGE, "--out expects a folder, found an empty name");
    if (run->out == NULL)
        run->out = run->quick ? "build/quick/results" : "build/results";
}

static void open_results(experiment_t *run) {
    run->checks = calloc(MAX_CHECKS, sizeof *run->checks);
    run->meta = meta_alloc(run->plan->name, run->seed, run->quick);
    if (run->checks == NULL || run->meta == NULL)
        experiment_stop(run, FAULT_SYSTEM, "out of memory");
    run->macros = open_result(run, ".tex");
    run->claims = open_result(run, ".claims");
    run->meta_file = open_result(run, ".meta.json");
    run->dependencies = open_result(run, ".d");
    fputs("id\tverdict\tmethod\tvalue\trelation\tbound\tslack\terror\tevidence\n",
          output_stream(run->claims));
    char seed[TEXT_LENGTH];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)run->seed);
    experiment_macro_text(run, "Seed", seed);
}

int experiment_main(const experiment_plan_t *plan, int argc, char **argv) {
    gsl_set_error_handler_off();
    experiment_t run = {.plan = plan, .seed = plan->seed, .data = "data"};
    parse_options(&run, argc, argv);
    refuse_to_overwrite(&run);
    open_results(&run);
    progress_start(&run.progress, plan->name);
    plan->run(&run);
    write_checks(&run);
    write_dependencies(&run);
    meta_write(run.meta, output_stream(run.meta_file));
    commit_all(&run);
    discard(&run);
    return EXIT_SUCCESS;
}
