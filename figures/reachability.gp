# The shapes (d, N, k) of which some router reaches all coalitions, and what the best router found leaves out elsewhere
width = 15.6; height = 8.2
load style

file = results."/reachability.csv"
where(panel_bias, panel_d, allowed_here, value) = \
    (column("bias") == panel_bias && column("d") == panel_d && column("allowed") == allowed_here ? value : NaN)
# The text of such a label is read twice, hence four backslashes.
missing_here(count) = sprintf("\\\\scriptsize $%d$", count)

unset border
set format y "$%g$"
set style fill solid 1 noborder
set xrange [0.4:7.6]
set multiplot
do for [bias = 0:1] {
    do for [d = 1:4] {
        top = d + 4
        left = 0.075 + (d - 1) * 0.235
        head = bias == 0 ? 0.925 : 0.445
        set lmargin at screen left
        set rmargin at screen left + 0.215
        set tmargin at screen head
        set bmargin at screen head - 0.335
        set yrange [8.6:1.4]
        set ytics scale 0 2, 1, top
        set label 1 sprintf("$d=%d$", d) at first 0.5 * top, graph 1.07 center
        if (d == 1) {
            set label 2 (bias == 0 ? "$N$, no bias" : "$N$, with bias") at graph -0.22, first 0.5 * (2 + top) center rotate by 90
        } else {
            unset label 2
        }
        if (bias == 1) {
            set label 3 "active $k$" at first 0.5 * top, graph -0.24 center
        } else {
            unset label 3
        }
        set xtics scale 0 1, 1, top - 1 offset 0,0.6
        plot file using (where(bias, d, 1, column("active"))):(column("experts")):(0.46):(0.44) \
                 with boxxyerror lc rgb "#BFE3D6", \
             file using (where(bias, d, 0, column("active"))):(column("experts")):(0.46):(0.44) \
                 with boxxyerror lc rgb "#F6C9A8", \
             file using (where(bias, d, 0, column("active"))):(column("experts")): \
                 (missing_here(column("missing"))) with labels textcolor rgb ink
    }
}
unset multiplot
