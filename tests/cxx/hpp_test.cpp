/*
 * hpp_test.cpp - forkscope.hpp: values, exceptions, cancelled tasks and their destructors
 *
 * tests/cxx_test.sh compiles it in several ways and runs it. A std::terminate() fails its test.
 */
#include <forkscope.hpp>
#include <forkscope/cunit.h>

#include <atomic>
#include <cmath>
#include <csignal>
#include <fcntl.h>
#include <limits>
#include <memory>
#include <semaphore.h>
#include <thread>
#include <unistd.h>

namespace fs = forkscope;

static int arguments;
static char **argument;

static void assert_that(bool condition, const char *text, unsigned line)
{
    CU_assertImplementation(condition, line, text, __FILE__, "", CU_FALSE);
}
#define CHECK(condition) assert_that((condition), #condition, __LINE__)

/* Calls code that has to throw, and returns what was thrown. */
template <class E, class L> E thrown(L &&code)
{
    try {
        code();
    } catch (const E &exception) {
        return exception;
    }
    throw std::logic_error("nothing was thrown");
}

/* Does another get() say that the result was taken? */
template <class T> static bool is_taken(T &object)
{
    auto error = thrown<fs::error>([&] { object.get(); });
    return error.code() == -EINVAL && error.what() == std::string("the result was taken before");
}

/* ---- functions in processes ---- */

enum class color : unsigned char { red, green, blue };

struct point {
    int x, y;
};

template <> struct forkscope::codec<point> {
    static json pack(const point &p) { return pack_members(p.x, p.y); }
    static point unpack(const json_t *value)
    {
        auto [x, y] = unpack_members<int, int>(value);
        return { x, y };
    }
};

using everything =
    std::tuple<bool, char, std::int8_t, std::uint64_t, std::int64_t, float, double, color,
               std::string, std::vector<std::vector<bool>>, std::optional<int>,
               std::optional<int>, std::pair<int, std::string>, std::array<int, 3>,
               std::map<std::string, std::vector<int>>, fs::bytes>;

static everything same(const everything &it)
{
    return it;
}

static point mirror(point p) noexcept
{
    return { -p.x, p.y };
}

static std::string greet(const std::string &name)
{
    return "hello, " + name;
}

static std::int8_t narrow(std::int8_t number)
{
    return number;
}

static int at(std::size_t index)
{
    std::vector<int> three(3);
    return three.at(index);
}

static void throws_a_number()
{
    throw 7;
}

static void aborts()
{
    std::abort();
}

static int pid()
{
    return getpid();
}

static void waits_for_ever()
{
    for (;;)
        pause();
}

static void values_of_all_types_travel()
{
    fs::session session(arguments, argument);
    everything it{ true, 'x', -128, UINT64_MAX, INT64_MIN, 0.1f, 1e-300, color::blue,
                   std::string("a\xc3\xa4\"\\"), { { true, false }, {} }, 7, std::nullopt,
                   { 1, "one" }, { { 1, 2, 3 } }, { { "a", { 1, 2 } }, { "", {} } },
                   { std::byte{ 0 }, std::byte{ 0xff } } };

    CHECK(fs::call<same>(it) == it);
    CHECK(fs::call<mirror>(point{ 1, 2 }).x == -1);
    CHECK(fs::call<greet>("you") == "hello, you");
    CHECK(fs::call([](int a, long b) { return a + b; }, 2, 3) == 5);
    fs::call([] {});
}

static void numbers_that_do_not_fit_are_refused()
{
    fs::session session(arguments, argument);
    double infinite = std::numeric_limits<double>::infinity();

    CHECK(fs::call<narrow>(127) == 127);
    CHECK(fs::call<narrow>(-128L) == -128);
    CHECK(thrown<fs::error>([] { fs::call<narrow>(128); }).code() == PROCSPAWN_ERANGE);
    CHECK(thrown<fs::error>([] { fs::call<narrow>(-129L); }).code() == PROCSPAWN_ERANGE);
    CHECK(thrown<fs::error>([] { fs::call<narrow>(UINT64_MAX); }).code() == PROCSPAWN_ERANGE);
    CHECK(thrown<fs::error>([] { fs::call<greet>("\xff"); }).code() == PROCSPAWN_EJSON);
    CHECK(thrown<fs::error>([&] {
              fs::call([](double d) { return d; }, infinite);
          }).code() == PROCSPAWN_EJSON);
}

