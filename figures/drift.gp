# What moves a balanced router: the true force on u, and the linear dynamics of the paper, from the same starts
width = 15.6; height = 8.0
load style
field = results."/drift.field.csv"
paths = results."/drift.paths.csv"
on(k, value) = (column("path") == k ? value : NaN)

set multiplot
set tmargin at screen 0.91
set bmargin at screen 0.15
set xrange [-2:2]
set yrange [-2:2]
set xtics -2,1
set ytics -2,1
set size ratio -1
set xlabel "$u_1/\\tau$ (along $v$)"
array colour[6] = [red, red, orange, green, green, sky]
scaled(c, a, b) = 0.2 * column(c) / sqrt(column(a)**2 + column(b)**2 + 1e-30)
do for [panel = 1:2] {
    left = panel == 1 ? 0.08 : 0.575
    set lmargin at screen left
    set rmargin at screen left + 0.40
    fa = panel == 1 ? "force_1" : "linear_1"
    fb = panel == 1 ? "force_2" : "linear_2"
    px = panel == 1 ? "u1" : "linear_1"
    py = panel == 1 ? "u2" : "linear_2"
    if (panel == 1) { set ylabel "$u_2/\\tau$" } else { unset ylabel }
    set label 1 (panel == 1 ? "descent on the risk: $-\\nabla L(u)$" : "section 6 of the paper: $\\frac1\\tau Mu$") at graph 0.5, 1.05 center
    set arrow 1 from 0,0 to (panel == 1 ? 0.8 : 0), 0 lc rgb ink lw (panel == 1 ? 2.4 : 0) size 0.14,25 filled front
    if (panel == 1) { set label 2 "{\\setlength{\\fboxsep}{1pt}\\colorbox{white}{drift at $0$}}" at 0.4, -0.28 center textcolor rgb ink front } else { unset label 2; unset arrow 1 }
    plot field using (column("u1") - scaled(fa, fa, fb) / 2):(column("u2") - scaled(fb, fa, fb) / 2):(scaled(fa, fa, fb)):(scaled(fb, fa, fb)) \
             with vectors head size 0.06,25 filled lc rgb "#B0B0B0" lw 0.8, \
         for [k = 1:6] paths using (on(k, column(px))):(on(k, column(py))) with lines lc rgb colour[k] lw 1.8, \
         for [k = 1:6] paths using (column("step") == 0 ? on(k, column(px)) : NaN):(on(k, column(py))) with points pt 7 ps 0.6 lc rgb colour[k]
}
unset multiplot
