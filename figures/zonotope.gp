# Three lines, the zonotope of their normals, and how zonotopes and regions grow.
width = 15.5; height = 5.7
load style

file = results."/zonotope.duality.csv"
growth = results."/zonotope.csv"
ratios = results."/zonotope.ratios.csv"
set datafile missing NaN
where(item, number, value) = (strcol("item") eq item && (number == 0 || column("number") == number) ? value : NaN)
array tint[7] = [blue, red, orange, green, pink, sky, grey]
name(number) = sprintf("%d", number)

set multiplot
unset border
unset tics
set size ratio -1

# ---- The lines ----
set lmargin at screen 0.0
set rmargin at screen 0.31
set tmargin at screen 0.90
set bmargin at screen 0.03
set xrange [-1.4:2.4]
set yrange [-1.4:2.15]
set label 1 "(a) three lines: 7 regions" at screen 0.155, 0.955 center
set label 2 "$H_1$" at 0.12, -1.15 left
set label 3 "$H_2$" at -1.33, 0.15 left
set label 4 "$H_3$" at -1.33, 1.95 left
plot for [k = 1:7] file using (where("corner", k, column("x0"))):(column("y0")) with filledcurves closed \
         fs transparent solid (k == 2 ? 0.45 : 0.22) noborder lc rgb tint[k], \
     for [k = 1:3] file using (where("line", k, column("x0"))):(column("y0")): \
         (column("x1") - column("x0")):(column("y1") - column("y0")) with vectors nohead lc rgb ink lw 1.6, \
     file using (where("region", 0, column("x0"))):(column("y0")):(name(column("number"))) with labels textcolor rgb ink
unset for [k = 2:4] label k

# ---- The zonotope ----
set lmargin at screen 0.335
set rmargin at screen 0.645
set xrange [-0.55:2.55]
set yrange [-0.4:2.4]
set label 1 "(b) $[0,w_1]+[0,w_2]+[0,w_3]$: 6 vertices" at screen 0.49, 0.955 center
set label 2 "$w_1$" at 0.5, -0.14 center
set label 3 "$w_2$" at -0.17, 0.5 center
set label 4 "$w_3$" at 1.62, 0.40 left
plot for [k = 1:3] file using (where("edge", k, column("x0"))):(column("y0")): \
         (column("x1") - column("x0")):(column("y1") - column("y0")) with vectors nohead lc rgb grey lw 1.3, \
     file using (where("vertex", 0, column("x0"))):(column("y0")) with points pt 7 ps 2.6 lc rgb "white", \
     for [k in "1 3 4 5 6 7"] file using (where("vertex", int(k), column("x0"))):(column("y0")) with points pt 6 ps 2.6 lw 1.8 lc rgb tint[int(k)], \
     file using (where("inner", 0, column("x0"))):(column("y0")) with points pt 5 ps 2.3 lc rgb "white", \
     file using (where("inner", 0, column("x0"))):(column("y0")) with points pt 4 ps 2.3 lw 1.8 lc rgb tint[2], \
     file using (where("vertex", 0, column("x0"))):(column("y0")):(name(column("number"))) with labels textcolor rgb ink, \
     file using (where("inner", 0, column("x0"))):(column("y0")):(name(column("number"))) with labels textcolor rgb ink
unset for [k = 2:4] label k

# ---- Growth ----
set size noratio
set lmargin at screen 0.715
set rmargin at screen 0.955
set tmargin at screen 0.86
set bmargin at screen 0.215
set border 3
set logscale x
set format x log_format
set xtics out nomirror scale 0.6
set ytics 0.25 out nomirror scale 0.6
set xrange [1:1400]
set yrange [1:2.03]
set xlabel "hyperplanes $H$"
set label 1 "(c) vertices over regions" at screen 0.83, 0.955 center
set label 2 "$d=1$" at 1.25, 1.80 left textcolor rgb blue
set label 3 "$d=5$" at 22, 1.37 left textcolor rgb pink
array by_d[5] = [blue, orange, green, red, pink]
set arrow 1 from 1, 2 to 1400, 2 nohead lc rgb grey lw 0.8 dt (2,2)
plot for [k = 1:5] ratios using (column("d") == k ? column("H") : NaN):(column("ratio")) with lines ls 11 lc rgb by_d[k], \
     for [k = 1:5] growth using (column("d") == k ? column("H") : NaN):(column("ratio")) with points ls k
unset multiplot
