# Router-only training from alignment 0.05: alignment deficit and risk (Fig. 3 of the paper)
width = 15.6; height = 7.2
load style
adam = results."/symmetry-breaking.adam.csv"
descent = results."/symmetry-breaking.descent.csv"
array tau[4] = ["0.05", "0.10", "0.20", "0.40"]

# Where the curves end, for their labels.
array final[4]
do for [k=1:4] {
    stats adam skip 2 using 9+k name "R" nooutput
    final[k] = R_min
}

set multiplot
set tmargin at screen 0.95
set bmargin at screen 0.17

set lmargin at screen 0.085
set rmargin at screen 0.475
set xrange [0:40]
set logscale y
set yrange [1e-8:2]
set format y log_format
set ytics 1e-8,100
set xtics 0,10
set xlabel "step" 
set ylabel "$1-|\\cos(u,v)|$"
set label 1 "Adam" at 39,4e-2 right textcolor rgb ink
set label 2 "gradient descent (dashed)" at 39,1.0e-2 right textcolor rgb grey
plot for [k=1:4] descent using "step":"deficit_".k with lines ls 11, \
     for [k=1:4] adam using "step":"deficit_".k with linespoints ls k pi 5
unset label 1
unset label 2

set lmargin at screen 0.575
set rmargin at screen 0.895
unset logscale y
set xrange [0:1000]
set yrange [1.24:1.6]
set format y "$%.1f$"
set ytics 1.2,0.1
set xtics 0,500
set ylabel "population risk"
do for [k=1:4] {
    set label 10+k "$\\tau=".tau[k]."$" at 1030,final[k]+(k==1 ? -0.007 : k==2 ? 0.003 : 0) left textcolor rgb (k==1 ? blue : k==2 ? orange : k==3 ? green : red)
}
plot for [k=1:4] descent using "step":"risk_".k with lines ls 11, \
     for [k=1:4] adam using "step":"risk_".k with lines ls k
unset multiplot
