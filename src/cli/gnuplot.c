// SPDX-License-Identifier: GPL-3.0-or-later
// Pictures by gnuplot; see gnuplot.h.
#include "cli/gnuplot.h"

#include "io/ending.h"
#include "io/output.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool gnuplot_knows(const char *path) {
    return ending_is(path, ".svg") || ending_is(path, ".pdf");
}

fault_status_t gnuplot_examine(const char *path, fault_t *fault) {
    if (strpbrk(path, "'\n") != NULL)
        return fault_set(fault, FAULT_USAGE, "expected the name of a picture without quotes, found «%s»",
                         path);
    return output_examine(path, fault);
}

// Runs gnuplot on the script, whose output has a temporary name, and renames it.
static fault_status_t run(const char *temporary, const char *path,
                          void (*print)(FILE *script, const char *output, bool svg, const void *context),
                          const void *context, fault_t *fault) {
    // Without gnuplot the shell may end before the script is written: that is reported, and does not end this program.
    void (*const before)(int) = signal(SIGPIPE, SIG_IGN);
    FILE *script = popen("gnuplot - >/dev/null 2>&1", "we");
    if (script != NULL)
        print(script, temporary, ending_is(path, ".svg"), context);
    const int status = script != NULL ? pclose(script) : -1;
    signal(SIGPIPE, before);
    if (script == NULL)
        return fault_set(fault, FAULT_SYSTEM, "cannot run gnuplot: %s", strerror(errno));
    if (status != 0 || access(temporary, R_OK) != 0) {
        unlink(temporary);
        return fault_set(fault, FAULT_SYSTEM,
                         "gnuplot could not draw %s (is the package gnuplot-nox installed?)", path);
    }
    if (rename(temporary, path) != 0) {
        fault_set(fault, FAULT_SYSTEM, "cannot write %s: %s", path, strerror(errno));
        unlink(temporary);
    }
    return fault->status;
}

fault_status_t gnuplot_draw(const char *path,
                            void (*print)(FILE *script, const char *output, bool svg, const void *context),
                            const void *context, fault_t *fault) {
    char *temporary = NULL;
    if (gnuplot_examine(path, fault) != FAULT_NONE)
        return fault->status;
    // To gnuplot a name that starts with | is a command, and ~ a home folder.
    if (asprintf(&temporary, "%s%s.%ld.tmp", path[0] == '/' ? "" : "./", path, (long)getpid()) < 0)
        return fault_set(fault, FAULT_SYSTEM, "out of memory for the picture");
    run(temporary, path, print, context, fault);
    free(temporary);
    return fault->status;
}
