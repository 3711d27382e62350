# Lines on the circle and on a parabola, planes on the sphere; regions met by spheres over the printed bound.
width = 15.5; height = 4.9
load style

curves = results."/manifolds.curves.csv"
counts = results."/manifolds.csv"
of(panel, item, part, value) = (column("panel") == panel && strcol("item") eq item && column("part") == part ? value : NaN)
of_m(m, value) = (column("m") == m ? value : NaN)
array colour[4] = [blue, orange, green, red]
array title[3] = ["circle: 4 regions", "parabola: 4", "sphere: 8"]

unset border
unset tics
set multiplot
do for [panel = 1:3] {
    set lmargin at screen 0.004 + (panel - 1) * 0.208
    set rmargin at screen 0.192 + (panel - 1) * 0.208
    set tmargin at screen 0.80
    set bmargin at screen 0.80 - 0.188 * 15.5 / 4.9
    set label 1 title[panel] at graph 0.5, 1.17 center
    reach = panel == 2 ? 1.6 : 1.3
    set xrange [-reach:reach]
    if (panel == 2) { set yrange [-0.6:2.4] } else { set yrange [-reach:reach] }
    unset arrow
    if (panel < 3) {
        set arrow 1 from 0, graph 0 to 0, graph 1 nohead lc rgb ink lw 1.0
        level = panel == 2 ? 1 : 0
        set arrow 2 from graph 0, first level to graph 1, first level nohead lc rgb ink lw 1.0
    }
    if (panel < 3) {
        plot for [k = 0:3] curves using (of(panel, "arc", k, column("x"))):(column("y")) with lines lc rgb colour[k + 1] lw 3
    } else {
        plot curves using (of(3, "outline", 3, column("x"))):(column("y")) with filledcurves closed fs solid 1 noborder lc rgb "#EEF3F7", \
             for [k = 0:2] curves using (of(3, "behind", k, column("x"))):(column("y")) with lines lc rgb colour[k + 1] lw 1.0 dt (2,2), \
             for [k = 0:2] curves using (of(3, "front", k, column("x"))):(column("y")) with lines lc rgb colour[k + 1] lw 2, \
             curves using (of(3, "outline", 3, column("x"))):(column("y")) with lines lc rgb ink lw 1.2
    }
}
unset arrow

# ---- Right: regions over the number of hyperplanes ----
set lmargin at screen 0.715
set rmargin at screen 0.955
set tmargin at screen 0.86
set bmargin at screen 0.24
set border 3
set xrange [0:17]
set yrange [0.9:2.05]
set xtics nomirror out 5
set ytics nomirror out 0.5
set format y "$%.1f$"
set xlabel "hyperplanes $H$"
set label 1 "regions over $\\Phi(H,m)$" at graph -0.15, 1.12 left
array end_x[3] = [16, 14, 11]
array name_y[3] = [1.95, 1.62, 1.43]
do for [m = 1:3] {
    set label 10 + m sprintf("$m=%d$", m) at end_x[m] + 0.5, name_y[m] left textcolor rgb colour[m]
}
ratio(value) = value / column("printed")
plot 1 with lines ls 12, \
     for [m = 1:3] counts using (of_m(m, column("planes"))):(ratio(column("most"))) with lines ls 11, \
     for [m = 1:3] counts using (of_m(m, column("planes"))):(ratio(column("random_most"))) with points pt (m == 1 ? 6 : m == 2 ? 4 : 8) ps 0.55 lc rgb colour[m], \
     for [m = 1:3] counts using (of_m(m, column("planes"))):(ratio(column("central"))) with points ls m ps 0.5
unset multiplot
