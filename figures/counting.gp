# Measured times of counts against the model of the work, over n, d, N and k.
width = 15.5; height = 11.6
load style

growth = results."/counting.growth.csv"
curve(series, method, value) = (strcol("series") eq series && strcol("method") eq method ? value : NaN)
of(series, method, dimension, value) = (column("d") == dimension ? curve(series, method, value) : NaN)
array colour[5] = ["", blue, orange, green, red] # by dimension
array methods[3] = ["tree", "f", "v"]
array tints[3] = [blue, orange, green]
array symbols[3] = [7, 5, 9]

set logscale y
set datafile missing NaN # rows of several curves alternate; lines go on across the others'
set format y log_format
set ytics 1e1
set multiplot
left(column) = 0.066 + 0.516 * column
set key off

# ---- Arrangements over n ----
set lmargin at screen left(0)
set rmargin at screen left(0) + 0.395
set tmargin at screen 0.955
set bmargin at screen 0.615
set logscale x
set xrange [13:6000]
set yrange [1e-5:0.4]
set xtics (20, 50, 100, 200, 500, 1000, "" 2000)
set xlabel "hyperplanes $n$"
set label 1 "seconds" at graph 0, 1.07 left
set label 2 "arrangements, by the tree" at graph 1, 1.07 right textcolor rgb grey
set label 12 "$d=2$" at 2600, 0.009 left textcolor rgb colour[2]
set label 13 "$d=3$" at 470, 0.075 left textcolor rgb colour[3]
set label 14 "$d=4$" at 165, 0.14 left textcolor rgb colour[4]
set label 15 "$d=5$" at 66, 0.1 right textcolor rgb colour[5]
plot for [k = 2:5] growth using (of("n", "tree", k, column("n"))):(column("model_seconds")) with lines ls 11 lc rgb colour[k], \
     for [k = 2:5] growth using (of("n", "tree", k, column("n"))):(column("seconds")) with points ls (k - 1) lc rgb colour[k]
unset for [k = 12:15] label k

# ---- Over d ----
set lmargin at screen left(1)
set rmargin at screen left(1) + 0.395
unset logscale x
set xrange [0.7:8.3]
set yrange [5e-6:0.5]
set xtics 1
set xlabel "dimension $d$"
set label 2 "$n=32$; $N=8$, $H=3$, $k=2$" at graph 1, 1.07 right textcolor rgb grey
set label 12 "tree" at 7.3, 0.024 left textcolor rgb tints[1]
set label 13 "F" at 7.25, 0.0056 left textcolor rgb tints[2]
set label 14 "V" at 6.75, 0.13 right textcolor rgb tints[3]
plot for [m = 1:3] growth using (curve("d", methods[m], column("d"))):(column("model_seconds")) with lines ls 11 lc rgb tints[m], \
     for [m = 1:3] growth using (curve("d", methods[m], column("d"))):(column("seconds")) with points ls m lc rgb tints[m]
unset for [k = 12:14] label k

# ---- Layers over N ----
set lmargin at screen left(0)
set rmargin at screen left(0) + 0.395
set tmargin at screen 0.435
set bmargin at screen 0.105
set logscale x
set xrange [3.4:80]
set yrange [2e-5:0.1]
set xtics (4, 8, 16, 32, 64)
set xlabel "experts $N$"
set label 2 "$H=4$, $k=2$, $d=3$" at graph 1, 1.07 right textcolor rgb grey
set label 13 "F" at 69, 0.0066 left textcolor rgb tints[2]
set label 14 "V" at 69, 0.031 left textcolor rgb tints[3]
plot for [m = 2:3] growth using (curve("N", methods[m], column("experts"))):(column("model_seconds")) with lines ls 11 lc rgb tints[m], \
     for [m = 2:3] growth using (curve("N", methods[m], column("experts"))):(column("seconds")) with points ls m lc rgb tints[m]
unset for [k = 13:14] label k

# ---- Over k ----
set lmargin at screen left(1)
set rmargin at screen left(1) + 0.395
unset logscale x
set xrange [0:17]
set yrange [1e-4:0.03]
set xtics 2
set xlabel "active experts $k$"
set label 2 "$N=16$, $H=4$, $d=3$" at graph 1, 1.07 right textcolor rgb grey
set label 13 "F" at 4.6, 0.009 right textcolor rgb tints[2]
set label 14 "V" at 4.6, 0.0016 left textcolor rgb tints[3]
plot for [m = 2:3] growth using (curve("k", methods[m], column("active"))):(column("model_seconds")) with lines ls 11 lc rgb tints[m], \
     for [m = 2:3] growth using (curve("k", methods[m], column("active"))):(column("seconds")) with points ls m lc rgb tints[m]
unset multiplot
