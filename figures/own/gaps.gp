# The gap of a reader's own router, layer by layer.
width = 15.5; height = 6.2
load style

load results."/shape.gp"
span = last - first + 1
gaps = results."/quantiles.csv"
stats gaps using "q01" nooutput
least = STATS_min
stats gaps using "q95" nooutput
if (least == STATS_max) { set yrange [0.5 * least:2 * least] } # the same gap everywhere
set logscale y
set format y log_format
set xrange [first - 0.5:last + 0.5 + 0.07 * span]
set xlabel named
set label 1 "gap" at graph 0, 1.07 left
step = ceil(span / 12.0)
set xtics first, step, last
set lmargin 7
beside = last + 0.012 * span + 0.1
if (last_median > 0) { set label 2 "median" at beside, last_median left textcolor rgb blue }
if (last_smallest > 0) { set label 3 "$1\\,\\%$" at beside, last_smallest left textcolor rgb grey }
plot gaps using "layer":"q05":"q95" with filledcurves fc rgb blue fs transparent solid 0.13, \
     gaps using "layer":"q25":"q75" with filledcurves fc rgb blue fs transparent solid 0.25, \
     gaps using "layer":"q50" with linespoints ls 1 ps (layers > 24 ? 0.25 : 0.5), \
     gaps using "layer":"q01" with lines ls 11
