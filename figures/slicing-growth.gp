# Regions of random top-k layers over the number of experts and over k, against the printed capacity and the bounds.
width = 15.5; height = 6.6
load style

file = results."/slicing-growth.csv"
of(series, x, value) = (strcol("series") eq series ? value : NaN)

set multiplot
set logscale y
set format y log_format
set tmargin at screen 0.92
set bmargin at screen 0.18

# ---- Over N, k = N/2 ----
set lmargin at screen 0.07
set rmargin at screen 0.44
set logscale x
set xrange [1.8:75]
set yrange [3:1e13]
set xtics (2, 4, 8, 16, 32, 64)
set ytics 1e3
set xlabel "experts $N$"
set label 1 "regions" at graph 0, 1.06 left
set label 2 "$k=N/2$, $H=2$, $d=2$" at graph 1, 1.06 right textcolor rgb grey
set label 11 "$\\binom Nk\\Phi(kH,d)$" at 21, 3e10 right textcolor rgb red
set label 12 "(W)" at 68, 2.6e6 left textcolor rgb grey
set label 13 "(L)" at 68, 1.5e5 left textcolor rgb green
set label 14 "layers" at 40, 600 left textcolor rgb blue
plot file using (of("experts", 1, column("experts"))):(column("printed")) with lines ls 4 dt (6,3), \
     file using (of("experts", 1, column("experts"))):(column("walls")) with lines ls 12, \
     file using (of("experts", 1, column("experts"))):(column("lifted")) with lines ls 3 dt (8,3,2,3), \
     file using (of("experts", 1, column("experts"))):(column("regions")) with linespoints ls 1
unset for [i = 11:14] label i

# ---- Over k ----
set lmargin at screen 0.565
set rmargin at screen 0.94
unset logscale x
set xrange [0.5:16.5]
set yrange [10:1e8]
set xtics 2
set ytics 10
set xlabel "active experts $k$"
set label 2 "$N=16$, $H=2$, $d=3$" at graph 1, 1.06 right textcolor rgb grey
set label 11 "$\\binom Nk\\Phi(kH,d)$" at 9, 3e7 center textcolor rgb red
set label 13 "(L)" at 9, 1.1e5 center textcolor rgb green
set label 14 "layers" at 4.6, 560 left textcolor rgb blue
set label 15 "dense" at 7, 1.1e4 left textcolor rgb grey
plot file using (of("active", 1, column("active"))):(column("printed")) with lines ls 4 dt (6,3), \
     file using (of("active", 1, column("active"))):(column("dense")) with lines ls 12, \
     file using (of("active", 1, column("active"))):(column("lifted")) with lines ls 3 dt (8,3,2,3), \
     file using (of("active", 1, column("active"))):(column("regions")) with linespoints ls 1
unset multiplot
