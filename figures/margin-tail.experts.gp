# The constants of the soft-hard bound over the number of experts: stated and least
width = 10.4; height = 6.2
load style
table = results."/margin-tail.experts.csv"

set lmargin at screen 0.13
set rmargin at screen 0.83
set tmargin at screen 0.97
set bmargin at screen 0.19
set logscale xy
set xrange [2:1024]
set yrange [3:20000]
set xtics (2,4,16,64,256,1024)
set ytics ("$10$" 10, "$10^2$" 100, "$10^3$" 1000, "$10^4$" 10000)
set xlabel "experts $K$"
set label 1 "$\\alpha=2$" at 1150,9000*1.8 left textcolor rgb green
set label 2 "$\\alpha=1$" at 1150,8184 left textcolor rgb orange
set label 3 "$\\alpha=\\frac12$" at 1150,8184*0.55 left textcolor rgb blue
set label 4 "$\\alpha=2$" at 1150,260 left textcolor rgb green
set label 5 "$\\alpha=1$" at 1150,31.7 left textcolor rgb orange
set label 6 "$\\alpha=\\frac12$" at 1150,11.2 left textcolor rgb blue
set label 7 "Theorem 4.5" at 45,1500 right textcolor rgb ink
set label 8 "least" at 40,5 left textcolor rgb ink
plot table using "experts":"stated_half" with lines lc rgb blue lw 1.0 dt (6,3), \
     table using "experts":"stated_one" with lines lc rgb orange lw 1.0 dt (6,3), \
     table using "experts":"stated_two" with lines lc rgb green lw 1.0 dt (6,3), \
     table using "experts":"least_half" with lines ls 1, \
     table using "experts":"least_one" with lines ls 2, \
     table using "experts":"least_two" with lines ls 3
