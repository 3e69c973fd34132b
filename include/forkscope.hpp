/*
 * forkscope.hpp - forkscope for C++17
 *
 * A thin layer over the C headers: calls with C++ parameters and results, lambdas as tasks,
 * exceptions in place of error codes, owners in place of functions that free.
 *
 *     namespace fs = forkscope;
 *
 *     static long add(long a, long b) { return a + b; }
 *
 *     int main(int argc, char **argv)
 *     {
 *         fs::session session(argc, argv);                    the first object in main
 *         long sum = fs::call<add>(1, 2);                     runs in another process
 *         auto upper = fs::call([](std::string s) { return shout(s); }, "hello");
 *
 *         std::vector<long> lengths = fs::map<collatz>(std::vector<long>{ 27, 97, 871 });
 *
 *         fs::run([&](fs::scope &scope) {                     tasks in threads, in a scope
 *             auto table = scope.start([&] { return load(path); });
 *             scope.spawn([&] { watch(path); });
 *             use(table.get());
 *         });
 *     }
 *
 * Functions in processes. A function is named by a template argument, or is a lambda that captures
 * nothing: a capture is a compile error, because processes share no memory. Parameters and results
 * are values. The types that can travel are bool, integers, floating point, enumerations,
 * std::string, std::vector, std::optional, std::pair, std::tuple, std::array, std::map with keys of
 * std::string, forkscope::bytes, forkscope::json, void, and types for which the program has
 * specialised forkscope::codec. A parameter may be a const reference; the function gets a copy.
 *
 * Arguments convert as in a call, but no number changes its value on the way. A floating-point
 * argument for an integer parameter, and a pointer for a bool, are compile errors. A number that
 * does not fit into its parameter is refused with PROCSPAWN_ERANGE; a number that is not finite,
 * and text that is not UTF-8, with PROCSPAWN_EJSON. The error names the parameter, counted from 1:
 * "parameter 1: 300 does not fit into its type". A result that cannot be sent fails the call:
 * "result: NaN is not a finite number".
 *
 * Exceptions. One that leaves a called function ends the call with kind FAILED. The caller gets a
 * call_error with the class of the exception and the text of its what(). The process is not harmed:
 * a worker of a pool goes on. The death of a process is a call_error too. An exception that leaves
 * a task cancels its scope, and run() throws it when all tasks are gone. The first one counts.
 *
 * Cancellation. A cancelled task unwinds its stack as for an exception, so destructors run. The
 * handlers of this header pass that on. In a program's own code:
 *
 * - catch (...) has to pass it on too, or glibc ends the program. Put
 *   `catch (abi::__forced_unwind &) { throw; }` before it, and FORKSCOPE_UNWINDS at the function.
 * - A cancel at a cancellation point in a noexcept function ends the program by std::terminate().
 *   Destructors are noexcept: one that prints or waits belongs into a shield
 *   (scoped_shield_begin_until), or into a scope with SCOPED_CANCEL_WAITS.
 *
 * No function of this header that waits is noexcept. None of its destructors is a cancellation
 * point.
 *
 * What the C headers say of threads and processes holds here.
 */
#ifndef FORKSCOPE_HPP
#define FORKSCOPE_HPP

#include <forkscope.h>
#include <forkscope/cxx/call.hpp>
#include <forkscope/cxx/codec.hpp>
#include <forkscope/cxx/error.hpp>
#include <forkscope/cxx/scope.hpp>

#endif
