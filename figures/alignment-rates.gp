# Rate of alignment per step over the step size: linear, then saturated; and lost without sign-stability
width = 11; height = 6.2
load style
file = results."/alignment-rates.csv"
only(condition, value) = (condition ? value : NaN)

set lmargin at screen 0.11
set rmargin at screen 0.80
set tmargin at screen 0.92
set bmargin at screen 0.19
set logscale x
set xrange [0.01:100]
set yrange [-1.05:2.2]
set format x log_format
set ytics -1,0.5
set xlabel "$\\eta\\lambda_1/\\tau$"
set label 1 "rate $-\\ln\\rho$ per step" at graph 0, 1.06 left
set label 2 "$\\lambda_2=\\frac23\\lambda_1$" at 115, 0.40 left textcolor rgb blue
set label 3 "$\\lambda_2=-2.7\\,\\lambda_1$" at 115, -0.95 left textcolor rgb red
set label 4 "first order" at 6.2, 1.75 left textcolor rgb grey
plot 0 with lines ls 12, \
     file using (column("x")):(only(column("first_order") < 2.1, column("first_order"))) with lines ls 11, \
     file using (column("x")):(only(column("rate_unstable") < 2.2, column("rate_unstable"))) with lines lc rgb red lw 1.4, \
     file using "x":"rate" with lines lc rgb blue lw 1.4, \
     file using "x":"measured" every 4 with points ls 1
