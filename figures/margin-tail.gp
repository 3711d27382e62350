# Gap over the temperature for input laws with alpha = 1/2, 1 and 2, and how far above it the bounds are
width = 15.6; height = 6.8
load style
main = results."/margin-tail.csv"
of(a, what) = (abs(column("alpha") - a) < 0.01 ? column(what) : NaN)

set multiplot

# Left: gaps and the bounds of Theorem 4.5.
set lmargin at screen 0.085
set rmargin at screen 0.47
set tmargin at screen 0.97
set bmargin at screen 0.16
set logscale xy
set xrange [1e-5:1]
set yrange [1e-11:40]
set xtics ("$10^{-5}$" 1e-5, "$10^{-4}$" 1e-4, "$10^{-3}$" 1e-3, "$10^{-2}$" 1e-2, "$0.1$" 0.1, "$1$" 1)
set ytics ("$10^{-10}$" 1e-10, "$10^{-8}$" 1e-8, "$10^{-6}$" 1e-6, "$10^{-4}$" 1e-4, "$10^{-2}$" 1e-2, "$1$" 1)
set xlabel "temperature $\\tau$"
set label 1 "$\\alpha=1/2$" at 1.4e-5,0.6 left textcolor rgb blue
set label 2 "$\\alpha=1$" at 1.4e-5,1.0e-6 left textcolor rgb orange
set label 3 "$\\alpha=2$" at 1.1e-4,1.2e-9 left textcolor rgb green
set label 4 "gap, and bound (dashed)" at graph 0.97,0.07 right textcolor rgb ink
plot main using "tau":(of(0.5,"stated")) with lines lc rgb blue lw 1.0 dt (6,3), \
     main using "tau":(of(1,"stated")) with lines lc rgb orange lw 1.0 dt (6,3), \
     main using "tau":(of(2,"stated")) with lines lc rgb green lw 1.0 dt (6,3), \
     main using "tau":(of(0.5,"gap")) with linespoints ls 1, \
     main using "tau":(of(1,"gap")) with linespoints ls 2, \
     main using "tau":(of(2,"gap")) with linespoints ls 3
unset label

# Right: bounds over the gap.
set lmargin at screen 0.60
set rmargin at screen 0.985
set yrange [1:60]
set ytics ("1" 1, "2" 2, "5" 5, "10" 10, "20" 20, "50" 50)
set ylabel "bound / gap" offset 1.2,0
set label 5 "Theorem 4.5" at 1.6e-5,21 left textcolor rgb ink
set label 6 "least bound for any $Y$" at 1.6e-5,3.4 left textcolor rgb ink
set label 7 "least for $Y=h_0$" at 1.6e-5,1.25 left textcolor rgb ink
plot main using "tau":(of(0.5,"stated_ratio")) with lines lc rgb blue lw 1.0 dt (6,3), \
     main using "tau":(of(1,"stated_ratio")) with lines lc rgb orange lw 1.0 dt (6,3), \
     main using "tau":(of(2,"stated_ratio")) with lines lc rgb green lw 1.0 dt (6,3), \
     main using "tau":(of(0.5,"least_ratio")) with linespoints ls 1, \
     main using "tau":(of(1,"least_ratio")) with linespoints ls 2, \
     main using "tau":(of(2,"least_ratio")) with linespoints ls 3, \
     main using "tau":(of(0.5,"realisable_ratio")) with lines lc rgb blue lw 1.6 dt (2,2), \
     main using "tau":(of(1,"realisable_ratio")) with lines lc rgb orange lw 1.6 dt (2,2), \
     main using "tau":(of(2,"realisable_ratio")) with lines lc rgb green lw 1.6 dt (2,2)
unset multiplot
