# depth/fig-7: x = 0, y = 0, x + y = 1: seven regions, but the zonotope [0,w1] + [0,w2] + [0,w3] of the normals is a hexagon.
# The bounded region, pattern {1,1,0}, belongs to w1 + w2 = (1,1), the centre of the hexagon and no vertex of it
# (Sparsity is Combinatorial Depth, caption of Fig. 7).
arrangement 3 2
1 0 0
0 1 0
1 1 -1
