/*
 * error.hpp - exceptions of forkscope.hpp, and the objects that own what C functions make
 */
#ifndef FORKSCOPE_CXX_ERROR_HPP
#define FORKSCOPE_CXX_ERROR_HPP

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cxxabi.h>
#include <forkscope.h>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <typeinfo>

/* For functions with a handler of abi::__forced_unwind: there is no object of that class, and the
 * sanitizer of undefined behaviour would report the reference. */
#define FORKSCOPE_UNWINDS __attribute__((no_sanitize("undefined")))

namespace forkscope
{

/* A function of the library has failed; code() is what it returned (error.h). */
class error : public std::runtime_error
{
public:
    explicit error(int code) : std::runtime_error(forkscope_strerror(code)), number(code) {}
    error(int code, const std::string &text) : std::runtime_error(text), number(code) {}
    int code() const noexcept { return number; }

private:
    int number;
};

/* A call has failed, or could not be made. Copies share the error object. */
class call_error : public error
{
public:
    explicit call_error(std::shared_ptr<procspawn_error> failure)
        : error(procspawn_error_code(failure.get()), procspawn_error_message(failure.get())),
          object(std::move(failure))
    {
    }
    enum procspawn_error_kind kind() const noexcept { return procspawn_error_kind(object.get()); }
    bool is_failure() const noexcept { return procspawn_error_is_failure(object.get()); }
    /* The class of the exception that left the function, as "std::out_of_range"; "" if none did. */
    std::string_view type() const noexcept
    {
        const char *text = procspawn_error_type(object.get());
        return text ? text : "";
    }
    void print(std::FILE *stream) const { procspawn_error_print(object.get(), stream); }
    const procspawn_error *get() const noexcept { return object.get(); }

private:
    std::shared_ptr<procspawn_error> object;
};

/* Throws an error for a negative return value. */
inline void check(int code)
{
    if (code < 0)
        throw error(code);
}

/* procspawn_init() and procspawn_fini(): the first object in main. */
class session
{
public:
    session(int argc, char **argv) { check(procspawn_init(argc, argv)); }
    session(const session &) = delete;
    session &operator=(const session &) = delete;
    ~session() { procspawn_fini(); }
};

namespace detail
{

template <auto Free> struct freer {
    template <class T> void operator()(T *object) const noexcept { Free(object); }
};

[[noreturn]] inline void throw_call_error(procspawn_error *taken)
{
    throw call_error(std::shared_ptr<procspawn_error>(taken, procspawn_error_free));
}

/* For a second get(). */
[[noreturn]] inline void throw_taken()
{
    throw error(-EINVAL, "the result was taken before");
}

inline std::string class_of(const std::type_info *type)
{
    int status = 0;
    std::unique_ptr<char, freer<std::free>> text(
        type ? abi::__cxa_demangle(type->name(), nullptr, nullptr, &status) : nullptr);
    return text ? text.get() : "unknown";
}

} // namespace detail

/* Owners of C objects: what they hold is freed at the end of the block. */
using handle = std::unique_ptr<procspawn_handle, detail::freer<procspawn_handle_free>>;
using builder = std::unique_ptr<procspawn_builder, detail::freer<procspawn_builder_free>>;
using shmem = std::unique_ptr<procspawn_shmem, detail::freer<procspawn_shmem_unref>>;

} // namespace forkscope

#endif
