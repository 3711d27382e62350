# The plane through three test images, before and after training: coalitions, and the folds of their experts.
width = 15.5; height = 7.86
load style

cells = results."/trained-slice.cells.csv"
folds = results."/trained-slice.folds.csv"
coalitions = results."/trained-slice.coalitions.csv"
images = results."/trained-slice.images.csv"
of_panel(panel, value) = (column("panel") == panel ? value : NaN)
of_cell(cell, value) = (column("cell") == cell ? value : NaN)
# Pale tints of the style's colours and of Okabe and Ito's yellow; grey and ink are lines.
array tint[6] = ["#CBE2F0", "#FBE3B5", "#C8E7DB", "#F5D2BC", "#F4DDE9", "#F8F4C3"]
fold = "#808080"

# The window is as wide as the widest place in it.
stats cells using (column("x0")) nooutput
side = STATS_max
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

# Images are drawn pixel by pixel; each reaches a little under the next, so that no seam shows.
pixel = side / 66
pixel_x(x, number) = x + (number - 3.5) * pixel
paper(ink) = int(255 * (1 - 0.87 * ink))
shade(ink) = paper(ink) * 65536 + paper(ink) * 256 + paper(ink)
# The text of such a label is read twice, hence the backslashes.
name(first, second) = sprintf("$\\\\{%d,%d\\\\}$", first, second)
title(panel) = panel == 1 ? "before training" : "after training"

unset tics
unset border
set xrange [0:side]
set yrange [0:side]
set multiplot
do for [panel = 1:2] {
    set lmargin at screen 0.004 + (panel - 1) * 0.515
    set rmargin at screen 0.481 + (panel - 1) * 0.515
    set tmargin at screen 0.945
    set bmargin at screen 0.004
    set label 1 title(panel) at graph 0.5, 1.035 center
    plot for [c = first[panel]:last[panel]] cells using (of_cell(c, column("x0"))):(column("y0")) \
             with filledcurves closed fs solid 1 noborder lc rgb tint[colour[c + 1]], \
         folds using (of_panel(panel, column("x0"))):(column("y0")):(column("x1") - column("x0")): \
             (column("y1") - column("y0")) with vectors nohead lc rgb fold lw 0.6, \
         cells using (of_panel(panel, column("x0"))):(column("y0")):(column("x1") - column("x0")): \
             (column("y1") - column("y0")) with vectors nohead lc rgb ink lw 1.2, \
         images using (column("x")):(column("y")) with points pt 7 ps 0.55 lc rgb ink, \
         images using (column("beside_x")):(column("beside_y")):(4.25 * pixel):(4.25 * pixel) \
             with boxxyerror fs solid 1 noborder lc rgb ink, \
         images using (pixel_x(column("beside_x"), column("column"))): \
             (pixel_x(column("beside_y"), 7 - column("row"))):(0.6 * pixel):(0.6 * pixel): \
             (shade(column("ink"))) with boxxyerror fs solid 1 noborder lc rgb variable, \
         coalitions using (of_panel(panel, column("room") > 0.028 * side ? column("x") : NaN)): \
             (column("y")):(name(column("first"), column("second"))) with labels textcolor rgb ink
}
unset multiplot
