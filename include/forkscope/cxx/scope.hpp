/*
 * scope.hpp - C++ lambdas as tasks in threads
 */
#ifndef FORKSCOPE_CXX_SCOPE_HPP
#define FORKSCOPE_CXX_SCOPE_HPP

#include <cerrno>
#include <exception>
#include <forkscope.h>
#include <forkscope/cxx/error.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

namespace forkscope
{

namespace detail
{

/* The first exception that has left a task, or the body, of one run(). */
class first_exception
{
public:
    void keep(std::exception_ptr exception)
    {
        std::lock_guard<std::mutex> guard(lock);
        if (!kept)
            kept = std::move(exception);
    }
    /* When all tasks are gone. */
    void rethrow() const
    {
        if (kept)
            std::rethrow_exception(kept);
    }

private:
    std::mutex lock;
    std::exception_ptr kept;
};

/* Called in a handler: the status of a task that an exception has left, with a message. */
inline int failed() noexcept
{
    try {
        throw;
    } catch (const std::exception &e) {
        return scoped_fail(SCOPED_EUNWOUND, "%s", e.what());
    } catch (...) {
        return scoped_fail(SCOPED_EUNWOUND, "an exception");
    }
}

/* A task: what it calls, and where its exception goes. Freed when the task has ended. */
struct job {
    virtual ~job() = default;
    virtual void call() = 0;
    virtual void keep(const std::exception_ptr &) {}

    FORKSCOPE_UNWINDS static int run(void *arg)
    {
        job *self = static_cast<job *>(arg);
        try {
            self->call();
            return 0;
        } catch (abi::__forced_unwind &) {
            throw;
        } catch (...) {
            self->keep(std::current_exception());
            self->failures->keep(std::current_exception());
            return failed();
        }
    }
    static void free(void *arg) { delete static_cast<job *>(arg); }

    std::shared_ptr<first_exception> failures;
};

template <class L> struct plain_job final : job {
    explicit plain_job(L &&b) : body(std::move(b)) {}
    explicit plain_job(const L &b) : body(b) {}
    void call() override { body(); }
    L body;
};

/* What a task with a result leaves. */
template <class R> struct outcome {
    std::optional<std::conditional_t<std::is_void_v<R>, bool, R>> value;
    std::exception_ptr failure;
};

template <class L, class R> struct result_job final : job {
    result_job(L &&b, std::shared_ptr<outcome<R>> p) : body(std::move(b)), place(std::move(p)) {}
    result_job(const L &b, std::shared_ptr<outcome<R>> p) : body(b), place(std::move(p)) {}
    void call() override
    {
        if constexpr (std::is_void_v<R>)
            body();
        else
            place->value.emplace(body());
    }
    void keep(const std::exception_ptr &exception) override { place->failure = exception; }
    L body;
    std::shared_ptr<outcome<R>> place;
};

} // namespace detail

/*
 * A task that was started, with its result. The task ends with its scope; this object may be
 * dropped before, or live on.
 */
template <class R> class task
{
public:
    /*
     * Waits until the task is gone and gives its result, once. Throws what left the task, or an
     * error: -ECANCELED when the task was cancelled, or the caller where that is told so (scope.h);
     * -EDEADLK in the task itself, and below it; -EINVAL when the result was taken before.
     *
     * To catch the exception here does not undo the failure: run() throws it all the same, and
     * unless the options name a policy, the failure cancels the caller too, if that is in the
     * scope. A task whose failure is to be handled catches the exception itself and gives a result.
     */
    R get()
    {
        if (!owned)
            detail::throw_taken();
        int status = scoped_task_join(owned.get(), nullptr);
        if (status == SCOPED_ERUNNING)
            throw error(-ECANCELED);
        if (status == -EDEADLK)
            throw error(status);
        /* Freed by the join. */
        static_cast<void>(owned.release());
        if (place->failure)
            std::rethrow_exception(place->failure);
        check(status);
        if constexpr (!std::is_void_v<R>)
            return std::move(*place->value);
    }
    /* Does nothing after get(). */
    void cancel()
    {
        if (owned)
            scoped_task_cancel(owned.get());
    }

private:
    friend class scope;
    task() : place(std::make_shared<detail::outcome<R>>()) {}
    std::unique_ptr<scoped_task, detail::freer<scoped_task_free>> owned;
    std::shared_ptr<detail::outcome<R>> place;
};

/* Where tasks are started. run() makes it, for the body that it runs, which alone uses it. */
class scope
{
public:
    scope(const scope &) = delete;
    scope &operator=(const scope &) = delete;

    /* Starts a task. It may refer to what outlives run(). The name is copied. */
    template <class L> void spawn(L &&body, const char *name = nullptr)
    {
        using B = std::decay_t<L>;
        add(std::make_unique<detail::plain_job<B>>(std::forward<L>(body)), name, nullptr);
    }

    /* The same for a task whose result or end is waited for. */
    template <class L> auto start(L &&body, const char *name = nullptr)
    {
        using B = std::decay_t<L>;
        using R = std::decay_t<decltype(std::declval<B &>()())>;
        task<R> started;
        scoped_task *object = nullptr;
        add(std::make_unique<detail::result_job<B, R>>(std::forward<L>(body), started.place), name,
            &object);
        started.owned.reset(object);
        return started;
    }

    /* For the C functions. */
    scoped_spawner get() const noexcept { return spawner; }

private:
    template <class B> friend void run(const scoped_options &o, B &&body);
    scope(scoped_spawner s, std::shared_ptr<detail::first_exception> f)
        : spawner(s), failures(std::move(f))
    {
    }
    void add(std::unique_ptr<detail::job> job, const char *name, scoped_task **ret_task)
    {
        scoped_task_options with{};
        with.name = name;
        with.done = detail::job::free;
        job->failures = failures;
        check(scoped_start_leaf(spawner, &with, detail::job::run, job.get(), ret_task));
        static_cast<void>(job.release());
    }

    scoped_spawner spawner;
    std::shared_ptr<detail::first_exception> failures;
};

/*
 * scoped_run(): runs body in a scope, as a task, and returns when it and all that it started are
 * gone. Throws the first exception that left one of them; or error(-ETIME) at the time limit; or an
 * error with another status of the scope. Unless the options name a policy, the first failure
 * cancels the rest.
 */
template <class B> void run(const scoped_options &o, B &&body)
{
    struct running {
        std::remove_reference_t<B> &body;
        std::shared_ptr<detail::first_exception> failures;

        FORKSCOPE_UNWINDS static int call(scoped_spawner spawner, void *arg)
        {
            running *self = static_cast<running *>(arg);
            try {
                scope here(spawner, self->failures);
                self->body(here);
                return 0;
            } catch (abi::__forced_unwind &) {
                throw;
            } catch (...) {
                self->failures->keep(std::current_exception());
                return detail::failed();
            }
        }
    };
    running state{body, std::make_shared<detail::first_exception>()};
    scoped_options with = o;
    if (!with.policy)
        with.policy = &scoped_fail_fast;
    int status = scoped_run(&with, running::call, &state, nullptr);
    state.failures->rethrow();
    check(status);
}
template <class B, class = decltype(std::declval<B &>()(std::declval<scope &>()))>
void run(B &&body)
{
    run(scoped_options{}, std::forward<B>(body));
}

} // namespace forkscope

#endif
