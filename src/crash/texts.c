/*
 * texts.c - notes the exception that nothing catches, and the report of a sanitizer
 */
#include "src/crash/texts.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static struct texts texts;

static void note(char *ret_text, size_t room, const char *text)
{
    size_t length = strnlen(text, room - 1);

    memcpy(ret_text, text, length);
    ret_text[length] = '\0';
}

static void set_said(enum backtrace_said said)
{
    __atomic_store_n(&texts.said, said, __ATOMIC_RELEASE);
}

enum backtrace_said crash__texts_said(void)
{
    return __atomic_load_n(&texts.said, __ATOMIC_ACQUIRE);
}

/* ---- classes of exceptions, as the C++ ABI of Itanium lays them out ---- */

struct type_info {
    void *const *vtable;    /* the entry before it is the type_info of this structure's own class */
    const char *name;
};

/* A class with one base, at offset 0. */
struct si_type_info {
    struct type_info head;
    const struct type_info *base;
};

struct base_info {
    const struct type_info *type;
    long offset_flags;      /* the low byte: flags; above it: the offset in the object */
};

struct vmi_type_info {
    struct type_info head;
    unsigned flags;
    unsigned count;
    struct base_info base[];
};

enum { BASE_IS_VIRTUAL = 1, OFFSET_SHIFT = 8, DEEPEST = 16 };

static bool is_of_class(const struct type_info *type, const char *name)
{
    const struct type_info *own = type->vtable[-1];

    return strcmp(own->name, name) == 0;
}

/* The offset of a virtual base is in the vtable of the object. */
static const char *base_of(const char *object, const struct base_info *base)
{
    long offset = base->offset_flags >> OFFSET_SHIFT;

    if (base->offset_flags & BASE_IS_VIRTUAL)
        memcpy(&offset, *(const char *const *)object + offset, sizeof offset);
    return object + offset;
}

/* Returns the part of an object that is a std::exception; NULL: it is none. */
static const char *find_exception(const struct type_info *type, const char *object, int depth)
{
    const char *found = NULL;

    if (strcmp(type->name, "St9exception") == 0)
        return object;
    if (depth == DEEPEST)
        return NULL;
    if (is_of_class(type, "N10__cxxabiv120__si_class_type_infoE"))
        return find_exception(((const struct si_type_info *)type)->base, object, depth + 1);
    if (!is_of_class(type, "N10__cxxabiv121__vmi_class_type_infoE"))
        return NULL;
    const struct vmi_type_info *many = (const struct vmi_type_info *)type;
    for (unsigned i = 0; i < many->count && !found; i++)
        found = find_exception(many->base[i].type, base_of(object, &many->base[i]), depth + 1);
    return found;
}

/* The third function of a std::exception, behind two destructors. */
static const char *what_of(const void *exception)
{
    enum { WHAT = 2 };
    void *const *vtable = *(void *const *const *)exception;
    const char *(*what)(const void *self);

    memcpy(&what, &vtable[WHAT], sizeof what);
    return what(exception);
}

/* A std::string of libstdc++ begins with the address of its text, too. */
static bool is_text(const char *name)
{
    return strcmp(name, "PKc") == 0 || strcmp(name, "Pc") == 0 ||
           strcmp(name, "NSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE") == 0;
}

static const char *text_of(const struct type_info *type, const void *object)
{
    const void *exception;

    if (is_text(type->name))
        return *(const char *const *)object;
    exception = find_exception(type, object, 0);
    return exception ? what_of(exception) : NULL;
}

void crash__texts_exception(const void *type, const void *object)
{
    const struct type_info *thrown = type;
    const char *name = thrown ? thrown->name : "", *text;

    /* The name of a class that is compared by its address begins with a star. */
    note(texts.type, sizeof texts.type, *name == '*' ? name + 1 : name);
    texts.text[0] = '\0';
    set_said(BACKTRACE_SAID_EXCEPTION);
    text = thrown && object ? text_of(thrown, object) : NULL;
    if (text)
        note(texts.text, sizeof texts.text, text);
}

/* ---- the C++ library ---- */

