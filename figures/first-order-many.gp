# What is left of the gap after its first-order term, over tau squared: the junctions of three cells.
width = 7.5; height = 5.4
load style

curves = results."/first-order-many.curves.csv"
only(k, value) = (column("case") == k ? value : NaN)
set logscale x
set xrange [0.017:0.95]
set xtics ("0.02" 0.02, "0.1" 0.1, "0.5" 0.5)
set xlabel "temperature $\\tau$"
set yrange [-0.003:0.0175]
set ytics 0,0.005
set lmargin at screen 0.15
set rmargin at screen 0.97
set tmargin at screen 0.9
set bmargin at screen 0.22
set label 1 "$(L_\\tau-L_0-c_1\\tau)/\\tau^2$" at graph -0.12,1.07 left
set label 2 "two junctions" at 0.02,0.0158 left textcolor rgb orange
set label 3 "one" at 0.02,0.0083 left textcolor rgb blue
set label 4 "none" at 0.02,0.0014 left textcolor rgb green
plot for [k = 0:2] curves using (only(k, column("tau"))):(only(k, column("junction_term"))) with lines ls 11, \
     for [k = 0:2] curves using (only(k, column("tau"))):(only(k, column("remainder"))) with linespoints ls (k + 1)
