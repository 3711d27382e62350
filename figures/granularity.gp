# Splitting experts: the printed bound and its expansion, and what random layers have.
width = 15.5; height = 7.2
load style

models = results."/granularity.models.csv"
split = results."/granularity.split.csv"
of(model, value) = (column("model") == model ? value : NaN)
array colour[4] = [blue, orange, green, red]
array symbols[4] = [7, 5, 9, 11]
array names[4] = ["Mixtral 8x7B", "DeepSeekMoE 16B", "DeepSeek-V3", "Qwen3-235B"]

set datafile missing NaN
set multiplot

# ---- The bound ----
set lmargin at screen 0.075
set rmargin at screen 0.395
set tmargin at screen 0.9
set bmargin at screen 0.2
set xrange [0.8:8.2]
set yrange [-15:250]
set xtics 1
set xlabel "splitting factor $m$" offset 0,0.2
set label 1 "$\\ln G(m)$" at graph 0, 1.06 left
set label 11 names[1] at 8.3, -1 left textcolor rgb colour[1]
set label 12 names[2] at 8.3, 97 left textcolor rgb colour[2]
set label 13 names[3] at 8.3, 207 left textcolor rgb colour[3]
set label 14 names[4] at 8.3, 166 left textcolor rgb colour[4]
plot for [i = 1:4] models using (of(i - 1, column("m"))):(column("free")) with lines lc rgb colour[i] lw 1.4, \
     for [i = 1:4] models using (of(i - 1, column("m"))):(column("expansion")) with lines ls 11, \
     for [i = 1:4] models using (of(i - 1, column("m"))):(column("exact")) with points pt symbols[i] ps 0.55 lc rgb colour[i]
unset for [k = 11:14] label k

# ---- Layers ----
set lmargin at screen 0.64
set rmargin at screen 0.88
set logscale xy
set format y log_format
set xrange [0.85:9.4]
set yrange [1:3e9]
set xtics (1, 2, 4, 8)
set ytics 1e2
set label 1 "means over random layers" at graph 0, 1.06 left
set label 11 "printed bound" at 9.2, 9.8e8 left textcolor rgb grey
set label 12 "bound $U$" at 9.2, 9.5e7 left textcolor rgb grey
set label 13 "regions" at 9.2, 4.4e3 left textcolor rgb blue
set label 14 "coalitions" at 9.2, 9e2 left textcolor rgb orange
set label 15 "vertices" at 9.2, 56 left textcolor rgb green
plot split using (column("m")):(column("printed_bound")) with lines ls 12, \
     split using (column("m")):(column("flats_bound")) with lines ls 11, \
     split using (column("m")):(column("regions")) with linespoints ls 1, \
     split using (column("m")):(column("coalitions")) with linespoints ls 2, \
     split using (column("m")):(column("vertices")):(4 * column("vertices_se")) with yerrorbars ls 3, \
     split using (column("m")):(column("vertices")) with lines ls 3
unset multiplot
