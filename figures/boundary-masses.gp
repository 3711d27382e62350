# Three boundary masses: the regions for three experts, and the masses over the temperature against the law
width = 15.5; height = 7.0
load style
plane = results."/boundary-masses.plane.csv"
curves = results."/boundary-masses.curves.csv"
of(region, expert, value) = (column("region") == region && column("expert") == expert ? value : NaN)
only(k, value) = (column("experts") == k ? value : NaN)

set multiplot
# ---- Left: each layer covers what is not in the one below ----
set tmargin at screen 0.90
set bmargin at screen 0.05
set lmargin at screen 0.01
set rmargin at screen 0.435
unset border
unset tics
set xrange [-8.1:8.1]
set yrange [-7.9:7.9]
array layer[4] = ["#5E9CC7", "#A9CBE2", "#DCEAF4", "#FFFFFF"]
do for [k = 1:3] {
    set label k sprintf("$p_%d>1-\\varepsilon$", k) at 5.3 * cos(pi / 2 - 2 * pi * (k - 1) / 3), 5.0 * sin(pi / 2 - 2 * pi * (k - 1) / 3) center front textcolor rgb ink
}
set label 4 "logits of three experts, in units of $\\tau$" at graph 0, 1.07 left
set label 5 "$\\Delta\\le\\kappa_\\varepsilon\\tau$" at 0, 0 center front textcolor rgb "white"
plot for [r = 0:3] for [k = 1:3] plane using (of(r, k, column("x"))):(column("y")) \
         with filledcurves closed fs solid 1 border lc rgb layer[r + 1] lw (r == 0 ? 1 : 0) fc rgb layer[r + 1], \
     for [k = 1:3] plane using (column("x")**2 + column("y")**2 < 50 ? of(2, k, column("x")) : NaN):(column("y")) with lines lc rgb ink lw 1.2
unset label

# ---- Right: masses over 2 kappa I tau ----
set border 3 lc rgb ink lw 0.8
set tics out nomirror scale 0.6 textcolor rgb ink
set lmargin at screen 0.535
set rmargin at screen 0.93
set bmargin at screen 0.17
set logscale x
set xrange [0.002:0.4]
set yrange [0.6:2.0]
set xtics (0.002, 0.01, 0.05, 0.2)
set ytics 0.6,0.2
set format y "$%.1f$"
set xlabel "temperature $\\tau$"
set label 4 "masses divided by $2\\kappa_\\varepsilon I\\tau$" at graph 0, 1.07 left
array shown[3] = [3, 5, 8]
array tint[3] = [blue, orange, green]
array mark[3] = [7, 5, 9]
do for [i = 1:3] {
    set label 10 + i sprintf("$K=%d$", shown[i]) at 0.0024, 1 + log(shown[i] - 1) / log(9.0) + 0.045 left textcolor rgb tint[i]
}
plot for [i = 1:3] curves using (only(shown[i], column("tau"))):(column("near")):(column("wide")) with filledcurves lc rgb tint[i], \
     for [i = 1:3] curves using (only(shown[i], column("tau"))):(column("second")) with lines ls 11, \
     for [i = 1:3] curves using (only(shown[i], column("tau"))):(column("ambiguous")) with linespoints lc rgb tint[i] lw 1.5 pt mark[i] ps 0.5 pi 3
unset multiplot
