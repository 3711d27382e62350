# Coalitions that a great circle meets over the number of experts, and regions on the circle against Theorem 4.27.
width = 15.5; height = 6.6
load style

sample = results."/crofton.csv"
law = results."/crofton.law.csv"
ring = results."/crofton.ring.csv"
bound = results."/crofton.ringlaw.csv"
only(k, value) = (column("active") == k ? value : NaN)
array active[4] = [1, 2, 4, 8]
array colour[4] = [blue, orange, green, red]
array symbol[4] = [7, 5, 9, 11]

set logscale xy
set format x log_format
set format y log_format
set xlabel "experts $N$"
set multiplot layout 1,2

# ---- Left: e(N, k) ----
set lmargin at screen 0.065
set rmargin at screen 0.445
set tmargin at screen 0.92
set bmargin at screen 0.19
set xrange [2:5000]
set yrange [2:2000]
set label 1 "coalitions on a great circle" at graph 0, 1.06 left
do for [i = 1:4] {
    k = active[i]
    set label 10 + i sprintf("$k=%d$", k) at 5600, 2.0 * k * sqrt(2 * pi * log(4096.0 / k)) * (k > 1 ? 0.93 : 1.0) left textcolor rgb colour[i]
}
set label 20 "$\\binom N2$" at 40, 1200 right textcolor rgb grey
set label 21 "$\\binom N4$" at 12, 1200 right textcolor rgb grey
plot for [i = 2:3] law using (only(active[i], column("experts"))):(only(active[i], column("coalitions"))) with lines ls 11, \
     for [i = 1:4] law using (only(active[i], column("experts"))):(only(active[i], column("cells"))) with lines lc rgb colour[i] lw 1.0, \
     for [i = 1:4] sample using (only(active[i], column("experts"))):(only(active[i], column("mean"))):(column("error")) \
         with yerrorbars lc rgb colour[i] pt symbol[i] ps 0.55
do for [i = 1:4] { unset label 10 + i }
unset label 20
unset label 21

# ---- Right: regions on the unit circle, k = 2, H = 4 ----
set lmargin at screen 0.60
set rmargin at screen 0.955
set xrange [2:2e6]
set yrange [3:1e14]
set xtics 1e2
set ytics 1e3
set label 1 "regions on the unit circle, $k=2$, $H=4$"
set label 30 "claimed at least" at 1e4, 3e9 right textcolor rgb grey
set label 31 "$e(N,2)+4H$" at 2e3, 350 left textcolor rgb blue
plot bound using "experts":"through" with lines ls 11, \
     bound using "experts":"regions" with lines lc rgb blue lw 1.0, \
     ring using "experts":"mean":"error" with yerrorbars lc rgb blue pt 7 ps 0.55
unset multiplot
