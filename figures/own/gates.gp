# The gates of a reader's own checkpoint, layer by layer: angles between experts, and sets on great circles.
width = 15.5; height = 6.2
load style

gates = results."/gates.csv"
stats gates using "layer":"most" nooutput
first = STATS_min_x; last = STATS_max_x; widest = STATS_max_y
stats gates using "least":"expected" nooutput
narrowest = STATS_min_x
span = last - first + 1
set xrange [first - 0.5:last + 0.5]
set xtics first, ceil(span / 8.0), last
set xlabel "layer"
size = span > 24 ? 0.35 : 0.55
set multiplot layout 1, 2 margins screen 0.07, 0.985, 0.2, 0.9 spacing screen 0.1
set label 1 "degrees between experts" at graph 0, 1.07 left
set yrange [0.95 * narrowest:1.02 * widest]
plot gates using "layer":"least":"most" with filledcurves fc rgb blue fs transparent solid 0.13, \
     gates using "layer":"median" with lines ls 1, \
     gates using "layer":"least" with points ls 1 ps size
set label 1 "sets on a great circle"
set yrange [*:*]
set offsets 0, 0, graph 0.1, graph 0.1
plot gates using "layer":"expected" with lines ls 11, \
     gates using "layer":"sets":"sets_se" with yerrorbars ls 2 ps size
unset multiplot
