# Regions of random arrangements over the number of hyperplanes, and their ratio to n^d/d!.
width = 15.5; height = 6.5
load style

growth = results."/zaslavsky.growth.csv"
where(dimension, measured, value) = (column("d") == dimension && column("measured") == measured ? value : NaN)
array colour[5] = [blue, orange, green, red, pink]
array symbol[5] = [7, 5, 9, 11, 13]
array names[5] = [1.096, 1.130, 1.056, 0.926, 0.766] # heights at which the ratios' names stand

set logscale x
set format x log_format
set xlabel "hyperplanes $n$"
set multiplot layout 1,2

# ---- Left: regions ----
set lmargin at screen 0.075
set rmargin at screen 0.465
set tmargin at screen 0.92
set bmargin at screen 0.19
set xrange [8:3500]
set logscale y
set yrange [5:1e14]
set ytics 1e3
set format y log_format
set label 1 "regions" at graph 0, 1.06 left
do for [k = 1:5] {
    set label 10 + k sprintf("$d=%d$", k) at 1500, (1400.0)**k / gamma(k + 1) left textcolor rgb colour[k]
}
plot for [k = 1:5] growth using (where(k, 0, column("n"))):(where(k, 0, column("regions"))) with lines ls 11, \
     for [k = 1:5] growth using (where(k, 1, column("n"))):(where(k, 1, column("regions"))) \
         with linespoints ls k
unset for [k = 1:5] label 10 + k

# ---- Right: ratio to n^d/d! ----
set lmargin at screen 0.585
set rmargin at screen 0.975
set xrange [3:2000]
unset logscale y
set yrange [0.7:1.2]
set ytics 0.1
set format y "$%.1f$"
set label 1 "regions over $n^d/d!$"
do for [k = 1:5] {
    set label 10 + k sprintf("$d=%d$", k) at 8.4, names[k] right textcolor rgb colour[k]
}
# The bounds are wide open at n = 10.
plot 1 with lines lc rgb grey lw 0.6 dt (2,2), \
     for [k = 1:5] growth using (column("n") > 10 ? where(k, 0, column("n")) : NaN):(where(k, 0, column("low"))):(where(k, 0, column("high"))) \
         with filledcurves lc rgb colour[k], \
     for [k = 1:5] growth using (where(k, 0, column("n"))):(where(k, 0, column("ratio"))) with lines ls 11, \
     for [k = 1:5] growth using (where(k, 1, column("n"))):(where(k, 1, column("ratio"))) with linespoints ls k
unset multiplot
