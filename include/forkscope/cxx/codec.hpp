/*
 * codec.hpp - how C++ values of forkscope.hpp travel
 */
#ifndef FORKSCOPE_CXX_CODEC_HPP
#define FORKSCOPE_CXX_CODEC_HPP

#include <array>
#include <cerrno>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <forkscope.h>
#include <forkscope/bytes.h>
#include <forkscope/cxx/error.hpp>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace forkscope
{

/* A reference to a JSON value. The constructor takes over a reference. */
class json
{
public:
    json() noexcept = default;
    explicit json(json_t *taken) noexcept : value(taken) {}
    json(const json &other) noexcept : value(json_incref(other.value)) {}
    json(json &&other) noexcept : value(other.release()) {}
    json &operator=(json other) noexcept
    {
        std::swap(value, other.value);
        return *this;
    }
    ~json() { json_decref(value); }
    static json borrow(const json_t *other) noexcept
    {
        return json(json_incref(const_cast<json_t *>(other)));
    }
    json_t *get() const noexcept { return value; }
    json_t *release() noexcept { return std::exchange(value, nullptr); }
    explicit operator bool() const noexcept { return value != nullptr; }

private:
    json_t *value = nullptr;
};

/*
 * How a type travels. A program specialises it for its own types:
 *
 *     template <> struct forkscope::codec<point> {
 *         static json pack(const point &p) { return pack_members(p.x, p.y); }
 *         static point unpack(const json_t *value)
 *         {
 *             auto [x, y] = unpack_members<int, int>(value);
 *             return { x, y };
 *         }
 *     };
 *
 * unpack throws an error with PROCSPAWN_EVALUE for a value that is not of the type: refuse() does.
 */
template <class T, class = void> struct codec {
    static_assert(!std::is_pointer_v<T> && !std::is_same_v<T, std::string_view>,
                  "a pointer or a view means nothing in another process: pass a value");
    static_assert(sizeof(T) == 0, "forkscope::codec is not specialised for this type");
};

[[noreturn]] inline void refuse()
{
    throw error(PROCSPAWN_EVALUE);
}

/* Takes a value that jansson has made. */
inline json made(json_t *value)
{
    if (!value)
        throw error(PROCSPAWN_EJSON);
    return json(value);
}

template <class T> json pack(const T &value)
{
    return codec<T>::pack(value);
}

template <class T> T unpack(const json_t *value)
{
    return codec<T>::unpack(value);
}

namespace detail
{

inline void append(const json &array, json item)
{
    if (json_array_append_new(array.get(), item.release()) < 0)
        throw error(-ENOMEM);
}

/* Does the integer have the same value as a floating-point T? */
template <class T, class N> constexpr bool is_exact(N number)
{
    if constexpr (std::numeric_limits<N>::digits <= std::numeric_limits<T>::digits) {
        return true;
    } else {
        constexpr std::uint64_t end = std::uint64_t{1} << std::numeric_limits<T>::digits;
        auto digits = static_cast<std::uint64_t>(number);
        if constexpr (std::is_signed_v<N>)
            if (number < 0)
                digits = 0 - digits;
        while (digits >= end && digits % 2 == 0)
            digits /= 2;
        return digits < end;
    }
}

/*
 * Does the number have the same value as a T? Floating-point numbers may be rounded. Those that are
 * not finite fit: it is the codec that refuses them.
 */
template <class T, class N> constexpr bool fits(N number)
{
    if constexpr (std::is_floating_point_v<N>)
        return !(std::abs(number) > std::numeric_limits<T>::max()) || !std::isfinite(number);
    else if constexpr (std::is_floating_point_v<T>)
        return is_exact<T>(number);
    else if constexpr (std::is_signed_v<N> == std::is_signed_v<T>)
        return number >= std::numeric_limits<T>::min() && number <= std::numeric_limits<T>::max();
    else if constexpr (std::is_signed_v<N>)
        return number >= 0 &&
               static_cast<std::make_unsigned_t<N>>(number) <= std::numeric_limits<T>::max();
    else
        return number <= static_cast<std::make_unsigned_t<T>>(std::numeric_limits<T>::max());
}

template <class N> std::string text_of(N number)
{
    if constexpr (std::is_integral_v<N>)
        return std::to_string(number);
    char text[64];
    std::snprintf(text, sizeof text, "%Lg", static_cast<long double>(number));
    return text;
}

template <class N> [[noreturn]] void refuse_range(N number)
{
    throw error(PROCSPAWN_ERANGE, text_of(number) + " does not fit into its type");
}

template <class N> [[noreturn]] void refuse_infinite(N number)
{
    const char *name = std::isnan(number) ? "NaN" : number > 0 ? "infinity" : "-infinity";
    throw error(PROCSPAWN_EJSON, std::string(name) + " is not a finite number");
}

/* jansson did not take the text. */
[[noreturn]] inline void refuse_text(const std::string &text, const char *what)
{
    if (!json(json_stringn_nocheck(text.data(), text.size())))
        throw error(-ENOMEM);
    throw error(PROCSPAWN_EJSON, std::string(what) + " is not UTF-8");
}

/* A decimal number above INT64_MAX, which JSON has no integer for. */
inline std::uint64_t large_number(const json_t *value)
{
    const char *text = json_string_value(value);
    char *end = nullptr;
    if (!text || text[0] < '1' || text[0] > '9' || std::strlen(text) != json_string_length(value))
        refuse();
    errno = 0;
    unsigned long long number = std::strtoull(text, &end, 10);
    if (*end != '\0' || errno == ERANGE)
        refuse();
    return number;
}

template <class... T, std::size_t... I>
std::tuple<T...> unpack_each(const json_t *array, std::index_sequence<I...>)
{
    if (!json_is_array(array) || json_array_size(array) != sizeof...(T))
        refuse();
    return std::tuple<T...>{unpack<T>(json_array_get(array, I))...};
}

} // namespace detail

template <class... T> json pack_members(const T &...member)
{
    json array = made(json_array());
    (detail::append(array, pack<T>(member)), ...);
    return array;
}

template <class... T> std::tuple<T...> unpack_members(const json_t *array)
{
    return detail::unpack_each<T...>(array, std::index_sequence_for<T...>{});
}

template <> struct codec<json> {
    static json pack(const json &value) { return value ? value : made(json_null()); }
    static json unpack(const json_t *value) { return json::borrow(value); }
};

template <> struct codec<bool> {
    static json pack(bool value) { return made(json_boolean(value)); }
    static bool unpack(const json_t *value)
    {
        if (!json_is_boolean(value))
            refuse();
        return json_is_true(value);
    }
};

template <class T>
struct codec<T, std::enable_if_t<std::is_integral_v<T> && !std::is_same_v<T, bool>>> {
    static_assert(sizeof(T) <= sizeof(json_int_t), "numbers of more than 64 bits do not travel");
    static json pack(T value)
    {
        if (!detail::fits<json_int_t>(value))
            return made(json_string(std::to_string(value).c_str()));
        return made(json_integer(static_cast<json_int_t>(value)));
    }
    static T unpack(const json_t *value)
    {
        if constexpr (!detail::fits<json_int_t>(std::numeric_limits<T>::max()))
            if (json_is_string(value))
                return detail::large_number(value);
        if (!json_is_integer(value) || !detail::fits<T>(json_integer_value(value)))
            refuse();
        return static_cast<T>(json_integer_value(value));
    }
};

template <class T> struct codec<T, std::enable_if_t<std::is_enum_v<T>>> {
    using number = std::underlying_type_t<T>;
    static json pack(T value) { return codec<number>::pack(static_cast<number>(value)); }
    static T unpack(const json_t *value) { return static_cast<T>(codec<number>::unpack(value)); }
};

/* As a double; numbers that are not finite are refused. */
template <class T> struct codec<T, std::enable_if_t<std::is_floating_point_v<T>>> {
    static json pack(T value)
    {
        if (!std::isfinite(value))
            detail::refuse_infinite(value);
        if (!detail::fits<double>(value))
            detail::refuse_range(value);
        return made(json_real(static_cast<double>(value)));
    }
    static T unpack(const json_t *value)
    {
        if (!json_is_number(value))
            refuse();
        double number = json_number_value(value);
        if (!detail::fits<T>(number))
            refuse();
        return static_cast<T>(number);
    }
};

/* Text in UTF-8. */
template <> struct codec<std::string> {
    static json pack(const std::string &value)
    {
        json text(json_stringn(value.data(), value.size()));
        if (!text)
            detail::refuse_text(value, "the text");
        return text;
    }
    static std::string unpack(const json_t *value)
    {
        if (!json_is_string(value))
            refuse();
        return std::string(json_string_value(value), json_string_length(value));
    }
};

/* Bytes that need not be text (bytes.h). */
using bytes = std::vector<std::byte>;

template <> struct codec<bytes> {
    static json pack(const bytes &value)
    {
        return made(procspawn_value_bytes(value.data(), value.size()));
    }
    static bytes unpack(const json_t *value)
    {
        const std::byte *data = static_cast<const std::byte *>(procspawn_bytes_value(value));
        if (!data)
            refuse();
        return bytes(data, data + procspawn_bytes_length(value));
    }
};

template <class T> struct codec<std::vector<T>> {
    static json pack(const std::vector<T> &value)
    {
        json array = made(json_array());
        for (const T &item : value)
            detail::append(array, forkscope::pack<T>(item));
        return array;
    }
    static std::vector<T> unpack(const json_t *value)
    {
        if (!json_is_array(value))
            refuse();
        std::vector<T> items;
        items.reserve(json_array_size(value));
        for (std::size_t i = 0; i < json_array_size(value); i++)
            items.push_back(forkscope::unpack<T>(json_array_get(value, i)));
        return items;
    }
};

template <class T, std::size_t N> struct codec<std::array<T, N>> {
    static json pack(const std::array<T, N> &value)
    {
        return std::apply([](const auto &...item) { return pack_members(item...); }, value);
    }
    static std::array<T, N> unpack(const json_t *value)
    {
        return unpack_each(value, std::make_index_sequence<N>{});
    }

private:
    template <std::size_t... I>
    static std::array<T, N> unpack_each(const json_t *value, std::index_sequence<I...>)
    {
        if (!json_is_array(value) || json_array_size(value) != N)
            refuse();
        return std::array<T, N>{{forkscope::unpack<T>(json_array_get(value, I))...}};
    }
};

template <class T> struct codec<std::optional<T>> {
    static json pack(const std::optional<T> &value)
    {
        return value ? forkscope::pack<T>(*value) : made(json_null());
    }
    static std::optional<T> unpack(const json_t *value)
    {
        if (json_is_null(value))
            return std::nullopt;
        return forkscope::unpack<T>(value);
    }
};

template <class... T> struct codec<std::tuple<T...>> {
    static json pack(const std::tuple<T...> &value)
    {
        return std::apply([](const T &...member) { return pack_members(member...); }, value);
    }
    static std::tuple<T...> unpack(const json_t *value) { return unpack_members<T...>(value); }
};

template <class A, class B> struct codec<std::pair<A, B>> {
    static json pack(const std::pair<A, B> &value)
    {
        return pack_members(value.first, value.second);
    }
    static std::pair<A, B> unpack(const json_t *value)
    {
        return std::make_from_tuple<std::pair<A, B>>(unpack_members<A, B>(value));
    }
};

/* A key with a NUL in it is refused. */
template <class T> struct codec<std::map<std::string, T>> {
    static json pack(const std::map<std::string, T> &value)
    {
        json object = made(json_object());
        for (const auto &[key, item] : value) {
            if (key.find('\0') != std::string::npos)
                throw error(PROCSPAWN_EJSON, "a key has a NUL in it");
            if (json_object_set_new(object.get(), key.c_str(),
                                    forkscope::pack<T>(item).release()) < 0)
                detail::refuse_text(key, "a key");
        }
        return object;
    }
    static std::map<std::string, T> unpack(const json_t *value)
    {
        if (!json_is_object(value))
            refuse();
        std::map<std::string, T> items;
        json_t *object = const_cast<json_t *>(value);
        for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at))
            items.emplace(json_object_iter_key(at),
                          forkscope::unpack<T>(json_object_iter_value(at)));
        return items;
    }
};

} // namespace forkscope

#endif
