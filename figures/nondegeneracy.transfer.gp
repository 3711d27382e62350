# How derivatives transfer: the shift of a critical point with its law, and r(tau) away from the teacher and at it
width = 15.6; height = 6.4
load style
data = results."/nondegeneracy.csv"

set multiplot
set tmargin at screen 0.92
set bmargin at screen 0.18
set logscale xy
set format x log_format
set format y log_format
set xrange [0.0004:0.07]
set xlabel "temperature $\\tau$"

# ---- Left: the spurious minimum moves ----
set lmargin at screen 0.085
set rmargin at screen 0.415
set yrange [1e-3:1]
set label 1 "shift of the spurious minimum" at graph 0, 1.06 left
set label 2 "$|z_\\tau-z_0|$" at 0.012, 0.2 right textcolor rgb blue
set label 3 "$\\tau\\,|H^{-1}\\nabla Q|$" at 0.004, 0.014 left textcolor rgb grey
plot data using "tau":"predicted" with lines ls 11, data using "tau":"shift" with linespoints ls 1
do for [i = 1:3] { unset label i }

# ---- Right: r(tau) ----
set lmargin at screen 0.525
set rmargin at screen 0.80
set yrange [1e-4:1]
set label 1 "$r(\\tau)$: largest difference of derivatives" at graph 0, 1.06 left
set label 2 "Hessians, teacher" at 0.075, 0.29 left textcolor rgb red
set label 3 "Hessians, saddle" at 0.075, 0.12 left textcolor rgb orange
set label 4 "gradients, saddle" at 0.075, 0.045 left textcolor rgb blue
set label 5 "gradients, teacher" at 0.075, 0.0125 left textcolor rgb green
plot data using "tau":"tent_second" with linespoints ls 4, data using "tau":"second" with linespoints ls 2, \
     data using "tau":"first" with linespoints ls 1, data using "tau":"tent_first" with linespoints ls 3
unset multiplot
