# How often a reader's own router changes its choice, layer by layer: lines are predicted, points observed.
width = 15.5; height = 8.6
load style

load results."/shape.gp"
span = last - first + 1
points = results."/points.csv"
array colours[7] = [blue, orange, green, red, pink, sky, ink]
array symbols[7] = [7, 5, 9, 11, 13, 15, 12]
of(cause, value) = (column("style") == cause + 0 ? column(value) : NaN)
set logscale y
set format y "$%g$"
set xrange [first - 0.5:last + 0.5 + 0.15 * span]
set xlabel named
set label 1 "rows that change experts, \\%" at graph 0, 1.05 left
step = ceil(span / 12.0)
set xtics first, step, last
set lmargin 7
do for [c = 1:7] { if (heights[c] > 0) { set label 10 + c names[c] at last + 0.02 * span + 0.1, heights[c] left textcolor rgb colours[c] } }
size = layers > 24 ? 0.4 : 0.7
set yrange [lowest:highest]
plot for [c in predicted] points using (of(c, "layer")):(of(c, "predicted")) with lines lw 1 dt (6,3) lc rgb colours[c + 0], \
     for [c in observed] points using (of(c, "layer")):(of(c, "observed")) with points pt symbols[c + 0] ps size lc rgb colours[c + 0]
