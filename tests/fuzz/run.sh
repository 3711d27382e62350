#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Fuzzes the readers of inputs: tests/fuzz/run.sh SECONDS [TARGET ...]; each target has so many seconds. New inputs
# are kept in build/fuzz/TARGET.found, crashes are left in build/fuzz. Exit status 0: nothing was found.
# Needs clang and libclang-rt-14-dev.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:?usage: tests/fuzz/run.sh SECONDS [instance] [certificate] [array]}
shift
[ $# -gt 0 ] || set -- instance certificate array
out=build/fuzz
sources=(src/geometry/{arrangement,layer,check}.c src/stat/stream.c
    src/io/{fault,quote,floats,rational,words,digest,safetensors,npy,array,instance,output,certificate,verify}.c)
for target; do
    mkdir -p "$out/$target.found"
    clang -std=c17 -O1 -g -ffp-contract=off -D_GNU_SOURCE -Isrc -fno-omit-frame-pointer \
        -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
        "tests/fuzz/fuzz_$target.c" "${sources[@]}" -o "$out/fuzz_$target" \
        -lflint -lgsl -lopenblas -lgmp -ljansson -lcsv -lmd -lm
    "$out/fuzz_$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=4096 \
        -artifact_prefix="$out/" "$out/$target.found" tests/fuzz/corpus
done
