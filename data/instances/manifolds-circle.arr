# depth/prop-4.24: Two lines cut the unit circle x^2 + y^2 = 1 into four arcs in four regions; Phi(2, 1) = 3.
arrangement 2 2
1 0 0
0 1 0
