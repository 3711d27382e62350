# A moved interface with the layers it gains and loses, and a kink of the hard risk with the soft risks that round it.
width = 15.6; height = 6.6
load style
patch = results."/shape-derivative.patch.csv"
layers = results."/shape-derivative.layers.csv"
kink = results."/shape-derivative.kink.csv"

set multiplot
set tmargin at screen 0.93
set bmargin at screen 0.2

# ---- Left: the picture ----
set lmargin at screen 0.01
set rmargin at screen 0.40
unset border
unset tics
set xrange [-2.35:2.35]
set yrange [-2.2:2.2]
set label 1 "(a) layers gained and lost" at graph 0.5,1.05 center
set label 2 "$\\Omega_k=\\{S>0\\}$" at -1.5,1.95 center textcolor rgb ink
set label 3 "$\\Omega_\\ell$" at 1.7,-1.9 center textcolor rgb ink
set label 4 "gained, $\\varphi>0$: $D_{k\\ell}(\\mu_\\ell)$" at -1.0,0.85 center textcolor rgb blue
set label 5 "lost, $\\varphi<0$: $D_{k\\ell}(\\mu_k)$" at 1.05,-0.85 center textcolor rgb red
set label 6 "$n$" at -1.52,-1.12 left textcolor rgb grey
# The head of the table is row 0.
plot layers using 2:3 every ::1::82 with filledcurves closed fs transparent solid 0.35 noborder lc rgb blue, \
     layers using 2:3 every ::83::164 with filledcurves closed fs transparent solid 0.35 noborder lc rgb red, \
     layers using 2:3 every ::42::82 with lines lc rgb ink lw 1.2 dt (4,3), \
     layers using 2:3 every ::124::164 with lines lc rgb ink lw 1.2 dt (4,3), \
     patch using "x":"y" with lines lc rgb ink lw 1.5, \
     patch using "x":"y":(0.4*column("nx")):(0.4*column("ny")) every 24::13 with vectors head filled size 0.10,20 lc rgb grey lw 1.2
unset label

# ---- Middle: the kink, rounded ----
set border 3
set lmargin at screen 0.475
set rmargin at screen 0.70
set xrange [-0.8:0.8]
set yrange [0:1.6]
set xtics -0.5,0.5 out nomirror
set ytics 0,0.5 out nomirror
set xlabel "$s$"
set label 1 "(b) $L_0(s)=2|s|$ and $L_\\tau(s)$" at graph 0.5,1.05 center
set label 2 "$\\tau=0.2$" at 0.36,0.32 left textcolor rgb blue
plot kink using "s":"hard" with lines lc rgb ink lw 1.2, \
     kink using "s":"soft_1" with lines ls 1, \
     kink using "s":"soft_2" with lines ls 2, \
     kink using "s":"soft_3" with lines ls 3
unset label

# ---- Right: its slope ----
set lmargin at screen 0.79
set rmargin at screen 0.985
set yrange [-2.3:2.3]
set ytics -2,2
set label 1 "(c) $L_\\tau'(s)$" at graph 0.5,1.05 center
set label 2 "$\\tau=0.2$" at 0.30,0.75 left textcolor rgb blue
set label 3 "$\\tau=0.1$" at -0.10,1.0 right textcolor rgb orange
set label 4 "$\\tau=0.04$" at -0.04,1.6 right textcolor rgb green
plot 2 with lines ls 11, -2 with lines ls 11, \
     kink using "s":"slope_1" with lines ls 1, \
     kink using "s":"slope_2" with lines ls 2, \
     kink using "s":"slope_3" with lines ls 3
unset multiplot
