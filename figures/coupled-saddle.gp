# Router and experts trained together from a tiny start: growth and alignment of the router, with the linear flows
width = 15.6; height = 6.8
load style
array run[3] = ["held", "free", "cold"]
array colour[3] = [red, blue, orange]

set multiplot
set tmargin at screen 0.96
set bmargin at screen 0.17
set xrange [0:20]
set xtics 0,5
set xlabel "time $t/\\tau$"

set lmargin at screen 0.11
set rmargin at screen 0.475
set logscale y
set yrange [5e-4:3]
set format y log_format
set ylabel "$|u|/\\tau$"
set label 1 "sum held" at 11.2,0.014 left textcolor rgb red
set label 2 "all free, $\\tau=0.2$" at 11.2,0.0062 left textcolor rgb orange
set label 3 "all free, $\\tau=1$" at 11.2,0.0028 left textcolor rgb blue
set label 4 "linear flows" at 11.2,0.00125 left textcolor rgb grey
plot for [k = 1:3] results."/coupled-saddle.".run[k].".csv" using "time":"linear_norm" with lines ls 11, \
     for [k = 1:3] results."/coupled-saddle.".run[k].".csv" using "time":"norm" with lines lc rgb colour[k] lw 1.6
unset label

set lmargin at screen 0.59
set rmargin at screen 0.975
unset logscale y
set yrange [0:1.04]
set ytics 0,0.25 format "$%g$"
set ylabel "alignment $|\\cos(u,v)|$"
set label 1 "sum held" at 12.6,0.70 left textcolor rgb red
set label 2 "$\\tau=0.2$" at 6.0,0.57 right textcolor rgb orange
set label 3 "$\\tau=1$" at 4.1,0.84 left textcolor rgb blue
plot for [k = 1:3] results."/coupled-saddle.".run[k].".csv" using "time":"linear_alignment" with lines ls 11, \
     for [k = 1:3] results."/coupled-saddle.".run[k].".csv" using "time":"alignment" with lines lc rgb colour[k] lw 1.6
unset multiplot
