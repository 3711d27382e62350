# Three lines in general position, two parallel, three through a point: the regions, numbered.
width = 15.5; height = 5.4
load style

file = results."/zaslavsky.positions.csv"
where(panel, item, value) = (column("panel") == panel && strcol("item") eq item ? value : NaN)
array colour[3] = [blue, orange, green]
title(panel) = panel == 1 ? "(a) general position: 7 regions" : \
               panel == 2 ? "(b) two parallel: 6 regions" : "(c) through a point: 6 regions"
# Names of the lines stand beside their second ends.
flat(y0, y1) = y0 == y1
beside_x(x0, x1, y0, y1) = x1 + 0.07 * (x0 - x1) + (flat(y0, y1) ? 0 : sgn(x1) * 0.42)
beside_y(y0, y1) = y1 + 0.07 * (y0 - y1) + (flat(y0, y1) ? 0.34 : 0)
line_name(number) = sprintf("$H_{%d}$", number)
# The text of such a label is read twice, hence four backslashes.
region_name(number) = sprintf("$\\\\Omega_{%d}$", number)

unset border
unset tics
set xrange [-3:3]
set yrange [-3:3]
set multiplot
do for [panel = 1:3] {
    set lmargin at screen 0.01 + (panel - 1) * 0.345
    set rmargin at screen 0.30 + (panel - 1) * 0.345
    set tmargin at screen 0.88
    set bmargin at screen 0.05
    set label 1 title(panel) at graph 0.5, 1.08 center
    plot file using (where(panel == 1 ? 1 : 0, "crossing", column("x0"))):(column("y0")) \
             with filledcurves closed lc rgb red, \
         for [k = 1:3] file using (where(panel, "line", column("number") == k ? column("x0") : NaN)):(column("y0")): \
             (column("x1") - column("x0")):(column("y1") - column("y0")) with vectors nohead lc rgb colour[k] lw 1.8, \
         file using (where(panel, "crossing", column("x0"))):(column("y0")) with points pt 7 ps 0.5 lc rgb ink, \
         for [k = 1:3] file using (where(panel, "line", column("number") == k ? \
             beside_x(column("x0"), column("x1"), column("y0"), column("y1")) : NaN)): \
             (beside_y(column("y0"), column("y1"))):(line_name(k)) with labels textcolor rgb colour[k], \
         file using (where(panel, "region", column("x0"))):(column("y0")):(region_name(column("number"))) \
             with labels textcolor rgb ink
}
unset multiplot
