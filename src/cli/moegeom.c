// SPDX-License-Identifier: GPL-3.0-or-later
// The moegeom program: finds the subcommand.
#include "cli/command.h"
#include "io/fault.h"

#include <gsl/gsl_errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct command {
    const char *name, *brief;
    int (*run)(int argc, char **argv);
} command_t;

static const command_t COMMANDS[] = {
    {"count", "the exact number of regions of an arrangement or a top-k layer", command_count},
    {"list", "all regions: coalition, sign vector, a rational point inside", command_list},
    {"slice", "a layer on the plane through three points: as a layer, as a picture", command_slice},
    {"reach", "which coalitions of a router are reachable, with a proof for each", command_reach},
    {"verify", "checks the certificate of a count, in rationals", command_verify},
    {"bound", "every upper bound of the number of regions, with its source", command_bound},
    {"gap", "how far a soft router is from the hard one, and how cold is cold enough", command_gap},
    {"margins", "how close a router's choices are, and how often rounding or noise changes them",
     command_margins},
    {"router", "the geometry of the routers in a checkpoint: walls, angles, cells of slices", command_router},
};
enum { COUNT = sizeof COMMANDS / sizeof COMMANDS[0] };

static void print_help(FILE *file) {
    fputs("Usage: moegeom COMMAND ...; moegeom COMMAND --help explains a command.\n\n", file);
    for (int i = 0; i < COUNT; i++)
        fprintf(file, "  %-8s %s\n", COMMANDS[i].name, COMMANDS[i].brief);
    fputs("\nResults go to standard output, everything else to standard error. Exit status: 0 done, 1 usage, "
          "2 bad\n"
          "input, 3 a limit was reached, 4 the machine refused, 5 a defect of the program.\n",
          file);
}

int main(int argc, char **argv) {
    gsl_set_error_handler_off();
    signal(SIGPIPE, SIG_DFL); // `moegeom list FILE | head` ends quietly
    if (argc < 2) {
        print_help(stderr);
        return FAULT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return EXIT_SUCCESS;
    }
    for (int i = 0; i < COUNT; i++)
        if (strcmp(argv[1], COMMANDS[i].name) == 0)
            return COMMANDS[i].run(argc - 1, argv + 1);
    fprintf(stderr, "moegeom: expected a command, found «%s»; moegeom --help lists them\n", argv[1]);
    return FAULT_USAGE;
}
