# depth/def-4.8: The points 0 and 1 of the line: 3 regions, as many as Phi(2, 1), although two hyperplanes of a line are always
# parallel. Against condition (i) of Definition 4.8 of arXiv 2602.03204v2.
arrangement 2 1
1  0
1 -1
