# Images under random routers: coalitions met as their mean moves away, and between two images.
width = 15.5; height = 7.2
load style

scales = results."/angular-images.scales.csv"
arcs = results."/angular-images.arcs.csv"
of(set, value) = (strcol("images") eq set ? value : NaN)
seen(set, centred, value) = (strcol("images") eq set && column("centred") == centred ? value : NaN)
set datafile missing NaN # rows of several curves follow one another
set multiplot

# ---- Left: the mean is multiplied ----
set lmargin at screen 0.085
set rmargin at screen 0.455
set tmargin at screen 0.91
set bmargin at screen 0.16
set logscale xy
set xrange [0.85:170]
set yrange [0.03:90]
set xtics (1, 4, 16, 64)
set ytics (0.1, 1, 10)
set xlabel "factor of the mean"
set label 1 "(a) coalitions met, less one" at graph 0, 1.06 left
set label 11 "digits" at 1.75, 0.40 left textcolor rgb blue point ls 1 offset 0.8,0
set label 12 "Fashion-MNIST" at 1.75, 0.22 left textcolor rgb orange point ls 2 offset 0.8,0
set label 13 "balls around the data" at 9, 14 left textcolor rgb grey
set label 14 "mean width" at 1.2, 1.3 left textcolor rgb grey
set label 15 "slope $-63$" at 1.25, 0.085 left textcolor rgb red
plot for [set in "digits fashion"] scales using (of(set, column("scale"))):(column("ball") - 1) with lines ls 12, \
     for [set in "digits fashion"] scales using (of(set, column("scale"))):(column("width") - 1) with lines ls 11, \
     [1:1.15] 14 * x**(-63) with lines ls 13 lc rgb red, \
     scales using (of("digits", column("scale"))):(column("met") - 1):(column("error")) with yerrorlines ls 1, \
     scales using (of("fashion", column("scale"))):(column("met") - 1):(column("error")) with yerrorlines ls 2

# ---- Right: arcs ----
unset logscale
set lmargin at screen 0.575
set rmargin at screen 0.975
set xrange [0:140]
set yrange [1:4.2]
set xtics 30
set ytics 1
set xlabel "angle between the two images (degrees)"
set label 1 "(b) coalitions met between two images"
unset label 11
unset label 12
set label 11 "digits" at 60, 1.75 left textcolor rgb blue
set label 12 "Fashion-MNIST" at 75, 2.18 left textcolor rgb orange
set label 13 "centred" at 88, 3.45 right textcolor rgb ink
set label 14 "$1+e\\,\\ell/2\\pi$" at 106, 2.95 left textcolor rgb grey
unset label 15
slope = 1
stats arcs using ((column("expected") - 1) / column("angle")) nooutput
slope = STATS_mean
degree = pi / 180
plot 1 + slope * x * degree with lines ls 11, \
     arcs using (seen("digits", 0, column("angle") / degree)):(column("mean")):(column("error")) with yerrorbars ls 1, \
     arcs using (seen("fashion", 0, column("angle") / degree)):(column("mean")):(column("error")) with yerrorbars ls 2, \
     arcs using (seen("digits", 1, column("angle") / degree)):(column("mean")):(column("error")) with yerrorbars ls 1 pt 6, \
     arcs using (seen("fashion", 1, column("angle") / degree)):(column("mean")):(column("error")) with yerrorbars ls 2 pt 4
unset multiplot
