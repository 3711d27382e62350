#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Fuzzes the readers of inputs: tests/fuzz/run.sh SECONDS [TARGET ...]; each target has so many seconds, and two run side by
# side. New inputs are kept in build/fuzz/TARGET.found, crashes are left in build/fuzz. Exit status 0: nothing was found.
# Needs clang and libclang-rt-14-dev.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:?usage: tests/fuzz/run.sh SECONDS [instance] [certificate] [array] [npy] [safetensors]}
shift
[ $# -gt 0 ] || set -- instance certificate array npy safetensors
out=build/fuzz
sources=(tests/fuzz/fuzz.c src/geometry/{arrangement,layer,check}.c src/stat/stream.c
    src/io/{fault,quote,floats,numbers,rational,words,digest,safetensors,npy,text,array,scores}.c
    src/io/{dump,dump_layers,dump_text,instance,output,certificate,verify}.c)

fuzz() { # TARGET
    mkdir -p "$out/$1.found"
    clang -std=c17 -O1 -g -ffp-contract=off -D_GNU_SOURCE -Isrc -fno-omit-frame-pointer \
        -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
        "tests/fuzz/fuzz_$1.c" "${sources[@]}" -o "$out/fuzz_$1" \
        -lflint -lgsl -lopenblas -lgmp -ljansson -lcsv -lmd -lm
    "$out/fuzz_$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=4096 \
        -artifact_prefix="$out/" "$out/$1.found" tests/fuzz/corpus
}

failed=0 running=0
for target; do
    if [ $running -eq 2 ]; then
        wait -n || failed=1
        running=$((running - 1))
    fi
    fuzz "$target" &
    running=$((running + 1))
done
while [ $running -gt 0 ]; do
    wait -n || failed=1
    running=$((running - 1))
done
exit $failed
