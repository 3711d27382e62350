# Controlled boundary geometry: gap and flip rate over the boundary mass (Fig. 2 of the paper)
width = 15.6; height = 6.6
load style
printed = results."/geometry-sweep.printed.csv"
curves = results."/geometry-sweep.curves.csv"

set multiplot
set tmargin at screen 0.96
set bmargin at screen 0.19
set xrange [0:0.2]
set xtics 0,0.05
set xlabel "boundary mass $P(|w'X-b|\\le 2\\tau)$"
offsets = "printed using 'printed_mass':y_column:(sprintf('\\\\scriptsize $b=%.2f$', column('offset'))) with labels left offset character 0.9,-0.4 textcolor rgb ink"

set lmargin at screen 0.085
set rmargin at screen 0.475
set yrange [0:0.07]
set ytics 0,0.02
set ylabel "gap $L_\\tau-L_0$"
y_column = "printed_gap"
plot curves using "boundary_mass":"gap_low":"gap_high" with filledcurves lc rgb blue, \
     curves using "boundary_mass":"risk_gap" with lines ls 1, \
     printed using "printed_mass":y_column with points ls 20, @offsets

set lmargin at screen 0.595
set rmargin at screen 0.985
set yrange [0:0.03]
set ytics 0,0.01
set ylabel "flip rate"
y_column = "printed_flips"
plot curves using "boundary_mass":"flip_low":"flip_high" with filledcurves lc rgb green, \
     curves using "boundary_mass":"flip_rate" with lines ls 3, \
     printed using "printed_mass":y_column with points ls 20, @offsets
unset multiplot
