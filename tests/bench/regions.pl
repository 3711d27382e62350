# SPDX-License-Identifier: GPL-3.0-or-later
# Regions of an arrangement by polymake: polymake --script regions.pl FILE. The chambers of the cone over the
# arrangement in the half-space x_0 >= 0, all of them with their rays.
use application "fan";

open(my $file, "<", $ARGV[0]) or die "$ARGV[0]: $!\n";
my @rows = map { [split] } grep { /\S/ && !/^\s*#/ } <$file>;
my ($kind, $n, $d) = @{shift @rows};
die "$ARGV[0]: no arrangement\n" unless $kind eq "arrangement" && @rows == $n;
my $planes = new Matrix<Rational>([map { [$_->[$d], @{$_}[0 .. $d - 1]] } @rows]);
my $half = new polytope::Cone<Rational>(INEQUALITIES => [[1, (0) x $d]]);
my $arrangement = new HyperplaneArrangement<Rational>(HYPERPLANES => $planes, SUPPORT => $half);
print $arrangement->CHAMBER_DECOMPOSITION->N_MAXIMAL_CONES, "\n";
