# Three planar layers with as many regions as their shapes allow: coalitions, and units where they are active.
width = 15.5; height = 5.4
load style

cells = results."/slicing.cells.csv"
folds = results."/slicing.folds.csv"
names = results."/slicing.names.csv"
of_panel(panel, value) = (column("panel") == panel ? value : NaN)
of_cell(panel, cell, value) = (column("panel") == panel && column("cell") == cell ? value : NaN)
of_expert(panel, expert, value) = (column("panel") == panel && column("expert") == expert ? value : NaN)
array tint[6] = ["#CBE2F0", "#FBE3B5", "#C8E7DB", "#F5D2BC", "#F4DDE9", "#F8F4C3"]
array unit[4] = [blue, red, green, pink]
array experts[3] = [3, 4, 3]
array units[3] = [1, 1, 2]
counts = results."/slicing.csv"
of_shape(panel, value) = (column("experts") == experts[panel] && column("active") == 2 && column("width") == units[panel] && column("dimension") == 2 ? value : NaN)
array regions[3]
do for [panel = 1:3] {
    stats counts using (of_shape(panel, column("best"))) nooutput
    regions[panel] = int(STATS_max)
}
title(panel) = sprintf("$(%d,2,%d,2)$: %d regions", experts[panel], units[panel], regions[panel])
# The text of such a label is read twice, hence the backslashes.
name(first, second) = sprintf("$\\\\{%d,%d\\\\}$", first, second)

array colour[30]
array last[3]
do for [panel = 1:3] {
    stats cells using (of_panel(panel, column("cell"))) nooutput
    last[panel] = int(STATS_max)
    do for [c = 0:last[panel]] {
        stats cells using (of_cell(panel, c, column("colour"))) nooutput
        colour[10 * (panel - 1) + c + 1] = int(STATS_min) + 1
    }
}

unset tics
unset border
set xrange [0:1]
set yrange [0:1]
set multiplot
do for [panel = 1:3] {
    set lmargin at screen 0.004 + (panel - 1) * 0.342
    set rmargin at screen 0.312 + (panel - 1) * 0.342
    set tmargin at screen 0.9
    set bmargin at screen 0.015
    set label 1 title(panel) at graph 0.5, 1.06 center
    plot for [c = 0:last[panel]] cells using (of_cell(panel, c, column("x0"))):(column("y0")) \
             with filledcurves closed fs solid 1 noborder lc rgb tint[colour[10 * (panel - 1) + c + 1]], \
         cells using (of_panel(panel, column("x0"))):(column("y0")):(column("x1") - column("x0")): \
             (column("y1") - column("y0")) with vectors nohead lc rgb ink lw 1.2, \
         for [e = 1:experts[panel]] folds using (of_expert(panel, e, column("x0"))):(column("y0")): \
             (column("x1") - column("x0")):(column("y1") - column("y0")) with vectors nohead lc rgb unit[e] lw 1.4, \
         names using (of_panel(panel, column("room") > 0.03 ? column("x") : NaN)):(column("y")): \
             (name(column("first"), column("second"))) with labels textcolor rgb ink
}
unset multiplot
