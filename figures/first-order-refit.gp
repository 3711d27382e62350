# The gap over the temperature as the threshold moves by v temperatures: the best place is not the hard one.
width = 7.5; height = 5.4
load style

table = results."/first-order-refit.threshold.csv"
set xrange [-3:2]
set xtics -3,1
set xlabel "shift of the threshold, in temperatures"
set yrange [-0.06:0.26]
set ytics 0,0.1
set lmargin at screen 0.14
set rmargin at screen 0.97
set tmargin at screen 0.9
set bmargin at screen 0.22
set label 1 "$(L_\\tau-L_0)/\\tau$" at graph -0.12,1.07 left
set label 2 "refitted" at (-log(2)),0.055 center textcolor rgb blue
set label 3 "fixed" at 0.15,-0.03 left textcolor rgb orange
set arrow 1 from (-log(2)),0.04 to (-log(2)),-0.012 lc rgb blue lw 0.8 size 0.08,20
plot 0 with lines ls 12, \
     table using "place":"limit" with lines ls 11, \
     table using "place":"measured" with points ls 1, \
     '+' using (0):(0.75*log(2)-0.5) every ::0::0 with points ls 2 ps 0.9
