# Softmax mixtures and top-k layers over the temperature: observed over the law, and rows as they are.
width = 15.5; height = 11.8
load style

sweep = results."/trained-temperature.csv"
rows = results."/trained-temperature.rows.csv"
of(n, k, what, value) = (column("experts") == n && column("active") == k && strcol("what") eq what \
                         && column("ratio_error") < 0.22 ? value : NaN)
set_of(name, value) = (strcol("images") eq name ? value : NaN)
array ns[6] = [2, 4, 8, 16, 32, 64]
array colour[6] = [blue, orange, green, red, pink, sky]
array symbol[6] = [7, 5, 9, 11, 13, 15]
array kn[4] = [8, 16, 32, 64]
array kk[4] = [2, 4, 4, 8]
# A quick run has only some of the layers, and curves without points are an error: the numbers of those that are there.
soft = system("awk -F, '$2 == 0 { n[$1] = 1 } END { for (i = 1; i <= 6; i++) if (n[2 ^ i]) printf \"%d \", i }' ".sweep)
hard = system("awk -F, '$3 == \"set\" { n[$1] = 1 } END { for (i = 1; i <= 4; i++) if (n[2 ^ (i + 2)]) printf \"%d \", i }' ".sweep)

set datafile missing NaN
set multiplot

# ---- The square ----
set lmargin at screen 0.085
set rmargin at screen 0.46
set tmargin at screen 0.955
set bmargin at screen 0.61
set logscale x
set format x log_format
set xrange [7e-4:1.5]
set yrange [0.7:1.5]
set xtics (1e-3, 1e-2, 0.1, 1)
set ytics 0.2
set format y "%.1f"
set xlabel "temperature (median margins)"
set label 1 "(a) $\\mathbf E|h_\\tau-h_0|^2$ over the law" at graph 0, 1.06 left
set object 1 rectangle from 7e-4, 0.9 to 1.5, 1.1 behind fs solid 1 noborder fc rgb "#EFEFEF"
do for [i = 1:6] { set label 10 + i sprintf(i == 1 ? "$N=%d$" : "$%d$", ns[i]) at (i < 4 ? 1.1e-3 : 6e-3), 1.45 - 0.08 * ((i - 1) % 3) left textcolor rgb colour[i] point pt symbol[i] ps 0.6 lc rgb colour[i] offset 0.7,0 }
plot 1 with lines ls 11, \
     for [i in soft] sweep using (column("scale") * 1.04 ** (i - 3.5)):(of(ns[i+0], 0, "square", column("ratio")) - column("ratio_error")):(0):(2 * column("ratio_error")) \
         with vectors nohead lw 0.8 lc rgb colour[i+0], \
     for [i in soft] sweep using (column("scale") * 1.04 ** (i - 3.5)):(of(ns[i+0], 0, "square", column("ratio"))) with lines lw 1 lc rgb colour[i+0], \
     for [i in soft] sweep using (column("scale") * 1.04 ** (i - 3.5)):(of(ns[i+0], 0, "square", column("ratio"))) with points pt symbol[i+0] ps 0.45 lc rgb colour[i+0]
unset for [i = 1:6] label 10 + i

# ---- The loss ----
set lmargin at screen 0.6
set rmargin at screen 0.975
set yrange [0:1.3]
set object 1 rectangle from 7e-4, 0.9 to 1.5, 1.1
set label 1 "(b) $L_\\tau-L_0$ over the law"
plot 1 with lines ls 11, \
     for [i in soft] sweep using (column("scale") * 1.04 ** (i - 3.5)):(of(ns[i+0], 0, "loss", column("ratio")) - column("ratio_error")):(0):(2 * column("ratio_error")) \
         with vectors nohead lw 0.8 lc rgb colour[i+0], \
     for [i in soft] sweep using (column("scale") * 1.04 ** (i - 3.5)):(of(ns[i+0], 0, "loss", column("ratio"))) with lines lw 1 lc rgb colour[i+0], \
     for [i in soft] sweep using (column("scale") * 1.04 ** (i - 3.5)):(of(ns[i+0], 0, "loss", column("ratio"))) with points pt symbol[i+0] ps 0.45 lc rgb colour[i+0]
unset object 1

# ---- Gumbel noise ----
set lmargin at screen 0.085
set rmargin at screen 0.46
set tmargin at screen 0.455
set bmargin at screen 0.11
set yrange [0.4:1.4]
set object 1 rectangle from 7e-4, 0.9 to 1.5, 1.1 behind fs solid 1 noborder fc rgb "#EFEFEF"
set xlabel "scale of the noise (median gaps)"
set label 1 "(c) share of changed top-$k$ sets over the law"
set label 2 "$N,k=8,2$" at 1.1e-3, 0.72 left textcolor rgb blue point pt 7 ps 0.6 lc rgb blue offset 0.8,0
set label 3 "$16,4$" at 1.1e-3, 0.635 left textcolor rgb orange point pt 5 ps 0.6 lc rgb orange offset 0.8,0
set label 4 "$32,4$" at 1.1e-3, 0.55 left textcolor rgb green point pt 9 ps 0.7 lc rgb green offset 0.8,0
set label 5 "$64,8$" at 1.1e-3, 0.465 left textcolor rgb red point pt 11 ps 0.7 lc rgb red offset 0.8,0
plot 1 with lines ls 11, \
     for [i in hard] sweep using (column("scale") * 1.05 ** (i - 2.5)):(of(kn[i+0], kk[i+0], "set", column("ratio")) - column("ratio_error")):(0):(2 * column("ratio_error")) \
         with vectors nohead lw 0.8 lc rgb colour[i+0], \
     for [i in hard] sweep using (column("scale") * 1.05 ** (i - 2.5)):(of(kn[i+0], kk[i+0], "set", column("ratio"))) with lines lw 1 lc rgb colour[i+0], \
     for [i in hard] sweep using (column("scale") * 1.05 ** (i - 2.5)):(of(kn[i+0], kk[i+0], "set", column("ratio"))) with points pt symbol[i+0] ps 0.45 lc rgb colour[i+0]
unset object 1
unset for [i = 2:6] label i

# ---- Rows as they are ----
set lmargin at screen 0.6
set rmargin at screen 0.975
set logscale y
set format y log_format
set yrange [0.01:900]
set ytics (0.01, 0.1, 1, 10, 100)
set xlabel "temperature $\\tau$"
set label 1 "(d) $\\mathbf E|h_\\tau-h_0|^2$ of images as they are"
set label 2 "digits" at 0.02, 14 right textcolor rgb orange
set label 3 "Fashion-MNIST" at 0.012, 0.28 left textcolor rgb blue
set label 4 "law, by a kernel" at 1.3, 1.0 right textcolor rgb grey
plot for [name in "digits Fashion"] rows using (set_of(name, column("tau"))):(column("predicted") - 2 * column("predicted_error")): \
         (column("predicted") + 2 * column("predicted_error")) with filledcurves lc rgb grey, \
     for [name in "digits Fashion"] rows using (set_of(name, column("tau"))):(column("predicted")) with lines ls 11, \
     rows using (set_of("digits", column("tau"))):(column("observed")):(column("observed_error") < 0.9 * column("observed") ? column("observed_error") : 0.9 * column("observed")) with yerrorbars ls 2, \
     rows using (set_of("Fashion", column("tau"))):(column("observed")):(column("observed_error")) with yerrorbars ls 1
unset multiplot
