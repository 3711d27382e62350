# Many experts: the ties of one router, its masses over 2w with both orders, and the densities at 0 over the number of experts
width = 15.6; height = 6.4
load style

lines = results."/pairwise-slabs.lines.csv"
profiles = results."/pairwise-slabs.profiles.csv"
growth = results."/pairwise-slabs.growth.csv"

# The coefficients of the ten ties; looked up before there are ranges, which the statistics would obey.
array one[10]; array two[10]; array bias[10]
do for [i = 1:10] {
    stats lines using (column("weight_1")) every ::(i-1)::(i-1) name "A" nooutput
    stats lines using (column("weight_2")) every ::(i-1)::(i-1) name "B" nooutput
    stats lines using (column("bias")) every ::(i-1)::(i-1) name "C" nooutput
    one[i] = A_min; two[i] = B_min; bias[i] = C_min
}
stats lines using (column("width")) name "W" nooutput
w = W_max
tie(i, x, t) = (t - bias[i] - one[i] * x) / two[i]

set multiplot
set tmargin at screen 0.90
set bmargin at screen 0.185

# ---- Left: one router. Slabs of all ties, and the parts that lead: points of a tie at arc length u ----
length(any) = sqrt(column("weight_1")**2 + column("weight_2")**2)
px(u) = (-column("bias") / length(0) * column("weight_1") - u * column("weight_2")) / length(0)
py(u) = (-column("bias") / length(0) * column("weight_2") + u * column("weight_1")) / length(0)
set lmargin at screen 0.05
set rmargin at screen 0.345
set xrange [-2.6:2.6]
set yrange [-2.6:2.6]
set xtics -2, 2
set ytics -2, 2
set label 1 "ties $a_k=a_\\ell$ of five experts" at graph 0, 1.06 left
set samples 200
plot for [i = 1:10] '+' using 1:(tie(i, $1, -w)):(tie(i, $1, w)) with filledcurves fs solid 0.25 noborder lc rgb orange, \
     for [i = 1:10] tie(i, x, 0) with lines lc rgb orange lw 0.8, \
     lines using (column("low") < column("high") ? px(column("low")) : NaN):(py(column("low"))): \
                 (px(column("high")) - px(column("low"))):(py(column("high")) - py(column("low"))) with vectors nohead lc rgb blue lw 2.4
unset label

# ---- Middle: masses over 2 w ----
set lmargin at screen 0.425
set rmargin at screen 0.66
set xrange [0:0.5]
set yrange [0:3]
set xtics 0, 0.2 format "$%.1f$"
set ytics 0, 1
set xlabel "half-width $w$"
set label 1 "mass over $2w$" at graph 0, 1.06 left
set label 2 "sum of slabs" at 0.49, 2.6 right textcolor rgb grey
set label 3 "$\\Delta_{\\min}$" at 0.4, 1.28 left textcolor rgb orange
set label 4 "$\\Delta$" at 0.4, 0.53 left textcolor rgb blue
plot profiles using "width":"sum" with lines ls 12 lw 1.6, \
     profiles using "width":"pair_second" with lines ls 11, \
     profiles using "width":"top_second" with lines ls 11, \
     profiles using "width":"pair" with lines ls 2, \
     profiles using "width":"top" with lines ls 1
unset label

# ---- Right: densities at 0 for independent logits ----
set lmargin at screen 0.745
set rmargin at screen 0.985
set logscale xy
set xrange [1.8:300]
set yrange [0.4:4e4]
set xtics 2, 4, 128 format "$%g$"
set ytics 1, 100, 1e4 format log_format
set xlabel "experts $K$"
set label 1 "density at $0$" at graph 0, 1.06 left
set label 3 "$\\Delta_{\\min}$" at 20, 400 right textcolor rgb orange
set label 4 "$\\Delta$" at 60, 1.15 left textcolor rgb blue
set label 5 "$\\sqrt{2\\ln K}$" at 90, 6.5 center textcolor rgb grey
plot growth using "experts":"bound" with lines ls 11, \
     growth using "experts":"pair" with linespoints ls 2 ps 0.4, \
     growth using "experts":"top" with linespoints ls 1 ps 0.4
unset multiplot
