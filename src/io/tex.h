// SPDX-License-Identifier: GPL-3.0-or-later
// Texts and numbers of files that we do not know beforehand, made fit for LaTeX in T1 encoding with siunitx.
#ifndef MOEGEOM_IO_TEX_H
#define MOEGEOM_IO_TEX_H

#include <stddef.h>
#include <stdio.h>

enum { TEX_ROOM = 64 };

// Prints any bytes: what means something to LaTeX is escaped, and bytes other than printable ASCII become \xNN.
//   most  longer texts lose their middle, so that about so many characters are left; 0: nothing is left out, and a line may break
//         behind every character
void tex_text(FILE *file, const char *text, size_t most);

// The same for a sentence: lines break at its spaces, and behind every character of a word that is longer than a line may be.
void tex_words(FILE *file, const char *text);

// A number with so many significant digits, zeros at the end included, \num{...} where it needs a power of ten; 0 as such, and a
// dash for what is not finite.
//   room    receives the text
// Returns `room`.
const char *tex_real(char room[TEX_ROOM], int digits, double value);

// A rate in percent, without the sign, with three significant digits at most and not below 0.0001; a dash for NaN.
const char *tex_percent(char room[TEX_ROOM], double rate);

#endif
