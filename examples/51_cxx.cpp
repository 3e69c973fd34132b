/*
 * 51_cxx.cpp - the library in C++17
 *
 * Shows forkscope.hpp: functions and lambdas called in other processes with C++ parameters and
 * results, an exception that crosses the border between processes, tasks with results in a scope,
 * and a cancelled task whose objects are destroyed. Prints what each of them gives.
 */
#include <cstdio>
#include <forkscope.hpp>
#include <future>
#include <numeric>
#include <string>
#include <vector>

namespace fs = forkscope;

static long sum(const std::vector<long> &numbers)
{
    return std::accumulate(numbers.begin(), numbers.end(), 0L);
}

static int element(std::vector<int> numbers, std::size_t index)
{
    return numbers.at(index);
}

struct guest {
    ~guest() { gone = true; }
    bool &gone;
};

static void tasks()
{
    bool gone = false;

    fs::run([&](fs::scope &scope) {
        auto first = scope.start([] { return std::string("forty"); });
        auto second = scope.start([] { return std::string("two"); });
        std::printf("tasks: %s-%s\n", first.get().c_str(), second.get().c_str());

        std::promise<void> started;
        auto sleeper = scope.start([&] {
            guest here{ gone };
            started.set_value();
            scoped_sleep_until(SCOPED_FOREVER);
        });
        started.get_future().wait();
        sleeper.cancel();
    });
    std::printf("the sleeper's guest is %s\n", gone ? "gone" : "still there");
}

int main(int argc, char **argv)
try {
    fs::session session(argc, argv);

    std::printf("sum: %ld\n", fs::call<sum>(std::vector<long>{ 1, 2, 3, 4 }));
    auto shouted = fs::call([](std::string text) { return text + "!"; }, "hello");
    std::printf("lambda: %s\n", shouted.c_str());
    try {
        fs::call<element>(std::vector<int>{ 1, 2, 3 }, 7);
    } catch (const fs::call_error &e) {
        std::printf("%s in another process\n", std::string(e.type()).c_str());
    }
    tasks();
    return 0;
} catch (const std::exception &e) {
    std::printf("failed: %s\n", e.what());
    return 1;
}
