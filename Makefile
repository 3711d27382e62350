# SPDX-License-Identifier: GPL-3.0-or-later
# moegeom: the graph from sources to build/report.pdf. `make help` says what can be asked for.
#
#   src/ -> build/libmoegeom.a -> one program for each experiment -> results -> figures -> report
#                                                                    claims  -> ledger  -> report
#
# Every file is made under a temporary name and renamed when it is complete, so that a build may be killed anywhere.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := all

# ---- What a user may set -------------------------------------------------------------------------------------------

CC := gcc
CFLAGS := -O2 -g
THREADS :=#           threads of an experiment; empty: one for each core
PREFIX := /usr/local# where `make install` puts bin/moegeom and its manual
QUICK :=#             1: smaller sizes, everything under build/quick
V :=#                 1: print the commands of compilers and linker

# ---- The same bytes everywhere -------------------------------------------------------------------------------------

ifndef MOEGEOM_COMMIT
MOEGEOM_COMMIT := $(shell git describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)
endif
ifndef SOURCE_DATE_EPOCH
SOURCE_DATE_EPOCH := $(shell git log -1 --format=%ct 2>/dev/null || echo 1790000000)
endif
export MOEGEOM_COMMIT SOURCE_DATE_EPOCH
export LC_ALL := C
export TZ := UTC
export FORCE_SOURCE_DATE := 1
export OPENBLAS_NUM_THREADS := 1
# Threads that wait would otherwise burn the cores that tests run on side by side.
export OMP_WAIT_POLICY := passive

# ---- The files -----------------------------------------------------------------------------------------------------

OBJ := build/obj
OUT := build$(if $(QUICK),/quick)
RESULTS := $(OUT)/results
DRAWN := $(OUT)/figures

