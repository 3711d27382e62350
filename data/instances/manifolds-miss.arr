# depth/rem-4.25: Three lines in general position, seven regions, one of which contains the whole unit circle.
arrangement 3 2
3 4 -10
-4 3 -10
0 1 3
