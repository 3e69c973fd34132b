/*
 * cxx.cc - deaths and hangs of C++ programs, each with the frames that its report must show
 */
#include "tests/torture/torture.h"
#include <algorithm>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>
static volatile int csink;

namespace ns
{
struct deep {
    NI void throws()
    {
        throw std::runtime_error("no such file: x.conf");
    }

    template <class T> NI void crashes(T)
    {
        die_here();
        KEEP;
    }
};
} // namespace ns

CRASH(cxx_throw, "exception:6", "abort,ns::deep::throws,t_cxx_throw")
{
    ns::deep().throws();
    KEEP;
    return OUT;
}

NI static void throws_int()
{
    throw 42;
}

CRASH(cxx_throw_int, "exception:6", "abort,throws_int,t_cxx_throw_int")
{
    throws_int();
    KEEP;
    return OUT;
}

struct base {
    base()
    {
        call();
    }

    virtual ~base()
    {
    }

    virtual void pure() = 0;

    NI void call()
    {
        pure();
        KEEP;
    }
};

struct derived : base {
    void pure() override
    {
    }
};

CRASH(cxx_pure_virtual, "exception:6", "abort,base::call,t_cxx_pure_virtual")
{
    derived *d = new derived;
    csink = d != nullptr;
    KEEP;
    return OUT;
}

NI static int at(std::vector<int> &v)
{
    return v.at(99);
}

CRASH(cxx_out_of_range, "exception:6", "abort,at,t_cxx_out_of_range")
{
    std::vector<int> v(3);
    csink = at(v);
    KEEP;
    return OUT;
}

NI static void leaves_thread()
{
    std::thread t([] {
        for (;;)
            std::this_thread::sleep_for(std::chrono::seconds(1));
    });
    KEEP;
}

CRASH(cxx_thread_not_joined, "exception:6", "abort,leaves_thread,t_cxx_thread_not_joined")
{
    leaves_thread();
    KEEP;
    return OUT;
}

struct dying {
    ~dying()
    {
        die_here();
        KEEP;
    }
};

CRASH(cxx_thread_local, "signal:11", "die_here,dying::~dying")
{
    std::thread([] {
        static thread_local dying d;
        csink = (int)(long)&d;
    }).join();
    KEEP;
    return OUT;
}

NI static void lambda_in_sort()
{
    std::vector<int> v{ 3, 1, 2 };
    std::sort(v.begin(), v.end(), [](int, int) {
        die_here();
        return false;
    });
    KEEP;
}

CRASH(cxx_lambda, "signal:11", "die_here,lambda_in_sort,t_cxx_lambda")
{
    lambda_in_sort();
    KEEP;
    return OUT;
}

NI static void calls_function(const std::function<void()> &f)
{
    f();
    KEEP;
}

CRASH(cxx_std_function, "signal:11", "die_here,calls_function,t_cxx_std_function")
{
    calls_function(die_here);
    KEEP;
    return OUT;
}

NI static void bad_alloc()
{
    std::vector<char> v((size_t)1 << 50);
    /* Otherwise a compiler leaves the vector out. */
    __asm__ volatile("" : : "r"(v.data()) : "memory");
}

CRASH(cxx_bad_alloc, "exception:6", "abort,bad_alloc,t_cxx_bad_alloc")
{
    bad_alloc();
    KEEP;
    return OUT;
}

NI static void in_catch()
{
    try {
        throws_int();
    } catch (int) {
        die_here();
    }
    KEEP;
}

CRASH(cxx_crash_in_catch, "signal:11", "die_here,in_catch,t_cxx_crash_in_catch")
{
    in_catch();
    KEEP;
    return OUT;
}

NI static void uses_future()
{
    std::promise<int> p;
    auto f = p.get_future();
    f.get();
    f.get();
    KEEP;
}

HANG(h_cxx_future, "uses_future,t_h_cxx_future", "")
{
    uses_future();
    KEEP;
    return OUT;
}

template <int N, class T> struct nest {
    NI static int go(T t)
    {
        volatile int r = nest<N - 1, std::pair<T, std::vector<int>>>::go({ t, {} });
        KEEP;
        return r;
    }
};

template <class T> struct nest<0, T> {
    NI static int go(T)
    {
        die_here();
        KEEP;
        return 1;
    }
};

CRASH(cxx_long_names, "signal:11", "die_here,nest,t_cxx_long_names")
{
    csink = nest<24, std::string>::go("x");
    KEEP;
    return OUT;
}

NI static void is_noexcept() noexcept
{
    throw 42;
}

CRASH(cxx_noexcept, "exception:6", "abort,is_noexcept,t_cxx_noexcept")
{
    is_noexcept();
    KEEP;
    return OUT;
}

NI static void rethrows_nothing()
{
    throw;
}

CRASH(cxx_rethrow_nothing, "exception:6", "abort,rethrows_nothing,t_cxx_rethrow_nothing")
{
    rethrows_nothing();
    KEEP;
    return OUT;
}
