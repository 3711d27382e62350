# The look of every figure. A script sets `width` and `height` (in cm) and says `load style`; pipeline/figure.sh
# passes `name` (the figure), `results` (folder of the CSV files) and `style` (this file).

set terminal cairolatex pdf input colortext size (width)*1cm,(height)*1cm font ",9" fontscale 1 linewidth 1 rounded
set output name.".tex"
set datafile separator ","
set datafile commentschars "#"
set encoding utf8

# Okabe and Ito's colours, which readers with any colour vision tell apart; grey is kept for theory.
blue = "#0072B2"; orange = "#E69F00"; green = "#009E73"; red = "#D55E00"; pink = "#CC79A7"; sky = "#56B4E9"
grey = "#7A7A7A"; ink = "#222222"

# 1 to 6: measurements, solid with points that differ in shape; 11 to 13: theory, thin and dashed.
set style line 1 lc rgb blue   lw 1.6 dt solid     pt 7  ps 0.55
set style line 2 lc rgb orange lw 1.6 dt solid     pt 5  ps 0.55
set style line 3 lc rgb green  lw 1.6 dt solid     pt 9  ps 0.65
set style line 4 lc rgb red    lw 1.6 dt solid     pt 11 ps 0.65
set style line 5 lc rgb pink   lw 1.6 dt solid     pt 13 ps 0.70
set style line 6 lc rgb sky    lw 1.6 dt solid     pt 15 ps 0.60
set style line 11 lc rgb grey  lw 1.0 dt (6,3)
set style line 12 lc rgb grey  lw 1.0 dt (2,2)
set style line 13 lc rgb grey  lw 1.0 dt (8,3,2,3)
# Printed values of the papers: open diamonds in ink.
set style line 20 lc rgb ink   lw 1.2 dt solid     pt 12 ps 1.0
set style fill transparent solid 0.18 noborder

set border 3 lc rgb ink lw 0.8
set tics out nomirror scale 0.6 textcolor rgb ink
set key off

# The document sets all labels in \footnotesize; tic labels are formulas.
set format x "$%g$"
set format y "$%g$"
# The terminal guesses the size of LaTeX text; these offsets put axis labels where they belong at \footnotesize.
set xlabel offset 0,0.6
set ylabel offset 2.2,0
log_format = "$10^{%L}$"
small(text) = text
