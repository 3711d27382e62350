# The matrix M: the constant of the tanh response, and when all eigenvalues have one sign
width = 15.6; height = 6.4
load style
kappa = results."/alignment-spectrum.kappa.csv"
dots = results."/alignment-spectrum.dots.csv"

set multiplot
set tmargin at screen 0.92
set bmargin at screen 0.19

# ---- Left: kappa over x = gamma s ----
set lmargin at screen 0.075
set rmargin at screen 0.455
set logscale xy
set xrange [0.01:100]
set yrange [0.02:4]
set format x log_format
set format y log_format
set xlabel "$x=\\gamma\\sqrt{v'\\Sigma v}$"
set label 1 "$\\kappa$ for $g(z)=\\tanh(\\gamma z)$" at graph 0, 1.06 left
set label 11 "$3x$" at 0.12, 0.62 right textcolor rgb grey
set label 12 "$2\\sqrt{2/\\pi}$" at 0.03, 2.1 center textcolor rgb grey
plot 3 * x with lines ls 11, \
     2 * sqrt(2 / pi) with lines ls 11, \
     kappa using "x":"kappa" with lines ls 1
unset label

# ---- Right: least over largest eigenvalue over the correlation ----
set lmargin at screen 0.60
set rmargin at screen 0.975
unset logscale
set format x "$%g$"
set format y "$%g$"
set xrange [0:1]
set yrange [-2.05:1]
set xtics 0,0.25
set ytics -2,0.5
set xlabel "correlation of $v'X$ and $d_*'X$"
set label 1 "least over largest eigenvalue of $M$" at graph 0, 1.06 left
set label 21 "$1/\\sqrt3$" at 0.565, -1.9 right textcolor rgb grey
set label 22 "all positive" at 0.62, 0.85 left textcolor rgb blue
set label 23 "one negative" at 0.10, 0.25 left textcolor rgb red
set arrow 1 from 1 / sqrt(3), -2.05 to 1 / sqrt(3), 1 nohead ls 11
only(condition, value) = (condition ? value : NaN)
plot 0 with lines ls 12, \
     dots using (column("correlation")):(only(column("ratio") < 0, column("ratio"))) with points pt 11 ps 0.45 lc rgb red, \
     dots using (column("correlation")):(only(column("ratio") > 0, column("ratio"))) with points pt 7 ps 0.4 lc rgb blue
unset multiplot
