# The gates of a reader's own checkpoint, layer by layer: angles between experts, and sets on great circles.
width = 15.5; height = 6.2
load style

gates = results."/gates.csv"
# Column by column: of two columns it would fit a line, and warn where there are only two gates.
stats gates using "layer" nooutput
first = STATS_min; last = STATS_max
stats gates using "most" nooutput
widest = STATS_max
stats gates using "least" nooutput
narrowest = STATS_min
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
