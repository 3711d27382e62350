// SPDX-License-Identifier: GPL-3.0-or-later
// A folder of the test program's own, under TMPDIR.
#ifndef MOEGEOM_TESTS_SUPPORT_FOLDER_H
#define MOEGEOM_TESTS_SUPPORT_FOLDER_H

// Makes it, as the set-up of a group of tests; and removes it with all that is in it, as their tear-down.
int folder_make(void **state);
int folder_remove(void **state);

// Its path; and that of what has a name in it, of which four may be in use at once.
const char *folder_path(void);
const char *folder_at(const char *name);

// Removes what is in it, or in a folder in it; "." for itself. Returns how many files that were, not counting folders.
int folder_empty(const char *name);

#endif