MAIN := src/cli/moegeom.c
MODULES := $(filter-out $(MAIN),$(wildcard src/number/*.c src/stat/*.c src/geometry/*.c src/routing/*.c src/io/*.c src/cli/*.c))
EXPERIMENT_SOURCES := $(wildcard experiments/*/*.c)
TEST_SOURCES := $(wildcard tests/test_*.c)
TOOL_SOURCES := $(wildcard pipeline/*.c)
BENCH_SOURCES := $(wildcard tests/bench_*.c)
SUPPORT_SOURCES := $(wildcard tests/support/*.c)
ALL_SOURCES := $(MODULES) $(MAIN) $(SUPPORT_SOURCES) $(EXPERIMENT_SOURCES) $(TEST_SOURCES) $(TOOL_SOURCES) $(BENCH_SOURCES)

EXPERIMENTS := $(basename $(notdir $(EXPERIMENT_SOURCES)))
FIGURES := $(filter-out style,$(basename $(notdir $(wildcard figures/*.gp))))
TESTS := $(basename $(notdir $(TEST_SOURCES)))
TOOLS := $(basename $(notdir $(TOOL_SOURCES)))
BENCHES := $(basename $(notdir $(BENCH_SOURCES)))

LIBRARY := build/libmoegeom.a
PROGRAM := build/bin/moegeom
CLAIMS := $(EXPERIMENTS:%=$(RESULTS)/%.claims)
RESULT_KINDS := csv tex claims meta.json

STRICT := -std=c17 -Wall -Wextra -Wconversion -Wshadow -Werror
MEANING := -ffp-contract=off -fopenmp -D_GNU_SOURCE -Isrc
LIBS := -Wl,--as-needed -lflint-arb -lflint -lgsl -lopenblas -lgmp -ljansson -lcsv -lmd -lz -lm
Q := $(if $(V),,@)
COMPILE = $(CC) $(STRICT) $(MEANING) $(CFLAGS)

# ---- What can be asked for -----------------------------------------------------------------------------------------

.PHONY: all margins router program install fuzz certify check claims-and-units test view list status verify reproduce mutants bench times deps format help clean FORCE

all: $(OUT)/report.pdf $(PROGRAM) build/bin/climb ## the report (the default), and the programs that it names

program: $(PROGRAM) ## build/bin/moegeom

install: $(PROGRAM) ## program and manual into PREFIX (default /usr/local), under DESTDIR when that is set
	@install -D -m 755 $< "$(DESTDIR)$(PREFIX)/bin/moegeom"
	@install -D -m 644 src/cli/moegeom.1 "$(DESTDIR)$(PREFIX)/share/man/man1/moegeom.1"

# File names may hold anything but a newline, $ included: they are not expanded, and reach the script through the environment.
$(foreach v,DUMP DUMP2 ROUTER LAYER ACTIVE OPTIONS,$(eval override $v := $$(value $v)))
export DUMP DUMP2 ROUTER LAYER ACTIVE OPTIONS
ifneq ($(filter margins,$(MAKECMDGOALS)),)
$(if $(and $(DUMP),$(ACTIVE)),,$(error say which dump, and how many experts are selected: make margins DUMP=logits.npy ACTIVE=8))
endif
ifneq ($(filter router,$(MAKECMDGOALS)),)
$(if $(ROUTER),,$(error say which checkpoint: make router ROUTER=model.safetensors))
endif

margins: $(PROGRAM) build/bin/own_margins build/bin/own_points ## DUMP=path ACTIVE=k [DUMP2=path] [OPTIONS='...']: build/own/margins.pdf, on your own router logits
	@pipeline/own.sh margins $(PROGRAM) build/own

router: $(PROGRAM) build/bin/own_router ## ROUTER=path [LAYER=l] [ACTIVE=k] [OPTIONS='...']: build/own/router.pdf, on your own checkpoint
	@pipeline/own.sh router $(PROGRAM) build/own

fuzz: ## break the readers of files with random input for FUZZ_SECONDS (default 60)
	@tests/fuzz/run.sh $(or $(FUZZ_SECONDS),60)

check: $(OUT)/ledger.tsv $(PROGRAM) $(TESTS:%=build/bin/%) $(TOOLS:%=build/bin/%) ## every experiment, every claim against data/claims.csv, every test
	@pipeline/check.sh build/bin/ledger data/claims.csv $(OUT) $(TESTS) $(wildcard tests/*.sh)

# The same without the scripts, which build whole trees: for mutants.
claims-and-units: $(OUT)/ledger.tsv $(TESTS:%=build/bin/%)
	@pipeline/check.sh build/bin/ledger data/claims.csv $(OUT) $(TESTS)

test: $(PROGRAM) $(TESTS:%=build/bin/%) $(TOOLS:%=build/bin/%) $(EXPERIMENTS:%=build/bin/%) ## the tests alone
	@pipeline/check.sh - - $(OUT) $(TESTS) $(wildcard tests/*.sh)

$(EXPERIMENTS:%=exp-%): exp-%: $(foreach k,$(RESULT_KINDS),$(RESULTS)/%.$k) ## exp-NAME: the results of one experiment
	@pipeline/show.sh $* $(RESULTS)

$(FIGURES:%=fig-%): fig-%: $(DRAWN)/%.view.pdf ## fig-NAME: one figure as a PDF of its own
	@echo "$<"

view: $(OUT)/report.pdf ## open the report
	@xdg-open $< 2>/dev/null || echo "$<: no program to open it with was found"

list: ## experiments, figures and claims with one line each
	@pipeline/list.sh

status: ## what is out of date, and because of which file
	@pipeline/status.sh "$(MAKE)" $(OUT)

verify: $(EXPERIMENTS:%=build/bin/%) build/bin/compare ## recompute into a scratch folder, compare with data/blessed
	@pipeline/verify.sh $(EXPERIMENTS)

$(EXPERIMENTS:%=bless-%): bless-%: $(foreach k,$(RESULT_KINDS),build/results/%.$k) ## bless-NAME: make its results the reference
	@pipeline/bless.sh $* build/results data/blessed

$(EXPERIMENTS:%=diff-%): diff-%: $(foreach k,$(RESULT_KINDS),build/results/%.$k) ## diff-NAME: its results against the reference
	@pipeline/diff.sh $* build/results data/blessed

reproduce: ## two builds in two folders: the same PDF, byte for byte
	@pipeline/reproduce.sh "$(MAKE)"

mutants: ## break the code on purpose and see that the checks notice
	@pipeline/mutants.sh "$(MAKE)"

bench: $(PROGRAM) $(BENCHES:%=build/bin/%) ## speeds next to rivals on this machine
	@for b in $(BENCHES:%=build/bin/%) $(wildcard tests/bench_*.sh); do $$b; done

certify: $(PROGRAM) ## write data/certificates, one for each instance with a known count
	@pipeline/certify.sh $(PROGRAM) data/instances data/certificates

times: $(EXPERIMENTS:%=build/bin/%) ## measure the experiments and write data/times.csv, which the report prints
	@pipeline/times.sh data/times.csv $(EXPERIMENTS)

deps: ## install the Debian packages that are missing
	@pipeline/deps.sh

format: ## clang-format over all sources
	@clang-format -i $(wildcard src/*/*.[ch] experiments/*/*.c tests/*.c tests/*/*.[ch] pipeline/*.c)

help: ## this text
	@pipeline/help.sh $(firstword $(MAKEFILE_LIST))

clean: ## remove everything that was generated
	rm -rf build

.DEFAULT:
	$(error no target and no file «$@»; 'make help' lists the targets, 'make list' the experiments and figures)

# ---- Remember the flags and the commit; what depends on them is made again when they change --------------------------

remember = $(if $(filter-out $(file <$1),$2)$(filter-out $2,$(file <$1)),$(shell mkdir -p build)$(file >$1,$2))
ifneq ($(filter-out help list deps clean format status,$(or $(MAKECMDGOALS),all)),)
$(call remember,build/flags,$(COMPILE) $(LIBS))
$(call remember,build/commit,$(MOEGEOM_COMMIT) $(SOURCE_DATE_EPOCH))
endif
build/flags build/commit: ;

# ---- Sources to programs -------------------------------------------------------------------------------------------

# With `make deps all` nothing is compiled before the packages are there.
AFTER := $(filter deps,$(MAKECMDGOALS))

# The lanes of these sums are meant for the vectoriser, which gcc 12 starts at -O3; the bits are the same.
$(OBJ)/src/stat/moments.o: CFLAGS += -O3
$(OBJ)/src/routing/gate_matrix.o: CFLAGS += -O3
# The loops of the training, for the same reason.
$(OBJ)/src/number/exact_product.o $(OBJ)/src/routing/descent.o $(OBJ)/src/routing/mixture_pass.o: CFLAGS += -O3
# Conversions of numbers one by one.
$(OBJ)/src/io/floats.o: CFLAGS += -O3
# Its loops are over a few coordinates: worth unrolling, too short for vectors.
$(patsubst %.c,$(OBJ)/%.o,$(wildcard src/geometry/polyhedron*.c)): CFLAGS += -O3 -fno-tree-vectorize

$(OBJ)/tests/%.o: MEANING += -Itests

$(OBJ)/%.o: %.c build/flags | $(AFTER)
	@mkdir -p $(@D); echo "  compile $<"
	$Q$(COMPILE) -MMD -MP -MT $@ -MF $@.d.tmp -c $< -o $@.tmp
	@mv $@.d.tmp $(@:.o=.d); mv $@.tmp $@

$(LIBRARY): $(MODULES:%.c=$(OBJ)/%.o)
	@rm -f $@.tmp
	@echo "  archive $@"
	$Qar rcs $@.tmp $^
	@mv $@.tmp $@

$(foreach s,$(EXPERIMENT_SOURCES) $(TOOL_SOURCES) $(TEST_SOURCES) $(BENCH_SOURCES),\
  $(eval build/bin/$(basename $(notdir $s)): $(OBJ)/$(s:.c=.o)))
$(TESTS:%=build/bin/%): $(SUPPORT_SOURCES:%.c=$(OBJ)/%.o)
$(TESTS:%=build/bin/%): LIBS += -lcmocka
$(PROGRAM): $(OBJ)/$(MAIN:.c=.o)
# It needs no BLAS, and half of its start would go into loading one.
$(PROGRAM): LIBS := $(filter-out -lopenblas,$(LIBS))

$(foreach p,$(EXPERIMENTS) $(TOOLS) $(TESTS) $(BENCHES) moegeom,build/bin/$p): build/bin/%: $(LIBRARY) build/flags
	@mkdir -p $(@D); echo "  link    $@"
	$Q$(COMPILE) $(filter %.o,$^) $(LIBRARY) $(LIBS) -o $@.tmp
	@mv $@.tmp $@

# ---- Programs to results: the program writes all files of an experiment, or none ------------------------------------

$(foreach k,$(RESULT_KINDS),$(RESULTS)/%.$k): build/bin/%
	@rm -f $(RESULTS)/$*.*.tmp; echo "  run     $<"
	$Q$< $(if $(QUICK),--quick) $(if $(THREADS),--threads $(THREADS)) --out $(RESULTS)

# ---- Results to ledger, figures and report ---------------------------------------------------------------------------

$(OUT)/ledger.tsv $(OUT)/ledger.tex &: build/bin/ledger data/claims.csv $(CLAIMS)
	@echo "  ledger  $@"
	$Qbuild/bin/ledger data/claims.csv $(OUT) $(CLAIMS)

# A figure is called after its experiment, or EXPERIMENT.PART.
.SECONDEXPANSION:
$(DRAWN)/%.pdf $(DRAWN)/%.tex: figures/%.gp figures/style.gp pipeline/figure.sh \
    $$(RESULTS)/$$(firstword $$(subst ., ,$$*)).csv
	@echo "  draw    $*"
	$Qpipeline/figure.sh $* $(RESULTS) $(DRAWN)

$(OUT)/provenance.tex: pipeline/provenance.sh data/times.csv build/flags | $(AFTER)
	$Qpipeline/provenance.sh data/times.csv "$(CC)" $@

PAPER := $(wildcard paper/*.tex paper/*.sty) pipeline/typeset.sh

$(DRAWN)/%.view.pdf: $(DRAWN)/%.tex $(DRAWN)/%.pdf $(PAPER)
	@echo "  typeset $@"
	$Qpipeline/typeset.sh figure $* $(OUT) $@

$(OUT)/report.pdf: $(PAPER) $(EXPERIMENT_SOURCES) $(OUT)/ledger.tex $(FIGURES:%=$(DRAWN)/%.tex) \
    $(FIGURES:%=$(DRAWN)/%.pdf) $(foreach e,$(EXPERIMENTS),$(RESULTS)/$e.tex $(RESULTS)/$e.csv) $(OUT)/provenance.tex build/commit
	@echo "  typeset $@"
	$Qpipeline/typeset.sh report - $(OUT) $@

.PRECIOUS: $(foreach k,$(RESULT_KINDS),$(RESULTS)/%.$k) $(DRAWN)/%.pdf $(DRAWN)/%.tex $(OBJ)/%.o
include $(wildcard $(ALL_SOURCES:%.c=$(OBJ)/%.d) $(EXPERIMENTS:%=$(RESULTS)/%.d))
