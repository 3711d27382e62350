# depth/prop-4.24: The coordinate planes cut the unit sphere in space into eight triangles; Phi(3, 2) = 7.
arrangement 3 3
1 0 0 0
0 1 0 0
0 0 1 0
