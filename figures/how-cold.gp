# How cold is cold enough: temperature over tolerance by law, proof and uniform bounds, and what the law misses
width = 15.6; height = 6.6
load style
main = results."/how-cold.csv"
curves = results."/how-cold.curves.csv"
offsets = results."/how-cold.offsets.csv"

set multiplot

# Left: the temperatures of the set-up of Table 1.
set lmargin at screen 0.085
set rmargin at screen 0.53
set tmargin at screen 0.965
set bmargin at screen 0.17
set logscale xy
set xrange [1e-6:0.6]
set yrange [3e-9:3]
set xtics ("$10^{-6}$" 1e-6, "$10^{-5}$" 1e-5, "$10^{-4}$" 1e-4, "$10^{-3}$" 1e-3, "$10^{-2}$" 1e-2, "$10^{-1}$" 0.1)
set ytics ("$10^{-8}$" 1e-8, "$10^{-6}$" 1e-6, "$10^{-4}$" 1e-4, "$10^{-2}$" 1e-2, "$1$" 1)
set xlabel "tolerance $\\varepsilon$"
set ylabel "temperature $\\tau$"
# Along the lines, whose slope on paper is that of 26 degrees.
set label 1 "exact, and law (dashed)" at 1.6e-5,1.0e-4 left rotate by 26 textcolor rgb blue
set label 3 "realisable bound" at 1.6e-5,4.2e-6 left rotate by 26 textcolor rgb green
set label 4 "sharp bound" at 1.6e-5,5.2e-7 left rotate by 26 textcolor rgb orange
set label 5 "Theorem 4.5" at 5e-4,6.0e-7 left rotate by 26 textcolor rgb red
plot curves using "tolerance":"exact" with lines ls 1, \
     main using "tolerance":"exact" with points ls 1, \
     curves using "tolerance":"law" with lines ls 11, \
     curves using "tolerance":"realisable" with lines ls 3, \
     curves using "tolerance":"sharp" with lines ls 2, \
     curves using "tolerance":"paper" with lines ls 4
unset label

# Right: the exact gap at these temperatures.
set lmargin at screen 0.655
set rmargin at screen 0.985
unset logscale y
set xrange [1e-4:0.32]
set yrange [0.5:1.4]
set xtics ("$10^{-4}$" 1e-4, "$10^{-3}$" 1e-3, "$10^{-2}$" 1e-2, "$10^{-1}$" 0.1)
set ytics 0.6,0.2 format "$%g$"
set xlabel "tolerance $\\varepsilon$"
set ylabel "gap over tolerance"
set label 6 "law, $b=2$" at 0.07,1.2 right textcolor rgb grey
set label 7 "proven, $b=2$" at 0.06,0.78 right textcolor rgb pink
set label 8 "law and proven, $b=0$" at 1.3e-4,0.945 left textcolor rgb blue
plot offsets using "tolerance":"law_far" with lines ls 11 lw 1.6, \
     offsets using "tolerance":"proven_far" with lines ls 5, \
     offsets using "tolerance":"law_near" with lines ls 1
unset multiplot
