#include "repl/prompt.hpp"

#include "repl/highlight.hpp"
#include "repl/hook.hpp"
#include "runtime/loop/process_end.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <utility>

namespace neap::internal::repl {

namespace {

Prompt* g_prompt = nullptr;  // the open one

bool wants_colour() {
  const char* refused = std::getenv("NO_COLOR");
  return refused == nullptr || *refused == '\0';
}

void leave_at_exit() {
  if (g_prompt != nullptr) g_prompt->leave();
}

}  // namespace

Prompt::Prompt(Scheduler& scheduler, History history)
    : OpenHandle("prompt"),
      scheduler_(scheduler),
      lua_(scheduler.main_thread()),
      history_(std::move(history)),
      coloured_(wants_colour()),
      console_(
          Terminal::kOutput, coloured_,
          [](void* self) {
            uv_async_send(&static_cast<Prompt*>(self)->loop_side_->told);
            static_cast<Prompt*>(self)->scheduler_.loop().wake();
          },
          this),
      editor_(history_, hooks()) {}

// Opening and closing.

bool Prompt::is_any_open() { return g_prompt != nullptr; }

const char* Prompt::open(lua_State* L) {
  if (!open_loop_side()) return "uv_init";
  if (const int code = terminal_.open(); code != 0) {
    close_loop_side();
    errno = code;
    return "tcgetattr";
  }
  const auto ready = [](void* self) { static_cast<Prompt*>(self)->on_input(); };
  input_ = stdlib::io::Readiness::open(scheduler_.loop().uv(), Terminal::kInput, false, ready, this);
  if (input_ == nullptr || !redirect_.begin(console_, Terminal::errors_are_shown())) {
    const int code = errno;
    close();
    errno = code;
    return "open";
  }
  Signals::Owner owner;
  owner.self = this;
  owner.computes_in_foreground = [](void* self) { return static_cast<Prompt*>(self)->computes_in_foreground(); };
  owner.stopping = [](void* self, lua_State* code) { static_cast<Prompt*>(self)->stopping(code); };
  signals_.begin(scheduler_, loop_side_->told, owner);
  scheduler_.console = &console_;
  static const bool kRegistered = at_process_end(leave_at_exit);
  g_prompt = kRegistered ? this : nullptr;
  resize();
  opened(L);
  return nullptr;
}

bool Prompt::open_loop_side() {
  auto* side = new LoopSide();
  uv_loop_t* loop = scheduler_.loop().uv();
  const auto told = [](uv_async_t* handle) {
    if (Prompt* prompt = static_cast<LoopSide*>(handle->data)->owner) prompt->on_told();
  };
  if (uv_async_init(loop, &side->told, told) != 0) {
    delete side;
    return false;
  }
  uv_timer_init(loop, &side->escape);
  uv_prepare_init(loop, &side->before_wait);
  uv_check_init(loop, &side->after_wait);
  uv_prepare_start(&side->before_wait, [](uv_prepare_t* handle) {
    if (Prompt* prompt = static_cast<LoopSide*>(handle->data)->owner) prompt->flush();
  });
  uv_check_start(&side->after_wait, [](uv_check_t* handle) {
    if (Prompt* prompt = static_cast<LoopSide*>(handle->data)->owner) prompt->console_.begin_turn();
  });
  side->owner = this;
  side->each([side](uv_handle_t* handle) {
    handle->data = side;
    uv_unref(handle);
    ++side->open;
  });
  loop_side_ = side;
  return true;
}

void Prompt::close_loop_side() {
  LoopSide* side = std::exchange(loop_side_, nullptr);
  if (side == nullptr) return;
  side->owner = nullptr;
  side->each([](uv_handle_t* handle) {
    uv_close(handle, [](uv_handle_t* closed) {
      auto* data = static_cast<LoopSide*>(closed->data);
      if (--data->open == 0) delete data;
    });
  });
}

void Prompt::close() {
  if (is_closed()) return;
  if (reading()) end_read(Answer::end, nullptr);
  closed();
  if (g_prompt == this) g_prompt = nullptr;
  scheduler_.console = nullptr;
  redirect_.end();
  signals_.end();
  terminal_.restore();
  if (input_ != nullptr) std::exchange(input_, nullptr)->close();
  close_loop_side();
}

void Prompt::leave() {
  redirect_.flush();
  console_.settle();
  terminal_.restore();
  g_prompt = nullptr;
}

// Hooks.

LineEditor::Hooks Prompt::hooks() {
  LineEditor::Hooks hooks;
  hooks.is_complete = [this](std::string_view entry) {
    bool complete = true;
    call_hook({.L = lua_, .prompt = this, .name = "is_complete", .text = entry, .yes = &complete});
    return complete;
  };
  hooks.complete = [this](std::string_view entry, std::size_t cursor) {
    Completion completion;
    completion.from = cursor;
    const HookCall call{
        .L = lua_, .prompt = this, .name = "complete", .text = entry, .cursor = cursor, .completion = &completion};
    if (!call_hook(call)) completion.candidates.clear();
    return completion;
  };
  hooks.describe = [this](std::string_view entry, std::size_t cursor) {
    StyledText line;
    call_hook({.L = lua_, .prompt = this, .name = "describe", .text = entry, .cursor = cursor, .line = &line});
    return line;
  };
  hooks.highlight = [this](std::string_view entry, std::size_t cursor) {
    return highlight(entry, cursor, [this](std::string_view name) {
      bool known = false;
      call_hook({.L = lua_, .prompt = this, .name = "names", .text = name, .yes = &known});
      return known;
    });
  };
  return hooks;
}

}  // namespace neap::internal::repl
