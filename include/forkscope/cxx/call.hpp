/*
 * call.hpp - C++ functions called in other processes
 */
#ifndef FORKSCOPE_CXX_CALL_HPP
#define FORKSCOPE_CXX_CALL_HPP

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <forkscope.h>
#include <forkscope/cxx/codec.hpp>
#include <forkscope/cxx/error.hpp>
#include <new>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace forkscope
{

/* struct procspawn_call_options (call.h), in which nothing differs from a plain call. */
struct options : procspawn_call_options {
    options() : procspawn_call_options{} {}
};

namespace detail
{

/* ---- what is called ---- */

template <class T> struct signature;
template <class R, class... A> struct signature<R (*)(A...)> {
    using result = std::decay_t<R>;
    using parameters = std::tuple<std::decay_t<A>...>;
    static_assert(((!std::is_lvalue_reference_v<A> ||
                    std::is_const_v<std::remove_reference_t<A>>) &&
                   ...),
                  "a function in another process cannot change objects of its caller: take "
                  "parameters by value or by const reference");
};
template <class R, class... A> struct signature<R (*)(A...) noexcept> : signature<R (*)(A...)> {
};
template <class R, class C, class... A>
struct signature<R (C::*)(A...) const> : signature<R (*)(A...)> {
};
template <class R, class C, class... A>
struct signature<R (C::*)(A...) const noexcept> : signature<R (*)(A...)> {
};

/* A function, known by a template argument. */
template <auto F> struct by_value : signature<decltype(F)> {
    template <class T> static decltype(auto) apply(T &&arguments)
    {
        return std::apply(F, std::forward<T>(arguments));
    }
};

/* A lambda without captures, known by its type: it has no state, so any bytes are an object. */
template <class L> struct by_type : signature<decltype(&L::operator())> {
    static_assert(std::is_empty_v<L>,
                  "a lambda that runs in another process cannot capture: give it parameters");
    template <class T> static decltype(auto) apply(T &&arguments)
    {
        alignas(L) static std::byte place[sizeof(L)];
        return std::apply(*std::launder(reinterpret_cast<const L *>(place)),
                          std::forward<T>(arguments));
    }
};

/* ---- in the other process ---- */

inline json_t *fail_with(const char *text) noexcept
{
    try {
        std::string name = class_of(abi::__cxa_current_exception_type());
        if (!text)
            return procspawn_fail_at(nullptr, 0, nullptr, name.c_str(), nullptr,
                                     "an exception of type %s", name.c_str());
        return procspawn_fail_at(nullptr, 0, nullptr, name.c_str(), nullptr, "%s", text);
    } catch (const std::bad_alloc &) {
        return procspawn_fail_at(nullptr, 0, nullptr, "std::bad_alloc", nullptr,
                                 "no memory could be had to tell of an exception");
    }
}

/* Nothing is left to unwind into: what is above does not know exceptions. */
template <class F> FORKSCOPE_UNWINDS json_t *entry(json_t *argument)
{
    try {
        auto arguments = unpack<typename F::parameters>(argument);
        if constexpr (std::is_void_v<typename F::result>) {
            F::apply(std::move(arguments));
            return json_null();
        } else {
            return pack<typename F::result>(F::apply(std::move(arguments))).release();
        }
    } catch (abi::__forced_unwind &) {
        throw;
    } catch (const std::exception &e) {
        return fail_with(e.what());
    } catch (...) {
        return fail_with(nullptr);
    }
}

/* ---- arguments and results ---- */

/* Integers are not cut. */
template <class P, class A> decltype(auto) fitted(A &&argument)
{
    using N = std::decay_t<A>;
    if constexpr (std::is_integral_v<P> && std::is_integral_v<N> && !std::is_same_v<P, bool> &&
                  !std::is_same_v<N, bool>) {
        if (!fits<P>(argument))
            throw error(PROCSPAWN_ERANGE,
                        std::to_string(argument) + " does not fit into the type of its parameter");
        return static_cast<P>(argument);
    } else {
        return std::forward<A>(argument);
    }
}

template <class... P> struct packer;
template <class... P> struct packer<std::tuple<P...>> {
    template <class... A> static json pack(A &&...argument)
    {
        static_assert(sizeof...(A) == sizeof...(P),
                      "there are as many arguments as the function has parameters");
        if constexpr (sizeof...(A) == sizeof...(P))
            return forkscope::pack(std::tuple<P...>(fitted<P>(std::forward<A>(argument))...));
    }
};

template <class F, class... A> json packed(A &&...argument)
{
    return packer<typename F::parameters>::pack(std::forward<A>(argument)...);
}

struct whole_result : procspawn_result {
    whole_result() : procspawn_result{} {}
    whole_result(const whole_result &) = delete;
    whole_result &operator=(const whole_result &) = delete;
    ~whole_result() { procspawn_result_fini(this); }

    template <class R> R take()
    {
        if (error)
            throw_call_error(std::exchange(error, nullptr));
        if constexpr (!std::is_void_v<R>)
            return unpack<R>(value);
    }
};

template <class F, class... A>
typename F::result call(const procspawn_call_options &o, A &&...argument)
{
    whole_result result;
    json arguments = packed<F>(std::forward<A>(argument)...);
    procspawn_call_options borrowing = o;
    borrowing.take_argument = false;
    procspawn_call_with(&borrowing, entry<F>, arguments.get(), &result);
    return result.take<typename F::result>();
}

} // namespace detail

/*
 * A call that was started. get() waits for its end and gives the result, once; a second one throws
 * an error with -EINVAL. Without get() the call goes on by itself.
 */
template <class R> class future
{
public:
    explicit future(procspawn_handle *taken) : owned(taken) {}

    R get()
    {
        if (!owned)
            detail::throw_taken();
        detail::whole_result result;
        int status = procspawn_finish(owned.get(), -1, &result);
        if (status == -ECANCELED && !result.error)
            throw error(status);
        /* Taken: it belongs to the result. */
        static_cast<void>(owned.release());
        return result.template take<R>();
    }

    /* Readable when get() does not wait. -1 after get(). */
    int fd() const { return owned ? procspawn_fd(owned.get()) : -1; }
    /* Does nothing after get(). */
    void kill()
    {
        if (owned)
            procspawn_kill(owned.get());
    }
    procspawn_handle *get_handle() const noexcept { return owned.get(); }

private:
    handle owned;
};

namespace detail
{

template <class F, class... A> auto start(const procspawn_call_options &o, A &&...argument)
{
    procspawn_handle *started = nullptr;
    json arguments = packed<F>(std::forward<A>(argument)...);
    procspawn_call_options borrowing = o;
    borrowing.take_argument = false;
    check(procspawn_start(&borrowing, entry<F>, arguments.get(), &started));
    return future<typename F::result>(started);
}

template <class L> using if_lambda = decltype(&L::operator());

} // namespace detail

/*
 * Calls a function, or a lambda, in another process and returns its result. Throws call_error when
 * the call has failed or could not be made, and error when an argument cannot be sent. Cancelled
 * while it waits, it kills the call.
 */
template <auto F, class... A> auto call(A &&...argument)
{
    return detail::call<detail::by_value<F>>(options(), std::forward<A>(argument)...);
}
template <auto F, class... A> auto call_with(const options &o, A &&...argument)
{
    return detail::call<detail::by_value<F>>(o, std::forward<A>(argument)...);
}
template <class L, class... A, class = detail::if_lambda<L>> auto call(L, A &&...argument)
{
    return detail::call<detail::by_type<L>>(options(), std::forward<A>(argument)...);
}
template <class L, class... A, class = detail::if_lambda<L>>
auto call_with(const options &o, L, A &&...argument)
{
    return detail::call<detail::by_type<L>>(o, std::forward<A>(argument)...);
}

/* The same without waiting for the end. */
template <auto F, class... A> auto start(A &&...argument)
{
    return detail::start<detail::by_value<F>>(options(), std::forward<A>(argument)...);
}
template <auto F, class... A> auto start_with(const options &o, A &&...argument)
{
    return detail::start<detail::by_value<F>>(o, std::forward<A>(argument)...);
}
template <class L, class... A, class = detail::if_lambda<L>> auto start(L, A &&...argument)
{
    return detail::start<detail::by_type<L>>(options(), std::forward<A>(argument)...);
}
template <class L, class... A, class = detail::if_lambda<L>>
auto start_with(const options &o, L, A &&...argument)
{
    return detail::start<detail::by_type<L>>(o, std::forward<A>(argument)...);
}

/* Workers that take call after call (pool.h). The destructor kills what runs; shutdown() waits. */
class pool
{
public:
    explicit pool(unsigned size)
    {
        procspawn_pool *made = nullptr;
        check(procspawn_pool_new(size, &made));
        owned.reset(made);
    }

    template <auto F, class... A> auto call(A &&...argument)
    {
        return detail::call<detail::by_value<F>>(here(), std::forward<A>(argument)...);
    }
    template <class L, class... A, class = detail::if_lambda<L>> auto call(L, A &&...argument)
    {
        return detail::call<detail::by_type<L>>(here(), std::forward<A>(argument)...);
    }
    template <auto F, class... A> auto start(A &&...argument)
    {
        return detail::start<detail::by_value<F>>(here(), std::forward<A>(argument)...);
    }
    template <class L, class... A, class = detail::if_lambda<L>> auto start(L, A &&...argument)
    {
        return detail::start<detail::by_type<L>>(here(), std::forward<A>(argument)...);
    }
    void shutdown() { check(procspawn_pool_shutdown(owned.get())); }
    procspawn_pool *get() const noexcept { return owned.get(); }

private:
    options here() const
    {
        options o;
        o.pool = owned.get();
        return o;
    }
    std::unique_ptr<procspawn_pool, detail::freer<procspawn_pool_free>> owned;
};

} // namespace forkscope

#endif
