# The discriminating run: training from alignment -0.9 with the contrast along the separator, and the linear theory
width = 15.6; height = 6.2
load style

set multiplot
set tmargin at screen 0.90
set bmargin at screen 0.19
set xrange [0:20]
set yrange [-1.08:1.08]
set xtics 0,5
set ytics -1,0.5
set xlabel "step"

do for [panel=1:2] {
    set lmargin at screen (panel == 1 ? 0.09 : 0.585)
    set rmargin at screen (panel == 1 ? 0.475 : 0.97)
    run = results."/symmetry-breaking.".(panel == 1 ? "adam" : "descent")."-along.csv"
    if (panel == 1) { set ylabel "alignment $\\cos(u,v)$" } else { unset ylabel }
    set label 1 (panel == 1 ? "Adam" : "gradient descent") at graph 0.5,1.07 center textcolor rgb ink
    set label 2 "linear dynamics of section 6" at 19.5,-0.86 right textcolor rgb grey
    plot results."/symmetry-breaking.linear.csv" using "step":"alignment" with lines ls 11, \
         for [k=1:4] run using "step":"alignment_".k with linespoints ls k pi 2
}
unset multiplot
