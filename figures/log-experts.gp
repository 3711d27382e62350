# The uniform bound over the number of experts: the factor of the paper, the sharp one, and that of realisable layers
width = 11.0; height = 6.0
load style
curves = results."/log-experts.curves.csv"
main = results."/log-experts.csv"

set lmargin at screen 0.115
set rmargin at screen 0.73
set tmargin at screen 0.965
set bmargin at screen 0.18
set logscale xy
set xrange [1.8:1100]
set yrange [0.15:1500]
set xtics ("$2$" 2, "$8$" 8, "$32$" 32, "$128$" 128, "$1024$" 1024)
set ytics ("$0.2$" 0.2, "$1$" 1, "$10$" 10, "$100$" 100, "$1000$" 1000)
set xlabel "experts $K$"
set ylabel "factor of $C_{\\mathrm{mt}}\\tau^\\alpha$"
set label 1 "$K-1$ (paper)" at 1150,1000 left textcolor rgb red
set label 2 "sharp, $\\alpha=2$" at 1150,52 left textcolor rgb grey
set label 3 "sharp, $\\alpha=1$: $\\ln K$" at 1150,9.2 left textcolor rgb blue
set label 4 "sharp, $\\alpha=\\frac12$" at 1150,2.0 left textcolor rgb grey
set label 5 "realisable, $\\alpha=1$" at 1150,4.6 left textcolor rgb green
plot curves using "experts":"paper" with lines ls 4, \
     curves using "experts":"sharp_two" with lines ls 11, \
     curves using "experts":"sharp" with lines ls 1, \
     curves using "experts":"sharp_half" with lines ls 11, \
     curves using "experts":"realisable" with lines ls 3, \
     main using "experts":(column("alpha")==1 ? column("sharp")*column("attained") : NaN) with points ls 1, \
     main using "experts":(column("alpha")==1 ? column("realisable")*column("attained_squared") : NaN) with points ls 3