/* What is said of an error. */
template <class E = fs::error, class L> static std::string said(L &&code)
{
    return thrown<E>(code).what();
}

static void a_refused_argument_is_named()
{
    fs::session session(arguments, argument);
    fs::pool pool(1);
    double nan = std::numeric_limits<double>::quiet_NaN();
    double infinite = std::numeric_limits<double>::infinity();
    auto bytes = [](int, std::uint8_t n) { return n; };
    auto number = [](double d) { return d; };
    auto keys = [](std::map<std::string, int> map) { return map.size(); };
    using keys_of = std::map<std::string, int>;

    CHECK(said([&] { fs::call(bytes, 1, 300); }) == "parameter 2: 300 does not fit into its type");
    CHECK(said([&] { fs::start(bytes, 1L << 40, 1); }) ==
          "parameter 1: 1099511627776 does not fit into its type");
    CHECK(said([&] { fs::call(number, nan); }) == "parameter 1: NaN is not a finite number");
    CHECK(said([&] { pool.call(number, infinite); }) ==
          "parameter 1: infinity is not a finite number");
    CHECK(said([&] { pool.start(number, -infinite); }) ==
          "parameter 1: -infinity is not a finite number");
    CHECK(said([] { fs::call<greet>("\xff"); }) == "parameter 1: the text is not UTF-8");
    CHECK(said([&] { fs::call(keys, keys_of{ { "\xff", 1 } }); }) ==
          "parameter 1: a key is not UTF-8");
    CHECK(said([&] { fs::call(keys, keys_of{ { std::string(1, '\0'), 1 } }); }) ==
          "parameter 1: a key has a NUL in it");
    CHECK(said([] {
              fs::call([](bool, std::vector<double> v) { return v; }, true,
                       std::vector<double>{ 1, -HUGE_VAL });
          }) == "parameter 2: -infinity is not a finite number");
}

static void a_result_that_cannot_be_sent_is_named()
{
    fs::session session(arguments, argument);
    fs::pool pool(1);
    auto root = [](double d) { return std::sqrt(d); };
    auto bad = [] { return std::string("\xff"); };

    CHECK(said<fs::call_error>([&] { fs::call(root, -1.0); }).find(
              "result: NaN is not a finite number") != std::string::npos);
    CHECK(said<fs::call_error>([&] { fs::call([] { return -HUGE_VAL; }); }).find(
              "result: -infinity is not a finite number") != std::string::npos);
    CHECK(said<fs::call_error>([&] { pool.start(bad).get(); }).find(
              "result: the text is not UTF-8") != std::string::npos);
    CHECK(thrown<fs::call_error>([&] { pool.call(bad); }).is_failure());
    CHECK(pool.call(root, 4) == 2);
}

static void numbers_keep_their_value_in_a_conversion()
{
    fs::session session(arguments, argument);
    enum plain : int { large = 300 };
    auto byte = [](std::uint8_t n) { return n; };
    auto yes = [](bool b) { return b; };
    auto small = [](float f) { return f; };
    auto pair = [](std::pair<std::uint8_t, std::string> p) { return p.first; };
    auto maybe = [](std::optional<std::uint8_t> n) { return n.value_or(9); };
    auto range = [](auto code) { return thrown<fs::error>(code).code() == PROCSPAWN_ERANGE; };

    CHECK(range([&] { fs::call(byte, large); }));
    CHECK(range([&] { fs::call(yes, 2); }));
    CHECK(range([&] { fs::call(small, 1e39); }));
    CHECK(range([&] { fs::call(small, (1 << 24) + 1); }));
    CHECK(range([&] { fs::call([](double d) { return d; }, INT64_MAX); }));
    CHECK(range([&] { fs::call(pair, std::make_pair(256, "a")); }));
    CHECK(range([&] { fs::call(maybe, 256); }));
    CHECK(range([&] { fs::call(maybe, std::optional<int>(-1)); }));
    CHECK(fs::call(byte, 'a') == 'a' && fs::call(byte, true) == 1 && fs::call(yes, 1));
    CHECK(fs::call(small, 1 << 24) == 1 << 24 && fs::call(small, 0.1) == 0.1f);
    CHECK(fs::call([](double d) { return d; }, INT64_MIN) == -9223372036854775808.0);
    CHECK(fs::call(pair, std::make_pair(255, "a")) == 255);
    CHECK(fs::call(maybe, 255) == 255 && fs::call(maybe, std::nullopt) == 9);
    CHECK(fs::call(maybe, std::optional<int>(1)) == 1);
    CHECK(fs::call(yes, std::vector<bool>{ true }[0]));
}

