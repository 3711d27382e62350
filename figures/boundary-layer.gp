# Boundary-layer scaling: mass and gap over the temperature, and gap over mass (Fig. 1 of the paper)
width = 15.6; height = 8.2
load style
main = results."/boundary-layer.csv"
curves = results."/boundary-layer.curves.csv"
tau_tics = "set xtics ('' 0.02, '' 0.05, '' 0.1, '' 0.2, '' 0.5)"

set multiplot

# Left, above: both quantities over tau.
set lmargin at screen 0.085
set rmargin at screen 0.47
set tmargin at screen 0.97
set bmargin at screen 0.43
set logscale xy
set xrange [0.015:0.85]
set yrange [0.007:1.2]
@tau_tics
set ytics ("0.01" 0.01, "0.03" 0.03, "0.1" 0.1, "0.3" 0.3, "1" 1)
set label 1 "boundary mass" at 0.075,0.17 right textcolor rgb blue
set label 2 "soft--hard gap" at 0.13,0.05 left textcolor rgb orange
set label 3 "first order" at 0.27,0.115 left textcolor rgb grey
plot curves using "tau":"first_order" with lines ls 11, \
     curves using "tau":"boundary_mass" with lines ls 1, \
     curves using "tau":"risk_gap" with lines ls 2, \
     main using "tau":"sampled_mass" with points ls 1, \
     main using "tau":"sampled_gap" with points ls 2, \
     main using "tau":"printed_mass" with points ls 20, \
     main using "tau":"printed_gap" with points ls 20
unset label

# Left, below: printed over exact, where the curves above cannot be told apart.
set tmargin at screen 0.36
set bmargin at screen 0.15
unset logscale y
set yrange [-7:7]
set xtics ("0.02" 0.02, "0.05" 0.05, "0.1" 0.1, "0.2" 0.2, "0.5" 0.5)
set ytics -5,5
set xlabel "temperature $\\tau$"
set label 4 "printed/exact $-\\,1$, in \\%" at graph 0.98,0.9 right textcolor rgb ink
plot curves using "tau":(100*(column("gap_low")/column("risk_gap")-1)):(100*(column("gap_high")/column("risk_gap")-1)) \
         with filledcurves lc rgb orange, \
     0 with lines ls 11, \
     main using "tau":(100*(column("printed_mass")/column("boundary_mass")-1)) with points ls 1, \
     main using "tau":(100*(column("printed_gap")/column("fitted_gap")-1)) with points ls 2
unset label

# Right: the gap over the mass.
set lmargin at screen 0.60
set rmargin at screen 0.985
set tmargin at screen 0.97
set bmargin at screen 0.15
unset logscale
set xrange [0:0.85]
set yrange [0:0.4]
set xtics 0,0.2 format "$%g$"
set ytics 0,0.1 format "$%g$"
set xlabel "boundary mass $P(|w'X-b|\\le 2\\tau)$"
set ylabel "gap $L_\\tau-L_0$"
set label 5 "exact: line" at 0.40,0.135 left textcolor rgb orange
set label 6 "printed: diamonds" at 0.73,0.35 right textcolor rgb ink
set label 7 "sampled: squares" at 0.40,0.110 left textcolor rgb orange
plot curves using "boundary_mass":"gap_low":"gap_high" with filledcurves lc rgb orange, \
     curves using "boundary_mass":"risk_gap" with lines ls 2, \
     main using "sampled_mass":"sampled_gap" with points ls 2, \
     main using "printed_mass":"printed_gap" with points ls 20
unset multiplot
