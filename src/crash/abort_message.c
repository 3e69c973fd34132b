/*
 * abort_message.c - reads glibc's variable with the message of abort()
 */
#include "src/crash/abort_message.h"

#include "src/crash/symbols.h"

#include <dlfcn.h>
#include <stdint.h>
#include <string.h>

/* The address of glibc's variable, the same in every process of this image; 0: a static program. */
static uint64_t shared_variable(void)
{
    return (uint64_t)(uintptr_t)dlvsym(RTLD_DEFAULT, "__abort_msg", "GLIBC_PRIVATE");
}

bool crash__abort_message_needs_no_symbols(void)
{
    return shared_variable() != 0;
}

/* In a static program the variable is in the module of this function. */
static uint64_t static_variable(const struct names *names, const struct modules *at_init)
{
    const struct module *module = crash__modules_at(at_init, (uint64_t)(uintptr_t)static_variable);
    struct symbols symbols;
    const ElfW(Sym) *symbol;

    if (!module)
        return 0;
    crash__names_symbols(names, module, &symbols);
    symbol = crash__symbols_variable(&symbols, "__abort_msg", sizeof(void *));
    return symbol ? module->bias + symbol->st_value : 0;
}

/*
 * __abort_msg is a pointer to struct { unsigned size; char text[]; }. It is set shortly before the
 * end, which may be by another signal than SIGABRT if that cannot be sent.
 */
bool crash__abort_message(const struct names *names, const struct modules *at_init,
                          char ret_text[ABORT_MESSAGE])
{
    uint64_t variable = shared_variable(), message;

    if (!variable)
        variable = static_variable(names, at_init);
    if (!variable || crash__memory_read(names->memory, variable, &message, sizeof message) != 0)
        return false;
    if (!message || crash__memory_text(names->memory, message + sizeof(unsigned), ret_text,
                                       ABORT_MESSAGE) != 0)
        return false;
    ret_text[strcspn(ret_text, "\n")] = '\0';
    return true;
}
