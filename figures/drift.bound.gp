# Cosine with the separator: the drift above its sharp bound, the leading eigenvector of M anywhere
width = 11; height = 6.6
load style
dots = results."/drift.dots.csv"
bound = results."/drift.bound.csv"

set lmargin at screen 0.11
set rmargin at screen 0.74
set tmargin at screen 0.93
set bmargin at screen 0.17
set logscale x
set xrange [1:25]
set yrange [0:1.02]
set xtics (1, 2, 5, 10, 25)
set ytics 0,0.2
set xlabel "condition $K$ of $\\Sigma$"
set ylabel "$|\\cos|$ with $v$"
set label 1 "bound of the drift" at 27, 0.21 left textcolor rgb grey
set label 2 "drift" at 27, 0.86 left textcolor rgb blue
set label 3 "leading eigenvector" at 27, 0.56 left textcolor rgb red
set label 4 "of $M$" at 27, 0.49 left textcolor rgb red
set label 5 "of $M$ for $\\Sigma=\\mathrm{diag}(1,K)$, $v=d_*=e_1$" at 2.2, 0.06 left textcolor rgb red
set arrow 1 from 2, 0.005 to 25, 0.005 nohead lc rgb red lw 2 front
plot dots using "condition":"leading" with points pt 10 ps 0.45 lc rgb red, \
     dots using "condition":"drift" with points pt 7 ps 0.35 lc rgb blue, \
     bound using "condition":"bound" with lines ls 11 lw 1.6
