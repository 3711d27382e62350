// SPDX-License-Identifier: GPL-3.0-or-later
// The subcommands of moegeom. Each gets its own name as argv[0] and returns the exit status (io/fault.h).
#ifndef MOEGEOM_CLI_COMMAND_H
#define MOEGEOM_CLI_COMMAND_H

int command_bound(int argc, char **argv);
int command_count(int argc, char **argv);
int command_gap(int argc, char **argv);
int command_list(int argc, char **argv);
int command_margins(int argc, char **argv);
int command_reach(int argc, char **argv);
int command_router(int argc, char **argv);
int command_slice(int argc, char **argv);
int command_verify(int argc, char **argv);

#endif
