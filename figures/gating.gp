# Operations of a forward pass over the experts N and the active ones k.
width = 15.5; height = 5.0
load style

file = results."/gating.csv"
set datafile missing NaN
of(series, value) = (strcol("series") eq series ? value : NaN)

set multiplot
set tmargin at screen 0.88
set bmargin at screen 0.235

# ---- Over N ----
set lmargin at screen 0.07
set rmargin at screen 0.43
set logscale xy
set format x "$%g$"
set format y log_format
set xrange [3.3:2600]
set yrange [70:1e5]
set xtics (4, 16, 64, 256, 1024)
set xlabel "experts $N$"
set label 1 "operations, $k=2$" at graph 0, 1.09 left
set label 2 "experts" at 4.2, 15000 left textcolor rgb blue
set label 3 "router" at 13, 240 left textcolor rgb orange
set label 4 "sum" at 1180, 48000 left textcolor rgb grey
plot file using (of("N", column("experts"))):(column("router") + column("in_experts")) with lines ls 11, \
     file using (of("N", column("experts"))):(column("in_experts")) with linespoints ls 1, \
     file using (of("N", column("experts"))):(column("router")) with linespoints ls 2

# ---- Over k ----
set lmargin at screen 0.60
set rmargin at screen 0.96
unset logscale
set format y "$%g$"
set xrange [0:17]
set yrange [0:75]
set xtics 4
set ytics 20
set xlabel "active experts $k$"
set label 1 "thousands of operations, $N=64$" at graph 0, 1.09 left
set label 2 "experts" at 9.6, 52 right textcolor rgb blue
set label 3 "router" at 12, 7 left textcolor rgb orange
unset label 4
plot file using (of("k", column("active"))):((column("router") + column("in_experts")) / 1e3) with lines ls 11, \
     file using (of("k", column("active"))):(column("in_experts") / 1e3) with linespoints ls 1, \
     file using (of("k", column("active"))):(column("router") / 1e3) with linespoints ls 2
unset multiplot
