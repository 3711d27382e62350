# The best layers of two small shapes: cells of the coalitions, and the lines of their experts inside them.
width = 15.5; height = 7.75
load style

cells = results."/extremal.cells.csv"
folds = results."/extremal.folds.csv"
coalitions = results."/extremal.coalitions.csv"
crossings = results."/extremal.crossings.csv"
of_panel(panel, value) = (column("panel") == panel ? value : NaN)
of_cell(cell, value) = (column("cell") == cell ? value : NaN)
# Pale tints of the style's colours and of Okabe and Ito's yellow.
array tint[6] = ["#CBE2F0", "#FBE3B5", "#C8E7DB", "#F5D2BC", "#F4DDE9", "#F8F4C3"]
array colour_of[4] = [blue, red, green, pink]

stats cells using (column("cell")) nooutput
array colour[int(STATS_max) + 1]
do for [c = 0:int(STATS_max)] {
    stats cells using (of_cell(c, column("colour"))) nooutput
    colour[c + 1] = int(STATS_min) + 1
}
array first[2]; array last[2]
do for [panel = 1:2] {
    stats cells using (of_panel(panel, column("cell"))) nooutput
    first[panel] = int(STATS_min); last[panel] = int(STATS_max)
}
# The text of such a label is read twice, hence the backslashes.
name(first, second) = sprintf("$\\\\{%d,%d\\\\}$", first, second)
# Lines have names at ends on the border where there is room: on top and at the right, at the bottom and at the left.
at_border(panel, owner, x, y) = panel == 1 ? y > 3.999 || (owner == 4 && x > 3.999) : y < -3.999 || (owner == 2 && x < -3.999)
reach(x0, y0, x1, y1) = sqrt((x1 - x0)**2 + (y1 - y0)**2)
side(panel, owner) = panel + owner == 5 ? -0.24 : 0.24
beside_x(side, x0, y0, x1, y1) = x0 + (0.55 * (x1 - x0) + side * (y1 - y0)) / reach(x0, y0, x1, y1)
beside_y(side, x0, y0, x1, y1) = y0 + (0.55 * (y1 - y0) - side * (x1 - x0)) / reach(x0, y0, x1, y1)
line_name(owner) = sprintf("$h_{%d}$", owner)
title(panel) = panel == 1 ? "(a) $N=4$, $k=2$, $H=1$: 23 regions" : "(b) $N=3$, $k=2$, $H=2$: 30 regions"

unset tics
unset border
set xrange [-4:4]
set yrange [-4:4]
set multiplot
do for [panel = 1:2] {
    set lmargin at screen 0.004 + (panel - 1) * 0.515
    set rmargin at screen 0.481 + (panel - 1) * 0.515
    set tmargin at screen 0.945
    set bmargin at screen 0.004
    set label 1 title(panel) at graph 0.5, 1.035 center
    plot for [c = first[panel]:last[panel]] cells using (of_cell(c, column("x0"))):(column("y0")) \
             with filledcurves closed fs solid 1 noborder lc rgb tint[colour[c + 1]], \
         cells using (of_panel(panel, column("x0"))):(column("y0")):(column("x1") - column("x0")): \
             (column("y1") - column("y0")) with vectors nohead lc rgb grey lw 0.8, \
         for [owner = 1:4] folds using (of_panel(panel, column("owner") == owner ? column("x0") : NaN)): \
             (column("y0")):(column("x1") - column("x0")):(column("y1") - column("y0")) \
             with vectors nohead lc rgb colour_of[owner] lw 1.8 dt owner, \
         for [owner = 1:4] folds using (of_panel(panel, column("owner") == owner && at_border(panel, owner, column("x0"), column("y0")) ? \
             beside_x(side(panel, owner), column("x0"), column("y0"), column("x1"), column("y1")) : NaN)): \
             (beside_y(side(panel, owner), column("x0"), column("y0"), column("x1"), column("y1"))):(line_name(owner)) \
             with labels textcolor rgb colour_of[owner], \
         for [owner = 1:4] folds using (of_panel(panel, column("owner") == owner && at_border(panel, owner, column("x1"), column("y1")) ? \
             beside_x(side(panel, owner), column("x1"), column("y1"), column("x0"), column("y0")) : NaN)): \
             (beside_y(side(panel, owner), column("x1"), column("y1"), column("x0"), column("y0"))):(line_name(owner)) \
             with labels textcolor rgb colour_of[owner], \
         crossings using (panel == 1 && column("own") == 1 ? column("x") : NaN):(column("y")) \
             with points pt 7 ps 0.6 lc rgb ink, \
         crossings using (panel == 1 && column("own") == 0 ? column("x") : NaN):(column("y")) \
             with points pt 6 ps 0.6 lc rgb ink, \
         coalitions using (of_panel(panel, column("x"))):(column("y")):(name(column("first"), column("second"))) \
             with labels textcolor rgb ink
}
unset multiplot
