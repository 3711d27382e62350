# Level lines of the soft risk at three temperatures with the path of its minimiser, and how fast minimisers converge.
width = 15.6; height = 10.8
load style
main = results."/gamma-limit.csv"
jumps = results."/gamma-limit.jumps.csv"
land = results."/gamma-limit.landscape.csv"
path = results."/gamma-limit.path.csv"
nodes = 41 * 41

# Level lines and the path, each as a table of its own; they have no commas.
set format "%.6f" # tables are written in the format of the axes
set table $path
plot path using "angle":"offset":"tau" with table
unset table
set dgrid3d 41,41,16
set contour base
unset surface
set cntrparam levels incremental 0.05,0.05,2.2
do for [k=1:3] {
    set table "contours.".k
    splot land using "angle":"offset":"risk" every ::((k-1)*nodes)::(k*nodes-1) with lines
    unset table
}
unset dgrid3d
unset contour
set surface
set format xy "$%g$"

set multiplot
set tmargin at screen 0.945
set bmargin at screen 0.625
set xrange [-1.5:1.5]
set yrange [-1.5:1.5]
set xtics -1,1
set ytics -1,1
set xlabel "angle $\\alpha$"
set border 15
array title[3] = ["$\\tau=0.5$", "$\\tau=0.1$", "$\\tau=0$: the hard risk"]
array mark[3] = [0.5, 0.1, 0]
set datafile separator whitespace
do for [k=1:3] {
    set lmargin at screen 0.075 + (k-1)*0.317
    set rmargin at screen 0.075 + (k-1)*0.317 + 0.28
    if (k == 1) { set ylabel "offset $b$" } else { unset ylabel; set format y "" }
    set label 1 title[k] at graph 0.5,1.07 center textcolor rgb ink
    plot "contours.".k using 1:2 with lines lc rgb sky lw 0.8, \
         $path using 1:2 with lines lc rgb red lw 2.4, \
         $path using (abs($3 - mark[k]) < 1e-9 ? $1 : NaN):2 with points pt 7 ps 0.6 lc rgb ink
}
unset label

# ---- Below: distance over tau, and the same over the predicted power ----
set datafile separator ","
set border 3
set format y log_format
set logscale xy
set tmargin at screen 0.425
set bmargin at screen 0.115
set lmargin at screen 0.085
set rmargin at screen 0.475
set xrange [0.0016:0.7]
set yrange [8e-7:1.2]
set xtics ("" 0.002, "0.005" 0.005, "" 0.01, "0.02" 0.02, "" 0.05, "0.1" 0.1, "" 0.2, "0.5" 0.5)
set ytics 1e-6,10
set xlabel "temperature $\\tau$"
unset ylabel
set label 4 "distance of the soft from the hard minimiser" at graph 0,1.09 left textcolor rgb ink
set label 1 "smooth target" at 0.022,0.16 right textcolor rgb blue
set label 2 "uneven jump" at 0.0022,3.3e-4 left textcolor rgb orange
set label 3 "realisable jump" at 0.055,2.5e-4 left textcolor rgb green
plot main using "tau":(column("limit")*column("tau")) with lines ls 11, \
     jumps using "tau":(-column("uneven_limit")*column("tau")) with lines ls 11, \
     jumps using "tau":(column("even_limit")*column("tau")**2) with lines ls 11, \
     main using "tau":"distance" with points ls 1, \
     jumps using "tau":"uneven" with points ls 2, \
     jumps using "tau":"even" with points ls 3
unset label

set lmargin at screen 0.60
set rmargin at screen 0.985
unset logscale y
set format y "$%g$"
set yrange [0:1.7]
set ytics 0,0.5
set label 4 "the same over its power of $\\tau$, and the limits" at graph 0,1.09 left textcolor rgb ink
set label 1 "smooth: distance$/\\tau$" at 0.0022,1.60 left textcolor rgb blue
set label 2 "uneven: distance$/\\tau$" at 0.0022,0.83 left textcolor rgb orange
set label 3 "realisable: distance$/\\tau^2$" at 0.0022,0.22 left textcolor rgb green
plot main using "tau":"limit" with lines ls 11, \
     jumps using "tau":(-column("uneven_limit")) with lines ls 11, \
     jumps using "tau":"even_limit" with lines ls 11, \
     main using "tau":"over_tau" with linespoints ls 1, \
     jumps using "tau":(-column("uneven_over_tau")) with linespoints ls 2, \
     jumps using "tau":"even_over_tau_squared" with linespoints ls 3
unset multiplot
