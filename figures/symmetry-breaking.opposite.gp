# The discriminating run: training from alignment -0.9 and from 0.05, by Adam and by gradient descent
width = 15.6; height = 6.4
load style
array tau[4] = ["0.05", "0.10", "0.20", "0.40"]

set multiplot
set tmargin at screen 0.90
set bmargin at screen 0.19
set xrange [0:30]
set yrange [-1.05:1.05]
set xtics 0,10
set ytics -1,0.5
set xlabel "step"

do for [panel=1:2] {
    set lmargin at screen (panel == 1 ? 0.09 : 0.585)
    set rmargin at screen (panel == 1 ? 0.475 : 0.97)
    run = panel == 1 ? "adam" : "descent"
    if (panel == 1) { set ylabel "alignment $\\cos(u,v)$" } else { unset ylabel }
    set label 1 (panel == 1 ? "Adam" : "gradient descent") at graph 0.5,1.07 center textcolor rgb ink
    set label 2 "from $-0.9$" at 29,-0.55 right textcolor rgb ink
    set label 3 "from $0.05$: dashed" at 29,-0.75 right textcolor rgb grey
    plot for [k=1:4] results."/symmetry-breaking.".run.".csv" using "step":"alignment_".k with lines ls 11, \
         for [k=1:4] results."/symmetry-breaking.".run."-opposite.csv" using "step":"alignment_".k with linespoints ls k pi 3
}
unset multiplot
