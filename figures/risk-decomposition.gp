# Where the risk of a softened teacher lives: its two parts over the temperature, and the confident share against the law
width = 15.5; height = 6.6
load style
curves = results."/risk-decomposition.curves.csv"
plane = results."/risk-decomposition.plane.csv"
law(e) = (-log(1 - e) - e) / (log(2) - 0.5)

set multiplot
set tmargin at screen 0.91
set bmargin at screen 0.18
set logscale xy
set format x log_format
set format y log_format
set xrange [0.01:1]
set xlabel "temperature $\\tau$"

set lmargin at screen 0.075
set rmargin at screen 0.40
set yrange [1e-4:10]
set label 1 "parts of the risk, $\\varepsilon=0.1$" at graph 0, 1.06 left
set label 2 "$(B+B_{\\mathrm{stu}})^2\\,P(U_\\varepsilon)$" at 0.0115, 2.2 left textcolor rgb grey
set label 3 "$4B_{\\mathrm{stu}}^2\\varepsilon^2$" at 1.16, 0.04 left textcolor rgb grey
set label 4 "$\\widetilde L_{\\tau,\\mathrm{bdry}}$" at 1.16, 0.27 left textcolor rgb blue
set label 5 "$\\widetilde L_{\\tau,\\mathrm{int}}$" at 1.16, 0.0017 left textcolor rgb orange
plot curves using "tau":"bound" with lines ls 11, \
     curves using "tau":"confident_bound" with lines ls 12, \
     curves using "tau":"boundary" with linespoints ls 1 pi 5, \
     curves using "tau":"interior" with linespoints ls 2 pi 5
unset label

set lmargin at screen 0.60
set rmargin at screen 0.90
set yrange [1e-3:0.3]
set label 1 "share of the confident inputs" at graph 0, 1.06 left
set label 2 "$\\varepsilon=0.2$" at 1.16, law(0.2) left textcolor rgb green
set label 3 "$\\varepsilon=0.1$" at 1.16, law(0.1) left textcolor rgb blue
set label 4 "$\\varepsilon=0.05$" at 1.16, law(0.05) left textcolor rgb pink
plot law(0.2) with lines ls 11, law(0.1) with lines ls 11, law(0.05) with lines ls 11, \
     curves using "tau":"share_20" with linespoints ls 3 pi 5, \
     curves using "tau":"share_10" with linespoints ls 1 pi 5, \
     curves using "tau":"share_05" with linespoints ls 5 pi 5, \
     plane using (0.02):"share_at_0_02" with points pt 6 ps 0.9 lw 1.4 lc rgb red, \
     plane using (0.04):"share_at_0_04" with points pt 6 ps 0.9 lw 1.4 lc rgb red
unset multiplot
