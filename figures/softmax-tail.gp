# The softmax tail over its bound, and what plain doubles lose
width = 15.6; height = 6.4
load style
curves = results."/softmax-tail.curves.csv"
cloud = results."/softmax-tail.cloud.csv"
errors = results."/softmax-tail.errors.csv"

set multiplot

# Left: tail over bound.
set lmargin at screen 0.10
set rmargin at screen 0.46
set tmargin at screen 0.97
set bmargin at screen 0.17
set xrange [0:14]
set yrange [0:1.2]
set xtics 0,4
set ytics 0,0.25
set xlabel "margin $\\Delta/\\tau$"
set ylabel "tail / bound"
set label 1 "$K=2$" at 2.4,1.1 center textcolor rgb blue
set label 2 "$8$" at 5.6,1.1 center textcolor rgb orange
set label 3 "$64$" at 8.4,1.1 center textcolor rgb green
plot 1 with lines ls 11, \
     cloud using "margin":"eight" with points pt 7 ps 0.25 lc rgb orange, \
     cloud using "margin":"sixty_four" with points pt 7 ps 0.25 lc rgb green, \
     curves using "margin":"two" with lines ls 1, \
     curves using "margin":"eight" with lines ls 2, \
     curves using "margin":"sixty_four" with lines ls 3
unset label

# Right: relative errors of the tail of two experts in doubles.
set lmargin at screen 0.62
set rmargin at screen 0.985
set logscale xy
set xrange [0.1:1500]
set yrange [1e-17:10]
set xtics (0.1,1,10,100,1000)
set ytics ("$10^{-16}$" 1e-16, "$10^{-12}$" 1e-12, "$10^{-8}$" 1e-8, "$10^{-4}$" 1e-4, "$1$" 1)
set ylabel "relative error" offset 1.8,0
set arrow 1 from 709.8,1e-17 to 709.8,1 nohead ls 12
set label 5 "without" at 620,3e-7 right textcolor rgb grey
set label 6 "the shift" at 620,3e-8 right textcolor rgb grey
set label 7 "$1-\\max p$" at 5,3e-10 right textcolor rgb red
set label 8 "sum of losers" at 60,2e-13 left textcolor rgb blue
plot errors using "margin":"error_subtracting" with points pt 7 ps 0.35 lc rgb red, \
     errors using "margin":"error" with points pt 5 ps 0.3 lc rgb blue
unset multiplot
