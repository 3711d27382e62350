# Three experts, two active: the cone of a coalition, and the region of one expert with a segment that leaves it.
width = 15.5; height = 6.6
load style

cones = results."/order-k-cells.cones.csv"
gap = results."/order-k-cells.gap.csv"
walls = results."/order-k-cells.rays.csv"
array tint[3] = ["#CBE2F0", "#FBE3B5", "#C8E7DB"]
of_cell(cell, value) = (column("cell") == cell ? value : NaN)
place(i) = i == 0 ? "$p$" : i == 1 ? "$q$" : "$m$"
array has_one[3]
do for [c = 1:3] {
    stats cones using (of_cell(c, column("first"))) nooutput
    has_one[c] = int(STATS_min) == 1
    one = int(STATS_min)
    stats cones using (of_cell(c, column("second"))) nooutput
    two = int(STATS_min)
    stats cones using (of_cell(c, column("centre_x"))):(column("centre_y")) nooutput
    set label 10 + c sprintf("$\\Omega_{\\{%d,%d\\}}$", one, two) at STATS_min_x, STATS_min_y center front textcolor rgb ink
}
fill(panel, c) = panel == 1 ? (c == 1 ? tint[1] : "#F4F4F4") : (has_one[c] ? tint[c] : "#F4F4F4")

unset border
unset tics
set xrange [-1:1]
set yrange [-1:1]
set multiplot
do for [panel = 1:2] {
    set lmargin at screen 0.055 + (panel - 1) * 0.5
    set rmargin at screen 0.43 + (panel - 1) * 0.5
    set tmargin at screen 0.9
    set bmargin at screen 0.02
    set label 1 (panel == 1 ? "(a) one coalition: convex" : "(b) expert 1: two coalitions and not convex") at graph 0.5, 1.06 center
    plot for [c = 1:3] cones using (of_cell(c, column("x"))):(column("y")) \
             with filledcurves closed fs solid 1 noborder lc rgb fill(panel, c), \
         walls using (0):(0):(column("x")):(column("y")) with vectors nohead lc rgb ink lw 1.4, \
         for [i = 1:panel - 1] gap using (column(0) < 2 ? column("x") : NaN):(column("y")) with lines lc rgb red lw 1.8, \
         for [i = 1:panel - 1] gap using (column("served") == 1 ? column("x") : NaN):(column("y")) with points pt 7 ps 0.6 lc rgb ink, \
         for [i = 1:panel - 1] gap using (column("served") == 0 ? column("x") : NaN):(column("y")) with points pt 6 ps 0.8 lw 1.6 lc rgb red, \
         for [i = 1:panel - 1] gap using (column("x") + 0.09):(column("y") + (column(0) == 1 ? 0.03 : 0.07)):(place(column(0))) with labels textcolor rgb ink
}
unset multiplot
