# How often a reader's own router with one layer changes its choice, by what disturbs it.
width = 13; height = 6.6
load style

load results."/shape.gp"
points = results."/points.csv"
set logscale y
set format y "$%g$"
set xrange [0.4:causes + 0.6]
set yrange [lowest:highest]
set label 1 "rows that change experts, \\%" at graph 0, 1.07 left
set lmargin 7
set xtics scale 0
some = observed ne ""
plot points using "place":"predicted":xtic(stringcolumn("name")) with points ls 20 lc rgb grey, \
     for [i = 1:some] points using "place":"observed":"low":"high" with yerrorbars ls 1 ps 0, \
     for [i = 1:some] points using "place":"observed" with points ls 1
