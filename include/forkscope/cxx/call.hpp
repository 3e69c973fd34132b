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
#include <optional>
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

/* struct procspawn_map_options (map.h), with the defaults. */
struct map_options : procspawn_map_options {
    map_options() : procspawn_map_options{} {}
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

/* ---- arguments and results ---- */

/* Runs code; its error names the parameter, counted from 1, or with 0 the result. */
template <class L> auto named(std::size_t number, L &&code)
{
    try {
        return code();
    } catch (const error &e) {
        std::string name = number > 0 ? "parameter " + std::to_string(number) : "result";
        throw error(e.code(), name + ": " + e.what());
    }
}

template <class A> using plain = std::remove_cv_t<std::remove_reference_t<A>>;

template <class P, class A, class = void> struct is_braced : std::false_type {
};
template <class P, class A>
struct is_braced<P, A, std::void_t<decltype(P{std::declval<A>()})>> : std::true_type {
};

/* Makes a parameter of an argument, as a call of the function would, but numbers keep their value.
 * What can be known by the types is a compile error. */
template <class P> struct fitted {
    template <class A> static P from(A &&argument)
    {
        using N = plain<A>;
        constexpr bool converts = std::is_convertible_v<A, P>;
        static_assert(converts, "the argument does not convert to the type of its parameter");
        if constexpr (!std::is_arithmetic_v<P>) {
            if constexpr (converts)
                return std::forward<A>(argument);
        } else if constexpr (std::is_enum_v<N>) {
            return from(static_cast<std::underlying_type_t<N>>(argument));
        } else if constexpr (std::is_arithmetic_v<N>) {
            constexpr bool cuts = std::is_floating_point_v<N> && std::is_integral_v<P>;
            static_assert(!cuts, "a floating-point argument would be cut to the integer of its "
                                 "parameter: convert it");
            return number<P>(argument);
        } else {
            static_assert(is_braced<P, A>::value && !std::is_pointer_v<std::decay_t<A>>,
                          "the argument would be narrowed to the type of its parameter: convert "
                          "it");
            return static_cast<P>(std::forward<A>(argument));
        }
    }

private:
    template <class T, class N> static T number(N argument)
    {
        if constexpr (std::is_same_v<T, N>)
            return argument;
        else if constexpr (std::is_same_v<N, bool>)
            return static_cast<T>(argument);
        else if constexpr (!std::is_floating_point_v<N> || std::is_floating_point_v<T>)
            if (!fits<T>(argument))
                refuse_range(argument);
        return static_cast<T>(argument);
    }
};

/* Numbers inside of these convert too. */
template <class A, class = void> struct size_of : std::integral_constant<std::size_t, 0> {
};
template <class A>
struct size_of<A, std::void_t<decltype(std::tuple_size<A>::value)>> : std::tuple_size<A> {
};

template <class P, class... T> struct fitted_members {
    template <class A> static P from(A &&argument)
    {
        if constexpr (!std::is_same_v<plain<A>, P> && size_of<plain<A>>::value == sizeof...(T)) {
            static_assert(std::is_convertible_v<A, P>,
                          "the argument does not convert to the type of its parameter");
            return std::apply(
                [](auto &&...member) {
                    return P(fitted<T>::from(std::forward<decltype(member)>(member))...);
                },
                std::forward<A>(argument));
        } else {
            return std::forward<A>(argument);
        }
    }
};
template <class... T> struct fitted<std::tuple<T...>> : fitted_members<std::tuple<T...>, T...> {
};
template <class A, class B> struct fitted<std::pair<A, B>> : fitted_members<std::pair<A, B>, A, B> {
};

template <class A> struct is_optional : std::false_type {
};
template <class T> struct is_optional<std::optional<T>> : std::true_type {
};

template <class T> struct fitted<std::optional<T>> {
    template <class A> static std::optional<T> from(A &&argument)
    {
        if constexpr (std::is_same_v<plain<A>, std::optional<T>>)
            return std::forward<A>(argument);
        else if constexpr (is_optional<plain<A>>::value)
            return argument ? std::optional<T>(fitted<T>::from(*std::forward<A>(argument)))
                            : std::nullopt;
        else if constexpr (std::is_convertible_v<A, T>)
            return fitted<T>::from(std::forward<A>(argument));
        else
            return std::forward<A>(argument);
    }
};

template <class P, class A> json pack_parameter(std::size_t number, A &&argument)
{
    return named(number, [&] {
        if constexpr (std::is_same_v<plain<A>, P>)
            return forkscope::pack<P>(argument);
        else
            return forkscope::pack<P>(fitted<P>::from(std::forward<A>(argument)));
    });
}

template <class... P> struct packer;
template <class... P> struct packer<std::tuple<P...>> {
    template <class... A> static json pack(A &&...argument)
    {
        static_assert(sizeof...(A) == sizeof...(P),
                      "there are as many arguments as the function has parameters");
        json array = made(json_array());
        std::size_t number = 0;
        if constexpr (sizeof...(A) == sizeof...(P))
            (append(array, pack_parameter<P>(++number, std::forward<A>(argument))), ...);
        static_cast<void>(number);
        return array;
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
            auto &&result = F::apply(std::move(arguments));
            return named(0, [&] { return pack<typename F::result>(result); }).release();
        }
    } catch (abi::__forced_unwind &) {
        throw;
    } catch (const std::exception &e) {
        return fail_with(e.what());
    } catch (...) {
        return fail_with(nullptr);
    }
}

/* ---- in the caller ---- */

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
            return named(0, [&] { return unpack<R>(value); });
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

template <class F, class I> auto map(const procspawn_map_options &o, const I &items)
{
    using R = typename F::result;
    json array = made(json_array());
    std::size_t index = 0;
    for (const auto &item : items) {
        try {
            append(array, packed<F>(item));
        } catch (const error &e) {
            throw error(e.code(), "item " + std::to_string(index) + ": " + e.what());
        }
        index++;
    }
    json_t *results = nullptr;
    procspawn_error *failure = nullptr;
    int status = procspawn_map(&o, entry<F>, array.get(), &results, &failure);
    json owned(results);
    if (failure)
        throw_call_error(failure);
    check(status);
    if constexpr (!std::is_void_v<R>)
        return named(0, [&] { return unpack<std::vector<R>>(owned.get()); });
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

/*
 * procspawn_map(): calls a function with one parameter, or a lambda, for each item of a container,
 * in the workers of a pool, and returns a vector of the results in the order of the items. The
 * failure that happens first stops the map and is thrown as a call_error;
 * procspawn_error_index(e.get()) is the item's index, counted from 0. Throws error when an item
 * cannot be sent: "item 3: parameter 1: 300 does not fit into its type".
 */
template <auto F, class I> auto map(const I &items, const map_options &o = map_options())
{
    return detail::map<detail::by_value<F>>(o, items);
}
template <class L, class I, class = detail::if_lambda<L>>
auto map(L, const I &items, const map_options &o = map_options())
{
    return detail::map<detail::by_type<L>>(o, items);
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
