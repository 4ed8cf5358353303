# make            builds build/adze                 make install PREFIX=/usr/local
# make demo       the example, from model to board   make test      everything, also under sanitizers
# make deps       installs missing Debian packages   make format    applies .clang-format
# make bench      speed against ONNX Runtime         make clean
# make docs       rewrites generated documents       make golden    rewrites tests/golden
# make fuzz       fuzzers: SECONDS=60 TARGET=model
# SAN=1 builds with AddressSanitizer and UndefinedBehaviorSanitizer into build/san.
BUILD ?= build
PREFIX ?= /usr/local
CC ?= gcc
CFLAGS ?= -O2 -g
WARN = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Werror
ifdef SAN
override BUILD := $(BUILD)/san
CFLAGS := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
LDFLAGS += -fsanitize=address,undefined
endif
CPPFLAGS += -D_GNU_SOURCE -Icompiler -Iruntime -I$(BUILD)/generated
# -ffp-contract=off: compile-time arithmetic gives the same bits on every machine.
ALL_CFLAGS = -std=c11 $(CFLAGS) $(WARN) -ffp-contract=off
# The reference LAPACK by its own path: update-alternatives may point liblapack at others, whose sums depend on the machine.
LIBRARIES := /usr/lib/$(shell $(CC) -print-multiarch)
LAPACK = -L$(LIBRARIES)/lapack -L$(LIBRARIES)/blas -Wl,-rpath,$(LIBRARIES)/lapack:$(LIBRARIES)/blas -llapack -lblas
LDLIBS = -lprotobuf-c -lyaml -ljansson -lnettle -lpng -ljpeg -lz -lpthread $(LAPACK) -lm

.DELETE_ON_ERROR:
.PHONY: all deps test check demo install format format-check bench clean
all: $(BUILD)/adze

GENERATED = $(BUILD)/generated/load/onnx.pb-c.h $(BUILD)/generated/embed.inc
SOURCES := $(sort $(wildcard compiler/*.c compiler/*/*.c))
MAIN := compiler/main.c
OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(filter-out $(MAIN),$(SOURCES))) $(BUILD)/generated/load/onnx.pb-c.o

$(BUILD)/adze: $(BUILD)/compiler/main.o $(BUILD)/libadze.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/libadze.a: $(OBJECTS)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/%.o: %.c | $(GENERATED)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/generated/load/onnx.pb-c.o: $(BUILD)/generated/load/onnx.pb-c.c
	$(CC) $(CPPFLAGS) -std=gnu11 $(CFLAGS) -c -o $@ $<

$(BUILD)/generated/load/onnx.pb-c.c: compiler/load/onnx.proto
	@mkdir -p $(@D)
	protoc-c --c_out=$(@D) --proto_path=$(<D) $<
$(BUILD)/generated/load/onnx.pb-c.h: $(BUILD)/generated/load/onnx.pb-c.c ;

# Loops over samples of the calibration: vectorised.
$(patsubst %,$(BUILD)/compiler/%.o,ops/wide passes/calibrate_layers passes/calibrate_ranges passes/calibrate_rounding): ALL_CFLAGS += -O3

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

# Files that adze carries (compiler/base/embed.h), and the QEMU plugin that counts instructions.
EMBEDDED := $(sort $(shell find runtime targets -type f ! -name '.*' ! -name '*~'))
$(BUILD)/embed: tools/embed.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE -O1 $(WARN) -o $@ $<
$(BUILD)/icount.so: targets/icount.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -O2 $(WARN) -fvisibility=hidden -shared -fPIC -s -o $@ $<
$(BUILD)/generated/embed.inc: $(BUILD)/embed $(BUILD)/icount.so $(EMBEDDED)
	@mkdir -p $(@D)
	$(BUILD)/embed $@ runtime targets targets/icount.so=$(BUILD)/icount.so

deps:
	tools/deps.sh test

install: $(BUILD)/adze
	install -D -m 755 $(BUILD)/adze $(DESTDIR)$(PREFIX)/bin/adze
	install -D -m 644 docs/adze.1 $(DESTDIR)$(PREFIX)/share/man/man1/adze.1
	$(BUILD)/adze completion bash | install -D -m 644 /dev/stdin $(DESTDIR)$(PREFIX)/share/bash-completion/completions/adze
	$(BUILD)/adze completion zsh | install -D -m 644 /dev/stdin $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_adze
	install -D -m 644 LICENSE $(DESTDIR)$(PREFIX)/share/doc/adze/LICENSE
	install -D -m 644 README.md $(DESTDIR)$(PREFIX)/share/doc/adze/README.md