template <class T> static int refusal(const char *text)
{
    fs::json value(json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, nullptr));
    return thrown<fs::error>([&] { fs::unpack<T>(value.get()); }).code();
}

static void values_of_another_type_are_refused()
{
    CHECK(refusal<std::int8_t>("128") == PROCSPAWN_EVALUE);
    CHECK(refusal<std::uint8_t>("-1") == PROCSPAWN_EVALUE);
    CHECK(refusal<int>("\"7\"") == PROCSPAWN_EVALUE);
    CHECK(refusal<std::uint64_t>("\"18446744073709551616\"") == PROCSPAWN_EVALUE);
    CHECK(refusal<std::uint64_t>("\"x\"") == PROCSPAWN_EVALUE);
    CHECK(refusal<float>("1e39") == PROCSPAWN_EVALUE);
    CHECK(refusal<double>("true") == PROCSPAWN_EVALUE);
    CHECK(refusal<bool>("1") == PROCSPAWN_EVALUE);
    CHECK(refusal<std::string>("null") == PROCSPAWN_EVALUE);
    CHECK(refusal<std::vector<int>>("{}") == PROCSPAWN_EVALUE);
    CHECK(refusal<fs::bytes>("\"text\"") == PROCSPAWN_EVALUE);
    CHECK((refusal<std::pair<int, int>>("[1]") == PROCSPAWN_EVALUE));
    CHECK((refusal<std::array<int, 2>>("[1, 2, 3]") == PROCSPAWN_EVALUE));
    CHECK((refusal<std::map<std::string, int>>("[]") == PROCSPAWN_EVALUE));
}

static void an_exception_arrives_with_class_and_text()
{
    fs::session session(arguments, argument);

    auto error = thrown<fs::call_error>([] { fs::call<at>(7u); });
    CHECK(error.kind() == PROCSPAWN_ERROR_FAILED && error.is_failure());
    CHECK(error.type() == "std::out_of_range");
    CHECK(std::string(error.what()).find("7") != std::string::npos);
    CHECK(error.code() == PROCSPAWN_ECALL);
    error = thrown<fs::call_error>([] { fs::call<throws_a_number>(); });
    CHECK(error.type() == "int" && error.is_failure());
}

static void a_worker_goes_on_after_an_exception()
{
    fs::session session(arguments, argument);
    fs::pool pool(1);
    int before = pool.call<pid>();

    CHECK(thrown<fs::call_error>([&] { pool.call<at>(3u); }).type() == "std::out_of_range");
    CHECK(pool.call<pid>() == before);
    CHECK(pool.call([] { return getpid(); }) == before);
    pool.shutdown();
    CHECK(thrown<fs::call_error>([&] { pool.call<pid>(); }).code() == PROCSPAWN_ESHUTDOWN);
}

static void a_death_is_an_error_too()
{
    fs::session session(arguments, argument);
    auto error = thrown<fs::call_error>([] { fs::call<aborts>(); });

    CHECK(error.kind() == PROCSPAWN_ERROR_REMOTE_CLOSE && !error.is_failure());
    CHECK(error.type().empty());
    CHECK(procspawn_error_signal(error.get()) == SIGABRT);
}

