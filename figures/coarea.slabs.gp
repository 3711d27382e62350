# A line, a circle and a cubic with their slabs |S| <= w over points of the input: the score is wide where its gradient is small
width = 15.6; height = 5.9
load style

file = results."/coarea.csv"
points = results."/coarea.points.csv"
w = 0.3
array row[3] = [4, 5, 7]
array shade[3] = [blue, orange, green]
array slope[3]; array one[3]; array two[3]; array three[3]
do for [i = 1:3] {
    stats file using (column("slope")) every ::row[i]::row[i] name "A" nooutput
    stats file using (column("shape_1")) every ::row[i]::row[i] name "B" nooutput
    stats file using (column("shape_2")) every ::row[i]::row[i] name "C" nooutput
    stats file using (column("shape_3")) every ::row[i]::row[i] name "D" nooutput
    slope[i] = A_min; one[i] = B_min; two[i] = C_min; three[i] = D_min
}
line(x, t) = (three[1] + t / slope[1] - one[1] * x) / two[1]
radius(t) = sqrt(three[2] * (three[2] + 2 * t / slope[2]))
cubic(x, t) = one[3] * x**3 + two[3] * x + three[3] + t / slope[3]
# Once around the outer circle, and back along the inner one.
ring(v) = v < 2 * pi ? radius(w) : radius(-w)

set multiplot
set tmargin at screen 0.91
set bmargin at screen 0.115
set xrange [-3.2:3.2]
set yrange [-3.2:3.2]
set xtics -2, 2
set ytics -2, 2
set samples 400
set parametric
set trange [-3.2:3.2]
inside(value) = abs(column(value)) <= w
array name[3] = ["line", "circle", "cubic"]
do for [i = 1:3] {
    set lmargin at screen 0.05 + 0.33 * (i - 1)
    set rmargin at screen 0.05 + 0.33 * (i - 1) + 0.282
    set label 1 name[i] at graph 0.03, 1.05 left textcolor rgb shade[i]
    s = name[i]
    if (i == 2) {
        plot points using (column("x")):(inside(s) ? NaN : column("y")) with points pt 7 ps 0.2 lc rgb "#A0A0A0", \
             '+' using (t = 2 * pi * ($1 + 3.2) / 3.2, one[2] + ring(t) * cos(t)):(two[2] + ring(t) * (t < 2 * pi ? 1 : -1) * sin(t)) \
                 with filledcurves closed lc rgb shade[i], \
             points using (column("x")):(inside(s) ? column("y") : NaN) with points pt 7 ps 0.26 lc rgb shade[i], \
             one[2] + three[2] * cos(pi * t / 3.2), two[2] + three[2] * sin(pi * t / 3.2) with lines lc rgb shade[i] lw 1.8
    } else {
        plot points using (column("x")):(inside(s) ? NaN : column("y")) with points pt 7 ps 0.2 lc rgb "#A0A0A0", \
             '+' using 1:(i == 1 ? line($1, -w) : cubic($1, -w)):(i == 1 ? line($1, w) : cubic($1, w)) \
                 with filledcurves lc rgb shade[i], \
             points using (column("x")):(inside(s) ? column("y") : NaN) with points pt 7 ps 0.26 lc rgb shade[i], \
             t, (i == 1 ? line(t, 0) : cubic(t, 0)) with lines lc rgb shade[i] lw 1.8
    }
}
unset multiplot
