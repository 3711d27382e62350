# Routing cells before and after training: changes on great circles over the law; cells and regions of planes; distances from walls.
width = 15.5; height = 12
load style

counts = results."/trained-cells.csv"
circles = results."/trained-cells.circles.csv"
walls = results."/trained-cells.walls.csv"
of(i, value) = (strcol("images") eq "digits" && column("active") == ks[i+0] ? value : NaN)
fashion(value) = (strcol("images") eq "Fashion" ? value : NaN)
wall(set, n, k, value) = (strcol("images") eq set && column("experts") == n && column("active") == k ? value : NaN)
array ks[4] = [1, 2, 4, 8]
# A quick run has only some of the shapes, and curves without points are an error: the numbers of the ks, and the shapes N:k, that are there.
there = system("awk -F, '$1 == \"digits\" { n[$3] = 1 } END { for (i = 1; i <= 4; i++) if (n[2 ^ (i - 1)]) printf \"%d \", i }' ".counts)
shapes = system("awk -F, '$1 == \"digits\" && !n[$2 \":\" $3]++ { printf \"%s:%s \", $2, $3 }' ".walls)
array colour[4] = [pink, blue, orange, green]
array full[4] = [13, 7, 5, 9]
array empty[4] = [12, 6, 4, 8]
shift(place) = 1.045 ** (place - 3) # so that error bars stand side by side

set datafile missing NaN
set multiplot

# ---- Great circles ----
set lmargin at screen 0.085
set rmargin at screen 0.44
set tmargin at screen 0.955
set bmargin at screen 0.61
set logscale x
set xrange [6.4:82]
set yrange [0.88:1.12]
set xtics (8, 16, 32, 64)
set ytics 0.05
set format y "%.2f"
set xlabel "experts $N$"
set label 1 "(a) changes on great circles over $e(N,k)$" at graph 0, 1.06 left
set label 2 "$k=1$" at 7, 0.925 left textcolor rgb colour[1] point pt full[1] ps 0.7 lc rgb colour[1] offset 0.8,0
set label 3 "$k=2$" at 12.4, 0.925 left textcolor rgb colour[2] point pt full[2] ps 0.6 lc rgb colour[2] offset 0.8,0
set label 4 "$k=4$" at 7, 0.9 left textcolor rgb colour[3] point pt full[3] ps 0.6 lc rgb colour[3] offset 0.8,0
set label 5 "$k=8$" at 12.4, 0.9 left textcolor rgb colour[4] point pt full[4] ps 0.7 lc rgb colour[4] offset 0.8,0
set label 6 "Fashion" at 24, 0.9 left textcolor rgb ink point pt 2 ps 0.7 lc rgb ink offset 0.8,0
ratio(what) = column(what) / column("law")
plot 1 with lines ls 11, \
     for [i in there] circles using (column("experts") * shift(2 * (i+0) - 2)):(of(i, ratio("random") - ratio("random_error"))): \
         (0):(2 * ratio("random_error")) with vectors nohead lw 0.8 lc rgb colour[i+0], \
     for [i in there] circles using (column("experts") * shift(2 * (i+0) - 2)):(of(i, ratio("random"))) with points pt empty[i+0] ps 0.6 lc rgb colour[i+0], \
     for [i in there] circles using (column("experts") * shift(2 * (i+0) - 1.3)):(of(i, ratio("through") - ratio("through_error"))): \
         (0):(2 * ratio("through_error")) with vectors nohead lw 0.8 lc rgb colour[i+0], \
     for [i in there] circles using (column("experts") * shift(2 * (i+0) - 1.3)):(of(i, ratio("through"))) with points pt full[i+0] ps 0.6 lc rgb colour[i+0], \
     circles using (column("experts") * shift(7.6)):(fashion(ratio("through") - ratio("through_error"))):(0):(2 * ratio("through_error")) \
         with vectors nohead lw 0.8 lc rgb ink, \
     circles using (column("experts") * shift(7.6)):(fashion(ratio("through"))) with points pt 2 ps 0.6 lc rgb ink