static void a_call_that_cannot_be_made_is_an_error_too()
{
    auto error = thrown<fs::call_error>([] { fs::call<pid>(); });

    CHECK(error.code() == PROCSPAWN_ENOTINIT && error.kind() == PROCSPAWN_ERROR_SETUP);
    CHECK(thrown<fs::error>([] { fs::start<pid>(); }).code() == PROCSPAWN_ENOTINIT);
}

static void a_future_has_its_result_once()
{
    fs::session session(arguments, argument);
    fs::options options;
    fs::pool pool(2);
    auto one = pool.start<greet>("one"), two = fs::start<greet>("two");
    auto failed = fs::start<at>(5u);
    auto killed = fs::start<waits_for_ever>();
    options.pool = pool.get();

    CHECK(two.get() == "hello, two" && one.get() == "hello, one");
    CHECK(is_taken(one));
    one.kill();
    CHECK(one.fd() == -1 && two.fd() == -1);
    CHECK(thrown<fs::call_error>([&] { failed.get(); }).is_failure());
    CHECK(is_taken(failed));
    killed.kill();
    CHECK(thrown<fs::call_error>([&] { killed.get(); }).kind() == PROCSPAWN_ERROR_REMOTE_CLOSE);
    CHECK(fs::call_with<greet>(options, "pool") == "hello, pool");
    CHECK(fs::start_with(options, [](int n) { return 2 * n; }, 4).get() == 8);
}

static int below_four(std::uint8_t number)
{
    return number < 4 ? 2 * number : throw std::out_of_range("four");
}

static int opens(const std::string &path)
{
    return open(path.c_str(), O_RDONLY);
}

static void a_call_has_the_sandbox_of_its_builder()
{
    fs::session session(arguments, argument);
    fs::builder builder(procspawn_builder_new());
    fs::options options;

    procspawn_builder_sandbox(builder.get(), PROCSPAWN_SANDBOX_COMPUTE);
    options.builder = builder.get();
    if (const char *missing = procspawn_sandbox_missing(PROCSPAWN_SANDBOX_COMPUTE)) {
        auto refused = thrown<fs::call_error>([&] { fs::call_with<greet>(options, "sandbox"); });
        CHECK(std::string(refused.what()).find(missing) != std::string::npos);
        return;
    }
    CHECK(fs::call_with<greet>(options, "sandbox") == "hello, sandbox");
    auto failed = thrown<fs::call_error>([&] { fs::call_with<below_four>(options, 4); });
    CHECK(failed.type() == "std::out_of_range");
    auto denied = thrown<fs::call_error>([&] { fs::call_with<opens>(options, "/etc/passwd"); });
    CHECK(std::string(denied.what()).find("sandbox violation: openat") == 0);
}

static void a_map_has_a_result_for_each_item()
{
    fs::session session(arguments, argument);
    fs::pool pool(2);
    fs::map_options options;
    options.pool = pool.get();

    CHECK((fs::map<below_four>(std::vector<int>{ 3, 1, 2 }) == std::vector<int>{ 6, 2, 4 }));
    CHECK((fs::map<greet>(std::array<const char *, 2>{ "a", "b" }, options) ==
           std::vector<std::string>{ "hello, a", "hello, b" }));
    CHECK(fs::map([](bool b) { return !b; }, std::vector<bool>{ true, false }, options) ==
          (std::vector<bool>{ false, true }));
    CHECK(fs::map<below_four>(std::vector<int>(), options).empty());
    fs::map([](int) {}, std::vector<int>{ 1, 2 }, options);
}

static void a_map_tells_the_item_that_failed()
{
    fs::session session(arguments, argument);
    fs::pool pool(1);
    fs::map_options options;
    options.pool = pool.get();
    auto error = thrown<fs::call_error>([&] {
        fs::map<below_four>(std::vector<int>{ 1, 2, 4, 3 }, options);
    });

    CHECK(error.type() == "std::out_of_range" && error.is_failure());
    CHECK(procspawn_error_index(error.get()) == 2);
    CHECK(said([&] { fs::map<below_four>(std::vector<int>{ 1, 300 }, options); }) ==
          "item 1: parameter 1: 300 does not fit into its type");
}

/* ---- tasks ---- */

