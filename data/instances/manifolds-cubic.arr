# depth/prop-4.24: The cubic y = x^3 - x meets all seven regions of three lines; Phi(3, 1) = 4.
arrangement 3 2
0 1 -1
1 -1 0
2 -1 1
