# SPDX-License-Identifier: GPL-3.0-or-later
# Regions of an arrangement by sage's n_regions (deletion and restriction): sage regions.py FILE.
import sys

from sage.all import QQ, HyperplaneArrangements

with open(sys.argv[1]) as file:
    lines = [line.split() for line in file if line.strip() and not line.startswith("#")]
kind, n, d = lines[0][0], int(lines[0][1]), int(lines[0][2])
if kind != "arrangement" or len(lines) != n + 1:
    sys.exit(sys.argv[1] + ": no arrangement")
space = HyperplaneArrangements(QQ, names=tuple("x%d" % i for i in range(d)))
print(space([[int(row[d])] + [int(entry) for entry in row[:d]] for row in lines[1:]]).n_regions())