/* Counts its objects. */
class counted
{
public:
    counted() { alive++; }
    counted(const counted &) = delete;
    counted &operator=(const counted &) = delete;
    ~counted() { alive--; }
    static std::atomic<int> alive;
};
std::atomic<int> counted::alive;

/* Is waited for until somebody has arrived. */
class arrival
{
public:
    arrival() { sem_init(&semaphore, 0, 0); }
    arrival(const arrival &) = delete;
    arrival &operator=(const arrival &) = delete;
    ~arrival() { sem_destroy(&semaphore); }
    void tell() { sem_post(&semaphore); }
    void wait()
    {
        while (sem_wait(&semaphore) != 0)
            continue;
    }

private:
    sem_t semaphore;
};

static void tasks_have_results()
{
    int local = 20;

    fs::run([&](fs::scope &scope) {
        auto sum = scope.start([&] { return local + 22; }, "sum");
        auto text = scope.start([] { return std::string("text"); });
        auto none = scope.start([] {});
        auto moved = scope.start([number = std::make_unique<int>(3)] { return *number; });
        auto pointer = scope.start([] { return std::make_unique<int>(4); });
        CHECK(sum.get() == 42 && text.get() == "text" && moved.get() == 3);
        CHECK(*pointer.get() == 4);
        none.get();
        CHECK(is_taken(sum) && is_taken(none));
        sum.cancel();
        scope.spawn([&] { local = 1; });
    });
    CHECK(local == 1);
}

static void an_exception_of_a_task_cancels_the_others_and_leaves_run()
{
    arrival one, two;
    auto error = thrown<std::runtime_error>([&] {
        fs::run([&](fs::scope &scope) {
            counted here;
            for (arrival *it : { &one, &two })
                scope.spawn([it] {
                    counted object;
                    it->tell();
                    waits_for_ever();
                });
            scope.spawn([&] {
                counted object;
                one.wait();
                two.wait();
                throw std::runtime_error("in a task");
            });
            waits_for_ever();
        });
    });

    CHECK(std::string(error.what()) == "in a task");
    CHECK(counted::alive == 0);
}

static void an_exception_of_the_body_cancels_its_tasks_and_leaves_run()
{
    arrival one;
    auto error = thrown<std::out_of_range>([&] {
        fs::run([&](fs::scope &scope) {
            scope.spawn([&] {
                counted object;
                one.tell();
                waits_for_ever();
            });
            one.wait();
            throw std::out_of_range("in the body");
        });
    });

    CHECK(std::string(error.what()) == "in the body");
    CHECK(counted::alive == 0);
}

static void a_time_limit_bounds_the_body_too()
{
    scoped_options options{};
    options.time_limit = 50 * FORKSCOPE_MS;
    auto error = thrown<fs::error>([&] {
        fs::run(options, [&](fs::scope &scope) {
            counted here;
            scope.spawn([] {
                counted object;
                waits_for_ever();
            });
            waits_for_ever();
        });
    });

    CHECK(error.code() == -ETIME);
    CHECK(counted::alive == 0);
}

static void a_call_of_a_cancelled_task_is_killed_and_destructors_run()
{
    fs::session session(arguments, argument);
    fs::pool pool(1);
    arrival ready;

    for (int round = 0; round < 3; round++) {
        scoped_options options{};
        options.time_limit = 100 * FORKSCOPE_MS;
        auto error = thrown<fs::error>([&] {
            fs::run(options, [&](fs::scope &scope) {
                scope.spawn([] {
                    counted object;
                    fs::call<waits_for_ever>();
                });
                scope.spawn([&] {
                    counted object;
                    pool.call<waits_for_ever>();
                });
                scope.spawn([] {
                    counted object;
                    auto started = fs::start<waits_for_ever>();
                    counted another;
                    started.get();
                });
                counted here;
                auto task = scope.start([] { return fs::call<waits_for_ever>(), 1; });
                task.get();
            });
        });
        CHECK(error.code() == -ETIME);
        CHECK(counted::alive == 0);
    }
}

