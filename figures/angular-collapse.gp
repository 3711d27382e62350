# A distant ball: its share of all directions, and the number of coalitions that it meets.
width = 15.5; height = 7.2
load style

area = results."/angular-collapse.area.csv"
curves = results."/angular-collapse.curves.csv"
balls = results."/angular-collapse.balls.csv"
of(dimension, value) = (column("d") == dimension ? value : NaN)
met(dimension, value) = (column("experts") == 4 && column("active") == 2 && column("d") == dimension ? value : NaN)
array dims[5] = [2, 3, 5, 10, 30]
array shown[4] = [2, 3, 8, 32]
array colour[5] = [blue, orange, green, red, pink]

set logscale xy
set datafile missing NaN # rows of several curves follow one another
set xlabel "$|\\mu|/R$"
set multiplot

# ---- Left: shares ----
set lmargin at screen 0.085
set rmargin at screen 0.435
set tmargin at screen 0.91
set bmargin at screen 0.16
set xrange [1:1000]
set yrange [1e-16:1]
set format x log_format
set format y log_format
set ytics 1e4
set label 1 "(a) share of all directions" at graph 0, 1.06 left
set label 11 "$d=2$" at 240, 1.2e-2 left textcolor rgb blue
set label 12 "$3$" at 300, 3e-5 left textcolor rgb orange
set label 13 "$5$" at 300, 2.0e-10 left textcolor rgb green
set label 14 "$10$" at 33, 8e-14 left textcolor rgb red
set label 15 "$30$" at 3.9, 1e-14 left textcolor rgb pink
plot for [k = 1:5] area using (of(dims[k], column("distance"))):(of(dims[k], column("leading"))) with lines ls 11, \
     for [k = 1:5] area using (of(dims[k], column("distance"))):(of(dims[k], column("share"))) with lines ls k
do for [k = 1:5] { unset label 10 + k }

# ---- Right: coalitions met ----
set lmargin at screen 0.555
set rmargin at screen 0.915
set xrange [1:256]
set yrange [0.08:9]
set format x "$%g$"
set format y "$%g$"
set xtics (1, 4, 16, 64, 256)
set ytics (0.1, 0.2, 0.5, 1, 2, 6)
set label 1 "(b) coalitions met, $N=4$, $k=2$"
set label 11 "$d=2$" at 5.0, 0.83 left textcolor rgb blue
set label 12 "$3$" at 5.0, 1.66 left textcolor rgb orange
set label 13 "$8$" at 5.0, 2.50 left textcolor rgb green
set label 14 "$32$" at 5.0, 4.35 left textcolor rgb red
set label 15 "$\\binom42\\times$ share," at 15, 0.30 left textcolor rgb ink
set label 16 "$d=2$, $3$, $8$" at 15, 0.22 left textcolor rgb ink
plot 1 with lines lc rgb grey lw 0.6 dt (2,2), \
     for [k = 1:4] curves using (of(shown[k], column("distance"))):(column("printed")) with lines ls 13 lc rgb colour[k], \
     for [k = 1:4] curves using (of(shown[k], column("distance"))):(column("linear")) with lines ls 11, \
     for [k = 1:4] curves using (of(shown[k], column("distance"))):(column("expected")) with lines ls k lw 1.2, \
     for [k = 1:4] balls using (met(shown[k], 1 / column("ratio"))):(column("mean")):(column("error")) with yerrorbars ls k
unset multiplot
