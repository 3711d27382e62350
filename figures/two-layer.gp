# The 7 regions of the first layer, the 34 of a two-layer network, and how many regions random and sought networks have.
width = 15.5; height = 6.0
load style

cells = results."/two-layer.cells.csv"
lines_file = results."/two-layer.lines.csv"
histogram = results."/two-layer.histogram.csv"
of_cell(cell, value) = (column("cell") == cell ? value : NaN)
of_line(panel, unit, value) = (column("panel") == panel && column("unit") == unit ? value : NaN)
# Pale tints by the number of units that are positive, 0 to 3.
array tint[4] = ["#FFFFFF", "#E3EEF6", "#FBEBCB", "#CFE9DF"]
array bent[3] = [blue, red, green]
side = 1.72
stats cells using (column("cell")) nooutput
array colour[int(STATS_max) + 1]
do for [c = 0:int(STATS_max)] {
    stats cells using (of_cell(c, column("fired"))) nooutput
    colour[c + 1] = int(STATS_min) + 1
}
active_name(set) = set eq "none" ? "$\\\\emptyset$" : "$".set."$"

unset tics
unset border
set multiplot

# ---- Left and middle: regions ----
array from[2] = [0.004, 0.268]
array to[2] = [0.254, 0.628]
array base[2] = [0.30, 0.02]
array top[2] = [0.945, 0.945]
array title[2] = ["first layer: 7", "both layers: 34"]
do for [panel = 1:2] {
    half = (panel == 1 ? 1.5 : 1) * side
    set xrange [-half:half]
    set yrange [-half:half]
    set lmargin at screen from[panel]
    set rmargin at screen to[panel]
    set tmargin at screen top[panel]
    set bmargin at screen base[panel]
    set label 1 title[panel] at graph 0.5, (panel == 1 ? 1.05 : 1.035) center
    set object 1 rectangle from graph 0,0 to graph 1,1 fs empty border lc rgb grey lw 0.6 front
    plot for [c = 0:|colour| - 1] cells using (column("panel") == panel ? of_cell(c, column("x")) : NaN):(column("y")) \
             with filledcurves closed fs solid 1 noborder lc rgb tint[colour[c + 1]], \
         for [u = 1:3] lines_file using (of_line(panel, u, column("x0"))):(column("y0")):(column("x1") - column("x0")): \
             (column("y1") - column("y0")) with vectors nohead lc rgb bent[u] lw 1.6, \
         lines_file using (of_line(panel, 0, column("x0"))):(column("y0")):(column("x1") - column("x0")): \
             (column("y1") - column("y0")) with vectors nohead lc rgb ink lw (panel == 1 ? 1.6 : 1.1), \
         cells using (panel == 1 ? (column("panel") == 1 ? column("centre_x") : NaN) : NaN):(column("centre_y")): \
             (active_name(strcol("active"))) with labels textcolor rgb ink
}
unset object 1

# ---- Right: how often ----
set lmargin at screen 0.715
set rmargin at screen 0.985
set tmargin at screen 0.86
set bmargin at screen 0.19
set border 3
set tics out nomirror scale 0.6
set xrange [5:51]
set yrange [2e-7:2]
set logscale y
set format y log_format
set ytics nomirror out (1, 1e-2, 1e-4, 1e-6)
set xtics nomirror out (10, 20, 30, 40)
set xlabel "regions"
set label 1 "share of networks" at graph -0.22, 1.12 left
array mark[3] = [34, 40, 49]
do for [i = 1:3] {
    set arrow i from mark[i], graph 0 to mark[i], graph 1 nohead lc rgb grey lw 1.0 dt (6,3)
    set label 10 + i sprintf("$%d$", mark[i]) at mark[i], graph 1.04 center textcolor rgb grey
}
set label 2 "random" at 15, 6e-3 center textcolor rgb blue
set label 3 "sought" at 26.5, 2.4e-1 right textcolor rgb orange
plot histogram using (column("regions")):(column("drawn") > 0 ? column("drawn") : NaN) with linespoints ls 1, \
     histogram using (column("regions")):(column("climbed_best") > 0 ? column("climbed_best") : NaN) with linespoints ls 2
unset multiplot
