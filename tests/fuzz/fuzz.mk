# Builds the fuzz targets out of the library's sources, with clang, in a folder of their own.
# tests/fuzz/run.sh calls it in the folder of the build.

SRC ?= .
OUT = tests/fuzz/build
CLANG ?= clang

rooms = base wire debug crash sandbox executor scope error value rights image client call child pool tree typed init

# Not the ends of the program: a target is a program of its own.
sources := $(patsubst $(SRC)/%,%,$(wildcard $(addprefix $(SRC)/,$(rooms:%=src/%/*.c) \
	forkserver/*.c forkserver/*/*.c tests/fuzz/fuzz.c)))
targets := $(patsubst $(SRC)/tests/fuzz/%.c,$(OUT)/%,$(wildcard $(SRC)/tests/fuzz/*_fuzz.c))

checks = -fsanitize=address,undefined -fno-sanitize-recover=all
flags = -std=gnu11 -pthread -fexceptions -O1 -g -fno-omit-frame-pointer -Wall -Wextra -Wshadow \
	-D_GNU_SOURCE -I$(SRC)/include -I$(SRC) -I. -MMD -MP $(checks) $(FUZZ_CFLAGS)

all: $(targets)

$(OUT)/%_fuzz: $(OUT)/tests/fuzz/%_fuzz.o $(OUT)/library.a
	$(CLANG) $(checks) -fsanitize=fuzzer -pthread -o $@ $^ $(FUZZ_LIBS) -ldl

$(OUT)/library.a: $(sources:%.c=$(OUT)/%.o)
	rm -f $@
	ar rcs $@ $^

$(OUT)/%.o: $(SRC)/%.c
	@mkdir -p $(@D)
	$(CLANG) $(flags) -fsanitize=fuzzer-no-link -c -o $@ $<

-include $(shell find $(OUT) -name '*.d' 2>/dev/null)

.SECONDARY:
