/* resolver.c - a library whose relocation crashes: what chooses one of its functions does */

static void *volatile nowhere;

static void *plugin_resolves(void)
{
    *(volatile int *)nowhere = 1;
    return nowhere;
}

void plugin_chosen(void) __attribute__((ifunc("plugin_resolves")));

void *plugin_choice(void)
{
    return (void *)plugin_chosen;
}
