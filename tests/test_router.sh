#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# moegeom router from the outside: a gate that is known by hand, every option, shards, every refusal. Speaks TAP; run from the
# project's root when build/bin/moegeom is built.
source tests/support/tap.sh || exit 1
moegeom=build/bin/moegeom

router() { run "$moegeom" router "$@"; }

# tensors FILE HEADER HEX: a .safetensors file with this header and these bytes.
tensors() {
    local length=${#2}
    {
        printf "\\x$(printf %02x $((length & 255)))\\x$(printf %02x $((length >> 8)))\\0\\0\\0\\0\\0\\0%s" "$2"
        printf "$(sed -E 's/ //g; s/../\\x&/g' <<<"$3")"
    } >"$1"
}

# first NAME: what stands behind the first of these keys in JSON.
first() { grep -oE "\"$1\":[^,}]*" "$tmp/out" | head -n 1 | cut -d : -f 2; }
near() { awk -v a="$1" -v b="$2" -v t="$3" 'BEGIN { d = a - b; exit !(a ~ /^[-0-9]/ && (d < 0 ? -d : d) <= t) }'; }

# refuses STATUS WHAT TEXT -- ARGUMENT ...: ends so, says the text in its only line, and prints no result.
refuses() {
    local want=$1 what=$2 text=$3
    shift 4
    router "$@"
    [ $status = "$want" ] && [ ! -s "$tmp/out" ] && [ "$(wc -l <"$tmp/err")" = 1 ] && grep -qF -- "$text" "$tmp/err"
    report $? "status $want: $what"
}

# ---- Three experts in the plane: (1, 0), (0, 1), (-1, -1)

gate='{"model.layers.5.mlp.gate.weight":{"dtype":"BF16","shape":[3,2],"data_offsets":[0,12]},"model.layers.5.mlp.gate_proj.weight":{"dtype":"U8","shape":[2],"data_offsets":[12,14]}}'
rows='803f0000 0000803f 80bf80bf 0000'
mkdir "$tmp/a"
tensors "$tmp/a/model.safetensors" "$gate" "$rows"
router "$tmp/a" --json
[ $status = 0 ] && [ "$(first layer)" = 5 ] && [ "$(first active)" = null ] && [ "$(first circles)" = null ] && [ ! -s "$tmp/err" ] &&
    grep -qF '"rule":"logits"' "$tmp/out" && grep -qF '"left_out":[{"pattern":"model.layers.*.mlp.gate_proj.weight","count":1,' "$tmp/out"
report $? "shape without k: no cells"
router "$tmp/a"
grep -qF 'k is not known' "$tmp/out" && grep -qF 'config.json: none' "$tmp/out" && grep -qF 'routing cells' "$tmp/out" &&
    grep -qF 'left out: 1 x model.layers.*.mlp.gate_proj.weight: a projection' "$tmp/out"
report $? "the text says that k is missing, what was left out, and what is counted"
grep -qE '"angles_degrees":\{"least":90.0,"median":135.0,"most":135.0\}' <("$moegeom" router "$tmp/a/model.safetensors" --json)
report $? "angles"
printf '3 1\n-1 0\n0 -2\n' >"$tmp/points"
# At (3, 1) the logits are 3, 1, -4; on the line to (-1, 0) all three experts lead in turn, as on every circle.
router "$tmp/a" --active 1 --points "$tmp/points" --circles 3 --json
[ $status = 0 ] && near "$(first relative_median)" 0.447214 1e-5 && grep -qF '"walls":{"seeded":false,"of_the_cell":true,' "$tmp/out" &&
    near "$(first distance)" 1.41421356 1e-8 && grep -qF '"circles":{"count":3,"observed":3.0,"observed_se":0.0,"expected":3.0' "$tmp/out" &&
    grep -qF '"line":{"sets":3},"plane":{"sets":3}' "$tmp/out" && grep -qF '"rank":2,"affine_rank":2' "$tmp/out"
report $? "walls, circles, line and plane through given points"
router "$tmp/a" --active 2 --json
[ $status = 0 ] && grep -qF '"observed":3.0,"observed_se":0.0,' "$tmp/out" && grep -qF '"plane":{"sets":3}' "$tmp/out"
report $? "k = 2 leaves out one of three"
router "$tmp/a" --active 1 --circles 1 --json
[ $status = 0 ] && [ "$(first observed_se)" = null ] && [ "$(first observed)" = 3.0 ]
report $? "one circle has no standard error"
router "$tmp/a" --active 1 --seed 1 --json && cp "$tmp/out" "$tmp/one" && router "$tmp/a" --active 1 --json && cmp -s "$tmp/one" "$tmp/out" &&
    router "$tmp/a" --active 1 --seed 2 --json && ! cmp -s "$tmp/one" "$tmp/out"
report $? "seeds: 1 by default, another one draws other points"
printf '\x93NUMPY\x01\x00\x46\x00%-69s\n' "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }" >"$tmp/p.npy"
printf '\0\0\x40\x40\0\0\x80\x3f\0\0\x80\xbf\0\0\0\0\0\0\0\0\0\0\0\xc0' >>"$tmp/p.npy"
router "$tmp/a" --active 1 --points "$tmp/p.npy" --json && cp "$tmp/out" "$tmp/one" &&
    router "$tmp/a" --active 1 --points "$tmp/points" --json && cmp -s "$tmp/one" "$tmp/out"
report $? "the same points as .npy and as text"
printf '3 1\n' >"$tmp/point"
router "$tmp/a" --active 1 --points "$tmp/point"
[ $status = 0 ] && grep -qF 'line through p0 and p1: none' "$tmp/out" && grep -qF 'plane through p0, p1 and p2: none' "$tmp/out"
report $? "one point spans neither a line nor a plane"
router "$tmp/a" --active 1 --draw "$tmp/p.svg" && grep -q '<svg' "$tmp/p.svg"
report $? "a picture"
router --help
[ $status = 0 ] && [ -s "$tmp/out" ] && [ ! -s "$tmp/err" ]
report $? "--help"

# ---- config.json, shards, biases

mkdir "$tmp/b"
tensors "$tmp/b/x-1.safetensors" '{"m.layers.10.mlp.gate.weight":{"dtype":"BF16","shape":[3,2],"data_offsets":[0,12]},"m.layers.9.mlp.gate.weight":{"dtype":"BF16","shape":[3,2],"data_offsets":[12,24]}}' \
    '803f0000 0000803f 80bf80bf 803f0000 803f0000 80bf80bf'
tensors "$tmp/b/x-2.safetensors" '{"m.layers.9.mlp.gate.e_score_correction_bias":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}' '0000803f 00000040 000080bf'
index='{"weight_map":{"m.layers.10.mlp.gate.weight":"x-1.safetensors","m.layers.9.mlp.gate.weight":"x-1.safetensors","m.layers.9.mlp.gate.e_score_correction_bias":"x-2.safetensors","m.layers.9.mlp.experts.0.up_proj.weight":"absent.safetensors"}}'
echo "$index" >"$tmp/b/model.safetensors.index.json"
echo '{"model_type":"toy","n_routed_experts":3,"num_experts_per_tok":1,"hidden_size":2,"num_hidden_layers":10,"scoring_func":"sigmoid"}' >"$tmp/b/config.json"
router "$tmp/b" --json
[ $status = 0 ] && [ "$(first active)" = 1 ] && [ "$(grep -o '"name":"[^"]*"' "$tmp/out" | tr '\n' ' ')" = '"name":"m.layers.9.mlp.gate.weight" "name":"m.layers.10.mlp.gate.weight" ' ] &&
    grep -qF '"bias_range":[-1.0,2.0]' "$tmp/out" && grep -qF '"rule":"sigmoid + selection bias","why":"config.json scores by sigmoid; tensor e_score_correction_bias","flat_walls":false' "$tmp/out" &&
    grep -qF '"tensors":4,' "$tmp/out" && ! grep -qF '"line"' "$tmp/out"
report $? "shards, k from config.json, layers in natural order, a selection bias"
router "$tmp/b/model.safetensors.index.json"
[ $status = 0 ] && grep -qF 'walls of the choice are curved' "$tmp/out" && grep -qF 'rule from here on: sigmoid (' "$tmp/out" &&
    grep -qF '1 of the gates lie behind the last of the 10 layers' "$tmp/out" && [ "$(grep -cE '^ +(9|10) +3 +2 ' "$tmp/out")" = 2 ]
report $? "the same as text, from the index"
router "$tmp/b" --layer 9
[ $status = 0 ] && grep -qF 'selection bias: -1 to 2' "$tmp/out" && grep -qF 'equal rows: 1 pairs' "$tmp/out" &&
    grep -qF 'not counted, experts 0 and 1 have identical logits' "$tmp/out" && ! grep -qF 'layers.10.' "$tmp/out"
report $? "--layer: the details of one gate, with equal rows"
router "$tmp/b" --layer 10 --active 2 --json
[ $status = 0 ] && grep -qF '"active":2,"rule":' "$tmp/out" && grep -qF '"duplicates":0' "$tmp/out"
report $? "--active overrides config.json"

# ---- Refusals

refuses 1 "no checkpoint" 'expected a checkpoint' --
refuses 1 "two checkpoints" 'expected one argument' -- "$tmp/a" "$tmp/b"
refuses 1 "an unknown option" 'unknown option --nonsense' -- --nonsense
refuses 1 "an option given twice" '--seed is given twice' -- "$tmp/a" --seed 1 --seed 2
refuses 1 "k = 0" '--active expects an integer from 1' -- "$tmp/a" --active 0
refuses 1 "k = N" '--active expects at most 2, fewer than the experts of model.layers.5.mlp.gate.weight, found 3' -- "$tmp/a" --active 3
refuses 1 "no circles" '--circles expects an integer from 1 to 10000' -- "$tmp/a" --circles 0
refuses 1 "a margin beyond" '--margin expects' -- "$tmp/a" --margin 0.5
refuses 1 "a picture of another kind" 'ends in .svg or .pdf' -- "$tmp/a" --draw "$tmp/p.png"
refuses 1 "a picture without k" 'a picture needs k' -- "$tmp/a" --draw "$tmp/q.svg"
refuses 1 "a picture of two gates" '--draw expects one gate, found 2' -- "$tmp/b" --draw "$tmp/q.svg"
refuses 2 "a layer without a gate" 'expected a gate in layer 3, found gates in layers 9 to 10' -- "$tmp/b" --layer 3
refuses 2 "a picture of equal rows" 'experts 0 and 1 have identical logits on the plane' -- "$tmp/b" --layer 9 --draw "$tmp/q.svg"
refuses 2 "a picture of two points" 'expected three points that are not on a line' -- "$tmp/a" --active 1 --points "$tmp/point" --draw "$tmp/q.svg"
[ ! -e "$tmp/q.svg" ]
report $? "no picture was left behind"
refuses 2 "no such checkpoint" 'expected a .safetensors file, an index.json or a folder' -- "$tmp/nothing"
mkdir "$tmp/c"
refuses 2 "an empty folder" 'found neither' -- "$tmp/c"
printf '3 1 4\n' >"$tmp/wide"
refuses 2 "points of another dimension" 'expected the end of the line after 2 coordinates' -- "$tmp/a" --points "$tmp/wide"
: >"$tmp/none"
refuses 2 "no points" 'expected 1 to 4096 points, found 0' -- "$tmp/a" --points "$tmp/none"
yes '1 2' | head -n 4097 >"$tmp/many"
refuses 3 "too many points" 'expected 1 to 4096 points, found 4097: give fewer of them' -- "$tmp/a" --points "$tmp/many"
printf '\x93NUMPY\x01\x00\x46\x00%-69s\n' "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }" >"$tmp/w.npy"
head -c 24 /dev/zero >>"$tmp/w.npy"
refuses 2 "an array of another width" 'expected rows of 2 numbers' -- "$tmp/a" --points "$tmp/w.npy"

tensors "$tmp/c/model.safetensors" "$gate" '803f0000 0000c07f 80bf80bf 0000'
refuses 2 "NaN" 'row 1 (from 0, of 3), element 3 (from 0, of 6): expected a finite number, found NaN' -- "$tmp/c"
tensors "$tmp/c/model.safetensors" "${gate/BF16/F8_E4M3}" '803f0000 0000'
refuses 2 "a wrong size" 'expected 6 bytes from shape and dtype' -- "$tmp/c"
tensors "$tmp/c/model.safetensors" '{"x.gate.weight":{"dtype":"F8_E4M3","shape":[3,2],"data_offsets":[0,6]}}' '000000000000'
refuses 2 "fp8" 'expected a gate matrix of F64, F32, F16 or BF16, found F8_E4M3 of shape [3, 2]' -- "$tmp/c"
tensors "$tmp/c/model.safetensors" '{"x.gate.weight":{"dtype":"BF16","shape":[6],"data_offsets":[0,12]}}' '000000000000000000000000'
refuses 2 "a vector" 'two sizes, found BF16 of shape [6]' -- "$tmp/c"
tensors "$tmp/c/model.safetensors" '{"x.up_proj.weight":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}' '0000'
refuses 2 "no gates" 'expected the gate matrix of a router, a tensor called ...gate.weight, ...router.weight' -- "$tmp/c"
head -c 5 "$tmp/a/model.safetensors" >"$tmp/c/model.safetensors"
refuses 2 "a cut file" 'expected 8 bytes of header length' -- "$tmp/c"
tensors "$tmp/c/model.safetensors" "$gate" "$rows"
for config in '{' '[1]' '{"num_experts":4}' '{"hidden_size":5}' '{"num_experts":"3"}' '{"k":1,"k":2}' '{"num_experts":3,"num_experts_per_tok":3}'; do
    echo "$config" >"$tmp/c/config.json"
    refuses 2 "config.json $config" 'config.json' -- "$tmp/c"
done

# An index that names what is not there, or leads out of its folder.
for map in '"x-3.safetensors"' '"/x-1.safetensors"' '"../b/x-1.safetensors"' '"model.safetensors.index.json"' '1' '"x-2.safetensors"'; do
    mkdir -p "$tmp/d"
    cp "$tmp/b"/x-*.safetensors "$tmp/d"
    echo "{\"weight_map\":{\"m.layers.9.mlp.gate.weight\":$map}}" >"$tmp/d/model.safetensors.index.json"
    refuses 2 "a shard $map" 'safetensors' -- "$tmp/d"
done
echo '{"weight_map":' >"$tmp/d/model.safetensors.index.json"
refuses 2 "an index that is no JSON" 'expected JSON without repeated keys' -- "$tmp/d"
ln -sf x-1.safetensors "$tmp/d/x-0.safetensors"
ln -sf x-9.safetensors "$tmp/d/x-9.safetensors"
echo '{"weight_map":{"m.layers.9.mlp.gate.weight":"x-9.safetensors"}}' >"$tmp/d/model.safetensors.index.json"
refuses 2 "a link to itself" 'cannot read' -- "$tmp/d"
printf '{"weight_map":{"m.layers.9.mlp.gate.weight":"\\u001b[31m.safetensors"}}' >"$tmp/d/model.safetensors.index.json"
refuses 2 "a name that steers a terminal" 'd/?[31m.safetensors: No such file' -- "$tmp/d"
mkdir "$tmp/g"
cp "$tmp/b/x-1.safetensors" "$tmp/g/model.safetensors"
ln -s nowhere "$tmp/g/config.json"
refuses 2 "a config.json that leads nowhere" 'g/config.json: No such file' -- "$tmp/g"
echo '{"weight_map":{"m.layers.9.mlp.gate.weight":"x-0.safetensors"}}' >"$tmp/d/model.safetensors.index.json"
router "$tmp/d" && [ $status = 0 ]
report $? "a link to a shard, as download caches have"

# More experts than slices are counted for: everything else works.
mkdir "$tmp/e"
tensors "$tmp/e/model.safetensors" '{"a.0.gate.weight":{"dtype":"BF16","shape":[4097,1],"data_offsets":[0,8194]},"a.1.gate.weight":{"dtype":"BF16","shape":[4097,1],"data_offsets":[8194,16388]}}' ''
head -c 16388 /dev/zero >>"$tmp/e/model.safetensors"
refuses 3 "too many experts for slices" 'slices are counted for at most 4096 experts, found 4097: leave out --layer' -- "$tmp/e" --layer 0 --active 2
mkdir "$tmp/f"
tensors "$tmp/f/model.safetensors" '{"gate.weight":{"dtype":"BF16","shape":[2,2],"data_offsets":[0,8]}}' '0000000000000000'
router "$tmp/f" --active 1 --json
[ $status = 0 ] && grep -qF '"duplicates":1' "$tmp/out" && grep -qF '"zero_rows":2' "$tmp/out" && grep -qF '"median":null' "$tmp/out" &&
    grep -qF '"rank":0' "$tmp/out" && grep -qF '"observed":0.0' "$tmp/out"
report $? "zeros: equal rows, no angles, no changes"
finish
