# The global minimiser near the teacher, its bounds over the temperature, and the eigenvalues of a strict saddle
width = 15.6; height = 6.8
load style
minimum = results."/landscape.csv"
saddle = results."/landscape.saddle.csv"

set multiplot
set tmargin at screen 0.93
set bmargin at screen 0.17
set logscale x
set format x log_format
set xlabel "temperature $\\tau$"

# ---- Left: (5.16) and its bounds ----
set lmargin at screen 0.085
set rmargin at screen 0.475
set logscale y
set format y log_format
set xrange [0.7e-4:0.8]
set yrange [1e-9:1e8]
set ytics 1e-9,1e3
set label 1 "distance to the teacher, (5.16)" at graph 0, 1.05 left
set label 2 "bound, $\\varepsilon=\\min(\\tau,0.05)$" at 1.1e-4, 5e-3 left textcolor rgb green
set label 3 "bound, $\\varepsilon=0.05$" at 1.1e-4, 60 left textcolor rgb orange
set label 4 "minimiser" at 1.1e-3, 1.6e-5 right textcolor rgb blue
set label 5 "$4pD^2(1-\\ln2)^2(\\ell_1^{-1}+\\ell_2^{-1})\\,\\tau^2$" at 7e-4, 1e-8 left textcolor rgb grey
plot minimum using "tau":"law" with lines ls 11, \
     minimum using "tau":"bound_moving" with linespoints ls 3, \
     minimum using "tau":"bound_fixed" with linespoints ls 2, \
     minimum using "tau":"distance" with linespoints ls 1
do for [i = 1:5] { unset label i }

# ---- Right: the saddle ----
set lmargin at screen 0.605
set rmargin at screen 0.985
unset logscale y
set format y "$%g$"
set xrange [0.0008:0.15]
set yrange [-0.6:0.1]
set ytics -0.6,0.2
set label 1 "eigenvalues at a strict saddle" at graph 0, 1.05 left
set label 2 "least" at 0.0012, -0.485 left textcolor rgb red
set label 3 "second" at 0.0012, 0.067 left textcolor rgb blue
set label 4 "hard risk" at 0.1, -0.415 right textcolor rgb grey
stats saddle using "least_eigenvalue" every ::0::0 name "HARD" nooutput
set arrow 1 from 0.0008, HARD_max to 0.15, HARD_max nohead dt (6,3) lc rgb grey lw 1.0
plot 0 with lines ls 12, \
     saddle using (column("tau") > 0 ? column("tau") : NaN):"second_eigenvalue" with linespoints ls 1, \
     saddle using (column("tau") > 0 ? column("tau") : NaN):"least_eigenvalue" with linespoints ls 4
unset multiplot
