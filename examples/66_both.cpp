/*
 * 66_both.cpp - a C++17 program that uses processes and threads together
 *
 * Shows what happens to objects and exceptions: a called function that throws destroys its objects
 * and the caller catches the class and the text; one that crashes is an exception of the caller,
 * too; a scope that reaches its time limit ends its body and its tasks; an exception that leaves a
 * task cancels the others and leaves run(). Prints each of these.
 */
#include <cstddef>
#include <cstdio>
#include <forkscope.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace fs = forkscope;

/* Prints its end. That is a cancellation point in a destructor, so it needs the shield. */
class noisy
{
public:
    explicit noisy(std::string n) : name(std::move(n)) {}
    noisy(const noisy &) = delete;
    noisy &operator=(const noisy &) = delete;
    ~noisy()
    {
        scoped_shield shield;
        bool shielded =
            scoped_shield_begin_until(forkscope_after(FORKSCOPE_S), &shield) == 0;
        std::printf("%s is destroyed\n", name.c_str());
        if (shielded)
            scoped_shield_end(&shield);
    }

private:
    std::string name;
};

static std::string greet(const std::string &name)
{
    std::string greeting;
    std::thread thread([&] { greeting = "hello, " + name; });
    thread.join();
    return greeting;
}

static int throws()
{
    noisy object("the thrower's object");
    return std::vector<int>(3).at(7);
}

static void crashes()
{
    volatile int *volatile nowhere = nullptr;
    *nowhere = 1;
}

static double multiply(double a, int b)
{
    return a * b;
}

static std::pair<long, fs::bytes> collatz(long n)
{
    long steps = 0;
    for (; n > 1; steps++)
        n = n % 2 != 0 ? 3 * n + 1 : n / 2;
    return { steps, fs::bytes(2, std::byte{ 0xff }) };
}

static void processes()
{
    std::printf("%s\n", fs::call<greet>("world").c_str());
    std::printf("1.5 * 4 = %g, 2 + 3 = %d\n", fs::call<multiply>(1.5, 4),
                fs::call([](int a, int b) { return a + b; }, 2, 3));
    try {
        fs::call<throws>();
    } catch (const fs::call_error &e) {
        std::printf("caught a %s\n", std::string(e.type()).c_str());
    }
    try {
        fs::call<crashes>();
    } catch (const fs::call_error &e) {
        std::printf("caught: %s\n", e.what());
    }
    fs::pool pool(2);
    auto one = pool.start<multiply>(2.0, 21), two = pool.start<multiply>(3.0, 14);
    std::printf("pool: %g %g\n", one.get(), two.get());
    auto [steps, bytes] = pool.call<collatz>(27);
    std::printf("collatz: %ld steps, %zu bytes\n", steps, bytes.size());
}

static void time_limit()
{
    scoped_options options{};
    options.time_limit = 200 * FORKSCOPE_MS;
    int local = 20;
    try {
        fs::run(options, [&](fs::scope &scope) {
            auto sum = scope.start([&] { return local + 22; });
            std::printf("task: %d\n", sum.get());
            scope.spawn(
                [] {
                    noisy object("the sleeper's object");
                    pause();
                },
                "sleeper");
            pause();                        // the limit holds for the body, too
        });
    } catch (const fs::error &e) {
        std::printf("run: %s\n", e.what());
    }
}

int main(int argc, char **argv)
try {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);   // lines of both processes in their order
    fs::session session(argc, argv);
    processes();
    time_limit();
    fs::run([](fs::scope &scope) {
        scope.spawn([] { pause(); });
        scope.spawn([] { throw std::runtime_error("thrown in a task"); });
    });
    return 1;
} catch (const std::exception &e) {
    std::printf("main: %s\n", e.what());
    return 0;
}
