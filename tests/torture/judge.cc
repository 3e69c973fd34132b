/*
 * judge.cc - runs one case, or lists them, and says how right its report is
 *
 *     torture --list
 *     torture NAME            "right NAME", or partly, wrong or none, with what is not as wanted
 *     torture --raw NAME      the case itself, in this process
 *
 * right    the cause is the wanted one, all wanted functions stand in their order in the thread
 *          that failed, no other function of the program or of a plug-in stands between them, and
 *          the wanted functions of another thread stand in one of the others
 * partly   the cause and the innermost function are right
 * none     there are no frames, but some are wanted
 * wrong    all else
 */
#include "tests/torture/torture.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cxxabi.h>
#include <libgen.h>
#include <limits.h>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <unistd.h>
#include <vector>

extern "C" {
extern const struct tcase __start_tcases[], __stop_tcases[];
char plugin_dir[PATH_MAX];
}

namespace
{

/* The nanoseconds that a hang is given, that a death is, and after which the program gives up. */
constexpr int64_t hang_limit = 600000000, death_limit = 20000000000, join_limit = 30000000000;

struct seen {
    std::string name;
    bool own; /* of the program or a plug-in, or in no module */
};

using stack = std::vector<seen>;

/* Names of one function of the C library, and names that are left out. */
const std::map<std::string, std::string> same = {
    { "__sleep", "sleep" },
    { "__malloc", "malloc" },
    { "__poll", "poll" },
    { "__read", "read" },
    { "__run_exit_handlers", "exit" },
    { "gsignal", "raise" },
    { "__pthread_kill", "raise" },
    { "start_context", "" },
    { "__start_context", "" },
    { "main", "" },
    { "___dlopen", "dlopen" },
    { "__dlclose", "dlclose" },
    { "___pthread_join", "pthread_join" },
    { "__pthread_cond_wait", "pthread_cond_wait" },
    { "___pthread_cond_wait", "pthread_cond_wait" },
    { "__dl_iterate_phdr", "dl_iterate_phdr" },
    { "__pthread_clockjoin_ex", "pthread_join" },
    { "__clang_call_terminate", "" },
};

void cut_from(std::string &name, const char *text)
{
    size_t at = name.find(text);

    if (at != std::string::npos)
        name.erase(at);
}

void cut_prefix(std::string &name, const char *text)
{
    if (name.compare(0, strlen(text), text) == 0)
        name.erase(0, strlen(text));
}

std::string demangled(const char *symbol)
{
    int status;
    char *text = abi::__cxa_demangle(symbol, nullptr, nullptr, &status);
    std::string name = status == 0 ? text : symbol;

    free(text);
    return name;
}

/* Without type, arguments, version, and what a compiler appends. */
std::string bare(const char *symbol)
{
    std::string name = demangled(symbol);
    size_t at;

    while ((at = name.find("[abi:")) != std::string::npos)
        name.erase(at, name.find(']', at) - at + 1);
    for (const char *ending :
         { "@@", "@GLIBC", ".cold", ".part.", ".constprop.", ".isra.", ".lto_priv." })
        cut_from(name, ending);
    for (const char *type : { "void ", "int ", "auto " })
        cut_prefix(name, type);
    at = name.find_first_of("<(");
    if (at != std::string::npos && at > 0)
        name.erase(at);
    cut_prefix(name, "__GI_");
    if (name != "__libc_start_main")
        cut_prefix(name, "__libc_");
    auto found = same.find(name);
    return found == same.end() ? name : found->second;
}

std::vector<std::string> split(const char *text)
{
    std::vector<std::string> list;

    while (*text) {
        size_t length = strcspn(text, ",");

        list.emplace_back(text, length);
        text += length;
        text += *text == ',';
    }
    return list;
}

bool is_any(const std::string &name, const std::vector<std::string> &wanted)
{
    for (const std::string &each : wanted)
        if (name == each)
            return true;
    return false;
}

bool is_standard(const std::string &name)
{
    return name.compare(0, 5, "std::") == 0 || name.compare(0, 9, "__gnu_cxx") == 0;
}

/* How many of the wanted are there in order, and how many of the program's lie between them. */
size_t match(const std::vector<std::string> &wanted, const stack &frames, size_t *ret_foreign)
{
    size_t at = 0;

    *ret_foreign = 0;
    for (const seen &frame : frames) {
        if (at == wanted.size())
            break;
        if (frame.name == wanted[at])
            at++;
        else if (frame.own && !frame.name.empty() && !is_any(frame.name, wanted) &&
                 !is_standard(frame.name))
            ++*ret_foreign;
    }
    return at;
}

std::string cause_of(const procspawn_error *error)
{
    std::string cause = procspawn_error_cause_name(procspawn_error_cause(error));

    if (cause == "exit")
        return cause + ":" + std::to_string(procspawn_error_exit_status(error));
    if (procspawn_error_signal(error) && cause != "time_limit")
        return cause + ":" + std::to_string(procspawn_error_signal(error));
    return cause;
}

/* The functions of the program's own sources; a static program has others too. */
std::set<std::string> own_functions()
{
    std::ifstream file(std::string(plugin_dir) + "/functions");
    std::set<std::string> names;
    std::string symbol;

    while (file >> symbol)
        names.insert(bare(symbol.c_str()));
    return names;
}

std::vector<stack> threads_of(const procspawn_error *error)
{
    std::vector<stack> threads;
    struct procspawn_frame frame;
    const std::set<std::string> own = own_functions();

    for (size_t i = 0; procspawn_error_frame(error, i, &frame) == 0; i++) {
        if ((size_t)frame.thread >= threads.size())
            threads.resize((size_t)frame.thread + 1);
        if (frame.owner == PROCSPAWN_FRAME_LIBRARY)
            continue;
        std::string name = frame.symbol ? bare(frame.symbol) : "?";
        bool in_plugin = frame.module &&
                         (strstr(frame.module, "/plugin") || strstr(frame.module, "/deleted"));
        bool is_own = frame.symbol ? in_plugin || own.count(name) > 0
                                   : frame.owner == PROCSPAWN_FRAME_PROGRAM;
        threads[(size_t)frame.thread].push_back({ name, is_own });
    }
    return threads;
}

bool other_has(const std::vector<stack> &threads, const struct tcase *c)
{
    std::vector<std::string> others = split(c->others);
    size_t foreign;

    for (size_t t = *c->frames ? 1 : 0; t < threads.size(); t++)
        if (match(others, threads[t], &foreign) == others.size())
            return true;
    return others.empty();
}

std::string shown(const std::vector<stack> &threads)
{
    std::string text;

    for (size_t i = 0; !threads.empty() && i < threads[0].size() && text.size() < 200; i++)
        text += (i == 0 ? "" : " < ") + threads[0][i].name;
    return text.empty() ? "none" : text;
}

/* What a report tells of its own lack; "nothing" is a fault of its own. */
const char *admission(const procspawn_error *error, const std::vector<stack> &threads)
{
    if (!error)
        return "nothing";
    if (procspawn_error_incomplete(error) != 0)
        return "what is missing";
    if (threads.empty())
        return *procspawn_error_reason(error) ? "why there are no frames" : "nothing";
    for (const seen &frame : threads[0])
        if (frame.name == "?")
            return "frames without a name";
    return "nothing";
}

void judge(const struct tcase *c, const std::string &cause, const std::vector<stack> &threads,
           const procspawn_error *error)
{
    static const stack no_frames;
    std::vector<std::string> wanted = split(c->frames);
    size_t foreign, found = match(wanted, threads.empty() ? no_frames : threads[0], &foreign);
    const char *word = "wrong";

    if (cause == c->want && found == wanted.size() && foreign == 0 && other_has(threads, c))
        word = "right";
    else if (threads.empty() && (!wanted.empty() || *c->others))
        word = "none";
    else if (cause == c->want && found > 0)
        word = "partly";
    printf("%s %s", word, c->name);
    if (*word != 'r')
        printf(": cause %s, wanted %s; frames %s; wanted %s%s%s; the report says %s",
               cause.c_str(), c->want, shown(threads).c_str(), c->frames,
               *c->others ? " and in another thread " : "", c->others,
               admission(error, threads));
    printf("\n");
}

int call(const struct tcase *c)
{
    procspawn_builder *builder = procspawn_builder_new();
    procspawn_handle *handle;
    procspawn_error *error = nullptr;
    std::string cause = "result";

    procspawn_builder_total_limit(builder, c->hang ? hang_limit : death_limit);
    int rc = procspawn_builder_spawn(builder, c->function, nullptr, &handle);
    if (rc == 0)
        rc = procspawn_join_timeout(handle, join_limit, nullptr, &error);
    if (rc < 0)
        cause = error ? cause_of(error) : forkscope_strerror(rc);
    judge(c, cause, error ? threads_of(error) : std::vector<stack>(), error);
    if (error && getenv("TORTURE_PRINT"))
        procspawn_error_print_all(error, stdout);
    fflush(stdout);
    _exit(0);
}

const struct tcase *find(const char *name)
{
    for (const struct tcase *c = __start_tcases; c < __stop_tcases; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return nullptr;
}

} // namespace

int main(int argc, char **argv)
{
    const char *name = argv[argc - 1];
    const struct tcase *c = find(name);
    int rc;

    if (readlink("/proc/self/exe", plugin_dir, sizeof plugin_dir - 1) > 0)
        dirname(plugin_dir);
    if (strcmp(name, "--list") == 0) {
        for (c = __start_tcases; c < __stop_tcases; c++)
            printf("%s\t%s\n", c->name, c->hang ? "hang" : "death");
        return 0;
    }
    if (!c)
        return fprintf(stderr, "no case %s\n", name), 2;
    if (argc == 3) {
        json_decref(c->function(json_null()));
        return 0;
    }
    rc = procspawn_init(argc, argv);
    if (rc < 0)
        return fprintf(stderr, "init: %s\n", forkscope_strerror(rc)), 2;
    return call(c);
}
