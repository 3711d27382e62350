// SPDX-License-Identifier: GPL-3.0-or-later
// Texts and numbers for LaTeX; see tex.h.
#include "io/tex.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { LONG_WORD = 20 };

static void print_character(FILE *file, char c) {
    if (c == '\\')
        fputs("\\textbackslash{}", file);
    else if (c == '^')
        fputs("\\textasciicircum{}", file);
    else if (c == '~')
        fputs("\\textasciitilde{}", file);
    else if (c == '"')
        fputs("\\textquotedbl{}", file);
    else if (strchr("_%&#${} ", c) != NULL)
        fprintf(file, "\\%c", c);
    else if (c > ' ' && c <= '~')
        fputc(c, file);
    else
        fprintf(file, "\\textbackslash{}x%02x", (unsigned)(unsigned char)c);
}

void tex_text(FILE *file, const char *text, size_t most) {
    const size_t length = strlen(text), kept = most > 0 && length > most ? most / 2 : length;
    for (size_t i = 0; i < length; i++) {
        if (i == kept) {
            fputs("\\dots{}", file);
            i = length - kept;
        }
        if (i > 0 && most == 0)
            fputs("\\allowbreak{}", file);
        print_character(file, text[i]);
    }
}

void tex_words(FILE *file, const char *text) {
    while (*text != '\0') {
        const size_t length = strcspn(text, " ");
        for (size_t i = 0; i < length; i++) {
            if (i > 0 && length > LONG_WORD)
                fputs("\\allowbreak{}", file);
            print_character(file, text[i]);
        }
        text += length;
        if (*text == ' ') {
            fputc(' ', file);
            text++;
        }
    }
}

const char *tex_real(char room[TEX_ROOM], int digits, double value) {
    char plain[TEX_ROOM / 2];
    if (!isfinite(value) || value == 0) {
        strcpy(room, value == 0 ? "0" : "--");
        return room;
    }
    snprintf(plain, sizeof plain, "%#.*g", digits, value);
    const size_t length = strlen(plain);
    if (plain[length - 1] == '.')
        plain[length - 1] = '\0';
    const bool power = strchr(plain, 'e') != NULL;
    snprintf(room, TEX_ROOM, power ? "\\num{%s}" : value < 0 ? "$%s$" : "%s", plain);
    return room;
}

const char *tex_percent(char room[TEX_ROOM], double rate) {
    const double value = 100 * rate;
    if (!isfinite(value))
        strcpy(room, "--");
    else if (value != 0 && value < 0.0001)
        strcpy(room, "$<$.0001");
    else if (value >= 9.995)
        snprintf(room, TEX_ROOM, "%.*f", value < 99.95, value);
    else
        snprintf(room, TEX_ROOM, "%.*f",
                 value == 0         ? 0
                 : value >= 0.9995  ? 2
                 : value >= 0.09995 ? 3
                                    : 4,
                 value);
    return room;
}