unset for [k = 2:6] label k

# ---- Cells of planes ----
set lmargin at screen 0.59
set rmargin at screen 0.945
set logscale xy
set xrange [7:72]
set yrange [5:500]
set ytics (5, 10, 20, 50, 100, 200, 500)
set format y "$%g$"
set label 1 "(b) routing cells of a plane"
do for [i = 1:4] { set label 10 + i sprintf("$k=%d$", ks[i]) at 75, (i == 1 ? 14 : i == 2 ? 40 : i == 3 ? 119 : 318) left textcolor rgb colour[i] }
plot for [i in there] counts using (column("experts")):(of(i, column("plane_cells"))) with lines dt (5,3) lw 1 lc rgb colour[i+0], \
     for [i in there] counts using (column("experts")):(of(i, column("plane_cells"))) with points pt empty[i+0] ps 0.6 lc rgb colour[i+0], \
     for [i in there] counts using (column("experts")):(of(i, column("plane_cells_trained"))) with lines lw 1.6 lc rgb colour[i+0], \
     for [i in there] counts using (column("experts")):(of(i, column("plane_cells_trained"))) with points pt full[i+0] ps 0.6 lc rgb colour[i+0]

# ---- Regions of planes ----
set lmargin at screen 0.085
set rmargin at screen 0.44
set tmargin at screen 0.455
set bmargin at screen 0.11
set yrange [45:6000]
set ytics (50, 100, 200, 500, 1000, 2000, 5000)
set label 1 "(c) regions of a plane"
do for [i = 1:4] { set label 10 + i sprintf("$k=%d$", ks[i]) at 75, (i == 1 ? 82 : i == 2 ? 260 : i == 3 ? 980 : 3500) left textcolor rgb colour[i] }
plot for [i in there] counts using (column("experts")):(of(i, column("plane_regions"))) with lines dt (5,3) lw 1 lc rgb colour[i+0], \
     for [i in there] counts using (column("experts")):(of(i, column("plane_regions"))) with points pt empty[i+0] ps 0.6 lc rgb colour[i+0], \
     for [i in there] counts using (column("experts")):(of(i, column("plane_regions_trained"))) with lines lw 1.6 lc rgb colour[i+0], \
     for [i in there] counts using (column("experts")):(of(i, column("plane_regions_trained"))) with points pt full[i+0] ps 0.6 lc rgb colour[i+0]
unset for [i = 1:4] label 10 + i

# ---- Walls ----
set lmargin at screen 0.59
set rmargin at screen 0.945
unset logscale y
set xrange [2e-4:0.3]
set yrange [0:1]
set xtics ("$10^{-3}$" 1e-3, "$10^{-2}$" 1e-2, "$10^{-1}$" 1e-1)
set ytics 0.25
set xlabel "distance from the nearest wall (radii)"
set label 1 "(d) share of images nearer than"
set label 2 "$64,1$" at 0.024, 0.9 left textcolor rgb colour[1]
set label 3 "$8,2$" at 0.062, 0.5 left textcolor rgb colour[2]
set label 4 "$64,8$" at 0.0011, 0.3 right textcolor rgb colour[4]
shown = ""
do for [shape in "64:1 8:2 64:8"] { if (strstrt(" ".shapes, " ".shape." ") > 0) { shown = shown." ".shape } }
n(shape) = int(shape[1:strstrt(shape, ":") - 1])
k(shape) = int(shape[strstrt(shape, ":") + 1:*])
tint(shape) = colour[k(shape) == 1 ? 1 : k(shape) == 2 ? 2 : 4]
plot for [s in shown] walls using (wall("digits", n(s), k(s), column("before"))):(column("share")) with lines dt (5,3) lw 1 lc rgb tint(s), \
     for [s in shown] walls using (wall("digits", n(s), k(s), column("after"))):(column("share")) with lines lw 1.6 lc rgb tint(s)
unset multiplot
