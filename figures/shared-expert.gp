# Uncentred data in the plane: without biases, with a shared expert, and with the router bias -W mu.
width = 15.5; height = 5.6
load style

rays = results."/shared-expert.rays.csv"
dots = results."/shared-expert.dots.csv"
of(panel, value) = (column("panel") == panel ? value : NaN)
inside(panel, number, value) = (column("panel") == panel && column("coalition") == number ? value : NaN)
array colour[5] = [blue, orange, green, red, pink]
array symbol[5] = [7, 5, 9, 11, 13]
title(panel) = panel == 1 ? "(a) logits $Wx$" : panel == 2 ? "(b) $Wx$, output $+\\,E_s(x)$" : "(c) logits $W(x-\\mu)$"

unset border
unset tics
set xrange [-1.6:6.2]
set yrange [-1.6:6.2]
set multiplot
do for [panel = 1:3] {
    set lmargin at screen 0.01 + (panel - 1) * 0.34
    set rmargin at screen 0.315 + (panel - 1) * 0.34
    set tmargin at screen 0.90
    set bmargin at screen 0.02
    set label 1 title(panel) at graph 0.5, 1.07 center
    set label 2 "$0$" at -0.22, -0.3 right textcolor rgb ink
    set label 3 "$\\mu$" at 4.0, 4.45 center textcolor rgb ink
    set object 1 circle at 4, 3 size 1 fs empty border lc rgb ink lw 0.8
    plot rays using (of(panel, column("x"))):(column("y")):(column("dx")):(column("dy")) with vectors nohead lc rgb ink lw 1.2, \
         for [k = 1:5] dots using (inside(panel, k, column("x"))):(column("y")) with points pt symbol[k] ps 0.28 lc rgb colour[k], \
         "+" using (0.0):(0.0) every ::0::0 with points pt 7 ps 0.5 lc rgb ink
}
unset multiplot
