# Predicted against observed rates of flips: every layer of every trained model, every cast and noise
width = 15.6; height = 9.4
load style
main = results."/trained-flips.csv"

# Kinds 1 to 6 are casts, 7 to 9 noises of three strengths.
array names[7] = ["fp16", "bf16", "int8", "fp8-e4m3", "fp8-e5m2", "int4", "noise"]
array colours[7] = [blue, orange, green, red, pink, sky, ink]
array symbols[7] = [7, 5, 9, 11, 13, 4, 2]
array sizes[7] = [0.5, 0.45, 0.6, 0.6, 0.65, 0.5, 0.45]
pale(k) = "#80".colours[k][2:*]
is(k) = (k < 7 ? column("kind") == k : column("kind") >= 7)
seen(k, value) = (is(k) && column("observed") > 0 ? value : NaN)
ratio(value) = column(value)/column("predicted")
set datafile missing NaN

set multiplot

# Left: the rates.
set lmargin at screen 0.075
set rmargin at screen 0.585
set tmargin at screen 0.93
set bmargin at screen 0.125
set logscale xy
low = 3.5e-4; high = 1.3
set xrange [low:high]
set yrange [low:high]
set format x log_format
set format y log_format
set xlabel "predicted share of rows that flip"
set label 1 "observed share" at graph 0,1.04 left
do for [k = 1:7] {
  set label 10 + k names[k] at graph 0.76,0.44 - 0.055 * k left textcolor rgb colours[k]
  set label 20 + k "" at graph 0.725,0.44 - 0.055 * k point pt symbols[k] ps sizes[k] lc rgb colours[k]
}
plot x with lines ls 11 dt solid lw 1.4, \
     for [k = 1:7] main using (seen(k, column("predicted"))):"low":(0):(column("high") - column("low")) with vectors nohead lc rgb pale(k) lw 0.7, \
     for [k = 1:7] main using (seen(k, column("predicted"))):"rate" with points pt symbols[k] ps sizes[k] lc rgb colours[k] lw 0.8
do for [k = 1:7] {
  unset label 10 + k
  unset label 20 + k
}

# Right: the ratios, where there are enough flips to see them.
set lmargin at screen 0.675
set rmargin at screen 0.99
unset logscale y
set xrange [2e-2:1.2]
set yrange [0.8:1.2]
set format y "$%g$"
set ytics 0.1
set xtics (0.02, 0.05, 0.1, 0.2, 0.5, 1) format "$%g$"
set xlabel "predicted share"
set label 1 "observed over predicted" at graph 0,1.04 left
plot 1 with lines ls 11 dt solid lw 1.4, \
     for [k = 1:7] main using (seen(k, column("predicted"))):(ratio("low")):(0):(ratio("high") - ratio("low")) with vectors nohead lc rgb pale(k) lw 0.7, \
     for [k = 1:7] main using (seen(k, column("predicted"))):(ratio("rate")) with points pt symbols[k] ps sizes[k] lc rgb colours[k] lw 0.8
unset multiplot