typedef void handler(void);

/* Returned in memory, as the exception_ptr that it stands for. */
struct exception_ptr {
    void *object;
    void *unused[3];
};

static struct {
    const void *(*current_type)(void);
    struct exception_ptr (*current)(void);
    void *(*globals)(void);
    handler *before;
} cxx;

/* Weak: NULL in a program without C++. */
handler *_ZSt13set_terminatePFvvE(handler *wanted) __attribute__((weak));
const void *__cxa_current_exception_type(void) __attribute__((weak));
struct exception_ptr _ZSt17current_exceptionv(void) __attribute__((weak));
void *__cxa_get_globals(void) __attribute__((weak));

const void *crash__texts_caught(const void *globals, const void *type)
{
    /* As libstdc++ has it in 64-bit processes: the class, much else, and then the object. */
    enum { HEADER = 112 };
    const char *header = *(const char *const *)globals;

    if (sizeof(void *) != 8 || !header || *(const void *const *)(const void *)header != type)
        return NULL;
    return header + HEADER;
}

/* A program that is linked statically to the C++ library has the functions that it uses. */
static const void *thrown_object(const void *type)
{
    if (cxx.current)
        return cxx.current().object;
    return cxx.globals ? crash__texts_caught(cxx.globals(), type) : NULL;
}

/* Called by std::terminate(). what() may call it again. */
void crash__on_terminate(void)
{
    static bool entered;
    const void *type;

    if (!__atomic_exchange_n(&entered, true, __ATOMIC_RELAXED)) {
        type = cxx.current_type();
        crash__texts_exception(type, type ? thrown_object(type) : NULL);
    }
    if (cxx.before)
        cxx.before();
    abort();
}

/* dlsym returns an object pointer; POSIX guarantees that its bytes are the function's address. */
static void find(void *library, const char *name, void *ret_function)
{
    void *symbol = dlsym(library, name);

    memcpy(ret_function, &symbol, sizeof symbol);
}

/* The library may be there for a plugin only, where no other module sees its symbols. */
static void watch_loaded_cxx(void)
{
    handler *(*set_terminate)(handler *wanted) = NULL;
    void *library = dlopen("libstdc++.so.6", RTLD_LAZY | RTLD_LOCAL | RTLD_NOLOAD);

    if (!library)
        return;
    find(library, "_ZSt13set_terminatePFvvE", &set_terminate);
    find(library, "__cxa_current_exception_type", &cxx.current_type);
    find(library, "_ZSt17current_exceptionv", &cxx.current);
    if (set_terminate && cxx.current_type)
        cxx.before = set_terminate(crash__on_terminate);
}

static void watch_cxx(void)
{
    if (!_ZSt13set_terminatePFvvE || !__cxa_current_exception_type) {
        watch_loaded_cxx();
        return;
    }
    cxx.current_type = __cxa_current_exception_type;
    cxx.current = _ZSt17current_exceptionv;
    cxx.globals = __cxa_get_globals;
    cxx.before = _ZSt13set_terminatePFvvE(crash__on_terminate);
}

/* ---- sanitizers ---- */

/* Weak: NULL in a program without AddressSanitizer. */
void __asan_set_error_report_callback(void (*callback)(const char *report))
    __attribute__((weak));

static void on_report(const char *report)
{
    note(texts.text, sizeof texts.text, report);
}

void crash__texts_by_sanitizer(void)
{
    texts.type[0] = '\0';
    set_said(BACKTRACE_SAID_SANITIZER);
}

/* ---- both sides ---- */

void crash__texts_prepare(void)
{
    watch_cxx();
    if (__asan_set_error_report_callback)
        __asan_set_error_report_callback(on_report);
}

int crash__texts_read(struct memory *memory, struct texts *ret_texts)
{
    int error = crash__memory_read(memory, (uint64_t)(uintptr_t)&texts, ret_texts, sizeof texts);

    if (error)
        return error;
    ret_texts->type[sizeof ret_texts->type - 1] = '\0';
    ret_texts->text[sizeof ret_texts->text - 1] = '\0';
    return 0;
}
