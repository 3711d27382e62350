# What is left of the mass of a slab after one order and after two, over its half-width, and where the order is lost
width = 15.6; height = 6.6
load style

file = results."/coarea.errors.csv"
lost = results."/coarea.lost.csv"
of(scene, value) = (column("scene") == scene ? value : NaN)
among(name, value) = (strcol("case") eq name ? value : NaN)
# The line, the circle and the cubic under the clusters.
array scene[3] = [4, 5, 7]
array shade[3] = [blue, orange, green]
array symbol[3] = [7, 5, 9]

set logscale xy
set format x log_format
set format y log_format
set xlabel "half-width $w$"
set multiplot
set tmargin at screen 0.91
set bmargin at screen 0.185

# ---- Left: three scenes, after one order and after two ----
set lmargin at screen 0.085
set rmargin at screen 0.445
set xrange [0.017:0.37]
set yrange [1e-12:0.05]
set xtics ("0.02" 0.02, "0.05" 0.05, "0.1" 0.1, "0.2" 0.2)
set ytics 1e-12, 1e3, 1
set label 1 "what is left of the mass" at graph 0, 1.055 left
set label 2 "after $2wF(0)$" at 0.021, 2e-3 left textcolor rgb ink
set label 3 "after $2wF(0)+\\frac13w^3F''(0)$" at 0.35, 2e-11 right textcolor rgb ink
set label 4 "$w^3$" at 0.15, 7e-3 right textcolor rgb grey
set label 5 "$w^5$" at 0.16, 3e-8 left textcolor rgb grey
plot 1.2 * x**3 with lines ls 11, 4e-3 * x**5 with lines ls 12, \
     for [i = 1:3] file using (of(scene[i], column("width"))):(of(scene[i], column("error"))) with linespoints lc rgb shade[i] pt symbol[i] ps 0.45 lw 1.3, \
     for [i = 1:3] file using (of(scene[i], column("width"))):(of(scene[i], column("left"))) with linespoints lc rgb shade[i] pt symbol[i] ps 0.45 lw 1.3
do for [i = 2:5] { unset label i }

# ---- Right: profiles that are not twice differentiable ----
set lmargin at screen 0.59
set rmargin at screen 0.95
set xrange [3e-7:0.5]
set yrange [1e-9:2]
set xtics ("$10^{-6}$" 1e-6, "$10^{-4}$" 1e-4, "$10^{-2}$" 1e-2)
set format x log_format
set ytics 1e-9, 1e3, 1
set label 1 "where the order is lost"
set label 2 "crossing: all of $P$" at 1e-3, 0.13 right textcolor rgb red
set label 3 "tangent: $w^{3/2}$" at 1.1e-4, 4e-6 right textcolor rgb sky
set label 4 "corner: $w^2$" at 1.1e-4, 1.5e-8 right textcolor rgb ink
set label 5 "smooth: $w^3$" at 0.02, 1e-8 left textcolor rgb grey
plot 0.2 * x**3 with lines ls 11, \
     lost using (among("crossing", column("width"))):(among("crossing", column("mass"))) with linespoints ls 4 ps 0.45, \
     lost using (among("tangent", column("width"))):(among("tangent", column("error"))) with linespoints ls 6 ps 0.45, \
     lost using (among("corner", column("width"))):(among("corner", column("error"))) with linespoints lc rgb ink lw 1.6 pt 11 ps 0.5
unset multiplot
