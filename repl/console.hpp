// The terminal's output side while a prompt is open: what the process prints, and the block that is being typed.
//
//   passing ──show──> editing ──finish, settle──> passing
//
// While nobody types, output is passed straight on. While somebody does, it is collected, and shown above the block at
// the end of the loop's turn: the block is taken off the screen, the output written, and the block drawn again, in one
// write. Output that ends within a line keeps its place: the block begins in the next row, and what comes later
// continues where it ended.
//
// Thread: `write` from any, the rest on the loop's. Everything that touches the terminal holds `mutex_`.
//
// Invariants
//  1. Bytes reach the terminal in the order in which they were given to `write`; none is dropped while it can be
//     written.
//  2. The beginning of a character or of an escape sequence is held back while editing, until it is whole.
//  3. In the state passing nothing is held back, unless `hold` asks for it.
#pragma once

#include "repl/output_state.hpp"
#include "repl/screen.hpp"
#include "repl/view.hpp"
#include "runtime/loop/loop.hpp"
#include "runtime/task/standard_streams.hpp"

#include <pthread.h>

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace neap::internal::repl {

class Console final : public StandardStreams {
 public:
  /// `fd` is the terminal. `wake` brings about a call of `flush` on the loop's thread, from any thread.
  using Wake = void (*)(void* owner);
  Console(int fd, bool coloured, Wake wake, void* owner);

  void write(std::string_view bytes) override;
  bool takes_input() override;

  /// The block looks like this from now on; drawn by the next `flush`.
  void show(View view);
  /// Shows what is new. To be called when the loop is about to wait, and when `show` has been called for a key.
  void flush();
  /// The block stays as `view`; behind it, in a row of its own, comes `note`. Output is passed on from then on.
  void finish(const View& view, std::string_view note = {});
  /// The same without being told how: the block as it is, without hint and what is below.
  void settle();
  /// What has happened to the screen is unknown: the block is drawn anew in a row of its own.
  void redraw();
  /// Clears the screen; the block is drawn at its top.
  void clear();
  /// While it holds, output is collected: another program has the screen.
  void hold(bool on);
  /// Begins a row when the cursor is within one, wherever that came from.
  void fresh_line();
  void resize(int columns, int rows, Reflow reflow);
  /// Bytes for the terminal itself, not part of the output: modes.
  void send(std::string_view sequence);
  /// A turn of the loop begins.
  void begin_turn();

 private:
  void flush_locked();
  void finish_locked(const View& view, std::string_view note);
  [[nodiscard]] std::string fresh_row() const;
  void add_output(std::string& out, std::string_view bytes);
  void pass(std::string_view bytes);
  void put(std::string_view bytes);
  [[nodiscard]] bool is_overdue() const;

  std::mutex mutex_;
  int fd_;
  Wake wake_;
  void* owner_;
  pthread_t thread_;  // the loop's
  Screen screen_;
  OutputState state_;
  View view_;
  bool editing_ = false;
  bool held_ = false;
  bool dirty_ = false;   // `view_` is not what the screen shows
  bool woken_ = false;   // `wake_` was called since the last flush
  std::string pending_;  // output to be shown
  std::uint64_t turn_began_ = 0;
};

}  // namespace neap::internal::repl
