// SPDX-License-Identifier: GPL-3.0-or-later
// Experiments in child processes; see plan.h.
#include "support/plan.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORD_LENGTH = 512, EXPECTATION = 99 };

static void catch_error(const char *errors) {
    const int file = open(errors, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    plan_expect(file >= 0);
    dup2(file, STDERR_FILENO);
    close(file);
}

int plan_run(void (*run)(experiment_t *), const char *out, const char *data, const char *errors) {
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        const experiment_plan_t plan = {.name = "unit-test", .brief = "a test", .seed = 5, .run = run};
        char folder[WORD_LENGTH], source[WORD_LENGTH];
        snprintf(folder, sizeof folder, "--out=%s", out);
        snprintf(source, sizeof source, "--data=%s", data);
        char *words[] = {(char[]){"unit-test"}, folder, source, NULL};
        catch_error(errors);
        exit(experiment_main(&plan, 3, words));
    }
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child)
        return EXPECTATION;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void plan_expect(bool condition) {
    if (!condition)
        _exit(EXPECTATION);
}
