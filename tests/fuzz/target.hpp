// What is fuzzed: functions that take any bytes and fail only where neap is wrong.
//
// The same functions are called by libFuzzer (entry.cpp, `./dev fuzz`) and by the tests (replay_test.cpp), which give
// them the corpora and some thousands of random inputs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace neap::internal::fuzz {

/// What neap did wrong.
class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline void require(bool condition, const char* message) {
  if (!condition) throw Failure(message);
}

/// The input as a row of choices. When it is used up, every choice is 0, so that what is chosen by 0 must be the end.
class Choices {
 public:
  explicit Choices(std::string_view input) : rest_(input) {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  /// From 0 to `limit` - 1.
  int below(int limit) { return byte() % limit; }
  std::string_view bytes(std::size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  std::string_view rest() { return bytes(rest_.size()); }

 private:
  std::string_view rest_;
};

void when_released(void (*release)());
void release_kept();

/// What a target keeps from one input to the next, for it is slow to make; until `release_kept` is called.
template <typename Kept>
Kept& keep() {
  static std::unique_ptr<Kept> kept;
  if (!kept) {
    kept = std::make_unique<Kept>();
    when_released([] { kept.reset(); });
  }
  return *kept;
}

/// The command line, and what may be allowed in a sandbox.
void fuzz_arguments(std::string_view input);
/// The copies of values for other threads, and the messages between processes.
void fuzz_copy(std::string_view input);
/// The prompt's keys, line editor and screen.
void fuzz_editor(std::string_view input);
/// Programs, modules' names, entries of the prompt, Markdown and stubs.
void fuzz_loader(std::string_view input);
/// Programs of tasks.
void fuzz_schedule(std::string_view input);

struct Target {
  const char* name;
  void (*run)(std::string_view input);
  /// Where random inputs of the tests take their bytes from: pieces that are likely to mean something. May be empty.
  std::span<const char* const> pieces;
};

/// All of them.
std::span<const Target> targets();

}  // namespace neap::internal::fuzz
