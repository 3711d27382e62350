# The layer in the scale of the temperature: gate against step, and the areas 2 ln 2, 2 ln 2 - 1 and 1 of the law.
width = 15.5; height = 5.0
load style

sigma(u) = 1/(1 + exp(-u))
low(u) = sigma(-abs(u))
set samples 601
set xrange [-6:6]
set xtics -6,3
set multiplot
set xlabel "$u=S/\\tau$"

# Left: what the soft router does around the interface.
set lmargin at screen 0.065
set rmargin at screen 0.47
set tmargin at screen 0.95
set bmargin at screen 0.26
set yrange [0:1.08]
set ytics 0,0.5
set label 1 "$\\sigma(u)$, weight of $f_1$" at -0.8,0.62 right textcolor rgb blue
set label 2 "hard router" at 2.6,1.045 left textcolor rgb grey
set label 3 "$f_2$ leads" at -3.6,0.2 center textcolor rgb ink
set label 4 "$f_1$ leads" at 3.6,0.75 center textcolor rgb ink
plot '+' using 1:(sigma($1)):($1 < 0 ? 0 : 1) with filledcurves lc rgb sky, \
     '+' using 1:($1 < 0 ? 0 : 1) with lines ls 11, \
     sigma(x) with lines lc rgb blue lw 1.6
unset label

# Right: the weight of the wrong expert, its square, and the difference.
set lmargin at screen 0.57
set rmargin at screen 0.985
set yrange [0:0.54]
set ytics 0,0.25
set label 1 "$g=\\sigma(-|u|)$:" at 1.2,0.36 left textcolor rgb orange
set label 5 "area $2\\ln2$" at 1.2,0.31 left textcolor rgb orange
set label 2 "$g^2$: area $2\\ln2-1$" at 2.0,0.2 left textcolor rgb blue
set arrow 1 from 1.9,0.195 to 0.4,0.1 nohead lc rgb blue lw 0.8
set arrow 2 from -2.1,0.345 to -0.85,0.22 nohead lc rgb ink lw 0.8
set label 3 "$g-g^2$: area $1$" at -2.2,0.36 right textcolor rgb ink
plot '+' using 1:(low($1)**2):(low($1)) with filledcurves lc rgb orange, \
     '+' using 1:(0):(low($1)**2) with filledcurves lc rgb blue, \
     low(x) with lines lc rgb orange lw 1.6, \
     low(x)**2 with lines lc rgb blue lw 1.6
unset multiplot
set xlabel "$u=S/\\tau$"
