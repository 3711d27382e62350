# depth/ass-4.22: One plane is transversal to the unit sphere, a surface, although 1 < 2: it cuts it in the equator.
arrangement 1 3
0 0 1 0
