// SPDX-License-Identifier: Apache-2.0
// The part of libFuzzer's interface that takes the test function as an argument, so that one
// program holds all targets. https://llvm.org/docs/LibFuzzer.html#using-libfuzzer-as-a-library
#pragma once
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*test)(const uint8_t *data, size_t size));
