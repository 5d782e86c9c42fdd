// The prompt as Lua sees it: a line editor on the loop, and everything that it needs of the terminal.
//
//   open ──read──> reading ──an entry, end of input, cancelled──> open ──close──> closed
//
// Owner: the script's userdata. There is one at a time, because there is one terminal.
//
// Invariants
//  1. The terminal is raw exactly while reading. Reading keeps the loop alive; nothing else of the prompt does.
//  2. Keys that come behind the end of an entry are kept for the next one.
//  3. Hooks are called on the loop's thread, protected, and cannot wait. One may cancel the reader: after every call
//     that may run a hook, `reading` is asked again.
#pragma once

#include "repl/console.hpp"
#include "repl/history.hpp"
#include "repl/keys.hpp"
#include "repl/line_editor.hpp"
#include "repl/redirect.hpp"
#include "repl/signals.hpp"
#include "repl/terminal.hpp"
#include "runtime/task/open_handle.hpp"
#include "runtime/task/task.hpp"
#include "stdlib/io/readiness.hpp"

#include <uv.h>
#include <lua.hpp>

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace neap::internal::repl {

class Prompt final : public OpenHandle {
 public:
  enum class Answer : std::uint8_t { none, entry, edit, end };

  Prompt(Scheduler& scheduler, History history);
  ~Prompt() override { close(); }

  /// Takes the terminal over. The prompt's userdata is on the top of the stack. Null, or what failed, with errno.
  const char* open(lua_State* L);
  /// Gives everything back but Lua's files. It may be called again.
  void close();
  [[nodiscard]] bool is_closed() const { return loop_side_ == nullptr; }
  /// The process ends.
  void leave();

  /// `task` reads; it is about to be parked.
  void begin_read(lua_State* L, Task& task, std::string_view prompt, std::string_view continuation,
                  std::string_view text);
  void abandon_read();
  [[nodiscard]] bool reading() const { return reader_ != nullptr; }
  [[nodiscard]] Answer answer() const { return answer_; }
  [[nodiscard]] const std::string& entry() const { return entry_; }

  [[nodiscard]] std::string description() const override { return "Prompt"; }
  History& history() { return history_; }
  Console& console() { return console_; }
  Redirect& redirect() { return redirect_; }
  [[nodiscard]] const Redirect& redirect() const { return redirect_; }
  static bool is_any_open();
  /// While a hook runs the prompt cannot be closed: its caller goes on with it.
  void hook_begins() { ++hooks_; }
  void hook_ends() { --hooks_; }
  [[nodiscard]] bool runs_hook() const { return hooks_ != 0; }
  /// What Ctrl-C is about while nothing is read.
  void set_foreground(TaskRef task) { foreground_ = task; }

 private:
  /// libuv's part. Deletes itself when libuv has closed it.
  struct LoopSide {
    uv_async_t told{};
    uv_timer_t escape{};
    uv_prepare_t before_wait{};
    uv_check_t after_wait{};
    int open = 0;
    Prompt* owner = nullptr;

    template <class Use>
    void each(Use use) {
      for (void* handle : {static_cast<void*>(&told), static_cast<void*>(&escape), static_cast<void*>(&before_wait),
                           static_cast<void*>(&after_wait)}) {
        use(static_cast<uv_handle_t*>(handle));
      }
    }
  };

  static StyledText styled(std::string_view text, Style style);
  bool open_loop_side();
  void close_loop_side();
  LineEditor::Hooks hooks();
  Task* stop_reading(const View* view);
  void end_read(Answer answer, const View* view);
  void answer_with(Answer answer);
  void draw();
  void resize();
  void flush();
  void on_input();
  void on_escape();
  void on_told();
  void feed(std::string_view bytes);
  void run_keys();
  void run_key(const Key& key);
  void put_away();
  void suspend();
  void heed_signals();
  void interrupt(const SignalNews& news);
  void deliver(const char* signal);
  void begin_row();
  [[nodiscard]] bool computes_in_foreground() const;
  void stopping(lua_State* L);

  Scheduler& scheduler_;
  lua_State* lua_;  // where hooks run
  History history_;
  bool coloured_;
  Terminal terminal_;
  Console console_;
  Redirect redirect_;
  Signals signals_;
  LineEditor editor_;
  KeyDecoder decoder_;
  std::deque<Key> keys_;  // that have come and were not used
  LoopSide* loop_side_ = nullptr;
  stdlib::io::Readiness* input_ = nullptr;
  Task* reader_ = nullptr;
  int hooks_ = 0;  // that run now
  TaskRef foreground_;
  Answer answer_ = Answer::none;
  std::string entry_;
  StyledText prompt_;
  StyledText continuation_;
  bool changed_ = false;  // the editor has changed since the last drawing
};

}  // namespace neap::internal::repl
