/*
 * code.c - bad instructions, functions of odd shapes, code that is in no table or in a plug-in
 */
#include "tests/torture/torture.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

NI static int divides(int a, int b)
{
    return a / b;
}

CRASH(divide_by_zero, "signal:8", "divides,t_divide_by_zero")
{
    sink = divides(3, sink);
    KEEP;
    return OUT;
}

NI static void traps(void)
{
    __builtin_trap();
}

CRASH(ud2, "signal:4", "traps,t_ud2")
{
    traps();
    KEEP;
    return OUT;
}

NI static void int3(void)
{
    __asm__ volatile("int3");
    KEEP;
}

CRASH(int3, "signal:5", "int3,t_int3")
{
    int3();
    KEEP;
    return OUT;
}

NI static void halts(void)
{
    __asm__ volatile("hlt");
    KEEP;
}

CRASH(privileged, "signal:11", "halts,t_privileged")
{
    halts();
    KEEP;
    return OUT;
}

/* ---- shapes of code (asm.S) ---- */
CRASH(prologue_pushed, "signal:4", "asm_after_push,t_prologue_pushed")
{
    asm_after_push();
    KEEP;
    return OUT;
}

CRASH(epilogue, "signal:4", "asm_epilogue,t_epilogue")
{
    asm_epilogue();
    KEEP;
    return OUT;
}

CRASH(asm_without_cfi_frame, "signal:4", "asm_nocfi_sub,t_asm_without_cfi_frame")
{
    asm_nocfi_sub();
    KEEP;
    return OUT;
}

CRASH(tail_call, "signal:11", "die_here,t_tail_call")
{
    asm_tail();
    KEEP;
    return OUT;
}

static inline __attribute__((always_inline)) void inlined_inner(int *p)
{
    *(volatile int *)p = 1;
}

static inline __attribute__((always_inline)) void inlined_outer(int *p)
{
    inlined_inner(p + 1);
}

NI static void has_inlined(void)
{
    inlined_outer(nowhere);
    KEEP;
}

CRASH(inlined, "signal:11", "inlined_inner,inlined_outer,has_inlined,t_inlined")
{
    has_inlined();
    KEEP;
    return OUT;
}

NI __attribute__((optimize("O2", "omit-frame-pointer"))) static int nofp3(volatile int *p, int n)
{
    char *b = __builtin_alloca((size_t)n);
    b[0] = 0;
    sink = b[n - 1];
    *p = 3;
    KEEP;
    return b[1];
}

NI __attribute__((optimize("O2", "omit-frame-pointer"))) static int nofp2(int *p)
{
    volatile long a[20];
    a[3] = 1;
    int r = nofp3(p, 333);
    KEEP;
    return r + (int)a[3];
}

NI __attribute__((optimize("O2", "omit-frame-pointer"))) static int nofp1(int *p)
{
    int r = nofp2(p);
    KEEP;
    return r + 1;
}

CRASH(omit_frame_pointer, "signal:11", "nofp3,nofp2,nofp1,t_omit_frame_pointer")
{
    sink = nofp1(nowhere);
    KEEP;
    return OUT;
}

