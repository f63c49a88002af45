// Errors as values: every fallible call of skep returns Result<T>, never throws and never prints.
//
// A Result holds a value or an Error. Code that wants no exceptions tests it or uses TRY; short
// programs call value(), which throws the Error itself, so that one catch at the end of main shows
// what went wrong. An Error says what failed, where, and what to do about it; its Fault decides the
// exit code of the command line.
//
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace skep {

enum class Fault : std::uint8_t {
  usage,        // the call itself is wrong: an unknown flag, a name that does not exist
  malformed,    // the input's bytes are not what their format says
  unsupported,  // understood, but this engine, kernel or version cannot do it
  denied,       // a privilege or permission is missing
  rejected,     // the verifier could not prove the program safe
  exhausted,    // a limit or a resource ran out
  absent,       // looked for and not there
  system,       // the operating system refused
  count_
};

// `message` is lower case without a full stop: what was expected and what was found, where.
// `hint` says what to do; it may be empty.
class Error : public std::exception {
 public:
  Error(Fault fault, std::string message, std::string hint = {})
      : fault(fault), message(std::move(message)), hint(std::move(hint)) {}

  const char* what() const noexcept override { return message.c_str(); }

  // The same error seen from further out: "web.pcap: packet 7 is cut".
  Error within(std::string_view place) && {
    message.insert(0, std::string(place) + ": ");
    return std::move(*this);
  }

  // Of Fault::rejected: all that the verifier has to say, in lines; else empty.
  std::string_view report() const { return report_ ? *report_ : std::string_view(); }
  Error with_report(std::string text) && {
    report_ = std::make_shared<const std::string>(std::move(text));
    return std::move(*this);
  }

  Fault fault;
  std::string message;
  std::string hint;

 private:
  std::shared_ptr<const std::string> report_;
};

template <class T>
class [[nodiscard]] Result {
  using Value = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

 public:
  using value_type = T;

  Result() requires std::is_void_v<T> : state_(std::in_place_index<0>) {}
  template <class U = Value>
  requires(!std::is_void_v<T> && std::is_constructible_v<Value, U&&> &&
           !std::is_same_v<std::remove_cvref_t<U>, Result> &&
           !std::is_same_v<std::remove_cvref_t<U>, Error>) Result(U&& value)
      : state_(std::in_place_index<0>, std::forward<U>(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

  // Preconditions of these: ok().
  Value& operator*() & { return std::get<0>(state_); }
  const Value& operator*() const& { return std::get<0>(state_); }
  Value&& operator*() && { return std::get<0>(std::move(state_)); }
  Value* operator->() { return &std::get<0>(state_); }
  const Value* operator->() const { return &std::get<0>(state_); }

  // The value, or throws the Error.
  T value() && {
    if (!ok()) throw std::get<1>(std::move(state_));
    if constexpr (!std::is_void_v<T>) return std::get<0>(std::move(state_));
  }

  // Gives the value away without a test; TRY has made it. Precondition: ok().
  T take() && {
    if constexpr (!std::is_void_v<T>) return std::get<0>(std::move(state_));
  }

  // The same result, its error prefixed by the place seen from here.
  Result within(std::string_view place) && {
    if (ok()) return std::move(*this);
    return std::get<1>(std::move(state_)).within(place);
  }

 private:
  std::variant<Value, Error> state_;
};

}  // namespace skep

// Evaluates to the value of a Result, or returns its error from the enclosing function.
#define TRY(...)                                                  \
  __extension__({                                                 \
    auto try_result_ = (__VA_ARGS__);                             \
    if (!try_result_.ok()) return std::move(try_result_).error(); \
    std::move(try_result_).take();                                \
  })

// A bug of ours, not of the input: stops the process, naming the place.
#define EXPECT(condition)                                                         \
  do {                                                                            \
    if (!(condition)) ::skep::expectation_failed(#condition, __FILE__, __LINE__); \
  } while (false)

namespace skep {
[[noreturn]] void expectation_failed(const char* condition, const char* file, int line);
}  // namespace skep
