/*
 * filter_machine.c - runs a seccomp filter without the kernel
 */
#include "tests/support/filter_machine.h"

#include <stdbool.h>
#include <string.h>

static bool jumps(const struct sock_filter *one, uint32_t accumulator)
{
    switch (one->code) {
    case BPF_JMP | BPF_JEQ | BPF_K:
        return accumulator == one->k;
    case BPF_JMP | BPF_JGT | BPF_K:
        return accumulator > one->k;
    case BPF_JMP | BPF_JGE | BPF_K:
        return accumulator >= one->k;
    default:
        return (accumulator & one->k) != 0;
    }
}

uint32_t filter_machine_run(const struct sock_fprog *program, const struct seccomp_data *data)
{
    uint32_t accumulator = 0;

    for (size_t at = 0; at < program->len; at++) {
        const struct sock_filter *one = &program->filter[at];
        switch (one->code) {
        case BPF_RET | BPF_K:
            return one->k;
        case BPF_LD | BPF_W | BPF_ABS:
            if (one->k > sizeof *data - sizeof accumulator)
                return UINT32_MAX;
            memcpy(&accumulator, (const char *)data + one->k, sizeof accumulator);
            break;
        case BPF_ALU | BPF_AND | BPF_K:
            accumulator &= one->k;
            break;
        case BPF_JMP | BPF_JA:
            at += one->k;
            break;
        case BPF_JMP | BPF_JEQ | BPF_K:
        case BPF_JMP | BPF_JGT | BPF_K:
        case BPF_JMP | BPF_JGE | BPF_K:
        case BPF_JMP | BPF_JSET | BPF_K:
            at += jumps(one, accumulator) ? one->jt : one->jf;
            break;
        default:
            return UINT32_MAX;
        }
    }
    return UINT32_MAX;
}