/* ---- code from elsewhere ---- */
static void *code(const unsigned char *bytes, size_t n)
{
    void *p = mmap(NULL, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(p, bytes, n);
    return p;
}

CRASH(jit_crash, "signal:4", "?,calls,t_jit_crash")
{
    static const unsigned char b[] = { 0x0f, 0x0b, 0xc3 };
    calls(code(b, 3));
    KEEP;
    return OUT;
}

CRASH(jit_without_fp, "signal:4", "?,calls,t_jit_without_fp")
{
    static const unsigned char b[] = { 0x48, 0x83, 0xec, 0x28, 0x0f, 0x0b,
                                       0x48, 0x83, 0xc4, 0x28, 0xc3 };
    calls(code(b, sizeof b));
    KEEP;
    return OUT;
}

NI static void calls_with(void *p, void (*f)(void))
{
    ((void (*)(void (*)(void)))p)(f);
    KEEP;
}

CRASH(jit_fp_calls_back, "signal:11", "die_here,?,calls_with,t_jit_fp_calls_back")
{
    static const unsigned char b[] = { 0x55, 0x48, 0x89, 0xe5, 0x48, 0x83,
                                       0xec, 0x20, 0xff, 0xd7, 0xc9, 0xc3 };
    calls_with(code(b, sizeof b), die_here);
    KEEP;
    return OUT;
}

CRASH(code_in_memfd, "signal:4", "?,calls,t_code_in_memfd")
{
    static const unsigned char b[] = { 0x48, 0x83, 0xec, 0x28, 0x0f, 0x0b };
    int f = memfd_create("jit", 0);
    (void)!write(f, b, sizeof b);
    void *p = mmap(0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, f, 0);
    calls(p);
    KEEP;
    return OUT;
}

CRASH(plugin_stripped, "signal:11", "?,plugin_entry,calls,t_plugin_stripped")
{
    calls(dlsym(load("plugin_stripped.so"), "plugin_entry"));
    KEEP;
    return OUT;
}

CRASH(plugin_no_buildid, "signal:11", "plugin_inner,plugin_entry,calls,t_plugin_no_buildid")
{
    calls(dlsym(load("plugin_noid.so"), "plugin_entry"));
    KEEP;
    return OUT;
}

CRASH(plugin_gold_hash, "signal:11", "plugin_inner,plugin_entry,calls,t_plugin_gold_hash")
{
    calls(dlsym(load("plugin_nohdr.so"), "plugin_entry"));
    KEEP;
    return OUT;
}

CRASH(plugin_minidebug, "signal:11", "plugin_inner,plugin_entry,calls,t_plugin_minidebug")
{
    calls(dlsym(load("plugin_mini.so"), "plugin_entry"));
    KEEP;
    return OUT;
}

static void copy_to(const char *to)
{
    char c[9000];
    snprintf(c, sizeof c, "cp %s/plugin.so %s", plugin_dir, to);
    if (system(c))
        _exit(98);
}

CRASH(plugin_deleted, "signal:11", "plugin_inner,plugin_entry,calls,t_plugin_deleted")
{
    char p[64];
    snprintf(p, sizeof p, "./deleted%d.so", getpid());
    copy_to(p);
    void *h = dlopen(p, RTLD_NOW);
    unlink(p);
    calls(dlsym(h, "plugin_entry"));
    KEEP;
    return OUT;
}

CRASH(plugin_constructor, "signal:11", "plugin_constructs,dlopen,load,t_plugin_constructor")
{
    setenv("PLUGIN_CTOR", "1", 1);
    load("plugin.so");
    KEEP;
    return OUT;
}

CRASH(plugin_destructor, "signal:11", "plugin_destructs,dlclose,t_plugin_destructor")
{
    void *h = load("plugin.so");
    setenv("PLUGIN_DTOR", "1", 1);
    dlclose(h);
    KEEP;
    return OUT;
}

CRASH(nocfi_at_entry, "signal:4", "asm_nocfi_entry,t_nocfi_at_entry")
{
    asm_nocfi_entry();
    KEEP;
    return OUT;
}

CRASH(jump_stub, "signal:11", "asm_stub,t_jump_stub")
{
    asm_stub();
    KEEP;
    return OUT;
}

CRASH(plugin_resolver, "signal:11", "plugin_resolves,dlopen,load,t_plugin_resolver")
{
    load("plugin_ifunc.so");
    KEEP;
    return OUT;
}

CRASH(plugin_unloaded, "signal:11", "?,calls,t_plugin_unloaded")
{
    void *h = load("plugin.so"), *entry = dlsym(h, "plugin_entry");
    dlclose(h);
    calls(entry);
    KEEP;
    return OUT;
}
