/*
 * demangle.c - asks the C++ library for the name behind a symbol
 */
#include "src/debug/demangle.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef char *demangle_function(const char *symbol, char *buffer, size_t *size, int *ret_status);

/* Weak: NULL in a program without C++. */
char *__cxa_demangle(const char *symbol, char *buffer, size_t *size, int *ret_status)
    __attribute__((weak));

/* dlsym returns an object pointer; POSIX guarantees that its bytes are the function's address. */
static demangle_function *find(void *library)
{
    void *symbol = dlsym(library, "__cxa_demangle");
    demangle_function *function;

    memcpy(&function, &symbol, sizeof symbol);
    return function;
}

/* A library that a static program loads has a C library of its own, with another heap. */
static bool is_static(void)
{
    return !dlsym(RTLD_DEFAULT, "free");
}

static demangle_function *load(void)
{
    void *library;

    if (__cxa_demangle)
        return __cxa_demangle;
    if (is_static())
        return NULL;
    library = dlopen("libstdc++.so.6", RTLD_NOW | RTLD_LOCAL);
    return library ? find(library) : NULL;
}

/* As the source has them: what the C++ libraries' names for them are. */
static const struct {
    const char *text, *in_source;
} shorter[] = {
    { "std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >",
      "std::string" },
    { "std::__1::basic_string<char, std::__1::char_traits<char>, std::__1::allocator<char> >",
      "std::string" },
    { "std::__1::basic_string<char, std::__1::char_traits<char>, std::__1::allocator<char>>",
      "std::string" },
    { "std::basic_string_view<char, std::char_traits<char> >", "std::string_view" },
};

static void replace_all(char *name, const char *text, const char *shorter_text)
{
    size_t length = strlen(text), kept = strlen(shorter_text);

    while ((name = strstr(name, text))) {
        memcpy(name, shorter_text, kept);
        memmove(name + kept, name + length, strlen(name + length) + 1);
        name += kept;
    }
}

static void shorten(char *name)
{
    for (size_t i = 0; i < sizeof shorter / sizeof shorter[0]; i++)
        replace_all(name, shorter[i].text, shorter[i].in_source);
}

bool debug__demangle(const char *symbol, char ret_name[DEMANGLE_NAME])
{
    static demangle_function *function;
    static bool loaded;
    char *name;
    int status;

    if (strncmp(symbol, "_Z", 2) != 0)
        return false;
    if (!loaded)
        function = load();
    loaded = true;
    name = function ? function(symbol, NULL, NULL, &status) : NULL;
    if (!name)
        return false;
    shorten(name);
    if (snprintf(ret_name, DEMANGLE_NAME, "%s", name) >= DEMANGLE_NAME)
        strcpy(ret_name + DEMANGLE_NAME - sizeof "...", "...");
    free(name);
    return true;
}