static void a_cancelled_task_has_no_result()
{
    arrival one;

    fs::run([&](fs::scope &scope) {
        auto task = scope.start([&]() -> int {
            counted object;
            one.tell();
            for (;;)
                pause();
        });
        one.wait();
        task.cancel();
        CHECK(thrown<fs::error>([&] { task.get(); }).code() == -ECANCELED);
    });
    CHECK(counted::alive == 0);
}

static void get_throws_what_left_the_task()
{
    scoped_options options{};
    options.policy = &scoped_collect;
    auto error = thrown<std::domain_error>([&] {
        fs::run(options, [](fs::scope &scope) {
            auto task = scope.start([]() -> int { throw std::domain_error("first"); });
            CHECK(std::string(thrown<std::domain_error>([&] { task.get(); }).what()) == "first");
            CHECK(is_taken(task));
        });
    });

    CHECK(std::string(error.what()) == "first");
}

static void a_task_object_may_outlive_its_scope()
{
    std::vector<fs::task<int>> tasks;

    fs::run([&](fs::scope &scope) {
        tasks.push_back(scope.start([] { return 1; }));
        tasks.push_back(scope.start([] { return 2; }));
    });
    CHECK(tasks[1].get() == 2);
}

static void runs_can_be_nested()
{
    arrival one;
    auto error = thrown<std::runtime_error>([&] {
        fs::run([&](fs::scope &outer) {
            outer.spawn([&] {
                counted object;
                fs::run([&](fs::scope &inner) {
                    counted another;
                    inner.spawn([&] {
                        counted third;
                        one.tell();
                        waits_for_ever();
                    });
                    waits_for_ever();
                });
            });
            one.wait();
            throw std::runtime_error("outer");
        });
    });

    CHECK(std::string(error.what()) == "outer");
    CHECK(counted::alive == 0);
}

static void exceptions_of_many_tasks_are_one()
{
    for (int round = 0; round < 20; round++) {
        auto number = thrown<int>([] {
            fs::run([](fs::scope &scope) {
                for (int i = 0; i < 20; i++)
                    scope.spawn([i] {
                        counted object;
                        throw i;
                    });
            });
        });
        CHECK(number >= 0 && number < 20);
        CHECK(counted::alive == 0);
    }
}

#define TEST(name) { #name, name }

static CU_TestInfo calls[] = {
    TEST(values_of_all_types_travel),
    TEST(numbers_that_do_not_fit_are_refused),
    TEST(a_refused_argument_is_named),
    TEST(a_result_that_cannot_be_sent_is_named),
    TEST(numbers_keep_their_value_in_a_conversion),
    TEST(values_of_another_type_are_refused),
    TEST(an_exception_arrives_with_class_and_text),
    TEST(a_worker_goes_on_after_an_exception),
    TEST(a_death_is_an_error_too),
    TEST(a_call_that_cannot_be_made_is_an_error_too),
    TEST(a_future_has_its_result_once),
    TEST(a_call_has_the_sandbox_of_its_builder),
    TEST(a_map_has_a_result_for_each_item),
    TEST(a_map_tells_the_item_that_failed),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo tasks[] = {
    TEST(tasks_have_results),
    TEST(an_exception_of_a_task_cancels_the_others_and_leaves_run),
    TEST(an_exception_of_the_body_cancels_its_tasks_and_leaves_run),
    TEST(a_time_limit_bounds_the_body_too),
    TEST(a_call_of_a_cancelled_task_is_killed_and_destructors_run),
    TEST(a_cancelled_task_has_no_result),
    TEST(get_throws_what_left_the_task),
    TEST(a_task_object_may_outlive_its_scope),
    TEST(runs_can_be_nested),
    TEST(exceptions_of_many_tasks_are_one),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { "cxx_calls", nullptr, nullptr, nullptr, nullptr, calls },
    { "cxx_tasks", nullptr, nullptr, nullptr, nullptr, tasks },
    CU_SUITE_INFO_NULL,
};

/* What the library keeps from its first use on is there before the first inventory. */
static void use_once()
{
    fs::run([](fs::scope &) {});
}

int main(int argc, char **argv)
{
    procspawn_cunit_setup(use_once);
    arguments = argc;
    argument = argv;
    return procspawn_cunit_run(suites, argc, argv);
}
