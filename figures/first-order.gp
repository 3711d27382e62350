# The gap over the temperature runs into its constant, from above or from below zero.
width = 15.5; height = 5.6
load style

curves = results."/first-order.curves.csv"
only(k, value) = (column("case") == k ? value : NaN)
set logscale x
set xrange [0.004:0.5]
set xtics ("0.005" 0.005, "0.02" 0.02, "0.1" 0.1, "0.4" 0.4)
set multiplot
set xlabel "temperature $\\tau$"

set lmargin at screen 0.075
set rmargin at screen 0.475
set tmargin at screen 0.89
set bmargin at screen 0.23
set yrange [0:0.25]
set ytics 0,0.1
set label 1 "$(L_\\tau-L_0)/\\tau$" at graph -0.13,1.1 left
set label 2 "line, experts equal to the target" at 0.006,0.215 left textcolor rgb blue
set label 3 "circle, target jumps enough" at 0.006,0.07 left textcolor rgb green
plot for [k = 0:1] curves using (only(k, column("tau"))):(only(k, column("constant"))) with lines ls 11, \
     for [k = 0:1] curves using (only(k, column("tau"))):(only(k, column("both_terms"))) with lines ls 12, \
     curves using (only(0, column("tau"))):(only(0, column("ratio"))) with linespoints ls 1, \
     curves using (only(1, column("tau"))):(only(1, column("ratio"))) with linespoints ls 3
unset label

set lmargin at screen 0.585
set rmargin at screen 0.985
set yrange [-0.25:0]
set ytics -0.2,0.1
set label 1 "$(L_\\tau-L_0)/\\tau$" at graph -0.13,1.1 left
set label 2 "cubic, target does not jump" at 0.006,-0.14 left textcolor rgb orange
set label 3 "constant $-\\int D^2p/|\\nabla S|$" at 0.006,-0.215 left textcolor rgb grey
plot curves using (only(2, column("tau"))):(only(2, column("constant"))) with lines ls 11, \
     curves using (only(2, column("tau"))):(only(2, column("both_terms"))) with lines ls 12, \
     curves using (only(2, column("tau"))):(only(2, column("ratio"))) with linespoints ls 2
unset multiplot
set xlabel "temperature $\\tau$"
