# Top-1 cells: a Voronoi diagram, a power diagram, and the tropical surface above it with its creases.
width = 15.5; height = 5.6
load style

sides = results."/power-diagram.diagram.csv"
sites = results."/power-diagram.sites.csv"
where(panel, value) = (column("panel") == panel ? value : NaN)
array tint[6] = ["#CBE2F0", "#FBE3B5", "#C8E7DB", "#F5D2BC", "#F4DDE9", "#F8F4C3"]

# The rows of each cell, and its expert.
stats sides using (column("cell")) nooutput
cells = int(STATS_max) + 1
array first[cells]; array last[cells]; array expert[cells]; array panel_of[cells]
do for [c = 1:cells] {
    stats sides using (column("cell") == c - 1 ? column(0) : NaN) nooutput
    first[c] = int(STATS_min); last[c] = int(STATS_max)
    stats sides using (column("cell") == c - 1 ? column("expert") : NaN) nooutput
    expert[c] = int(STATS_min)
    stats sides using (column("cell") == c - 1 ? column("panel") : NaN) nooutput
    panel_of[c] = int(STATS_min)
}
# The text of such a label is read twice, hence the backslashes.
name(number) = sprintf("$p_{%d}$", number)

unset border
unset tics
set multiplot
set xrange [-8:8]
set yrange [-8:8]
do for [panel = 1:2] {
    set lmargin at screen 0.004 + (panel - 1) * 0.325
    set rmargin at screen 0.304 + (panel - 1) * 0.325
    set tmargin at screen 0.875
    set bmargin at screen 0.045
    set label 1 (panel == 1 ? "(a) equal weights: Voronoi" : "(b) other biases: power diagram") at graph 0.5, 1.07 center
    plot for [c = 1:cells] sides using (where(panel, column("x0"))):(column("y0")) every ::first[c]::last[c] \
             with filledcurves closed fs solid 1 noborder lc rgb tint[expert[c]], \
         sides using (where(panel, column("wall") == 1 ? column("x0") : NaN)):(column("y0")): \
             (column("x1") - column("x0")):(column("y1") - column("y0")) with vectors nohead lc rgb ink lw 1.4, \
         sites using (where(panel, column("own") == 1 ? column("x") : NaN)):(column("y")) with points pt 7 ps 0.6 lc rgb ink, \
         sites using (where(panel, column("own") == 0 ? column("x") : NaN)):(column("y")) with points pt 6 ps 0.7 lw 1.6 lc rgb red, \
         sites using (where(panel, column("x"))):(column("y") + (column("y") < -1.5 ? -1.05 : 1.15)):(name(column("expert"))) with labels textcolor rgb ink
}

# ---- The surface: each cell lifted by its logit, seen from the side; the plane with its walls below ----
turn = 28 * pi / 180; tilt = 0.58; lift = 0.042; drop = -9.6
across(x, y) = x * cos(turn) - y * sin(turn)
up(x, y, z) = (x * sin(turn) + y * cos(turn)) * tilt + z * lift
flat(x, y) = up(x, y, 0) + drop
wall(value) = where(2, column("wall") == 1 ? value : NaN)
set lmargin at screen 0.655
set rmargin at screen 0.998
set xrange [-11.6:11.6]
set yrange [-15.6:11.4]
set label 1 "(c) greatest logit above (b)" at graph 0.5, 1.07 center
plot for [c = 1:cells] sides using (panel_of[c] == 2 ? across(column("x0"), column("y0")) : NaN):(flat(column("x0"), column("y0"))) \
         every ::first[c]::last[c] with filledcurves closed fs solid 1 noborder lc rgb tint[expert[c]], \
     sides using (wall(across(column("x0"), column("y0")))):(flat(column("x0"), column("y0"))): \
         (across(column("x1"), column("y1")) - across(column("x0"), column("y0"))): \
         (flat(column("x1"), column("y1")) - flat(column("x0"), column("y0"))) with vectors nohead lc rgb ink lw 1.4, \
     sides using (wall(across(column("x0"), column("y0")))):(flat(column("x0"), column("y0"))):(0): \
         (up(column("x0"), column("y0"), column("z0")) - flat(column("x0"), column("y0"))) \
         with vectors nohead lc rgb grey lw 0.8 dt (2,2), \
     for [c = 1:cells] sides using (panel_of[c] == 2 ? across(column("x0"), column("y0")) : NaN): \
         (up(column("x0"), column("y0"), column("z0"))) \
         every ::first[c]::last[c] with filledcurves closed fs solid 1 noborder lc rgb tint[expert[c]], \
     sides using (where(2, across(column("x0"), column("y0")))):(up(column("x0"), column("y0"), column("z0"))): \
         (across(column("x1"), column("y1")) - across(column("x0"), column("y0"))): \
         (up(column("x1"), column("y1"), column("z1")) - up(column("x0"), column("y0"), column("z0"))) \
         with vectors nohead lc rgb ink lw (1.0)
unset multiplot
