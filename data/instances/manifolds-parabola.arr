# depth/prop-4.24: The parabola y = x^2 meets all four regions of x = 0 and y = 1; Phi(2, 1) = 3.
arrangement 2 2
1 0 0
0 1 -1
