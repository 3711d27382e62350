# Flips of independent normal logits over the spacing of the format: rates, and rates in units of f u
width = 15.6; height = 6.6
load style
main = results."/flip-law.csv"
shape(n, value) = (column("experts") == n ? value : NaN)
array experts[3] = [8, 64, 384]
array colour[3] = [blue, orange, green]
array symbol[3] = [7, 5, 9]

set multiplot
set logscale x
set xrange [1.5e-4:0.8]
set xtics ("$10^{-3}$" 1e-3, "$10^{-2}$" 1e-2, "$0.1$" 0.1)
set xlabel "mean spacing $u$ at rank $k$"

# ---- Left: rates ----
set lmargin at screen 0.085
set rmargin at screen 0.47
set tmargin at screen 0.93
set bmargin at screen 0.17
set logscale y
set yrange [1e-4:1.6]
set ytics ("$10^{-4}$" 1e-4, "$10^{-3}$" 1e-3, "$0.01$" 0.01, "$0.1$" 0.1, "$1$" 1)
set label 1 "share of rows with a flip" at graph 0, 1.06 left
set label 11 "$N,k=8,2$" at 0.055, 0.0135 left textcolor rgb blue
set label 12 "$64,8$" at 1.1e-3, 0.0020 left textcolor rgb orange
set label 13 "$384,8$" at 1.6e-3, 0.016 right textcolor rgb green
plot for [i = 1:3] main using (shape(experts[i], column("spacing"))):(shape(experts[i], column("law"))) \
         with lines lc rgb colour[i] lw 1.0 dt (6,3), \
     for [i = 1:3] main using (shape(experts[i], column("spacing"))):(shape(experts[i], column("exact"))) \
         with lines lc rgb colour[i] lw 1.0, \
     for [i = 1:3] main using (shape(experts[i], column("spacing"))):(shape(experts[i], column("observed"))) \
         with points lc rgb colour[i] pt symbol[i] ps 0.55
unset label

# ---- Right: in units of f u ----
set lmargin at screen 0.60
set rmargin at screen 0.985
unset logscale y
set yrange [0:0.3]
set ytics ("$0$" 0, "$1/6$" 1.0/6, "$1/4$" 0.25)
set label 1 "share over $f u$" at graph 0, 1.06 left
set label 2 "rounding" at 0.75, 0.264 right textcolor rgb ink
set label 3 "independent errors" at 1.7e-4, 0.154 left textcolor rgb grey
set label 11 "$8,2$" at 0.3, 0.229 left textcolor rgb blue
set label 12 "$64,8$" at 0.27, 0.192 left textcolor rgb orange
set label 13 "$384,8$" at 0.15, 0.058 right textcolor rgb green
set arrow 1 from graph 0, first 0.25 to graph 1, first 0.25 nohead lc rgb ink lw 0.8 dt (6,3)
set arrow 2 from graph 0, first 1.0/6 to graph 1, first 1.0/6 nohead lc rgb grey lw 0.8 dt (2,2)
scaled(what) = column(what) / (column("density") * column("spacing"))
plot for [i = 1:3] main using (shape(experts[i], column("spacing"))):(shape(experts[i], scaled("exact"))) \
         with lines lc rgb colour[i] lw 1.0, \
     for [i = 1:3] main using (shape(experts[i], column("spacing"))):(shape(experts[i], scaled("observed"))):(column("error") / (column("density") * column("spacing"))) \
         with yerrorbars lc rgb colour[i] pt symbol[i] ps 0.55
unset multiplot
