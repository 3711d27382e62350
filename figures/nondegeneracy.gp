# Landscapes of the profiled risk: the angle of the student's line on a square, the threshold on an interval
width = 15.6; height = 7.0
load style
angles = results."/nondegeneracy.angles.csv"
lines = results."/nondegeneracy.lines.csv"

set multiplot
set tmargin at screen 0.92
set bmargin at screen 0.17

# ---- Left: the square, mu = sign(x_1) x_2 ----
set lmargin at screen 0.075
set rmargin at screen 0.495
set xrange [0:180]
set yrange [0:0.19]
set xtics 0,45
set format x "$%g^\\circ$"
set ytics 0,0.05
set xlabel "angle of the student's line"
set label 1 "$\\Psi_\\tau$, $\\mu=\\mathrm{sign}(x_1)\\,x_2$ on the square" at graph 0, 1.06 left
set label 2 "teacher" at 99, 0.011 left textcolor rgb ink
set label 3 "saddle" at 4, 0.157 left textcolor rgb red
set label 4 "spurious" at 38, 0.101 center textcolor rgb blue
set label 5 "minimum" at 38, 0.089 center textcolor rgb blue
set label 6 "$\\tau=0.1$" at 187, 0.112 left textcolor rgb green
set label 7 "$0.05$" at 187, 0.1275 left textcolor rgb orange
set label 8 "$0.02$" at 187, 0.1395 left textcolor rgb sky
set label 9 "$0$" at 187, 0.1515 left textcolor rgb ink
plot angles using "degrees":"soft_3" with lines lc rgb green lw 1.4, \
     angles using "degrees":"soft_2" with lines lc rgb orange lw 1.4, \
     angles using "degrees":"soft_1" with lines lc rgb sky lw 1.4, \
     angles using "degrees":"hard" with lines lc rgb ink lw 1.8, \
     angles using (int(column("degrees")) % 180 == 0 ? column("degrees") : NaN):"hard" with points pt 11 ps 0.9 lc rgb red, \
     angles using (column("degrees") == 37 || column("degrees") == 143 ? column("degrees") : NaN):"hard" with points pt 7 ps 0.7 lc rgb blue, \
     angles using (column("degrees") == 90 ? 90 : NaN):"hard" with points pt 13 ps 0.9 lc rgb ink
do for [i = 1:9] { unset label i }

# ---- Right: the line, mu = sign ----
set lmargin at screen 0.655
set rmargin at screen 0.985
set xrange [-1:1]
set yrange [0:0.4]
set xtics -1,0.5
set format x "$%g$"
set ytics 0,0.1
set xlabel "threshold $s$"
set label 1 "$\\Psi_\\tau$, $\\mu=\\mathrm{sign}$ on $[-1,1]$" at graph 0, 1.06 left
set label 2 "constant" at 0.36, 0.375 left textcolor rgb ink
set label 5 "experts" at 0.36, 0.35 left textcolor rgb ink
set label 3 "affine experts" at 0.98, 0.135 right textcolor rgb ink
set label 4 "$\\Psi_0'=\\Psi_0''=0$" at 0.66, 0.262 center textcolor rgb red
plot lines using "s":"soft_3" with lines lc rgb green lw 1.4, \
     lines using "s":"soft_2" with lines lc rgb orange lw 1.4, \
     lines using "s":"soft_1" with lines lc rgb sky lw 1.4, \
     lines using "s":"constant" with lines ls 13 lc rgb ink, \
     lines using "s":"affine" with lines lc rgb ink lw 1.8, \
     "+" using (0.5):(2.0 / 9) every ::0::0 with points pt 6 ps 0.8 lc rgb red
unset multiplot
