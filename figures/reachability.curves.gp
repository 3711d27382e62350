# Share of the coalitions that Gaussian routers reach, over the number of experts, and that of the moment curve
width = 15.6; height = 6.4
load style

file = results."/reachability.curves.csv"
where(k, dimension, value) = (column("active") == k && column("d") == dimension ? value : NaN)
array dims[6] = [1, 2, 3, 4, 5, 8]
array colour[6] = [blue, orange, green, red, pink, sky]
# Where the curves end, for their labels; looked up before there are ranges, which the statistics would obey.
array last[12]; array end[12]
do for [i = 1:12] {
    stats file using (where(i > 6 ? 4 : 2, dims[(i - 1) % 6 + 1], column("experts"))) name "N" nooutput
    stats file using (where(i > 6 ? 4 : 2, dims[(i - 1) % 6 + 1], column("share"))) name "S" nooutput
    last[i] = N_max; end[i] = S_min
}
set xlabel "experts $N$"
set multiplot
set tmargin at screen 0.91
set bmargin at screen 0.185
set xrange [5.5:28]
set xtics 6, 4, 24
set yrange [0:1.03]
set ytics 0, 0.2, 1
set format y "$%.1f$"
do for [panel = 1:2] {
    k = 2 * panel
    if (panel == 2) {
        set logscale y
        set yrange [1e-3:1.1]
        set ytics 1e-3, 10, 1
        set format y log_format
    }
    set lmargin at screen panel == 1 ? 0.075 : 0.575
    set rmargin at screen panel == 1 ? 0.485 : 0.985
    set label 1 sprintf("share of the coalitions reached, $k=%d$", k) at graph 0, 1.07 left
    do for [c = 1:6] {
        set label 10 + c sprintf("$d=%d$", dims[c]) at last[6 * panel - 6 + c] + 0.7, end[6 * panel - 6 + c] left textcolor rgb colour[c]
    }
    plot for [c = 1:6] file using (where(k, dims[c], column("experts"))):(column("moment")) with lines ls 11, \
         for [c = 1:6] file using (where(k, dims[c], column("experts"))):(column("least")):(column("most")) \
             with filledcurves lc rgb colour[c], \
         for [c = 1:6] file using (where(k, dims[c], column("experts"))):(column("share")) with linespoints ls c
}
unset multiplot