demo:
	tools/deps.sh run
	$(MAKE) -j2 all
	examples/fashion/demo.sh $(BUILD)/adze $(BUILD)/demo

# Tests: each tests/SUITE/test_*.c is a program of Check suites; tests/run.sh runs them and sums up.
TEST_SOURCES := $(sort $(wildcard tests/*/test_*.c))
TESTS := $(TEST_SOURCES:%.c=$(BUILD)/%)
TEST_LIBS = -lcheck -lsubunit -lrt -lpthread
SUPPORT := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/support/*.c)))

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(SUPPORT) $(BUILD)/libadze.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS) $(TEST_LIBS)
$(BUILD)/tests/%.o: CPPFLAGS += -I.

# Fuzzers: tests/fuzz/fuzz_*.c, each with libFuzzer, or replayed together on the corpus.
FUZZ_TARGETS = model text yaml npy
FUZZ_OBJECTS = $(patsubst %,$(BUILD)/tests/fuzz/fuzz_%.o,$(FUZZ_TARGETS)) $(BUILD)/tests/fuzz/line.o
$(BUILD)/tests/fuzz/test_corpus: $(FUZZ_OBJECTS)
$(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/line.o $(BUILD)/libadze.a
	$(CC) $(CFLAGS) -fsanitize=fuzzer -o $@ $^ $(LDLIBS)

SECONDS ?= 60
TARGET ?= $(FUZZ_TARGETS)
FUZZ_FLAGS = -O1 -g -DADZE_FUZZER -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
# clang needs minutes for this file above -O0.
build/fuzz/compiler/ops/run.o: override CFLAGS := $(FUZZ_FLAGS:-O1=-O0)
build/clang/compiler/ops/run.o: override CFLAGS := -O0
.PHONY: fuzz
fuzz:
	tools/deps.sh fuzz
	$(MAKE) -j2 BUILD=build/fuzz CC=clang CFLAGS="$(FUZZ_FLAGS)" $(TARGET:%=build/fuzz/tests/fuzz/fuzz_%)
	tests/fuzz/run.sh $(SECONDS) $(TARGET)

.PRECIOUS: $(BUILD)/%.o
# Under sanitizers the suites that only start compilers and generated programs are left out: they test generated code,
# not adze. test_sanitized runs that under sanitizers.
STARTERS = $(filter-out %/test_command_line,$(filter $(BUILD)/tests/target/% $(BUILD)/tests/programs/%,$(TESTS)))
CHECKED = $(if $(SAN),$(filter-out $(STARTERS),$(TESTS)),$(TESTS))
.PHONY: build-tests check-all
build-tests: $(BUILD)/adze $(CHECKED)

# make check (with SAN=1: under sanitizers) is a part of make test.
check: build-tests
	tests/run.sh $(CHECKED)

test:
	tools/deps.sh test
	$(MAKE) -j2 build-tests
	$(MAKE) -j2 SAN=1 build-tests
	$(MAKE) -j2 BUILD=build/clang CC=clang CFLAGS=-O1 all
	tools/check-format.sh
	$(MAKE) -s check-all
check-all:
	tests/run.sh $(TESTS) $(patsubst $(BUILD)/%,$(BUILD)/san/%,$(filter-out $(STARTERS),$(TESTS)))

# docs/operators.md and docs/adze.1 are made from adze's tables, tests/golden by adze; tests compare them.
.PHONY: docs golden
docs: $(BUILD)/documents
	$(BUILD)/documents operators >docs/operators.md
	$(BUILD)/documents manual >docs/adze.1
$(BUILD)/documents: $(BUILD)/tools/documents.o $(BUILD)/libadze.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)
golden: $(BUILD)/adze $(BUILD)/tests/programs/test_golden $(BUILD)/tests/programs/test_instructions
	ADZE=$(BUILD)/adze ADZE_GOLDEN=write $(BUILD)/tests/programs/test_golden
	ADZE=$(BUILD)/adze ADZE_GOLDEN=write $(BUILD)/tests/programs/test_instructions

FORMATTED = $(shell git ls-files -co --exclude-standard '*.c' '*.h' ':!tests/golden')
format:
	clang-format -i $(FORMATTED)

clean:
	rm -rf build
