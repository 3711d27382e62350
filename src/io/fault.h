// SPDX-License-Identifier: GPL-3.0-or-later
// What went wrong, in one line that a user can act on, with the exit status that it means.
#ifndef MOEGEOM_IO_FAULT_H
#define MOEGEOM_IO_FAULT_H

enum { FAULT_TEXT = 1024 };

// Exit statuses of every program of the project.
typedef enum fault_status {
    FAULT_NONE = 0,   // done
    FAULT_USAGE = 1,  // the command line is wrong
    FAULT_INPUT = 2,  // an input is malformed: file, line, what was expected, what was found
    FAULT_LIMIT = 3,  // a stated limit was reached: what is needed to finish
    FAULT_SYSTEM = 4, // the machine refused: disk full, folder not writable, out of memory
    FAULT_INTERNAL =
        5 // a computation did not keep its promise (non-finite value, missing row): a defect of ours
} fault_status_t;

// The first thing that went wrong; starts as {0}. Owned by the caller, who prints it.
typedef struct fault {
    fault_status_t status;
    char text[FAULT_TEXT]; // one line, no newline at its end
} fault_t;

// Makes a text one line that does not steer a terminal, whatever names it has from files: ends of lines become blanks, other control
// characters question marks.
void fault_tame(char *text);

// Records a fault unless one is recorded already (the first is the cause), and returns the recorded status.
//   fault   where to record it, not NULL
//   status  not FAULT_NONE
//   format  printf format of the one-line message; longer texts are cut at FAULT_TEXT - 1 bytes
fault_status_t fault_set(fault_t *fault, fault_status_t status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
